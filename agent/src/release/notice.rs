//! The notice: who gets what, for what, for how long, and what the customer can do. In: what is known of the recipient and of the
//! bundle. Out: the exact text for the screen; its digest goes into the receipt, and the text beside it.
//! What is not known is said to be not known.

use oediag_protocol::{
    consent::{Notice, RequestRef, delete_by},
    digest::Sha256,
    request::{paper::Request, verify::Verified},
    text::Line,
    time::Time,
};

use super::{preview::Preview, separate::Separate};
use crate::{cli::Language, enrolment::Enrolment, term, text, texts::Texts};

/// The version of the words below; a change of their meaning is a new one.
const ID: &str = "notice-2";

/// What the data is for, unless a request says it: the word in the receipt.
const PURPOSE: &str = "incident-diagnosis";

/// What an agreement would be about, beside the bundle.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The recipient.
    pub center: &'a Enrolment,
    /// The case.
    pub case: Option<&'a str>,
    /// How many days the data may be kept.
    pub days: u32,
    /// The request that the bundle answers; none for an operator's own.
    pub request: Option<&'a Verified>,
    /// The present.
    pub now: Time,
    /// The host's time zone, as the bundle names it.
    pub zone: Option<&'a str>,
}

impl<'a> Terms<'a> {
    /// Those of a request: its case, its purpose, its time.
    pub fn of_request(center: &'a Enrolment, request: &'a Verified, now: Time, zone: Option<&'a str>) -> Self {
        let Request { case, retention_days, .. } = &request.request;
        Self { center, case: Some(case.as_str()), days: *retention_days, request: Some(request), now, zone }
    }

    /// What for.
    pub fn purpose(&self) -> Line {
        let own = || Line::parse(PURPOSE).unwrap_or_default();
        self.request.map_or_else(own, |verified| verified.request.purpose.clone())
    }

    /// The request as a receipt names it.
    pub fn request_ref(&self) -> Option<RequestRef> {
        self.request.map(|Verified { request, payload_sha256, .. }| RequestRef {
            request_id: request.request_id,
            payload_sha256: *payload_sha256,
        })
    }

    /// What is to be agreed to by itself.
    pub fn separate(&self, preview: &Preview) -> Vec<Separate> {
        let border = self.center.said.cross_border.then_some(Separate::CrossBorder);
        border.into_iter().chain(preview.separate.iter().copied()).collect()
    }
}

/// The exact text of the notice, in lines of at most `columns`, and what the receipt says of it.
pub fn notice(terms: &Terms<'_>, preview: &Preview, columns: usize, texts: &Texts) -> (String, Notice) {
    let said = &terms.center.said;
    let shown = |line: &Line| term::escape(line.as_str());
    let list = |prefix: &str, names: &[String]| {
        let words: Vec<String> = names.iter().map(|name| texts.named(&format!("{prefix}-{name}"))).collect();
        words.join(crate::view::comma(texts))
    };
    let personal: Vec<String> = preview.personal.iter().map(|name| (*name).to_owned()).collect();
    let purpose = word("purpose", &terms.purpose(), texts);
    let contact = said.contact.as_ref().map(shown);
    let until = crate::view::moment(delete_by(terms.now, terms.days), terms.zone);
    let paragraphs = [
        text!(
            texts,
            "notice-recipient",
            name = shown(&terms.center.keyset.center),
            url = terms.center.url.to_string(),
            tenant = terms.center.tenant.to_string()
        ),
        match &contact {
            Some(contact) => text!(texts, "notice-contact", contact = contact.clone()),
            None => text!(texts, "notice-no-contact"),
        },
        match &said.country {
            Some(country) => text!(texts, "notice-country", country = shown(country)),
            None => text!(texts, "notice-no-country"),
        },
        asked_by(terms, texts),
        match terms.case {
            Some(case) => text!(texts, "notice-purpose-case", purpose = purpose, case = term::escape(case)),
            None => text!(texts, "notice-purpose", purpose = purpose),
        },
        text!(texts, "notice-method"),
        text!(texts, "notice-data", topics = list("topic", &preview.topics)),
        if personal.is_empty() {
            text!(texts, "notice-no-personal")
        } else {
            text!(texts, "notice-personal", kinds = list("personal", &personal), count = preview.redacted.values().sum::<u64>())
        },
        if preview.kept.is_empty() {
            String::new()
        } else {
            let kinds: Vec<String> = preview.kept.iter().map(|kind| texts.kind(kind)).collect();
            text!(texts, "notice-kept-kinds", kinds = kinds.join(crate::view::comma(texts)))
        },
        preview.leaks.as_ref().map(|leaks| text!(texts, "notice-leaks", found = leaks.words(texts))).unwrap_or_default(),
        text!(texts, "notice-keep", days = terms.days, until = until),
        text!(texts, "notice-refuse"),
        match contact {
            Some(contact) => text!(texts, "notice-withdraw", contact = contact),
            None => text!(texts, "notice-withdraw-center"),
        },
        text!(texts, "notice-authority"),
    ];
    let mut lines = vec![text!(texts, "notice-title")];
    let separate = terms.separate(preview);
    let apart = separate.iter().map(|one| texts.named(&format!("notice-{}", one.word())));
    let paragraphs: Vec<String> = paragraphs.into_iter().chain(apart).collect();
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        let wrapped = term::wrap(paragraph, columns.saturating_sub(4));
        lines.extend(wrapped.iter().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { "  - " } else { "    " })));
    }
    let text = lines.join("\n") + "\n";
    let lang = match texts.language {
        Language::En => "en",
        Language::ZhCn => "zh-CN",
    };
    let line = |text: &str| Line::parse(text).unwrap_or_default();
    let sha256 = Sha256::of(text.as_bytes());
    (text, Notice { id: line(ID), lang: line(lang), sha256, separate_consents: Vec::new() })
}

/// Who asks for it and why; nothing for an operator's own bundle.
fn asked_by(terms: &Terms<'_>, texts: &Texts) -> String {
    let Some(Verified { request, .. }) = terms.request else { return String::new() };
    let shown = |line: &Line| term::escape(line.as_str());
    let reason = match texts.language {
        Language::En => &request.reason.en,
        Language::ZhCn => &request.reason.zh_cn,
    };
    let (name, id) = (shown(&request.requested_by.name), shown(&request.requested_by.id));
    let asked =
        text!(texts, "notice-request", name = name, id = id, request = request.request_id.to_string(), reason = shown(reason));
    if request.recipient.processors.is_empty() {
        return asked;
    }
    let processors: Vec<String> = request.recipient.processors.iter().map(shown).collect();
    format!("{asked} {}", text!(texts, "notice-processors", names = processors.join(crate::view::comma(texts))))
}

/// A word of a document in the language of the texts; the word itself where there is no text for it.
fn word(prefix: &str, word: &Line, texts: &Texts) -> String {
    let id = format!("{prefix}-{}", word.as_str());
    if texts.has(&id) { texts.named(&id) } else { term::escape(word.as_str()) }
}
