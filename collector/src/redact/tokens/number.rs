//! Numbers of people in text: identity cards, telephones, bank cards.
//!
//! In: a run of digits. Out: spans. What has a check digit is checked; what has none needs its surroundings.

use super::{Words, push};
use crate::redact::{
    escape,
    kinds::Kind,
    person,
    span::{Form, Span},
    value::{at, line_start},
};

impl Words<'_> {
    /// `6228-4878-5759-2515`: a grouped number with an issuer's prefix and a right check digit.
    pub(super) fn card_in_parts(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = &self.text[start..end];
        let shape = word.iter().enumerate().all(|(i, b)| if matches!(i, 4 | 9 | 14) { *b == b'-' } else { b.is_ascii_digit() });
        let digits: Vec<u8> = word.iter().copied().filter(u8::is_ascii_digit).collect();
        if shape && matches!(digits[0], b'3'..=b'6') && is_card(&digits) {
            push(start, end, Kind::BankCard, Form::Tag, spans);
        }
    }

    /// `138-0013-8044`, perhaps behind `+86 `.
    pub(super) fn mobile_in_parts(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut i = start;
        while i + 13 <= end {
            let word = &t[i..i + 13];
            let fits = word.iter().enumerate().all(|(n, b)| if matches!(n, 3 | 8) { *b == b'-' } else { b.is_ascii_digit() });
            let country = i >= start + 3 && &t[i - 3..i] == b"86-";
            let free = i == start || country || !(t[i - 1].is_ascii_alphanumeric() || matches!(t[i - 1], b'-' | b'.' | b'_'));
            if fits && free && !matches!(at(t, i + 13), b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') {
                let digits: Vec<u8> = word.iter().copied().filter(u8::is_ascii_digit).collect();
                if is_mobile(&digits) {
                    let from = if i >= 4 && matches!(&t[i - 4..i], b"+86 " | b"+86-") { i - 4 } else { i };
                    push(from, i + 13, Kind::CnMobile, Form::Tag, spans);
                }
            }
            i += 1;
        }
    }

    /// `138 0013 8044` around these digits, in a sentence or behind `+86 `: not in a row of numbers, nor a value of `=`.
    pub(super) fn mobile_in_words(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let begins = |i: usize| {
            t.get(i..i + 13).filter(|word| {
                word[0] == b'1'
                    && (b'3'..=b'9').contains(&word[1])
                    && word.iter().enumerate().all(|(n, b)| if matches!(n, 3 | 8) { *b == b' ' } else { b.is_ascii_digit() })
            })
        };
        let starts = if end - start == 3 { [Some(start), None] } else { [start.checked_sub(4), start.checked_sub(9)] };
        let Some(from) = starts.into_iter().flatten().find(|i| begins(*i).is_some()) else { return };
        let to = from + 13;
        let mut lead = &t[line_start(t, from, 16)..from];
        let country = lead.ends_with(b"+86 ") || lead.ends_with(b"+86-");
        let blanks = lead.iter().rev().take_while(|b| **b == b' ').count();
        lead = lead.trim_ascii_end();
        let before = if blanks == 0 { escape::before(t, from) } else { None }.or(lead.last().copied()).unwrap_or(b' ');
        let says = !lead.is_empty()
            && blanks <= 1
            && !before.is_ascii_digit()
            && !matches!(before, b'=' | b'.' | b'-' | b'_' | b'/' | b'%' | b'#');
        let after = at(t, to);
        let goes_on = after.is_ascii_alphanumeric()
            || matches!(after, b'-' | b'_' | b'/' | b'%')
            || after == b'.' && at(t, to + 1).is_ascii_digit()
            || after == b' ' && (at(t, to + 1).is_ascii_digit() || at(t, to + 1) == b' ');
        let sizes = [&t[from + 4..from + 8], &t[from + 9..to]]
            .iter()
            .any(|g| matches!(*g, b"1024" | b"2048" | b"4096" | b"8192" | b"0000"));
        if (country || says && !(blanks == 0 && before.is_ascii_alphabetic())) && !goes_on && !sizes {
            push(if country { from - 4 } else { from }, to, Kind::CnMobile, Form::Tag, spans);
        }
    }

    /// A run of digits: the number of a person, a telephone or a card.
    pub(super) fn number(&self, i: usize, digits: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let begin = escape::past_digits(t, i).min(i + digits);
        let (i, digits) = (begin, i + digits - begin);
        if digits < 11 {
            return;
        }
        let before = if i == 0 { b' ' } else { escape::before(t, i).unwrap_or(t[i - 1]) };
        if before.is_ascii_alphanumeric() || matches!(before, b'.' | b'_' | b'-') {
            return;
        }
        let after = at(t, i + digits);
        // A fraction joins, the ending of a file's name does not.
        let joined = after.is_ascii_alphanumeric()
            || matches!(after, b'_' | b'-')
            || after == b'.' && at(t, i + digits + 1).is_ascii_digit();
        let checked = digits == 17 && matches!(after, b'X' | b'x') && !at(t, i + 18).is_ascii_alphanumeric();
        let before_this = spans.len();
        if (checked || digits == 18 && !joined) && is_citizen(&t[i..i + 18]) {
            push(i, i + 18, Kind::CnId, Form::Tag, spans);
        } else if (digits == 11 || digits == 13) && !joined && is_mobile(&t[i..i + digits]) {
            let prefix = i > 0 && t[i - 1] == b'+';
            if (prefix && digits == 13) || self.telephone_stands_here(i, i + digits) {
                push(i - usize::from(prefix), i + digits, Kind::CnMobile, Form::Tag, spans);
            } else if i >= 4 && &t[i - 4..i] == b"+86 " {
                push(i - 4, i + digits, Kind::CnMobile, Form::Tag, spans);
            } else if let Some(name) = person::before(t, i) {
                push(name.start, name.end, Kind::PersonName, Form::Tag, spans);
                push(i, i + digits, Kind::CnMobile, Form::Tag, spans);
            }
        } else if (13..=19).contains(&digits)
            && !joined
            && is_card(&t[i..i + digits])
            && (self.follows(i, &CARD_WORDS)
                || t[i..].starts_with(b"62") && matches!(digits, 16 | 19) && self.is_field(i, i + digits))
        {
            push(i, i + digits, Kind::BankCard, Form::Tag, spans);
        }
        if spans.len() > before_this && !self.ascii {
            person::beside(t, i..i + digits, &mut |name| push(name.start, name.end, Kind::PersonName, Form::Tag, spans));
        }
    }

    /// Bare digits are a telephone number only behind a key, in quotes or alone in a field.
    pub(super) fn telephone_stands_here(&self, start: usize, end: usize) -> bool {
        let t = self.text;
        if self.follows(start, &TELEPHONE_WORDS) {
            return true;
        }
        let escaped = escape::before(t, start);
        let before = if start == 0 { b'\n' } else { escaped.unwrap_or(t[start - 1]) };
        let after = match at(t, end) {
            // The last field of a text in quotes.
            b'"' | b'\'' if escaped.is_some_and(|b| b != b'"') => b'\n',
            _ => escape::behind(t, end),
        };
        let quoted = matches!(before, b'"' | b'\'') && before == after;
        // Behind a name in Chinese; a measure word behind it makes it a count.
        if !before.is_ascii() && after.is_ascii() && after != b' ' {
            return true;
        }
        // A colon also stands between the key and a counter, hence on both sides or not at all; a number beside it is a counter.
        let separates = |b: u8| matches!(b, b',' | b';' | b'|' | b'\t');
        // `| 138.. |`, as databases' clients draw tables; `[138..]`; `login:138.."`.
        let barred = before == b' ' && after == b' ' && {
            let left = t[..start].iter().rev().take(40).find(|b| **b != b' ');
            let right = t[end..].iter().take(40).find(|b| **b != b' ');
            left == Some(&b'|') && right == Some(&b'|')
        };
        let closed = before == b'[' && after == b']'
            || before == b':' && matches!(after, b'"' | b'\'') && start >= 2 && t[start - 2].is_ascii_alphabetic();
        let field = barred
            || closed
            || (separates(before) && (separates(after) || matches!(after, b':' | b'\n')) || before == b':' && after == b':')
                && !(start >= 2 && t[start - 2].is_ascii_digit())
                && !at(t, end + 1).is_ascii_digit();
        quoted || field
    }

    /// Whether the number is alone between quotes, tabs, commas or bars.
    pub(in crate::redact) fn is_field(&self, start: usize, end: usize) -> bool {
        let separates = |b: u8| matches!(b, b'"' | b'\'' | b',' | b'|' | b'\t');
        start > 0 && separates(self.text[start - 1]) && (separates(at(self.text, end)) || at(self.text, end) == b'\n')
    }

    /// Whether one of the words stands in the 24 bytes before.
    pub(super) fn follows(&self, start: usize, words: &[&[u8]]) -> bool {
        let from = line_start(self.text, start, 24);
        let window = &self.text[from..start];
        words.iter().any(|w| window.windows(w.len()).any(|part| part.eq_ignore_ascii_case(w)))
    }
}

const TELEPHONE_WORDS: [&[u8]; 33] = [
    b"dest",
    b"user=",
    b"login=",
    b"account=",
    b"to=",
    "用户".as_bytes(),
    "账号".as_bytes(),
    "客户".as_bytes(),
    "通知".as_bytes(),
    "发送".as_bytes(),
    "预留".as_bytes(),
    "机主".as_bytes(),
    b"mob",
    b"callee",
    b"receiver",
    "致电".as_bytes(),
    "拨打".as_bytes(),
    "短信".as_bytes(),
    b"phone",
    b"mobile",
    b"tel",
    b"sms",
    b"sent to",
    b"call",
    b"contact",
    b"msisdn",
    b"cell",
    b"+86",
    "手机".as_bytes(),
    "电话".as_bytes(),
    "联系".as_bytes(),
    &[0xca, 0xd6, 0xbb, 0xfa],
    &[0xb5, 0xe7, 0xbb, 0xb0],
];
const CARD_WORDS: [&[u8]; 8] =
    [b"card", b"pan", "卡".as_bytes(), b"acct", b"bank", b"unionpay", "账号".as_bytes(), &[0xbf, 0xa8]];

/// Eleven digits from 13 on, or the same behind 86.
pub(in crate::redact) fn is_mobile(t: &[u8]) -> bool {
    let t = if t.len() == 13 { t.strip_prefix(b"86") } else { Some(t) };
    t.is_some_and(|t| t.len() == 11 && t[0] == b'1' && (b'3'..=b'9').contains(&t[1]))
}

/// Region, a real date of birth and the check character of GB 11643 (ISO 7064, MOD 11-2).
fn is_citizen(t: &[u8]) -> bool {
    let number = |range: std::ops::Range<usize>| t[range].iter().fold(0_u32, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0')));
    let (year, month, day) = (number(6..10), number(10..12), number(12..14));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    };
    if !(b'1'..=b'9').contains(&t[0])
        || !(1880..=2100).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days).contains(&day)
    {
        return false;
    }
    let check = t[..17].iter().fold(0_u32, |n, b| (n + u32::from(b - b'0')) * 2 % 11);
    let expected = (12 - check) % 11;
    match t[17] {
        b'X' | b'x' => expected == 10,
        b => u32::from(b.wrapping_sub(b'0')) == expected,
    }
}

/// Luhn's check digit.
pub(in crate::redact) fn is_card(t: &[u8]) -> bool {
    let sum = t.iter().rev().enumerate().fold(0_u32, |sum, (i, b)| {
        let digit = u32::from(b - b'0');
        sum + if i % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    });
    sum.is_multiple_of(10) && t[0] != b'0'
}
