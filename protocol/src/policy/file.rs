//! The file `policy.toml`, strictly: an unknown key, a value out of its bounds or a rule that means nothing refuses the whole.
//!
//! In: the text. Out: the policy, or one sentence with the line. Never: fills in for a key that an auto rule must have.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::field::{Date, Expression, Hours, RuleName, Size, Weekday};
use crate::{
    consent::Level,
    keyset::Severity,
    request::{
        paper::{MAX_SECONDS, Redaction},
        value::Name,
    },
};

/// Most bytes of the file.
pub const MAX_FILE: usize = 64 << 10;
/// Most rules of one kind, and most names in a list.
const MAX_LIST: usize = 1000;
/// Most uses of a rule on one day.
const MAX_PER_DAY: u32 = 1000;
/// Most days that a bundle is kept.
const MAX_KEEP_DAYS: u32 = 3650;

/// The whole policy. An absent file is the default: every request is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The switch.
    pub remote: Remote,
    /// Rules that deny; they go before those that agree.
    pub deny: Vec<Deny>,
    /// Rules that agree, in this order.
    pub auto: Vec<Auto>,
    /// What holds for every request.
    pub limits: Limits,
}

/// The switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// False: the agent does not even poll, and every request is denied.
    pub enabled: bool,
}

/// A rule that denies what meets all of its conditions; one that is not given is met. It has at least one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// Its name.
    pub name: RuleName,
    /// The request's severity is one of these.
    pub severity: Option<Vec<Severity>>,
    /// The request's level is this one or goes further.
    pub level: Option<Level>,
    /// The request's preset is one of these.
    pub presets: Option<Vec<Name>>,
    /// One of these is asked for.
    pub sources: Option<Vec<Name>>,
    /// The case matches.
    pub case: Option<Expression>,
    /// The local day is one of these.
    pub days: Option<Vec<Weekday>>,
    /// The local time is one of these.
    pub hours: Option<Hours>,
}

/// A rule that agrees to what meets all of its conditions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auto {
    /// Its name.
    pub name: RuleName,
    /// The request's severity is one of these.
    pub severity: Vec<Severity>,
    /// Nothing asked for goes further.
    pub level: Level,
    /// The request's preset, if it names one, is one of these.
    pub presets: Vec<Name>,
    /// What is asked for beside the preset is one of these; not given: nothing may be.
    #[serde(default)]
    pub sources: Vec<Name>,
    /// The case matches.
    pub case: Option<Expression>,
    /// The local day is one of these.
    pub days: Option<Vec<Weekday>>,
    /// The local time is one of these.
    pub hours: Option<Hours>,
    /// The request asks for no more.
    pub max_bytes: Size,
    /// So often on one local day.
    pub per_day: u32,
    /// Whether it collects without asking.
    pub collect: Gate,
    /// Whether it sends without asking.
    pub release: Gate,
    /// The last day of the rule, by the host's calendar.
    pub valid_until: Date,
}

/// What a rule does at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Agrees.
    Approve,
    /// Asks a person.
    Ask,
}

/// What holds for every request, whatever the rules say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sources that are never collected for a request.
    pub never: Vec<Name>,
    /// The least redaction.
    pub redaction_floor: Redaction,
    /// Whether somebody else must sign each release.
    pub require_approver_sig: bool,
    /// Days that a bundle is kept after it was sent.
    pub keep_local_days: u32,
    /// Most bytes that a request may ask for.
    pub max_bytes: Size,
    /// Most seconds that a request may ask for.
    pub max_seconds: u64,
}

/// Why a file is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one sentence.
    pub message: String,
}

/// The file as it is spelt, with the places of what is checked as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    remote: Remote,
    #[serde(default)]
    deny: Vec<Spanned<Deny>>,
    #[serde(default)]
    auto: Vec<Spanned<Auto>>,
    limits: Option<Spanned<Limits>>,
}

impl Default for Remote {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            never: Vec::new(),
            redaction_floor: Redaction::default(),
            require_approver_sig: false,
            keep_local_days: 7,
            max_bytes: Size(512 << 20),
            max_seconds: 900,
        }
    }
}

impl Policy {
    /// Reads the text of a file of at most [`MAX_FILE`] bytes.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_FILE {
            return Err(PolicyError { line: 1, message: "a policy has at most 64 KiB".to_owned() });
        }
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| PolicyError {
            line: error.span().map_or(1, |span| line(span.start)),
            message: error.message().to_owned(),
        })?;
        let mut names = BTreeSet::new();
        let deny = file.deny.iter().map(|rule| (rule.span(), Some(&rule.get_ref().name), rule.get_ref().check()));
        let auto = file.auto.iter().map(|rule| (rule.span(), Some(&rule.get_ref().name), rule.get_ref().check()));
        let limits = file.limits.iter().map(|limits| (limits.span(), None, limits.get_ref().check()));
        for (span, name, checked) in deny.chain(auto).chain(limits) {
            let fresh = name.is_none_or(|name| names.insert(name));
            let checked = checked.and(if fresh { Ok(()) } else { Err("two rules have this name") });
            checked.map_err(|message| PolicyError { line: line(span.start), message: message.to_owned() })?;
        }
        Ok(Self {
            remote: file.remote,
            deny: file.deny.into_iter().map(Spanned::into_inner).collect(),
            auto: file.auto.into_iter().map(Spanned::into_inner).collect(),
            limits: file.limits.map(Spanned::into_inner).unwrap_or_default(),
        })
    }
}

impl Deny {
    fn check(&self) -> Result<(), &'static str> {
        let named = [&self.presets, &self.sources].into_iter().flatten();
        let conditions = [
            self.severity.is_some(),
            self.level.is_some(),
            self.presets.is_some(),
            self.sources.is_some(),
            self.case.is_some(),
            self.days.is_some(),
            self.hours.is_some(),
        ];
        if !conditions.contains(&true) {
            Err("a deny rule needs a condition; to deny everything, set enabled = false under [remote]")
        } else if self.severity.as_ref().is_some_and(|list| !is_set(list)) {
            Err("severity lists each severity once, and at least one")
        } else if self.days.as_ref().is_some_and(|list| !is_set(list)) {
            Err("days lists each day once, and at least one")
        } else if named.into_iter().any(|list| !is_set(list)) {
            Err("presets and sources list each name once, at least one and at most 1000")
        } else {
            Ok(())
        }
    }
}

impl Auto {
    fn check(&self) -> Result<(), &'static str> {
        if !is_set(&self.severity) {
            Err("severity lists each severity once, and at least one")
        } else if self.days.as_ref().is_some_and(|list| !is_set(list)) {
            Err("days lists each day once, and at least one")
        } else if [&self.presets, &self.sources].into_iter().any(|list| !list.is_empty() && !is_set(list)) {
            Err("presets and sources list each name once, and at most 1000")
        } else if self.presets.is_empty() && self.sources.is_empty() {
            Err("an auto rule names presets or sources")
        } else if !(1..=MAX_PER_DAY).contains(&self.per_day) {
            Err("per_day is between 1 and 1000")
        } else if self.release == Gate::Approve && self.level != Level::Basic {
            Err("release = \"approve\" is for level basic only")
        } else if (self.collect, self.release) == (Gate::Ask, Gate::Ask) {
            Err("a rule that asks at both gates is no auto rule: without it, everything is asked")
        } else {
            Ok(())
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), &'static str> {
        if !self.never.is_empty() && !is_set(&self.never) {
            Err("never lists each source once, and at most 1000")
        } else if self.keep_local_days > MAX_KEEP_DAYS {
            Err("keep_local_days is at most 3650")
        } else if !(1..=MAX_SECONDS).contains(&self.max_seconds) {
            Err("max_seconds is between 1 and 3600")
        } else {
            Ok(())
        }
    }
}

/// Whether a list has 1 to [`MAX_LIST`] entries, each once.
fn is_set<T: Ord>(list: &[T]) -> bool {
    (1..=MAX_LIST).contains(&list.len()) && list.iter().collect::<BTreeSet<_>>().len() == list.len()
}
