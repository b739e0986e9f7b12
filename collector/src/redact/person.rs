//! Names of people, by their surnames and by what stands beside them.
//!
//! In: text and a place. Out: the place of a name. Han characters in UTF-8 or in GB18030.

use std::ops::Range;

use super::value::{at, line_end, line_start};

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
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
pub(super) fn behind_key(t: &[u8], i: usize, spaced: bool, signed: bool, key: &str) -> Option<Range<usize>> {
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
        return if bytes == 0 { latin(t, i, signed && !weak) } else { in_gb(t, i, spaced && !weak) };
    }
    let has = |list: &str, word: &str| memchr::memmem::find(list.as_bytes(), word.as_bytes()).is_some();
    let begins = DOUBLE.iter().any(|d| han.starts_with(d));
    if !(begins || has(SURNAMES, &han[..3]) || signed && !weak && has(OTHER_SURNAMES, &han[..3])) {
        return None;
    }
    // No name has more than four characters.
    let cut = (6..han.len().min(15)).step_by(3).find(|n| BEHIND.iter().any(|w| han[*n..].starts_with(w)));
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
fn in_gb(t: &[u8], i: usize, wanted: bool) -> Option<Range<usize>> {
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

/// Whether a field holds the name of a person and nothing else.
pub(super) fn fills(t: &[u8], range: Range<usize>) -> bool {
    let Ok(text) = std::str::from_utf8(&t[range.clone()]) else {
        return in_gb(t, range.start, true).is_some_and(|name| name == range);
    };
    let count = text.chars().count();
    let double = DOUBLE.iter().any(|d| text.starts_with(d));
    let han = text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c) || c == '·');
    let first = text.chars().next().is_some_and(|c| SURNAMES.contains(c) || OTHER_SURNAMES.contains(c));
    let word = text.get(..6).is_none_or(|two| NO_NAMES.contains(two));
    han && ((2..=3).contains(&count) && first && !word || double && (3..=4).contains(&count))
}

/// The name directly before a telephone number: `张伟 138..`, `张伟：138..`, `张伟(138..`.
pub(super) fn before(t: &[u8], end: usize) -> Option<Range<usize>> {
    const BETWEEN: [&str; 6] = [" ", "：", ":", "（", "(", "　"];
    let mut end = end;
    for _ in 0..2 {
        let Some(between) = BETWEEN.iter().find(|b| t[..end].ends_with(b.as_bytes())) else { break };
        end -= between.len();
    }
    let bytes = t[..end].iter().rev().take(16).take_while(|b| !b.is_ascii()).count();
    // Punctuation may be directly before the name.
    let stop = t[end - bytes..end].windows(3).rposition(|w| w[0] == 0xef || w[0] == 0xe3 && w[1] == 0x80).map_or(0, |n| n + 3);
    let start = end - bytes + stop.min(bytes);
    fills(t, start..end).then_some(start..end)
}

/// The names in the fields around a number of a person: `A1,张伟,13912345678,..`, `('张伟','139..')`.
pub(super) fn beside(t: &[u8], number: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
    let separates = |b: u8| matches!(b, b',' | b'\t' | b'|' | b';');
    let around = |b: u8| matches!(b, b' ' | b'"' | b'\'' | b'(' | b')' | b'\r');
    let from = line_start(t, number.start, 160);
    let to = line_end(t, number.end).min(number.end + 160);
    let mut fields = |from: usize, to: usize, near_end: bool| {
        let mut each = |start: usize, end: usize| {
            let (mut start, mut end) = (start, end);
            while start < end && around(t[start]) {
                start += 1;
            }
            while end > start && around(t[end - 1]) {
                end -= 1;
            }
            if end - start >= 4 && !t[start].is_ascii() && fills(t, start..end) {
                found(start..end);
            }
        };
        let mut here = if near_end { to } else { from };
        for _ in 0..4 {
            if near_end {
                let start = t[from..here].iter().rposition(|b| separates(*b)).map_or(from, |n| from + n + 1);
                each(start, here);
                if start == from {
                    break;
                }
                here = start - 1;
            } else {
                let end = t[here..to].iter().position(|b| separates(*b)).map_or(to, |n| here + n);
                each(here, end);
                if end == to {
                    break;
                }
                here = end + 1;
            }
        }
    };
    let mut left = number.start;
    while left > from && around(t[left - 1]) {
        left -= 1;
    }
    let mut right = number.end;
    while right < to && around(t[right]) {
        right += 1;
    }
    if left > from && separates(t[left - 1]) {
        fields(from, left - 1, true);
    }
    if right < to && separates(t[right]) {
        fields(right + 1, to, false);
    }
}
