//! `oediag verify`: whether a bundle is whole, unchanged, and signed by the host it names; with `--redaction`, whether something
//! is left in it that redaction should have replaced. Exit code 0 or 4.

use std::{fs::File, io::BufReader, path::Path};

use oediag_collector::state::State;
use oediag_protocol::{
    bundle::{name::BundleName, verify::verify},
    id::HostId,
};

use crate::{
    cli::Verify,
    failure::{Failure, Kind, exit},
    invocation::{Invocation, home},
    opened::OnDisk,
    recheck, term, text,
    trust::{self, Signers},
    view,
};

/// Runs the command.
pub fn run(options: &Verify, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let shown = term::escape(&options.bundle.display().to_string());
    let unreadable = || text!(texts, "error-bundle-open", path = shown.clone());
    let file = File::open(&options.bundle).map_err(|error| Failure::new(Kind::Usage, unreadable()).because(error))?;
    if options.redaction {
        return redaction(&options.bundle, file, given);
    }
    let detached = trust::detached(&options.bundle).map_err(|error| Failure::new(Kind::Usage, unreadable()).because(error))?;
    let signers = signers(options.allowed_signers.as_deref(), given)?;
    let no_host = || Failure::new(Kind::Usage, text!(texts, "error-no-signer")).hint(text!(texts, "hint-signers"));
    // A file that lists one host leaves no choice; of several the one is taken that the bundle says it is of.
    let claimed = if signers.hosts.len() > 1 { claimed(&options.bundle) } else { None };
    let report = verify(file, detached.as_deref(), signers.trust(claimed).ok_or_else(no_host)?, expected(&options.bundle));
    given.show(&report, |page| view::verify::lines(&report, page))?;
    if report.ok { Ok(exit::OK) } else { Err(Failure::new(Kind::Verification, text!(texts, "error-verify"))) }
}

/// Looks for what is left, in a bundle of any origin.
fn redaction(bundle: &Path, file: File, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let unreadable = || text!(texts, "error-bundle-open", path = term::escape(&bundle.display().to_string()));
    let manifest = OnDisk::open(bundle).map_err(|error| Failure::new(Kind::Usage, unreadable()).because(error))?.manifest;
    // Without a state less is known, and the output says so.
    let state = State::locate(given.state.as_deref(), &home()).ok();
    let input = BufReader::with_capacity(1 << 16, file);
    let found = recheck::recheck(input, &manifest, state.as_ref())
        .map_err(|error| Failure::new(Kind::Usage, unreadable()).because(error))?;
    given.show(&found, |page| found.lines(page))?;
    match (found.ok, found.checked.counts.is_empty()) {
        (true, _) => Ok(exit::OK),
        (false, false) => Err(Failure::new(Kind::Verification, text!(texts, "error-recheck"))),
        (false, true) => Err(Failure::new(Kind::Verification, text!(texts, "error-recheck-broken"))),
    }
}

fn signers(named: Option<&Path>, given: &Invocation) -> Result<Signers, Failure> {
    let hint = || text!(given.texts, "hint-signers");
    let Some(path) = named.map(Path::to_owned).or_else(|| trust::default_signers(given)) else {
        return Err(Failure::new(Kind::Usage, text!(given.texts, "error-no-signer")).hint(hint()));
    };
    Signers::read(&path).map_err(|error| {
        let path = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-signers", path = path)).because(error).hint(hint())
    })
}

/// The host a bundle says it is of; only to pick a line of the verifier's own file.
fn claimed(bundle: &Path) -> Option<HostId> {
    OnDisk::open(bundle).ok().map(|bundle| bundle.manifest.start.host_id)
}

/// The name that the file's own name promises; none when somebody renamed it.
fn expected(bundle: &Path) -> Option<BundleName> {
    BundleName::parse(bundle.file_name()?.to_str()?.strip_suffix(".tar.gz")?)
}
