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
/// Room for what lies far before the rest.
const EARLIER: f64 = 52.0;
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
    let mut moments: Vec<i64> = timed.iter().flat_map(|mark| [mark.2, mark.3]).collect();
    moments.sort_unstable();
    let (Some(oldest), Some(to)) = (moments.first().copied(), moments.last().copied()) else { return String::new() };
    let from = begin(&moments);
    let (from, to) = if to - from < 60 { (from - 30, to + 30) } else { (from, to) };
    let left = if oldest < from { LEFT + EARLIER } else { LEFT };
    // What is earlier stands in a room of its own, at no exact place.
    let x =
        |at: i64| if at < from { LEFT + 8.0 } else { left + (at - from) as f64 / (to - from) as f64 * (WIDTH - left - RIGHT) };

    let bottom = TOP + LANE * LANES.len() as f64;
    let title = lang.pick("Alerts over time", "告警时间线");
    let (first, last) = (axis::moment(oldest.min(from), zone), axis::moment(to, zone));
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
    if oldest < from {
        let place = [("x", &Short(LEFT) as &dyn std::fmt::Display), ("y", &Short(bottom + 14.0)), ("class", &"plot-mark")];
        svg.words("text", &place, lang.pick("earlier", "更早"));
    }
    for (at, label) in axis::times(from, to, zone, 5) {
        let place =
            [("x", &Short(x(at).clamp(left + 20.0, WIDTH - 40.0)) as &dyn std::fmt::Display), ("y", &Short(bottom + 14.0))];
        let class = [("class", &"plot-mark" as &dyn std::fmt::Display), ("text-anchor", &"middle")];
        svg.words("text", &[class, place].concat(), &label);
    }
    for (number, alert, first, last) in timed {
        let Some(lane) = LANES.iter().position(|(severity, ..)| *severity == alert.severity) else { continue };
        // It lasted until it was over, as far as the axis goes.
        let last = second(&alert.ended).map_or(last, |ended| ended.clamp(last, to.max(last)));
        let width = (x(last) - x(first)).max(LEAST);
        let edge = x(first).min(WIDTH - RIGHT - width);
        svg.open("a", &[("href", &format_args!("#alert-{number}"))]);
        svg.open(
            "rect",
            &[
                ("class", &format_args!("mark {}", LANES[lane].1)),
                ("x", &Short(edge)),
                ("y", &Short(TOP + LANE * lane as f64 + 4.0)),
                ("width", &Short(width)),
                ("height", &Short(LANE - 8.0)),
                ("rx", &2),
            ],
        );
        let over = second(&alert.ended).map(|ended| {
            let ended = axis::moment(ended, zone);
            lang.pick(format!("  (over {ended})"), format!("  （{ended} 已恢复）"))
        });
        let over = over.unwrap_or_default();
        let tip = format!("{}{over}  {}  {}", axis::moment(first, zone), alert.kind, alert.summary.of(lang));
        svg.words("title", &[], &tip[..tip.floor_char_boundary(300)]);
        svg.close();
        svg.close();
    }
    svg.end()
}

/// Where the axis begins: behind the largest gaps, as long as one takes up most of the time and most moments lie behind it.
fn begin(moments: &[i64]) -> i64 {
    let mut rest = moments;
    while let [first, .., last] = rest {
        let gaps = rest.windows(2).enumerate().map(|(at, pair)| (pair[1].saturating_sub(pair[0]), at + 1));
        let Some((gap, at)) = gaps.max() else { break };
        if gap.saturating_mul(5) < last.saturating_sub(*first).saturating_mul(3) || at * 2 > rest.len() || gap < 3600 {
            break;
        }
        rest = &rest[at..];
    }
    rest.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::begin;

    #[test]
    fn the_axis_begins_behind_a_long_silence() {
        let day = 86_400;
        assert_eq!(begin(&[0, 365 * day, 366 * day, 367 * day]), 365 * day);
        assert_eq!(begin(&[0, 100 * day, 365 * day, 366 * day, 366 * day + 9, 367 * day]), 365 * day);
        // Most moments lie before the gap, or there is none.
        assert_eq!(begin(&[0, day, 2 * day, 300 * day]), 0);
        assert_eq!(begin(&[0, 10, 20, 30]), 0);
        assert_eq!((begin(&[]), begin(&[7])), (0, 7));
    }
}
