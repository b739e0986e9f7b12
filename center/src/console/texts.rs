//! What the pages say, in two languages: the tables `pages/en.txt` and `pages/zh.txt`. In: a key. Out: words.
//! Codes of closed lists (outcomes, reasons, severities) have keys of their own; a code that a newer host made is shown as it is.

use std::{collections::HashMap, fmt::Display, sync::LazyLock};

use minijinja::{
    Value,
    value::{Rest, Serde},
};
use oediag_analysis::Lang;
use serde::Serialize;

/// The words of one language.
pub(super) struct Texts {
    words: HashMap<&'static str, &'static str>,
    /// The same for templates, where a key that is missing is an error.
    pub(super) value: Value,
}

static EN: LazyLock<Texts> = LazyLock::new(|| Texts::of(include_str!("../../pages/en.txt")));
static ZH: LazyLock<Texts> = LazyLock::new(|| Texts::of(include_str!("../../pages/zh.txt")));

/// The words of this language.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    lang.pick(&EN, &ZH)
}

impl Texts {
    fn of(table: &'static str) -> Self {
        let lines = table.lines().filter(|line| !line.starts_with('#'));
        let words: HashMap<_, _> = lines.filter_map(|line| line.split_once(" = ")).collect();
        let value = Value::from(Serde(&words));
        Self { words, value }
    }

    /// The words of a key.
    pub(super) fn get(&self, key: &'static str) -> &'static str {
        self.words.get(key).copied().unwrap_or(key)
    }

    /// The words of a key with values in the places of `{}`.
    pub(super) fn fill(&self, key: &'static str, values: &[&dyn Display]) -> String {
        filled(self.get(key), values.iter().map(ToString::to_string))
    }

    /// The words for a value of a closed list; its code when there are none.
    pub(super) fn word(&self, list: &str, value: &impl Serialize) -> String {
        let code = code(value);
        self.words.get(format!("{list}_{code}").as_str()).map_or(code, |words| (*words).to_owned())
    }
}

/// The word by which a closed list names a value in JSON.
pub(super) fn code(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The filter `fill` of the templates.
#[expect(clippy::needless_pass_by_value, reason = "a filter is called with values")]
pub(super) fn fill(text: &str, values: Rest<Value>) -> String {
    filled(text, values.iter().map(ToString::to_string))
}

/// Values in the places of `{}`; what is in a value is not looked at again.
fn filled(text: &str, values: impl IntoIterator<Item = String>) -> String {
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    let mut values = values.into_iter();
    for part in parts {
        filled.push_str(&values.next().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use oediag_protocol::bundle::{
        manifest::{Outcome, Reason},
        verify::CheckName,
    };

    use super::*;

    #[test]
    fn both_tables_hold_the_same_keys_with_as_many_values() {
        let keys = |texts: &Texts| texts.words.keys().copied().collect::<BTreeSet<_>>();
        assert_eq!(keys(&EN), keys(&ZH));
        for (key, words) in &EN.words {
            assert_eq!(words.matches("{}").count(), ZH.words[key].matches("{}").count(), "{key}");
            assert!(!words.is_empty() && !ZH.words[key].is_empty(), "{key}");
        }
        let lines = |table: &'static str| table.lines().filter(|line| !line.starts_with('#') && line.contains(" = ")).count();
        assert_eq!(lines(include_str!("../../pages/en.txt")), EN.words.len(), "a key is there twice");
        assert_eq!(lines(include_str!("../../pages/zh.txt")), ZH.words.len(), "a key is there twice");
    }

    /// Every key that a template or this module's sources name.
    #[test]
    fn every_key_that_is_asked_for_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut asked = BTreeSet::new();
        for folder in ["pages", "src/console"] {
            for entry in fs::read_dir(root.join(folder)).expect("the folder") {
                let text = fs::read_to_string(entry.expect("an entry").path()).expect("a text");
                for mark in ["t.get(\"", "t.fill(\"", " t.", "(t."] {
                    let names = text.split(mark).skip(1);
                    asked.extend(
                        names.map(|rest| {
                            rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or("").to_owned()
                        }),
                    );
                }
            }
        }
        for not_a_key in ["", "get", "fill", "word", "value"] {
            asked.remove(not_a_key);
        }
        assert!(asked.len() > 80, "{}", asked.len());
        let missing: Vec<&String> = asked.iter().filter(|key| !EN.words.contains_key(key.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn closed_lists_have_words() {
        let has = |list: &str, value: &dyn erased::Code| assert_ne!(EN.word(list, &value.code()), value.code(), "{list}");
        for reason in
            [Reason::NotPresent, Reason::UntrustedPath, Reason::RedactionFailed, Reason::OutsideWindow, Reason::Panicked]
        {
            has("reason", &reason);
        }
        assert_eq!(EN.word("outcome", &Outcome::TimedOut), "timed out");
        assert_eq!(ZH.word("outcome", &Outcome::Failed), "失败");
        assert_eq!(ZH.word("check", &CheckName::BundleJson), "采集起始信息");
        assert_eq!(EN.word("kind", &"of_a_newer_host"), "of_a_newer_host");
    }

    /// Values whose code can be asked for, as one type.
    mod erased {
        pub(super) trait Code {
            fn code(&self) -> String;
        }
        impl<T: serde::Serialize> Code for T {
            fn code(&self) -> String {
                super::code(self)
            }
        }
    }

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(filled("{} of {}", ["{}".to_owned(), "2".to_owned()]), "{} of 2");
        assert_eq!(filled("{} of {}", ["1".to_owned()]), "1 of ");
    }
}
