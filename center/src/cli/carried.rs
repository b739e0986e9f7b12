//! `oediag-center kit`, `host admit` and `carry`: hosts without a network, by files that somebody carries. In: files. Out: files, and one
//! line about each. The rights of whoever can run it on the center's machine are those of the center.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use oediag_protocol::{
    catalogue::{self, Offer},
    document::MAX_BYTES,
    id::TenantId,
    json,
    kit::{self, KitSchema},
    text::Line,
};
use tokio::sync::{Notify, Semaphore};

use super::{
    Data,
    requests::{open, print},
};
use crate::{
    clock,
    gate::{self, Carried, Carrier, Gate, Memory},
    settings::Limits,
    store::{Store, audit::Entry},
};

/// Who does what is done here, as the audit log names them.
const ACTOR: &str = "command line";

#[derive(Debug, Subcommand)]
pub(super) enum Kit {
    /// Write the center's keys to a file, and print the fingerprint that is to be typed on the host. Tell it another way than the file goes.
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    data: Data,
    /// For whose hosts; the tenant is made when it is not there.
    #[arg(long, default_value = super::TENANT, value_parser = super::tenant)]
    tenant: TenantId,
    /// The file to write; it must not be there.
    #[arg(long, value_name = "FILE", default_value = "oediag-kit.json")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum Host {
    /// Admit a host by its admission file, after its key's fingerprint was compared with what the host shows.
    Admit(Admit),
}

#[derive(Debug, Args)]
pub(super) struct Admit {
    #[command(flatten)]
    data: Data,
    /// Whose host it is to be.
    #[arg(long, default_value = super::TENANT, value_parser = super::tenant)]
    tenant: TenantId,
    /// The admission file.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The fingerprint that the host shows, SHA256:...
    #[arg(long, value_name = "SHA256:...")]
    fingerprint: String,
    /// What the host can be asked for, as it wrote it beside its admission; without it nothing can be asked.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Carry {
    #[command(flatten)]
    data: Data,
    /// The carried file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Folder for the answer.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

pub(super) async fn kit(options: Create) -> Result<()> {
    let (store, signer) = open(&options.data).await?;
    let (tenant, now) = (options.tenant, clock::now());
    let url = store.setting("url").await?.as_deref().and_then(Line::parse);
    let url = url.context("the center does not know its address: start it once (oediag-center serve --public-url URL)")?;
    let pin = signer.pin(&store, &tenant, now).await.context("making the tenant's keyset")?;
    let keysets = signer.keysets(&store, &tenant, now).await?;
    let made = kit::Kit { schema: KitSchema::V1, tenant_id: tenant.clone(), url, keysets };
    write(&options.out, &json::to_bytes(&made)?)?;
    store.audit(now, Entry { event: "kit_created", actor: ACTOR, tenant: Some(tenant.as_str()), object: None }).await?;
    print(&pin.to_string())
}

pub(super) async fn admit(options: Admit) -> Result<()> {
    let store = Store::open(&options.data.data).await?;
    let paper = read(&options.file, MAX_BYTES)?;
    let offer = options.catalogue.as_deref().map(|path| read(path, catalogue::MAX_BYTES)).transpose()?;
    let offer = match &offer {
        Some(bytes) => Some((Offer::parse(bytes).context("not a catalogue")?, String::from_utf8_lossy(bytes))),
        None => None,
    };
    let by = Carrier { name: ACTOR, tenant: Some(&options.tenant) };
    let id = gate::admit(&store, by, &paper, &options.fingerprint).await?;
    if let Some((offer, text)) = offer {
        store.keep_catalogue(id, &offer, &text, clock::now()).await?;
    }
    print(&id.to_string())
}

pub(super) async fn carry(options: Carry) -> Result<()> {
    let (store, signer) = open(&options.data).await?;
    let gate = Gate {
        store,
        limits: Limits::default(),
        signer: Arc::new(signer),
        authority: "".into(),
        finishing: Arc::new(Semaphore::new(1)),
        memory: Arc::new(Memory::default()),
        arrived: Arc::new(Notify::new()),
    };
    let input = tokio::fs::File::open(&options.file).await.with_context(|| format!("reading {}", options.file.display()))?;
    let (name, answer) = match gate::carry(&gate, Carrier { name: ACTOR, tenant: None }, input).await? {
        Carried::Stored(bundle, ack) => (format!("ack-{bundle}.json"), ack),
        Carried::Deleted(receipt, deletion) => (format!("deletion-{receipt}.json"), deletion),
        Carried::Ordered => {
            bail!("nobody reads it any more, but it is not all deleted yet: carry the file once more in a minute")
        }
    };
    let path = options.out.join(name);
    // The same file brought again gets the same answer.
    if !fs::read(&path).is_ok_and(|there| there == answer.as_bytes()) {
        write(&path, answer.as_bytes())?;
    }
    print(&path.display().to_string())
}

/// Writes a file that must not be there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = fs::File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.with_context(|| format!("writing {}", path.display()))
}

fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("reading {}", path.display()))?;
    Ok(bytes)
}
