//! The real program, asked over the loopback as clients and attackers ask.

mod browser;
mod bundle;
mod cases;
mod common;
mod deletion;
mod enroll;
mod host;
mod ingest;
mod large;
mod ledger;
mod pages;
mod remote;
mod signatures;
mod slow;
mod tus;
mod upload;
mod vault;
