//! What takes long: collecting, and encrypting; one at a time, in a thread of its own.
//!
//! In: requests of the book that were agreed to. Out: bundles, sealed files. Never: runs for a request a second time; goes on when the
//! request was ended meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use oediag_collector::{
    bundle::{self, Destination, deflate},
    config,
    host::Cancel,
    plan::Plan,
    redact::{Choice, Level, Settings},
    start::About,
    state::{self, StateError},
};
use oediag_protocol::{
    id::RequestId,
    ledger::Reason,
    request::{
        life::{Move, State},
        paper::{Ask, Redaction, Request},
    },
};

use super::{
    Broker, Kept, Trouble,
    book::{Made, Step, Whole},
    notify, offer,
    policy::Standing,
};
use crate::{
    collecting::{self, Task},
    enrolment::Enrolment,
    failure::exit,
    release::{outbox, own::Own, receipt::Receipt},
};

/// How long a worker that can do nothing waits before it looks again: another run of oediag may be at work.
const PAUSE: Duration = Duration::from_secs(2);

/// What is to be done next.
enum Job {
    Collect(RequestId),
    Seal(RequestId),
}

impl Broker {
    /// Starts the worker; it ends when the broker is stopped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn work(self: &Arc<Self>) -> std::io::Result<thread::JoinHandle<()>> {
        let this = Arc::clone(self);
        thread::Builder::new().name("work".to_owned()).spawn(move || {
            while !this.stop.load(Ordering::SeqCst) {
                let job = this.next(&mut this.kept());
                let done = match job {
                    None => {
                        let kept = this.kept();
                        drop(this.wake.wait_timeout(kept, PAUSE).unwrap_or_else(PoisonError::into_inner));
                        continue;
                    }
                    Some(Job::Collect(id)) => this.collect(id),
                    Some(Job::Seal(id)) => this.seal(id),
                };
                if let Err(error) = done {
                    notify::trouble(&error);
                    thread::sleep(PAUSE);
                }
            }
        })
    }

    /// The oldest request that something can be done for. What takes no time is done here.
    fn next(&self, kept: &mut Kept) -> Option<Job> {
        let mut waiting: Vec<_> = kept.book.entries().map(|entry| (entry.row.at, entry.row.id, entry.row.state)).collect();
        waiting.sort_unstable();
        for (_, id, state) in waiting {
            let done = match state {
                State::Approved => match self.in_time(kept, id) {
                    Ok(()) => return Some(Job::Collect(id)),
                    late => late,
                },
                State::Released | State::Sealing => return Some(Job::Seal(id)),
                State::Preview => self.release_by_rule(kept, id),
                _ => Ok(()),
            };
            if let Err(error) = done {
                notify::trouble(&error);
            }
        }
        None
    }

    fn collect(&self, id: RequestId) -> Result<(), Trouble> {
        // Another run of oediag is not a reason to fail: nothing was begun.
        match self.state.lock() {
            Ok(lock) => drop(lock),
            Err(StateError::Busy { .. }) => {
                thread::sleep(PAUSE);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let (request, cancel) = {
            let kept = &mut *self.kept();
            let entry = kept.book.entry(id)?;
            let (Some(request), State::Approved) = (entry.request.clone(), entry.row.state) else { return Ok(()) };
            let seconds = request.max_seconds.min(Standing::read(&self.state).policy.limits.max_seconds);
            let cancel = Cancel::new(Instant::now().checked_add(Duration::from_secs(seconds)));
            // From here on it is not collected for a second time, whatever happens.
            kept.book.step(id, Move::Begin, self.hand(), |_| {})?;
            kept.running = Some((id, cancel.clone()));
            (request, cancel)
        };
        let made = self.make(&request, &cancel);
        let kept = &mut *self.kept();
        kept.running = None;
        self.collected(kept, id, made)
    }

    /// What became of the collecting.
    fn collected(&self, kept: &mut Kept, id: RequestId, made: Result<(Own, Option<Whole>), Trouble>) -> Result<(), Trouble> {
        if kept.book.entry(id)?.row.state != State::Collecting {
            return self.clear(kept, id);
        }
        let hand = self.hand();
        match made {
            Ok((own, whole)) => {
                let obj = Some(own.bundle.sha256);
                kept.book.step(id, Step { obj, ..Move::Collect.into() }, hand, |entry| {
                    (entry.bundle, entry.whole) = (Some(of(&own)), whole);
                })?;
                kept.book.step(id, Step { obj, ..Move::Show.into() }, hand, |_| {})?;
                notify::arrived(&kept.book.entry(id)?.row, State::Preview);
                self.keep_few(kept)
            }
            Err(error) => {
                notify::trouble(&error);
                let why = Reason::parse(if let Trouble::No(word) = error { word } else { "collecting" });
                self.end(kept, id, Step { why, ..Move::Fail.into() }, |_| {})
            }
        }
    }

    /// Makes what is asked for: the bundle, its index, or items of one that is here.
    fn make(&self, request: &Request, cancel: &Cancel) -> Result<(Own, Option<Whole>), Trouble> {
        let id = request.request_id;
        let (bundles, whole) = {
            let book = &self.kept().book;
            (book.bundles(id), book.whole(id))
        };
        if let Some(held) = &request.scope.held {
            let source = Self::source(&self.kept(), held)?;
            return Ok((self.items(&source, request, &bundles)?, None));
        }
        if request.scope.ask == Ask::Index {
            let own = self.gather(request, whole, cancel)?;
            return self.index(&own, &bundles).map(|(index, whole)| (index, Some(whole)));
        }
        Ok((self.gather(request, bundles, cancel)?, None))
    }

    fn gather(&self, request: &Request, folder: PathBuf, cancel: &Cancel) -> Result<Own, Trouble> {
        let limits = Standing::read(&self.state).policy.limits;
        let host = self.host()?;
        let reach = offer::reach(request, &self.rows);
        let asked = offer::plan(request, &reach, &limits, host.now().into()).ok_or(Trouble::No("nothing_left"))?;
        let plan = Plan::new(&asked, &self.rows, &host)?;
        let config = config::load(&self.state.policy())?;
        let floor = level(request.redaction_min.max(limits.redaction_floor));
        let strict = Choice { floor: Some(floor), ..Choice::default() };
        let least = config.redaction.floor.map_or(floor, |own| own.max(floor));
        // Where the host's own choice is less than what is needed, what is needed.
        let settings = Settings::chosen(&[&config.redaction, &strict]).unwrap_or_else(|_| Settings::from(least));
        state::private_folder(&folder)?;
        let task = Task {
            plan,
            rows: &self.rows,
            host: &host,
            state: &self.state,
            config: &config,
            rules: self.site_rules()?,
            settings,
            destination: Destination::Folder(folder),
            about: About {
                request_id: Some(request.request_id),
                case: Some(request.case.to_string()),
                severity: Some(format!("{:?}", request.severity)),
            },
            level: deflate::Level::Fast,
            fixed: None,
            abandon,
        };
        let finished = collecting::collect(task, &|_| {}, cancel)?;
        Ok(Own::open(&finished.path, &self.identity)?)
    }

    fn seal(&self, id: RequestId) -> Result<(), Trouble> {
        // A run of `upload` at work tidies the outbox: not meanwhile.
        let _lock = match self.state.lock_outbox() {
            Err(StateError::Busy { .. }) => {
                thread::sleep(PAUSE);
                return Ok(());
            }
            other => other?,
        };
        let (receipt, path) = {
            let kept = &mut *self.kept();
            if kept.book.entry(id)?.row.state == State::Released {
                kept.book.step(id, Move::Seal, self.hand(), |_| {})?;
            }
            let entry = kept.book.entry(id)?;
            (entry.receipt, entry.bundle.as_ref().map(|made| kept.book.bundles(id).join(&made.name)))
        };
        let sealed = self.encrypt(receipt, path);
        let kept = &mut *self.kept();
        if kept.book.entry(id)?.row.state != State::Sealing {
            return self.clear(kept, id);
        }
        match sealed {
            Ok((receipt, parcel)) => {
                kept.frames.insert(receipt, parcel.frame);
                let step = Step { obj: Some(parcel.envelope.payload.sha256), ..Move::Send.into() };
                kept.book.step(id, step, self.hand(), |_| {})?;
                Ok(())
            }
            Err(error) => {
                notify::trouble(&error);
                self.end(kept, id, Step { why: Reason::parse("sealing"), ..Move::Fail.into() }, |_| {})
            }
        }
    }

    fn encrypt(
        &self,
        receipt: Option<oediag_protocol::id::ReceiptId>,
        path: Option<PathBuf>,
    ) -> Result<(oediag_protocol::id::ReceiptId, outbox::Parcel), Trouble> {
        let (Some(receipt), Some(path)) = (receipt, path) else { return Err(Trouble::No("nothing_left")) };
        let center = Enrolment::load(&self.state)?.ok_or(Trouble::No("not_enrolled"))?;
        let key = self.identity.signer.public();
        let found = Receipt::read(&self.state, receipt, &key)?.ok_or(Trouble::No("unknown_receipt"))?;
        // What a run that was killed had sealed is as good.
        if let Some(parcel) = outbox::sealed(&found, &center, &self.state, &key) {
            return Ok((receipt, parcel));
        }
        let own = Own::open(&path, &self.identity)?;
        let now = self.hand().now;
        if !found.covers(&own.digest(), &center, found.consent.request.map(|request| request.request_id), now) {
            return Err(Trouble::No("not_covered"));
        }
        Ok((receipt, outbox::seal(&own, &found, &center, &self.state, &self.identity, now, |_| {})?))
    }

    /// Brings in order what an earlier run left: nothing is collected twice, everything else goes on.
    pub(super) fn resume(&self, kept: &mut Kept) -> Result<(), Trouble> {
        let all: Vec<_> = kept.book.entries().map(|entry| (entry.row.id, entry.row.state)).collect();
        let receipts = Receipt::all(&self.state, &self.identity.signer.public())?;
        for (id, state) in all {
            match state {
                State::Received => self.judge(kept, id)?,
                State::Collecting => {
                    let made = self.left_of(kept, id);
                    self.collected(kept, id, made)?;
                }
                State::Collected => drop(kept.book.step(id, Move::Show, self.hand(), |_| {})?),
                // The consent was signed and the run ended before it was noted.
                State::Preview => {
                    let answers = |receipt: &&Receipt| receipt.consent.request.is_some_and(|request| request.request_id == id);
                    if let Some(receipt) = receipts.iter().rfind(answers).filter(|receipt| !receipt.cancelled()) {
                        self.released(kept, id, receipt.consent.receipt_id)?;
                    }
                }
                _ if state.is_over() => {
                    let entry = kept.book.entry(id)?;
                    if entry.bundle.is_some() && !matches!(state, State::DeletionConfirmed) {
                        self.clear(kept, id)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a run that was killed left of a request's work. What was made of a bundle that is here is made again.
    fn left_of(&self, kept: &Kept, id: RequestId) -> Result<(Own, Option<Whole>), Trouble> {
        let bundles = kept.book.bundles(id);
        let Some(request) = &kept.book.entry(id)?.request else { return Err(Trouble::No("nothing_left")) };
        if let Some(held) = &request.scope.held {
            return Ok((self.items(&Self::source(kept, held)?, request, &bundles)?, None));
        }
        if request.scope.ask == Ask::Index {
            let own = self.left(&kept.book.whole(id))?;
            return self.index(&own, &bundles).map(|(index, whole)| (index, Some(whole)));
        }
        Ok((self.left(&bundles)?, None))
    }

    /// The bundle that a run which was killed left in a folder, brought to its end.
    fn left(&self, folder: &Path) -> Result<Own, Trouble> {
        drop(bundle::recover(folder, &self.identity));
        let names = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let found = names.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".tar.gz"))).max();
        Ok(Own::open(&found.ok_or(Trouble::No("nothing_left"))?, &self.identity)?)
    }
}

/// A bundle as the book names it.
pub(super) fn of(own: &Own) -> Made {
    let name = own.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Made { name, bundle_id: own.bundle.bundle_id, sha256: own.bundle.sha256 }
}

pub(super) fn level(redaction: Redaction) -> Level {
    match redaction {
        Redaction::Reduced => Level::Reduced,
        Redaction::Standard => Level::Standard,
        Redaction::Strict => Level::Strict,
    }
}

/// Ends the process when a read hangs in the kernel: the lanes cannot be waited for, and the next start closes the bundle.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "threads that hang in the kernel cannot be joined")]
fn abandon() {
    notify::trouble(&Trouble::No("a read of the host does not come back from the kernel"));
    std::process::exit(i32::from(exit::NO_BUNDLE));
}
