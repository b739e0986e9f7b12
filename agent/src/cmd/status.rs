//! `oediag status`: who this host is, with whom it is enrolled, what lies here and what is on its way. Makes nothing; old
//! maps go.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use oediag_collector::{map, state::State};
use oediag_protocol::{ack::Ack, id::HostId, keyset::Freshness, sshsig::PublicKey, time::Time};
use serde::Serialize;

use super::consent;
use crate::{
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    redaction,
    release::receipt::Receipt,
    term, text, view,
    view::consent::{Row, Standing},
};

/// Most acks told of: the last ones.
const ACKS: usize = 5;

/// Runs the command.
pub fn run(given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| failure::state(error, texts))?;
    let center =
        Enrolment::load(&state).map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?;
    // Maps go when their time is over, also where nobody collects any more.
    let days = redaction::config(&state, given)?.map_keep_days;
    if let Err(error) = map::expire(&state.maps(), days, SystemTime::now()) {
        term::note(&text!(texts, "note-maps", error = term::escape(&error.to_string())));
    }
    let known = state.known().map_err(|error| failure::state(error, texts))?;
    let (mut unfinished, mut acks) = (Vec::new(), Vec::new());
    if let Some((_, key)) = &known {
        let receipts = Receipt::all(&state, key)
            .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error))?;
        let rows: Vec<(Receipt, Row)> = receipts
            .into_iter()
            .map(|receipt| {
                let row = consent::row(&receipt, key);
                (receipt, row)
            })
            .collect();
        unfinished = rows
            .iter()
            .filter(|(_, row)| matches!(row.standing, Standing::Unfinished | Standing::Given))
            .map(Unfinished::of)
            .collect();
        acks = rows.into_iter().filter_map(|(_, row)| row.ack).collect();
        acks.sort_by_key(|ack: &Ack| std::cmp::Reverse(ack.stored_at));
        acks.truncate(ACKS);
    }
    let status = StatusJson {
        host_id: known.as_ref().map(|(host, _): &(HostId, PublicKey)| host.to_string()),
        center: center.as_ref().map(CenterJson::of),
        bundles: weigh(&state.bundles(), ".tar.gz"),
        outbox_bytes: weigh(&state.outbox(), "").bytes,
        data: state.data().to_owned(),
        unfinished,
        acks,
    };
    given.show(&status, |page| view::status::lines(&status, page))?;
    Ok(exit::OK)
}

/// `status --json`.
#[derive(Debug, Serialize)]
pub struct StatusJson {
    /// Who this host is; none before its first run.
    pub host_id: Option<String>,
    /// With whom it is enrolled.
    pub center: Option<CenterJson>,
    /// Where keys and bundles lie.
    pub data: PathBuf,
    /// Finished bundles here.
    pub bundles: Weight,
    /// Bytes of sealed files that wait.
    pub outbox_bytes: u64,
    /// What was agreed to and is not all at the center.
    pub unfinished: Vec<Unfinished>,
    /// The last acks, newest first.
    pub acks: Vec<Ack>,
}

/// The center of an enrolment.
#[derive(Debug, Serialize)]
pub struct CenterJson {
    /// As its keyset names it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The customer there.
    pub tenant_id: String,
    /// When this host enrolled.
    pub enrolled_at: Time,
    /// The keyset's version.
    pub keyset_version: u64,
    /// When it expires.
    pub keyset_expires: Time,
    /// Whether it has.
    pub keyset_expired: bool,
}

impl CenterJson {
    fn of(center: &Enrolment) -> Self {
        Self {
            name: center.keyset.center.to_string(),
            url: center.url.to_string(),
            tenant_id: center.tenant.to_string(),
            enrolled_at: center.enrolled_at,
            keyset_version: center.keyset.version,
            keyset_expires: center.keyset.expires,
            keyset_expired: center.keyset.freshness(jiff::Timestamp::now().into()) == Freshness::Expired,
        }
    }
}

/// An upload that did not come to its end.
#[derive(Debug, Serialize)]
pub struct Unfinished {
    /// The receipt.
    pub receipt_id: String,
    /// The bundle.
    pub bundle_id: String,
    /// Bytes that the center has, as far as known.
    pub at: u64,
    /// Bytes of the whole sealed file; none before it is sealed.
    pub total: Option<u64>,
    /// The center is not to be asked before this moment.
    pub not_before: Option<Time>,
}

impl Unfinished {
    fn of((receipt, _): &(Receipt, Row)) -> Self {
        let sending = receipt.sending();
        let sending = sending.as_ref();
        Self {
            receipt_id: receipt.consent.receipt_id.to_string(),
            bundle_id: receipt.consent.bundle.bundle_id.to_string(),
            at: sending.map_or(0, |sending| sending.at),
            total: sending.and_then(|sending| sending.total),
            not_before: sending.and_then(|sending| sending.not_before),
        }
    }
}

/// Files of a folder.
#[derive(Debug, Serialize)]
pub struct Weight {
    /// How many.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// The files of a folder whose names end so; a folder that cannot be read has none.
fn weigh(folder: &Path, end: &str) -> Weight {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(end));
    let sizes: Vec<u64> = named.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    Weight { count: sizes.len(), bytes: sizes.iter().sum() }
}
