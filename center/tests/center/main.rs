//! The real program, asked over the loopback as clients and attackers ask.

mod bundle;
mod common;
mod host;
mod ingest;
mod pages;
mod tus;
mod upload;
