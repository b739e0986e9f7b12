//! The support center: takes in what customers agreed to send, and shows it to engineers.
//!
//! In: arguments, a data folder, HTTP requests as hostile as can be. Out: stored bundles, pages, an audit log.
//! Modules, each naming only what stands left of it: `store < keys < signer < users < requests < deletions < gate < vault < ingest < console < serve < cli`;
//! `settings`, `secret` and `clock` are seen by all. Never: a network connection that it opened itself.

pub mod cli;
pub mod clock;
pub mod console;
pub mod deletions;
pub mod gate;
pub mod ingest;
pub mod keys;
pub mod requests;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod signer;
pub mod store;
pub mod users;
pub mod vault;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

/// Runs the program with these arguments (the first is its own name) and tells its exit code:
/// 0 ok, 1 failed, 2 usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::FAILURE };
        }
    };
    match cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, the exit code still tells.
            drop(writeln!(io::stderr(), "oediag-center: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
