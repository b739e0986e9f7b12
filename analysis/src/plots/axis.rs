//! Where the marks of an axis stand and what is written at them. In: the span of values or times. Out: at most ten marks.

use jiff::{Timestamp, tz::TimeZone};

use super::series::{Unit, plain};

/// Seconds between two marks, up to a week; beyond that 1, 2 or 5 times a power of ten days.
const STEPS: &[i64] =
    &[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
const DAY: i64 = 86_400;

/// Marks at round values from 0 up; the last one is not below `peak`.
pub(super) fn values(peak: f64, unit: Unit) -> Vec<(f64, String)> {
    let peak = if peak > 0.0 { peak } else { 1.0 };
    let (by, mark) = unit.scale(peak);
    let step = step_of(peak / by / 5.0);
    let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    let count = (peak / by / step).ceil().clamp(1.0, 8.0) as u32;
    (0..=count)
        .map(|number| {
            let value = f64::from(number) * step;
            let last = number == count && !mark.is_empty();
            // The unit once is enough.
            let label = if last { format!("{} {mark}", plain(value, digits)) } else { plain(value, digits) };
            (value * by, label)
        })
        .collect()
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn step_of(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|of| of * power).find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}

/// Marks at round local times from `from` to `to`.
pub(super) fn times(from: i64, to: i64, zone: &TimeZone, most: i64) -> Vec<(i64, String)> {
    let span = to.saturating_sub(from).max(1);
    let least = ((span - 1) / most.max(1) + 1).max(1);
    let days = || (step_of(least as f64 / DAY as f64) as i64).saturating_mul(DAY);
    let step = STEPS.iter().copied().find(|step| *step >= least).unwrap_or_else(days);
    let shift = offset(from, zone);
    let first = from.saturating_add(shift).div_euclid(step).saturating_mul(step).saturating_sub(shift);
    let format = match step {
        ..60 => "%H:%M:%S",
        60..DAY if span <= DAY => "%H:%M",
        60..DAY => "%m-%d %H:%M",
        _ => "%Y-%m-%d",
    };
    (0..=most + 1)
        .map(|number| first.saturating_add(step.saturating_mul(number)))
        .filter(|at| (from..=to).contains(at))
        .map(|at| (at, written(at, format, zone)))
        .collect()
}

/// A moment in full, local time.
pub(super) fn moment(at: i64, zone: &TimeZone) -> String {
    written(at, "%Y-%m-%d %H:%M:%S", zone)
}

/// How far local time is ahead of UTC: `UTC+08:00`.
pub(super) fn zone_name(at: i64, zone: &TimeZone) -> String {
    let seconds = offset(at, zone);
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn offset(at: i64, zone: &TimeZone) -> i64 {
    Timestamp::from_second(at).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

fn written(at: i64, format: &str, zone: &TimeZone) -> String {
    Timestamp::from_second(at).map_or_else(|_| String::new(), |at| at.to_zoned(zone.clone()).strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_round_marks() {
        let labels = |peak, unit| values(peak, unit).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" | ");
        assert_eq!(labels(100.0, Unit::Percent), "0 | 20 | 40 | 60 | 80 | 100 %");
        assert_eq!(labels(87.0, Unit::Percent), "0 | 20 | 40 | 60 | 80 | 100 %");
        assert_eq!(labels(8.0, Unit::Count), "0 | 2 | 4 | 6 | 8");
        assert_eq!(labels(3.1 * 1_048_576.0, Unit::BytesPerSecond), "0 | 1 | 2 | 3 | 4 MiB/s");
        assert_eq!(labels(0.03, Unit::Count), "0 | 0.01 | 0.02 | 0.03");
        assert_eq!(labels(0.0, Unit::PerSecond), "0 | 0.2 | 0.4 | 0.6 | 0.8 | 1 /s");
        assert!(labels(1e300, Unit::Count).len() < 4000 && labels(1e-300, Unit::Count).len() < 4000);
    }

    #[test]
    fn times_have_round_marks() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let labels = |from, to| times(from, to, &zone, 5).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" | ");
        assert_eq!(labels(1_767_197_401, 1_767_197_440), "00:10:10 | 00:10:20 | 00:10:30 | 00:10:40");
        assert_eq!(labels(1_767_197_400, 1_767_201_000), "00:15 | 00:30 | 00:45 | 01:00");
        assert_eq!(labels(1_767_110_400, 1_767_456_000).matches('-').count(), 10);
        assert_eq!(zone_name(0, &zone), "UTC+08:00");
        assert!(times(i64::MIN, i64::MAX, &zone, 5).len() <= 7);
    }
}
