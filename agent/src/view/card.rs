//! One screen about one bundle: the host, its alerts, what is missing, what was redacted, where the bundle lies.
//! At most [`LINES`] lines of [`COLUMNS`] columns, whatever the bundle holds.

use std::path::Path;

use oediag_analysis::{Alert, Facts, Operation, Severity, Why};
use oediag_protocol::bundle::manifest::{Item, ItemKind, Manifest, Outcome, Reason, Window};

use super::{Page, alerts, by_count, colon, comma, leaks::Leaks, looked_for, moment, operations, seconds, span, tone};
use crate::{
    term::{self, Tone},
    text,
};

/// Most lines of the card: a terminal of 24 lines shows it with the prompt below.
pub const LINES: usize = 23;
/// Most columns of the card.
pub const COLUMNS: usize = 100;
/// Columns of a label.
const LABEL: usize = 11;
/// Alerts the card names when there is room for everything else.
const ALERTS: usize = 6;

/// What the card is about.
#[derive(Debug)]
pub struct Card<'a> {
    /// The bundle's manifest.
    pub manifest: &'a Manifest,
    /// What is known of the host.
    pub facts: &'a Facts,
    /// The alerts, most severe first.
    pub alerts: &'a [Alert],
    /// What was done on the host, oldest first.
    pub operations: &'a [Operation],
    /// Where the bundle lies.
    pub path: &'a Path,
    /// Its packed size in bytes.
    pub bytes: u64,
}

/// The card's lines.
pub fn lines(card: &Card<'_>, page: &Page<'_>) -> Vec<String> {
    let page = &Page { columns: page.columns.min(COLUMNS), ..*page };
    let mut head = host(card, page);
    let mut tail = closing(card, page);
    if !card.operations.is_empty() {
        tail.insert(0, labelled("card-operations", &operations::summary(card.operations, page.texts), page));
    }
    let gaps = gaps(card.manifest);
    // Gaps get at least two lines, alerts what is left of the screen.
    let room = LINES.saturating_sub(head.len() + tail.len() + 3);
    let for_alerts = room.saturating_sub(gaps.len().min(2)).min(ALERTS);
    let alert_lines = alert_lines(card, for_alerts, page);
    let gap_lines = gap_lines(card, &gaps, room.saturating_sub(alert_lines.len().saturating_sub(1)), page);
    head.extend(alert_lines);
    head.extend(gap_lines);
    head.extend(tail);
    head
}

/// A line with a label; its text, safe already, is cut at the page's edge.
fn labelled(label: &str, text: &str, page: &Page<'_>) -> String {
    let label = term::pad(&page.texts.named(label), 10);
    let text = term::cut(text, page.columns.saturating_sub(11));
    format!("{} {text}", page.bold(&label))
}

/// A labelled list of what is known; no line when nothing is.
fn list<const N: usize>(label: &str, parts: [Option<String>; N], page: &Page<'_>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| labelled(label, &parts.join(comma(page.texts)), page))
}

/// A line below a label.
fn indented(text: &str) -> String {
    format!("{}{text}", " ".repeat(LABEL))
}

/// How many logs are whole, though a window was asked for: their lines have no time stamps that we know.
fn whole(manifest: &Manifest) -> usize {
    manifest.items.iter().filter(|item| item.window.is_some_and(|window| !window.applied)).count()
}

/// The window of time that was asked for, with the words it was asked for and the number of logs it could not be applied to; no line without one.
pub(super) fn window(window: &Window, whole: usize, zone: Option<&str>, page: &Page<'_>) -> Option<String> {
    if window.since.is_none() && window.until.is_none() {
        return None;
    }
    let from = window.since.map_or_else(|| text!(page.texts, "card-begin"), |time| moment(time, zone));
    let to = window.until.map_or_else(|| text!(page.texts, "card-end"), |time| moment(time, zone));
    let mut ends = text!(page.texts, "card-from-to", from = from, to = to);
    if whole > 0 {
        ends = format!("{ends}{}{}", comma(page.texts), text!(page.texts, "card-window-whole", count = whole));
    }
    let told = window.asked.as_deref().map(|asked| format!("{ends} ({})", term::escape(asked)));
    let told = told.filter(|told| term::width(told) + LABEL <= page.columns);
    Some(labelled("card-window", &told.unwrap_or(ends), page))
}

fn host(card: &Card<'_>, page: &Page<'_>) -> Vec<String> {
    let (texts, start) = (page.texts, &card.manifest.start);
    let comma = comma(texts);
    let version = term::escape(&start.agent.version);
    let preset = term::escape(&start.preset);
    let title = text!(texts, "card-title", version = version, bundle = start.bundle_id.short(), preset = preset);
    let mut lines = vec![page.bold(&term::cut(&title, page.columns))];
    lines.extend(cut(card, page));
    let case: Vec<String> = start.case.iter().chain(&start.severity).map(|part| term::escape(part)).collect();
    if !case.is_empty() {
        lines.push(labelled("card-case", &case.join(comma), page));
    }
    let os = &start.os;
    let parts = [format!("{} {}", os.id, os.version), os.kernel.clone(), os.arch.clone(), format!("({})", start.host_id.short())];
    let parts: Vec<String> = parts.iter().filter(|part| !part.trim().is_empty()).map(|part| term::escape(part.trim())).collect();
    lines.push(labelled("card-host", &parts.join("  "), page));
    let facts = card.facts;
    let model = [facts.vendor.as_deref(), facts.product.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let machine = [
        Some(term::escape(&model)).filter(|model| !model.is_empty()),
        facts.cpu_model.as_deref().map(term::escape),
        facts.cpus.map(|count| text!(texts, "card-cpus", count = count)),
        facts.memory_total_kib.map(|kib| text!(texts, "card-memory", size = term::bytes(kib.saturating_mul(1024)))),
    ];
    lines.extend(list("card-machine", machine, page));
    let state = [
        facts.uptime_seconds.map(|seconds| text!(texts, "card-up", span = span(seconds, texts))),
        facts.load.map(|[one, five, fifteen]| text!(texts, "card-load", load = format!("{one:.2} {five:.2} {fifteen:.2}"))),
        facts.selinux.as_deref().map(|mode| format!("SELinux {}", term::escape(mode))),
        facts
            .taint
            .as_ref()
            .filter(|taint| !taint.is_empty())
            .map(|taint| text!(texts, "card-taint", flags = term::escape(&taint.join(" ")))),
    ];
    lines.extend(list("card-state", state, page));
    lines.extend(list("card-system", system(facts, page), page));
    lines.extend(list("card-health", health(facts, page), page));
    let zone = start.clock.zone.as_deref();
    let took = card.manifest.ended.0.saturating_sub(start.started.0).max(0);
    lines.push(labelled("card-collected", &format!("{}{comma}{took} s", moment(start.started, zone)), page));
    lines.extend(window(&start.window, whole(card.manifest), zone, page));
    if !card.manifest.complete {
        let reason = card.manifest.incomplete_reason.map(|reason| texts.reason(reason)).unwrap_or_default();
        lines.push(page.paint.tone(Tone::Bad, &text!(texts, "card-incomplete", reason = reason)));
    }
    lines
}

/// What the limit of the bundle left no room for: a line at the top, never silence.
fn cut(card: &Card<'_>, page: &Page<'_>) -> Option<String> {
    let items = card.manifest.items.iter().filter(|item| item.reason == Some(Reason::BundleLimit));
    let mut ids: Vec<&str> = items.map(|item| item.id.as_str()).collect();
    ids.dedup();
    let limit = term::bytes(card.manifest.start.limits.bytes);
    let sources = term::escape(&ids.join(comma(page.texts)));
    let line = text!(page.texts, "card-cut", limit = limit, count = ids.len(), sources = sources);
    (!ids.is_empty()).then(|| page.paint.tone(Tone::Bad, &term::cut(&line, page.columns)))
}

/// What was expected before the run, beside what became of it; the topics are in the manifest and in `--json`.
fn expected(card: &Card<'_>, page: &Page<'_>) -> Option<String> {
    let (manifest, texts) = (card.manifest, page.texts);
    let estimate = manifest.start.estimate.as_ref()?;
    let read = |number: u64| term::bytes(number);
    let of_topics = estimate.topics.iter().map(|topic| topic.bytes).fold(0, u64::saturating_add);
    let of_sources = manifest.items.iter().filter(|item| item.kind != ItemKind::Record).map(|item| item.bytes).sum();
    let took = manifest.ended.0.saturating_sub(manifest.start.started.0).max(0);
    let line = text!(
        texts,
        "card-expected-real",
        read = read(of_topics),
        packed = read(estimate.packed),
        time = seconds(estimate.ms),
        real_read = read(of_sources),
        real_packed = read(card.bytes),
        real_time = took
    );
    Some(labelled("card-expected", &line, page))
}

/// What the host is made of.
fn system(facts: &Facts, page: &Page<'_>) -> [Option<String>; 6] {
    let texts = page.texts;
    [
        facts.virtualization.as_deref().filter(|kind| *kind != "none").map(term::escape),
        facts.disks.as_ref().filter(|disks| !disks.is_empty()).map(|disks| {
            let bytes = disks.values().filter_map(|disk| disk.bytes).fold(0, u64::saturating_add);
            text!(texts, "card-disks", count = disks.len(), size = term::bytes(bytes))
        }),
        facts.interfaces.as_ref().filter(|all| !all.is_empty()).map(|all| {
            let up = all.values().filter(|one| one.state.as_deref() == Some("up")).count();
            text!(texts, "card-interfaces", up = up, all = all.len())
        }),
        facts.hot_patches.as_ref().filter(|all| !all.is_empty()).map(|all| text!(texts, "card-patches", count = all.len())),
        facts.containers.filter(|count| *count > 0).map(|count| text!(texts, "card-containers", count = count)),
        facts.firewall.map(|on| texts.named(if on { "card-firewall-on" } else { "card-firewall-off" })),
    ]
}

/// What should be in order on every host.
fn health(facts: &Facts, page: &Page<'_>) -> [Option<String>; 4] {
    let texts = page.texts;
    [
        facts.boots.as_ref().and_then(|boots| boots.first()?.why).map(|why| {
            texts.named(match why {
                Why::Shutdown => "card-boot-shutdown",
                Why::Crash => "card-boot-crash",
                Why::Unclean => "card-boot-unclean",
            })
        }),
        facts.clock_synced.map(|synced| texts.named(if synced { "card-clock-synced" } else { "card-clock-adrift" })),
        facts.kdump_armed.map(|armed| texts.named(if armed { "card-kdump-armed" } else { "card-kdump-off" })),
        facts.failed_units.as_ref().map(|units| match units.len() {
            0 => texts.named("card-no-failed-units"),
            _ => text!(texts, "card-failed-units", units = term::escape(&units.join(" "))),
        }),
    ]
}

/// The heading and at most `most` lines of alerts.
fn alert_lines(card: &Card<'_>, most: usize, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if card.alerts.is_empty() {
        return vec![labelled("card-alerts", &text!(texts, "card-no-alerts"), page)];
    }
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let counts: Vec<String> = severities
        .into_iter()
        .map(|severity| (severity, card.alerts.iter().filter(|alert| alert.severity == severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", alerts::severity(severity, texts)))
        .collect();
    let mut lines = vec![labelled("card-alerts", &counts.join(comma(texts)), page)];
    let all = card.alerts.len() <= most;
    let shown = if all { card.alerts.len() } else { most.saturating_sub(1) };
    let narrow = Page { columns: page.columns.saturating_sub(2), ..*page };
    lines.extend(card.alerts.iter().take(shown).map(|alert| format!("  {}", alerts::brief(alert, &narrow))));
    if !all && most > 0 {
        let path = term::escape(&card.path.display().to_string());
        let hidden = card.alerts.len() - shown;
        let more = text!(texts, "card-more-alerts", count = hidden, path = path);
        lines.push(format!("  {}", term::cut(&more, page.columns.saturating_sub(2))));
    }
    lines
}

/// Items of one source that are not whole for one reason.
struct Gap<'a> {
    first: &'a Item,
    count: usize,
}

/// What applied and is not whole, the worst first; items of one source that share their outcome and reason are one gap.
fn gaps(manifest: &Manifest) -> Vec<Gap<'_>> {
    let mut gaps: Vec<Gap<'_>> = Vec::new();
    for outcome in [Outcome::Failed, Outcome::TimedOut, Outcome::Truncated] {
        for item in manifest.items.iter().filter(|item| item.outcome == outcome && looked_for(item)) {
            // Items of one source stand together.
            match gaps
                .last_mut()
                .filter(|gap| (&gap.first.id, gap.first.outcome, gap.first.reason) == (&item.id, outcome, item.reason))
            {
                Some(gap) => gap.count += 1,
                None => gaps.push(Gap { first: item, count: 1 }),
            }
        }
    }
    gaps
}

/// The heading, at most `most` lines of gaps, and what was skipped and why.
fn gap_lines(card: &Card<'_>, gaps: &[Gap<'_>], most: usize, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let items = || card.manifest.items.iter().filter(|item| looked_for(item));
    let count = |outcome| items().filter(|item| item.outcome == outcome).count();
    let all = [Outcome::Collected, Outcome::Truncated, Outcome::TimedOut, Outcome::Failed, Outcome::Skipped];
    let counts: Vec<String> = all
        .into_iter()
        .map(|outcome| (outcome, count(outcome)))
        .filter(|(outcome, count)| *count > 0 || *outcome == Outcome::Collected)
        .map(|(outcome, count)| page.paint.tone(tone(outcome), &format!("{count} {}", texts.outcome(outcome))))
        .collect();
    let mut lines = vec![format!("{} {}", page.bold(&term::pad(&text!(texts, "card-gaps"), 10)), counts.join(comma(texts)))];
    let whole = gaps.len() <= most;
    let shown = if whole { gaps.len() } else { most.saturating_sub(1) };
    for Gap { first: item, count } in gaps.iter().take(shown) {
        let times = if *count > 1 { format!(" ×{count}") } else { String::new() };
        let reason = item.reason.map(|reason| texts.reason(reason)).unwrap_or_default();
        let about = item.src.as_deref().filter(|src| *src != item.id).unwrap_or_default();
        let error = item.error.first().map(|error| format!(" ({error})")).unwrap_or_default();
        let text = term::escape(&format!("{}{times}  {about}  {reason}{error}", item.id).replace("    ", "  "));
        let outcome = term::pad(&texts.outcome(item.outcome), 9);
        let text = term::cut(&text, page.columns.saturating_sub(term::width(&outcome) + 4));
        lines.push(format!("  {}  {text}", page.paint.tone(tone(item.outcome), &outcome)));
    }
    if !whole && most > 0 {
        let path = term::escape(&card.path.display().to_string());
        let hidden = gaps.len() - shown;
        let more = text!(texts, "card-more-gaps", count = hidden, path = path);
        lines.push(format!("  {}", term::cut(&more, page.columns.saturating_sub(2))));
    }
    let reasons = items().filter(|item| item.outcome == Outcome::Skipped).filter_map(|item| item.reason);
    let reasons = by_count(reasons.filter(|reason| *reason != Reason::NotSelected).map(|reason| (texts.reason(reason), 1)));
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let text = format!("{}{}{}", texts.outcome(Outcome::Skipped), colon(texts), reasons.join(comma(texts)));
        lines.push(page.paint.tone(Tone::Dim, &indented(&term::cut(&text, page.columns.saturating_sub(11)))));
    }
    lines
}

fn closing(card: &Card<'_>, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let path = term::escape(&card.path.display().to_string());
    let mut lines = vec![labelled("card-redacted", &redacted(card.manifest, page), page)];
    // The place comes first in the sentence: it stays where the page is narrow.
    lines.extend(Leaks::of(card.manifest).map(|leaks| {
        let line = labelled("card-leaks", &leaks.words(texts), page);
        page.paint.tone(Tone::Bad, &line)
    }));
    lines.extend(expected(card, page));
    lines.extend([
        // Paths are to be copied: never cut.
        format!("{} {path}{}{}", page.bold(&term::pad(&text!(texts, "card-bundle"), 10)), comma(texts), term::bytes(card.bytes)),
        format!("{} oediag verify {path}", page.bold(&term::pad(&text!(texts, "card-check"), 10))),
        text!(texts, "card-nothing-sent", path = path),
    ]);
    lines
}

/// How many values were replaced, and of which kinds as far as the line has room.
fn redacted(manifest: &Manifest, page: &Page<'_>) -> String {
    let texts = page.texts;
    let redaction = &manifest.redaction;
    let kept = redaction.settings.as_ref().map(|settings| settings.readable()).unwrap_or_default();
    if !kept.is_empty() {
        let kinds: Vec<String> = kept.into_iter().map(|kind| term::escape(&texts.kind(kind))).collect();
        let total = text!(texts, "card-redaction-total", count = redaction.total);
        return format!("{total}{}{}", comma(texts), text!(texts, "redaction-kept", kinds = kinds.join(comma(texts))));
    }
    if redaction.total == 0 {
        return text!(texts, "card-no-redaction");
    }
    let counts = by_count(redaction.counts.iter().map(|(kind, count)| (texts.kind(kind), *count)));
    let total = text!(texts, "card-redaction-total", count = redaction.total);
    let line = |shown: usize| {
        let mut kinds: Vec<String> =
            counts.iter().take(shown).map(|(kind, count)| format!("{} {count}", term::escape(kind))).collect();
        let others: u64 = counts.iter().skip(shown).map(|(_, count)| count).sum();
        if others > 0 {
            kinds.push(text!(texts, "card-other-kinds", count = others));
        }
        format!("{total}{}{}", colon(texts), kinds.join(comma(texts)))
    };
    let fits = |line: &String| term::width(line) <= page.columns.saturating_sub(11);
    (0..=counts.len()).rev().map(line).find(fits).unwrap_or(total)
}

#[cfg(test)]
mod tests {
    use oediag_analysis::{Boot, Disk};

    use super::*;
    use crate::{
        cli::Language,
        term::{Paint, width},
        texts::Texts,
        view::sample::{alert, item, manifest},
    };

    fn facts() -> Facts {
        Facts {
            vendor: Some("Huawei".into()),
            product: Some("TaiShan 200".into()),
            cpu_model: Some("Kunpeng-920".into()),
            cpus: Some(96),
            memory_total_kib: Some(256 << 20),
            uptime_seconds: Some(270_000),
            load: Some([0.31, 0.2, 0.11]),
            selinux: Some("enforcing".into()),
            disks: Some([("sda".to_owned(), Disk { bytes: Some(4 << 40), ..Disk::default() })].into()),
            firewall: Some(true),
            boots: Some(vec![Boot { time: "2026-11-20T08:00:00+08:00".into(), why: Some(Why::Crash) }]),
            clock_synced: Some(false),
            failed_units: Some(vec!["kdump.service".into()]),
            ..Facts::default()
        }
    }

    fn card(alerts: usize, failed: usize, language: Language, paint: bool) -> Vec<String> {
        let mut items = vec![item("logs.messages", Some("var/log/messages"), Outcome::Truncated, Some(Reason::ItemLimit))];
        items.extend(
            (0..failed).map(|at| item(&format!("network.ethtool{}", at / 2), None, Outcome::Failed, Some(Reason::ExitStatus))),
        );
        items.extend((0..9).map(|_| item("kernel.x", None, Outcome::Skipped, Some(Reason::NotInstalled))));
        items.push(item("kernel.y", None, Outcome::Skipped, Some(Reason::NotPresent)));
        items.push(item("kernel.version", Some("proc/version"), Outcome::Collected, None));
        let manifest = manifest(items);
        let alerts: Vec<_> = (0..alerts).map(|_| alert(Severity::High, "oom_kill", "OOM killer killed java", 2)).collect();
        let texts = Texts::new(language);
        let path = Path::new("/var/lib/oediag/bundles/oediag-9f9f9f9f-20261123T010203Z-b7b7b7b7.tar.gz");
        let card = Card { manifest: &manifest, facts: &facts(), alerts: &alerts, operations: &[], path, bytes: 4_400_000 };
        lines(&card, &Page { texts: &texts, paint: Paint(paint), columns: 200 })
    }

    #[test]
    fn the_card_fits_one_screen_whatever_happened() {
        for language in [Language::En, Language::ZhCn] {
            for alerts in [0, 1, 6, 7, 500] {
                for failed in [0, 1, 3, 200] {
                    let lines = card(alerts, failed, language, false);
                    assert!(
                        lines.len() <= LINES,
                        "{alerts} alerts, {failed} failed: {} lines\n{}",
                        lines.len(),
                        lines.join("\n")
                    );
                    for line in lines.iter().filter(|line| !line.contains(".tar.gz")) {
                        assert!(width(line) <= COLUMNS, "{line}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_customer_can_read_it() {
        assert_eq!(
            card(2, 1, Language::En, false).join("\n"),
            "\
oediag 0.1.0, bundle b7b7b7b7, preset standard
Case       C-20261123-7, P1
Host       openEuler 22.03 (LTS-SP3)  5.10.0-182.0.0.95.oe2203sp3.x86_64  x86_64  (9f9f9f9f)
Machine    Huawei TaiShan 200, Kunpeng-920, 96 CPUs, 256 GiB memory
State      up 3 days 3 h, load 0.31 0.20 0.11, SELinux enforcing
System     1 disk (4.0 TiB), firewall on
Health     booted after a kernel crash, clock NOT synchronised, failed units: kdump.service
Collected  2026-11-23 09:02:03 +08:00, 67 s
Alerts     2 high
  high      OOM killer killed java ×2  var/log/messages:442
  high      OOM killer killed java ×2  var/log/messages:442
Items      1 collected, 1 cut, 1 failed, 10 skipped
  failed     network.ethtool0  program ended with an error
  cut        logs.messages  /var/log/messages  larger than the limit for one item
           skipped: program not installed 9, not on this host 1
Redacted   418 values: IPv4 addresses 212, odd_kind 105, user names 98, passwords 3
Bundle     /var/lib/oediag/bundles/oediag-9f9f9f9f-20261123T010203Z-b7b7b7b7.tar.gz, 4.2 MiB
Check      oediag verify /var/lib/oediag/bundles/oediag-9f9f9f9f-20261123T010203Z-b7b7b7b7.tar.gz
Nothing was sent. To look inside: oediag ls, cat, alerts, operations /var/lib/oediag/bundles/oediag-9f9f9f9f-20261123T010203Z-b7b7b7b7.tar.gz"
        );
    }

    #[test]
    fn colours_only_where_wanted() {
        assert!(!card(2, 1, Language::ZhCn, false).join("\n").contains('\u{1b}'));
        assert!(card(2, 1, Language::ZhCn, true).join("\n").contains("\u{1b}[31;1m"));
    }
}
