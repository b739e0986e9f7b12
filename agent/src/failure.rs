//! The one error of the program's edge. In: what went wrong, from any library. Out: an exit code, one sentence in the
//! user's language, the chain of causes, and what to do next; printed once.

use std::{fmt, process::ExitCode};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use oediag_collector::{ledger::LedgerError, state::StateError};
use oediag_protocol::id::ReceiptId;

use crate::{causes, sender::Fault, term, text, texts::Texts, values::ValueError};

/// Exit codes of every command. Programs may rely on them.
pub mod exit {
    /// Done. Since 0.1.
    pub const OK: u8 = 0;
    /// Done, but something that applied failed, timed out, was cut or held back; or one of several inputs failed. Since 0.1.
    pub const GAPS: u8 = 1;
    /// Wrong usage, configuration, or an input that cannot be read. Since 0.1.
    pub const USAGE: u8 = 2;
    /// Refused by consent or policy. Since 0.1.
    pub const REFUSED: u8 = 3;
    /// The bundle is not what its signer signed. Since 0.1.
    pub const VERIFICATION: u8 = 4;
    /// The network failed. Since 0.1.
    pub const NETWORK: u8 = 5;
    /// No bundle was made. Since 0.1.
    pub const NO_BUNDLE: u8 = 6;
}

/// What kind of failure: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`exit::USAGE`].
    Usage,
    /// [`exit::REFUSED`].
    Refused,
    /// [`exit::VERIFICATION`].
    Verification,
    /// [`exit::NETWORK`].
    Network,
    /// [`exit::NO_BUNDLE`].
    NoBundle,
}

impl Kind {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Usage => exit::USAGE,
            Self::Refused => exit::REFUSED,
            Self::Verification => exit::VERIFICATION,
            Self::Network => exit::NETWORK,
            Self::NoBundle => exit::NO_BUNDLE,
        }
    }
}

/// A failure of a command.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// What went wrong: one sentence in the user's language.
    pub sentence: String,
    /// What was beneath it, outermost first.
    pub cause: Option<anyhow::Error>,
    /// What the user can do, in their language.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with nothing beneath it.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), cause: None, hint: None }
    }

    /// The same with what was beneath it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Standard output could not be written.
    pub fn output(texts: &Texts, cause: std::io::Error) -> Self {
        Self::new(Kind::Usage, text!(texts, "error-output")).because(cause)
    }

    /// The lines for standard error: the sentence, each cause, the hint. Made safe for a terminal.
    pub fn lines(&self, texts: &Texts) -> Vec<String> {
        let mut lines = vec![text!(texts, "error-line", sentence = term::escape(&self.sentence))];
        for cause in self.cause.iter().flat_map(anyhow::Error::chain) {
            lines.push(format!("  {}", text!(texts, "error-because", cause = term::escape(&causes::words(cause, texts)))));
        }
        if let Some(hint) = &self.hint {
            lines.push(text!(texts, "error-hint", hint = term::escape(hint)));
        }
        lines
    }

    /// Prints the failure on standard error and gives the exit code.
    pub fn report(&self, texts: &Texts) -> ExitCode {
        self.lines(texts).iter().for_each(|line| term::note(line));
        ExitCode::from(self.kind.code())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// The state cannot be used by what sends.
pub(crate) fn state(error: StateError, texts: &Texts) -> Failure {
    let hint = match error {
        StateError::Busy { .. } => text!(texts, "hint-busy-upload"),
        _ => text!(texts, "hint-root-needed"),
    };
    Failure::new(Kind::Usage, text!(texts, "error-state")).because(error).hint(hint)
}

/// The ledger cannot be used: what needs a line of it does not happen.
pub(crate) fn ledger(error: LedgerError, texts: &Texts) -> Failure {
    let (kind, hint) = match error {
        LedgerError::Changed { .. } | LedgerError::Head { .. } => (Kind::Verification, text!(texts, "hint-ledger-changed")),
        _ => (Kind::Usage, text!(texts, "hint-ledger")),
    };
    Failure::new(kind, text!(texts, "error-ledger")).because(error).hint(hint)
}

/// A sending that came to nothing, said in the user's language.
///
/// `receipt` is the one under which a sealed file waits; none for an enrolment.
pub(crate) fn from_fault(fault: Fault, receipt: Option<ReceiptId>, texts: &Texts) -> Failure {
    // Not the same command: with --without it would make another bundle, and ask.
    let again = || match receipt {
        Some(receipt) => text!(texts, "hint-go-on", receipt = receipt.to_string()),
        None => text!(texts, "hint-again"),
    };
    let (kind, sentence, hint) = match &fault {
        Fault::Network(_) => (Kind::Network, text!(texts, "error-network"), again()),
        Fault::NotACenter(_) => (Kind::Network, text!(texts, "error-not-a-center"), text!(texts, "hint-not-a-center")),
        Fault::Unknown { ahead: Some(ahead), .. } => {
            let seconds = ahead.unsigned_abs();
            (Kind::Verification, text!(texts, "error-clock", seconds = seconds), text!(texts, "hint-clock"))
        }
        Fault::Unknown { .. } => (Kind::Verification, text!(texts, "error-unknown-host"), text!(texts, "hint-enroll-again")),
        Fault::Refused(_) => (Kind::Refused, text!(texts, "error-center-refuses"), text!(texts, "hint-center-refuses")),
        Fault::OtherBytes(_) => (Kind::Verification, text!(texts, "error-other-bytes"), again()),
        Fault::Later { at, .. } => (Kind::Network, text!(texts, "error-later", at = at.to_string()), again()),
        Fault::Local(_) => (Kind::Usage, text!(texts, "error-sender"), again()),
    };
    Failure::new(kind, sentence).because(fault).hint(hint)
}

/// A failed reading of the command line, said in the user's language. Help and version are not failures: see [`crate::run`].
pub fn from_clap(error: &clap::Error, texts: &Texts) -> Failure {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(value)) => value.clone(),
        Some(ContextValue::Strings(values)) => values.join(", "),
        Some(ContextValue::StyledStrs(values)) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg).replace("...", "");
    let value = context(ContextKind::InvalidValue);
    let sentence = match error.kind() {
        ErrorKind::UnknownArgument => text!(texts, "usage-unknown-argument", argument = argument),
        ErrorKind::InvalidSubcommand => {
            text!(texts, "usage-unknown-command", command = context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => text!(texts, "usage-no-command"),
        ErrorKind::MissingRequiredArgument => text!(texts, "usage-missing", argument = argument),
        ErrorKind::ArgumentConflict => {
            text!(texts, "usage-conflict", argument = argument, other = context(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => text!(texts, "usage-no-value", argument = argument),
        ErrorKind::InvalidValue => {
            text!(texts, "usage-not-one-of", argument = argument, value = value, values = context(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => {
            let wanted = std::error::Error::source(error).and_then(|source| source.downcast_ref::<ValueError>());
            let wanted = wanted.map(|wanted| texts.named(wanted.message())).unwrap_or_default();
            text!(texts, "usage-value", argument = argument, value = value, wanted = wanted)
        }
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        // Of several the last one is the likeliest.
        .map(|kind| context(kind).rsplit(", ").next().unwrap_or_default().to_owned())
        .find(|suggestion| !suggestion.is_empty());
    let hint = match suggested {
        Some(suggestion) => text!(texts, "hint-meant", suggestion = suggestion),
        None => text!(texts, "hint-help"),
    };
    Failure::new(Kind::Usage, sentence).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Language, help};

    fn said(language: Language, words: &[&str]) -> String {
        let texts = Texts::new(language);
        let error = help::command(&texts).try_get_matches_from(words).expect_err("wrong words");
        from_clap(&error, &texts).lines(&texts).join("\n")
    }

    #[test]
    fn wrong_words_get_one_sentence_and_a_hint() {
        for (words, sentence, hint) in [
            (&["oediag", "colect"][..], "error: There is no command colect.", "hint: Did you mean collect?"),
            (&["oediag", "collect", "--sinc", "2h"], "error: There is no option --sinc.", "hint: Did you mean --since?"),
            (
                &["oediag", "collect", "--preset", "slow"],
                "error: --preset <NAME> cannot be slow; it is one of quick, standard, deep, perf, net, disk, crash.",
                "hint: Try --help.",
            ),
            (
                &["oediag", "collect", "--max-bytes", "12Q"],
                "error: --max-bytes <SIZE> cannot be 12Q: a size is a number with K, M, G or T, such as 512M.",
                "hint: Try --help.",
            ),
            (&["oediag", "show"], "error: Missing: <BUNDLE>.", "hint: Try --help."),
            (&["oediag"], "error: Say what to do: a command is missing.", "hint: Try --help."),
            (&["oediag", "plan", "--now", "2026-11-23T00:00:00Z"], "error: Missing: --root <DIR>.", "hint: Try --help."),
        ] {
            assert_eq!(said(Language::En, words), format!("{sentence}\n{hint}"));
            assert!(said(Language::ZhCn, words).starts_with("错误："), "{words:?}");
        }
    }

    #[test]
    fn a_failure_shows_its_chain_made_safe() {
        let texts = Texts::new(Language::En);
        let cause = anyhow::anyhow!("file \u{1b}[2J gone").context("opening it");
        let failure = Failure::new(Kind::NoBundle, "No bundle.").because(cause).hint("Do this.");
        assert_eq!(
            failure.lines(&texts),
            ["error: No bundle.", "  because: opening it", "  because: file \\x1b[2J gone", "hint: Do this."]
        );
        assert_eq!(failure.kind.code(), 6);
    }
}
