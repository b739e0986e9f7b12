//! What the policy says to one request at one moment, and why.
//!
//! In: the policy, a verified request, and the facts of the moment. Out: the verdict, and one row for each rule with the first
//! condition that it does not meet. Never: looks at anything else, so the same input always gives the same verdict.

use std::collections::BTreeMap;

use super::{
    field::{Date, Expression, Hours, Local, RuleName, Weekday},
    file::{Auto, Deny, Gate, Limits, Policy},
};
use crate::{
    consent::Level,
    request::{paper::Request, value::Name},
    time::Time,
};

/// A rule counts for at most so many days ahead: those of a leap year.
pub const MAX_DAYS_AHEAD: i64 = 366;

/// A source that answering the request would read, or whose items are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Its id.
    pub source: Name,
    /// The level that is needed to ask for it.
    pub level: Level,
    /// Whether it belongs to the request's preset.
    pub by_preset: bool,
}

/// What the host knows at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The time on the wall.
    pub local: Local,
    /// Whether the clock can be trusted: `request::verify` says it.
    pub clock_trusted: bool,
    /// How often each rule agreed on this local day.
    pub uses: &'a BTreeMap<RuleName, u32>,
    /// The sources that are meant.
    pub reach: &'a [Reach],
}

/// What the policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request is refused.
    Deny,
    /// A rule agrees at one gate or both.
    Auto {
        /// The rule.
        rule: RuleName,
        /// Whether to collect without asking.
        collect: Gate,
        /// Whether to send without asking.
        release: Gate,
        /// The rule's last second, for the receipt.
        valid_until: Time,
    },
    /// A person decides.
    Ask,
}

/// What a row of the explanation is about, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `[remote] enabled = false`: denies.
    Remote,
    /// `never`: denies a request that names such a source itself; a preset goes without it.
    Never,
    /// `max_bytes` of `[limits]`: denies what asks for more.
    MaxBytes,
    /// `max_seconds` of `[limits]`: denies what asks for more.
    MaxSeconds,
    /// A rule that denies.
    Deny(RuleName),
    /// A rule that agrees.
    Auto(RuleName),
}

/// One row of the explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The rule.
    pub rule: Rule,
    /// The first condition that the request does not meet; none if the rule applies.
    pub missed: Option<Miss>,
}

/// A condition that is not met. The words are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Miss {
    /// The rule of the switch or of a limit is not broken.
    Kept,
    /// The clock cannot be trusted.
    Clock,
    /// The rule's last day is over.
    Over,
    /// The rule's last day is more than a year ahead.
    TooFarAhead,
    /// Another severity.
    Severity,
    /// Another level.
    Level,
    /// Another preset.
    Preset,
    /// Other sources.
    Sources,
    /// Another case.
    Case,
    /// Another day of the week.
    Days,
    /// Another hour.
    Hours,
    /// More bytes.
    MaxBytes,
    /// It agreed often enough today.
    PerDay,
}

/// The verdict and its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The verdict.
    pub verdict: Verdict,
    /// One row for each rule, in order of precedence.
    pub rows: Vec<Row>,
}

impl Miss {
    /// The word for explanations.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Clock => "clock",
            Self::Over => "over",
            Self::TooFarAhead => "too_far_ahead",
            Self::Severity => "severity",
            Self::Level => "level",
            Self::Preset => "preset",
            Self::Sources => "sources",
            Self::Case => "case",
            Self::Days => "days",
            Self::Hours => "hours",
            Self::MaxBytes => "max_bytes",
            Self::PerDay => "per_day",
        }
    }
}

impl Policy {
    /// What the policy says to a request that `request::verify` let pass and that fits the catalogue.
    pub fn decide(&self, request: &Request, facts: Facts<'_>) -> Explained {
        let limits = &self.limits;
        let fixed = [
            (Rule::Remote, !self.remote.enabled),
            (Rule::Never, facts.reach.iter().any(|reach| !reach.by_preset && limits.never.contains(&reach.source))),
            (Rule::MaxBytes, request.max_bytes > limits.max_bytes.0),
            (Rule::MaxSeconds, request.max_seconds > limits.max_seconds),
        ];
        let fixed = fixed.into_iter().map(|(rule, broken)| Row { rule, missed: (!broken).then_some(Miss::Kept) });
        let deny = self.deny.iter().map(|rule| Row { rule: Rule::Deny(rule.name.clone()), missed: rule.misses(request, facts) });
        let denials: Vec<Row> = fixed.chain(deny).collect();
        let autos: Vec<Option<Miss>> = self.auto.iter().map(|rule| rule.misses(request, facts, limits)).collect();

        let agrees = self.auto.iter().zip(&autos).find(|(_, missed)| missed.is_none()).map(|(rule, _)| rule);
        let verdict = match agrees {
            _ if denials.iter().any(|row| row.missed.is_none()) => Verdict::Deny,
            Some(rule) => rule.agree(facts, limits),
            None => Verdict::Ask,
        };
        let auto = self.auto.iter().zip(autos).map(|(rule, missed)| Row { rule: Rule::Auto(rule.name.clone()), missed });
        Explained { verdict, rows: denials.into_iter().chain(auto).collect() }
    }
}

impl Deny {
    fn misses(&self, request: &Request, facts: Facts<'_>) -> Option<Miss> {
        let preset = |presets: &Vec<Name>| request.scope.preset.as_ref().is_some_and(|preset| presets.contains(preset));
        let source = |sources: &Vec<Name>| facts.reach.iter().any(|reach| sources.contains(&reach.source));
        // A clock that is wrong must not open the hours that are closed.
        let timed = facts.clock_trusted;
        first(&[
            (self.severity.as_ref().is_none_or(|list| list.contains(&request.severity)), Miss::Severity),
            (self.level.is_none_or(|level| furthest(request, facts.reach) >= level), Miss::Level),
            (self.presets.as_ref().is_none_or(preset), Miss::Preset),
            (self.sources.as_ref().is_none_or(source), Miss::Sources),
            (fits_case(self.case.as_ref(), request), Miss::Case),
            (!timed || fits_day(self.days.as_ref(), facts.local), Miss::Days),
            (!timed || fits_hour(self.hours, facts.local), Miss::Hours),
        ])
    }
}

impl Auto {
    /// Why the rule does not count on this day, whatever is asked.
    pub fn missed_on(&self, today: Date) -> Option<Miss> {
        let days = today.days_to(self.valid_until);
        first(&[(days >= 0, Miss::Over), (days <= MAX_DAYS_AHEAD, Miss::TooFarAhead)])
    }

    fn misses(&self, request: &Request, facts: Facts<'_>, limits: &Limits) -> Option<Miss> {
        let local = facts.local;
        let preset = request.scope.preset.as_ref();
        // What a preset goes without does not count.
        let left: Vec<_> = facts.reach.iter().filter(|reach| !limits.never.contains(&reach.source)).cloned().collect();
        let conditions = [
            (self.severity.contains(&request.severity), Miss::Severity),
            (furthest(request, &left) <= self.level, Miss::Level),
            (preset.is_none_or(|preset| self.presets.contains(preset)), Miss::Preset),
            (left.iter().all(|reach| reach.by_preset || self.sources.contains(&reach.source)), Miss::Sources),
            (fits_case(self.case.as_ref(), request), Miss::Case),
            (fits_day(self.days.as_ref(), local), Miss::Days),
            (fits_hour(self.hours, local), Miss::Hours),
            (request.max_bytes <= self.max_bytes.0, Miss::MaxBytes),
            (facts.uses.get(&self.name).is_none_or(|uses| *uses < self.per_day), Miss::PerDay),
        ];
        let clock = (!facts.clock_trusted).then_some(Miss::Clock);
        clock.or_else(|| self.missed_on(local.date())).or_else(|| first(&conditions))
    }

    /// A release that somebody must sign cannot be a rule's; then a rule that asks before it collects agrees to nothing.
    fn agree(&self, facts: Facts<'_>, limits: &Limits) -> Verdict {
        let release = if limits.require_approver_sig { Gate::Ask } else { self.release };
        if (self.collect, release) == (Gate::Ask, Gate::Ask) {
            return Verdict::Ask;
        }
        let valid_until = self.valid_until.last_second(facts.local.utc_offset);
        Verdict::Auto { rule: self.name.clone(), collect: self.collect, release, valid_until }
    }
}

/// The furthest level of the request and of what it reaches.
fn furthest(request: &Request, reach: &[Reach]) -> Level {
    reach.iter().map(|reach| reach.level).fold(request.scope.level, Level::max)
}

fn fits_case(case: Option<&Expression>, request: &Request) -> bool {
    case.is_none_or(|case| case.matches(request.case.as_str()))
}

fn fits_day(days: Option<&Vec<Weekday>>, local: Local) -> bool {
    days.is_none_or(|days| days.contains(&local.weekday()))
}

fn fits_hour(hours: Option<Hours>, local: Local) -> bool {
    hours.is_none_or(|hours| hours.holds(local))
}

fn first(conditions: &[(bool, Miss)]) -> Option<Miss> {
    conditions.iter().find(|(met, _)| !met).map(|(_, miss)| *miss)
}
