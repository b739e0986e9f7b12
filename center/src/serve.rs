//! The running center: one listener, all routes, an orderly stop.
//!
//! In: settings. Out: replies, until SIGTERM or Ctrl-C; then requests under way have ten seconds to end.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use axum_server::{Address, Handle, Server, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, Semaphore},
};
use tracing::{error, info};

use crate::{
    clock, console, deletions,
    gate::{self, Gate, Memory},
    ingest,
    keys::Keys,
    settings::{PublicUrl, Settings},
    signer::Signer,
    store::Store,
    users::session,
    vault::Vault,
};

/// How long requests under way may go on after the stop was asked for.
const STOP: Duration = Duration::from_secs(10);
/// Uploads that are read from end to end at a time.
const FINISHING: usize = 4;
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// How long a page may take, with the form that asks for it.
const PAGE: Duration = Duration::from_mins(1);
/// Most bytes of a request that are held at a time, and so of its head.
const BUFFER: usize = 64 << 10;
/// How often keysets that end soon, and expired uploads and sessions, are looked for.
const SWEEP: Duration = Duration::from_mins(10);

/// Runs the center until it is told to stop.
pub async fn run(settings: Settings, store: Store, keys: Keys) -> Result<()> {
    let listener = TcpListener::bind(settings.listen).with_context(|| format!("listening on {}", settings.listen))?;
    listener.set_nonblocking(true).context("preparing the listener")?;
    let address = listener.local_addr().context("asking for the address")?;
    let tls = settings.tls.is_some();
    let public = settings.public.clone().unwrap_or_else(|| PublicUrl::of(address, tls));
    store.set("url", &public.to_string()).await.context("leaving the center's address for its kits")?;
    store.set("name", public.host()).await.context("leaving the center's name for its keysets")?;
    let arrived = Arc::new(Notify::new());
    let memory = Arc::new(Memory::default());
    let vault = Vault::new(store.clone(), keys.clone());
    let signer = Arc::new(Signer::new(keys)?);
    let gate = Gate {
        store: store.clone(),
        limits: settings.limits,
        signer: signer.clone(),
        authority: public.authority.as_str().into(),
        finishing: Arc::new(Semaphore::new(FINISHING)),
        memory: memory.clone(),
        arrived: arrived.clone(),
    };
    let app = router(gate, vault.clone(), public.is_https()).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let stopping = tokio::spawn(stop(handle.clone()));
    let sweeping = tokio::spawn(sweep(store.clone(), signer.clone()));
    let followed = store.clone();
    let following = tokio::spawn(async move { memory.follow(&followed).await });
    let deleting = tokio::spawn(deletions::run(store.clone(), signer));
    let checking = tokio::spawn(ingest::run(store, vault, arrived));
    let scheme = if tls { "https" } else { "http" };
    info!(%public, data = %settings.data.display(), "listening on {scheme}://{address}");
    let served = match &settings.tls {
        None => {
            let server = axum_server::from_tcp(listener).context("taking the listener")?;
            patient(server).handle(handle).serve(app).await
        }
        Some(tls) => {
            // An error means that one is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
            let config = RustlsConfig::from_pem_file(&tls.certificate, &tls.key)
                .await
                .with_context(|| format!("reading {} and {}", tls.certificate.display(), tls.key.display()))?;
            let mut http1 = config.get_inner().as_ref().clone();
            http1.alpn_protocols = vec![b"http/1.1".to_vec()];
            config.reload_from_config(Arc::new(http1));
            let server = axum_server::from_tcp_rustls(listener, config).context("taking the listener")?;
            patient(server).handle(handle).serve(app).await
        }
    };
    stopping.abort();
    sweeping.abort();
    following.abort();
    deleting.abort();
    checking.abort();
    info!("stopped");
    served.context("serving")
}

/// A server that waits for the head of a request so long and no longer, and keeps so much of it and no more.
fn patient<A: Address, B>(server: Server<A, B>) -> Server<A, B> {
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
    server
}

/// All routes. `https`: whether browsers reach them so.
pub fn router(gate: Gate, vault: Vault, https: bool) -> Router {
    let (store, signer) = (gate.store.clone(), gate.signer.clone());
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state(store.clone()))
        .merge(gate::router(gate))
        .merge(console::router(store, vault, signer, https).layer(middleware::from_fn(in_time)))
}

/// Ends a page's request that takes too long, as when its form comes a byte at a time.
async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PAGE, next.run(request)).await.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

async fn ready(State(store): State<Store>) -> (StatusCode, &'static str) {
    match store.ready().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

async fn stop(handle: Handle<SocketAddr>) {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                error!(%error, "SIGTERM will end this program without waiting for requests");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    info!("stopping");
    handle.graceful_shutdown(Some(STOP));
}

async fn sweep(store: Store, signer: Arc<Signer>) {
    let mut every = tokio::time::interval(SWEEP);
    loop {
        every.tick().await;
        let now = clock::now();
        if let Err(error) = session::sweep(&store, now).await {
            error!(%error, "old sessions could not be deleted");
        }
        if let Err(error) = signer.renew(&store, now).await {
            error!(%error, "keysets that end soon could not be renewed");
        }
        if let Err(error) = store.sweep_nonces(now).await {
            error!(%error, "old nonces could not be deleted");
        }
        match store.sweep_receipts(now).await {
            Ok(0) => {}
            Ok(count) => info!(count, "receipts that ended were emptied"),
            Err(error) => error!(%error, "receipts that ended could not be emptied"),
        }
        match store.sweep_uploads(now).await {
            Ok(0) => {}
            Ok(count) => info!(count, "expired uploads deleted"),
            Err(error) => error!(%error, "expired uploads could not be deleted"),
        }
        match store.reap().await {
            Ok(0) => {}
            Ok(count) => info!(count, "files without a row deleted"),
            Err(error) => error!(%error, "files without a row could not be deleted"),
        }
    }
}
