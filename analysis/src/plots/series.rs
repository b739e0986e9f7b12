//! Series of measured values. In: what `perf` read. Out: values that `draw` shows, and how numbers are written for people.

/// What the values of a series count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Percent.
    Percent,
    /// A number of things.
    Count,
    /// Things per second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Milliseconds.
    Milliseconds,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Seconds since 1970, UTC.
    pub at: i64,
    /// Finite and not negative; none where the sampler had no honest number.
    pub value: Option<f64>,
}

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is called; the names of devices and processes in it are the host's.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// In the order of time.
    pub points: Vec<Point>,
}

/// How the series of a plot are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Each by itself.
    Lines,
    /// One above the other: shares of one whole. The points of all series are of the same moments.
    Stacked,
}

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// A stable word, unique on a page.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// How.
    pub shape: Shape,
    /// The lines, at most eight, each with a value.
    pub series: Vec<Series>,
    /// Series that were quiet, or found no room.
    pub left_out: usize,
    /// Lines of the member that could not be read.
    pub unread: u64,
}

impl Series {
    /// Mean and greatest value.
    pub fn mean_and_peak(&self) -> Option<(f64, f64)> {
        let (mut sum, mut count, mut peak) = (0.0, 0_u64, f64::NEG_INFINITY);
        for value in self.points.iter().filter_map(|point| point.value) {
            (sum, count, peak) = (sum + value, count + 1, peak.max(value));
        }
        (count > 0).then(|| (sum / count as f64, peak))
    }
}

impl Unit {
    /// By how much numbers of this size are divided, and the mark that then follows.
    pub(super) fn scale(self, size: f64) -> (f64, &'static str) {
        const BYTES: &[(f64, &str)] =
            &[((1_u64 << 40) as f64, "TiB"), ((1 << 30) as f64, "GiB"), ((1 << 20) as f64, "MiB"), (1024.0, "KiB"), (1.0, "B")];
        const RATES: &[(f64, &str)] = &[
            ((1_u64 << 40) as f64, "TiB/s"),
            ((1 << 30) as f64, "GiB/s"),
            ((1 << 20) as f64, "MiB/s"),
            (1024.0, "KiB/s"),
            (1.0, "B/s"),
        ];
        const COUNTS: &[(f64, &str)] = &[(1e9, "G"), (1e6, "M"), (1e4, "k"), (1.0, "")];
        const EVENTS: &[(f64, &str)] = &[(1e9, "G/s"), (1e6, "M/s"), (1e4, "k/s"), (1.0, "/s")];
        let table = match self {
            Self::Percent => return (1.0, "%"),
            Self::Milliseconds => return if size < 10_000.0 { (1.0, "ms") } else { (1000.0, "s") },
            Self::Bytes => BYTES,
            Self::BytesPerSecond => RATES,
            Self::Count => COUNTS,
            Self::PerSecond => EVENTS,
        };
        let (from, mark) = table.iter().find(|(from, _)| size >= *from).or(table.last()).copied().unwrap_or((1.0, ""));
        // Below ten thousand a count is written out.
        (if from >= 1e4 && mark.starts_with('k') { 1e3 } else { from }, mark)
    }

    /// A number as people read it: three digits and the unit.
    pub fn show(self, value: f64) -> String {
        let (by, mark) = self.scale(value);
        let value = value / by;
        let digits = match value {
            _ if value == 0.0 || value >= 100.0 => 0,
            10.0.. => 1,
            _ => 2,
        };
        let space = if mark.is_empty() || mark == "/s" { "" } else { " " };
        format!("{}{space}{mark}", plain(value, digits))
    }
}

/// The number with at most that many digits behind the point, without zeros at its end.
pub(super) fn plain(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let cases = [
            (Unit::Percent, 12.34, "12.3 %"),
            (Unit::Bytes, 1536.0, "1.5 KiB"),
            (Unit::BytesPerSecond, 3.0 * 1_048_576.0, "3 MiB/s"),
            (Unit::Count, 9999.0, "9999"),
            (Unit::Count, 12_000.0, "12 k"),
            (Unit::PerSecond, 0.5, "0.5/s"),
            (Unit::Milliseconds, 12_500.0, "12.5 s"),
            (Unit::Bytes, 0.0, "0 B"),
        ];
        for (unit, value, text) in cases {
            assert_eq!(unit.show(value), text);
        }
    }
}
