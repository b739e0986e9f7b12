//! What a bundle says of itself before anything is read: who, what, when, within which limits.

use std::collections::HashMap;

use hmac::{Hmac, Mac as _};
use oediag_protocol::{
    bundle::manifest::{Agent, Clock, Estimate, Os, Start},
    digest::Sha256,
    id::{BundleId, RequestId},
    time::Time,
};

use crate::{
    host::Host,
    plan::Request,
    redact::{Counts, Redactor},
    state::Identity,
};

/// Most characters taken of each: os-release has half a thousand.
const LONGEST: usize = 4096;
/// Most bytes read of each small file asked here.
const SMALL: usize = 64 << 10;

/// A new random bundle id; a reproducible run gets the id that follows from its key and its moment.
pub fn bundle_id(key: &[u8; 32], fixed: Option<Time>) -> BundleId {
    let Some(fixed) = fixed else { return BundleId(uuid::Uuid::new_v4().into_bytes()) };
    let mut id = [0; 16];
    // HMAC takes a key of any length.
    if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) {
        mac.update(b"oediag bundle id");
        mac.update(&fixed.0.to_be_bytes());
        id.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    BundleId(id)
}

/// What is known of the matter that the run is for.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The remote request that it answers.
    pub request_id: Option<RequestId>,
    /// The case it is for.
    pub case: Option<String>,
    /// The case's severity.
    pub severity: Option<String>,
}

/// The start of a bundle of this host.
#[expect(clippy::too_many_arguments, reason = "each is one fact of the start, known to the caller only")]
pub fn start(
    host: &Host,
    identity: &Identity,
    request: &Request,
    redactor: &Redactor,
    bundle_id: BundleId,
    started: Time,
    about: About,
    catalogue_sha256: Sha256,
    estimate: Estimate,
) -> Start {
    let mut counts = Counts::default();
    let mut text = |path: &str| {
        let bytes = host.read(path, SMALL).unwrap_or_default();
        // These are names and numbers; what is longer is not what it says it is.
        redactor.text(bytes.trim_ascii(), &mut counts).as_str().chars().take(LONGEST).collect::<String>()
    };
    // os-release(5): the second place counts where the first says nothing.
    let release = ["/etc/os-release", "/usr/lib/os-release"].map(|path| fields(&text(path)));
    let release = release.into_iter().find(|fields| fields.contains_key("ID")).unwrap_or_default();
    let kernel = text("/proc/sys/kernel/osrelease");
    let of = |key: &str| release.get(key).map(|value| value.chars().take(256).collect()).unwrap_or_default();
    let os = Os { id: of("ID"), version: of("VERSION"), arch: arch(host, &kernel), kernel };
    let boot_id = Some(text("/proc/sys/kernel/random/boot_id")).filter(|id| !id.is_empty());
    Start {
        bundle_id,
        host_id: identity.host_id,
        tenant_id: None,
        agent: Agent { name: "oediag".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), catalogue_sha256 },
        os,
        started,
        clock: Clock { synced: host.clock_synced(), boot_id, zone: host.zone_name() },
        request_id: about.request_id.map(|id| id.to_string()),
        case: about.case,
        severity: about.severity,
        preset: request.presets.join(","),
        window: request.window.clone(),
        limits: request.limits,
        derived_from: None,
        estimate: Some(estimate),
    }
}

/// `KEY="value"` lines of os-release(5).
fn fields(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned())).collect()
}

/// The machine's architecture: of this program on a live host, else the end of the kernel's release.
fn arch(host: &Host, kernel: &str) -> String {
    if host.is_live() {
        return std::env::consts::ARCH.to_owned();
    }
    let known = ["x86_64", "aarch64"];
    kernel.rsplit('.').next().filter(|last| known.contains(last)).unwrap_or_default().to_owned()
}
