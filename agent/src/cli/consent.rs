//! What people type about receipts of consent. In: words. Out: structs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use oediag_protocol::{id::ReceiptId, text::Line};

use super::Asking;
use crate::values;

/// `oediag consent`.
#[derive(Debug, Clone, Args)]
pub struct Consent {
    /// What to do.
    #[command(subcommand)]
    pub action: ConsentAction,
}

/// What to do with receipts.
#[derive(Debug, Clone, Subcommand)]
pub enum ConsentAction {
    /// All of them.
    List,
    /// One of them.
    Show(ShowReceipt),
    /// Send nothing more under one of them.
    Drop(OneReceipt),
    /// Take one of them back: the center deletes what came under it.
    Withdraw(WithdrawReceipt),
}

/// A receipt that is named.
#[derive(Debug, Clone, Args)]
pub struct OneReceipt {
    /// The receipt.
    #[arg(value_name = "RECEIPT", value_parser = values::receipt)]
    pub receipt: ReceiptId,
}

/// `oediag consent show`.
#[derive(Debug, Clone, Args)]
pub struct ShowReceipt {
    /// The receipt.
    #[command(flatten)]
    pub one: OneReceipt,
    /// Who opened what came under it, as the center says.
    #[arg(long)]
    pub views: bool,
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::seconds)]
    pub patience: u64,
}

/// `oediag consent withdraw`.
#[derive(Debug, Clone, Args)]
pub struct WithdrawReceipt {
    /// The receipt.
    #[command(flatten)]
    pub one: OneReceipt,
    /// Why, which the center is told.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub reason: Option<Line>,
    /// Write the withdrawal to a file that somebody carries, and do not tell the center.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Where the broker listens, which knows the request that was answered.
    #[command(flatten)]
    pub asking: Asking,
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::seconds)]
    pub patience: u64,
}
