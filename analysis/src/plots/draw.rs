//! A plot as a picture: axes, lines or areas, and below them who is who. In: a [`Plot`]. Out: an SVG text of bounded size.

use jiff::tz::TimeZone;

use super::{
    axis,
    series::{Plot, Point, Series, Shape},
    svg::{Short, Svg, lines},
    thin,
};
use crate::Lang;

const WIDTH: f64 = 440.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 130.0;
/// Height of a line of the legend.
const LINE: f64 = 15.0;
/// Characters shown of a name.
const NAME: usize = 34;

/// Where values and moments lie.
struct Frame {
    from: i64,
    to: i64,
    top: f64,
}

impl Frame {
    fn x(&self, at: i64) -> f64 {
        let span = self.to.saturating_sub(self.from).max(1) as f64;
        LEFT + at.saturating_sub(self.from) as f64 / span * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HEIGHT - (value / self.top).clamp(0.0, 1.0) * HEIGHT
    }

    fn span(&self) -> (i64, i64) {
        (self.from, self.to)
    }

    fn columns() -> usize {
        (WIDTH - LEFT - RIGHT) as usize
    }
}

/// Draws a plot; times are local in `zone`. Empty when the plot has no value.
pub fn draw(plot: &Plot, zone: &TimeZone, lang: Lang) -> String {
    let stack = if plot.shape == Shape::Stacked { stacked(&plot.series) } else { Vec::new() };
    let shown = if stack.is_empty() { &plot.series } else { &stack };
    let Some(unit) = plot.series.first().map(|series| series.unit) else { return String::new() };
    let peak = shown.iter().filter_map(Series::mean_and_peak).map(|(_, peak)| peak).fold(f64::NEG_INFINITY, f64::max);
    let times = || plot.series.iter().flat_map(|series| &series.points).map(|point| point.at);
    let (Some(from), Some(to), true) = (times().min(), times().max(), peak.is_finite()) else { return String::new() };
    // One moment alone stands in the middle of two seconds.
    let (from, to) = if from == to { (from.saturating_sub(1), to.saturating_add(1)) } else { (from, to) };
    // Shares of one whole fill the picture up to the whole.
    let marks = axis::values(if stack.is_empty() { peak } else { peak.max(100.0) }, unit);
    let frame = Frame { from, to, top: marks.last().map_or(1.0, |(value, _)| *value) };

    let id = format!("plot-{}", plot.id);
    let notes = notes(plot, lang);
    let rows = plot.series.len() as f64 + 1.0 + if notes.is_empty() { 0.0 } else { 1.0 };
    let height = TOP + HEIGHT + 26.0 + rows * LINE + 4.0;
    let mut svg = Svg::begin(&id, "plot", (WIDTH, height), plot.title, &description(plot, &frame, zone, lang));
    svg.words("text", &[("class", &"plot-title"), ("x", &2), ("y", &14)], plot.title);
    grid(&mut svg, &frame, &marks, zone);
    if stack.is_empty() {
        plain_lines(&mut svg, &frame, &plot.series);
    } else {
        areas(&mut svg, &frame, &stack);
    }
    legend(&mut svg, plot, &notes, lang);
    svg.end()
}

fn grid(svg: &mut Svg, frame: &Frame, marks: &[(f64, String)], zone: &TimeZone) {
    let right = WIDTH - RIGHT;
    let bottom = TOP + HEIGHT;
    for (value, label) in marks {
        let y = Short(frame.y(*value));
        svg.leaf("line", &[("class", &"plot-grid"), ("x1", &Short(LEFT)), ("x2", &Short(right)), ("y1", &y), ("y2", &y)]);
        let at = Short(frame.y(*value) + 3.5);
        svg.words("text", &[("class", &"plot-mark"), ("text-anchor", &"end"), ("x", &Short(LEFT - 5.0)), ("y", &at)], label);
    }
    for (at, label) in axis::times(frame.from, frame.to, zone, 5) {
        let x = Short(frame.x(at));
        svg.leaf(
            "line",
            &[("class", &"plot-grid"), ("x1", &x), ("x2", &x), ("y1", &Short(bottom)), ("y2", &Short(bottom + 4.0))],
        );
        let middle = Short(frame.x(at).clamp(LEFT, right - 22.0));
        let place = ("y", &Short(bottom + 15.0) as &dyn std::fmt::Display);
        svg.words("text", &[("class", &"plot-mark"), ("text-anchor", &"middle"), ("x", &middle), place], &label);
    }
    let zone = axis::zone_name(frame.from, zone);
    let place = [("x", &Short(right) as &dyn std::fmt::Display), ("y", &14)];
    svg.words("text", &[&[("class", &"plot-mark" as _), ("text-anchor", &"end" as _)], &place[..]].concat(), &zone);
}

fn plain_lines(svg: &mut Svg, frame: &Frame, all: &[Series]) {
    // Those with the highest peaks come first, and are drawn last, on top.
    for (number, series) in all.iter().enumerate().rev() {
        let runs = thin::runs(&series.points, frame.span(), Frame::columns(), thin::gap(&series.points));
        let places = placed(frame, &runs);
        let (dots, runs): (Vec<_>, Vec<_>) = places.iter().map(Vec::as_slice).partition(|run| run.len() == 1);
        for (kind, runs) in [("plot-line", runs), ("plot-line plot-dot", dots)] {
            if !runs.is_empty() {
                svg.open("path", &[("class", &format_args!("{kind} s{number}")), ("d", &lines(runs))]);
                svg.words("title", &[], &named(&series.name));
                svg.close();
            }
        }
    }
}

/// Each area lies behind those that it contains, so only upper edges are needed.
fn areas(svg: &mut Svg, frame: &Frame, stack: &[Series]) {
    for (number, series) in stack.iter().enumerate().rev() {
        let runs = thin::runs(&series.points, frame.span(), Frame::columns(), thin::gap(&series.points));
        let mut places = placed(frame, &runs);
        for run in &mut places {
            let (Some((first, _)), Some((last, _))) = (run.first().copied(), run.last().copied()) else { continue };
            run.insert(0, (first, frame.y(0.0)));
            run.push((last, frame.y(0.0)));
        }
        let path = lines(places.iter().map(Vec::as_slice));
        svg.open("path", &[("class", &format_args!("plot-area s{number}")), ("d", &path)]);
        svg.words("title", &[], &named(&series.name));
        svg.close();
    }
}

fn placed(frame: &Frame, runs: &[thin::Run]) -> Vec<Vec<(f64, f64)>> {
    runs.iter().map(|run| run.iter().map(|(at, value)| (frame.x(*at), frame.y(*value))).collect()).collect()
}

/// Each series with all before it added. A moment without any value stays one.
fn stacked(all: &[Series]) -> Vec<Series> {
    let mut sums: Vec<Option<f64>> = Vec::new();
    all.iter()
        .map(|series| {
            sums.resize(sums.len().max(series.points.len()), None);
            let add = |(point, sum): (&Point, &mut Option<f64>)| {
                if let Some(value) = point.value {
                    *sum = Some(sum.unwrap_or(0.0) + value);
                }
                Point { at: point.at, value: *sum }
            };
            let points = series.points.iter().zip(&mut sums).map(add).collect();
            Series { name: series.name.clone(), unit: series.unit, points }
        })
        .collect()
}

fn legend(svg: &mut Svg, plot: &Plot, notes: &str, lang: Lang) {
    let (mean_at, peak_at) = (Short(WIDTH - RIGHT - 90.0), Short(WIDTH - RIGHT));
    let mut y = TOP + HEIGHT + 26.0 + LINE - 4.0;
    let heads = [(mean_at, lang.pick("mean", "平均")), (peak_at, lang.pick("peak", "峰值"))];
    for (x, head) in &heads {
        svg.words("text", &[("class", &"plot-mark"), ("text-anchor", &"end"), ("x", x), ("y", &Short(y))], head);
    }
    for (number, series) in plot.series.iter().enumerate() {
        y += LINE;
        let (kind, middle) = (if plot.shape == Shape::Stacked { "plot-patch" } else { "plot-line" }, Short(y - 3.5));
        svg.leaf(
            "line",
            &[
                ("class", &format_args!("{kind} s{number}")),
                ("x1", &Short(LEFT - 40.0)),
                ("x2", &Short(LEFT - 22.0)),
                ("y1", &middle),
                ("y2", &middle),
            ],
        );
        svg.words("text", &[("class", &"plot-name"), ("x", &Short(LEFT - 15.0)), ("y", &Short(y))], &named(&series.name));
        let (mean, peak) = series.mean_and_peak().unwrap_or_default();
        for (x, value) in [(&heads[0].0, mean), (&heads[1].0, peak)] {
            let value = series.unit.show(value);
            svg.words("text", &[("class", &"plot-number"), ("text-anchor", &"end"), ("x", x), ("y", &Short(y))], &value);
        }
    }
    if !notes.is_empty() {
        svg.words("text", &[("class", &"plot-mark"), ("x", &Short(LEFT - 40.0)), ("y", &Short(y + LINE))], notes);
    }
}

/// A name as far as there is room for it.
fn named(name: &str) -> String {
    // Chinese characters take twice the room.
    let mut room = NAME;
    let short: String = name
        .chars()
        .take_while(|c| {
            let width = if c.is_ascii() { 1 } else { 2 };
            room = room.saturating_sub(width);
            room > 0
        })
        .collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

fn notes(plot: &Plot, lang: Lang) -> String {
    let mut notes = Vec::new();
    if plot.left_out > 0 {
        let count = plot.left_out;
        notes.push(lang.pick(format!("{count} quieter ones are not shown"), format!("另有 {count} 条较平静的未显示")));
    }
    if plot.unread > 0 {
        let count = plot.unread;
        notes.push(lang.pick(format!("{count} lines could not be read"), format!("{count} 行无法读取")));
    }
    notes.join(lang.pick("; ", "；"))
}

/// The same in words, for those who cannot see the picture.
fn description(plot: &Plot, frame: &Frame, zone: &TimeZone, lang: Lang) -> String {
    let (from, to) = (axis::moment(frame.from, zone), axis::moment(frame.to, zone));
    let zone = axis::zone_name(frame.from, zone);
    let mut words = lang.pick(format!("{from} to {to}, {zone}."), format!("{from} 至 {to}，{zone}。"));
    for series in &plot.series {
        let (mean, peak) = series.mean_and_peak().unwrap_or_default();
        let (name, mean, peak) = (named(&series.name), series.unit.show(mean), series.unit.show(peak));
        words.push_str(&lang.pick(format!(" {name}: mean {mean}, peak {peak}."), format!("{name}：平均 {mean}，峰值 {peak}。")));
    }
    words
}
