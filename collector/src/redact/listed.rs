//! Secrets in the line below the one that names them: numbered lists of clients, what a debugger prints.
//!
//! In: text and the place behind a name. Out: the secret's place.

use std::ops::Range;

use super::{
    judge::is_no_secret,
    rows::lines_below,
    value::{at, line_end},
};

/// The string of an entry `3) "x"`, perhaps behind the numbers of the lists it is in.
fn entry(line: &[u8]) -> Option<Range<usize>> {
    let open = memchr::memchr(b'"', line)?;
    let head = line[..open].trim_ascii_end();
    let numbers = head.ends_with(b")") && head.iter().all(|b| b.is_ascii_digit() || matches!(b, b')' | b' '));
    let close = memchr::memrchr(b'"', line).filter(|close| *close > open + 1)?;
    numbers.then_some(open + 1..close)
}

/// The entry below that of a command in a list, the last of so many if they go on: `1) "AUTH"`, `2) "name"`, `3) "x"`.
pub(super) fn next_entry(t: &[u8], i: usize, most: u8) -> Option<Range<usize>> {
    let quote = usize::from(at(t, i) == b'"');
    if !matches!(at(t, i + quote), b'\n' | b'\r') {
        return None;
    }
    let line = lines_below(t, i).take(usize::from(most)).map_while(|line| {
        let value = entry(&t[line.clone()])?;
        Some(line.start + value.start..line.start + value.end)
    });
    line.last().filter(|value| !is_no_secret(&t[value.clone()]))
}

/// What a debugger prints below a command that names a secret: `(gdb) p cfg->password`, `$1 = 0x55d0 "x"`.
pub(super) fn printed(t: &[u8], i: usize) -> Option<Range<usize>> {
    const NAMES: [&[u8]; 6] = [b"pass", b"pwd", b"secret", b"token", b"passphrase", b"apikey"];
    let name = t[i..line_end(t, i).min(i + 128)].to_ascii_lowercase();
    if !NAMES.iter().any(|n| memchr::memmem::find(&name, n).is_some()) {
        return None;
    }
    let line = lines_below(t, i).next().filter(|line| t[line.clone()].starts_with(b"$"))?;
    let open = line.start + memchr::memchr(b'"', &t[line.clone()])? + 1;
    let length = t[open..line.end].iter().enumerate().position(|(n, b)| *b == b'"' && t[open + n - 1] != b'\\')?;
    (length > 0 && !is_no_secret(&t[open..open + length])).then_some(open..open + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_prints() {
        let text = b"3) \"requirepass\"\n 4) \"n0w\"\nx";
        assert_eq!(next_entry(text, 15, 1), Some(22..25));
        assert_eq!(next_entry(b"1) \"AUTH\"\n2) \"u\"\n3) \"n0w\"\n(nil)", 8, 2), Some(21..24));
        assert_eq!(next_entry(b"1) \"AUTH\"\n(nil)", 8, 2), None);
        let gdb = b"(gdb) p a->password\n$1 = 0x55 \"n0w\"\n";
        assert_eq!(printed(gdb, 7), Some(31..34));
        assert_eq!(printed(b"(gdb) p name\n$1 = \"n0w\"\n", 7), None);
    }
}
