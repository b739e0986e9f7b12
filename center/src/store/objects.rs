//! Bundles as objects: whole files under names of our own, read at any place.
//!
//! In: a file and a name made here. Out: a reader that seeks, whatever kind of store it is. Never: changes an object.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path as FilePath, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use object_store::{ObjectStore, ObjectStoreExt as _, buffered::BufWriter, local::LocalFileSystem, path::Path};
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, copy},
    runtime::Handle,
};

use super::StoreError;

/// Bytes fetched at one time: what a page shows of a file is mostly in one piece.
const PIECE: u64 = 256 << 10;

/// The folder of bundles' objects.
pub(super) const BUNDLES: &str = "bundles";

/// The object store. Clones share it.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
}

impl Objects {
    /// A folder as object store; made when it is not there.
    pub fn folder(path: &FilePath) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: path.to_owned(), source };
        // Its entry must outlast a power cut as the objects in it do.
        fs::create_dir_all(path.join(BUNDLES)).and_then(|()| fs::File::open(path)?.sync_all()).map_err(io)?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|source| io(source.into()))?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), folder: path.to_owned() })
    }

    /// Puts a whole, durable file into the store under a name of ours, and leaves the file where it is. Doing it again is no harm.
    ///
    /// On one file system it is a link, and takes no time whatever the size; else a copy.
    pub async fn keep(&self, file: &FilePath, name: &str) -> Result<(), StoreError> {
        let io = |source| StoreError::Io { path: file.to_owned(), source };
        let target = self.folder.join(name);
        let folder = target.parent().unwrap_or(&self.folder);
        match fs::hard_link(file, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::Unsupported) => {
                let mut from = File::open(file).await.map_err(io)?;
                let mut to = BufWriter::new(self.store.clone(), Path::from(name));
                copy(&mut from, &mut to).await.map_err(io)?;
                to.shutdown().await.map_err(io)?;
            }
            linked => linked.map_err(io)?,
        }
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
    }

    /// Where an object of this name lies, in a store that is a folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Opens an object of this many bytes. Reading blocks: only on a thread that may.
    pub fn open(&self, name: &str, bytes: u64) -> Object {
        let path = Path::from(name);
        let (store, handle, fetched) = (self.store.clone(), Handle::current(), Fetched::default());
        Object { store, path, handle, bytes, at: 0, piece: Vec::new(), piece_at: 0, fetched }
    }

    /// Deletes an object, if it is there.
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.store.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(StoreError::Io { path: name.into(), source: source.into() }),
        }
    }
}

/// How many bytes were fetched from the store so far. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Fetched(Arc<AtomicU64>);

impl Fetched {
    /// The count.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An object that is read in pieces.
#[derive(Clone, Debug)]
pub struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    handle: Handle,
    bytes: u64,
    at: u64,
    /// The piece at hand, and where it begins.
    piece: Vec<u8>,
    piece_at: u64,
    fetched: Fetched,
}

impl Object {
    /// The count of bytes that are fetched for this object.
    pub fn fetched(&self) -> Fetched {
        self.fetched.clone()
    }
}

impl Read for Object {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.bytes || buf.is_empty() {
            return Ok(0);
        }
        if self.at < self.piece_at || self.at >= self.piece_at + self.piece.len() as u64 {
            let end = self.bytes.min(self.at + PIECE);
            let fetched = self.handle.block_on(self.store.get_range(&self.path, self.at..end))?;
            self.fetched.0.fetch_add(fetched.len() as u64, Ordering::Relaxed);
            (self.piece, self.piece_at) = (fetched.to_vec(), self.at);
        }
        let rest = self.piece.get((self.at - self.piece_at) as usize..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Object {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
