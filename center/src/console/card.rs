//! What a bundle says of its host, of the consent it came with and of one file, as rows of name and value.
//! In: facts, manifest, receipt. Out: rows in the reader's language; what is not known has no row.

use oediag_analysis::{Facts, FileSystem};
use oediag_protocol::{
    bundle::manifest::{Item, Kept, Start},
    consent::{Basis, Consent},
};
use serde::Serialize;

use super::{
    texts::Texts,
    words::{local, moment, size},
};

/// A name and a value.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// One file system.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mount {
    at: String,
    device: String,
    kind: String,
    size: String,
    percent: u64,
    /// Whether it is nearly full.
    tight: bool,
}

fn rows(rows: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Vec<Row> {
    rows.into_iter()
        .filter_map(|(name, value)| Some(Row { name, value: value.filter(|value| !value.trim().is_empty())? }))
        .collect()
}

/// The host's card.
pub(super) fn host(start: &Start, facts: &Facts, t: &Texts) -> Vec<Row> {
    let kib = |kib: u64| size(kib.saturating_mul(1024));
    let of = |key, total: Option<u64>, left: Option<u64>| {
        total.map(|total| left.map_or_else(|| kib(total), |left| t.fill(key, &[&kib(total), &kib(left)])))
    };
    let cpu = facts.cpu_model.as_ref().map(|model| match facts.cpus {
        Some(count) => t.fill("card_cpu_count", &[model, &count]),
        None => model.clone(),
    });
    let up = |seconds: u64| t.fill("card_up_for", &[&(seconds / 86400), &(seconds / 3600 % 24), &(seconds / 60 % 60)]);
    let selinux = facts.selinux.as_ref().map(|now| match &facts.selinux_configured {
        Some(configured) if configured != now => format!("{now} ({configured})"),
        _ => now.clone(),
    });
    let synced = start.clock.synced.map(|synced| t.get(if synced { "card_synced" } else { "card_not_synced" }).to_owned());
    let case = start.case.iter().chain(&start.severity).cloned().reduce(|case, severity| format!("{case}, {severity}"));
    rows([
        (t.get("card_host_name"), facts.hostname.clone()),
        (t.get("card_host_id"), Some(start.host_id.to_string())),
        (t.get("card_system"), Some(format!("{} {}", start.os.id, start.os.version))),
        (t.get("card_kernel"), Some(format!("{} {}", start.os.kernel, start.os.arch))),
        (t.get("card_machine"), facts.vendor.iter().chain(&facts.product).cloned().reduce(|a, b| format!("{a} {b}"))),
        (t.get("card_bios"), facts.bios.clone()),
        (t.get("card_cpu"), cpu),
        (t.get("card_memory"), of("card_of_available", facts.memory_total_kib, facts.memory_available_kib)),
        (t.get("card_swap"), of("card_of_free", facts.swap_total_kib.filter(|total| *total > 0), facts.swap_free_kib)),
        (t.get("card_up"), facts.uptime_seconds.map(up)),
        (t.get("card_load"), facts.load.map(|loads| loads.map(|load| format!("{load:.2}")).join(" "))),
        (t.get("card_taint"), facts.taint.as_ref().map(|taint| taint.join(", "))),
        (t.get("card_selinux"), selinux),
        (t.get("card_conntrack"), facts.conntrack_count.zip(facts.conntrack_max).map(|(count, max)| format!("{count} / {max}"))),
        (t.get("card_zone"), facts.time_zone.clone().or_else(|| start.clock.zone.clone())),
        (t.get("card_clock"), synced),
        (t.get("card_collected"), Some(facts.collected.as_deref().map_or_else(|| moment(start.started), local))),
        (t.get("card_case"), case),
        (t.get("card_preset"), Some(start.preset.clone())),
        (t.get("card_agent"), Some(format!("{} {}", start.agent.name, start.agent.version))),
    ])
}

/// Its file systems, the fullest first, at most `most`.
pub(super) fn mounts(facts: &Facts, most: usize) -> Vec<Mount> {
    let mut all: Vec<&FileSystem> = facts.file_systems.iter().flatten().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.used_percent));
    let mount = |one: &FileSystem| Mount {
        at: one.mount.clone(),
        device: one.device.clone(),
        kind: one.kind.clone(),
        size: size(one.total_kib.saturating_mul(1024)),
        percent: one.used_percent,
        tight: one.used_percent >= 90,
    };
    all.into_iter().take(most).map(mount).collect()
}

/// What was agreed to.
pub(super) fn consent(consent: &Consent, t: &Texts) -> Vec<Row> {
    let who = consent.who.as_ref().map(|who| {
        let login = who.login.as_ref().map_or_else(|| format!("uid {}", who.uid), ToString::to_string);
        format!("{login}: {}", who.authority)
    });
    let basis = match (&consent.basis, &consent.policy) {
        (Basis::StandingPolicy, Some(policy)) => t.fill("basis_standing_policy", &[&policy.rule]),
        (basis, _) => t.word("basis", basis),
    };
    rows([
        (t.get("consent_receipt"), Some(consent.receipt_id.to_string())),
        (t.get("consent_who"), who),
        (t.get("consent_given"), Some(consent.given_at.to_string())),
        (t.get("consent_basis"), Some(basis)),
        (t.get("consent_purpose"), Some(consent.purpose.to_string())),
        (t.get("consent_level"), Some(t.word("level", &consent.scope.level))),
        (t.get("card_case"), consent.case.as_ref().map(ToString::to_string)),
        (t.get("consent_delete_by"), Some(consent.delete_by.to_string())),
    ])
}

/// What is known of one file.
pub(super) fn item(item: &Item, t: &Texts) -> Vec<Row> {
    let outcome = t.word("outcome", &item.outcome);
    let outcome = item.reason.as_ref().map_or(outcome.clone(), |reason| format!("{outcome}: {}", t.word("reason", reason)));
    let bytes = if item.bytes_seen > item.bytes {
        t.fill("file_seen", &[&size(item.bytes), &size(item.bytes_seen)])
    } else {
        size(item.bytes)
    };
    let redacted: Vec<String> = item.redactions.iter().map(|(kind, count)| format!("{} {count}", t.word("kind", kind))).collect();
    let read = item.started.map(|at| item.ms.map_or_else(|| at.to_string(), |ms| format!("{at}, {ms} ms")));
    let joined = |list: &[String], with: &str| (!list.is_empty()).then(|| list.join(with));
    rows([
        (t.get("file_source"), Some(item.id.clone())),
        (t.get("file_src"), item.src.clone()),
        (t.get("file_argv"), joined(&item.argv, " ")),
        (t.get("file_exit"), item.exit.map(|status| status.to_string())),
        (t.get("file_signal"), item.signal.map(|signal| signal.to_string())),
        (t.get("file_outcome"), Some(outcome)),
        (t.get("file_error"), joined(&item.error, ": ")),
        (t.get("file_size"), Some(bytes)),
        (t.get("file_mode"), item.mode.clone()),
        (t.get("file_owner"), item.owner.map(|uid| uid.to_string())),
        (t.get("file_mtime"), item.mtime.map(|at| at.to_string())),
        (t.get("file_read"), read),
        (t.get("file_redacted"), joined(&redacted, ", ")),
        (t.get("file_digest"), item.sha256.map(|digest| digest.to_string())),
    ])
}

/// What a reader of the file must know first: that it is not whole, and which part it is.
pub(super) fn warning(item: &Item, t: &Texts) -> Option<String> {
    let truncated = item.truncated?;
    Some(match (truncated.how, truncated.line_offset) {
        (Kept::Tail, Some(offset)) => t.fill("file_tail", &[&offset.saturating_add(1)]),
        _ => t.get("file_cut").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use oediag_analysis::Lang;
    use oediag_protocol::bundle::manifest::{ItemKind, Outcome, Reason, Truncated};

    use super::*;
    use crate::console::texts::texts;

    #[test]
    fn the_fullest_file_system_comes_first() {
        let system = |mount: &str, used_percent| FileSystem {
            device: "/dev/sda1".into(),
            kind: "ext4".into(),
            total_kib: 2 << 20,
            used_kib: 0,
            available_kib: 0,
            used_percent,
            mount: mount.into(),
        };
        let facts = Facts { file_systems: Some(vec![system("/", 40), system("/var", 97)]), ..Facts::default() };
        let (mounts, most) = (mounts(&facts, 10), mounts(&facts, 1).len());
        assert_eq!((mounts[0].at.as_str(), mounts[0].tight, mounts[0].size.as_str()), ("/var", true, "2.0 GiB"));
        assert!(!mounts[1].tight && most == 1);
    }

    #[test]
    fn a_cut_file_says_where_it_begins() {
        let mut one = Item::new("logs.messages", ItemKind::File);
        (one.outcome, one.reason, one.bytes, one.bytes_seen) = (Outcome::Truncated, Some(Reason::ItemLimit), 1024, 4096);
        one.truncated = Some(Truncated { how: Kept::Tail, limit: 1024, line_offset: Some(99) });
        one.redactions.insert("ipv4".into(), 3);
        let t = texts(Lang::En);
        assert_eq!(warning(&one, t).as_deref(), Some("Only the end was kept: line 1 here is line 100 on the host."));
        let rows = item(&one, t);
        let value = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.value.as_str());
        assert_eq!(value("Outcome"), Some("cut: larger than the limit for one item"));
        assert_eq!(value("Size"), Some("1.0 KiB of 4.0 KiB on the host"));
        assert_eq!((value("Replaced"), value("Command")), (Some("IPv4 addresses 3"), None));
        assert_eq!(warning(&Item::new("x", ItemKind::File), t), None);
    }
}
