//! The real program, asked over the loopback as clients and attackers ask.

mod browser;
mod bundle;
mod common;
mod console;
mod enroll;
mod host;
mod ingest;
mod keys;
mod large;
mod pages;
mod roles;
mod signatures;
mod slow;
mod tus;
mod upload;
mod vault;
