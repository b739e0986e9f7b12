//! `oediag broker`: what systemd starts when the agent or an operator asks; it has no network and decides nothing by itself.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::{
    broker::{Broker, bell::Bell, filter, server::Door, wire::SOCKET},
    cli,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    text,
};

/// What making a socket came to.
#[derive(Debug, Serialize)]
struct Family {
    family: String,
    /// The error; none if one could be made.
    socket: Option<String>,
}

/// Runs the command until it is told to end, or until there is nothing to do.
pub fn run(options: &cli::Broker, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let failed = |cause: anyhow::Error| Failure::new(Kind::Usage, text!(texts, "error-broker")).because(cause);
    if options.check_filter {
        return check(given, failed);
    }
    // First of all, while there is one thread.
    filter::close_networks().map_err(|error| failed(error.into()))?;
    let state = given.state(Kind::Usage)?;
    let identity = state.identity().map_err(|error| failure::state(error, texts))?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|error| failed(error.into()))?;
    }
    let socket = options.socket.as_deref().unwrap_or(Path::new(SOCKET));
    let door = Door::open(socket).map_err(|error| failed(error.into()))?;
    let broker = Arc::new(
        Broker::open(state, identity, options.root.clone(), Bell::beside(socket)).map_err(|error| failed(error.into()))?,
    );
    let worker = broker.work().map_err(|error| failed(error.into()))?;
    let served = door.serve(&broker, &stop);
    broker.stop();
    // What a run that was stopped left is signed before this ends.
    let worked = worker.join().map_err(|_| failed(anyhow::anyhow!("the worker ended in a panic")));
    served.map_err(|error| failed(error.into())).and(worked)?;
    Ok(exit::OK)
}

/// Closes the networks of this process as those of the broker, and says how each family fails.
fn check(given: &Invocation, failed: impl Fn(anyhow::Error) -> Failure) -> Result<u8, Failure> {
    let found = filter::look().map_err(|error| failed(error.into()))?;
    let rows: Vec<Family> = found
        .into_iter()
        .map(|(family, errno)| Family { family: format!("{family:?}"), socket: errno.map(|errno| format!("{errno:?}")) })
        .collect();
    let line = |row: &Family| format!("{}: {}", row.family, row.socket.as_deref().unwrap_or("open"));
    given.show(&rows, |_| rows.iter().map(line).collect())?;
    let closed = rows.iter().all(|row| row.socket.as_deref() == Some("EPERM"));
    Ok(if closed { exit::OK } else { exit::REFUSED })
}
