//! Names of people, by their surnames and by what stands beside them.
//!
//! In: text and a place. Out: the place of a name. Han characters in UTF-8 or in GB18030.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use encoding_rs::GB18030;

use super::value::{at, line_end, line_start};

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

/// Surnames that begin hardly another word.
const SURNAMES: &str = "王李张刘陈杨赵吴周徐孙胡朱林何郭罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范姚谭廖邹熊陆郝孔崔邱秦顾侯邵孟薄葛梅盛詹庄刁尹褚卫欧阮倪滕纪耿聂鲍翁裴柯骆焦缪莫颜殷岑柳俞贺严牛毛洪龚尤汤黎樊闫佟兰凌霍虞祝鞠奚司覃武乔赖黄马";
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
/// The first characters of all surnames, in UTF-8.
static FIRST: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| {
    let single = [SURNAMES, OTHER_SURNAMES].into_iter().flat_map(|list| list.as_bytes().chunks_exact(3));
    single.chain(DOUBLE.iter().map(|name| &name.as_bytes()[..3])).collect()
});
/// What goes on behind a name without a gap.
const BEHIND: &[&str] = &[
    "确认", "执行", "负责", "协助", "跟进", "解决", "复核", "授权", "办理", "上报", "反馈", "配合", "签字", "巡检", "值班",
    "重启", "维护", "接听", "到场", "查看", "检查", "报告", "说明", "安排", "参与", "主持", "记录", "电话", "手机", "联系",
    "部门", "工号", "身份", "邮箱", "性别", "职务", "职位", "登录", "登陆", "登出", "提交", "申请", "审批", "操作", "修改",
    "发起", "创建", "通过", "同意", "处理", "完成", "失败", "已经", "已", "的", "在", "于",
];
/// Keys that also speak of programs and accounts.
const WEAK: [&str; 12] = ["用户", "用户名", "账号", "帐号", "账户", "登录名", "客户", "管理员", "员工", "名字", "值班", "主管"];

/// The name of a person at `i`, behind a key: `spaced` if anything is between, `signed` if it is more than blanks.
pub(super) fn behind_key(t: &[u8], i: usize, spaced: bool, signed: bool, key: &str) -> Option<Range<usize>> {
    let weak = key.is_ascii() || WEAK.contains(&key);
    let bytes = run(t, i, 27, |b| !b.is_ascii());
    if bytes == 0 {
        return latin(t, i, signed && !weak);
    }
    // Most of what stands behind a word begins with no surname: this is asked before anything is decoded.
    if (weak || !signed) && begins_with_han(&t[i..i + bytes]) && !FIRST.contains(&t[i..i + 3]) {
        return None;
    }
    let (han, width) = han(&t[i..i + bytes]);
    if width == 3 && signed && !weak && t[i + han.len()..].starts_with("·".as_bytes()) {
        return dotted(t, i, han.len());
    }
    if han.is_empty() {
        return None;
    }
    let has = |list: &str, word: &str| memchr::memmem::find(list.as_bytes(), word.as_bytes()).is_some();
    let begins = DOUBLE.iter().any(|d| han.starts_with(d));
    let known = has(SURNAMES, &han[..3]) || signed && !weak && has(OTHER_SURNAMES, &han[..3]);
    if !begins && !known {
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
    let fits = ((2..=3).contains(&count) || double && count == 4) && !is_titled(name);
    let stands = spaced || !weak || cut.is_some();
    (fits && stands && !word && (sure || other)).then_some(i..i + count * width)
}

/// Whether the first character is Han, in UTF-8.
fn begins_with_han(text: &[u8]) -> bool {
    let first = text.get(..3).and_then(|first| std::str::from_utf8(first).ok()).and_then(|first| first.chars().next());
    first.is_some_and(|c| ('\u{4e00}'..='\u{9fa5}').contains(&c))
}

/// The Han characters that a text begins with, and how many bytes each of them takes in it.
fn han(text: &[u8]) -> (String, usize) {
    let begin = |text: &str| text.chars().take_while(|c| ('\u{4e00}'..='\u{9fa5}').contains(c)).collect::<String>();
    let error = std::str::from_utf8(text).err();
    let valid = error.map_or(text.len(), |error| error.valid_up_to());
    let utf8 = begin(&String::from_utf8_lossy(&text[..valid]));
    // The first characters of GB18030 may look like UTF-8, but hardly like Han in it.
    if !utf8.is_empty() || error.is_none_or(|error| error.error_len().is_none()) {
        return (utf8, 3);
    }
    // In GB18030 all of these take two bytes.
    (begin(&GB18030.decode_without_bom_handling(text).0), 2)
}

/// `买买提·艾力`, whose first part is so long.
fn dotted(t: &[u8], i: usize, first: usize) -> Option<Range<usize>> {
    let rest = i + first + "·".len();
    let text = String::from_utf8_lossy(&t[rest..t.len().min(rest + 24)]);
    let second: usize =
        text.chars().take_while(|c| ('\u{4e00}'..='\u{9fff}').contains(c) || *c == '·').take(8).map(char::len_utf8).sum();
    (first >= 3 && second >= 3).then_some(i..rest + second)
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
    let field = &t[range];
    let (text, whole) = if let Ok(text) = std::str::from_utf8(field) {
        (text.replace('·', ""), text.chars().all(|c| ('\u{4e00}'..='\u{9fa5}').contains(&c) || c == '·'))
    } else {
        let (text, width) = han(field);
        let whole = text.chars().count() * width == field.len();
        (text, whole)
    };
    let count = text.chars().count();
    let double = DOUBLE.iter().any(|d| text.starts_with(d));
    let first = text.chars().next().is_some_and(|c| SURNAMES.contains(c) || OTHER_SURNAMES.contains(c));
    let word = text.get(..6).is_none_or(|two| NO_NAMES.contains(two));
    whole && ((2..=3).contains(&count) && first && !word || double && (3..=4).contains(&count))
}

/// The name directly before a telephone number: `张伟 138..`, `张伟：138..`, `张伟(138..`.
pub(super) fn before(t: &[u8], end: usize) -> Option<Range<usize>> {
    const BETWEEN: [&str; 8] = [" ", "：", ":", "（", "(", "　", "<", "\""];
    let mut end = end;
    for _ in 0..3 {
        let Some(between) = BETWEEN.iter().find(|b| t[..end].ends_with(b.as_bytes())) else { break };
        end -= between.len();
    }
    let bytes = t[..end].iter().rev().take(16).take_while(|b| !b.is_ascii()).count();
    // Punctuation may be directly before the name.
    let stop = t[end - bytes..end].windows(3).rposition(|w| w[0] == 0xef || w[0] == 0xe3 && w[1] == 0x80).map_or(0, |n| n + 3);
    let start = end - bytes + stop.min(bytes);
    if fills(t, start..end) { Some(start..end) } else { ends_at(t, end) }
}

/// The name that ends at `end` behind other characters: `请联系张伟`. Only surnames that begin hardly another word count.
pub(super) fn ends_at(t: &[u8], end: usize) -> Option<Range<usize>> {
    [9, 6].into_iter().filter_map(|length| end.checked_sub(length)).map(|start| start..end).find(|name| {
        let text = std::str::from_utf8(&t[name.clone()]).unwrap_or("");
        text.get(..3).is_some_and(|first| SURNAMES.contains(first)) && !is_titled(text) && fills(t, name.clone())
    })
}

/// Whether only the surname is there, before what one is called by.
fn is_titled(name: &str) -> bool {
    const TITLES: [&str; 20] = [
        "工", "总", "哥", "姐", "经理", "主任", "老师", "先生", "女士", "总监", "师傅", "同志", "科长", "处长", "部长", "队长",
        "组长", "工程", "电话", "手机",
    ];
    name.get(3..).is_some_and(|rest| TITLES.contains(&rest))
}

/// The names in the fields around a number of a person: `A1,张伟,13912345678,..`, `('张伟','139..')`.
pub(super) fn beside(t: &[u8], number: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
    let separates = |b: u8| matches!(b, b',' | b'\t' | b'|' | b';' | b'(');
    let around = |b: u8| matches!(b, b' ' | b'"' | b'\'' | b')' | b'\r');
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
    } else if right == number.end + 1 && t[number.end] == b' ' {
        // `139.. 张伟`
        let han = run(t, right, 13, |b| !b.is_ascii());
        if fills(t, right..right + han) {
            found(right..right + han);
        }
    }
}
