//! `oediag-center keys`: root keys kept elsewhere, keysets that their holders sign, rotation, revocation, engineers' keys.
//!
//! In: options, public keys, signatures in files. Out: files to carry, or the center's next keysets. Holders need only
//! `init-root` and `keyset sign`, which touch no data folder. Never: overwrites a file.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Subcommand, ValueEnum};
use oediag_protocol::{
    document::{self, MAX_BYTES},
    id::TenantId,
    keyset::{Keyset, Root},
    sshsig::{Namespace, PublicKey},
    text::Line,
    time::Time,
};

use super::{Data, TENANT, open_keys, tenant};
use crate::{
    clock,
    keys::{self, Role},
    signer::Signer,
    store::{Store, audit::Entry},
};

/// Most signature files of one keyset.
const SIGNATURES: usize = 16;

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a root key, on a machine of its holder: DIR/root_ed25519, and the public half that the center needs.
    InitRoot {
        /// Folder of the key; made when it is not there.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Keysets: which keys may do what, signed by the root keys.
    #[command(subcommand)]
    Keyset(KeysetCommand),
    /// Make the next request or ack key; the one before goes on counting beside it.
    Rotate {
        #[command(flatten)]
        data: Data,
        /// Which key.
        role: Rotated,
    },
    /// Let a key of the center or of an engineer count no more.
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Its fingerprint, as ssh-keygen -l shows it.
        #[arg(value_name = "KEYID")]
        keyid: String,
        /// Since when it was in other hands, YYYY-MM-DDTHH:MM:SSZ; now, when it is not given.
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Time>,
    },
    /// Keys of engineers, who sign beside the request key.
    #[command(subcommand)]
    Engineer(Engineer),
}

/// What is done with keysets.
#[derive(Debug, Subcommand)]
pub(super) enum KeysetCommand {
    /// Write a tenant's next keyset, unsigned, for the holders of the root keys.
    Prepare {
        #[command(flatten)]
        data: Data,
        /// Whose keyset.
        #[arg(long, default_value = TENANT, value_parser = tenant)]
        tenant: TenantId,
        /// Public half of a root key, once for each; the roots of the keyset before, when none is given.
        #[arg(long = "root", value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// How many of the root keys must sign.
        #[arg(long, value_name = "N", default_value_t = 2, requires = "roots")]
        threshold: u64,
        /// The file to write.
        #[arg(short, long, value_name = "FILE", default_value = "keyset.json")]
        output: PathBuf,
    },
    /// Sign a prepared keyset: writes FILE.sig.ID beside it, and tells what is being signed.
    Sign {
        /// The prepared keyset.
        file: PathBuf,
        /// Private key file of a root.
        #[arg(long, value_name = "KEYFILE")]
        key: PathBuf,
    },
    /// Take a prepared keyset with the signatures FILE.sig* beside it; hosts get it from then on.
    Import {
        #[command(flatten)]
        data: Data,
        /// The prepared keyset.
        file: PathBuf,
    },
}

/// A key that is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Rotated {
    /// The key that signs requests.
    Request,
    /// The key that signs acks.
    Ack,
}

/// What is done with engineers' keys.
#[derive(Debug, Subcommand)]
pub(super) enum Engineer {
    /// List an engineer's key in the next keysets.
    Add {
        #[command(flatten)]
        data: Data,
        /// The engineer's user name.
        id: String,
        /// Public half of the key.
        #[arg(value_name = "PUBFILE")]
        public: PathBuf,
    },
}

fn time(text: &str) -> Result<Time, &'static str> {
    Time::parse(text).ok_or("a moment is YYYY-MM-DDTHH:MM:SSZ")
}

/// Does what the command says.
pub(super) async fn run(command: Command) -> Result<()> {
    match command {
        Command::InitRoot { out } => {
            let public = keys::make_root(&out).context("making the root key")?;
            say(&format!("root key {} in {}; give away only root_ed25519.pub", public.fingerprint(), out.display()))
        }
        Command::Keyset(KeysetCommand::Prepare { data, tenant, roots, threshold, output }) => {
            prepare(&data, &tenant, &roots, threshold, &output).await
        }
        Command::Keyset(KeysetCommand::Sign { file, key }) => sign(&file, &key),
        Command::Keyset(KeysetCommand::Import { data, file }) => import(&data, &file).await,
        Command::Rotate { data, role } => {
            let (role, event) = match role {
                Rotated::Request => (Role::Request, "request_key_rotated"),
                Rotated::Ack => (Role::Ack, "ack_key_rotated"),
            };
            let (store, signer) = open(&data).await?;
            let key = signer.rotate(&store, role).await?;
            changed(&store, &signer, event, &key.fingerprint()).await
        }
        Command::Revoke { data, keyid, since } => {
            // Of a text that is no fingerprint, nothing would ever be refused.
            ensure!(keyid.len() == 50 && keyid.starts_with("SHA256:"), "{keyid} is no fingerprint: SHA256: and 43 characters");
            let (store, signer) = open(&data).await?;
            store.revoke_key(&keyid, since.unwrap_or_else(clock::now)).await?;
            open_keys(&data.data)?.forget(&keyid)?;
            changed(&store, &signer, "key_revoked", &keyid).await
        }
        Command::Engineer(Engineer::Add { data, id, public }) => {
            let key = public_key(&public)?;
            let id = Line::parse(&id).filter(|id| !id.as_str().is_empty()).context("an engineer's name is one line")?;
            let (store, signer) = open(&data).await?;
            ensure!(store.add_engineer_key(&id, &key, clock::now()).await?, "{} is listed already", key.fingerprint());
            changed(&store, &signer, "engineer_key_added", &key.fingerprint()).await
        }
    }
}

async fn open(data: &Data) -> Result<(Store, Signer)> {
    let store = Store::open(&data.data).await?;
    Ok((store, Signer::new(open_keys(&data.data)?)?))
}

/// Writes a change of the lists down, and issues the keysets that tell it, as far as the embedded root key may.
async fn changed(store: &Store, signer: &Signer, event: &'static str, keyid: &str) -> Result<()> {
    let now = clock::now();
    store.audit(now, Entry { event, actor: "command line", tenant: None, object: Some(keyid) }).await?;
    say(&format!("{event}: {keyid}"))?;
    for tenant in signer.reissue(store, now).await.context("issuing the next keysets")? {
        say(&format!("hosts of {tenant} do not know yet: keys keyset prepare --tenant {tenant}, sign it, import it"))?;
    }
    Ok(())
}

async fn prepare(data: &Data, tenant: &TenantId, roots: &[PathBuf], threshold: u64, output: &Path) -> Result<()> {
    let (store, signer) = open(data).await?;
    let keys: Vec<PublicKey> = roots.iter().map(|path| public_key(path)).collect::<Result<_>>()?;
    let root = (!keys.is_empty()).then_some(Root { threshold, keys });
    let keyset = signer.prepare(&store, tenant, root, clock::now()).await?;
    write_new(output, &document::to_bytes(&keyset)?)?;
    say(&told(&keyset))
}

fn sign(file: &Path, key: &Path) -> Result<()> {
    let payload = read_some(file)?;
    let keyset: Keyset = document::parse(&payload).with_context(|| format!("{} is no keyset", file.display()))?;
    let key = keys::read_signer(key)?;
    let signature = key.sign(Namespace::Keyset, &payload)?;
    // Holders sign apart: each signature has a name of its own.
    let id: String = key.public().fingerprint().chars().skip(7).filter(char::is_ascii_alphanumeric).take(8).collect();
    let path = beside(file, &format!(".sig.{id}"));
    write_new(&path, signature.as_bytes())?;
    say(&format!("{}signed by {} in {}", told(&keyset), key.public().fingerprint(), path.display()))
}

async fn import(data: &Data, file: &Path) -> Result<()> {
    let payload = read_some(file)?;
    let signatures: Vec<String> =
        signatures(file)?.iter().map(|path| Ok(String::from_utf8(read_some(path)?)?)).collect::<Result<_>>()?;
    let (store, signer) = open(data).await?;
    let keyset = signer.import(&store, &payload, &signatures, clock::now()).await.context("the keyset was not taken")?;
    say(&format!("{}taken", told(&keyset)))
}

/// What a person checks before signing.
fn told(keyset: &Keyset) -> String {
    let tenants: Vec<String> = keyset.vault.keys().map(ToString::to_string).collect();
    let mut lines = vec![
        format!("keyset {} of {} for {}", keyset.version, keyset.center, tenants.join(", ")),
        format!("good from {} to {}", keyset.issued, keyset.expires),
        format!("root keys, {} of which sign:", keyset.root.threshold),
    ];
    let key = |key: &PublicKey| format!("  {}", key.fingerprint());
    lines.extend(keyset.root.keys.iter().map(key));
    lines.push("request keys:".to_owned());
    lines.extend(keyset.request.keys.iter().map(|role| key(&role.key)));
    lines.push("ack keys:".to_owned());
    lines.extend(keyset.ack.keys.iter().map(key));
    lines.extend(keyset.engineer.keys.iter().map(|engineer| format!("engineer {}: {}", engineer.id, engineer.key.fingerprint())));
    lines.extend(keyset.vault.values().flatten().chain(&keyset.recovery).map(|one| format!("bundles are encrypted to {one}")));
    lines.extend(keyset.revoked.iter().map(|revoked| format!("revoked since {}: {}", revoked.since, revoked.keyid)));
    lines.join("\n") + "\n"
}

fn public_key(path: &Path) -> Result<PublicKey> {
    let text = String::from_utf8(read_some(path)?).with_context(|| format!("{} is no public key", path.display()))?;
    PublicKey::parse(&text).with_context(|| format!("{} is no public key", path.display()))
}

/// The files beside `file` that are named like its signatures, in the order of their names.
fn signatures(file: &Path) -> Result<Vec<PathBuf>> {
    let start = beside(file, ".sig");
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let name = entry.with_context(|| folder.display().to_string())?.file_name();
        if start.file_name().is_some_and(|start| name.as_encoded_bytes().starts_with(start.as_encoded_bytes())) {
            found.push(folder.join(name));
        }
    }
    found.sort();
    match found.len() {
        0 => bail!("there is no signature {}* beside the keyset", start.display()),
        1..=SIGNATURES => Ok(found),
        _ => bail!("more than {SIGNATURES} signatures {}*", start.display()),
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn read_some(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(|| path.display().to_string())?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    ensure!(bytes.len() <= MAX_BYTES, "{} has more than {MAX_BYTES} bytes", path.display());
    Ok(bytes)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = fs::File::options().write(true).create_new(true).mode(0o644).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

fn say(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("printing")
}
