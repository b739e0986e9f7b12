//! What people type about cases. In: words. Out: structs.

use clap::{Args, Subcommand};
use oediag_protocol::text::Line;

use super::Severity;
use crate::values;

/// `oediag case`.
#[derive(Debug, Clone, Args)]
pub struct Case {
    /// What to do.
    #[command(subcommand)]
    pub action: CaseAction,
}

/// What to do with cases.
#[derive(Debug, Clone, Subcommand)]
pub enum CaseAction {
    /// Ask for help.
    Open(CaseOpen),
    /// All of this host's customer.
    List(CaseList),
    /// Whether the fix holds.
    Confirm(CaseConfirm),
}

/// `oediag case open`.
#[derive(Debug, Clone, Args)]
pub struct CaseOpen {
    /// How bad the matter is.
    #[arg(long, value_name = "P1..P4", ignore_case = true)]
    pub severity: Severity,
    /// What it is about, in one line.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub title: Line,
    /// More about it.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub description: Option<Line>,
    /// Whom to answer.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub contact: Option<Line>,
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::seconds)]
    pub patience: u64,
}

/// `oediag case list`.
#[derive(Debug, Clone, Args)]
pub struct CaseList {
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::seconds)]
    pub patience: u64,
}

/// `oediag case confirm`.
#[derive(Debug, Clone, Args)]
pub struct CaseConfirm {
    /// The case.
    #[arg(value_name = "CASE", value_parser = values::case_path)]
    pub case: String,
    /// It is not solved.
    #[arg(long)]
    pub unsolved: bool,
    /// A word about it.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub note: Option<Line>,
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::seconds)]
    pub patience: u64,
}
