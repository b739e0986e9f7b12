//! The real program, asked over the loopback as clients and attackers ask.

mod browser;
mod common;
mod pages;
mod tus;
