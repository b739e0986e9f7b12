//! The one way from a user to a bundle's contents. In: a session and an id. Out: the documents of the bundle and its members,
//! with what was read for them. Never: a bundle of another tenant, a byte before the vault gave leave and wrote its audit line.

use std::io::Read;

use oediag_analysis::OperationsJson;
use oediag_protocol::{
    bundle::{name, reader::open_at},
    consent::Consent,
    id::BundleId,
};
use tokio::sync::OwnedSemaphorePermit;

use super::{Console, reply::NoPage};
use crate::{
    clock,
    ingest::{OpenError, Opened},
    store::bundles::Bundle,
    users::{Action, may, session::Session},
    vault::{Plain, Reach, Who},
};

/// A bundle that is open for one user.
pub(super) struct Open {
    /// Its row.
    pub(super) bundle: Bundle,
    /// Its documents.
    pub(super) opened: Opened,
    /// The receipt it came with.
    pub(super) consent: Consent,
    plain: Plain,
    /// Given back when the last thread that reads it is done, be its request long over.
    _room: OwnedSemaphorePermit,
}

/// The row of a bundle of the session's tenant.
pub(super) async fn find(console: &Console, session: &Session, id: &str) -> Result<Bundle, NoPage> {
    let id = BundleId::parse(id).ok_or(NoPage::NotFound)?;
    console.store.bundle(session.tenant.as_str(), id).await?.ok_or(NoPage::NotFound)
}

/// Opens a bundle, or one member of it, for the session's user.
pub(super) async fn open(console: &Console, session: &Session, bundle: Bundle, path: Option<&str>) -> Result<Open, NoPage> {
    let (now, whole) = (clock::now(), may(session.role, Action::ReadContents, false));
    let cases = if whole { Vec::new() } else { console.store.own_cases(&bundle.tenant, &session.user).await? };
    let room = console.reading.clone().acquire_owned().await?;
    let (vault, user, path) = (console.vault.clone(), session.user.clone(), path.map(str::to_owned));
    let opening = async move {
        let reach = if whole { Reach::Tenant } else { Reach::Cases(&cases) };
        let mut plain = vault.open(&bundle, Who { name: &user, reach }, path.as_deref(), now).await?;
        let place = bundle.manifest_at.ok_or(NoPage::Checking)?;
        let read = move || Opened::of(&mut plain, place).map(|opened| (opened, plain));
        let (opened, plain) = tokio::task::spawn_blocking(read).await??;
        Ok(Open { bundle, opened, consent: plain.consent().clone(), plain, _room: room })
    };
    // A task of its own: a client that hangs up gives no room back before the threads are done.
    tokio::spawn(opening).await?
}

impl Open {
    /// The content of a member, from its first byte; none when there is none. Reading blocks: only on a thread that may.
    pub(super) fn member(&mut self, path: &str) -> Result<Option<impl Read>, OpenError> {
        let Some(offset) = self.opened.item(path).and_then(|item| item.offset) else { return Ok(None) };
        Ok(Some(open_at(&mut self.plain, offset, path)?))
    }

    /// The operation records; none when the run was cut short, or an older agent made the bundle. Reading blocks.
    pub(super) fn operations(&mut self) -> Result<Option<OperationsJson>, OpenError> {
        self.opened.record(&mut self.plain, name::OPERATIONS)
    }

    /// Bytes of the stored file that were fetched so far, for documents and members.
    pub(super) fn read(&self) -> u64 {
        self.plain.fetched().bytes()
    }
}
