//! `oediag export`: the whole sealed file of a bundle, for a host without a network. A bundle of one's own is shown and asked about as for
//! `upload`; the bundle of a request was agreed to with `release`. Never: writes over a file, or a byte that was not agreed to.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use oediag_collector::disk;
use oediag_protocol::request::life::State as Life;
use serde::Serialize;

use super::{
    requests::{known, paper},
    upload,
};
use crate::{
    cli::{Export, OneRequest},
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    release::{
        outbox::{self, Parcel},
        receipt::Receipt,
    },
    term, text, values, view,
};

/// What bundles end in, and what the file that is carried ends in.
const BUNDLE: &str = ".tar.gz";
const SEALED: &str = ".oeb.tar";

/// `export --json`.
#[derive(Serialize)]
struct ExportedJson {
    path: PathBuf,
    bytes: u64,
    bundle_id: String,
}

/// Runs the command.
pub fn run(options: &Export, given: &Invocation) -> Result<u8, Failure> {
    let named = options.what.to_str().filter(|name| !name.ends_with(BUNDLE)).and_then(|name| values::request(name).ok());
    let (path, parcel) = match named {
        Some(request) if !options.what.exists() => of_request(request, options, given)?,
        _ => match upload::sealed(&options.what, &options.agreement, given)? {
            Some(made) => made,
            None => return Ok(exit::OK),
        },
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!("{}{SEALED}", name.strip_suffix(BUNDLE).unwrap_or(&name));
    let path = write(&options.output, &name, &parcel, given)?;
    let json = ExportedJson { bytes: parcel.frame.bytes(), bundle_id: parcel.envelope.bundle_id.to_string(), path };
    given.show(&json, |page| {
        let path = term::escape(&json.path.display().to_string());
        let mut lines = vec![text!(page.texts, "exported", path = path, size = term::bytes(json.bytes))];
        let next = [("next-carry", format!("oediag-center carry {name}")), ("next-ack", "oediag import receipt FILE".to_owned())];
        lines.extend(view::requests::commands(&next, page));
        lines
    })?;
    Ok(exit::OK)
}

/// What was released for a request: the broker has sealed it.
fn of_request(request: String, options: &Export, given: &Invocation) -> Result<(PathBuf, Parcel), Failure> {
    let texts = &given.texts;
    let shown = known(&OneRequest { request, asking: options.asking.clone() }, given)?;
    let state = given.state(Kind::Usage)?;
    if paper(&shown, &state).is_none() {
        return Err(Failure::new(Kind::Verification, text!(texts, "error-request-unsigned")));
    }
    let not_now = || {
        let state = texts.named(&format!("state-{}", shown.row.state.as_str().replace('_', "-")));
        Failure::new(Kind::Refused, text!(texts, "error-export-state", state = state))
    };
    let receipt = shown.receipt.filter(|_| shown.row.state == Life::Uploading).ok_or_else(not_now)?;
    let identity = state.identity().map_err(|error| failure::state(error, texts))?;
    let key = identity.signer.public();
    let center = Enrolment::load(&state)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
        .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
    let found = Receipt::read(&state, receipt, &key)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error))?;
    let parcel = found
        .and_then(|found| outbox::sealed(&found, &center, &state, &key))
        .ok_or_else(|| Failure::new(Kind::Verification, text!(texts, "error-broker-refuses", why = texts.why("no_payload"))))?;
    let name = shown.bundle.map_or_else(|| PathBuf::from(parcel.envelope.bundle_id.to_string()), PathBuf::from);
    Ok((name, parcel))
}

/// Writes the sealed file whole or not at all.
fn write(folder: &Path, name: &str, parcel: &Parcel, given: &Invocation) -> Result<PathBuf, Failure> {
    let texts = &given.texts;
    let path = folder.join(name);
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Usage, text!(texts, "error-export", path = term::escape(&path.display().to_string()))).because(error)
    };
    let room = std::fs::File::open(folder).and_then(|folder| disk::has_room(&folder, parcel.frame.bytes())).map_err(failed)?;
    if !room {
        return Err(failed(std::io::ErrorKind::StorageFull.into()).hint(text!(texts, "hint-room")));
    }
    let mut file = disk::create(&path).map_err(failed)?;
    let mut payload = (&parcel.payload).take(parcel.frame.payload);
    let written = file
        .write_all(&parcel.frame.front)
        .and_then(|()| std::io::copy(&mut payload, &mut file))
        .and_then(|count| if count == parcel.frame.payload { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) })
        .and_then(|()| file.write_all(&parcel.frame.back))
        .and_then(|()| file.sync_all())
        .and_then(|()| disk::sync_folder(folder));
    if let Err(error) = written {
        // Half of it is worth nothing.
        std::fs::remove_file(&path).unwrap_or_default();
        return Err(failed(error));
    }
    Ok(path)
}
