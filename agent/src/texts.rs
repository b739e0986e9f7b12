//! The texts of the program in English and Chinese. In: a message id and its arguments. Out: one string.
//! The messages are compiled in; `oediag.ftl` holds the program's own, `redaction.ftl` those of the redactor's kinds,
//! `requests.ftl` the states and reasons of requests, `sources.ftl` one line for each catalogue row.
//! Ids written in code are checked by `fl!` when compiling; ids made of data go through [`Texts::named`].

use std::borrow::Cow;

use i18n_embed::{
    I18nAssets, LanguageLoader as _,
    fluent::{FluentLanguageLoader, fluent_language_loader},
};
use oediag_protocol::{
    bundle::manifest::{Outcome, Reason},
    request::life::State,
};

use crate::cli::Language;

/// Every message file: language and content. Files of one language share one space of ids.
pub const FILES: &[(&str, &str)] = &[
    ("en", include_str!("../i18n/en/oediag.ftl")),
    ("en", include_str!("../i18n/en/help.ftl")),
    ("en", include_str!("../i18n/en/redaction.ftl")),
    ("en", include_str!("../i18n/en/requests.ftl")),
    ("en", include_str!("../i18n/en/sources.ftl")),
    ("zh-CN", include_str!("../i18n/zh-CN/oediag.ftl")),
    ("zh-CN", include_str!("../i18n/zh-CN/help.ftl")),
    ("zh-CN", include_str!("../i18n/zh-CN/redaction.ftl")),
    ("zh-CN", include_str!("../i18n/zh-CN/requests.ftl")),
    ("zh-CN", include_str!("../i18n/zh-CN/sources.ftl")),
];

/// [`FILES`] as the loader wants them: all files of a language under the one path it asks for.
struct Compiled;

impl I18nAssets for Compiled {
    fn get_files(&self, path: &str) -> Vec<Cow<'_, [u8]>> {
        let language = path.split('/').next().unwrap_or_default();
        FILES.iter().filter(|(of, _)| *of == language).map(|(_, text)| Cow::Borrowed(text.as_bytes())).collect()
    }

    fn filenames_iter(&self) -> Box<dyn Iterator<Item = String> + '_> {
        Box::new(FILES.iter().map(|(language, _)| format!("{language}/oediag.ftl")))
    }
}

/// The texts in one language.
#[derive(Debug)]
pub struct Texts {
    /// For `fl!`.
    pub loader: FluentLanguageLoader,
    /// The language.
    pub language: Language,
}

/// A message whose id is checked at compile time: `text!(texts, "id", argument = value)`.
#[macro_export]
macro_rules! text {
    ($texts:expr, $($rest:tt)*) => { ::i18n_embed_fl::fl!($texts.loader, $($rest)*) };
}

impl Texts {
    /// Loads the texts of a language.
    pub fn new(language: Language) -> Self {
        let loader = fluent_language_loader!();
        let name = match language {
            Language::En => "en",
            Language::ZhCn => "zh-CN",
        };
        if let Ok(id) = name.parse() {
            // The files are compiled in and the tests load both languages, so this cannot fail in a build that passed them.
            drop(loader.load_languages(&Compiled, &[id]));
        }
        // Marks around arguments (U+2068, U+2069) are for mixed-direction text; terminals show them as boxes.
        loader.set_use_isolating(false);
        Self { loader, language }
    }

    /// A message whose id is made of data; the id itself when there is no such message.
    pub fn named(&self, id: &str) -> String {
        if self.loader.has(id) { self.loader.get(id) } else { id.to_owned() }
    }

    /// Whether there is a message with this id.
    pub fn has(&self, id: &str) -> bool {
        self.loader.has(id)
    }

    /// An outcome in words.
    pub fn outcome(&self, outcome: Outcome) -> String {
        self.named(&format!("outcome-{}", word(&outcome)))
    }

    /// A reason in words.
    pub fn reason(&self, reason: Reason) -> String {
        self.named(&format!("reason-{}", word(&reason)))
    }

    /// Why something was refused, failed or ended, in words; the word itself where there is no text.
    pub fn why(&self, word: &str) -> String {
        self.worded("why", word)
    }

    /// A condition of a rule that is not met.
    pub fn miss(&self, word: &str) -> String {
        self.worded("miss", word)
    }

    /// What kind of rule of the policy this is.
    pub fn rule(&self, kind: &str) -> String {
        self.worded("rule", kind)
    }

    /// How far a request is.
    pub fn state(&self, state: State) -> String {
        self.worded("state", state.as_str())
    }

    fn worded(&self, prefix: &str, word: &str) -> String {
        let id = format!("{prefix}-{}", word.replace('_', "-"));
        if self.has(&id) { self.named(&id) } else { word.to_owned() }
    }

    /// What a catalogue row is, in one line; empty for rows without a text (rows of the site).
    pub fn source(&self, id: &str) -> String {
        let id = source_message(id);
        if self.has(&id) { self.named(&id) } else { String::new() }
    }

    /// What kind of redacted value this is, in words; the kind's own name where there is no text.
    pub fn kind(&self, kind: &str) -> String {
        self.worded("kind", kind)
    }
}

/// The id of the message that describes a catalogue row: `network.ethtool` is `source-network-ethtool`.
pub fn source_message(id: &str) -> String {
    format!("source-{}", id.replace(['.', '_'], "-"))
}

/// The name a value has in JSON, as a part of a message id: `NotInstalled` is `not-installed`.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', "-"),
        _ => String::new(),
    }
}

/// The language for `--lang`, else of the first of LC_ALL, LC_MESSAGES, LANG that is set and not empty: `zh*` is Chinese, all else English.
pub fn choose(asked: Option<Language>, locale: &[Option<String>]) -> Language {
    let from_locale = || match locale.iter().flatten().find(|value| !value.is_empty()) {
        Some(value) if value.to_ascii_lowercase().starts_with("zh") => Language::ZhCn,
        _ => Language::En,
    };
    asked.unwrap_or_else(from_locale)
}

/// The locale of this process, most important variable first.
pub fn locale() -> Vec<Option<String>> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().map(|name| std::env::var(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use oediag_collector::catalogue;
    use oediag_protocol::bundle::manifest::{Outcome as O, Reason as R};

    macro_rules! reasons {
        ($($name:ident)*) => {
            const REASONS: &[R] = &[$(R::$name),*];
            /// Does not compile when the protocol has a reason that is not named here.
            fn _complete(reason: R) {
                match reason {
                    $(R::$name => {})*
                }
            }
        };
    }
    reasons! {
        NotSelected NotPresent NotInstalled UntrustedProgram UntrustedPath NotRegular UnsafeFilesystem OtherFilesystem NeverCollected NotRecorded NotLive NoPermission NeedsRoot ReadError SpawnError ExitStatus Signal TimeLimit Stuck ItemLimit BundleLimit RunDeadline Cancelled LeftOut DiskFull WriteError Interrupted Binary BadArchive RedactionFailed Leak TooMany Duplicate OlderFile OutsideWindow Changed Panicked
    }

    #[test]
    fn every_outcome_and_reason_has_words() {
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            for reason in REASONS {
                assert!(!texts.reason(*reason).starts_with("reason-"), "{language:?}: {reason:?} has no text");
            }
            for outcome in [O::Collected, O::Truncated, O::Skipped, O::TimedOut, O::Failed] {
                assert!(!texts.outcome(outcome).starts_with("outcome-"), "{language:?}: {outcome:?} has no text");
            }
        }
    }

    /// The file of one line for each catalogue row, in this language.
    fn source_lines(language: &str) -> Vec<(&'static str, &'static str)> {
        let text = FILES.iter().filter(|(of, _)| *of == language).map(|(_, text)| *text).find(|text| text.contains("\nsource-"));
        let lines = text.unwrap_or_default().lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_once(" = ").expect("one message on each line")).collect()
    }

    #[test]
    fn every_catalogue_row_has_one_line_of_its_own_in_both_languages() {
        for (language, most) in [("en", 70), ("zh-CN", 60)] {
            let messages = source_lines(language);
            let ids: Vec<&str> = messages.iter().map(|(id, _)| *id).collect();
            let rows: Vec<String> = catalogue::all().map(|row| source_message(row.id)).collect();
            assert_eq!(ids, rows, "{language}: the messages are those of the catalogue, in its order");
            let mut seen = HashMap::new();
            for (id, text) in messages {
                let columns = crate::term::width(text);
                assert!((4..=most).contains(&columns), "{language}: {id} takes {columns} columns of {most}");
                assert!(!text.ends_with(['.', '。']) && text.trim() == text, "{language}: {id} ends in a full stop or a space");
                assert!(!catalogue::all().any(|row| row.id == text), "{language}: {id} is only an id");
                assert_eq!(seen.insert(text, id), None, "{language}: {id} says what another row says");
            }
        }
        let (english, chinese) = (Texts::new(Language::En), Texts::new(Language::ZhCn));
        for row in catalogue::all() {
            assert_ne!(english.source(row.id), "", "{}", row.id);
            assert_ne!(english.source(row.id), chinese.source(row.id), "{}", row.id);
        }
    }

    #[test]
    fn the_language_follows_option_then_locale() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(choose(None, &[]), Language::En);
        assert_eq!(choose(None, &[None, None, some("zh_CN.UTF-8")]), Language::ZhCn);
        assert_eq!(choose(None, &[some(""), some("zh_TW"), some("en_US")]), Language::ZhCn);
        assert_eq!(choose(None, &[some("C"), None, some("zh_CN.UTF-8")]), Language::En);
        assert_eq!(choose(Some(Language::En), &[some("zh_CN")]), Language::En);
    }

    #[test]
    fn chinese_is_chinese_and_arguments_are_bare() {
        let texts = Texts::new(Language::ZhCn);
        assert_eq!(texts.outcome(O::Collected), "已采集");
        let said = text!(texts, "error-no-such-member", member = "x");
        assert!(said.contains('x') && !said.contains('\u{2068}'), "{said}");
    }
}
