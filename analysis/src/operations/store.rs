//! The records of one member, in bounded memory.
//!
//! In: operations in the order of their lines. Out: [`Records`] for `merge`. Repeats are folded as they come; when a
//! member has too many, the oldest of its most frequent kind go, and are counted.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use jiff::Timestamp;

use super::{OperationKind, OperationResult};
use crate::cut;

/// Records kept of one member.
const MOST: usize = 2000;
/// Bytes of text kept of one member.
const TEXT: usize = 512 << 10;
/// Line ranges kept of one record.
pub(super) const RANGES: usize = 10;
/// Bytes of `what` that are kept.
const WHAT: usize = 400;
/// Bytes of a name or an address that are kept.
const NAME: usize = 120;
/// A line about an earlier record is about one of so many.
const RECENT: usize = 64;
/// Accounts known by number.
const ACCOUNTS: usize = 4096;

/// Names of accounts by their number, from `etc/passwd`.
pub(super) type Accounts = BTreeMap<u32, String>;

/// What one member tells of operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    pub(super) list: Vec<Record>,
    pub(super) left_out: BTreeMap<OperationKind, u64>,
    pub(super) accounts: Accounts,
}

/// One operation as one member has it, or repeats of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub time: Option<Timestamp>,
    pub kind: OperationKind,
    pub who: Option<String>,
    pub from: Option<String>,
    pub run_as: Option<String>,
    pub what: String,
    pub result: Option<OperationResult>,
    pub last: Option<Timestamp>,
    pub count: u64,
    pub ranges: Vec<(u64, u64)>,
    /// Which row of ours told it: two rows may tell of one operation.
    pub teller: &'static str,
}

impl Record {
    /// An operation seen once, at `line`.
    pub(super) fn new(kind: OperationKind, time: Option<Timestamp>, line: u64, teller: &'static str) -> Self {
        Self {
            time,
            kind,
            who: None,
            from: None,
            run_as: None,
            what: String::new(),
            result: None,
            last: time,
            count: 1,
            ranges: vec![(line, line)],
            teller,
        }
    }

    /// With the account that did it.
    pub(super) fn by(self, who: Option<&str>) -> Self {
        Self { who: name(who), ..self }
    }

    /// With address or terminal.
    pub(super) fn from(self, from: Option<&str>) -> Self {
        Self { from: name(from), ..self }
    }

    /// With the account whose rights were used.
    pub(super) fn run_as(self, account: Option<&str>) -> Self {
        Self { run_as: name(account), ..self }
    }

    /// With what was done.
    pub(super) fn what(self, what: &str) -> Self {
        Self { what: cut::limited(&visible(what), WHAT), ..self }
    }

    /// With how it ended.
    pub(super) fn ended(self, result: Option<OperationResult>) -> Self {
        Self { result, ..self }
    }

    /// What repeats have in common. Failed logins are told apart by where they come from: guessers try many names.
    pub(super) fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let who = if self.kind == OperationKind::LoginFailed && self.from.is_some() { &None } else { &self.who };
        (self.kind, who, &self.from, &self.run_as, self.result, canonical(self.kind, &self.what)).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether a repeat at `time` belongs to this record.
    pub(super) fn near(&self, time: Option<Timestamp>) -> bool {
        match (self.time, self.last, time) {
            (Some(first), Some(last), Some(time)) => {
                let (gap, time) = (self.kind.gap(), time.as_second());
                time >= first.as_second() - gap && time <= last.as_second() + gap
            }
            (None, _, None) => true,
            _ => false,
        }
    }

    /// Takes in a repeat's times and, where several tried, forgets the name.
    pub(super) fn extend(&mut self, other: &Self) {
        self.time = self.time.min(other.time.or(self.time));
        self.last = self.last.max(other.last);
        if self.who != other.who {
            self.who = None;
        }
    }

    /// Adds places, joining those that touch.
    fn place(&mut self, ranges: &[(u64, u64)]) {
        for range in ranges {
            let room = self.ranges.len() < RANGES;
            match self.ranges.last_mut() {
                Some(last) if last.1 + 1 == range.0 => last.1 = range.1,
                _ if room => self.ranges.push(*range),
                _ => {}
            }
        }
    }

    fn bytes(&self) -> usize {
        self.what.len() + [&self.who, &self.from, &self.run_as].into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// How `what` is compared: systemd says `Started dnf makecache.` of the unit that the audit log calls `dnf-makecache`, and
/// a command is the same with and without its folder.
pub(super) fn canonical(kind: OperationKind, what: &str) -> String {
    match kind {
        OperationKind::Unit => what.trim_end_matches('.').replace(".service", "").replace('-', " ").to_lowercase(),
        OperationKind::Sudo | OperationKind::Command => {
            let (program, rest) = what.split_once(' ').unwrap_or((what, ""));
            format!("{} {rest}", program.rsplit('/').next().unwrap_or(program)).replace(['"', '\'', '\\'], "")
        }
        _ => what.to_owned(),
    }
}

fn name(text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty() && *text != "?")?;
    Some(cut::limited(&visible(text), NAME))
}

fn visible(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One kind's records, the oldest in front.
#[derive(Debug, Default)]
struct Shelf {
    records: VecDeque<Record>,
    /// How many were dropped at the front.
    gone: usize,
    /// The newest record of each key, by its number since the beginning.
    newest: HashMap<u64, usize>,
}

/// Collects the records of one member.
#[derive(Debug, Default)]
pub(super) struct Store {
    shelves: BTreeMap<OperationKind, Shelf>,
    records: usize,
    text: usize,
    left_out: BTreeMap<OperationKind, u64>,
    accounts: Accounts,
}

impl Store {
    /// Adds one operation, or counts it to a recent one like it.
    pub(super) fn add(&mut self, record: Record) {
        let shelf = self.shelves.entry(record.kind).or_default();
        let key = record.key();
        let known = shelf.newest.get(&key).and_then(|number| number.checked_sub(shelf.gone));
        if let Some(known) = known.and_then(|at| shelf.records.get_mut(at)).filter(|known| known.near(record.time)) {
            known.count = known.count.saturating_add(record.count);
            known.extend(&record);
            known.place(&record.ranges);
            return;
        }
        self.records += 1;
        self.text += record.bytes();
        shelf.newest.insert(key, shelf.gone + shelf.records.len());
        shelf.records.push_back(record);
        while self.records > MOST || self.text > TEXT {
            self.drop_one();
        }
    }

    /// Adds the place of a second line about the newest record of a kind and an account.
    pub(super) fn confirm(&mut self, second: &Record) {
        let newest = self
            .shelves
            .get_mut(&second.kind)
            .and_then(|shelf| shelf.records.iter_mut().rev().take(RECENT).find(|known| known.who == second.who));
        if let Some(known) = newest.filter(|known| known.near(second.time)) {
            known.place(&second.ranges);
        }
    }

    /// Says how the newest record of a kind ended, when nothing did yet.
    pub(super) fn ended(&mut self, how: &Record) {
        let newest = self
            .shelves
            .get_mut(&how.kind)
            .and_then(|shelf| shelf.records.iter_mut().rev().take(RECENT).find(|known| known.result.is_none()));
        if let Some(known) = newest.filter(|known| known.time <= how.time) {
            known.result = how.result;
        }
    }

    /// Remembers the name of an account.
    pub(super) fn account(&mut self, number: u32, name: &str) {
        if self.accounts.len() < ACCOUNTS {
            self.accounts.entry(number).or_insert_with(|| cut::limited(name, NAME));
        }
    }

    /// Drops the oldest record of the most frequent kind.
    fn drop_one(&mut self) {
        let Some(shelf) = self.shelves.values_mut().max_by_key(|shelf| shelf.records.len()) else { return };
        let Some(record) = shelf.records.pop_front() else { return };
        let key = record.key();
        if shelf.newest.get(&key) == Some(&shelf.gone) {
            shelf.newest.remove(&key);
        }
        shelf.gone += 1;
        self.records -= 1;
        self.text -= record.bytes().min(self.text);
        *self.left_out.entry(record.kind).or_default() += record.count;
    }

    /// Ends the member.
    pub(super) fn finish(self) -> Records {
        let list = self.shelves.into_values().flat_map(|shelf| shelf.records).collect();
        Records { list, left_out: self.left_out, accounts: self.accounts }
    }
}
