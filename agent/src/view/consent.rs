//! Receipts and acks as lines.

use oediag_protocol::{ack::Ack, consent::Consent, deletion::Deletion, id::ReceiptId, time::Time, views::Views};

use super::{Page, comma};
use crate::{
    enrolment::Enrolment,
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// What became of a receipt's bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The center's ack is here.
    Stored,
    /// Sealed, and not all of it is at the center.
    Unfinished,
    /// Agreed to; nothing was sealed.
    Given,
    /// Cancelled before the center had all.
    Dropped,
    /// Taken back; the center has not confirmed yet that the data is gone.
    Withdrawn,
    /// Taken back, and gone at the center.
    Deleted,
    /// The time to keep it is over.
    Over,
}

/// A receipt as a row of the list.
#[derive(Debug, serde::Serialize)]
pub struct Row {
    /// What was agreed to.
    pub consent: Consent,
    /// What became of it.
    pub standing: Standing,
    /// The center's word, once it has all.
    pub ack: Option<Ack>,
}

/// The list.
pub fn list(rows: &[Row], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if rows.is_empty() {
        return vec![text!(texts, "consent-none")];
    }
    let mut cells = vec![page.heads(&["table-receipt", "table-given", "table-bundle", "table-until", "table-standing"])];
    for Row { consent, standing, .. } in rows {
        cells.push(vec![
            cell(consent.receipt_id.to_string()),
            cell(day(consent.given_at)),
            cell(consent.bundle.bundle_id.short()),
            cell(day(consent.delete_by)),
            cell(words(*standing, texts)).tone(tone(*standing)),
        ]);
    }
    term::table(&cells, page.columns, page.paint)
}

/// One receipt, and the notice as it was shown.
pub fn one(row: &Row, notice: Option<&str>, page: &Page<'_>) -> Vec<String> {
    let (texts, consent) = (page.texts, &row.consent);
    let who = consent.who.as_ref();
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let by = who.map_or(String::new(), |who| {
        let login = who.login.as_ref().map(ToString::to_string).unwrap_or_default();
        let tty = who.tty.as_ref().map(ToString::to_string).unwrap_or_default();
        let ids = format!("uid {} loginuid {} sudo {}", who.uid, number(who.loginuid), number(who.sudo_uid));
        [login, tty, ids].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
    });
    let recipient = format!("{}  {}", consent.recipient.name, consent.tenant_id);
    let rows: Vec<_> = [
        ("consent-receipt", consent.receipt_id.to_string()),
        ("consent-bundle", format!("{}  {}", consent.bundle.bundle_id, term::bytes(consent.bundle.bytes))),
        ("consent-sha256", consent.bundle.sha256.to_string()),
        ("consent-given", consent.given_at.to_string()),
        ("consent-by", by),
        ("consent-recipient", recipient),
        ("consent-case", consent.case.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("consent-kept-kinds", kept(consent, texts)),
        ("consent-until", consent.delete_by.to_string()),
        ("consent-standing", words(row.standing, texts)),
        ("consent-stored", row.ack.as_ref().map(|ack| ack.stored_at.to_string()).unwrap_or_default()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(label, value)| vec![cell(texts.named(label)), cell(value)])
    .collect();
    let mut lines = term::table(&rows, page.columns, page.paint);
    if let Some(notice) = notice {
        lines.push(String::new());
        lines.extend(notice.lines().map(term::escape));
    }
    lines
}

/// Kinds of values that were sent readable because somebody chose so.
fn kept(consent: &Consent, texts: &Texts) -> String {
    let kinds: Vec<String> = consent.personal_data.kept.iter().map(|kind| texts.kind(kind.as_str())).collect();
    kinds.join(comma(texts))
}

/// What the center has, after an upload.
pub fn stored(ack: &Ack, center: &Enrolment, url: &str, already: bool, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let title = if already { text!(texts, "stored-already") } else { text!(texts, "stored") };
    let rows: Vec<_> = [
        ("consent-receipt", ack.receipt_id.to_string()),
        ("stored-by", center.keyset.center.to_string()),
        ("consent-stored", ack.stored_at.to_string()),
        ("stored-page", url.to_owned()),
    ]
    .into_iter()
    .map(|(label, value)| vec![cell(texts.named(label)), cell(value)])
    .collect();
    let mut lines = vec![page.paint.tone(Tone::Good, &title)];
    lines.extend(term::table(&rows, page.columns, page.paint));
    lines
}

/// What became of a withdrawal.
pub fn withdrawn(id: ReceiptId, deletion: Option<&Deletion>, sent: bool, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let receipt = id.to_string();
    match deletion {
        Some(deletion) => {
            let (at, backups) = (deletion.deleted_at.to_string(), deletion.backups_gone_by.to_string());
            vec![
                page.paint.tone(Tone::Good, &text!(texts, "withdrawn-deleted", receipt = receipt, at = at)),
                text!(texts, "withdrawn-backups", until = backups),
            ]
        }
        None if sent => vec![text!(texts, "withdrawn-told", receipt = receipt)],
        None => vec![page.paint.tone(Tone::Warn, &text!(texts, "withdrawn-queued", receipt = receipt))],
    }
}

/// Who opened what, as the center signed it.
pub fn views(views: &Views, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let mut lines = vec![text!(texts, "views-count", count = views.total, at = views.at.to_string())];
    if views.views.is_empty() {
        return lines;
    }
    let mut rows = vec![page.heads(&["table-when", "table-who", "table-done", "table-member"])];
    for one in &views.views {
        let event = format!("view-{}", one.event.as_str().replace('_', "-"));
        let event = if texts.has(&event) { texts.named(&event) } else { one.event.to_string() };
        let item = one.item.as_ref().map(ToString::to_string).unwrap_or_default();
        rows.push(vec![cell(one.at.to_string()), cell(one.who.as_str()), cell(event), cell(item)]);
    }
    lines.extend(term::table(&rows, page.columns, page.paint));
    lines
}

/// The standing in words.
pub fn words(standing: Standing, texts: &Texts) -> String {
    texts.named(match standing {
        Standing::Stored => "standing-stored",
        Standing::Unfinished => "standing-unfinished",
        Standing::Given => "standing-given",
        Standing::Dropped => "standing-dropped",
        Standing::Withdrawn => "standing-withdrawn",
        Standing::Deleted => "standing-deleted",
        Standing::Over => "standing-over",
    })
}

fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Stored => Tone::Good,
        Standing::Unfinished | Standing::Withdrawn => Tone::Warn,
        Standing::Given => Tone::Plain,
        Standing::Dropped | Standing::Deleted | Standing::Over => Tone::Dim,
    }
}

fn day(time: Time) -> String {
    time.to_string().chars().take(10).collect()
}
