//! The records of all members become one list, oldest first.
//!
//! In: [`Records`] of every member with its path, in any order. Out: operations and the counts of what found no room, the same
//! for every order. What two members tell of one operation is one record with both places.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Operation, OperationKind,
    store::{Accounts, RANGES, Record, Records, canonical},
};
use crate::alerts::Evidence;

/// Records kept.
const MOST: usize = 5000;
/// So many records are looked at for one that tells of the same operation.
const BACK: usize = 64;

/// One operation in the making.
#[derive(Debug)]
struct Merged {
    record: Record,
    /// Members and rows that told it.
    tellers: BTreeSet<(String, &'static str)>,
    evidence: BTreeSet<Evidence>,
}

/// Draws up the list.
pub(crate) fn merge(members: Vec<(String, Records)>, zone: &TimeZone) -> (Vec<Operation>, BTreeMap<OperationKind, u64>) {
    let mut left_out: BTreeMap<OperationKind, u64> = BTreeMap::new();
    let mut accounts = Accounts::from([(0, "root".to_owned())]);
    let mut told: Vec<(Record, String)> = Vec::new();
    for (path, records) in members {
        for (kind, count) in records.left_out {
            *left_out.entry(kind).or_default() += count;
        }
        accounts.extend(records.accounts);
        told.extend(records.list.into_iter().map(|record| (record, path.clone())));
    }
    for (record, _) in &mut told {
        let number = record.who.as_deref().and_then(|who| who.parse().ok());
        if let Some(name) = number.and_then(|number| accounts.get(&number)) {
            record.who = Some(name.clone());
        }
    }
    told.sort();
    let mut list: Vec<Merged> = Vec::new();
    let mut newest: HashMap<u64, usize> = HashMap::new();
    for (record, path) in told {
        let key = record.key();
        let same = newest.get(&key).copied().filter(|at| list[*at].record.near(record.time));
        let twin = same.or_else(|| {
            let recent = list.iter().enumerate().rev().take(BACK);
            recent.into_iter().find(|(_, known)| known.is_told_by(&record, &path)).map(|(at, _)| at)
        });
        if let Some(at) = twin {
            newest.insert(key, at);
            list[at].join(&record, path);
        } else {
            newest.insert(key, list.len());
            list.push(Merged::new(record, path));
        }
    }
    keep(&mut list, &mut left_out);
    list.sort_by(|a, b| a.record.cmp(&b.record));
    (list.into_iter().map(|merged| merged.operation(zone)).collect(), left_out)
}

/// Drops the oldest of the most frequent kinds, so that what is rare is not pushed out by what is not.
fn keep(list: &mut Vec<Merged>, left_out: &mut BTreeMap<OperationKind, u64>) {
    if list.len() <= MOST {
        return;
    }
    let mut counts: BTreeMap<OperationKind, usize> = BTreeMap::new();
    for merged in &*list {
        *counts.entry(merged.record.kind).or_default() += 1;
    }
    // The largest number per kind with which all fit.
    let fits = |most: usize| counts.values().map(|count| *count.min(&most)).sum::<usize>() <= MOST;
    let most = (0..=MOST).rev().find(|most| fits(*most)).unwrap_or(0);
    let mut surplus: BTreeMap<OperationKind, usize> =
        counts.iter().map(|(kind, count)| (*kind, count.saturating_sub(most))).collect();
    list.retain(|merged| {
        let kind = merged.record.kind;
        let drop = surplus.get_mut(&kind).filter(|surplus| **surplus > 0);
        let Some(surplus) = drop else { return true };
        *surplus -= 1;
        *left_out.entry(kind).or_default() += merged.record.count;
        false
    });
}

/// Kinds that may tell of one operation.
fn class(kind: OperationKind) -> OperationKind {
    if kind == OperationKind::Command { OperationKind::Sudo } else { kind }
}

/// Nothing, or the same.
fn agrees(a: Option<&String>, b: Option<&String>) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// Terminal and address are two answers to one question.
fn is_terminal(from: Option<&String>) -> bool {
    from.is_some_and(|from| from.starts_with("pts/") || from.starts_with("tty"))
}

impl Merged {
    fn new(record: Record, path: String) -> Self {
        let evidence = record.ranges.iter().map(|(line, end)| Evidence { path: path.clone(), line: *line, end: *end }).collect();
        Self { tellers: BTreeSet::from([(path, record.teller)]), evidence, record }
    }

    /// Whether `other`, of another member or another row of ours, tells of this very operation.
    fn is_told_by(&self, other: &Record, path: &str) -> bool {
        let known = &self.record;
        let (Some(one), Some(two)) = (known.time, other.time) else { return false };
        if class(known.kind) != class(other.kind)
            || (two.as_second() - one.as_second()).abs() > known.kind.slack()
            || self.tellers.contains(&(path.to_owned(), other.teller))
        {
            return false;
        }
        let (who, from) = (agrees(known.who.as_ref(), other.who.as_ref()), agrees(known.from.as_ref(), other.from.as_ref()));
        let places = is_terminal(known.from.as_ref()) != is_terminal(other.from.as_ref());
        let what = || canonical(known.kind, &known.what) == canonical(other.kind, &other.what);
        let ended = known.result.is_none() || other.result.is_none() || known.result == other.result;
        match class(known.kind) {
            OperationKind::Login | OperationKind::LoginFailed | OperationKind::Logout => who && (from || places),
            OperationKind::Sudo => who && ended && what(),
            OperationKind::Reboot | OperationKind::Shutdown => true,
            OperationKind::Crash => false,
            OperationKind::Su => who && ended && agrees(known.run_as.as_ref(), other.run_as.as_ref()),
            OperationKind::Account => who && names_the_same(&known.what, &other.what),
            _ => who && what(),
        }
    }

    /// Takes in a repeat, or what another member tells of the same.
    fn join(&mut self, other: &Record, path: String) {
        let (known, teller) = (&mut self.record, other.teller);
        let overlaps = match (known.last, other.time) {
            (Some(last), Some(time)) => time.as_second() <= last.as_second() + known.kind.slack(),
            _ => true,
        };
        let again = self.tellers.contains(&(path.clone(), teller)) || !overlaps;
        known.count = if again { known.count.saturating_add(other.count) } else { known.count.max(other.count) };
        known.extend_with(other);
        self.evidence.extend(other.ranges.iter().map(|(line, end)| Evidence { path: path.clone(), line: *line, end: *end }));
        self.tellers.insert((path, teller));
    }

    fn operation(self, zone: &TimeZone) -> Operation {
        let Record { time: first, last, count, kind, who, from, run_as, what, result, .. } = self.record;
        let time = |moment: Option<Timestamp>| {
            moment.map(|moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        };
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let members = self.tellers.iter().map(|(path, _)| path).collect::<BTreeSet<_>>().len().max(1);
        for one in &self.evidence {
            let count = seen.entry(&one.path).or_default();
            *count += 1;
            if *count <= (RANGES / members).max(1) && evidence.len() < RANGES {
                evidence.push(one.clone());
            }
        }
        Operation { time: time(first), last: time(last), count, kind, who, from, run_as, what, result, evidence }
    }
}

impl Record {
    /// Takes from `other` what this record does not know.
    fn extend_with(&mut self, other: &Self) {
        let (who, what) = (self.who.clone(), self.what.clone());
        self.extend(other);
        if self.kind != OperationKind::LoginFailed || other.who.is_none() || who == other.who {
            self.who = who.or_else(|| other.who.clone());
        }
        // sudo's own line says more than the command that it started.
        if self.kind == OperationKind::Command && other.kind == OperationKind::Sudo {
            (self.kind, self.what) = (other.kind, other.what.clone());
        } else if other.kind == self.kind && other.what.len() > what.len() && self.kind != OperationKind::Unit {
            self.what.clone_from(&other.what);
        }
        if is_terminal(self.from.as_ref()) && other.from.is_some() && !is_terminal(other.from.as_ref()) || self.from.is_none() {
            self.from.clone_from(&other.from);
        }
        self.run_as = self.run_as.take().or_else(|| other.run_as.clone());
        self.result = self.result.or(other.result);
    }
}

/// Whether two statements about accounts share a name or a number.
fn names_the_same(one: &str, other: &str) -> bool {
    const WORDS: [&str; 12] =
        ["new", "user", "group", "adding", "added", "add", "uid", "gid", "password", "changed", "change", "removed"];
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').map(str::to_lowercase);
        words.filter(|word| word.len() >= 3 && !WORDS.contains(&word.as_str())).collect()
    };
    !words(one).is_disjoint(&words(other))
}
