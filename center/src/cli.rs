//! The command line. In: arguments. Out: a running center, a new token, user or key. Texts are English: operators of a center read them.

mod carried;
mod keys;
mod requests;

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use nix::sys::stat::{Mode, umask};
use oediag_protocol::{enroll, id::TenantId, text::Line, time::Time};

use crate::{
    clock,
    keys::Keys,
    secret, serve,
    settings::{Limits, PublicUrl, Settings, Tls},
    signer::Signer,
    store::{
        Store,
        audit::Entry,
        tokens::{self, Scope},
    },
    users,
};

/// The tenant of a center that serves only one.
const TENANT: &str = "t-1";
/// The user that is made on the first start.
const FIRST_USER: &str = "admin";
/// How long work on other threads may go on when all else has ended.
const STOP: Duration = Duration::from_secs(2);
/// Seconds for which an enrolment token is good.
const ENROLMENT: i64 = 24 * 3600;

/// The support center of oediag: takes in the bundles that customers agreed to send.
#[derive(Debug, Parser)]
#[command(name = "oediag-center", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the center until it is told to stop (SIGTERM or Ctrl-C).
    Serve(Serve),
    /// Tokens with which programs log in.
    #[command(subcommand)]
    Token(Token),
    /// People with a local account.
    #[command(subcommand)]
    User(User),
    /// Keys: roots that are kept offline, keysets, rotation and revocation (docs/keys.md).
    #[command(subcommand)]
    Keys(keys::Command),
    /// Requests to hosts: make, list, show, cancel, make anew, write to a file.
    #[command(subcommand)]
    Request(requests::Command),
    /// Hosts without a network: the center's keys, to carry there.
    #[command(subcommand)]
    Kit(carried::Kit),
    /// Hosts without a network: admit one by the file it wrote.
    #[command(subcommand)]
    Host(carried::Host),
    /// Take in a file that was carried from a host (NAME.oeb.tar or a withdrawal), and write the answer to carry back.
    Carry(carried::Carry),
}

#[derive(Debug, Args)]
struct Data {
    /// Folder of database, bundles and unfinished uploads; made when it is not there.
    #[arg(long, value_name = "DIR", default_value = "oediag-center-data")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address and port to listen on. Without TLS only a loopback address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Certificate chain, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// URL under which hosts and browsers reach this center, when it is another than the address it listens on.
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Who receives what is asked for, as customers read it in each request; kept for later runs.
    #[arg(long, value_name = "NAME", value_parser = line)]
    organisation: Option<Line>,
    /// The receiver's country, two letters (ISO 3166-1); kept for later runs.
    #[arg(long, value_name = "CC", value_parser = line)]
    country: Option<Line>,
    /// Seconds after which a host asks again.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(5..=3600))]
    poll: u64,
}

#[derive(Debug, Subcommand)]
enum Token {
    /// Make a token and print it once; only its digest is stored.
    Create {
        #[command(flatten)]
        data: Data,
        /// Whose token it is; the tenant is made when it is not there.
        #[arg(long, default_value = TENANT, value_parser = tenant)]
        tenant: TenantId,
        /// What it is good for.
        #[arg(long = "for", value_enum, default_value_t = For::Enroll)]
        purpose: For,
        /// How many hosts may enrol with it.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        max_hosts: u32,
        /// What an upload token is for, as the audit log names it.
        #[arg(long, default_value = "upload")]
        name: String,
        /// Days until an upload token is void.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=90))]
        days: u32,
    },
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    /// To enrol hosts, within 24 hours.
    Enroll,
    /// To upload sealed files of the tenant's hosts.
    Upload,
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make a user and print the password once; only its hash is stored.
    Create {
        #[command(flatten)]
        data: Data,
        /// Name to log in with.
        name: String,
        /// Whose bundles the user sees; the tenant is made when it is not there.
        #[arg(long, default_value = TENANT, value_parser = tenant)]
        tenant: TenantId,
        /// What the user is; without it the first user is a lead, and others are engineers.
        #[arg(long, value_enum)]
        role: Option<users::Role>,
    },
}

fn line(text: &str) -> Result<Line, &'static str> {
    Line::parse(text).filter(|line| !line.as_str().trim().is_empty()).ok_or("one line of at most 500 plain characters")
}

fn tenant(text: &str) -> Result<TenantId, &'static str> {
    TenantId::parse(text).ok_or("a tenant is t- and 1 to 32 of a-z, 0-9 and -")
}

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<()> {
    // Whatever is written here is of customers, or opens what is of customers: for this user only.
    umask(Mode::from_bits_truncate(0o077));
    // Several threads: each request hashes or reads files for itself, and one slow client must not hold up the others.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => serve(options).await,
            Command::Token(Token::Create { data, tenant, purpose: For::Enroll, max_hosts, .. }) => {
                create_enrolment(data, tenant, max_hosts).await
            }
            Command::Token(Token::Create { data, tenant, purpose: For::Upload, name, days, .. }) => {
                create_token(data, tenant.as_str(), &name, days).await
            }
            Command::User(User::Create { data, name, tenant, role }) => {
                let store = Store::open(&data.data).await?;
                create_user(&store, tenant.as_str(), &name, role).await
            }
            Command::Keys(command) => keys::run(command).await,
            Command::Request(command) => requests::run(command).await,
            Command::Kit(carried::Kit::Create(options)) => carried::kit(options).await,
            Command::Host(carried::Host::Admit(options)) => carried::admit(options).await,
            Command::Carry(options) => carried::carry(options).await,
        }
    });
    // A bundle that is being checked is checked again after the next start: nobody waits for it to end.
    runtime.shutdown_timeout(STOP);
    done
}

async fn serve(options: Serve) -> Result<()> {
    let tls = options.tls_cert.zip(options.tls_key).map(|(certificate, key)| Tls { certificate, key });
    let limits = Limits { poll: Duration::from_secs(options.poll), ..Limits::default() };
    let settings = Settings::new(options.listen, options.data.data, tls, options.public_url, limits)?;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    // Colour is for eyes only: a file or the journal would keep the codes.
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).init();
    let store = Store::open(&settings.data).await.context("opening the data folder")?;
    for (name, value) in [("organisation", &options.organisation), ("country", &options.country)] {
        if let Some(value) = value {
            store.set(name, value.as_str()).await?;
        }
    }
    if !store.has_users().await? {
        create_user(&store, TENANT, FIRST_USER, None).await?;
    }
    let keys = open_keys(&settings.data)?;
    serve::run(settings, store, keys).await
}

/// The keys of a data folder, made when they were never there. Reminds of the one that does not belong there.
fn open_keys(data: &Path) -> Result<Keys> {
    let keys = Keys::open(data).context("opening the keys")?;
    if let Some(path) = keys.recovery_file() {
        // Where standard error is closed, nobody reads reminders.
        drop(writeln!(
            io::stderr(),
            "{} opens every bundle: carry it to a safe place off this machine; the center does not need it",
            path.display()
        ));
    }
    Ok(keys)
}

async fn create_enrolment(data: Data, tenant: TenantId, hosts: u32) -> Result<()> {
    let store = Store::open(&data.data).await?;
    let signer = Signer::new(open_keys(&data.data)?)?;
    let now = clock::now();
    let pin = signer.pin(&store, &tenant, now).await.context("making the tenant's keyset")?;
    let token = enroll::Token::new(tenant.clone(), secret::random()?, pin);
    let (verifier, until) = (token.verifier(), Time(now.0 + ENROLMENT));
    store.new_enrolment(&tenant, &verifier, hosts, now, until).await?;
    let id = verifier.id().to_string();
    let entry = Entry { event: "enrolment_created", actor: "command line", tenant: Some(tenant.as_str()), object: Some(&id) };
    store.audit(now, entry).await?;
    writeln!(io::stdout(), "{}", *token.to_text()).context("printing the token")
}

async fn create_user(store: &Store, tenant: &str, name: &str, role: Option<users::Role>) -> Result<()> {
    let now = clock::now();
    // Somebody must be able to read what comes in to a fresh center.
    let usual = if store.has_users().await? { users::Role::Engineer } else { users::Role::Lead };
    let password = users::create(store, tenant, name, role.unwrap_or(usual), now).await?;
    store.audit(now, Entry { event: "user_created", actor: "command line", tenant: Some(tenant), object: Some(name) }).await?;
    writeln!(io::stdout(), "user {name}, password {password}").context("printing the password")
}

async fn create_token(data: Data, tenant: &str, name: &str, days: u32) -> Result<()> {
    let store = Store::open(&data.data).await?;
    let now = clock::now();
    let until = Time(now.0 + i64::from(days) * 24 * 3600);
    let (id, token) = tokens::create(&store, tenant, name, Scope::Upload, now, until).await?;
    let entry = Entry { event: "token_created", actor: "command line", tenant: Some(tenant), object: Some(&id) };
    store.audit(now, entry).await?;
    writeln!(io::stdout(), "{token}").context("printing the token")
}
