//! dnf's own log.

use super::{Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

static DNF_ERROR: Kind = Kind {
    name: "dnf_error",
    severity: Severity::Low,
    summary: Words { en: "dnf: {subject}", zh: "dnf 报错：{subject}" },
    advice: Words {
        en: "Repeat with dnf -v; check /etc/yum.repos.d, the proxy and the repository's address, and for GPG failures the key in gpgkey=.",
        zh: "用 dnf -v 重试；检查 /etc/yum.repos.d、代理和仓库地址；GPG 校验失败时检查 gpgkey= 指定的密钥。",
    },
};

/// dnf.log.
pub(crate) static DNF: &[Rule] = &[Rule::line(&DNF_ERROR, "dnf", &["Error: "], |text| {
    let (level, rest) = text.split_once(' ')?;
    let what = rest.strip_prefix("Error: ").filter(|_| matches!(level, "CRITICAL" | "ERROR"))?;
    let found = Found::about(what);
    let trust = cut::after(what, "GPG").is_some() || what.contains("ransaction");
    Some(if trust { found.at(Severity::Medium) } else { found })
})];
