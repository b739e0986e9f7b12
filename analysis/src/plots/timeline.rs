//! When the alerts of a bundle were, in one lane for each severity. In: alerts. Out: an SVG text.
//! Each mark links to `#alert-N`, the place of its alert in the list that was given, from 1.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    axis,
    svg::{Short, Svg},
};
use crate::{Alert, Lang, Severity};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 4.0;
const LANE: f64 = 22.0;
/// A mark is never narrower.
const LEAST: f64 = 7.0;

/// The lanes, their style and their names.
const LANES: [(Severity, &str, &str, &str); 4] = [
    (Severity::Critical, "critical", "critical", "致命"),
    (Severity::High, "high", "high", "严重"),
    (Severity::Medium, "medium", "medium", "一般"),
    (Severity::Low, "low", "low", "轻微"),
];

/// Draws the alerts that have a time; empty when none has one. Times are local in `zone`.
pub fn timeline(alerts: &[Alert], zone: &TimeZone, lang: Lang) -> String {
    let second = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
    let timed: Vec<(usize, &Alert, i64, i64)> = alerts
        .iter()
        .enumerate()
        .filter_map(|(number, alert)| {
            let (first, last) = (second(&alert.first), second(&alert.last));
            let (first, last) = (first.or(last)?, last.or(first)?);
            Some((number + 1, alert, first.min(last), first.max(last)))
        })
        .collect();
    let (Some(from), Some(to)) = (timed.iter().map(|mark| mark.2).min(), timed.iter().map(|mark| mark.3).max()) else {
        return String::new();
    };
    let (from, to) = if to - from < 60 { (from - 30, to + 30) } else { (from, to) };
    let x = |at: i64| LEFT + (at - from) as f64 / (to - from) as f64 * (WIDTH - LEFT - RIGHT);

    let bottom = TOP + LANE * LANES.len() as f64;
    let title = lang.pick("Alerts over time", "告警时间线");
    let (first, last) = (axis::moment(from, zone), axis::moment(to, zone));
    let count = timed.len();
    let words = lang.pick(format!("{count} alerts from {first} to {last}"), format!("{first} 至 {last}，共 {count} 条告警"));
    let mut svg = Svg::begin("timeline", "timeline", (WIDTH, bottom + 20.0), title, &words);
    for (lane, (_, _, en, zh)) in LANES.iter().enumerate() {
        let y = TOP + LANE * (lane as f64 + 0.5);
        let line = ("y1", &Short(y) as &dyn std::fmt::Display);
        svg.leaf(
            "line",
            &[("class", &"plot-grid"), ("x1", &Short(LEFT)), ("x2", &Short(WIDTH - RIGHT)), line, ("y2", &Short(y))],
        );
        let place = [("x", &Short(LEFT - 8.0) as &dyn std::fmt::Display), ("y", &Short(y + 4.0))];
        let class = [("class", &"plot-mark" as &dyn std::fmt::Display), ("text-anchor", &"end")];
        svg.words("text", &[class, place].concat(), lang.pick(en, zh));
    }
    for (at, label) in axis::times(from, to, zone, 5) {
        let place =
            [("x", &Short(x(at).clamp(LEFT + 20.0, WIDTH - 40.0)) as &dyn std::fmt::Display), ("y", &Short(bottom + 14.0))];
        let class = [("class", &"plot-mark" as &dyn std::fmt::Display), ("text-anchor", &"middle")];
        svg.words("text", &[class, place].concat(), &label);
    }
    for (number, alert, first, last) in timed {
        let Some(lane) = LANES.iter().position(|(severity, ..)| *severity == alert.severity) else { continue };
        let width = (x(last) - x(first)).max(LEAST);
        let left = x(first).min(WIDTH - RIGHT - width);
        svg.open("a", &[("href", &format_args!("#alert-{number}"))]);
        svg.open(
            "rect",
            &[
                ("class", &format_args!("mark {}", LANES[lane].1)),
                ("x", &Short(left)),
                ("y", &Short(TOP + LANE * lane as f64 + 4.0)),
                ("width", &Short(width)),
                ("height", &Short(LANE - 8.0)),
                ("rx", &2),
            ],
        );
        let tip = format!("{}  {}  {}", axis::moment(first, zone), alert.kind, alert.summary.of(lang));
        svg.words("title", &[], &tip[..tip.floor_char_boundary(300)]);
        svg.close();
        svg.close();
    }
    svg.end()
}
