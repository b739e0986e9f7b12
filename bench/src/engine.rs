//! What is measured: the redactor alone, with the leak gate behind it, and by more than one thread.
//!
//! In: a log. Out: nothing; the work is done as the lanes of `collect` do it.

use std::{
    fs::File,
    hint::black_box,
    io,
    path::Path,
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use oediag_collector::{
    leak::{About, Gate, Known},
    redact::{Harvest, Key, Level, Raw, Redactor, Scratch},
};

/// Who the made-up host is.
const CONTEXT: &str = r#"{"hostname":"db-prod-07","domain":"corp.example.cn","fqdn":"db-prod-07.corp.example.cn",
"hosts":["web-prod-02","app-prod-11","bastion-01"],"users":["liwei","zhang.min","deploy01"],"names":["李伟"],"keywords":["Falcon"]}"#;
/// The path that the log had on the host.
const PATH: &[u8] = b"/var/log/messages";

/// Redactor and gate of the made-up host.
pub(crate) struct Engine {
    redactor: Redactor,
    gate: Gate,
}

impl Engine {
    pub(crate) fn new() -> Result<Engine> {
        let harvest = Harvest::from_context(CONTEXT.as_bytes()).context("the context of the bench")?;
        let redactor = Redactor::new(&harvest, &Key::for_host(&[7; 32]), Level::Standard).context("building the redactor")?;
        Ok(Engine { redactor, gate: Gate::new(&harvest, []) })
    }

    /// Redacts all of it.
    pub(crate) fn redact(&self, log: &[u8]) -> Result<()> {
        let mut scratch = Scratch::default();
        for raw in self.redactor.reader(log, PATH) {
            black_box(self.redactor.clean(raw?, &mut scratch)?);
        }
        Ok(())
    }

    /// Redacts all of it and searches what came out.
    pub(crate) fn redact_and_search(&self, log: &[u8]) -> Result<()> {
        let mut scratch = Scratch::default();
        for raw in self.redactor.reader(log, PATH) {
            self.one(raw?, &mut scratch)?;
        }
        Ok(())
    }

    /// The same for a file, by two threads.
    pub(crate) fn redact_file(&self, path: &Path) -> Result<()> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        self.share(file, 2, |raw, scratch| self.one(raw, scratch))
    }

    /// Redacts all of it with so many threads, one more of which cuts; tells how long that took.
    pub(crate) fn crowd(&self, log: &[u8], workers: usize) -> Result<Duration> {
        let start = Instant::now();
        self.share(log, workers, |raw, scratch| {
            black_box(self.redactor.clean(raw, scratch)?);
            Ok(())
        })?;
        Ok(start.elapsed())
    }

    fn one(&self, raw: Raw, scratch: &mut Scratch) -> Result<()> {
        let encoding = raw.encoding();
        let (clean, _) = self.redactor.clean(raw, scratch)?;
        let about = About { known: Known::Given(scratch.given()), versions: false };
        black_box(self.gate.pass(clean, encoding, &about, &self.redactor)?);
        Ok(())
    }

    fn share(&self, input: impl io::Read, workers: usize, work: impl Fn(Raw, &mut Scratch) -> Result<()> + Sync) -> Result<()> {
        let (give, take) = mpsc::sync_channel::<Raw>(4);
        let take = Mutex::new(take);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let mut scratch = Scratch::default();
                        while let Some(raw) = take.lock().ok().and_then(|take| take.recv().ok()) {
                            work(raw, &mut scratch)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            for raw in self.redactor.reader(input, PATH) {
                if give.send(raw?).is_err() {
                    break;
                }
            }
            drop(give);
            for thread in threads {
                thread.join().map_err(|_| anyhow::anyhow!("a thread of the bench panicked"))??;
            }
            Ok(())
        })
    }
}
