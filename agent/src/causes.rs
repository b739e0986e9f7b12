//! Why the redactor or the customer's rules cannot be used, in the user's language.
//!
//! In: an error of the collector. Out: its sentence; of an error that is not known here the English one. Never: the words of TOML's
//! and the expressions' own parsers in another language than theirs.

use std::error::Error;

use oediag_collector::{
    config::ConfigError,
    own::{Flaw, OwnError},
    redact::{RedactError, SiteProblem, SiteWhy},
    rules::RulesError,
};

use crate::{text, texts::Texts};

/// The sentence of an error, without what is beneath it.
pub fn words(error: &(dyn Error + 'static), texts: &Texts) -> String {
    if let Some(error) = error.downcast_ref::<RedactError>() {
        return redact(error, texts);
    }
    if let Some(error) = error.downcast_ref::<OwnError>() {
        return own(error, texts);
    }
    match (error.downcast_ref::<RulesError>(), error.downcast_ref::<ConfigError>()) {
        (Some(RulesError::Own(error)), _) | (_, Some(ConfigError::Own(error))) => own(error, texts),
        (Some(RulesError::Wrong { path, problem: SiteProblem { line, why } }), _) => {
            let (path, why) = (path.display().to_string(), site(why, texts));
            text!(texts, "cause-site-line", path = path, line = line, why = why)
        }
        _ => error.to_string(),
    }
}

/// What is wrong with a line of a file of rules.
pub fn site(why: &SiteWhy, texts: &Texts) -> String {
    match why {
        SiteWhy::Syntax(words) => words.clone(),
        SiteWhy::TooMany(most, what) => {
            let what = texts.named(&format!("cause-site-{what}"));
            text!(texts, "cause-site-too-many", most = most, what = what)
        }
        SiteWhy::Name => text!(texts, "cause-site-name"),
        SiteWhy::Twice => text!(texts, "cause-site-twice"),
        SiteWhy::Short => text!(texts, "cause-site-short"),
        SiteWhy::Long => text!(texts, "cause-site-long"),
        SiteWhy::Control => text!(texts, "cause-site-control"),
        SiteWhy::StandIn => text!(texts, "cause-site-stand-in"),
        SiteWhy::Empty(list) => text!(texts, "cause-site-empty", list = (*list).to_owned()),
        SiteWhy::Example => text!(texts, "cause-site-example"),
        SiteWhy::CounterExample => text!(texts, "cause-site-counter-example"),
        SiteWhy::Beginning => text!(texts, "cause-site-beginning"),
        SiteWhy::Large => text!(texts, "cause-site-large"),
    }
}

fn own(error: &OwnError, texts: &Texts) -> String {
    match error {
        OwnError::Io { path, .. } => text!(texts, "cause-own-io", path = path.display().to_string()),
        OwnError::Exposed { path, why } => {
            text!(texts, "cause-own-exposed", path = path.display().to_string(), why = flaw(*why, texts))
        }
        OwnError::Size { path, why } => format!("{}: {}", path.display(), flaw(*why, texts)),
    }
}

fn flaw(why: Flaw, texts: &Texts) -> String {
    match why {
        Flaw::Link => text!(texts, "cause-flaw-link"),
        Flaw::NotRegular => text!(texts, "cause-flaw-not-regular"),
        Flaw::Owner(uid) => text!(texts, "cause-flaw-owner", uid = uid.to_string()),
        Flaw::Mode(mode) => text!(texts, "cause-flaw-mode", mode = format!("{mode:04o}")),
        Flaw::Files(most) => text!(texts, "cause-flaw-files", most = most),
        Flaw::Bytes(most) => text!(texts, "cause-flaw-bytes", most = most.to_string()),
    }
}

fn redact(error: &RedactError, texts: &Texts) -> String {
    match error {
        RedactError::Binary => text!(texts, "cause-redact-binary"),
        RedactError::Encoding => text!(texts, "cause-redact-encoding"),
        RedactError::SelfTest(rule) => text!(texts, "cause-redact-self-test", rule = (*rule).to_owned()),
        RedactError::Tables(why) => text!(texts, "cause-redact-tables", why = why.as_str()),
        RedactError::Read(error) => text!(texts, "cause-redact-read", error = error.to_string()),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::cli::Language;

    /// English is what the errors themselves say; Chinese is Chinese.
    #[test]
    fn every_reason_has_words_in_both_languages() {
        let (english, chinese) = (Texts::new(Language::En), Texts::new(Language::ZhCn));
        let path = || PathBuf::from("/etc/oediag/redact.d");
        let io = || std::io::Error::other("x");
        let whys = [
            SiteWhy::TooMany(100, "patterns"),
            SiteWhy::TooMany(1000, "keys"),
            SiteWhy::TooMany(100, "keywords"),
            SiteWhy::Name,
            SiteWhy::Twice,
            SiteWhy::Short,
            SiteWhy::Long,
            SiteWhy::Control,
            SiteWhy::StandIn,
            SiteWhy::Empty("examples"),
            SiteWhy::Example,
            SiteWhy::CounterExample,
            SiteWhy::Beginning,
            SiteWhy::Large,
        ];
        let flaws = [Flaw::Link, Flaw::NotRegular, Flaw::Owner(1000), Flaw::Mode(0o666), Flaw::Files(64), Flaw::Bytes(9)];
        let mut errors: Vec<Box<dyn Error>> = vec![
            Box::new(OwnError::Io { path: path(), source: io() }),
            Box::new(OwnError::Size { path: path(), why: Flaw::Files(64) }),
            Box::new(RedactError::Binary),
            Box::new(RedactError::Encoding),
            Box::new(RedactError::SelfTest("password_kv")),
            Box::new(RedactError::Tables("x".to_owned())),
            Box::new(RedactError::Read(io())),
        ];
        for why in whys {
            errors.push(Box::new(RulesError::Wrong { path: path(), problem: SiteProblem { line: 3, why } }));
        }
        for why in flaws {
            errors.push(Box::new(RulesError::Own(OwnError::Exposed { path: path(), why })));
            errors.push(Box::new(ConfigError::Own(OwnError::Exposed { path: path(), why })));
        }
        for error in errors {
            assert_eq!(words(&*error, &english), error.to_string());
            let said = words(&*error, &chinese);
            assert!(said.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) && !said.contains("cause-"), "{said}");
        }
    }
}
