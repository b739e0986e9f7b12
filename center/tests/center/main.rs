//! The real program, asked over the loopback as clients and attackers ask.

mod common;
mod host;
mod upload;
