//! `oediag operations`: who did what on the host of a bundle, oldest first. With `--json`, the bundle's own records.

use crate::{
    cli::Bundle,
    failure::{Failure, exit},
    invocation::Invocation,
    trust, view,
};

/// Runs the command.
pub fn run(options: &Bundle, given: &Invocation) -> Result<u8, Failure> {
    let bundle = trust::open(&options.bundle, given)?;
    given.show(&bundle.operations, |page| view::operations::lines(&bundle.operations, page))?;
    Ok(exit::OK)
}
