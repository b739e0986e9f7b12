//! The policy's file and its verdicts: what is read and refused, precedence, time (T24, T46 as far as they are about one
//! verdict), and the explanation.

use std::collections::BTreeMap;

use oediag_protocol::{
    consent::Level,
    keyset::Severity,
    policy::{
        field::{Expression, Local, RuleName, Size},
        file::{Gate, MAX_FILE, Policy},
        verdict::{Explained, Facts, Miss, Reach, Rule, Verdict},
    },
    request::paper::{Redaction, Request},
    time::Time,
};

use crate::request_papers::{DAY, name, request};

/// The sample of the design, with the sources that the sample request names.
pub(crate) const SAMPLE: &str = r#"[remote]
enabled = true            # master switch
[[auto]]
name = "p1-basic"
severity = ["P1", "P2"]
level = "basic"
presets = ["perf", "quick"]
sources = ["logs.messages", "performance.sample"]
case = '^INC-[0-9]+$'
days = ["mon", "tue"]
hours = "00:00-24:00"
max_bytes = "256M"
per_day = 3
collect = "approve"
release = "ask"
valid_until = "2027-06-30"
[limits]
never = ["crash.core", "logs.app"]
redaction_floor = "standard"
require_approver_sig = false
keep_local_days = 7
"#;

/// Monday 2026-11-23, 09:30 in Shanghai.
fn monday() -> Local {
    Local { now: Time::parse("2026-11-23T01:30:00Z").expect("a time"), utc_offset: 8 * 3600 }
}

pub(crate) fn rule(text: &str) -> RuleName {
    RuleName::try_from(text.to_owned()).expect("a rule's name")
}

pub(crate) fn reach(id: &str, level: Level, by_preset: bool) -> Reach {
    Reach { source: name(id), level, by_preset }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).expect(text)
}

/// What the sample request reaches.
fn usual() -> Vec<Reach> {
    vec![
        reach("logs.messages", Level::Basic, false),
        reach("performance.sample", Level::Basic, true),
        reach("kernel.dmesg", Level::Basic, true),
    ]
}

struct Moment {
    local: Local,
    clock_trusted: bool,
    uses: u32,
    reach: Vec<Reach>,
}

fn moment() -> Moment {
    Moment { local: monday(), clock_trusted: true, uses: 0, reach: usual() }
}

fn decide(policy: &Policy, request: &Request, moment: &Moment) -> Explained {
    let Moment { local, clock_trusted, uses, reach } = moment;
    let uses: BTreeMap<_, _> = [(rule("p1-basic"), *uses)].into();
    policy.decide(request, Facts { local: *local, clock_trusted: *clock_trusted, uses: &uses, reach })
}

fn auto(collect: Gate, release: Gate) -> Verdict {
    let valid_until = Time::parse("2027-06-30T15:59:59Z").expect("a time");
    Verdict::Auto { rule: rule("p1-basic"), collect, release, valid_until }
}

#[test]
fn the_sample_is_read_and_agrees_to_collect() {
    let sample = policy(SAMPLE);
    assert_eq!(sample.auto.len(), 1);
    assert_eq!(sample.auto[0].severity, [Severity::P1, Severity::P2]);
    assert_eq!(sample.auto[0].max_bytes, Size(256 << 20));
    assert_eq!(sample.auto[0].valid_until.to_string(), "2027-06-30");
    assert_eq!(sample.limits.never, [name("crash.core"), name("logs.app")]);
    let found = decide(&sample, &request(), &moment());
    assert_eq!(found.verdict, auto(Gate::Approve, Gate::Ask));
    let kept = [Rule::Remote, Rule::Never, Rule::MaxBytes, Rule::MaxSeconds].map(|rule| (rule, Some(Miss::Kept)));
    let rows: Vec<_> = found.rows.into_iter().map(|row| (row.rule, row.missed)).collect();
    assert_eq!(rows, [kept.to_vec(), vec![(Rule::Auto(rule("p1-basic")), None)]].concat());
}

#[test]
fn without_a_policy_everything_is_asked() {
    assert_eq!(policy(""), Policy::default());
    let found = decide(&Policy::default(), &request(), &moment());
    assert_eq!(found.verdict, Verdict::Ask);
    let limits = Policy::default().limits;
    assert_eq!((limits.redaction_floor, limits.keep_local_days), (Redaction::Standard, 7));
    assert_eq!((limits.max_bytes, limits.max_seconds), (Size(512 << 20), 900));
}

#[test]
fn what_the_auto_rule_does_not_say_is_asked() {
    let sample = policy(SAMPLE);
    let asks = |request: &Request, moment: &Moment| {
        let found = decide(&sample, request, moment);
        assert_eq!(found.verdict, Verdict::Ask);
        found.rows.last().and_then(|row| row.missed)
    };
    let other = |edit: fn(&mut Request)| {
        let mut request = request();
        edit(&mut request);
        asks(&request, &moment())
    };
    assert_eq!(other(|request| request.severity = Severity::P3), Some(Miss::Severity));
    assert_eq!(other(|request| request.scope.level = Level::Extended), Some(Miss::Level));
    assert_eq!(other(|request| request.scope.preset = Some(name("deep"))), Some(Miss::Preset));
    assert_eq!(other(|request| request.case = crate::papers::line("XINC-1")), Some(Miss::Case));
    assert_eq!(other(|request| request.max_bytes += 1), Some(Miss::MaxBytes));

    let at = |text: &str| Moment { local: Local { now: Time::parse(text).expect("a time"), ..monday() }, ..moment() };
    assert_eq!(asks(&request(), &at("2026-11-25T01:30:00Z")), Some(Miss::Days));
    assert_eq!(asks(&request(), &at("2026-11-22T15:59:59Z")), Some(Miss::Days), "still Sunday in Shanghai");
    assert_eq!(asks(&request(), &Moment { clock_trusted: false, ..moment() }), Some(Miss::Clock));
    let wider = |one| Moment { reach: [usual(), vec![one]].concat(), ..moment() };
    assert_eq!(asks(&request(), &wider(reach("net.tcp", Level::Basic, false))), Some(Miss::Sources));
    assert_eq!(asks(&request(), &wider(reach("kernel.kcore", Level::Extended, true))), Some(Miss::Level));
}

#[test]
fn t46_a_rule_that_is_over_or_used_up_asks() {
    let sample = policy(SAMPLE);
    let always = policy(&SAMPLE.replace("days = [\"mon\", \"tue\"]\n", ""));
    let at = |text: &str, uses| {
        let moment = Moment { local: Local { now: Time::parse(text).expect("a time"), ..monday() }, uses, ..moment() };
        let found = decide(&always, &request(), &moment);
        (found.verdict == Verdict::Ask, found.rows.last().and_then(|row| row.missed))
    };
    assert_eq!(at("2027-06-30T15:59:59Z", 0), (false, None), "the last second in Shanghai");
    assert_eq!(at("2027-06-30T16:00:00Z", 0), (true, Some(Miss::Over)));
    assert_eq!(at("2026-06-29T16:00:00Z", 0), (false, None), "365 days ahead");
    assert_eq!(at("2026-06-28T15:59:59Z", 0), (true, Some(Miss::TooFarAhead)));
    assert_eq!(at("1970-01-01T00:00:00Z", 0), (true, Some(Miss::TooFarAhead)), "a clock that lost its time");
    assert_eq!(at("2026-11-23T01:30:00Z", 2), (false, None));
    assert_eq!(at("2026-11-23T01:30:00Z", 3), (true, Some(Miss::PerDay)));
    assert_eq!(sample.auto[0].missed_on(monday().date()), None);
}

#[test]
fn limits_and_deny_go_before_auto() {
    let denied_by = |text: &str, request: &Request, moment: &Moment| {
        let found = decide(&policy(text), request, moment);
        assert_eq!(found.verdict, Verdict::Deny, "{:?}", found.rows);
        found.rows.into_iter().find(|row| row.missed.is_none()).map(|row| row.rule)
    };
    let off = SAMPLE.replace("enabled = true", "enabled = false");
    assert_eq!(denied_by(&off, &request(), &moment()), Some(Rule::Remote));
    let core =
        |by_preset| Moment { reach: [usual(), vec![reach("crash.core", Level::Extended, by_preset)]].concat(), ..moment() };
    assert_eq!(denied_by(SAMPLE, &request(), &core(false)), Some(Rule::Never));
    assert_eq!(decide(&policy(SAMPLE), &request(), &core(true)).verdict, auto(Gate::Approve, Gate::Ask), "left out");
    let limit = |more: &str| format!("{SAMPLE}{more}\n");
    assert_eq!(denied_by(&limit("max_bytes = \"255M\""), &request(), &moment()), Some(Rule::MaxBytes));
    assert_eq!(denied_by(&limit("max_seconds = 599"), &request(), &moment()), Some(Rule::MaxSeconds));

    let with = |conditions: &str| format!("{SAMPLE}[[deny]]\nname = \"no\"\n{conditions}\n");
    for applies in [
        "severity = [\"P2\"]",
        "level = \"basic\"",
        "presets = [\"perf\"]",
        "sources = [\"kernel.dmesg\"]",
        "case = \"INC\"",
        "days = [\"mon\"]",
        "hours = \"09:30-09:31\"",
    ] {
        assert_eq!(denied_by(&with(applies), &request(), &moment()), Some(Rule::Deny(rule("no"))), "{applies}");
    }
    for (spares, miss) in [
        ("severity = [\"P1\"]", Miss::Severity),
        ("level = \"extended\"", Miss::Level),
        ("presets = [\"quick\"]", Miss::Preset),
        ("sources = [\"net.tcp\"]", Miss::Sources),
        ("case = \"REQ\"", Miss::Case),
        ("days = [\"sun\"]", Miss::Days),
        ("hours = \"22:00-09:30\"", Miss::Hours),
    ] {
        let found = decide(&policy(&with(spares)), &request(), &moment());
        assert_eq!(found.verdict, auto(Gate::Approve, Gate::Ask), "{spares}");
        assert_eq!(found.rows[4].missed, Some(miss), "{spares}");
    }
    // A clock that is wrong does not open the hours that are closed.
    let doubtful = Moment { clock_trusted: false, ..moment() };
    assert_eq!(denied_by(&with("hours = \"22:00-06:00\""), &request(), &doubtful), Some(Rule::Deny(rule("no"))));
}

#[test]
fn a_release_that_somebody_must_sign_is_asked() {
    let both = SAMPLE.replace("release = \"ask\"", "release = \"approve\"");
    assert_eq!(decide(&policy(&both), &request(), &moment()).verdict, auto(Gate::Approve, Gate::Approve));
    let signed = both.replace("sig = false", "sig = true");
    assert_eq!(decide(&policy(&signed), &request(), &moment()).verdict, auto(Gate::Approve, Gate::Ask));
    let late = both.replace("collect = \"approve\"", "collect = \"ask\"");
    assert_eq!(decide(&policy(&late), &request(), &moment()).verdict, auto(Gate::Ask, Gate::Approve));
    let nothing = late.replace("sig = false", "sig = true");
    assert_eq!(decide(&policy(&nothing), &request(), &moment()).verdict, Verdict::Ask);
}

#[test]
fn a_file_that_is_not_exactly_right_is_refused_with_its_line() {
    let refused = |from: &str, to: &str| {
        let text = SAMPLE.replacen(from, to, 1);
        assert_ne!(text, SAMPLE, "{from}");
        let error = Policy::parse(&text).expect_err(to);
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
        error.line
    };
    for (from, to, line) in [
        ("enabled = true", "enabled = \"yes\"", 2),
        ("enabled = true", "enable = true", 2),
        ("enabled = true", "", 1),
        ("[remote]", "[remotely]", 1),
        ("\"p1-basic\"", "\"P1\"", 4),
        ("\"p1-basic\"", "\"\"", 4),
        ("[\"P1\", \"P2\"]", "[\"P0\"]", 5),
        ("[\"P1\", \"P2\"]", "[\"P1\", \"P1\"]", 3),
        ("[\"P1\", \"P2\"]", "[]", 3),
        ("level = \"basic\"", "level = \"all\"", 6),
        ("level = \"basic\"\n", "", 3),
        ("[\"perf\", \"quick\"]", "[\"*\"]", 7),
        ("[\"perf\", \"quick\"]", "[\"perf\", \"perf\"]", 3),
        ("'^INC-[0-9]+$'", "'^INC-[0-9'", 9),
        ("'^INC-[0-9]+$'", "'(a)\\1'", 9),
        ("'^INC-[0-9]+$'", "'((a{100}){100}){100}'", 9),
        ("[\"mon\", \"tue\"]", "[\"Monday\"]", 10),
        ("[\"mon\", \"tue\"]", "[]", 3),
        ("00:00-24:00", "00:00-24:01", 11),
        ("00:00-24:00", "08:00-08:00", 11),
        ("00:00-24:00", "8:00-18:00", 11),
        ("00:00-24:00", "24:00-08:00", 11),
        ("256M", "256MB", 12),
        ("256M", "0", 12),
        ("256M", "3G", 12),
        ("256M", "9999999999G", 12),
        ("\"256M\"", "256", 12),
        ("per_day = 3", "per_day = 0", 3),
        ("per_day = 3", "per_day = 1001", 3),
        ("per_day = 3", "per_day = -1", 13),
        ("collect = \"approve\"", "collect = \"deny\"", 14),
        ("collect = \"approve\"", "collect = \"ask\"", 3),
        ("2027-06-30", "2027-06-31", 16),
        ("2027-06-30", "next year", 16),
        ("keep_local_days = 7", "keep_local_days = 3651", 17),
        ("redaction_floor = \"standard\"", "redaction_floor = \"none\"", 19),
        ("\"logs.app\"", "\"crash.core\"", 17),
        ("\"logs.app\"", "\"/var/log\"", 18),
        ("[limits]\n", "[limits]\nmax_seconds = 0\n", 17),
        ("[limits]\n", "[[deny]]\nname = \"none\"\n[limits]\n", 17),
        ("[limits]\n", "[[deny]]\nname = \"p1-basic\"\nlevel = \"basic\"\n[limits]\n", 3),
        ("[limits]\n", "[[deny]]\nname = \"no\"\nlevel = \"basic\"\nper_day = 1\n[limits]\n", 20),
        ("[limits]\n", "[[deny]]\nname = \"no\"\nseverity = []\n[limits]\n", 17),
        ("[limits]\n", "[[deny]]\nname = \"no\"\ndays = []\n[limits]\n", 17),
        ("[limits]\n", "[[deny]]\nname = \"no\"\nsources = []\n[limits]\n", 17),
        ("[limits]\n", "per_day = 3\n[limits]\n", 17),
        ("presets = [\"perf\", \"quick\"]\nsources = [\"logs.messages\", \"performance.sample\"]", "presets = []", 3),
    ] {
        assert_eq!(refused(from, to), line, "{to}");
    }
    let far = SAMPLE.replace("level = \"basic\"", "level = \"extended\"").replace("release = \"ask\"", "release = \"approve\"");
    assert_eq!(Policy::parse(&far).expect_err("basic only").line, 3);
    let long = format!("{SAMPLE}#{}", "x".repeat(MAX_FILE));
    Policy::parse(&long).expect_err("too long");
    Expression::try_from("a".repeat(201)).expect_err("too long");
}

#[test]
fn hours_and_days_are_those_on_the_wall() {
    use oediag_protocol::policy::field::{Hours, Weekday};
    let hours = |text: &str| Hours::try_from(text.to_owned()).expect(text);
    let wall = |day: i64, second: i64| Local { now: Time(day * DAY + second - 3600), utc_offset: 3600 };
    let night = hours("22:00-06:00");
    for (second, holds) in [(0, true), (6 * 3600 - 1, true), (6 * 3600, false), (22 * 3600 - 1, false), (22 * 3600, true)] {
        assert_eq!(night.holds(wall(20_000, second)), holds, "{second}");
        assert!(hours("00:00-24:00").holds(wall(20_000, second)));
    }
    let week: Vec<_> = (0..8).map(|day| wall(day, 0).weekday()).collect();
    let first = [Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu];
    assert_eq!(week, first);
    assert_eq!(Local { now: Time(0), utc_offset: -3600 }.weekday(), Weekday::Wed);
}
