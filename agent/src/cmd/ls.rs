//! `oediag ls`: the members of a bundle, and what is missing. With `--json`, the manifest's items.

use crate::{
    cli::Bundle,
    failure::{Failure, exit},
    invocation::Invocation,
    trust, view,
};

/// Runs the command.
pub fn run(options: &Bundle, given: &Invocation) -> Result<u8, Failure> {
    let bundle = trust::open(&options.bundle, given)?;
    given.show(&bundle.manifest.items, |page| view::ls::lines(&bundle.manifest, page))?;
    Ok(exit::OK)
}
