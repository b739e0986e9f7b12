//! The command line as data. In: words. Out: structs; nothing is looked up, opened or decided here.
//! The texts people see are the messages `help-<command>` and `arg-<option>`: see [`crate::help`].

mod carried;
mod cases;
mod consent;
mod requests;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use oediag_collector::redact::{Binary, Choice, Correlate, Ip, Mac};
use oediag_protocol::{text::Line, time::Time};

pub use self::carried::{Export, Import, ImportAction, ImportKit, ImportPaper};
pub use self::cases::{Case, CaseAction, CaseConfirm, CaseList, CaseOpen};
pub use self::consent::{Consent, ConsentAction, OneReceipt, ShowReceipt, WithdrawReceipt};
pub use self::requests::{
    Asking, Decline, Deny, OneRequest, Policy, PolicyAction, PolicyCheck, PolicyTest, Release, Requests, RequestsAction, Session,
    SessionAction, SessionStart,
};
use crate::{
    address::Address,
    broker::wire::SOCKET,
    release::separate::Separate,
    values::{self, Size},
    when::{Around, Moment},
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "oediag", version, disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Language of the texts; otherwise taken from the locale.
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Language>,
    /// One JSON value on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where keys and bundles lie.
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// When to colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// The languages there are texts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Simplified Chinese.
    #[value(name = "zh-CN", aliases = ["zh", "zh_CN", "zh-cn"])]
    ZhCn,
    /// English.
    #[value(name = "en")]
    En,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// The commands, in the order the help lists them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Examine, redact, pack, sign.
    Collect(Box<Collect>),
    /// What `collect` would read and run.
    Plan(Box<Selection>),
    /// The catalogue.
    Sources,
    /// What a bundle says about its host.
    Show(Bundle),
    /// The members of a bundle and what is missing.
    Ls(Bundle),
    /// Members of a bundle, as they are.
    Cat(Cat),
    /// The alerts of a bundle.
    Alerts(Bundle),
    /// What was done on the host of a bundle.
    Operations(Bundle),
    /// Whether a bundle is whole and who signed it.
    Verify(Verify),
    /// The redactor as a filter.
    Redact(Redact),
    /// What stand-ins mean.
    Reveal(Reveal),
    /// Make a center known to this host, and this host to the center.
    Enroll(Enroll),
    /// Show what would leave, ask, and send it.
    Upload(Box<Upload>),
    /// Show what would leave, ask, and write it to a file that somebody carries.
    Export(Box<Export>),
    /// Take in a file that somebody brought.
    Import(Import),
    /// What the center asks for.
    Requests(Requests),
    /// Agree to collect for a request.
    Approve(OneRequest),
    /// Do not collect for a request.
    Deny(Deny),
    /// What would leave for a request.
    Preview(OneRequest),
    /// Show it, ask, and let it be sent.
    Release(Release),
    /// Do not send it.
    Decline(Decline),
    /// Have the center asked often for a while.
    Session(Session),
    /// What the customer decided beforehand.
    Policy(Policy),
    /// Ask the center for help.
    Case(Case),
    /// What was agreed to.
    Consent(Consent),
    /// What happened, line by line.
    Ledger(Ledger),
    /// Who this host is, with whom, and how far things are.
    Status,
    /// The process that asks the center and sends.
    Agent(Agent),
    /// Answer the agent and the operator; systemd starts it.
    Broker(Broker),
}

/// `oediag broker`.
#[derive(Debug, Clone, Args)]
pub struct Broker {
    /// The socket to make where systemd made none.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// A folder to examine instead of this machine.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Only close the networks, say of each family whether it is closed, and end.
    #[arg(long, conflicts_with_all = ["socket", "root"])]
    pub check_filter: bool,
}

/// What to collect; the options `collect` and `plan` share.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// Named sets of topics and limits; several are a union.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "standard")]
    pub preset: Vec<Preset>,
    /// Only these topics.
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    pub topic: Vec<String>,
    /// These sources, by id.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub source: Vec<String>,
    /// Not these sources or topics.
    #[arg(long, value_name = "ID|TOPIC", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Begin of the window.
    #[arg(long, value_name = "2h|TIME", conflicts_with = "around", allow_hyphen_values = true)]
    pub since: Option<Moment>,
    /// End of the window.
    #[arg(long, value_name = "TIME", conflicts_with = "around", allow_hyphen_values = true)]
    pub until: Option<Moment>,
    /// Window around a time.
    #[arg(long, value_name = "TIME±30m")]
    pub around: Option<Around>,
    /// Most bytes of the packed bundle.
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = values::bundle_size)]
    pub max_bytes: Size,
    /// Most bytes read for one item.
    #[arg(long, value_name = "SIZE", default_value = "64M")]
    pub max_item_bytes: Size,
    /// Most seconds of the run.
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = values::seconds)]
    pub max_seconds: u64,
    /// Seconds of performance samples; the preset's own when not given.
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds_or_none)]
    pub perf_seconds: Option<u64>,
    /// A folder to examine instead of this machine.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The present of that folder.
    #[arg(long, value_name = "TIME", requires = "root", value_parser = values::time)]
    pub now: Option<Time>,
}

/// What is chosen about the redactor; the options `collect` and `redact` share.
#[derive(Debug, Clone, Args)]
pub struct Redaction {
    /// Between which bundles a value has the same stand-in.
    #[arg(long, value_name = "SCOPE", value_parser = values::correlate())]
    pub correlate: Option<Correlate>,
    /// What becomes of IP addresses.
    #[arg(long, value_name = "HOW", value_parser = values::ip())]
    pub ip: Option<Ip>,
    /// What becomes of hardware addresses.
    #[arg(long, value_name = "HOW", value_parser = values::mac())]
    pub mac: Option<Mac>,
    /// What becomes of binary content.
    #[arg(long, value_name = "HOW", value_parser = values::binary())]
    pub binary: Option<Binary>,
    /// Kinds of identities that stay.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub keep_kind: Vec<String>,
}

impl From<&Redaction> for Choice {
    fn from(options: &Redaction) -> Choice {
        let Redaction { correlate, ip, mac, binary, keep_kind } = options;
        Choice { correlate: *correlate, ip: *ip, mac: *mac, binary: *binary, keep_kinds: keep_kind.clone(), floor: None }
    }
}

/// `oediag collect`.
#[derive(Debug, Clone, Args)]
pub struct Collect {
    /// What to collect.
    #[command(flatten)]
    pub selection: Selection,
    /// What to replace.
    #[command(flatten)]
    pub redaction: Redaction,
    /// The case the bundle belongs to.
    #[arg(long = "case", value_name = "ID", value_parser = values::case)]
    pub case: Option<String>,
    /// How bad the matter is.
    #[arg(long, value_name = "P1..P4", ignore_case = true)]
    pub severity: Option<Severity>,
    /// How hard to compress.
    #[arg(long, value_name = "LEVEL", default_value = "fast")]
    pub level: Level,
    /// Folder or file of the bundle.
    #[arg(short, long, value_name = "DIR|FILE.tar.gz")]
    pub output: Option<PathBuf>,
}

/// A named set of topics and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Preset {
    Quick,
    Standard,
    Deep,
    Perf,
    Net,
    Disk,
    Crash,
}

/// How bad the matter is: P1 is worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Severity {
    P1,
    P2,
    P3,
    P4,
}

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Least time.
    Fast,
    /// Least bytes.
    Small,
}

/// A bundle to look into.
#[derive(Debug, Clone, Args)]
pub struct Bundle {
    /// The `.tar.gz` file.
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
}

/// `oediag cat`.
#[derive(Debug, Clone, Args)]
pub struct Cat {
    /// The `.tar.gz` file.
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Member paths as `ls` prints them, or source ids.
    #[arg(value_name = "MEMBER", required = true)]
    pub member: Vec<String>,
}

/// `oediag verify`.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// The `.tar.gz` file.
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Who may have signed it, in ssh-keygen's format.
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
    /// Look for what redaction should have replaced, instead of at signatures.
    #[arg(long, conflicts_with = "allowed_signers")]
    pub redaction: bool,
}

/// `oediag redact`.
#[derive(Debug, Clone, Args)]
pub struct Redact {
    /// Files to read, one after the other; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["input", "check", "list"], conflicts_with_all = ["input", "out"])]
    pub file: Vec<PathBuf>,
    /// A folder to read.
    #[arg(long = "in", value_name = "DIR", requires = "target")]
    pub input: Option<PathBuf>,
    /// The folder to write, made new.
    #[arg(long, value_name = "DIR", requires = "input", group = "target")]
    pub out: Option<PathBuf>,
    /// Show what would be replaced instead of replacing it.
    #[arg(long, group = "target")]
    pub review: bool,
    /// Show what is found and what becomes of it, of one kind all that is known.
    #[arg(long, value_name = "KIND", num_args = 0..=1, conflicts_with_all = ["input", "file", "check", "review", "context"])]
    pub list: Option<Option<String>>,
    /// Whether the customer's own rules can be used: those of the files, or of this installation.
    #[arg(long, conflicts_with_all = ["input", "review", "context"])]
    pub check: bool,
    /// Names of this site, as JSON.
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
    /// For each file its path on the host it came from.
    #[arg(long, value_name = "TSV", requires = "input")]
    pub paths: Option<PathBuf>,
    /// What to replace.
    #[command(flatten)]
    pub redaction: Redaction,
}

/// `oediag reveal`.
#[derive(Debug, Clone, Args)]
pub struct Reveal {
    /// Stand-ins; without any a text on standard input.
    #[arg(value_name = "TOKEN")]
    pub token: Vec<String>,
    /// The bundle they are from.
    #[arg(long, value_name = "ID", value_parser = values::bundle_id)]
    pub bundle: Option<String>,
    /// The key of encrypted maps.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

/// `oediag enroll`.
#[derive(Debug, Clone, Args)]
pub struct Enroll {
    /// Where the center is.
    #[arg(long, value_name = "URL")]
    pub url: Address,
    /// The token, which all users of this host can see on a command line.
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file", required_unless_present = "token_file")]
    pub token: Option<String>,
    /// A file with the token; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The authorities that alone may vouch for the center's TLS key, as PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// What is known of it beside its keys.
    #[command(flatten)]
    pub joining: Joining,
    /// Seconds without an answer after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = values::seconds)]
    pub patience: u64,
}

/// What is said of a center when this host joins it.
#[derive(Debug, Clone, Args)]
pub struct Joining {
    /// How to reach those who answer for the data.
    #[arg(long, value_name = "TEXT", value_parser = values::line)]
    pub contact: Option<Line>,
    /// The country where the data is kept.
    #[arg(long, value_name = "CC", value_parser = values::country)]
    pub country: Option<Line>,
    /// The data leaves the customer's country.
    #[arg(long)]
    pub cross_border: bool,
    /// Leave the center this host is enrolled with.
    #[arg(long)]
    pub replace: bool,
}

/// `oediag upload`.
#[derive(Debug, Clone, Args)]
pub struct Upload {
    /// The `.tar.gz` file.
    #[arg(value_name = "BUNDLE", required_unless_present = "unfinished")]
    pub bundle: Option<PathBuf>,
    /// Go on with all that was agreed to, sealed and cut off; ask and agree to nothing.
    #[arg(long, conflicts_with_all = ["bundle", "consent", "without", "case", "retention_days", "preview"])]
    pub unfinished: bool,
    /// On what terms.
    #[command(flatten)]
    pub agreement: Agreement,
    /// Most KiB per second.
    #[arg(long, value_name = "KIB", value_parser = values::rate)]
    pub limit_kib_s: Option<u64>,
    /// Seconds without progress after which to give up.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = values::seconds)]
    pub patience: u64,
}

/// What is agreed to about a bundle of one's own.
#[derive(Debug, Clone, Args)]
pub struct Agreement {
    /// The answer, for programs: the first 8 hex digits of the bundle's id.
    #[arg(long, value_name = "B8")]
    pub consent: Option<String>,
    /// The other answers, where there are other questions.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "consent")]
    pub agree: Vec<Separate>,
    /// Sources or members to leave out.
    #[arg(long, value_name = "ID|MEMBER", value_delimiter = ',', conflicts_with = "consent")]
    pub without: Vec<String>,
    /// The case it is for.
    #[arg(long = "case", value_name = "ID", value_parser = values::case)]
    pub case: Option<String>,
    /// How many days the center may keep it.
    #[arg(long, value_name = "DAYS", value_parser = values::days)]
    pub retention_days: Option<u32>,
    /// Show what would leave and stop.
    #[arg(long, conflicts_with = "consent")]
    pub preview: bool,
}

/// `oediag ledger`.
#[derive(Debug, Clone, Args)]
pub struct Ledger {
    /// What to do.
    #[command(subcommand)]
    pub action: LedgerAction,
}

/// What to do with the ledger.
#[derive(Debug, Clone, Subcommand)]
pub enum LedgerAction {
    /// Its last lines.
    Show(LedgerShow),
    /// Whether no line was changed.
    Verify,
}

/// `oediag ledger show`.
#[derive(Debug, Clone, Args)]
pub struct LedgerShow {
    /// How many lines.
    #[arg(long, value_name = "N", default_value = "50", value_parser = values::lines)]
    pub last: usize,
}

/// `oediag agent`.
#[derive(Debug, Clone, Args)]
pub struct Agent {
    /// The broker's socket.
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    pub socket: PathBuf,
    /// The first poll is at a random moment within so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = values::seconds_or_none)]
    pub first_poll_within: u64,
}
