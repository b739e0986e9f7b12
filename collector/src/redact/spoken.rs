//! Secrets that their place in a command or a sentence gives away: piped into a program, quoted behind a literal,
//! announced by a phrase, a column of hexadecimal.
//!
//! In: text and a place. Out: the secret's place. Each look is bounded and stays in the line, but for the lines of a dump.

use std::ops::Range;

use super::structure::base64::is_login;
use super::{
    judge::{has_stand_in, is_no_secret, is_path},
    nested,
    rows::rows_below,
    value::{at, line_end, line_start, plain_end, skip_blanks},
};

/// So far from a literal a value is looked for.
const REACH: usize = 256;
/// So many `<` of other commands may stand before one's own.
const SIGNS_MAX: usize = 8;
/// No program's name is longer; what stands between the word behind `<<` and a pipe is shorter as well.
const NAME_MAX: usize = 32;
/// Programs that read a secret from their input, and what has to stand on the line behind them.
const READERS: &[(&str, &str)] = &[
    ("passwd", ""),
    ("chpasswd", ""),
    ("cryptsetup", ""),
    ("kinit", ""),
    ("sudo", "-S"),
    ("su", ""),
    ("smbpasswd", ""),
    ("pdbedit", ""),
    ("vncpasswd", ""),
    ("mkpasswd", ""),
    ("htpasswd", "-i"),
    ("openssl", "stdin"),
    ("docker", "login"),
    ("podman", "login"),
    ("nerdctl", "login"),
    ("isula", "login"),
    ("helm", "login"),
    ("oc", "login"),
    ("gh", "auth"),
    ("gpg", "passphrase"),
    ("gpg2", "passphrase"),
    ("realm", "join"),
    ("adcli", "join"),
    ("net", "join"),
    ("wpa_passphrase", ""),
    ("ssh-add", ""),
    ("clevis", "luks"),
    ("systemd-creds", "encrypt"),
    ("cryptdisks_start", ""),
    ("zfs", "-key"),
    ("zpool", "encryption"),
    ("bcachefs", "unlock"),
    ("veracrypt", "stdin"),
    ("ecryptfs-add-passphrase", ""),
    ("sshfs", "password_stdin"),
    ("rabbitmqctl", "_password"),
    ("rabbitmqctl", "add_user"),
    ("keyctl", "padd"),
    ("secret-tool", "store"),
    ("virsh", "secret-set-value"),
    ("openconnect", "passwd-on-stdin"),
    ("grub2-mkpasswd-pbkdf2", ""),
    ("grub-mkpasswd-pbkdf2", ""),
    ("wg", "pubkey"),
];

/// Formats of printf that print what follows.
const FORMATS: [&[u8]; 6] = [b"%s ", b"%s\\n ", b"'%s' ", b"\"%s\" ", b"'%s\\n' ", b"\"%s\\n\" "];

/// For each first letter, the lengths of the programs' names: most words are none.
const LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut row = 0;
    while row < READERS.len() {
        let name = READERS[row].0.as_bytes();
        lengths[name[0] as usize] |= 1 << name.len();
        row += 1;
    }
    lengths
};

/// The rows of the program with this name.
fn rows(name: &[u8]) -> impl Iterator<Item = (usize, &'static (&'static str, &'static str))> {
    let fits = name.len() < NAME_MAX && name.first().is_some_and(|b| LENGTHS[usize::from(b & 127)] >> name.len() & 1 == 1);
    let readers = if fits { READERS } else { &[] };
    readers.iter().enumerate().filter(move |(_, (program, _))| program.as_bytes() == name)
}

/// The end of the line that `i` is in, as far as is looked.
fn near_end(t: &[u8], i: usize) -> usize {
    let limit = t.len().min(i + REACH);
    memchr::memchr(b'\n', &t[i.min(limit)..limit]).map_or(limit, |n| i + n)
}

fn ends_word(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | 0 | b'"' | b'\'' | b'\\' | b')' | b';')
}

/// The program, of those that read a secret, whose command begins at `i`.
fn reader(t: &[u8], i: usize) -> Option<&'static str> {
    let end = near_end(t, i);
    let mut i = i;
    for _ in 0..4 {
        i = skip_blanks(t, i).min(end);
        let word = i..i + t[i..end].iter().take_while(|b| !ends_word(**b)).count();
        let name = memchr::memrchr(b'/', &t[word.clone()]).map_or(word.start, |n| word.start + n + 1);
        let rest = &t[word.end..end];
        let known = rows(&t[name..word.end]).find(|(_, (_, with))| memchr::memmem::find(rest, with.as_bytes()).is_some());
        if let Some((_, (program, _))) = known {
            return Some(program);
        }
        // `sudo passwd`, `sudo -n chpasswd`, `ssh host passwd`
        let leads = [&b"sudo"[..], b"ssh", b"env", b"exec"].contains(&&t[name..word.end]) || t[word.clone()].starts_with(b"-");
        if !(leads || word.len() > 2 && memchr::memchr2(b'@', b'=', &t[word.clone()]).is_some()) {
            return None;
        }
        i = word.end;
    }
    None
}

/// What `echo` or `printf`, which end at `i`, write into a program that reads a secret. Tells whether it opens a disk.
pub(super) fn piped(t: &[u8], i: usize) -> Option<(Range<usize>, bool)> {
    let end = near_end(t, i);
    let pipe = i + t[i..end].windows(2).position(|w| w[0] == b'|' && w[1] != b'|')?;
    let program = reader(t, pipe + 1)?;
    let mut value = i..pipe;
    // Options, and the format of printf.
    loop {
        value.start = skip_blanks(t, value.start);
        let rest = &t[value.start..value.end.max(value.start)];
        let option = rest.starts_with(b"-") && rest.len() > 2 && rest[1..3].contains(&b' ')
            || [&b"-ne "[..], b"-en ", b"-- "].iter().any(|o| rest.starts_with(o));
        let format = FORMATS.iter().find(|f| rest.starts_with(f));
        match format {
            Some(format) => value.start += format.len(),
            None if option => value.start += rest.iter().position(|b| *b == b' ')?,
            None => break,
        }
    }
    while value.end > value.start && matches!(t[value.end - 1], b' ' | b'\t' | b')' | b'}' | b';') {
        value.end -= 1;
    }
    if value.is_empty() {
        return None;
    }
    if let Some(inner) = nested::quoted(t, value.clone()) {
        value = inner;
    } else if let Some(stop) = t[value.clone()].iter().position(|b| matches!(b, b';' | b'&')) {
        value.end = value.start + stop;
    }
    if program == "chpasswd" {
        value.start += memchr::memchr(b':', &t[value.clone()])? + 1;
    }
    secret(t, value).map(|v| (v, program == "cryptsetup"))
}

/// The program that reads a secret and whose command ends where `<<` begins at `i`.
fn fed(t: &[u8], i: usize) -> Option<&'static str> {
    let from = line_start(t, i, REACH);
    let begin = memchr::memrchr3(b';', b'|', b'&', &t[from..i]).map_or(from, |n| from + n + 1);
    // No command reads so much at once: these are operators of a program's text.
    if memchr::memchr_iter(b'<', &t[begin..i]).count() > SIGNS_MAX {
        return None;
    }
    // A command may stand behind a time, a prompt or a field of a log.
    let begins = |p: usize| p == begin || matches!(t[p - 1], b' ' | b'\t' | b'/' | b'=' | b'"');
    let mut failed = 0_u64;
    for p in (begin..i).filter(|p| begins(*p)) {
        let length = t[p..i].iter().take(NAME_MAX + 1).take_while(|b| !ends_word(**b)).count();
        let rest = &t[p + length..i];
        for (row, (program, with)) in rows(&t[p..p + length]) {
            // What is not in a longer rest is not in a shorter one.
            if failed >> row & 1 == 0 && memchr::memmem::find(rest, with.as_bytes()).is_some() {
                return Some(program);
            }
            failed |= 1 << row;
        }
    }
    None
}

/// The program behind a pipe in the rest of the line: `cat <<EOF | chpasswd`.
fn passed_on(t: &[u8], i: usize) -> Option<&'static str> {
    let end = near_end(t, i).min(i + NAME_MAX);
    let pipe = i + memchr::memchr(b'|', &t[i.min(end)..end])?;
    reader(t, pipe + 1)
}

/// The string behind `<<<`, if the command reads a secret. Tells whether it opens a disk.
fn here_string(t: &[u8], hit: &Range<usize>) -> Option<(Range<usize>, bool)> {
    let program = fed(t, hit.start)?;
    let i = skip_blanks(t, hit.end);
    // `$'a\na'`
    let i = i + usize::from(at(t, i) == b'$' && at(t, i + 1) == b'\'');
    let string = nested::quoted(t, i..nested::argument_end(t, i, line_end(t, i).min(i + REACH)));
    let mut value = string.unwrap_or_else(|| i..plain_end(t, i, false, REACH));
    if program == "chpasswd" {
        value.start += memchr::memchr(b':', &t[value.clone()])? + 1;
    }
    secret(t, value).map(|v| (v, program == "cryptsetup"))
}

/// What is written behind `<<<`, or in the lines behind `<<`, into a program that reads a secret. Tells how far it looked.
pub(super) fn here(t: &[u8], hit: Range<usize>, found: &mut dyn FnMut(Range<usize>, bool)) -> usize {
    let sign = hit.end - 2;
    if at(t, hit.end) == b'<' || t[hit.clone()] == *b"<<<" {
        let end = hit.end.max(sign + 3);
        if at(t, end) != b'<'
            && let Some((value, disk)) = here_string(t, &(hit.start..end))
        {
            found(value, disk);
        }
        return end;
    }
    let word = skip_blanks(t, hit.end + usize::from(at(t, hit.end) == b'-'));
    let word = word + usize::from(matches!(at(t, word), b'\'' | b'"' | b'\\'));
    let length = t[word.min(t.len())..].iter().take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    // `<< x << y`, `<< std::endl`, `<< f(x)` are a program's text.
    let behind = skip_blanks(t, word + length + usize::from(matches!(at(t, word + length), b'\'' | b'"')));
    let operator = matches!(at(t, word + length), b':' | b'(' | b'.' | b'[') || at(t, behind) == b'<';
    if length == 0 || operator {
        return hit.end;
    }
    let program = fed(t, hit.start).or_else(|| passed_on(t, word + length)).filter(|p| *p != "su");
    let Some(program) = program else { return hit.end };
    let most = match program {
        "chpasswd" => usize::MAX,
        // They ask twice.
        "passwd" | "smbpasswd" | "pdbedit" => 2,
        _ => 1,
    };
    let mut seen = hit.end;
    for mut line in rows_below(t, hit.start).take(most) {
        seen = line.end;
        if t[line.clone()] == t[word..word + length] {
            break;
        }
        if program == "chpasswd" {
            let Some(colon) = memchr::memchr(b':', &t[line.clone()]) else { break };
            line.start += colon + 1;
        }
        if let Some(value) = secret(t, line) {
            found(value, program == "cryptsetup");
        }
    }
    seen
}

/// What is between `start` and the closing quote, if `quote` is one.
fn quoted(t: &[u8], start: usize, quote: u8) -> Option<Range<usize>> {
    if !matches!(quote, b'"' | b'\'') || start > t.len() {
        return None;
    }
    let end = near_end(t, start);
    let mut close = start + memchr::memchr(quote, &t[start..end])?;
    // One that is doubled is a part of the string.
    while close > start && close + 1 < end && t[close + 1] == quote {
        close += 2 + memchr::memchr(quote, &t[close + 2..end])?;
    }
    Some(start..close)
}

pub(super) fn secret(t: &[u8], value: Range<usize>) -> Option<Range<usize>> {
    let v = t.get(value.clone())?;
    // The frame of a key is none, or the body would be without its end.
    let frame = memchr::memmem::find(v, b"-----").is_some();
    (!is_no_secret(v) && !is_path(v) && !has_stand_in(v) && !v.starts_with(b"$") && !frame).then_some(value)
}

/// The value directly behind a literal, up to the quote that the literal ends with.
pub(super) fn direct(t: &[u8], i: usize) -> Option<Range<usize>> {
    let value = match i.checked_sub(1).map(|n| t[n]) {
        Some(quote @ (b'"' | b'\'')) => quoted(t, i, quote)?,
        _ => i..plain_end(t, i, false, REACH),
    };
    secret(t, value)
}

/// The last quoted word of the line, as in `"AUTH" "user" "secret"`.
pub(super) fn last_quoted(t: &[u8], i: usize) -> Option<Range<usize>> {
    let end = near_end(t, i);
    let close = memchr::memrchr(b'"', &t[i..end]).map(|n| i + n)?;
    let open = i + memchr::memrchr(b'"', &t[i - 1..close])?;
    secret(t, open..close)
}

/// Whether a word is more than a word: a digit, a sign or a capital inside.
pub(super) fn is_strong(v: &[u8]) -> bool {
    v.len() >= 5
        && (v.iter().any(u8::is_ascii_digit)
            || v.iter()
                .any(|b| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.' | b',' | b':' | b'/' | b'(' | b')' | b';'))
            || v.len() >= 12 && v[1..].iter().any(u8::is_ascii_uppercase))
}

/// The last word of a line behind `:`, `=`, `is` or `to`, as in `temporary password is generated for a@b: x`.
pub(super) fn announced(t: &[u8], i: usize) -> Option<Range<usize>> {
    let end = near_end(t, i);
    let line = t[i..end].trim_ascii_end();
    let mut value = i + memchr::memrchr2(b' ', b'\t', line)? + 1..i + line.len();
    let before = line[..value.start - i].trim_ascii_end();
    let says =
        before.ends_with(b":") || before.ends_with(b"=") || [&b" is"[..], b" to", b" as"].iter().any(|w| before.ends_with(w));
    while value.len() > 2 && matches!(t[value.start], b'"' | b'\'' | b'`' | b'[' | b'<') {
        value.start += 1;
    }
    while value.len() > 1 && matches!(t[value.end - 1], b'"' | b'\'' | b'`' | b'>' | b'.' | b']') {
        value.end -= 1;
    }
    let v = &t[value.clone()];
    // A path has a slash too, but no signs that only passwords have.
    let path = v.contains(&b'/') && (v[0] == b'/' || v.contains(&b':') || !v.iter().any(|b| b"!@#$%^&*()+=<>?;,".contains(b)));
    (says && is_strong(v) && !path).then_some(value).and_then(|v| secret(t, v))
}

/// `name:secret` behind an option or a sign; numbers, and names that are twice the same, are identities of a process.
pub(super) fn behind_name(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = i + usize::from(at(t, i) == b'=');
    let start = skip_blanks(t, i);
    let start = start + usize::from(matches!(at(t, start), b'"' | b'\''));
    let name = t[start.min(t.len())..].iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || b"_.@\\-".contains(b)).count();
    // `admin / secret`
    let gap = usize::from(at(t, start + name) == b' ');
    let slash = name > 0 && at(t, start + name + gap) == b'/' && at(t, start + name + gap + 1) != b'/';
    if name == 0 || at(t, start + name) != b':' && !slash {
        return None;
    }
    let from = if slash { skip_blanks(t, start + name + gap + 1) } else { start + name + 1 };
    let value = from..plain_end(t, from, false, REACH);
    let v = &t[value.clone()];
    if slash && (!is_strong(v) || v.len() < 6 || v.contains(&b'/') || !t[start].is_ascii_alphabetic()) {
        return None;
    }
    let weak = v.len() < 4
        || v.starts_with(b"/")
        || v.iter().all(|b| b.is_ascii_lowercase() || *b == b'-')
        || v.iter().all(u8::is_ascii_digit);
    if weak { None } else { secret(t, value) }
}

/// Base64 that holds `name:secret`, as HTTP and registries write it.
pub(super) fn basic(t: &[u8], i: usize) -> Option<Range<usize>> {
    let start = skip_blanks(t, i);
    let end = start
        + t[start.min(t.len())..].iter().take(REACH).take_while(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)).count();
    is_login(&t[start..end]).then_some(start..end)
}

/// One of the next words that is nothing but at least so many hexadecimal digits, perhaps behind `0x` and in brackets.
pub(super) fn hex_word(t: &[u8], i: usize, least: usize) -> Option<Range<usize>> {
    let end = line_end(t, i);
    let mut i = i;
    for _ in 0..5 {
        i = skip_blanks(t, i);
        let word = i..i + t[i.min(end)..end].iter().take(1024).take_while(|b| !b.is_ascii_whitespace()).count();
        let v = &t[word.clone()];
        let lead = v.len() - v.strip_prefix(b"(").unwrap_or(v).len();
        let lead = lead + if v[lead..].starts_with(b"0x") { 2 } else { 0 };
        let digits = v[lead..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits >= least && matches!(&v[lead + digits..], b"" | b")" | b"'" | b"\"" | b",") {
            return Some(word.start + lead..word.start + lead + digits);
        }
        i = word.end;
    }
    None
}

/// The key of a keytab's entry, `(0x..)` behind a principal: as long as the keys of the known ciphers.
pub(super) fn keytab(t: &[u8], i: usize) -> Option<Range<usize>> {
    let digits = t[i..].iter().take(65).take_while(|b| b.is_ascii_hexdigit()).count();
    let principal = t[line_start(t, i, REACH)..i].contains(&b'@');
    (principal && matches!(digits, 16 | 32 | 48 | 64) && at(t, i + digits) == b')').then_some(i..i + digits)
}

/// The bytes of a key in pairs of digits, from `i` to the end of the line and on the lines below that hold nothing else.
pub(super) fn dump(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>)) {
    let mut from = i;
    // A chunk is shown two lines of the one before it.
    for _ in 0..3 {
        let end = line_end(t, from);
        let line = &t[from..end];
        let start = from + line.len() - line.trim_ascii_start().len();
        let value = line.trim_ascii();
        let pairs = value.split(|b| *b == b' ').all(|p| p.len() == 2 && p.iter().all(u8::is_ascii_hexdigit));
        if value.len() < 11 || !pairs {
            // A heading without bytes: they follow below.
            if from == i && value.is_empty() && end < t.len() {
                from = end + 1;
                continue;
            }
            break;
        }
        found(start..start + value.len());
        if at(t, end) != b'\n' || end >= t.len() {
            break;
        }
        from = end + 1;
    }
}
