//! A log, and the window of time that is wanted of it.
//!
//! In: an open log and the window. Out: a member with the lines of the window, or the reason why there is none. Of a log
//! that is wanted whole: the years its stamps are of.

use std::{
    cell::Cell,
    io::{self, Seek as _},
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use oediag_protocol::bundle::manifest::{Item, Kept, Outcome, Reason, Truncated, Within};

use super::{
    lane::{Run, Summary, summary},
    member::{Capped, Member, Tools},
    worker::Form,
};
use crate::{
    bundle::writer::Refused,
    catalogue::Source,
    host::{OpenFile, Refusal},
    item, plan,
    window::{self, Found, Part, Question, Window},
};

/// One log to be read.
pub(super) struct Log<'a> {
    /// The task it belongs to.
    pub task: usize,
    /// The row.
    pub source: &'static Source,
    /// Path on the host.
    pub path: &'a Path,
    /// The window; without ends, all of it is wanted.
    pub window: Window,
    /// Most bytes of it.
    pub cap: u64,
    /// What limits it to so much.
    pub why: Reason,
    /// Whether it is compressed.
    pub form: Form,
    /// When its reading began.
    pub started: Instant,
}

impl Log<'_> {
    /// Looks for the window in it, and goes back to its beginning.
    pub(super) fn look(&self, open: &mut OpenFile, run: &Run<'_>, tools: &Tools<'_>) -> Result<Found, Refusal> {
        let found = self.ask(open.mtime, run, tools, |question| {
            let size = open.size;
            let found = window::look(open, size, question)?;
            open.rewind()?;
            Ok(found)
        });
        found.map_err(|error| self.refusal(&error, tools))
    }

    /// Looks at a plain log for the years of its stamps, and goes back to its beginning. What cannot be read is met again
    /// by who reads it.
    pub(super) fn start(&self, open: &mut OpenFile, run: &Run<'_>, tools: &Tools<'_>) -> Option<Timestamp> {
        let start = self.ask(open.mtime, run, tools, |question| {
            let size = open.size;
            let start = window::start(open, size, size.saturating_sub(self.cap), question);
            open.rewind()?;
            start
        });
        start.unwrap_or_default()
    }

    fn ask<T>(&self, changed: Timestamp, run: &Run<'_>, tools: &Tools<'_>, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let deadline = self.deadline(run);
        ask(&Question {
            path: &self.path.to_string_lossy(),
            window: self.window,
            changed,
            context: tools.context,
            cap: self.cap,
            packing: self.form.packing(),
            go_on: &|| Instant::now() < deadline && !tools.cancel.is_cancelled(),
        })
    }

    fn refusal(&self, error: &io::Error, tools: &Tools<'_>) -> Refusal {
        use io::ErrorKind::{InvalidData, InvalidInput, TimedOut, UnexpectedEof};
        let reason = match error.kind() {
            TimedOut if tools.cancel.is_cancelled() => item::why_cancelled(tools.cancel),
            TimedOut => Reason::TimeLimit,
            InvalidData | InvalidInput | UnexpectedEof if self.form != Form::Plain => Reason::BadArchive,
            _ => Reason::ReadError,
        };
        let error = if error.kind() == TimedOut { Vec::new() } else { vec![error.to_string()] };
        Refusal { reason, error }
    }

    fn deadline(&self, run: &Run<'_>) -> Instant {
        let time: Duration = self.source.time(run.limits.item_bytes);
        self.started + time
    }
}

impl Run<'_> {
    /// Reads the lines of the window into a member.
    pub(super) fn part(
        &self,
        log: &Log<'_>,
        part: &Part,
        open: OpenFile,
        path: String,
        mut row: Item,
        tools: &mut Tools<'_>,
    ) -> Result<Summary, Refused> {
        let latest = window::latest(open.mtime, self.host.now());
        row.window = Some(Within { applied: true, line_offset: part.line_offset });
        if let Some(how) = part.cut {
            row.truncated = Some(Truncated { how, limit: log.cap, line_offset: None });
            (row.outcome, row.reason) = (Outcome::Truncated, Some(log.why));
        }
        let shrank = open.shrank();
        let lines = match part.reader(open, log.form.packing()) {
            Ok(lines) => lines,
            Err(error) => return Self::absent(log.task, log.source, Some(log.path), &log.refusal(&error, tools), tools),
        };
        let hit = Cell::new(false);
        let member = Member {
            task: log.task,
            path,
            host_path: plan::bytes(log.path),
            form: log.form,
            until: log.deadline(self),
            latest,
            start: part.start,
            item: row,
        };
        let item = tools.stream(member, Capped::new(lines, log.cap, &hit), |row| {
            self.took(row, log.started);
            if hit.get() {
                row.truncated.get_or_insert(Truncated { how: Kept::Head, limit: log.cap, line_offset: None });
                (row.outcome, row.reason) = (Outcome::Truncated, Some(log.why));
            }
            if shrank.load(Ordering::Relaxed) {
                (row.outcome, row.reason) = (Outcome::Truncated, Some(Reason::Changed));
            }
        })?;
        Ok(summary(&item))
    }
}
