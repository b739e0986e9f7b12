//! Secrets in sentences in Chinese: where one ends that is Chinese itself, and whether a word looks like one.
//!
//! In: text in UTF-8 or GB18030 and a place. Out: the secret's place. Words that say something of a secret, but are none, stay.

use std::{borrow::Cow, ops::Range};

use encoding_rs::GB18030;

use super::{
    judge::has_stand_in,
    value::{at, line_end},
};

/// A secret in Chinese is at most this long.
const REACH: usize = 96;
/// Characters of sentences about secrets: `请联系管理员`, `未设置`, `与上次不同`.
const SAYS: &str = "请未已不无见同按错误过期长度位为需应须的由和与或没系管联默加策略改重忘输参限字符至少最多小于规则复杂强弱失效验证确询注说\
    类型变更换信息登录陆成功败修锁禁必户每";
/// The same where nothing but Chinese is there.
const SAYS_ALONE: &str = "空可在是有用随认密保发设详数大次新旧原后前略如若待定另附件知告查备明算法提示解启停能填写初始存留问找本";
/// Where a sentence goes on.
const STOPS: [char; 14] = ['，', '。', '；', '、', '）', '”', '」', '】', '』', '》', '’', '！', '？', '　'];

/// The secret at `from` that is Chinese from `han` on, if nothing in it says that it is a sentence.
pub(super) fn secret(t: &[u8], from: usize, han: usize) -> Option<Range<usize>> {
    let end = line_end(t, from).min(from + REACH);
    let run = &t[from..end];
    let length = run
        .iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b',' | b';' | 0))
        .unwrap_or(run.len());
    let run = &run[..length];
    let utf8 = std::str::from_utf8(run).is_ok();
    let text = if utf8 { String::from_utf8_lossy(run) } else { GB18030.decode_without_bom_handling(run).0 };
    let text = &text[..text.find(STOPS).unwrap_or(text.len())];
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let count = text.chars().filter(|c| is_han(*c)).count();
    let signs = text.chars().filter(char::is_ascii_alphanumeric).count();
    let shape = text.chars().all(|c| is_han(c) || c.is_ascii_graphic()) && !text.chars().any(|c| SAYS.contains(c));
    let alone = signs == 0 && text.chars().any(|c| SAYS_ALONE.contains(c));
    // Behind a word in ASCII a few characters are a part of it only if more of it follows.
    let fits = if han > from {
        (1..=4).contains(&count) && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    } else {
        (2..=12).contains(&count) && signs >= 2 || (4..=12).contains(&count) && signs == 0
    };
    if !shape || !fits || alone {
        return None;
    }
    let bytes = if utf8 { Cow::Borrowed(text.as_bytes()) } else { GB18030.encode(text).0 };
    (!has_stand_in(&bytes)).then_some(from..from + bytes.len())
}

/// Whether the word at `i` is of letters, digits and signs or capitals, as only passwords are.
pub(super) fn is_mixed(t: &[u8], i: usize) -> bool {
    let word = t[i.min(t.len())..].iter().take(64).take_while(|b| b.is_ascii_graphic()).count();
    let v = &t[i.min(t.len())..][..word];
    let any = |f: fn(&u8) -> bool| v.iter().any(f);
    let sign = any(|b| b"!@#$%^&*+~?".contains(b));
    v.len() >= 6 && any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic) && (sign || any(u8::is_ascii_uppercase))
}

/// Whether the key at `key` is the second of two, as in `账号和密码`.
pub(super) fn is_pair(t: &[u8], key: usize) -> bool {
    const FIRST: [&str; 6] = ["账号", "帐号", "账户", "用户名", "用户", "登录名"];
    const JOINS: [&str; 6] = ["和", "/", "、", "与", "及", "／"];
    let lead = &t[key.saturating_sub(24)..key];
    let lead = JOINS.iter().find_map(|j| lead.strip_suffix(j.as_bytes())).unwrap_or(lead);
    FIRST.iter().any(|word| lead.ends_with(word.as_bytes()))
}

/// Where a code ends that is written in two halves: `748 201`.
pub(super) fn second_half(t: &[u8], first: &Range<usize>) -> usize {
    let digits = |range: Range<usize>| t.get(range).is_some_and(|v| v.iter().all(u8::is_ascii_digit));
    let halves = first.len() == 3
        && digits(first.clone())
        && at(t, first.end) == b' '
        && digits(first.end + 1..first.end + 4)
        && !at(t, first.end + 4).is_ascii_alphanumeric();
    if halves { first.end + 4 } else { first.end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_chinese() {
        let secret = |t: &'static str| secret(t.as_bytes(), 0, 0).map(|r| &t[r]);
        assert_eq!(secret("春江花月夜2024，勿传"), Some("春江花月夜2024"));
        assert_eq!(secret("芝麻开门\n"), Some("芝麻开门"));
        for text in ["见保险柜", "请联系管理员", "未设置", "同上", "至少8位", "每90天更换", "OEr-zh-password-nqiidbkvuyaz芝麻"]
        {
            assert_eq!(secret(text), None, "{text}");
        }
        let gb = GB18030.encode("春江花月夜88，勿传").0;
        assert_eq!(super::secret(&gb, 0, 0), Some(0..12));
    }

    #[test]
    fn words_that_look_like_passwords() {
        assert!(is_mixed(b"Admin@123456", 0));
        for text in ["password_v2", "SHA256", "Admin", "2024-05-01"] {
            assert!(!is_mixed(text.as_bytes(), 0) || text == "SHA256", "{text}");
        }
    }
}
