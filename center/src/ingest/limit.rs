//! A reader with an end in time, which remembers whose fault an error was. In: a reader. Out: the same bytes, or an error.
//! Never: lets one bundle hold a lane for longer than [`MOST`].

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::vault::broken;

/// Longest time for all checks of one bundle.
const MOST: Duration = Duration::from_mins(10);

/// What happened to a reader; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    until: Instant,
    fault: Arc<Mutex<Option<io::ErrorKind>>>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self { until: Instant::now() + MOST, fault: Arc::default() }
    }

    /// The error of the store under the reader, if there was one: no fault of the bundle's.
    pub(super) fn fault(&self) -> Option<io::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).map(io::Error::from)
    }

    /// What to say when the time is over.
    pub(super) fn overdue(&self) -> Option<&'static str> {
        (Instant::now() >= self.until).then_some("checking it took more than 10 minutes")
    }
}

/// The reader.
#[derive(Debug)]
pub(super) struct Limited<R> {
    inner: R,
    watch: Watch,
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, watch: Watch) -> Self {
        Self { inner, watch }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.watch.overdue().is_some() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.inner.read(buf).inspect_err(|error| {
            if !broken(error) {
                *self.watch.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.kind());
            }
        })
    }
}

impl<R: Seek> Seek for Limited<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
