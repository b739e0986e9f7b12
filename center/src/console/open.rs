//! The one way from a user to a bundle's contents. In: a session and an id. Out: the documents of the bundle and its members,
//! with what was read for them. Never: a bundle of another tenant, a byte before the audit line was written.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use oediag_protocol::{bundle::reader::open_at, consent::Consent, id::BundleId};

use super::{Console, reply::NoPage};
use crate::{
    clock,
    ingest::{OpenError, Opened},
    store::{audit::Entry, bundles::Bundle, objects::Object},
    users::session::Session,
};

/// A bundle that is open for one user.
pub(super) struct Open {
    /// Its row.
    pub(super) bundle: Bundle,
    /// Its documents.
    pub(super) opened: Opened,
    /// The receipt it came with; none for one that was taken in by hand.
    pub(super) consent: Option<Consent>,
    reader: Counted<Object>,
}

/// Opens a bundle of the session's tenant, after the audit log says so. With a path, for that member.
pub(super) async fn open(console: &Console, session: &Session, id: &str, path: Option<&str>) -> Result<Open, NoPage> {
    let id = BundleId::parse(id).ok_or(NoPage::NotFound)?;
    let bundle = console.store.bundle(&session.tenant, id).await?.ok_or(NoPage::NotFound)?;
    let object = path.map_or_else(|| id.to_string(), |path| format!("{id} {path}"));
    let event = if path.is_some() { "item_opened" } else { "bundle_opened" };
    let entry = Entry { event, actor: &session.user, tenant: Some(&session.tenant), object: Some(&object) };
    console.store.audit(clock::now(), entry).await?;
    let reader = Counted { inner: console.store.objects().open(&bundle.object, bundle.bytes), read: Arc::default() };
    let (from, place) = (reader.clone(), bundle.manifest_at);
    let opened = tokio::task::spawn_blocking(move || Opened::of(from, place)).await??;
    Ok(Open { bundle, opened, consent: None, reader })
}

impl Open {
    /// The content of a member, from its first byte; none when there is none. Reading blocks: only on a thread that may.
    pub(super) fn member(&self, path: &str) -> Result<Option<impl Read + use<>>, OpenError> {
        let Some(offset) = self.opened.item(path).and_then(|item| item.offset) else { return Ok(None) };
        Ok(Some(open_at(self.reader.clone(), offset, path)?))
    }

    /// Bytes of the packed bundle that were read so far, for documents and members.
    pub(super) fn read(&self) -> u64 {
        self.reader.read.load(Ordering::Relaxed)
    }
}

/// A reader whose clones count together what is read.
#[derive(Clone)]
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
