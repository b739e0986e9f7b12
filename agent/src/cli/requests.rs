//! What people type to decide about requests of the center's, and about the policy. In: words. Out: structs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use oediag_protocol::{ledger::Reason, time::Time};

use crate::{
    broker::wire::{MAX_SESSION, SOCKET},
    release::separate::Separate,
    values,
};

/// Where the broker listens.
#[derive(Debug, Clone, Args)]
pub struct Asking {
    /// Its socket.
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    pub socket: PathBuf,
}

/// `oediag requests`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Requests {
    /// Where the broker listens.
    #[command(flatten)]
    pub asking: Asking,
    /// What to do; without one, all are listed.
    #[command(subcommand)]
    pub action: Option<RequestsAction>,
}

/// What to do with requests beside listing them.
#[derive(Debug, Clone, Subcommand)]
pub enum RequestsAction {
    /// One of them.
    Show(OneRequest),
}

/// A request that is named.
#[derive(Debug, Clone, Args)]
pub struct OneRequest {
    /// The request, or the first hex digits of its id.
    #[arg(value_name = "REQUEST", value_parser = values::request)]
    pub request: String,
    /// Where the broker listens.
    #[command(flatten)]
    pub asking: Asking,
}

/// `oediag deny`.
#[derive(Debug, Clone, Args)]
pub struct Deny {
    /// The request.
    #[command(flatten)]
    pub one: OneRequest,
    /// A word why, which the center is told.
    #[arg(long, value_name = "WORD", value_parser = values::reason, conflicts_with = "silent")]
    pub reason: Option<Reason>,
    /// The center is told nothing.
    #[arg(long)]
    pub silent: bool,
}

/// `oediag decline`.
#[derive(Debug, Clone, Args)]
pub struct Decline {
    /// The request.
    #[command(flatten)]
    pub one: OneRequest,
    /// A word why, which the center is told.
    #[arg(long, value_name = "WORD", value_parser = values::reason)]
    pub reason: Option<Reason>,
}

/// `oediag release`.
#[derive(Debug, Clone, Args)]
pub struct Release {
    /// The request.
    #[command(flatten)]
    pub one: OneRequest,
    /// Sources or members to leave out.
    #[arg(long, value_name = "ID|MEMBER", value_delimiter = ',', conflicts_with = "consent")]
    pub without: Vec<String>,
    /// The answer, for programs: the first 8 hex digits of the bundle's id.
    #[arg(long, value_name = "B8")]
    pub consent: Option<String>,
    /// The other answers, where there are other questions.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "consent")]
    pub agree: Vec<Separate>,
}

/// `oediag session`.
#[derive(Debug, Clone, Args)]
pub struct Session {
    /// What to do.
    #[command(subcommand)]
    pub action: SessionAction,
}

/// What to do with a session.
#[derive(Debug, Clone, Subcommand)]
pub enum SessionAction {
    /// Somebody waits: the center is asked often.
    Start(SessionStart),
}

/// `oediag session start`.
#[derive(Debug, Clone, Args)]
pub struct SessionStart {
    /// For how long.
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u64).range(0..=MAX_SESSION))]
    pub minutes: u64,
    /// Where the broker listens.
    #[command(flatten)]
    pub asking: Asking,
}

/// `oediag policy`.
#[derive(Debug, Clone, Args)]
pub struct Policy {
    /// What to do.
    #[command(subcommand)]
    pub action: PolicyAction,
}

/// What to do with a policy.
#[derive(Debug, Clone, Subcommand)]
pub enum PolicyAction {
    /// Whether a file is a policy.
    Check(PolicyCheck),
    /// What it says to a request, rule by rule.
    Test(PolicyTest),
}

/// `oediag policy check`.
#[derive(Debug, Clone, Args)]
pub struct PolicyCheck {
    /// The file.
    #[arg(value_name = "FILE")]
    pub policy: PathBuf,
}

/// `oediag policy test`.
#[derive(Debug, Clone, Args)]
pub struct PolicyTest {
    /// The request, signed or not.
    #[arg(value_name = "REQUEST.json")]
    pub paper: PathBuf,
    /// Another policy than this host's.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Another present than now.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub now: Option<Time>,
}
