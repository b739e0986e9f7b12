//! Numbers of people and cards, known by their check digits and surroundings.
//!
//! In: text. Out: identity numbers, telephone numbers behind a key or in quotes, cards in groups or behind a key. Of four
//! digits at an even place each of these has at least one; only there the walk stops.

use std::ops::Range;

use super::{Kind, escapes};

/// So far back a key announces a number.
const KEY_REACH: usize = 24;
const TELEPHONE_KEYS: [&str; 12] = [
    "phone",
    "mobile",
    "tel=",
    "tel:",
    "telephone",
    "msisdn",
    "手机",
    "电话",
    "手机号",
    "联系方式",
    // 手机 and 电话 in JSON that is all ASCII.
    "\\u624b\\u673a",
    "\\u7535\\u8bdd",
];
const CARD_KEYS: [&str; 7] = ["card", "bankno", "pan=", "银行卡", "卡号", "账号", "\\u5361\\u53f7"];

/// Calls `hit` with every number that is one.
pub(super) fn find(t: &[u8], mut hit: impl FnMut(Range<usize>, Kind)) {
    let mut done = 0;
    for (n, (whole, shifted)) in blocks(t).enumerate() {
        let at = n * 8;
        // Eleven digits in a row hold such a block whole; the other places matter for groups.
        if whole.0 && at >= done {
            done = one(t, at, done, &mut hit);
        }
        for (digits, from) in [(shifted.0, at + 2), (whole.1, at + 4), (shifted.1, at + 6)] {
            if digits && from >= done && in_groups(t, from) {
                done = one(t, from, done, &mut hit);
            }
        }
    }
    for from in t.len().saturating_sub(20)..t.len().saturating_sub(3) {
        if from >= done && t[from..from + 4].iter().all(u8::is_ascii_digit) {
            done = one(t, from, done, &mut hit);
        }
    }
}

/// Whether another group stands beside the four digits at `at`.
fn in_groups(t: &[u8], at: usize) -> bool {
    let (sign, digit) = (|b: Option<&u8>| matches!(b, Some(b' ' | b'-')), |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit));
    let before = |n: usize| at.checked_sub(n).map(|i| &t[i]);
    sign(t.get(at + 4)) && digit(t.get(at + 5)) || sign(before(1)) && digit(before(2))
}

type Two = (bool, bool);

/// For every eight bytes whether the four at 0 and 4, and those at 2 and 6, are digits.
fn blocks(t: &[u8]) -> impl Iterator<Item = (Two, Two)> {
    let digits = |bytes: [u8; 8]| {
        let x = u64::from_le_bytes(bytes);
        // Zero where the high half of a byte is that of a digit and stays so when 6 is added.
        let no = ((x & 0xf0f0_f0f0_f0f0_f0f0) ^ 0x3030_3030_3030_3030)
            | ((x.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0) ^ 0x3030_3030_3030_3030);
        (no as u32 == 0, (no >> 32) as u32 == 0)
    };
    let shifted = t.get(2..).unwrap_or_default();
    t.as_chunks::<8>().0.iter().zip(shifted.as_chunks::<8>().0).map(move |(a, b)| (digits(*a), digits(*b)))
}

/// Looks at the number around four digits at `at`; gives where to go on.
fn one(t: &[u8], at: usize, done: usize, hit: &mut impl FnMut(Range<usize>, Kind)) -> usize {
    let start = at - t[done..at].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let end = at + t[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let run = escapes::without(t, start..end);
    let start = run.start;
    let free = |range: &Range<usize>| {
        let before = Some(escapes::before(t, range.start));
        let after = t.get(range.end).copied();
        let next = t.get(range.end + 1).is_some_and(u8::is_ascii_digit);
        !before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$'))
            && !after.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || b == b'.' && next)
    };
    match run.len() {
        17 if t.get(end).is_some_and(|b| b.eq_ignore_ascii_case(&b'x')) => {
            let whole = start..end + 1;
            if free(&whole) && is_citizen(&t[whole.clone()]) {
                hit(whole, Kind::CnId);
            }
        }
        18 if free(&run) && is_citizen(&t[run.clone()]) => hit(run, Kind::CnId),
        11 if free(&run) && is_mobile(&t[run.clone()]) && (quoted(t, &run) || keyed(t, start, &TELEPHONE_KEYS)) => {
            hit(run, Kind::CnMobile);
        }
        13 if start > 0 && t[start - 1] == b'+' && t[start..].starts_with(b"86") && is_mobile(&t[start + 2..end]) => {
            hit(run, Kind::CnMobile);
        }
        13..=19 if free(&run) && is_card(&t[run.clone()]) && keyed(t, start, &CARD_KEYS) => hit(run, Kind::BankCard),
        4 => return grouped(t, start, done, hit).unwrap_or(end),
        _ => {}
    }
    end
}

/// `6222 0212 3456 7894` and `138-1234-5678`: four digits of it begin at `at`.
fn grouped(t: &[u8], at: usize, done: usize, hit: &mut impl FnMut(Range<usize>, Kind)) -> Option<usize> {
    let digits = |range: Range<usize>| t.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let sign = |i: usize| t.get(i).copied().filter(|b| matches!(b, b' ' | b'-'));
    // Back to the first group.
    let mut start = at;
    while start >= done + 5 && sign(start - 1).is_some() && digits(start - 5..start - 1) {
        start -= 5;
    }
    let joint = |i: usize| t.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let mut end = start + 4;
    let separator = sign(end)?;
    let mut groups = 1;
    while t.get(end) == Some(&separator) && digits(end + 1..end + 5) {
        end += 5;
        groups += 1;
    }
    if groups == 4 && t.get(end) == Some(&separator) && digits(end + 1..end + 4) {
        end += 4;
    }
    if groups == 2 && start >= 4 && t[start - 1] == separator && digits(start - 4..start - 1) {
        let whole = start - 4..end;
        let number: Vec<u8> = t[whole.clone()].iter().copied().filter(u8::is_ascii_digit).collect();
        let before = whole.start.checked_sub(1).map(|i| t[i]);
        let country = t[..whole.start].ends_with(b"+86 ") || t[..whole.start].ends_with(b"+86-");
        let free = !before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) || country;
        let announced = country || separator == b'-' || keyed(t, whole.start, &TELEPHONE_KEYS);
        if free && announced && !joint(end) && is_mobile(&number) {
            hit(whole, Kind::CnMobile);
        }
        return Some(end);
    }
    if groups == 4 && !joint(end) && !start.checked_sub(1).is_some_and(joint) {
        let number: Vec<u8> = t[start..end].iter().copied().filter(u8::is_ascii_digit).collect();
        // Counters in columns are in groups as well, with blanks between them.
        let announced = separator == b'-' || keyed(t, start, &CARD_KEYS);
        if announced && is_card(&number) {
            hit(start..end, Kind::BankCard);
        }
    }
    Some(end)
}

fn quoted(t: &[u8], range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).map(|i| t[i]);
    matches!(before, Some(b'"' | b'\'')) && t.get(range.end) == before.as_ref()
}

fn keyed(t: &[u8], start: usize, keys: &[&str]) -> bool {
    let from = start.saturating_sub(KEY_REACH);
    let window = &t[from..start];
    let line = memchr::memrchr(b'\n', window).map_or(0, |n| n + 1);
    let window = &window[line..];
    keys.iter().any(|key| window.windows(key.len()).any(|part| part.eq_ignore_ascii_case(key.as_bytes())))
}

fn is_mobile(t: &[u8]) -> bool {
    matches!(t, [b'1', b'3'..=b'9', ..]) && t.len() == 11
}

/// GB 11643: region, date of birth, and a check character by ISO 7064 MOD 11-2, here with its table of weights.
fn is_citizen(t: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let number = |range: Range<usize>| t[range].iter().fold(0_i16, |n, b| n * 10 + i16::from(b - b'0'));
    let date = jiff::civil::Date::new(number(6..10), number(10..12) as i8, number(12..14) as i8);
    let sum: u32 = t.iter().zip(WEIGHTS).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    let region = (b'1'..=b'8').contains(&t[0]);
    region
        && date.is_ok_and(|date| (1850..=2100).contains(&date.year()))
        && b"10X98765432"[(sum % 11) as usize] == t[17].to_ascii_uppercase()
}

/// Luhn's check digit behind a prefix that issuers have.
fn is_card(t: &[u8]) -> bool {
    let sum: u32 = t
        .iter()
        .rev()
        .enumerate()
        .map(|(place, b)| match (place % 2, u32::from(b - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    matches!(t[0], b'3'..=b'6') && sum.is_multiple_of(10) && !t.iter().all(|b| *b == t[0])
}
