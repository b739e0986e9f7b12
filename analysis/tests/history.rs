//! Plots of a host's last days: from a report as sysstat 12 prints it, from the reports of the fixture hosts, and from
//! anything else.

use jiff::{civil::date, tz::TimeZone};
use oediag_analysis::{
    Lang,
    plots::{History, Plot, draw, reports},
};
use proptest::prelude::*;

/// No picture is larger, whatever it shows.
const LARGEST: usize = 200 << 10;
const REPORT: &str = include_str!("data/sar/sar22");

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

fn plots(days: &[&[u8]], lang: Lang) -> Vec<Plot> {
    let mut history = History::new(zone(), lang);
    for day in days {
        history.read(day);
    }
    history.plots()
}

fn find<'p>(plots: &'p [Plot], id: &str) -> &'p Plot {
    plots.iter().find(|plot| plot.id == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_day_becomes_one_plot_of_each_kind() {
    let all = plots(&[REPORT.as_bytes()], Lang::En);
    let ids: Vec<&str> = all.iter().map(|plot| plot.id).collect();
    assert_eq!(
        ids,
        [
            "history-cpu",
            "history-load",
            "history-memory",
            "history-swap",
            "history-swapping",
            "history-paging",
            "history-reclaim",
            "history-switches",
            "history-disk-busy",
            "history-disk-wait",
            "history-disk-bytes",
            "history-net-bytes",
            "history-net-trouble",
            "history-tcp",
        ]
    );
    assert!(all.iter().all(|plot| plot.unread == 0), "{all:?}");
    let at = |hour, minute| date(2026, 11, 22).at(hour, minute, 1, 0).to_zoned(zone()).expect("a time").timestamp().as_second();
    let cpu = find(&all, "history-cpu");
    assert_eq!(cpu.series[0].name, "user");
    let points = &cpu.series[0].points;
    assert_eq!((points[0].at, points[0].value), (at(0, 10), Some(12.31)));
    // The host was started again at 02:07: nothing joins what was before with what came after.
    let gap = points.iter().position(|point| point.value.is_none()).expect("a gap");
    assert!(points[gap - 1].at < points[gap].at && points[gap].at < points[gap + 1].at);
    let disks = find(&all, "history-disk-busy");
    assert_eq!(disks.series.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["sda", "dm-0"], "sdb slept");
    assert_eq!(disks.left_out, 1);
    let wait = find(&all, "history-disk-wait");
    assert_eq!(wait.series[0].points[0].value, Some(4.87));
}

#[test]
fn days_go_on_from_each_other() {
    let next = REPORT.replace("2026-11-22", "2026-11-23");
    let both = plots(&[next.as_bytes(), REPORT.as_bytes()], Lang::Zh);
    let one = plots(&[REPORT.as_bytes()], Lang::Zh);
    assert_eq!(both.len(), one.len());
    for (both, one) in both.iter().zip(&one) {
        assert_eq!(both.series[0].points.len(), 2 * one.series[0].points.len());
        assert!(both.series.iter().all(|series| series.points.is_sorted_by_key(|point| point.at)));
        let picture = draw(both, &zone(), Lang::Zh);
        assert!(!picture.is_empty() && picture.len() < LARGEST);
    }
}

#[test]
fn twelve_hours_and_other_dates_are_the_same_times() {
    let short = |text: &str| plots(&[text.as_bytes()], Lang::En)[0].series[0].points.clone();
    let table = "\n\n{0}     CPU     %user     %nice   %system   %iowait    %steal     %idle\n{1}     all     21.78      0.00      7.85      2.18      0.00     68.19\n{2}     all     23.34      0.00      7.15      2.39      0.00     67.12\n";
    let report = |date: &str, times: [&str; 3]| {
        let mut text = format!("Linux 4.19.90 (host) \t{date} \t_x86_64_\t(32 CPU){table}");
        for (number, time) in times.iter().enumerate() {
            text = text.replace(&format!("{{{number}}}"), time);
        }
        short(&text)
    };
    let want = report("2025-11-11", ["00:00:01", "12:10:01", "23:50:01"]);
    assert_eq!(want.len(), 2);
    for (date, times) in [
        ("11/11/2025", ["12:00:01 AM", "12:10:01 PM", "11:50:01 PM"]),
        ("11/11/25", ["00:00:01", "12:10:01", "23:50:01"]),
        ("2025年11月11日", ["00时00分01秒", "12时10分01秒", "23时50分01秒"]),
    ] {
        assert_eq!(report(date, times), want, "{date}");
    }
}

#[test]
fn reports_are_found_among_members() {
    let paths =
        ["etc/os-release", "var/log/sa/sa22", "var/log/sa/sar22", "oediag/commands/performance.history_binary/sa23/stdout"];
    assert_eq!(reports(paths), paths[2..]);
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&bytes)?;
    }

    #[test]
    fn any_lines_of_a_report_are_taken(cuts in prop::collection::vec((0..REPORT.len(), 0..400_usize, any::<u8>()), 1..20)) {
        let mut bytes = REPORT.as_bytes().to_vec();
        for (at, len, byte) in cuts {
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            let end = (at + len).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at / 2..at / 2, piece);
        }
        check(&bytes)?;
    }
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    for lang in [Lang::En, Lang::Zh] {
        let all = plots(&[b"Linux 5.10 (h) \t11/22/2026 \t_x86_64_\t(2 CPU)\n\n", bytes], lang);
        prop_assert!(all.len() <= 14);
        for plot in all {
            prop_assert!(plot.series.len() <= 8);
            for point in plot.series.iter().flat_map(|series| &series.points) {
                prop_assert!(point.value.is_none_or(|value| value.is_finite() && value >= 0.0));
            }
            let picture = draw(&plot, &zone(), lang);
            prop_assert!(picture.len() < LARGEST && !picture.contains("NaN") && !picture.contains("inf"));
        }
    }
    Ok(())
}
