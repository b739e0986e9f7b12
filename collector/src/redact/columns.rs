//! Tables with a row of headers at their start: separated by commas, tabs, semicolons or bars.
//!
//! In: the first line of a file, then lines. Out: what each column holds, and the spans of its values. A value has to have the
//! shape of what its header says, and a row as many fields as the headers; other lines are left to the other rules.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::Range,
};

use super::{
    account::is_account,
    identity,
    judge::{has_stand_in, is_no_secret, is_path},
    kinds::Kind,
    person,
    span::{Form, Span},
};

/// A table with more columns is none that people made.
const COLUMNS_MAX: usize = 48;
/// A header is a few words.
const HEADER_MAX: usize = 48;

/// What the columns of a table hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    separator: u8,
    count: u8,
    roles: [Option<Kind>; COLUMNS_MAX],
    /// The line of the headers, which may come again.
    headers: u64,
}

/// Ends of headers, without anything but letters, and what the column holds.
const HEADERS: &[(&str, Kind)] = &[
    ("username", Kind::Username),
    ("loginname", Kind::Username),
    ("account", Kind::Username),
    ("user", Kind::Username),
    ("用户名", Kind::Username),
    ("登录名", Kind::Username),
    ("账号", Kind::Username),
    ("帐号", Kind::Username),
    ("realname", Kind::PersonName),
    ("fullname", Kind::PersonName),
    ("name", Kind::PersonName),
    ("contact", Kind::PersonName),
    ("owner", Kind::PersonName),
    ("employee", Kind::PersonName),
    ("holder", Kind::PersonName),
    ("applicant", Kind::PersonName),
    ("manager", Kind::PersonName),
    ("姓名", Kind::PersonName),
    ("名字", Kind::PersonName),
    ("联系人", Kind::PersonName),
    ("负责人", Kind::PersonName),
    ("责任人", Kind::PersonName),
    ("申请人", Kind::PersonName),
    ("使用人", Kind::PersonName),
    ("保管人", Kind::PersonName),
    ("管理员", Kind::PersonName),
    ("户名", Kind::PersonName),
    ("员工", Kind::PersonName),
    ("phone", Kind::CnMobile),
    ("phonenumber", Kind::CnMobile),
    ("phoneno", Kind::CnMobile),
    ("mobile", Kind::CnMobile),
    ("mobileno", Kind::CnMobile),
    ("mobilenumber", Kind::CnMobile),
    ("tel", Kind::CnMobile),
    ("telephone", Kind::CnMobile),
    ("cell", Kind::CnMobile),
    ("msisdn", Kind::CnMobile),
    ("手机", Kind::CnMobile),
    ("手机号", Kind::CnMobile),
    ("手机号码", Kind::CnMobile),
    ("电话", Kind::CnMobile),
    ("电话号码", Kind::CnMobile),
    ("联系方式", Kind::CnMobile),
    ("card", Kind::BankCard),
    ("cardno", Kind::BankCard),
    ("cardnumber", Kind::BankCard),
    ("bankaccount", Kind::BankCard),
    ("卡号", Kind::BankCard),
    ("银行卡", Kind::BankCard),
    ("银行账号", Kind::BankCard),
    ("idcard", Kind::CnId),
    ("idno", Kind::CnId),
    ("idnumber", Kind::CnId),
    ("identityno", Kind::CnId),
    ("certno", Kind::CnId),
    ("身份证", Kind::CnId),
    ("身份证号", Kind::CnId),
    ("身份证号码", Kind::CnId),
    ("证件号", Kind::CnId),
    ("证件号码", Kind::CnId),
    ("serial", Kind::SerialNumber),
    ("serialno", Kind::SerialNumber),
    ("serialnumber", Kind::SerialNumber),
    ("sn", Kind::SerialNumber),
    ("assettag", Kind::SerialNumber),
    ("servicetag", Kind::SerialNumber),
    ("barcode", Kind::SerialNumber),
    ("序列号", Kind::SerialNumber),
    ("资产编号", Kind::SerialNumber),
    ("资产标签", Kind::SerialNumber),
    ("systemuuid", Kind::SystemUuid),
    ("machineid", Kind::SystemUuid),
    ("vmuuid", Kind::SystemUuid),
    ("instanceuuid", Kind::SystemUuid),
    ("hostname", Kind::Hostname),
    ("nodename", Kind::Hostname),
    ("主机名", Kind::Hostname),
    ("主机名称", Kind::Hostname),
    ("mac", Kind::Mac),
    ("macaddr", Kind::Mac),
    ("macaddress", Kind::Mac),
    ("mac地址", Kind::Mac),
    ("latitude", Kind::Gps),
    ("longitude", Kind::Gps),
    ("lat", Kind::Gps),
    ("lng", Kind::Gps),
    ("lon", Kind::Gps),
    ("纬度", Kind::Gps),
    ("经度", Kind::Gps),
    ("password", Kind::PasswordKv),
    ("passwd", Kind::PasswordKv),
    ("passphrase", Kind::PasswordKv),
    ("pwd", Kind::PasswordKv),
    ("secret", Kind::PasswordKv),
    ("secretkey", Kind::PasswordKv),
    ("accesskey", Kind::PasswordKv),
    ("apikey", Kind::GenericApiKey),
    ("token", Kind::GenericApiKey),
    ("community", Kind::Snmp),
    ("密码", Kind::ZhPassword),
    ("口令", Kind::ZhPassword),
    ("密钥", Kind::ZhPassword),
];

impl Columns {
    /// Reads the headers of a table, if the first line with content is one and says something that matters.
    pub(super) fn of(head: &[u8], gb: bool) -> Option<Columns> {
        let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
        let line = head.split(|b| *b == b'\n').take(8).find(|line| !line.trim_ascii().is_empty())?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > 2048 {
            return None;
        }
        let decoded =
            if gb { encoding_rs::GB18030.decode(line).0.into_owned() } else { String::from_utf8_lossy(line).into_owned() };
        let text = decoded.strip_prefix('#').unwrap_or(&decoded);
        let separator = [b'\t', b',', b';', b'|'].into_iter().max_by_key(|s| memchr::memchr_iter(*s, text.as_bytes()).count())?;
        let mut roles = [None; COLUMNS_MAX];
        let mut count = 0;
        for header in text.split(separator as char) {
            let name: String = header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let words = header.split_whitespace().count();
            let legal = header.len() <= HEADER_MAX
                && words <= 4
                && !header.contains(['=', '{', '[', '<', '@', '/'])
                && !name.starts_with(|c: char| c.is_ascii_digit())
                // What it was before was perhaps no header.
                && !has_stand_in(header.as_bytes());
            if !legal || count == COLUMNS_MAX {
                return None;
            }
            // The longest that fits, behind the start of a word: `bmc_user`, `联系电话`, not `superuser`.
            let ends = |end: &str| {
                name.strip_suffix(end).is_some_and(|rest| {
                    rest.is_empty()
                        || !end.is_ascii()
                        || header.trim_matches(['"', ' ', '\'']).len() > name.len() && end.len() > 2
                })
            };
            roles[count] = HEADERS.iter().filter(|(end, _)| ends(end)).max_by_key(|(end, _)| end.len()).map(|(_, kind)| *kind);
            count += 1;
        }
        let table = count >= 2 && roles.iter().any(Option::is_some);
        table.then(|| Columns { separator, count: count as u8, roles, headers: hash(line) })
    }

    /// Finds the values in `text[from..to]`, which is whole lines.
    pub(super) fn fields(&self, text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
        let mut start = from;
        while start < to {
            let end = memchr::memchr(b'\n', &text[start..to]).map_or(to, |n| start + n);
            self.row(text, start, end, spans);
            start = end + 1;
        }
    }

    fn row(&self, text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
        let end = if end > start && text[end - 1] == b'\r' { end - 1 } else { end };
        let mut fields = [(0, 0); COLUMNS_MAX];
        let mut count = 0;
        let mut i = start;
        while count < usize::from(self.count) {
            let Some(close) = self.field_end(text, i, end) else { return };
            fields[count] = (i, close);
            count += 1;
            if close >= end {
                i = end + 1;
                break;
            }
            i = close + 1;
        }
        if count != usize::from(self.count) || i <= end || hash(&text[start..end]) == self.headers {
            return;
        }
        for (role, (from, to)) in self.roles.iter().zip(&fields[..count]) {
            if let Some(kind) = role {
                let range = trim(text, *from..*to);
                if let Some(form) = value(text, range.clone(), *kind) {
                    spans.push(Span::new(&range, *kind, form));
                }
            }
        }
    }

    /// The separator behind the field at `i`; one within quotes does not count. None where more than blanks follows the
    /// closing quote: such a line is no row of a table.
    fn field_end(&self, text: &[u8], i: usize, end: usize) -> Option<usize> {
        let mut from = i;
        if i < end && text[i] == b'"' {
            loop {
                from = from + 2 + memchr::memchr(b'"', &text[from + 1..end])?;
                // A doubled quote is a part of the field.
                if from >= end || text[from] != b'"' {
                    break;
                }
            }
        }
        let close = memchr::memchr(self.separator, &text[from.min(end)..end]).map_or(end, |n| from + n);
        (from == i || text[from.min(close)..close].trim_ascii().is_empty()).then_some(close)
    }
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

/// The value without blanks and quotes around it.
fn trim(text: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    let around = |b: u8| matches!(b, b' ' | b'"' | b'\'' | b'\t');
    while start < end && around(text[start]) {
        start += 1;
    }
    while end > start && around(text[end - 1]) {
        end -= 1;
    }
    start..end
}

/// How the value is replaced, if it has the shape of its kind.
fn value(text: &[u8], range: Range<usize>, kind: Kind) -> Option<Form> {
    let v = &text[range.clone()];
    if v.len() < 2 || has_stand_in(v) {
        return None;
    }
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = v.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let only = |more: &[u8]| v.iter().all(|b| b.is_ascii_alphanumeric() || more.contains(b));
    let number = letters == 0 && only(b" -+()");
    let words = v.split(|b| *b == b' ').count();
    let fits = match kind {
        Kind::Username => only(b"._-") && is_account(v),
        Kind::PersonName => return person::fills(text, range).then_some(Form::Tag),
        Kind::CnMobile => number && (7..=15).contains(&digits),
        Kind::BankCard => number && (12..=19).contains(&digits),
        Kind::CnId => only(b"") && letters <= 1 && matches!(v.len(), 15 | 18),
        Kind::SerialNumber => {
            v.len() >= 5 && digits >= 2 && only(b"-_/.") && !is_no_secret(v) && v.iter().any(|b| !matches!(b, b'0' | b'-'))
        }
        Kind::SystemUuid => matches!(v.len(), 32 | 36) && v.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-'),
        Kind::Hostname => {
            v[0].is_ascii_alphabetic() && only(b"-_") && (digits > 0 || v.contains(&b'-')) && !v.starts_with(b"localhost")
        }
        Kind::Mac => return identity::bare_mac(text, range),
        Kind::Gps => number_with_decimals(v),
        _ => {
            kind.is_credential()
                && v.len() >= 4
                && !is_no_secret(v)
                && !is_path(v)
                && (digits > 0 || !v.contains(&b' '))
                && words <= 4
        }
    };
    fits.then_some(Form::Tag)
}

fn number_with_decimals(v: &[u8]) -> bool {
    let mut parts = v.splitn(2, |b| *b == b'.');
    let whole = parts.next().unwrap_or(b"");
    let rest = parts.next().unwrap_or(b"");
    (1..=4).contains(&whole.len())
        && whole.iter().all(|b| b.is_ascii_digit() || *b == b'-')
        && rest.len() >= 3
        && rest.iter().all(u8::is_ascii_digit)
}
