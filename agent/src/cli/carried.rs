//! What people type about files that somebody carries from and to a host without a network. In: words. Out: structs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Agreement, Asking, Joining};

/// `oediag import`.
#[derive(Debug, Clone, Args)]
pub struct Import {
    /// What it is.
    #[command(subcommand)]
    pub action: ImportAction,
}

/// What is brought to a host.
#[derive(Debug, Clone, Subcommand)]
pub enum ImportAction {
    /// The center's keys: this host joins it.
    Kit(ImportKit),
    /// A request.
    Request(ImportPaper),
    /// The cancellation of one.
    Cancel(ImportPaper),
    /// The keyset that follows.
    Keyset(ImportPaper),
    /// An ack or a deletion receipt.
    Receipt(ImportPaper),
}

/// `oediag import kit`.
#[derive(Debug, Clone, Args)]
pub struct ImportKit {
    /// The file.
    #[arg(value_name = "FILE")]
    pub carried: PathBuf,
    /// The fingerprint of the center's root keys, where nobody is there to type it.
    #[arg(long, value_name = "HEX20")]
    pub fingerprint: Option<String>,
    /// What is known of the center beside its keys.
    #[command(flatten)]
    pub joining: Joining,
    /// Where to write what is carried to the center.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
}

/// A signed paper that is brought.
#[derive(Debug, Clone, Args)]
pub struct ImportPaper {
    /// The file.
    #[arg(value_name = "FILE")]
    pub carried: PathBuf,
    /// Where the broker listens.
    #[command(flatten)]
    pub asking: Asking,
}

/// `oediag export`.
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// A bundle's `.tar.gz` file, or a request whose bundle was released.
    #[arg(value_name = "BUNDLE|REQUEST")]
    pub what: PathBuf,
    /// On what terms.
    #[command(flatten)]
    pub agreement: Agreement,
    /// Where to write the sealed file.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// Where the broker listens.
    #[command(flatten)]
    pub asking: Asking,
}
