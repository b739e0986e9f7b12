//! Identities that their key announces: numbers of hardware, telephones, cards, places, names of people.
//!
//! In: text and the place of a key. Out: the place of the value and how it is replaced. Every look ends after a few dozen
//! bytes and within the line. A key alone proves little, hence each value has to have the shape of its kind.

use std::ops::Range;

use super::{
    judge::{is_no_secret, is_path},
    scan::begins_word,
    span::Form,
    tokens::{is_card, is_mobile},
    value::{at, is_name, line_end, line_start},
};

/// What has to stand behind the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A serial number, behind a sign.
    Serial,
    /// 32 hexadecimal digits, with or without dashes.
    Uuid,
    /// As `Uuid`, if the spelling of the key or the line says that it is a machine's and no file system's.
    UuidOfMachine,
    /// 12 hexadecimal digits.
    Mac,
    /// 12 hexadecimal digits without anything between, as in names of interfaces.
    MacInName,
    /// 16 hexadecimal digits: the address of an InfiniBand port.
    Guid,
    /// A Chinese mobile number, perhaps in groups.
    Phone,
    /// The number of a bank card, perhaps in groups.
    Card,
    /// One or two numbers with many decimals.
    Degrees,
    /// The position in a sentence of NMEA 0183.
    Nmea,
    /// Han characters in base64, as LDAP writes them.
    NameInBase64,
}

/// The value behind the key at `hit`.
pub(super) fn find(t: &[u8], field: Field, hit: Range<usize>) -> Option<(Range<usize>, Form)> {
    let word = &t[hit.clone()];
    // Some literals hold their sign or quote.
    let end = hit.start + word.iter().rposition(|b| b.is_ascii_alphanumeric() || !b.is_ascii()).map_or(word.len(), |n| n + 1);
    let begins = begins_word(t, hit.start);
    let tag = |range| (range, Form::Tag);
    match field {
        Field::Serial if begins => serial(t, end).map(tag),
        Field::Uuid if begins => uuid(t, value_start(t, end).0).map(tag),
        Field::UuidOfMachine => {
            let from = line_start(t, hit.start, 512);
            let says = |part: &[u8]| memchr::memmem::find(&t[from..hit.start], part).is_some();
            // libvirt's tools fill up its name to a column that no tool of file systems has.
            let column = word.ends_with(b" ") && (hit.start == 0 || t[hit.start - 1] == b'\n');
            let line = word == b"uuid=" && begins && (says(b"chassis=") || says(b"smbios"));
            let machine = column || line || word == b"\"UUID\"";
            if machine { uuid(t, value_start(t, end).0).map(tag) } else { None }
        }
        Field::Mac if begins => {
            let end = suffix(t, end, &[b"_address", b"-address", b" address", b"address", b"_addr", b"-addr", b"addr"]);
            if is_name(at(t, end)) { None } else { mac(t, value_start(t, end).0) }
        }
        Field::MacInName if begins => mac(t, hit.end),
        Field::Guid if begins && !is_name(at(t, end)) => guid(t, value_start(t, end).0).map(tag),
        Field::Phone => {
            let start = if word == b"+86" { hit.start } else { number_start(t, end) };
            phone(t, start).map(tag)
        }
        Field::Card if begins => card(t, number_start(t, end)).map(tag),
        Field::Degrees if begins => degrees(t, end, word).map(tag),
        Field::Nmea => nmea(t, hit.start).map(tag),
        Field::NameInBase64 => {
            let run = run(t, hit.end, 40, |b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
            // The first byte of a Han character is E4 to E9.
            let han = matches!(at(t, hit.end), b'5' | b'6') && run >= 8;
            han.then(|| tag(hit.end..hit.end + run))
        }
        _ => None,
    }
}

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

/// Goes over the first of the endings that is there, in any case.
fn suffix(t: &[u8], i: usize, endings: &[&[u8]]) -> usize {
    let rest = &t[i.min(t.len())..];
    endings.iter().find(|e| rest.get(..e.len()).is_some_and(|r| r.eq_ignore_ascii_case(e))).map_or(i, |e| i + e.len())
}

/// Where the value behind the key that ends at `i` begins, and whether a sign announces it: closing quote, blanks, sign,
/// opening quote.
fn value_start(t: &[u8], i: usize) -> (usize, bool) {
    let mut i = i + run(t, i, 3, |b| matches!(b, b'"' | b'\'' | b'\\' | b']'));
    let mut signed = false;
    for _ in 0..48 {
        match at(t, i) {
            b':' | b'=' | b'>' | b'|' => signed = true,
            b' ' | b'\t' | b'.' => {}
            0xef if t[i..].starts_with("：".as_bytes()) => {
                signed = true;
                i += 2;
            }
            _ => break,
        }
        i += 1;
    }
    (i + run(t, i, 3, |b| matches!(b, b'"' | b'\'' | b'\\')), signed)
}

/// Where a number behind a key may begin: `phone_number: `, `手机号码为 `.
fn number_start(t: &[u8], i: usize) -> usize {
    const FILLERS: [&[u8]; 10] = [
        "号".as_bytes(),
        "码".as_bytes(),
        "是".as_bytes(),
        "为".as_bytes(),
        "（".as_bytes(),
        b"(",
        // In GB18030.
        &[0xba, 0xc5],
        &[0xc2, 0xeb],
        &[0xca, 0xc7],
        &[0xa3, 0xba],
    ];
    let mut i = i + run(t, i, 16, |b| b.is_ascii_alphabetic() || b == b'_');
    for _ in 0..4 {
        i = value_start(t, i).0;
        let Some(filler) = FILLERS.iter().find(|f| t[i.min(t.len())..].starts_with(f)) else { break };
        i += filler.len();
    }
    i
}

fn serial(t: &[u8], end: usize) -> Option<Range<usize>> {
    const NUMBER: [&[u8]; 9] = [b" number", b"_number", b"-number", b"number", b" no", b"_no", b"no", b"_short", b" num"];
    let numbered = suffix(t, end, &NUMBER);
    if is_name(at(t, numbered)) && at(t, numbered) != b'.' {
        return None;
    }
    let (start, signed) = value_start(t, numbered);
    let mut end = start + run(t, start, 64, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'+' | b'.'));
    while end > start && matches!(t[end - 1], b'.' | b'-' | b'/') {
        end -= 1;
    }
    let v = t.get(start..end)?;
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = v.iter().filter(|b| b.is_ascii_alphabetic()).count();
    // openssl writes the number of a certificate as `serial=4F2A..`, or as a number with its hexadecimal form behind.
    let certificate = at(t, start.wrapping_sub(1)) == b'=' && v.len() >= 14 && v.iter().all(u8::is_ascii_hexdigit);
    let alone = matches!(at(t, end), b'\n' | b'\r' | b'"' | b'\'' | b'<' | b',' | b'|');
    let shape = if letters > 0 { v.len() >= 6 && digits > 0 } else { digits >= 8 && digits == v.len() && alone };
    let fits = signed
        && shape
        && !certificate
        && at(t, end) != b':'
        && !v.starts_with(b"tty")
        && !v.iter().all(|b| matches!(b, b'0' | b'x' | b'-'))
        && !is_path(v)
        && !is_no_secret(v);
    fits.then_some(start..end)
}

fn uuid(t: &[u8], start: usize) -> Option<Range<usize>> {
    let run = run(t, start, 40, |b| b.is_ascii_hexdigit() || b == b'-');
    let v = t.get(start..start + run)?;
    let shape = match v.len() {
        32 => !v.contains(&b'-'),
        36 => v.iter().enumerate().all(|(i, b)| matches!(i, 8 | 13 | 18 | 23) == (*b == b'-')),
        _ => false,
    };
    let set = v.iter().any(|b| !matches!(b, b'0' | b'-' | b'f' | b'F'));
    (shape && set && !at(t, start + run).is_ascii_alphanumeric()).then_some(start..start + run)
}

fn mac(t: &[u8], start: usize) -> Option<(Range<usize>, Form)> {
    let v = t.get(start..start + 12)?;
    let mut address = [0_u8; 6];
    for (i, b) in v.iter().enumerate() {
        address[i / 2] = address[i / 2] << 4 | (*b as char).to_digit(16)? as u8;
    }
    let word = v[0] == b'0' || v.iter().any(u8::is_ascii_alphabetic) && v.iter().any(u8::is_ascii_digit);
    let one = address[0] & 1 == 0 && address != [0; 6];
    (word && one && !is_name(at(t, start + 12))).then_some((start..start + 12, Form::Mac(address)))
}

fn guid(t: &[u8], start: usize) -> Option<Range<usize>> {
    let start = suffix(t, start, &[b"0x"]);
    let run = run(t, start, 24, |b| b.is_ascii_hexdigit() || b == b':');
    let v = t.get(start..start + run)?;
    let shape = match v.len() {
        16 => !v.contains(&b':'),
        19 => v.iter().enumerate().all(|(i, b)| matches!(i, 4 | 9 | 14) == (*b == b':')),
        23 => v.iter().enumerate().all(|(i, b)| (i % 3 == 2) == (*b == b':')),
        _ => false,
    };
    let set = v.iter().any(|b| !matches!(b, b'0' | b':' | b'f' | b'F'));
    (shape && set && !is_name(at(t, start + run))).then_some(start..start + run)
}

/// Digits from `start` on, single blanks or dashes between them: where they end, how many, and which.
fn grouped<const N: usize>(t: &[u8], start: usize) -> (usize, usize, [u8; N]) {
    let mut digits = [0; N];
    let mut count = 0;
    let mut i = start;
    while count < N {
        let b = at(t, i);
        if b.is_ascii_digit() {
            digits[count] = b;
            count += 1;
            i += 1;
        } else if count > 0 && matches!(b, b' ' | b'-') && at(t, i + 1).is_ascii_digit() {
            i += 1;
        } else {
            break;
        }
    }
    (i, count, digits)
}

fn phone(t: &[u8], start: usize) -> Option<Range<usize>> {
    let mut i = suffix(t, start, &[b"+86", b"0086", b"86", b"(+86)", b"(86)"]);
    if i > start {
        i += run(t, i, 1, |b| matches!(b, b' ' | b'-'));
    }
    let (end, count, digits) = grouped::<11>(t, i);
    (count == 11 && is_mobile(&digits) && !at(t, end).is_ascii_alphanumeric()).then_some(start..end)
}

fn card(t: &[u8], start: usize) -> Option<Range<usize>> {
    let (end, count, digits) = grouped::<19>(t, start);
    let issuer = matches!(digits[0], b'3'..=b'6' | b'9');
    (count >= 13 && issuer && is_card(&digits[..count]) && !at(t, end).is_ascii_alphanumeric()).then_some(start..end)
}

/// `lat: 30.24771`, `gps=30.24771,120.15531`, `"coordinates":[120.15531,30.24771]`.
fn degrees(t: &[u8], key_end: usize, word: &[u8]) -> Option<Range<usize>> {
    // Of a place only one number is enough where the key says which of the two it is.
    let one = !word[0].is_ascii() || word.len() <= 5 && word[0].eq_ignore_ascii_case(&b'l');
    if is_name(at(t, key_end)) {
        return None;
    }
    let mut start = value_start(t, key_end).0;
    start += run(t, start, 2, |b| matches!(b, b'[' | b'(' | b' '));
    let first = decimal(t, start)?;
    let gap = run(t, first, 4, |b| matches!(b, b',' | b' ' | b';' | b'/' | b'N' | b'S' | b'E' | b'W'));
    match decimal(t, first + gap) {
        Some(second) if gap > 0 => Some(start..second),
        _ => one.then_some(start..first),
    }
}

/// The end of a number of at most 180 with at least four decimals.
fn decimal(t: &[u8], start: usize) -> Option<usize> {
    let i = start + run(t, start, 1, |b| matches!(b, b'-' | b'+'));
    let whole = run(t, i, 4, |b| b.is_ascii_digit());
    let decimals = run(t, i + whole + 1, 16, |b| b.is_ascii_digit());
    let end = i + whole + 1 + decimals;
    let fits = (1..=3).contains(&whole) && at(t, i + whole) == b'.' && decimals >= 4 && at(t, end) != b'.';
    let value = t.get(i..i + whole)?.iter().fold(0_u32, |n, b| n * 10 + u32::from(b - b'0'));
    (fits && value <= 180).then_some(end)
}

/// `$GNRMC,031455.00,A,3015.84721,N,12009.32188,E,...`: both numbers with their letters.
fn nmea(t: &[u8], start: usize) -> Option<Range<usize>> {
    if start < 3 || t[start - 3] != b'$' {
        return None;
    }
    let limit = line_end(t, start).min(start + 80);
    let mut i = start;
    while let Some(comma) = memchr::memchr(b',', &t[i..limit]) {
        i += comma + 1;
        let number = |i: usize| run(t, i, 16, |b| b.is_ascii_digit() || b == b'.');
        let first = i + number(i);
        if first >= i + 4 && at(t, first) == b',' && matches!(at(t, first + 1), b'N' | b'S') && at(t, first + 2) == b',' {
            let second = first + 3 + number(first + 3);
            let fits = second >= first + 7 && at(t, second) == b',' && matches!(at(t, second + 1), b'E' | b'W');
            return fits.then_some(i..second + 2);
        }
    }
    None
}

/// Surnames that begin hardly another word.
const SURNAMES: &str = "王李张刘陈杨赵吴周徐孙胡朱林何郭罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范姚谭廖邹熊陆郝孔崔邱秦顾侯邵孟薄葛梅盛詹庄刁尹褚卫欧阮倪滕纪耿聂鲍翁裴柯骆焦缪莫颜殷岑柳俞贺严牛毛洪龚尤汤黎樊闫佟兰凌霍虞祝鞠奚司覃武乔赖黄马";
/// The same in GB18030.
const SURNAMES_GB: &[u8] =
    b"\xcd\xf5\xc0\xee\xd5\xc5\xc1\xf5\xb3\xc2\xd1\xee\xd5\xd4\xce\xe2\xd6\xdc\xd0\xec\xcb\xef\xba\xfa\xd6\xec\xc1\xd6\
    \xba\xce\xb9\xf9\xc2\xde\xc1\xba\xcb\xce\xd6\xa3\xd0\xbb\xba\xab\xcc\xc6\xb7\xeb\xb6\xad\xcf\xf4\xb2\xdc\xd4\xac\
    \xb5\xcb\xd0\xed\xb8\xb5\xc9\xf2\xd4\xf8\xc5\xed\xc2\xc0\xcb\xd5\xc2\xac\xbd\xaf\xb2\xcc\xbc\xd6\xb6\xa1\xce\xba\
    \xd1\xa6\xd2\xb6\xd1\xd6\xd3\xe0\xc5\xcb\xb6\xc5\xb4\xf7\xcf\xc4\xd6\xd3\xcd\xf4\xcc\xef\xbd\xaa\xb7\xb6\xd2\xa6\
    \xcc\xb7\xc1\xce\xd7\xde\xd0\xdc\xc2\xbd\xba\xc2\xbf\xd7\xb4\xde\xc7\xf1\xc7\xd8\xb9\xcb\xba\xee\xc9\xdb\xc3\xcf\
    \xb1\xa1\xb8\xf0\xc3\xb7\xca\xa2\xd5\xb2\xd7\xaf\xb5\xf3\xd2\xfc\xf1\xd2\xce\xc0\xc5\xb7\xc8\xee\xc4\xdf\xeb\xf8\
    \xbc\xcd\xb9\xa2\xc4\xf4\xb1\xab\xce\xcc\xc5\xe1\xbf\xc2\xc2\xe6\xbd\xb9\xe7\xd1\xc4\xaa\xd1\xd5\xd2\xf3\xe1\xaf\
    \xc1\xf8\xd3\xe1\xba\xd8\xd1\xcf\xc5\xa3\xc3\xab\xba\xe9\xb9\xa8\xd3\xc8\xcc\xc0\xc0\xe8\xb7\xae\xe3\xc6\xd9\xa1\
    \xc0\xbc\xc1\xe8\xbb\xf4\xd3\xdd\xd7\xa3\xbe\xcf\xde\xc9\xcb\xbe\xf1\xfb\xce\xe4\xc7\xc7\xc0\xb5\xbb\xc6\xc2\xed";
/// Surnames that begin other words as well: they need a key that only people have, and a sign.
const OTHER_SURNAMES: &str = "高方金程任钱石康白文龙段易江向常安成关于时单项包连路应万史齐雷施陶章伍管申甄冼左尚温查景党饶宁庞季冉辛翟华宫米艾古靳齐慕诸上东皇尉公令长宇端支符谷";
/// Words that begin like a name.
const NO_NAMES: &str = "周一 周二 周三 周四 周五 周六 周日 周末 周期 周边 周报 许可 许多 何时 何种 何处 贺卡 黄金 黄色 严重 严格 顾客 顾问 \
    曾经 谢谢 谢绝 马上 宋体 韩文 韩语 董事 郑州 徐州 苏州 杭州 柳州 武汉 武装 范围 陆续 陆地 尤其 黎明 孙子 陈旧 陈列 郑重 罗列 卫生 卫星 \
    高级 高可 高性 高危 高温 高速 高频 高校 方案 方式 方法 方向 金额 金融 程序 程度 任务 任何 任意 任职 钱包 石油 康复 白名 文件 文档 文本 文字 \
    段落 易用 向导 常用 常规 常见 安全 安装 安排 成功 成员 关闭 关联 关于 关机 关键 于是 时间 时长 时区 单位 单个 单点 项目 包含 包括 连接 连续 \
    路径 路由 应用 应急 应答 万元 史料 齐全 申请 管理 管控 左侧 查询 查看 查找 景区 党委 计算 上海 上线 上级 上报 上午 东方 东区 公司 公共 公告 公开 \
    公众 令牌 长期 长度 长沙 端口 端点 支持 支付 谷歌 华为 华东 华南 华北 米兰 白天 白班 江苏 江西 明细";
/// Surnames of two characters.
const DOUBLE: [&str; 16] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙", "宇文", "夏侯", "端木", "司徒",
    "南宫",
];
/// What goes on behind a name without a gap.
const BEHIND: [&str; 30] = [
    "电话", "手机", "联系", "部门", "工号", "身份", "邮箱", "性别", "职务", "职位", "登录", "登陆", "登出", "提交", "申请",
    "审批", "操作", "修改", "发起", "创建", "通过", "同意", "处理", "完成", "失败", "已经", "已", "的", "在", "于",
];
/// Keys that also speak of programs and accounts.
const WEAK: [&str; 12] = ["用户", "用户名", "账号", "帐号", "账户", "登录名", "客户", "管理员", "员工", "名字", "值班", "主管"];

/// The name of a person at `i`, behind a key: `spaced` if anything is between, `signed` if it is more than blanks.
pub(super) fn person(t: &[u8], i: usize, spaced: bool, signed: bool, key: &str) -> Option<Range<usize>> {
    let weak = key.is_ascii() || WEAK.contains(&key);
    let bytes = run(t, i, 27, |b| !b.is_ascii());
    let mut han = "";
    if let Some(part) = t.get(i..i + bytes) {
        let valid = match std::str::from_utf8(part) {
            Ok(text) => text,
            Err(e) => std::str::from_utf8(&part[..e.valid_up_to()]).unwrap_or(""),
        };
        let length = valid.find(|c: char| !('\u{4e00}'..='\u{9fff}').contains(&c)).unwrap_or(valid.len());
        han = &valid[..length];
    }
    if han.is_empty() {
        return if bytes == 0 { latin(t, i, signed && !weak) } else { person_gb(t, i, spaced && !weak) };
    }
    let cut = BEHIND.iter().filter_map(|w| han.find(w)).filter(|n| *n >= 6).min();
    let name = &han[..cut.unwrap_or(han.len())];
    let count = name.chars().count();
    let double = DOUBLE.iter().any(|d| name.starts_with(d)) && count >= 3;
    let first = &name[..3];
    let sure = double || SURNAMES.contains(first);
    let other = OTHER_SURNAMES.contains(first) && signed && !weak;
    let word = name.get(..6).is_none_or(|two| NO_NAMES.contains(two)) && !double;
    let fits = (2..=3).contains(&count) || double && count == 4;
    let stands = spaced || !weak || cut.is_some();
    (fits && stands && !word && (sure || other)).then_some(i..i + name.len())
}

/// A name of two or three characters in GB18030, between other characters.
fn person_gb(t: &[u8], i: usize, wanted: bool) -> Option<Range<usize>> {
    let run = run(t, i, 8, |b| !b.is_ascii());
    let first = t.get(i..i + 2)?;
    let known = SURNAMES_GB.chunks(2).any(|s| s == first);
    // A full-width comma or stop may follow.
    let stop = (4..=6).step_by(2).find(|n| *n == run || matches!(t.get(i + n..i + n + 2), Some([0xa1 | 0xa3, _])))?;
    let han = t.get(i..i + stop)?.chunks(2).all(|pair| (0xb0..=0xf7).contains(&pair[0]));
    (wanted && known && han).then_some(i..i + stop)
}

/// `Zhang Wei` behind a key of people.
fn latin(t: &[u8], i: usize, wanted: bool) -> Option<Range<usize>> {
    let word = |i: usize| {
        let rest = run(t, i + 1, 16, |b| b.is_ascii_lowercase());
        (at(t, i).is_ascii_uppercase() && rest > 0).then_some(i + 1 + rest)
    };
    let first = word(i)?;
    let second = if at(t, first) == b' ' { word(first + 1)? } else { return None };
    (wanted && !at(t, second).is_ascii_alphanumeric()).then_some(i..second)
}

/// Whether this, behind a key in Chinese, is a secret and not a number of it, its method or the place where it is.
pub(super) fn is_spoken_secret(v: &[u8], signed: bool) -> bool {
    const METHODS: [&str; 16] = [
        "md5", "sha", "base64", "bcrypt", "scrypt", "aes", "sm2", "sm3", "sm4", "rsa", "utf-8", "ascii", "ldap", "ssh", "root",
        "admin",
    ];
    const FILES: [&str; 8] = [".key", ".pem", ".crt", ".jks", ".p12", ".pfx", ".pub", ".txt"];
    let lower = v.get(..8).unwrap_or(v).to_ascii_lowercase();
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let lowercase = v.iter().filter(|b| b.is_ascii_lowercase()).count();
    let method = v.len() <= 7 && METHODS.iter().any(|m| lower.starts_with(m.as_bytes()));
    let file = FILES.iter().any(|f| v.ends_with(f.as_bytes()));
    let shown = signed || digits >= 4 || lowercase < v.len() && digits < v.len() && (digits > 0 || v.len() >= 8);
    v.len() >= 4 && shown && !method && !file && !is_no_secret(v) && !is_path(v) && memchr::memmem::find(v, b"://").is_none()
}
