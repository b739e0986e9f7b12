//! Bundles as objects: whole files under names of our own, read at any place.
//!
//! In: a file and a name made here. Out: a reader that seeks, whatever kind of store it is. Never: changes an object.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::Path as FilePath,
    sync::Arc,
};

use object_store::{ObjectStore, ObjectStoreExt as _, buffered::BufWriter, local::LocalFileSystem, path::Path};
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, copy},
    runtime::Handle,
};

use super::StoreError;
use crate::secret;

/// Bytes fetched at one time: what a page shows of a file is mostly in one piece.
const PIECE: u64 = 256 << 10;

/// The object store. Clones share it.
#[derive(Clone, Debug)]
pub struct Objects(Arc<dyn ObjectStore>);

impl Objects {
    /// A folder as object store; made when it is not there.
    pub fn folder(path: &FilePath) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(io)?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|source| io(source.into()))?;
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Copies a file into the store and gives its name there: random, of no meaning.
    pub async fn keep(&self, file: &FilePath) -> Result<String, StoreError> {
        let io = |source| StoreError::Io { path: file.to_owned(), source };
        let name = format!("bundles/{}", secret::random_hex::<16>()?);
        let mut from = File::open(file).await.map_err(io)?;
        let mut to = BufWriter::new(self.0.clone(), Path::from(name.as_str()));
        copy(&mut from, &mut to).await.map_err(io)?;
        to.shutdown().await.map_err(io)?;
        Ok(name)
    }

    /// Opens an object of this many bytes. Reading blocks: only on a thread that may.
    pub fn open(&self, name: &str, bytes: u64) -> Object {
        let path = Path::from(name);
        Object { store: self.0.clone(), path, handle: Handle::current(), bytes, at: 0, piece: Vec::new(), piece_at: 0 }
    }

    /// Deletes an object.
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.delete(&Path::from(name)).await.map_err(|source| StoreError::Io { path: name.into(), source: source.into() })
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
}

impl Read for Object {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.bytes || buf.is_empty() {
            return Ok(0);
        }
        if self.at < self.piece_at || self.at >= self.piece_at + self.piece.len() as u64 {
            let end = self.bytes.min(self.at + PIECE);
            let fetched = self.handle.block_on(self.store.get_range(&self.path, self.at..end))?;
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
