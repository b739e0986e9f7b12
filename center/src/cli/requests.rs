//! `oediag-center request`: requests to hosts, for programs and for operators without a browser. In: arguments. Out: ids, tables,
//! JSON on standard output. The rights of whoever can run it on the center's machine are those of the center.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use oediag_protocol::{
    consent::Level,
    digest::Sha256,
    id::{BundleId, HostId, RequestId, TenantId},
    keyset::Severity,
    request::{
        paper::{Ask, Deliver, Held, Person, Redaction, Role, Scope, Source, Words},
        value::Name,
    },
    sshsig,
    text::Line,
};
use serde_json::json;

use super::{Data, line};
use crate::{
    clock,
    requests::{Desk, Draft, paper, source},
    signer::Signer,
    store::{
        Store,
        requests::{Asked, Cancelled, Event},
    },
};

/// How somebody on this command line signed in, as customers read it.
const AUTH: &str = "command line";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Sign a request to a host and print its id.
    Create(Box<Create>),
    /// List the newest requests: id, host, case, how it stands, until when.
    List {
        #[command(flatten)]
        data: Data,
        /// Of this host only.
        #[arg(long, value_parser = host)]
        host: Option<HostId>,
        /// Of this tenant, where no host is named.
        #[arg(long, default_value = super::TENANT, value_parser = super::tenant)]
        tenant: TenantId,
    },
    /// Print a request, how it stands and what its host told, as JSON.
    Show {
        #[command(flatten)]
        one: One,
    },
    /// Take a request back.
    Cancel {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        by: By,
    },
    /// Write a signed paper to a file, to be carried to the host.
    Export {
        #[command(flatten)]
        one: One,
        /// Which one.
        #[arg(long, value_enum, default_value_t = Paper::Request)]
        paper: Paper,
        /// The file to write; it must not be there.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Ask once more what a request asked that is over, and print the new id.
    Reissue {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    data: Data,
    /// The request.
    #[arg(value_parser = request)]
    id: RequestId,
    /// Whose it is.
    #[arg(long, default_value = super::TENANT, value_parser = super::tenant)]
    tenant: TenantId,
}

#[derive(Debug, Args)]
pub(super) struct Why {
    /// Why, in Chinese.
    #[arg(long, value_parser = line)]
    reason_zh: Line,
    /// Why, in English.
    #[arg(long, value_parser = line)]
    reason_en: Line,
}

#[derive(Debug, Args)]
pub(super) struct By {
    /// Account of the engineer who asks.
    #[arg(long = "as", value_name = "ID", default_value = "operator", value_parser = line)]
    account: Line,
    /// The engineer's name.
    #[arg(long, default_value = "Operator", value_parser = line)]
    name: Line,
    /// The engineer's own private key (OpenSSH), for level extended.
    #[arg(long, value_name = "FILE")]
    engineer_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    data: Data,
    /// The host.
    #[arg(long, value_parser = host)]
    host: HostId,
    /// The case.
    #[arg(long, value_parser = line)]
    case: Line,
    /// Severity of the case.
    #[arg(long, value_enum)]
    severity: Grade,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    by: By,
    /// The lead who approved, for level extended.
    #[arg(long, value_name = "ID", value_parser = line)]
    approved_by: Option<Line>,
    /// Ask for sensitive sources too.
    #[arg(long)]
    extended: bool,
    /// A named set of sources.
    #[arg(long, value_parser = name)]
    preset: Option<Name>,
    /// A source, with parameters: ID[:PARAMETER=VALUE[,PARAMETER=VALUE...]]. May be given more than once.
    #[arg(long = "source", value_name = "SOURCE", value_parser = source)]
    sources: Vec<Source>,
    /// What is to come back.
    #[arg(long, value_enum, default_value_t = Answer::Bundle)]
    ask: Answer,
    /// The bundle that the host keeps, for --ask items.
    #[arg(long, value_name = "BUNDLE", value_parser = bundle, requires_all = ["manifest", "items"])]
    held: Option<BundleId>,
    /// Digest of that bundle's manifest.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    manifest: Option<Sha256>,
    /// Place of an item in that manifest, from 0. May be given more than once.
    #[arg(long = "item", value_name = "N")]
    items: Vec<u64>,
    /// Hours until it is void: 1 to 168; usually 24, for P1 4.
    #[arg(long)]
    hours: Option<u32>,
    /// Days that the answer is kept.
    #[arg(long, default_value_t = 30)]
    retention_days: u32,
    /// Most MiB of the bundle.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=2048))]
    max_mib: u64,
    /// Most seconds of collecting.
    #[arg(long, default_value_t = 600)]
    max_seconds: u64,
    /// What for, as a code.
    #[arg(long, default_value = "incident-diagnosis", value_parser = line)]
    purpose: Line,
    /// The answer is carried by somebody, and not sent.
    #[arg(long)]
    carry: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
enum Grade {
    P1,
    P2,
    P3,
    P4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// A bundle of the sources.
    Bundle,
    /// Its manifest only.
    Index,
    /// Items of a bundle that the host keeps.
    Items,
}

/// A signed paper about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Paper {
    /// The request itself.
    Request,
    /// Its cancellation.
    Cancel,
    /// The deletion receipt of what it brought.
    Deletion,
}

fn host(text: &str) -> Result<HostId, &'static str> {
    HostId::parse(text).ok_or("a host is h- and 32 hex digits")
}

fn request(text: &str) -> Result<RequestId, &'static str> {
    RequestId::parse(text).ok_or("a request is r- and 32 hex digits")
}

fn bundle(text: &str) -> Result<BundleId, &'static str> {
    BundleId::parse(text).ok_or("a bundle is 32 hex digits")
}

fn digest(text: &str) -> Result<Sha256, &'static str> {
    Sha256::parse(text).ok_or("a digest is 64 hex digits")
}

fn name(text: &str) -> Result<Name, &'static str> {
    Name::parse(text).ok_or("a name is a letter, then at most 63 of A-Z, a-z, 0-9 and ._@:-")
}

impl Why {
    fn words(self) -> Words {
        Words { zh_cn: self.reason_zh, en: self.reason_en }
    }
}

impl By {
    fn person(&self) -> Person {
        person(self.account.clone(), self.name.clone(), Role::Engineer)
    }

    fn key(&self) -> Result<Option<sshsig::Signer>> {
        let Some(path) = &self.engineer_key else { return Ok(None) };
        let text = zeroize::Zeroizing::new(fs::read(path).with_context(|| format!("reading {}", path.display()))?);
        Ok(Some(sshsig::Signer::from_openssh(&text).with_context(|| format!("{} is no private key", path.display()))?))
    }
}

fn person(id: Line, name: Line, role: Role) -> Person {
    Person { id, name, role, auth: Line::parse(AUTH).unwrap_or_default() }
}

impl Create {
    fn draft(self) -> Draft {
        let lead = |id: Line| person(id.clone(), id, Role::Lead);
        let (requested_by, approved_by) = (self.by.person(), self.approved_by.map(lead));
        let mut items = self.items;
        items.sort_unstable();
        let held = self.held.zip(self.manifest);
        Draft {
            case: self.case,
            severity: match self.severity {
                Grade::P1 => Severity::P1,
                Grade::P2 => Severity::P2,
                Grade::P3 => Severity::P3,
                Grade::P4 => Severity::P4,
            },
            reason: self.why.words(),
            requested_by,
            approved_by,
            scope: Scope {
                level: if self.extended { Level::Extended } else { Level::Basic },
                ask: match self.ask {
                    Answer::Bundle => Ask::Bundle,
                    Answer::Index => Ask::Index,
                    Answer::Items => Ask::Items,
                },
                preset: self.preset,
                sources: self.sources,
                held: held.map(|(bundle_id, manifest_sha256)| Held { bundle_id, manifest_sha256, items }),
            },
            redaction_min: Redaction::Standard,
            max_bytes: self.max_mib << 20,
            max_seconds: self.max_seconds,
            retention_days: self.retention_days,
            hours: self.hours,
            purpose: self.purpose,
            deliver: if self.carry { Deliver::Carry } else { Deliver::Upload },
        }
    }
}

/// Does what the command line says.
pub(super) async fn run(command: Command) -> Result<()> {
    let now = clock::now();
    match command {
        Command::Create(create) => {
            let (store, signer) = open(&create.data).await?;
            let tenant = store.host(create.host).await?.context("there is no such host")?.tenant;
            let desk = Desk { store: &store, signer: &signer, tenant: &tenant, now };
            let (host, key) = (create.host, create.by.key()?);
            print(&desk.compose(host, create.draft(), key.as_ref()).await?.id.to_string())
        }
        Command::List { data, host, tenant } => {
            let store = Store::open(&data.data).await?;
            let tenant = match host {
                Some(host) => store.host(host).await?.context("there is no such host")?.tenant,
                None => tenant,
            };
            let row = |asked: &Asked| {
                let Asked { id, host, case, expires, .. } = asked;
                format!("{id}\t{host}\t{case}\t{}\t{expires}", asked.standing(now))
            };
            store.requests(&tenant, host, None).await?.iter().try_for_each(|asked| print(&row(asked)))
        }
        Command::Show { one } => {
            let store = Store::open(&one.data.data).await?;
            let asked = store.request(&one.tenant, one.id).await?.context("there is no such request")?;
            let told = |event: &Event| {
                let Event { seq, state, reason, at, received, .. } = event;
                json!({"seq": seq, "state": state, "reason": reason, "at": at, "received": received})
            };
            let events: Vec<_> = store.events(one.id).await?.iter().map(told).collect();
            let told = json!({
                "standing": asked.standing(now),
                "cancelled": asked.cancel.is_some(),
                "receipt": asked.receipt,
                "request": paper(&asked)?,
                "events": events,
            });
            print(&serde_json::to_string_pretty(&told).context("writing JSON")?)
        }
        Command::Cancel { one, why, by } => {
            let (store, signer) = open(&one.data).await?;
            let desk = Desk { store: &store, signer: &signer, tenant: &one.tenant, now };
            match desk.cancel(one.id, by.person(), why.words()).await? {
                Cancelled::Done | Cancelled::Before => Ok(()),
                Cancelled::Over => bail!("the request is over: there is nothing to cancel"),
                Cancelled::NoSuch => bail!("there is no such request"),
            }
        }
        Command::Export { one, paper, out } => {
            let store = Store::open(&one.data.data).await?;
            let asked = store.request(&one.tenant, one.id).await?.context("there is no such request")?;
            let signed = match (paper, asked.receipt) {
                (Paper::Request, _) => Some(asked.signed),
                (Paper::Cancel, _) => asked.cancel,
                (Paper::Deletion, Some(receipt)) => store.deletion(&one.tenant, receipt).await?.and_then(|order| order.signed),
                (Paper::Deletion, None) => None,
            };
            super::carried::write(&out, signed.context("there is no such paper yet")?.as_bytes())
        }
        Command::Reissue { one, by } => {
            let (store, signer) = open(&one.data).await?;
            let desk = Desk { store: &store, signer: &signer, tenant: &one.tenant, now };
            let key = by.key()?;
            print(&desk.reissue(one.id, by.person(), key.as_ref()).await?.id.to_string())
        }
    }
}

pub(super) async fn open(data: &Data) -> Result<(Store, Signer)> {
    Ok((Store::open(&data.data).await?, Signer::new(super::open_keys(&data.data)?)?))
}

pub(super) fn print(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("printing")
}
