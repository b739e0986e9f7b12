//! Plots from members as the samplers write them, and from anything else: snapshots, and what holds for any bytes.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use oediag_analysis::{
    Alert, Evidence, Lang, Severity, Text,
    plots::{MEMBERS, draw, plots, timeline},
};
use proptest::prelude::*;

/// No picture is larger, whatever it shows.
const LARGEST: usize = 200 << 10;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

fn cpu(seconds: u32) -> String {
    let mut csv = "time,cpu,user,nice,system,idle,iowait,irq,softirq,steal\n".to_owned();
    for second in 0..seconds {
        let user = f64::from(second % 17) * 2.5;
        let (minute, second) = (second / 60, second % 60);
        let iowait = if second == 7 { String::new() } else { "3.5".to_owned() };
        for cpu in ["all", "0"] {
            writeln!(csv, "2026-11-23T05:{minute:02}:{second:02}Z,{cpu},{user:.1},0.0,5.0,50.0,{iowait},0.0,0.5,0.0")
                .expect("room");
        }
    }
    csv
}

#[test]
fn cpu_is_stacked() {
    let all = plots("oediag/perf/cpu.csv", cpu(12).as_bytes(), Lang::En);
    assert_eq!(all.len(), 1);
    insta::assert_snapshot!("cpu", draw(&all[0], &zone(), Lang::En).replace('>', ">\n"));
}

#[test]
fn disks_are_lines_in_chinese() {
    let mut csv = "time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue\n".to_owned();
    for second in (0..10).filter(|second| *second != 4) {
        writeln!(csv, "2026-11-23T05:00:{second:02}Z,sda,1.0,2.0,{}.0,16.0,4.0,{}.0,0.1", second * 100, second * 9)
            .expect("room");
        writeln!(csv, "2026-11-23T05:00:{second:02}Z,<b>&\u{202e},1.0,2.0,0.0,1.5,,1.0,0.1").expect("room");
    }
    let all = plots("oediag/perf/disks.csv", csv.as_bytes(), Lang::Zh);
    assert_eq!(all.iter().map(|plot| plot.id).collect::<Vec<_>>(), ["disk-busy", "disk-wait", "disk-bytes"]);
    insta::assert_snapshot!("disks", draw(&all[2], &zone(), Lang::Zh).replace('>', ">\n"));
}

fn alert(severity: Severity, first: &str, last: &str, words: &str) -> Alert {
    let text = |text: &str| Text { en: text.to_owned(), zh: text.to_owned() };
    Alert {
        kind: "oom_kill".to_owned(),
        severity,
        first: Some(first.to_owned()),
        last: Some(last.to_owned()),
        ended: None,
        state: false,
        count: 1,
        evidence: vec![Evidence { path: "var/log/messages".to_owned(), line: 1, end: 1 }],
        summary: text(words),
        advice: text(""),
    }
}

#[test]
fn alerts_have_lanes() {
    let alerts = [
        alert(Severity::Critical, "2026-11-11T03:18:02+08:00", "2026-11-11T03:18:02+08:00", "<script>alert(1)</script>"),
        alert(Severity::Low, "2026-11-10T03:18:02+08:00", "2026-11-12T03:18:02+08:00", "\"'&"),
        alert(Severity::High, "never", "", "without a time"),
    ];
    insta::assert_snapshot!("timeline", timeline(&alerts, &zone(), Lang::En).replace('>', ">\n"));
    let over = Alert { ended: Some("2026-11-11T08:00:00+08:00".to_owned()), ..alerts[0].clone() };
    let (lasting, brief) = (timeline(&[over, alerts[1].clone()], &zone(), Lang::En), timeline(&alerts[..2], &zone(), Lang::En));
    assert!(lasting.contains("(over ") && !brief.contains("(over ") && lasting != brief);
    assert_eq!(timeline(&alerts[2..], &zone(), Lang::En), "");
}

#[test]
fn a_day_of_seconds_is_no_larger_a_picture_than_an_hour() {
    let mut csv = "time,load1,load5,load15,running,tasks\n".to_owned();
    for second in 0..86_400_u32 {
        let (hour, minute, of) = (second / 3600, second / 60 % 60, second % 60);
        let peak = if second == 40_000 { 99.0 } else { f64::from(second % 97) / 10.0 };
        writeln!(csv, "2026-11-23T{hour:02}:{minute:02}:{of:02}Z,{peak:.2},0.20,0.12,3,200").expect("room");
    }
    let all = plots("oediag/perf/load.csv", csv.as_bytes(), Lang::En);
    let picture = draw(&all[0], &zone(), Lang::En);
    assert!(picture.len() < LARGEST && well_formed(&picture) == Ok(()), "{}", picture.len());
    assert!(picture.contains("1 minute: mean 4.8, peak 99."), "{}", &picture[..600]);
}

proptest! {
    #[test]
    fn any_bytes_make_well_formed_pictures(member in 0..MEMBERS.len(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(MEMBERS[member], &bytes)?;
    }

    #[test]
    fn any_cells_make_well_formed_pictures(
        member in 0..MEMBERS.len(),
        rows in prop::collection::vec((times(), prop::collection::vec(cell(), 1..16)), 0..60),
    ) {
        let header = HEADERS[member];
        let width = header.split(',').count();
        let mut csv = format!("{header}\n");
        for (time, cells) in rows {
            let mut line = vec![time];
            line.extend(cells.iter().cycle().take(width - 1).cloned());
            csv += &(line.join(",") + "\n");
        }
        check(MEMBERS[member], csv.as_bytes())?;
    }
}

/// First lines, in the order of `MEMBERS`.
const HEADERS: [&str; 11] = [
    "time,cpu,user,nice,system,idle,iowait,irq,softirq,steal",
    "time,load1,load5,load15,running,tasks",
    "time,available_kb,free_kb,swap_total_kb,swap_free_kb",
    "time,pgpgin_kbs,pswpin_s,procs_running,ctxt_s",
    "time,resource,kind,avg10,avg60,stalled_ms",
    "time,cpu,run_pct,wait_pct,slices_s",
    "time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue",
    "time,interface,rx_bytes_s,rx_packets_s,rx_errs_s,rx_drops_s,tx_bytes_s,tx_packets_s,tx_errs_s,tx_drops_s",
    "time,active_opens_s,retrans_segs_s,timeouts_s,listen_drops_s",
    "time,kind,name,per_second,busiest_cpu,busiest_per_second",
    "time,rank_by,pid,comm,cpu_pct,rss_kb,read_kbs,write_kbs,process",
];

fn times() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..60_u8).prop_map(|second| format!("2026-11-23T05:00:{second:02}Z")),
        (0..9999_u16).prop_map(|year| format!("{year:04}-11-23T05:00:00Z")),
        "[0-9TZ:-]{0,24}",
    ]
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["all|cpu|rss|io|some", "[0-9]{1,20}", "[0-9]{1,4}\\.[0-9]", "[<>&'\"a-z\u{202e}\u{1}]{0,9}", Just(String::new())]
}

fn check(member: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    for lang in [Lang::En, Lang::Zh] {
        for plot in plots(member, bytes, lang) {
            let picture = draw(&plot, &zone(), lang);
            prop_assert!(picture.len() < LARGEST, "{} bytes", picture.len());
            prop_assert_eq!(well_formed(&picture), Ok(()), "{}", picture);
            prop_assert!(!picture.contains("NaN") && !picture.contains("inf") && !picture.contains("style="), "{}", picture);
        }
    }
    Ok(())
}

/// Whether the text is one element, with all elements in it closed in order, quoted attributes, no stray mark, and no
/// character that XML forbids.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    loop {
        let (words, after) = rest.split_once('<').unwrap_or((rest, ""));
        let mut entities = words.split('&').skip(1);
        let known = |text: &str| ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|entity| text.starts_with(entity));
        if words.contains(['>', '\0']) || words.chars().any(char::is_control) || !entities.all(known) {
            return Err(format!("stray marks in {words:?}"));
        }
        if open.is_empty() && !words.is_empty() {
            return Err(format!("text outside: {words:?}"));
        }
        if after.is_empty() {
            return if open.is_empty() && !text.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) };
        }
        let (tag, next) = after.split_once('>').ok_or("no end of a tag")?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} is closed and was not open"));
            }
        } else {
            let leaf = tag.ends_with('/');
            let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
            if !attributes.is_empty()
                && (attributes.matches('"').count() % 2 != 0 || attributes.contains(['<', '\'']) || !attributes.ends_with('"'))
            {
                return Err(format!("attributes {attributes:?}"));
            }
            if !leaf {
                open.push(name);
            }
        }
        rest = next;
    }
}
