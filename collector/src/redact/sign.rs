//! What stands around an `@`: addresses of mail, accounts on hosts, principals of Kerberos.
//!
//! In: text and the place of an `@`. Out: spans. What only looks like mail stays: names of units, of protocols' algorithms, of
//! symbols, the addresses of public lists and of maintainers in packages.

use std::ops::Range;

use super::{
    account::is_account,
    escape,
    harvest::is_public,
    kinds::Kind,
    person,
    span::{Form, Span},
    token,
    tokens::quad,
    value::{at, is_name, line_end, line_start},
};

/// Domains whose addresses are names of algorithms and extensions.
const PROTOCOLS: &[&[u8]] = &[b"openssh.com", b"libssh.org", b"lysator.liu.se", b"ssh.com"];

/// Domains of projects beside those that no host's name is replaced under.
const PROJECTS: &[&[u8]] = &[b"gnu.org", b"sourceforge.net", b"apache.org", b"debian.org", b"suse.com", b"sos.org"];

/// Parts of names that are no person's.
const ROLES: &[&[u8]] = &[
    b"devel",
    b"dev",
    b"list",
    b"bug",
    b"help",
    b"users",
    b"announce",
    b"security",
    b"maintainer",
    b"packager",
    b"support",
    b"reply",
    b"webmaster",
    b"linux",
    b"kernel",
    b"info",
];

/// How a line begins that names who wrote or packed a program.
const CREDITS: &[&[u8]] = &[
    b"Packager",
    b"packager",
    // Of a kernel module, in the columns of modinfo.
    b"author:  ",
    b"Maintainer:",
    b"Copyright",
    b"* Mon ",
    b"* Tue ",
    b"* Wed ",
    b"* Thu ",
    b"* Fri ",
    b"* Sat ",
    b"* Sun ",
];

/// Names behind `/` in a principal that say what somebody acts as.
const INSTANCES: &[&[u8]] = &[b"admin", b"root", b"cron", b"changepw", b"kadmin"];

/// Hosts that everyone has.
const NO_HOSTS: &[&[u8]] = &[b"localhost", b"localhost.localdomain"];

/// Finds what the `@` at `sign` joins.
pub(super) fn around(t: &[u8], sign: usize, spans: &mut Vec<Span>) {
    match email(t, sign) {
        Some(range) => {
            // `张伟 <zhang@corp.net>`
            if range.start > 8
                && t[range.start - 1] == b'<'
                && t[range.start - 5..].iter().take(3).any(|b| !b.is_ascii())
                && let Some(name) = person::before(t, range.start)
            {
                push(name.start, name.end, Kind::PersonName, spans);
            }
            spans.push(Span::new(&range, Kind::Email, Form::Email(sign as u32)));
        }
        None => account(t, sign, spans),
    }
}

/// Endings of unit names, which hold an `@` as well.
const UNITS: &[&str] =
    &["service", "socket", "slice", "timer", "mount", "automount", "target", "path", "scope", "device", "swap"];

/// The e-mail address around the `@` at `sign`.
fn email(t: &[u8], sign: usize) -> Option<Range<usize>> {
    let local = t[..sign].iter().rev().take(65).take_while(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(b)).count();
    let mut start = escape::past(t, sign - local);
    // Percent signs belong to a name, but not where they write a character that does not.
    while let Some(percent) = memchr::memchr(b'%', &t[start..sign])
        && let Some((length, _)) = escape::tail(t, start + percent + 1)
    {
        start += percent + 1 + length;
    }
    while start < sign && matches!(t[start], b'.' | b'-' | b'%' | b'+') {
        start += 1;
    }
    let domain = t[sign + 1..].iter().take(254).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let mut end = sign + 1 + domain;
    while end > sign + 1 && matches!(t[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let name = &t[start..sign];
    let domain = &t[sign + 1..end];
    let dot = memchr::memrchr(b'.', domain)?;
    let top = &domain[dot + 1..];
    let fits = (1..=64).contains(&name.len())
        && name != b"git"
        && !token::is_replaced(name)
        && dot > 0
        && top.len() >= 2
        && top.iter().all(u8::is_ascii_alphabetic)
        && !UNITS.iter().any(|u| top == u.as_bytes())
        // `name@REALM.COM` is a Kerberos principal.
        && domain.iter().any(u8::is_ascii_lowercase)
        && !domain.starts_with(b"odata.")
        && !PROTOCOLS.contains(&domain)
        && !is_role(name, domain)
        && !is_credit(t, start);
    fits.then_some(start..end)
}

/// `zhang.wei%40mail.example.net`: name and domain get the stand-ins that they have in plain text.
pub(super) fn percent(t: &[u8], sign: Range<usize>, spans: &mut Vec<Span>) {
    let local = t[..sign.start].iter().rev().take(65).take_while(|b| is_name(**b)).count();
    let domain = t[sign.end..].iter().take(254).take_while(|b| is_name(**b) && **b != b'_').count();
    let name = &t[sign.start - local..sign.start];
    let host = &t[sign.end..sign.end + domain];
    let top = host.rsplit(|b| *b == b'.').next().unwrap_or(b"");
    let fits = local > 0
        && name[0].is_ascii_alphanumeric()
        && at(t, (sign.start - local).saturating_sub(1)) != b'%'
        && top.len() < host.len()
        && top.len() >= 2
        && top.iter().all(u8::is_ascii_alphabetic)
        && name != b"git"
        && !token::is_replaced(name)
        && !is_role(name, host);
    if fits {
        push(sign.start - local, sign.start, Kind::Username, spans);
        push(sign.end, sign.end + domain, Kind::Domain, spans);
    }
}

/// Whether the address is that of a list or a role in a public project.
fn is_role(name: &[u8], domain: &[u8]) -> bool {
    let public = std::str::from_utf8(domain).is_ok_and(is_public)
        || PROJECTS.iter().any(|p| domain.ends_with(p))
        || domain.starts_with(b"lists.")
        || domain.starts_with(b"vger.");
    public && ROLES.iter().any(|r| name.windows(r.len()).any(|part| part.eq_ignore_ascii_case(r)))
}

fn is_credit(t: &[u8], start: usize) -> bool {
    let line = t[line_start(t, start, 200)..start].trim_ascii_start();
    CREDITS.iter().any(|c| line.starts_with(c))
}

fn push(start: usize, end: usize, kind: Kind, spans: &mut Vec<Span>) {
    spans.push(Span::new(&(start..end), kind, Form::Tag));
}

/// The name of an account before the `@`, where what is behind it or around it says that it is one.
fn account(t: &[u8], sign: usize, spans: &mut Vec<Span>) {
    let Some(last) = sign.checked_sub(1) else { return };
    // `'zhang'@'10.1.2.3'`, as databases write it.
    if matches!(t[last], b'\'' | b'`' | b'"') && at(t, sign + 1) == t[last] {
        let name = t[..last].iter().rev().take(65).take_while(|b| is_name(**b)).count();
        let start = last - name;
        if start > 0 && t[start - 1] == t[last] && is_account(&t[start..last]) {
            push(start, last, Kind::Username, spans);
        }
        return;
    }
    // A computer's own account ends in a dollar sign.
    let computer = t[last] == b'$';
    let sign_of_name = sign - usize::from(computer);
    let name = t[..sign_of_name].iter().rev().take(65).take_while(|b| is_name(**b)).count();
    let start = escape::past(t, sign_of_name - name);
    let name = sign_of_name - start;
    let before = if start == 0 { b'\n' } else { escape::before(t, start).unwrap_or(t[start - 1]) };
    let host = t[sign + 1..].iter().take(254).take_while(|b| is_name(**b)).count();
    let mut end = sign + 1 + host;
    while end > sign + 1 && matches!(t[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let (local, behind) = (&t[start..sign_of_name], &t[sign + 1..end]);
    if local.is_empty() || behind.is_empty() {
        return;
    }
    // A realm of documentation has nobody in it.
    let realm = behind.contains(&b'.')
        && !behind.starts_with(b"EXAMPLE.")
        && behind.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && behind[behind.len() - 2..].iter().all(u8::is_ascii_uppercase)
        && at(t, sign + 1 + host) != b'_';
    if realm && computer && name >= 3 {
        return push(start, sign_of_name, Kind::Hostname, spans);
    }
    if computer {
        return;
    }
    if realm {
        return principal(t, start, sign, spans);
    }
    // Behind a colon stands the password of an address.
    let someone = is_account(local) && local != b"git" && !matches!(before, b':' | b'@' | b'%');
    if quad(behind).is_some() {
        if someone {
            push(start, sign, Kind::Username, spans);
        }
        return;
    }
    let after = at(t, end);
    let named = behind[0].is_ascii_alphabetic() && !behind.contains(&b'.') && !NO_HOSTS.contains(&behind);
    let prompt = before == b'[' && after == b' ' && {
        let rest = &t[end..line_end(t, end).min(end + 80)];
        memchr::memchr(b']', rest).is_some_and(|n| matches!(rest.get(n + 1), Some(b'#' | b'$')))
    };
    let remote = after == b':' && matches!(at(t, end + 1), b'/' | b'~') && at(t, end + 2) != b'/';
    let mail = before == b'<' && after == b'>' && named;
    if !behind[0].is_ascii_alphabetic() || !(prompt || remote || mail) {
        return;
    }
    if someone {
        push(start, sign, Kind::Username, spans);
    }
    let marked = behind.iter().any(|b| b.is_ascii_digit() || *b == b'-');
    if named && marked && !token::is_replaced(behind) {
        push(sign + 1, end, Kind::Hostname, spans);
    }
}

/// `zhang@REALM`, `zhang/admin@REALM`, `host/db-1@REALM`, `DB-1$@REALM`: the realm stays.
fn principal(t: &[u8], start: usize, sign: usize, spans: &mut Vec<Span>) {
    let local = &t[start..sign];
    let before = if start == 0 { b'\n' } else { t[start - 1] };
    if before != b'/' {
        if is_account(local) && !matches!(before, b':' | b'@') {
            push(start, sign, Kind::Username, spans);
        }
        return;
    }
    let name = t[..start - 1].iter().rev().take(65).take_while(|b| is_name(**b)).count();
    let first = escape::past(t, start - 1 - name);
    let name = start - 1 - first;
    if INSTANCES.contains(&local) {
        if is_account(&t[first..start - 1]) {
            push(first, start - 1, Kind::Username, spans);
        }
    } else if name > 0
        && local.len() >= 3
        && !local.contains(&b'.')
        && local.iter().any(u8::is_ascii_lowercase)
        && !NO_HOSTS.contains(&local)
        && !token::is_replaced(local)
    {
        push(start, sign, Kind::Hostname, spans);
    }
}
