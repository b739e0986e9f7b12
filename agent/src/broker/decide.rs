//! What a person says: look, agree to collect, do not agree, stop. And what time says.
//!
//! In: an operator's question, or the clock. Out: a move in the book, and the host rid of what is not needed any more.
//! Never: takes silence for a yes.

use std::fs;

use oediag_collector::ledger;
use oediag_protocol::{
    id::RequestId,
    ledger::{Event, Note, Reason},
    request::life::{Move, State},
    time::Time,
};

use super::{
    Broker, Kept, Trouble,
    book::{Entry, Step},
    notify,
    policy::Standing,
    take,
    wire::{Answer, MAX_SESSION, Row},
};
use crate::release::{outbox, receipt::Receipt};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds after its time for which an upload that was agreed to is tried.
const LATE: i64 = 7 * DAY;
/// Most requests of a list: it has to fit into an answer, however long the words of a center are (four lines of 2 KiB each).
const MAX_ROWS: usize = 400;

impl Broker {
    pub(super) fn list(&self, kept: &Kept) -> Answer {
        let mut rows: Vec<Row> = kept.book.entries().map(|entry| entry.row.clone()).collect();
        // Those that wait first, then the newest.
        let waits = |row: &Row| row.state < State::Stored && !row.state.is_over();
        rows.sort_by_key(|row| (!waits(row), std::cmp::Reverse(row.at)));
        rows.truncate(MAX_ROWS);
        let policy = Standing::read(&self.state).damaged.map(|error| super::chain(&error));
        Answer::Requests { rows, policy }
    }

    pub(super) fn approve(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        let hand = self.hand();
        self.in_time(kept, id)?;
        // A rule that agreed to send only goes with its own agreement to collect, or with a person's.
        kept.book.step(id, Step { why: Reason::parse("interactive"), ..Move::Approve.into() }, hand, |_| {})?;
        self.wake.notify_all();
        Ok(())
    }

    pub(super) fn deny(&self, kept: &mut Kept, id: RequestId, reason: Option<Reason>, silent: bool) -> Result<(), Trouble> {
        let step = Step { why: reason, ..Move::Deny.into() };
        self.end(kept, id, step, |entry| entry.silent |= silent)
    }

    pub(super) fn decline(&self, kept: &mut Kept, id: RequestId, reason: Option<Reason>) -> Result<(), Trouble> {
        self.end(kept, id, Step { why: reason, ..Move::Decline.into() }, |_| {})
    }

    pub(super) fn session(&self, kept: &mut Kept, minutes: u64) -> Result<(), Trouble> {
        if minutes > MAX_SESSION {
            return Err(Trouble::No("too_long"));
        }
        kept.session = (minutes > 0).then(|| Time(self.hand().now.0.saturating_add_unsigned(minutes * 60)));
        if minutes > 0 {
            self.bell.ring();
        }
        Ok(())
    }

    /// Refuses, and notes, what came too late.
    pub(super) fn in_time(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        let entry = kept.book.entry(id)?;
        if self.hand().now >= entry.row.expires && entry.row.state.after(Move::Expire).is_some() {
            self.end(kept, id, Move::Expire, |_| {})?;
            return Err(Trouble::No("expired"));
        }
        Ok(())
    }

    /// A move after which nothing more is done: the work is stopped, nothing goes any more, the bundle is removed.
    pub(super) fn end(
        &self,
        kept: &mut Kept,
        id: RequestId,
        step: impl Into<Step>,
        change: impl FnOnce(&mut Entry),
    ) -> Result<(), Trouble> {
        kept.book.step(id, step, self.hand(), change)?;
        match &kept.running {
            // Who collects removes what it makes, once it sees that nobody wants it.
            Some((running, cancel)) if *running == id => cancel.cancel(),
            _ => self.clear(kept, id)?,
        }
        Ok(())
    }

    /// Removes what a request that came to nothing left.
    pub(super) fn clear(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        if let Some(receipt) = kept.book.entry(id)?.receipt {
            if let Some(found) = Receipt::read(&self.state, receipt, &self.identity.signer.public())? {
                found.cancel(self.hand().now)?;
            }
            outbox::discard(&self.state, receipt)?;
            kept.frames.remove(&receipt);
        }
        if let Some(made) = kept.book.entry(id)?.bundle.clone() {
            let hand = self.hand();
            let note = Note { rid: Some(id), ..Note::of(Event::Deleted, made.sha256) };
            ledger::append(hand.place, hand.identity, hand.now, note)?;
        }
        self.remove(kept, id)
    }

    /// Removes its bundle, and the one that it is an index of.
    pub(super) fn remove(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        if let Some(whole) = kept.book.entry(id)?.whole.clone() {
            let hand = self.hand();
            let note = Note { rid: Some(id), ..Note::of(Event::Deleted, whole.made.sha256) };
            ledger::append(hand.place, hand.identity, hand.now, note)?;
        }
        for folder in [kept.book.bundles(id), kept.book.whole(id)] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(kept.book.note(id, |entry| (entry.bundle, entry.whole) = (None, None))?)
    }

    /// The same where no move says so: consent was withdrawn while the bundle was kept here.
    fn remove_with_line(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        if let Some(made) = kept.book.entry(id)?.bundle.clone() {
            let hand = self.hand();
            ledger::append(hand.place, hand.identity, hand.now, Note { rid: Some(id), ..Note::of(Event::Deleted, made.sha256) })?;
        }
        self.remove(kept, id)
    }

    /// What the clock brings. What fails is tried again the next time.
    pub fn tick(&self) {
        let Ok(mut kept) = self.kept.try_lock() else { return };
        let kept = &mut *kept;
        let now = self.hand().now;
        let keep = || i64::from(Standing::read(&self.state).policy.limits.keep_local_days) * DAY;
        let due: Vec<(RequestId, State)> = kept.book.entries().map(|entry| (entry.row.id, entry.row.state)).collect();
        for (id, state) in due {
            let Ok(entry) = kept.book.entry(id) else { continue };
            let over = now >= entry.row.expires;
            let done = match state {
                _ if over && state.after(Move::Expire).is_some() => self.end(kept, id, Move::Expire, |_| {}),
                State::Uploading if now.0 >= entry.row.expires.0.saturating_add(LATE) => {
                    let step = Step { why: Reason::parse("expired"), ..Move::Fail.into() };
                    self.end(kept, id, step, |_| {})
                }
                // A kill came between the line and the file.
                State::Deleted if entry.bundle.is_some() => self.remove(kept, id),
                State::Withdrawn | State::DeletionConfirmed
                    if entry.bundle.is_some() && now.0 >= entry.row.at.0.saturating_add(keep()) =>
                {
                    self.remove_with_line(kept, id)
                }
                State::Stored if entry.bundle.is_some() && now.0 >= entry.row.at.0.saturating_add(keep()) => {
                    self.delete(kept, id)
                }
                _ => Ok(()),
            };
            if let Err(error) = done {
                notify::trouble(&error);
            }
        }
        // A clock that jumps ahead must not make a request unknown that is in time again when the clock is put right: the center
        // has to have signed something as late.
        match take::floor(&self.state) {
            Ok(floor) => kept.book.forget(floor.map_or(Time(0), |floor| floor.min(now))),
            Err(error) => notify::trouble(&error),
        }
    }

    /// Whether nothing is being done, and nobody waits.
    pub fn is_idle(&self) -> bool {
        let Ok(kept) = self.kept.try_lock() else { return false };
        let works =
            |entry: &Entry| entry.is_open() && !matches!(entry.row.state, State::Pending | State::Preview | State::Uploading);
        let session = kept.session.is_some_and(|until| self.hand().now < until);
        kept.running.is_none() && !session && !kept.book.entries().any(works)
    }
}
