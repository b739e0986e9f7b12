//! Plots of samples, of sysstat's reports and of alerts. In: a byte that chooses the member, then its content.
#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use oediag_analysis::{
    AlertsJson, Lang,
    plots::{History, MEMBERS, draw, plots, timeline},
};
use oediag_fuzz::members::chosen;
use oediag_protocol::json;

/// No picture is larger, whatever it shows.
const LARGEST: usize = 200 << 10;

fuzz_target!(|data: &[u8]| {
    let Some((choice, content)) = data.split_first() else { return };
    let lang = if *choice < 128 { Lang::En } else { Lang::Zh };
    for plot in plots(chosen(MEMBERS, *choice), content, lang) {
        neutral(&draw(&plot, &TimeZone::UTC, lang));
    }
    let mut history = History::new(TimeZone::UTC, lang);
    history.read(b"Linux 5.10 (h) \t11/22/2026 \t_x86_64_\t(2 CPU)\n\n");
    history.read(content);
    for plot in history.plots() {
        neutral(&draw(&plot, &TimeZone::UTC, lang));
    }
    if let Ok(found) = json::parse::<AlertsJson>(content, content.len()) {
        let drawn = timeline(&found.alerts, &TimeZone::UTC, lang);
        // One mark for each alert; the center shows no more than 500.
        assert!(!drawn.contains("<script"));
    }
});

/// A picture is small and holds no element that runs.
fn neutral(svg: &str) {
    assert!(svg.len() <= LARGEST, "{} bytes", svg.len());
    assert!(!svg.contains("<script"));
}
