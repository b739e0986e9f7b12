//! The real program, asked over the loopback as clients and attackers ask.

mod browser;
mod bundle;
mod cases;
mod common;
mod console;
mod deletion;
mod enroll;
mod extended;
mod host;
mod ingest;
mod insider;
mod keys;
mod large;
mod ledger;
mod pages;
mod remote;
mod roles;
mod signatures;
mod slow;
mod tus;
mod upload;
mod vault;
