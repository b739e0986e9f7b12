//! The checks of one bundle, as blocking code. In: its plaintext, its host's keys. Out: what its documents tell, or what is wrong.
//! Never: takes a key or an expectation from the bundle.

use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use oediag_protocol::{
    bundle::{
        name::BundleName,
        verify::{CheckName, Trust, verify},
    },
    digest::Sha256,
    sshsig::{AllowedSigners, Namespace, allowed_line},
};
use sha2::Digest as _;

use super::{
    limit::{Limited, Watch},
    opened::{OpenError, Opened, manifest_place},
    place,
};
use crate::{
    store::{bundles::Told, hosts::Host},
    vault::Plain,
};

/// Why a bundle did not pass.
pub(super) enum Wrong {
    /// It is at fault.
    Rejected(String),
    /// We are.
    Fault(io::Error),
}

/// The keys that may have signed a bundle of this host.
pub(super) fn signers(host: &Host) -> AllowedSigners {
    let line = allowed_line(&host.id.to_string(), Namespace::HOST, &host.key);
    AllowedSigners::parse(line.as_bytes()).unwrap_or_default()
}

/// What the documents tell, when they are found from the end and are those of the receipt. What is wrong is for [`whole`] to say.
pub(super) fn documents(mut plain: Plain) -> Option<Told> {
    let bytes = plain.size();
    let place = place::near_end(&mut plain, bytes).ok()??;
    let opened = Opened::of(&mut plain, place).ok()?;
    (opened.manifest_sha256 == plain.consent().bundle.manifest_sha256).then(|| told(&opened, place))
}

/// Checks all of it: the digest of the receipt, then the archive by the letter.
pub(super) fn whole(plain: Plain, signers: &AllowedSigners, place: Option<u64>) -> Result<Told, Wrong> {
    let (receipt, host) = (plain.consent().bundle, plain.consent().host_id);
    let watch = Watch::start();
    let mut plain = Limited::new(plain, watch.clone());
    let wrong = |why: String| match watch.fault() {
        Some(fault) => Wrong::Fault(fault),
        None => Wrong::Rejected(watch.overdue().map_or(why, str::to_owned)),
    };
    let found = digest(&mut plain).map_err(|error| wrong(error.to_string()))?;
    if found != receipt.sha256 {
        return Err(wrong("the bundle is not the one that its receipt names: its digest differs".to_owned()));
    }
    plain.seek(SeekFrom::Start(0)).map_err(Wrong::Fault)?;
    // No signature of its own came with it: the receipt's digest stands for that one.
    let report = verify(&mut plain, None, Trust::Signers(signers, host), None);
    let failed = report.checks.iter().find(|check| !check.ok && check.name != CheckName::DetachedSignature);
    if let Some(failed) = failed {
        return Err(wrong(failed.detail.clone()));
    }
    let read = |error: OpenError| wrong(error.to_string());
    let place = if let Some(place) = place {
        place
    } else {
        plain.seek(SeekFrom::Start(0)).map_err(Wrong::Fault)?;
        manifest_place(BufReader::new(&mut plain)).map_err(read)?
    };
    let opened = Opened::of(&mut plain, place).map_err(read)?;
    if opened.manifest_sha256 != receipt.manifest_sha256 {
        return Err(wrong("the manifest is not the one that was shown when consent was given".to_owned()));
    }
    if opened.manifest.start.bundle_id != receipt.bundle_id {
        return Err(wrong("the bundle has another id than its receipt".to_owned()));
    }
    Ok(told(&opened, place))
}

fn told(opened: &Opened, manifest_at: u64) -> Told {
    let start = &opened.manifest.start;
    let name = BundleName::new(start.host_id, start.started, start.bundle_id).to_string();
    Told { name, manifest_at, started: start.started, alerts: opened.alerts.len() as u64, summary: opened.summary() }
}

fn digest(mut input: impl Read) -> io::Result<Sha256> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(Sha256(hasher.finalize().into())),
            count => hasher.update(&buffer[..count]),
        }
    }
}
