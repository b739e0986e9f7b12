//! What every command is given beside its own options: texts, colours, where output goes, where state lies.

use std::path::PathBuf;

use oediag_collector::state::{Home, State};
use serde::Serialize;

use crate::{
    failure::{Failure, Kind},
    term::{self, Paint},
    text,
    texts::Texts,
    view::Page,
};

/// One run of the program.
#[derive(Debug)]
pub struct Invocation {
    /// Texts in the user's language.
    pub texts: Texts,
    /// Whether standard output gets colours.
    pub paint: Paint,
    /// Whether standard output is a terminal.
    pub terminal: bool,
    /// Whether standard error shows progress.
    pub progress: bool,
    /// `--json`.
    pub json: bool,
    /// `--state`.
    pub state: Option<PathBuf>,
}

impl Invocation {
    /// The page to lay text out on: as wide as the terminal up to what people read, uncut for programs.
    pub fn page(&self) -> Page<'_> {
        let columns = if self.terminal { term::columns().clamp(40, 120) } else { 4096 };
        Page { texts: &self.texts, paint: self.paint, columns }
    }

    /// Prints `value` as JSON where that was asked for, else the lines.
    pub fn show(&self, value: &impl Serialize, lines: impl FnOnce(&Page<'_>) -> Vec<String>) -> Result<(), Failure> {
        let lines = if self.json { vec![self.to_json(value)?] } else { lines(&self.page()) };
        term::print(&lines).map_err(|error| Failure::output(&self.texts, error))
    }

    fn to_json(&self, value: &impl Serialize) -> Result<String, Failure> {
        serde_json::to_string_pretty(value)
            .map(|json| term::escape_json(&json))
            .map_err(|error| Failure::new(Kind::Usage, text!(self.texts, "error-output")).because(error))
    }

    /// Where keys and bundles lie; folders are made when they are missing.
    /// `kind` is what it is to the command when that place cannot be used.
    pub fn state(&self, kind: Kind) -> Result<State, Failure> {
        State::open(self.state.as_deref(), &home()).map_err(|error| {
            let hint = text!(self.texts, "hint-root-needed");
            Failure::new(kind, text!(self.texts, "error-state")).because(error).hint(hint)
        })
    }
}

/// Whose state it is. The only place that reads `HOME`; root's is never asked.
pub fn home() -> Home {
    if nix::unistd::geteuid().is_root() {
        return Home::Root;
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    Home::User(folder.map(|folder| folder.join("oediag")))
}
