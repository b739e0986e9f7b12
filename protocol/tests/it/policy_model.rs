//! T21: a thousand generated policies, requests and moments, judged by the product and by a table model that shares no code with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use oediag_protocol::{
    consent::Level,
    keyset::Severity,
    policy::{
        field::Local,
        file::{Gate, Policy},
        verdict::{Facts, Verdict},
    },
    request::paper::Request,
    time::Time,
};
use proptest::{
    collection::vec, option::weighted, prelude::*, sample::select, strategy::ValueTree as _, test_runner::TestRunner,
};

use crate::{
    papers::line,
    policy::{reach, rule},
    request_papers::{DAY, name, request},
};

const SEVERITIES: [(&str, Severity); 4] =
    [("P1", Severity::P1), ("P2", Severity::P2), ("P3", Severity::P3), ("P4", Severity::P4)];
const LEVELS: [(&str, Level); 2] = [("basic", Level::Basic), ("extended", Level::Extended)];
const PRESETS: [&str; 3] = ["quick", "perf", "disk"];
/// The first belongs to every preset, the others are named; the last one needs level extended.
const SOURCES: [&str; 3] = ["kernel.dmesg", "logs.messages", "crash.core"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const CASES: [&str; 3] = ["INC-1", "REQ-1", "XINC-1"];
/// Expressions, and which cases they match.
const EXPRESSIONS: [(&str, [bool; 3]); 3] =
    [("^INC-[0-9]+$", [true, false, false]), ("INC", [true, false, true]), ("^REQ", [false, true, false])];
/// Minutes of the day.
const MINUTES: [i64; 6] = [0, 359, 360, 480, 1079, 1080];
/// Hours, and which minutes they hold.
const HOURS: [(&str, [bool; 6]); 3] = [
    ("00:00-24:00", [true; 6]),
    ("08:00-18:00", [false, false, false, true, true, false]),
    ("18:00-06:00", [true, true, false, false, false, true]),
];
/// Days from the moment to a rule's last one, and whether the rule counts.
const UNTIL: [(i64, bool); 6] = [(-1, false), (0, true), (30, true), (300, true), (366, true), (367, false)];
const OFFSETS: [i32; 3] = [-5 * 3600, 0, 8 * 3600];
const GATES: [(&str, Gate); 2] = [("approve", Gate::Approve), ("ask", Gate::Ask)];
/// 2026-11-23, a Monday.
const MONDAY: i64 = 20_780;

/// Places in the tables above, or bits for them.
#[derive(Debug, Clone)]
struct DenyRow {
    severity: Option<usize>,
    level: Option<usize>,
    preset: Option<usize>,
    source: Option<usize>,
    case: Option<usize>,
    days: Option<usize>,
    hours: Option<usize>,
}

#[derive(Debug, Clone)]
struct AutoRow {
    severity: usize,
    level: usize,
    presets: usize,
    sources: usize,
    case: Option<usize>,
    days: Option<usize>,
    hours: Option<usize>,
    mib: u64,
    per_day: u32,
    gates: usize,
    until: usize,
    uses: u32,
}

#[derive(Debug, Clone)]
struct Trial {
    enabled: bool,
    never: usize,
    limit_mib: u64,
    limit_seconds: u64,
    approver: bool,
    deny: Vec<DenyRow>,
    auto: Vec<AutoRow>,
    severity: usize,
    level: usize,
    preset: Option<usize>,
    named: usize,
    case: usize,
    mib: u64,
    day: usize,
    minute: usize,
    offset: usize,
    trusted: bool,
}

fn deny_rows() -> impl Strategy<Value = DenyRow> {
    let one = |of: usize| weighted(0.4, 0..of);
    (0..4_usize, one(2), one(3), one(3), one(3), weighted(0.4, 1..128_usize), one(3)).prop_map(
        |(severity, level, preset, source, case, days, hours)| {
            // Without another condition it needs this one.
            let bare = [level, preset, source, case, days, hours].iter().all(Option::is_none);
            let severity = (bare || severity < 2).then_some(severity);
            DenyRow { severity, level, preset, source, case, days, hours }
        },
    )
}

fn auto_rows() -> impl Strategy<Value = AutoRow> {
    let asked = (1..16_usize, 0..2_usize, 1..8_usize, 0..8_usize, weighted(0.3, 0..3_usize));
    let time = (weighted(0.3, 1..128_usize), weighted(0.4, 0..3_usize), 0..6_usize);
    let much = (2..5_u64, 1..4_u32, 0..3_usize, 0..3_u32);
    (asked, time, much).prop_map(|(asked, (days, hours, until), (mib, per_day, gates, uses))| {
        let (severity, level, presets, sources, case) = asked;
        // Sending without asking is for basic only: then the gates are approve and ask.
        let gates = if level == 0 { gates } else { 1 };
        AutoRow {
            severity: severity | 6,
            level,
            presets: presets | 2,
            sources: sources | 2,
            case,
            days,
            hours,
            mib,
            per_day,
            gates,
            until,
            uses,
        }
    })
}

fn trials() -> impl Strategy<Value = Trial> {
    let limits = (weighted(0.1, Just(())), weighted(0.2, 1..8_usize), 2..5_u64, weighted(0.1, Just(())), any::<bool>());
    let asked = (0..4_usize, 0..8_usize, weighted(0.8, 0..3_usize), select(vec![0, 0, 2, 2, 2, 4, 6]), 0..3_usize, 1..4_u64);
    let time = (0..7_usize, 0..6_usize, 0..3_usize, weighted(0.9, Just(())));
    (limits, vec(deny_rows(), 0..2), vec(auto_rows(), 0..5), asked, time).prop_map(|(limits, deny, auto, asked, time)| {
        let (off, never, limit_mib, slow, approver) = limits;
        let (severity, level, preset, named, case, mib) = asked;
        let (day, minute, offset, trusted) = time;
        Trial {
            enabled: off.is_none(),
            never: never.unwrap_or(0),
            limit_mib,
            limit_seconds: if slow.is_some() { 599 } else { 600 },
            approver,
            deny,
            auto,
            severity,
            level: usize::from(level == 0),
            preset,
            // Without a preset something must be named.
            named: if preset.is_some() { named } else { named.max(2) },
            case,
            mib,
            day,
            minute,
            offset,
            trusted: trusted.is_some(),
        }
    })
}

fn names(all: &[&str], bits: usize) -> String {
    let chosen: Vec<_> =
        all.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1).map(|(_, name)| format!("{name:?}")).collect();
    format!("[{}]", chosen.join(", "))
}

impl Trial {
    fn text(&self) -> String {
        let severities = SEVERITIES.map(|(word, _)| word);
        let mut text = format!("[remote]\nenabled = {}\n[limits]\nnever = {}\n", self.enabled, names(&SOURCES, self.never));
        let mut put = |line: String| writeln!(text, "{line}").expect("a string");
        put(format!("max_bytes = \"{}M\"\nmax_seconds = {}", self.limit_mib, self.limit_seconds));
        put(format!("require_approver_sig = {}", self.approver));
        for (n, row) in self.deny.iter().enumerate() {
            put(format!("[[deny]]\nname = \"deny-{n}\""));
            row.severity.iter().for_each(|one| put(format!("severity = [{:?}]", severities[*one])));
            row.level.iter().for_each(|one| put(format!("level = {:?}", LEVELS[*one].0)));
            row.preset.iter().for_each(|one| put(format!("presets = [{:?}]", PRESETS[*one])));
            row.source.iter().for_each(|one| put(format!("sources = [{:?}]", SOURCES[*one])));
            row.case.iter().for_each(|one| put(format!("case = '{}'", EXPRESSIONS[*one].0)));
            row.days.iter().for_each(|bits| put(format!("days = {}", names(&DAYS, *bits))));
            row.hours.iter().for_each(|one| put(format!("hours = {:?}", HOURS[*one].0)));
        }
        for (n, row) in self.auto.iter().enumerate() {
            put(format!("[[auto]]\nname = \"auto-{n}\"\nseverity = {}", names(&severities, row.severity)));
            put(format!("level = {:?}\npresets = {}", LEVELS[row.level].0, names(&PRESETS, row.presets)));
            put(format!("sources = {}", names(&SOURCES, row.sources)));
            row.case.iter().for_each(|one| put(format!("case = '{}'", EXPRESSIONS[*one].0)));
            row.days.iter().for_each(|bits| put(format!("days = {}", names(&DAYS, *bits))));
            row.hours.iter().for_each(|one| put(format!("hours = {:?}", HOURS[*one].0)));
            put(format!("max_bytes = \"{}M\"\nper_day = {}", row.mib, row.per_day));
            let (collect, release) = gates(row.gates);
            put(format!("collect = {:?}\nrelease = {:?}", GATES[collect].0, GATES[release].0));
            let last = Time((MONDAY + self.day as i64 + UNTIL[row.until].0) * DAY).to_string();
            put(format!("valid_until = {:?}", &last[..10]));
        }
        text
    }

    fn request(&self) -> Request {
        let mut request = request();
        request.severity = SEVERITIES[self.severity].1;
        request.scope.level = LEVELS[self.level].1;
        request.scope.preset = self.preset.map(|preset| name(PRESETS[preset]));
        request.case = line(CASES[self.case]);
        request.max_bytes = self.mib << 20;
        request
    }

    fn product(&self) -> Verdict {
        let policy = Policy::parse(&self.text()).expect("a policy");
        let uses: BTreeMap<_, _> = self.auto.iter().enumerate().map(|(n, row)| (rule(&format!("auto-{n}")), row.uses)).collect();
        let mut reached = Vec::new();
        if self.preset.is_some() {
            reached.push(reach(SOURCES[0], Level::Basic, true));
        }
        for (n, level) in [(1, Level::Basic), (2, Level::Extended)] {
            if self.named >> n & 1 == 1 {
                reached.push(reach(SOURCES[n], level, false));
            }
        }
        let utc_offset = OFFSETS[self.offset];
        let wall = (MONDAY + self.day as i64) * DAY + MINUTES[self.minute] * 60;
        let local = Local { now: Time(wall - i64::from(utc_offset)), utc_offset };
        let facts = Facts { local, clock_trusted: self.trusted, uses: &uses, reach: &reached };
        policy.decide(&self.request(), facts).verdict
    }

    /// The table model.
    fn model(&self) -> Verdict {
        let level = if self.named & 4 != 0 { 1 } else { self.level };
        let reached = self.named | usize::from(self.preset.is_some());
        let day_is_in = |days: Option<usize>| days.is_none_or(|bits| bits >> self.day & 1 == 1);
        let hour_is_in = |hours: Option<usize>| hours.is_none_or(|one| HOURS[one].1[self.minute]);
        let case_is_in = |case: Option<usize>| case.is_none_or(|one| EXPRESSIONS[one].1[self.case]);
        let denies = |row: &DenyRow| {
            row.severity.is_none_or(|one| one == self.severity)
                && row.level.is_none_or(|least| level >= least)
                && row.preset.is_none_or(|one| self.preset == Some(one))
                && row.source.is_none_or(|one| reached >> one & 1 == 1)
                && case_is_in(row.case)
                && (!self.trusted || day_is_in(row.days) && hour_is_in(row.hours))
        };
        let limited = self.named & self.never != 0 || self.mib > self.limit_mib || self.limit_seconds < 600;
        if !self.enabled || limited || self.deny.iter().any(denies) {
            return Verdict::Deny;
        }
        for (n, row) in self.auto.iter().enumerate() {
            let agrees = self.trusted
                && UNTIL[row.until].1
                && row.severity >> self.severity & 1 == 1
                && level <= row.level
                && self.preset.is_none_or(|preset| row.presets >> preset & 1 == 1)
                && self.named & !row.sources == 0
                && case_is_in(row.case)
                && day_is_in(row.days)
                && hour_is_in(row.hours)
                && self.mib <= row.mib
                && row.uses < row.per_day;
            if agrees {
                let (collect, release) = gates(row.gates);
                let release = if self.approver { 1 } else { release };
                if (collect, release) == (1, 1) {
                    return Verdict::Ask;
                }
                let last = (MONDAY + self.day as i64 + UNTIL[row.until].0 + 1) * DAY - 1;
                return Verdict::Auto {
                    rule: rule(&format!("auto-{n}")),
                    collect: GATES[collect].1,
                    release: GATES[release].1,
                    valid_until: Time(last - i64::from(OFFSETS[self.offset])),
                };
            }
        }
        Verdict::Ask
    }
}

/// Places in [`GATES`]: of collecting and of sending.
fn gates(number: usize) -> (usize, usize) {
    [(0, 0), (0, 1), (1, 0)][number]
}

#[test]
fn t21_verdicts_are_those_of_the_table_model() {
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::new();
    let mut rules = BTreeSet::new();
    for _ in 0..1000 {
        let trial = trials().new_tree(&mut runner).expect("a trial").current();
        let verdict = trial.product();
        assert_eq!(verdict, trial.model(), "{trial:#?}\n{}", trial.text());
        let kind = match verdict {
            Verdict::Deny => "deny",
            Verdict::Ask => "ask",
            Verdict::Auto { rule, .. } => {
                rules.insert(rule);
                "auto"
            }
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert!(kinds.len() == 3 && kinds.values().all(|count| *count >= 40), "all three occur often: {kinds:?}");
    assert!(rules.len() >= 3, "later rules agree too: {rules:?}");
}
