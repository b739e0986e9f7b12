//! What stands before the message of a log line: when, and who speaks.
//!
//! In: one line of a member and the dialect its path implies. Out: a [`Line`] with time, tag and message, or `None`
//! when the line has not the shape of that dialect (a cut first line, a continuation). Never guesses a speaker:
//! a line that only quotes the kernel has the tag of the program that wrote it.

use jiff::{Timestamp, tz::TimeZone};

use crate::{clock, cut, tap::Context};

/// How the lines of a member begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `Nov 10 09:41:07 host tag[pid]: text`, the same with RFC 3339 time, and journalctl's short-iso.
    Syslog,
    /// `<4>[ 12.345678][ T12] text`, dmesg with ISO time, vmcore-dmesg, pstore.
    Kmsg,
    /// The three shapes of sysmonitor.log.
    Sysmonitor,
    /// Console text of the boot; no time.
    Boot,
    /// `2024-11-06 15:04:05,123 - WARNING - [file.py:88] - text`.
    Sentry,
    /// `2023-12-07T03:22:10Z LEVEL text`.
    Dnf,
    /// `type=T msg=audit(epoch.ms:serial): ...`.
    Audit,
    /// `ipmitool sel elist`; the BMC's zone is unknown, so no time.
    Sel,
    /// mcelog's blocks; a line of each has the time.
    Mcelog,
}

/// Where the zero of printk's clock lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Zero {
    /// Unknown: lines without a wall clock have no time.
    Unknown,
    /// The boot, or any other fixed moment.
    At(Timestamp),
}

/// A log line taken apart.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub time: Option<Timestamp>,
    /// `kernel`, `systemd[1]`, `sshd[812]`, or the dialect's own word.
    pub tag: &'a str,
    /// Microseconds of printk's clock, when the line carries them.
    pub stamp: Option<u64>,
    pub text: &'a str,
}

impl<'a> Line<'a> {
    /// Takes `text` apart.
    pub(crate) fn read(dialect: Dialect, text: &'a str, context: &Context, zero: Zero) -> Option<Self> {
        let plain = |time, tag, text| Some(Self { time, tag, stamp: None, text });
        match dialect {
            Dialect::Syslog => syslog(text, context),
            Dialect::Kmsg => Some(kmsg(text, zero)),
            Dialect::Sysmonitor => {
                let (time, text) = sysmonitor(text, context)?;
                plain(time, "sysmonitor", text)
            }
            Dialect::Boot => plain(None, "boot", text),
            Dialect::Sel => plain(None, "sel", text),
            Dialect::Mcelog => plain(None, "mcelog", text),
            Dialect::Sentry => {
                let (time, text) = clock::civil(text, &context.zone)?;
                plain(Some(time), "sentry", text.strip_prefix(" - ")?)
            }
            // A message of several lines has one stamp.
            Dialect::Dnf => match clock::iso(text) {
                Some((time, text)) => plain(Some(time), "dnf", text.strip_prefix(' ')?),
                None => plain(None, "dnf", text),
            },
            Dialect::Audit => {
                let millis = cut::between(text, "msg=audit(", ":")?;
                plain(epoch(millis), "audit", text)
            }
        }
    }

    /// Whether the line was written by `speaker`: the kernel, a tag with its process id such as `systemd[1]`, a program
    /// with any process id, or, when it is empty, anybody: a PAM module speaks through every program.
    pub(crate) fn is_from(&self, speaker: &str) -> bool {
        if speaker.is_empty() {
            return true;
        }
        let exact = speaker == "kernel" || speaker.ends_with(']');
        let rest = self.tag.strip_prefix(speaker);
        rest.is_some_and(|rest| rest.is_empty() || (!exact && rest.starts_with('[') && rest.ends_with(']')))
    }
}

fn syslog<'a>(text: &'a str, context: &Context) -> Option<Line<'a>> {
    let (time, rest) = clock::traditional(text, context).or_else(|| clock::iso(text))?;
    let (_host, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let (tag, message) = rest.split_once(": ").or_else(|| rest.strip_suffix(':').map(|tag| (tag, "")))?;
    if tag.contains(' ') {
        return None;
    }
    let (stamp, message) = if tag == "kernel" { printk(message) } else { (None, message) };
    Some(Line { time: Some(time), tag, stamp, text: message })
}

/// A line of the kernel's ring. What programs wrote into the ring keeps its own tag.
fn kmsg(text: &str, zero: Zero) -> Line<'_> {
    let text = level(text);
    let (wall, text) = match clock::iso(text) {
        Some((time, rest)) => (Some(time), rest.strip_prefix(' ').unwrap_or(rest)),
        None => (None, text),
    };
    let (stamp, text) = printk(level(text));
    let time = wall.or_else(|| match zero {
        Zero::At(base) => clock::plus_micros(base, stamp?),
        Zero::Unknown => None,
    });
    if let Some(message) = text.strip_prefix("systemd[1]: ") {
        return Line { time, tag: "systemd[1]", stamp, text: message };
    }
    Line { time, tag: "kernel", stamp, text }
}

/// Drops `<4>`.
fn level(text: &str) -> &str {
    let rest = text.strip_prefix('<').and_then(|rest| {
        let digits = cut::digits(rest)?;
        rest[digits.len()..].strip_prefix('>')
    });
    rest.unwrap_or(text)
}

/// Drops `[  123.456789]`, `[  T123]` or `[ C38]`, and one space: printk's clock in microseconds, and the message.
fn printk(text: &str) -> (Option<u64>, &str) {
    let Some((inside, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) else { return (None, text) };
    let Some(stamp) = micros(inside.trim_start()) else { return (None, text) };
    let caller = rest.trim_start_matches(' ').strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let rest = match caller {
        Some((inside, after)) if is_caller(inside.trim_start()) => after,
        _ => rest,
    };
    (Some(stamp), rest.strip_prefix(' ').unwrap_or(rest))
}

fn is_caller(text: &str) -> bool {
    text.strip_prefix(['T', 'C']).is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

fn micros(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    if fraction.len() != 6 || !(seconds.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction.parse().ok()?)
}

fn sysmonitor<'a>(text: &'a str, context: &Context) -> Option<(Option<Timestamp>, &'a str)> {
    let (time, rest) = if let Some(rest) = text.strip_prefix("[UTC ") {
        let (time, rest) = clock::civil(rest, &TimeZone::UTC)?;
        (Some(time), rest)
    } else if let Some(rest) = text.strip_prefix("[LOC ") {
        let (time, rest) = clock::civil(rest, &context.zone)?;
        (Some(time), rest)
    } else {
        let time = clock::iso(text).or_else(|| clock::traditional(text, context));
        (time.map(|(time, _)| time), text)
    };
    let message = cut::after(rest, "sysmonitor[")?;
    Some((time, cut::after(message, "]: ")?))
}

/// Seconds and milliseconds since 1970: `1762885809.077`.
pub(crate) fn epoch(text: &str) -> Option<Timestamp> {
    let (seconds, millis) = text.split_once('.')?;
    let whole: i64 = seconds.parse().ok()?;
    Timestamp::from_millisecond(whole.checked_mul(1000)?.checked_add(millis.parse().ok()?)?).ok()
}
