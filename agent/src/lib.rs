//! The program `oediag` as a library: everything but `main`, so that tests and xtask can call it.
//!
//! In: the words of a command line. Out: text on standard output, notes on standard error, an exit code
//! ([`failure::exit`]). Only `sender` opens a socket; the work is done by `oediag_collector` and `oediag_protocol`.

pub mod accounts;
pub mod address;
pub mod broker;
pub mod causes;
pub mod cli;
pub mod cmd;
pub mod collecting;
pub mod enrolment;
mod errand;
pub mod failure;
pub mod help;
pub mod interval;
pub mod invocation;
pub mod opened;
pub mod progress;
pub mod recheck;
pub mod redaction;
pub mod release;
pub mod selection;
mod sender;
pub mod stand_ins;
pub mod term;
pub mod texts;
pub mod trust;
pub mod values;
pub mod view;
pub mod way;
pub mod when;

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::{FromArgMatches as _, error::ErrorKind};

use crate::{
    cli::{Cli, Color, Command},
    failure::{Failure, exit},
    invocation::Invocation,
    term::Paint,
    texts::Texts,
};

/// Runs one command line, program name first.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    if words.get(1).is_some_and(|word| word == sender::COMMAND) {
        return ExitCode::from(sender::run_child(words.get(2).map(OsString::as_os_str)));
    }
    let texts = Texts::new(texts::choose(language_word(&words), &texts::locale()));
    let parsed = help::command(&texts).try_get_matches_from(&words).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // Help on a closed pipe: nobody reads it, nothing is lost.
            drop(error.print());
            return ExitCode::from(exit::OK);
        }
        Err(error) => return failure::from_clap(&error, &texts).report(&texts),
    };
    let given = invocation(cli.global, texts);
    match dispatch(&cli.command, &given) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(&given.texts),
    }
}

fn dispatch(command: &Command, given: &Invocation) -> Result<u8, Failure> {
    match command {
        Command::Collect(options) => cmd::collect::run(options, given),
        Command::Plan(options) => cmd::plan::run(options, given),
        Command::Sources => cmd::sources::run(given),
        Command::Show(options) => cmd::show::run(options, given),
        Command::Ls(options) => cmd::ls::run(options, given),
        Command::Cat(options) => cmd::cat::run(options, given),
        Command::Alerts(options) => cmd::alerts::run(options, given),
        Command::Operations(options) => cmd::operations::run(options, given),
        Command::Verify(options) => cmd::verify::run(options, given),
        Command::Redact(options) => cmd::redact::run(options, given),
        Command::Reveal(options) => cmd::reveal::run(options, given),
        Command::Enroll(options) => cmd::enroll::run(options, given),
        Command::Upload(options) => cmd::upload::run(options, given),
        Command::Export(options) => cmd::export::run(options, given),
        Command::Import(options) => cmd::import::run(options, given),
        Command::Requests(options) => cmd::requests::run(options, given),
        Command::Approve(options) => cmd::requests::approve(options, given),
        Command::Deny(options) => cmd::requests::deny(options, given),
        Command::Preview(options) => cmd::release::preview(options, given),
        Command::Release(options) => cmd::release::run(options, given),
        Command::Decline(options) => cmd::requests::decline(options, given),
        Command::Session(options) => cmd::requests::session(options, given),
        Command::Case(options) => cmd::case::run(options, given),
        Command::Policy(options) => cmd::policy::run(options, given),
        Command::Consent(options) => cmd::consent::run(options, given),
        Command::Ledger(options) => cmd::ledger::run(options, given),
        Command::Status => cmd::status::run(given),
        Command::Agent(options) => cmd::agent::run(options, given),
        Command::Broker(options) => cmd::broker::run(options, given),
    }
}

fn invocation(global: cli::Global, texts: Texts) -> Invocation {
    let terminal = io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let paint = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color,
    };
    let progress = io::stderr().is_terminal() && !global.json;
    Invocation { texts, paint: Paint(paint && !global.json), terminal, progress, json: global.json, state: global.state }
}

/// The value of `--lang` before the command line is understood: help and errors about it are in that language already.
fn language_word(words: &[OsString]) -> Option<cli::Language> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let at = words.iter().position(|word| *word == "--lang" || word.starts_with("--lang="))?;
    let value = words[at].strip_prefix("--lang=").or_else(|| words.get(at + 1).copied())?;
    clap::ValueEnum::from_str(value, true).ok()
}
