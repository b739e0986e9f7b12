//! `oediag agent`: the process that asks the center and sends, as a user of its own. It reads one key and speaks with the broker; all else
//! is in `sender`.

use oediag_collector::state::State;

use crate::{
    cli::Agent,
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    sender, text,
};

/// Runs the command until a signal ends it.
pub fn run(options: &Agent, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| failure::state(error, texts))?;
    // The key is made by who enrols: a new one would not be known to any center.
    let key = state.known_transport_key().map_err(|error| failure::state(error, texts))?;
    let key =
        key.ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
    sender::run_agent(&key, &options.socket, options.first_poll_within, texts)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-agent")).because(error))?;
    Ok(exit::OK)
}
