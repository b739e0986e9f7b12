//! Names of accounts.
//!
//! In: text and a place. Out: the place of a name that is neither the system's nor a word.

use std::ops::Range;

use super::{
    escape, nested,
    system::is_system,
    token,
    value::{at, is_name, line_end, line_start, skip_blanks},
};

/// Whether this may be the name of a person's or a program's account.
pub(super) fn is_account(name: &[u8]) -> bool {
    name.len() >= 3
        && name.len() <= 64
        && (name[0].is_ascii_alphabetic() || name[0] == b'_')
        && !is_system(name)
        && !token::is_replaced(name)
}

/// Words behind `user` that are no names.
const NOUNS: &[&str] = &[
    "options",
    "commands",
    "currently",
    "being",
    "visible",
    "created",
    "buffer",
    "page",
    "attempt",
    "attempts",
    "interaction",
    "account",
    "accounts",
    "process",
    "processes",
    "session",
    "sessions",
    "data",
    "input",
    "group",
    "groups",
    "id",
    "ids",
    "space",
    "mode",
    "names",
    "services",
    "slice",
    "runtime",
    "database",
    "agent",
    "program",
    "request",
    "requests",
    "password",
    "profile",
    "interface",
    "table",
    "home",
    "home_dir",
    "directory",
    "dir",
    "instance",
    "unit",
    "list",
    "role",
    "roles",
    "permission",
    "permissions",
    "limit",
    "limits",
    "config",
    "configuration",
    "settings",
    "defined",
    "specified",
    "supplied",
    "provided",
    "code",
    "thread",
    "threads",
    "domain",
    "info",
    "information",
    "token",
    "authentication",
    "namespace",
    "namespaces",
    "entry",
    "credentials",
    "level",
    "memory",
    "pages",
    "time",
    "cpu",
    "events",
    "key",
    "keys",
    "type",
    "value",
    "command",
    "application",
    "applications",
    "agents",
    "cache",
    "that",
    "who",
    "which",
    "this",
    "must",
    "can",
    "may",
    "should",
    "will",
    "was",
    "had",
    "via",
    "already",
    "identified",
    "authorization",
    "context",
    "mapping",
    "mappings",
    "object",
    "access",
    "error",
    "errors",
    "record",
    "records",
    "connection",
    "connections",
    "store",
    "settings",
    "auth",
    "base",
    "exec",
    "land",
];

/// What accounts do, or what is done to them.
const DEEDS: &[&str] = &[
    "logged",
    "login",
    "logout",
    "log",
    "from",
    "has",
    "not",
    "authenticated",
    "authorized",
    "added",
    "removed",
    "deleted",
    "connected",
    "disconnected",
    "failed",
    "does",
    "on",
    "locked",
    "unlocked",
    "changed",
    "created",
    "successfully",
    "tried",
    "attempted",
    "requested",
    "unknown",
    "signed",
    "exceeded",
    "ran",
    "executed",
    "uploaded",
    "downloaded",
    "started",
    "cannot",
    "could",
    "did",
    "denied",
    "rejected",
    "accepted",
    "updated",
    "modified",
    "granted",
    "expired",
    "disabled",
    "enabled",
    "registered",
    "joined",
    "left",
    "opened",
    "closed",
    "authentication",
    "access",
];

/// Where the name of an account stands, seen from a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind it, unless a noun is there: `disconnected from user `.
    Behind,
    /// Before it: `(uid=`, `) CMD (`.
    Before,
    /// Alone in its line but for numbers and times before it: ` pts/`.
    Terminal,
    /// Behind the number of the process and `: `, before ` : `: `sudo[`.
    Sudo,
    /// Behind one word and `by`, or behind `)`: `su for root by zhang`, `(to root) zhang on pts/0`.
    Su,
    /// `1000(zhang),1001(ops)`, or the name itself: `uid=`.
    Numbers,
    /// Behind ` FOR `, to the comma: `FAILED LOGIN 1 FROM tty1 FOR zhang,`.
    For,
}

/// Gives the names of accounts at a literal to `found`.
pub(super) fn find(t: &[u8], place: Place, hit: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
    let range = match place {
        Place::Behind => named(t, hit.end).filter(|name| !is_noun(&t[name.clone()])).and_then(|name| {
            // Samba writes the domain first: `user [CORP]\[zhang]`.
            if t[name.end..].starts_with(b"]\\[") { named(t, name.end + 3) } else { Some(name) }
        }),
        Place::Before => before(t, hit.start),
        // `ttyS0` is a port, `tty1` a screen somebody is at.
        Place::Terminal if t[hit.clone()].ends_with(b"tty") && !at(t, hit.end).is_ascii_digit() && at(t, hit.end) != b' ' => None,
        Place::Terminal => of_terminal(t, hit.start),
        Place::Sudo => sudo(t, hit.end),
        Place::Su => su(t, hit.end),
        Place::For => of_login(t, hit.end),
        Place::Numbers => return numbers(t, hit, found),
    };
    if let Some(range) = range {
        found(range);
    }
}

fn is_noun(name: &[u8]) -> bool {
    NOUNS.iter().any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
}

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

/// The account whose name begins at `i`, perhaps in quotes and behind its domain: `CORP\zhang`.
pub(super) fn named(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = escape::colours(t, i);
    let i = i + run(t, i, 2, |b| matches!(b, b'\'' | b'"' | b'`' | b'[' | b'<' | b'\\'));
    let i = escape::colours(t, escape::past(t, i));
    // An escape of a letter is a part of the name.
    let start = i - usize::from(i > 0 && t[i - 1] == b'\\' && t[i.min(t.len())..].starts_with(b"u00"));
    let rest = t.get(i..)?;
    let mut run = rest.iter().take(65).take_while(|b| is_name(**b)).count();
    let slashes = rest[run..].iter().take(8).take_while(|b| **b == b'\\').count();
    let next = rest.get(run + slashes).copied().unwrap_or(b'\n');
    if run > 0 && slashes > 0 && belongs_to_domain(&rest[..run], slashes, next) && !is_control(t, i + run, slashes, next) {
        return named(t, i + run + slashes);
    }
    while run > 0 && matches!(rest[run - 1], b'.' | b'-') {
        run -= 1;
    }
    // `$USER`, `%u`, `user(name)` and paths are no names.
    let after = rest.get(run).copied().unwrap_or(b'\n');
    let call = after == b'(' && !rest[run..].starts_with(b"(uid=");
    let format = after == b'%' && escape::tail(t, i + run + 1).is_none();
    (is_account(&rest[..run]) && !call && !matches!(after, b'{' | b'$') && !format).then_some(start..i + run)
}

/// Whether the backslashes at `i` begin a control character in a string in a string.
fn is_control(t: &[u8], i: usize, slashes: usize, next: u8) -> bool {
    slashes > 1 && matches!(next, b'n' | b't' | b'r' | b'b' | b'f' | b'u') && nested::begins_control(t, i, slashes)
}

/// Whether a backslash stands between a domain and a name, and does not begin a control character of JSON.
fn belongs_to_domain(domain: &[u8], slashes: usize, next: u8) -> bool {
    let control = slashes == 1 && matches!(next, b'n' | b't' | b'r' | b'b' | b'f' | b'u' | b'v' | b'x');
    domain.len() <= 15 && next.is_ascii_alphabetic() && !(control && domain.iter().any(u8::is_ascii_lowercase))
}

/// The name in `zhang:secret` behind an option or a sign, and in `--user=zhang`.
pub(super) fn of_login_option(t: &[u8], option: Range<usize>, secret: Option<&Range<usize>>) -> Option<Range<usize>> {
    let sign = at(t, option.end) == b'=';
    let name = named(t, skip_blanks(t, option.end + usize::from(sign)))?;
    let alone = sign && t[option].ends_with(b"user");
    (alone || secret.is_some_and(|secret| secret.start == name.end + 1)).then_some(name)
}

/// `user zhang logged in`, `User "zhang" cannot list`: a name in quotes or before what accounts do.
pub(super) fn actor(t: &[u8], key_end: usize) -> Option<Range<usize>> {
    if at(t, key_end) != b' ' {
        return None;
    }
    let range = named(t, key_end + 1).filter(|name| !is_noun(&t[name.clone()]))?;
    let quoted = range.start > key_end + 1 && !is_name(t[range.start - 1]) && t[range.start - 1] != b'\\';
    let end = range.end + run(t, range.end, 2, |b| matches!(b, b'"' | b'\'' | b']' | b'`'));
    let gap = run(t, end, 2, |b| matches!(b, b' ' | b','));
    let word = run(t, end + gap, 16, |b| b.is_ascii_alphabetic());
    let deed = gap > 0 && DEEDS.iter().any(|d| t[end + gap..end + gap + word].eq_ignore_ascii_case(d.as_bytes()));
    (quoted || deed).then_some(range)
}

/// The name that ends at `end`.
fn before(t: &[u8], end: usize) -> Option<Range<usize>> {
    let length = t[..end].iter().rev().take(65).take_while(|b| is_name(**b)).count();
    let name = &t[end - length..end];
    (is_account(name) && !is_noun(name)).then_some(end - length..end)
}

/// `zhang    pts/0   10.1.2.3`, `zhang  1234  1  0 10:00 pts/0`: the first word of the line, only numbers between.
fn of_terminal(t: &[u8], end: usize) -> Option<Range<usize>> {
    let start = line_start(t, end, 160);
    let range = named(t, start)?;
    let number = |b: u8| b.is_ascii_digit() || matches!(b, b' ' | b':' | b'.' | b'%' | b'-' | b'+');
    let digit = t.get(range.end..end)?.iter().all(|b| number(*b));
    (range.start == start && digit && at(t, range.end) == b' ' && t[start].is_ascii_lowercase()).then_some(range)
}

/// `sudo[811]:    zhang : TTY=pts/0`
fn sudo(t: &[u8], i: usize) -> Option<Range<usize>> {
    let pid = run(t, i, 8, |b| b.is_ascii_digit());
    let i = if pid > 0 && t[i + pid..].starts_with(b"]:") { i + pid + 2 } else { i };
    let range = named(t, i + run(t, i, 12, |b| b == b' '))?;
    t[range.end..].starts_with(b" : ").then_some(range)
}

/// `su for root by zhang`, `(to root) zhang on pts/0`
fn su(t: &[u8], i: usize) -> Option<Range<usize>> {
    let target = i + run(t, i, 65, is_name);
    let rest = &t[target..];
    if rest.starts_with(b" by ") {
        return named(t, target + 4);
    }
    let range = if rest.starts_with(b") ") { named(t, target + 2)? } else { return None };
    t[range.end..].starts_with(b" on ").then_some(range)
}

/// What was typed at the prompt of a login, which may be a password.
fn of_login(t: &[u8], i: usize) -> Option<Range<usize>> {
    let line = &t[i..line_end(t, i).min(i + 200)];
    let start = i + memchr::memmem::find(line, b" FOR ")? + 5;
    let end = start + run(t, start, 65, |b| b != b',' && b.is_ascii_graphic());
    let name = &t[start..end];
    let known = is_system(name) || token::is_replaced(name);
    (name.len() >= 3 && at(t, end) == b',' && !known && name[0] != b'(').then_some(start..end)
}

/// `uid=1000(zhang) gid=1000(zhang) groups=1000(zhang),10(wheel)`, `auid=zhang`, `uid=zhang,ou=people`.
fn numbers(t: &[u8], hit: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
    let lead = t[..hit.start].iter().rev().take(6).take_while(|b| b.is_ascii_alphanumeric()).count();
    let lead = &t[hit.start - lead..hit.start];
    if !lead.is_empty() && ![&b"a"[..], b"e", b"s", b"fs", b"o", b"l", b"r", b"n"].iter().any(|l| lead.eq_ignore_ascii_case(l)) {
        return;
    }
    let mut i = hit.end;
    if !at(t, i).is_ascii_digit() {
        let ends = |b: u8| b.is_ascii_whitespace() || matches!(b, b',' | b')' | b'"' | b'\'' | b'+');
        let user = at(t, hit.start) | 32 == b'u';
        if let Some(range) = named(t, i).filter(|range| user && range.start == i && ends(at(t, range.end))) {
            found(range);
        }
        return;
    }
    for _ in 0..32 {
        let digits = run(t, i, 11, |b| b.is_ascii_digit());
        let people = digits >= 4 && at(t, i + digits) == b'(';
        let end = i + digits + 1 + run(t, i + digits + 1, 65, is_name);
        if people && at(t, end) == b')' && is_account(&t[i + digits + 1..end]) {
            found(i + digits + 1..end);
        }
        let next = i + digits + run(t, i + digits, 68, |b| !matches!(b, b',' | b' ' | b'\n'));
        if digits == 0 || at(t, next) != b',' {
            break;
        }
        i = next + 1;
    }
}
