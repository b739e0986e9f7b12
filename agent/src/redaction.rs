//! From the configuration and the options of `collect` and `redact` to what the redactor is told. In: `oediag.toml`, the
//! options. Out: settings that go below no floor, or one sentence that says which rule forbids it.

use oediag_collector::{
    config::{self, Config},
    redact::{Choice, ChoiceError, KeepError, Level, Settings},
    state::State,
};

use crate::{
    cli::Redaction,
    failure::{Failure, Kind},
    invocation::Invocation,
    term, text,
};

/// The settings of this host.
pub fn config(state: &State, given: &Invocation) -> Result<Config, Failure> {
    config::load(&state.policy()).map_err(|error| Failure::new(Kind::Usage, text!(given.texts, "error-settings")).because(error))
}

/// One sentence for a bundle whose level is below the floor of this host.
pub fn below(floor: Level, level: &str, given: &Invocation) -> Failure {
    let sentence = text!(given.texts, "error-upload-floor", floor = floor.as_str(), level = term::escape(level));
    Failure::new(Kind::Refused, sentence).hint(text!(given.texts, "hint-upload-floor"))
}

/// What is chosen: what is usual for the command, then the configuration, then the options.
pub fn settings(usual: &Choice, config: &Config, options: &Redaction, given: &Invocation) -> Result<Settings, Failure> {
    let texts = &given.texts;
    Settings::chosen(&[usual, &config.redaction, &options.into()]).map_err(|error| {
        let kinds = || Settings::kinds().collect::<Vec<_>>().join(", ");
        match error {
            ChoiceError::Floor { floor, level } => {
                let sentence = text!(texts, "error-floor", floor = floor.as_str(), level = level.as_str());
                Failure::new(Kind::Usage, sentence).hint(text!(texts, "hint-floor"))
            }
            ChoiceError::Keep { kind, why: KeepError::Unknown } => Failure::new(
                Kind::Usage,
                text!(texts, "error-keep-unknown", kind = kind),
            )
            .hint(text!(texts, "hint-keep", kinds = kinds())),
            ChoiceError::Keep { kind, why: KeepError::Credential } => Failure::new(
                Kind::Usage,
                text!(texts, "error-keep-credential", kind = kind),
            )
            .hint(text!(texts, "hint-keep", kinds = kinds())),
        }
    })
}
