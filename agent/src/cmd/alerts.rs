//! `oediag alerts`: what was found in a bundle's texts. With `--json`, the bundle's own alerts.

use crate::{
    cli::Bundle,
    failure::{Failure, exit},
    invocation::Invocation,
    trust, view,
};

/// Runs the command.
pub fn run(options: &Bundle, given: &Invocation) -> Result<u8, Failure> {
    let bundle = trust::open(&options.bundle, given)?;
    given.show(&bundle.alerts, |page| view::alerts::lines(&bundle.alerts, page))?;
    Ok(exit::OK)
}
