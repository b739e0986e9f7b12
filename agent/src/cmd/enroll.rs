//! `oediag enroll`: makes this host known to a center and keeps the center's keys. All that comes back is checked against the
//! token before anything is stored; the token's secret never leaves the host.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use oediag_collector::{
    ledger,
    state::{Identity, State},
};
use oediag_protocol::{
    bundle::manifest::Os,
    consent::CLOCK_SLACK,
    digest::Sha256,
    enroll::{EnrollError, EnrollRequest, Enrolled, Token},
    id::TenantId,
    keyset::{Freshness, KeysetError, RootPin},
    ledger::{Event, Note},
    signed::Signed,
    time::Time,
};
use serde::Serialize;

use crate::{
    cli::{Enroll, Joining},
    enrolment::{Enrolment, Said},
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    sender::{self, Fault, Line},
    term, text, view, way,
};

/// Most bytes of a token or a CA file.
const MAX_FILE: u64 = 1 << 20;

/// Runs the command.
pub fn run(options: &Enroll, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let token = token(options, given)?;
    let ca = options.ca.as_deref().map(|path| authorities(path, given)).transpose()?;
    let state = given.state(Kind::Usage)?;
    // Not while something is being sent to the center of today.
    let _lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
    let pin = token.pin();
    let least = may_replace(&state, token.tenant(), pin, options.joining.replace, given)?;
    let identity = state.identity().map_err(|error| failure::state(error, texts))?;
    let key = state.transport_key().map_err(|error| failure::state(error, texts))?;
    // A token is good once: a ledger that cannot be used is found before it is spent.
    ledger::head(&state).map_err(|error| failure::ledger(error, texts))?;
    let unmade = |cause: anyhow::Error| Failure::new(Kind::Usage, text!(texts, "error-enroll-request")).because(cause);
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|error| unmade(error.into()))?;
    let request = EnrollRequest::new(&token, identity.host_id, (identity.signer.public(), key.public()), os(), nonce);
    let signed = Signed::new(&request, &[&identity.signer]).map_err(|error| unmade(error.into()))?;
    let body =
        String::from_utf8(signed.to_bytes().map_err(|error| unmade(error.into()))?).map_err(|error| unmade(error.into()))?;
    let way = way::configured(&options.url, &state, given)?;
    let line = Line { url: options.url.clone(), ca: ca.clone(), way, patience: options.patience };
    let reply = sender::enroll(line, body).map_err(|fault| match fault {
        Fault::Refused(_) => Failure::new(Kind::Verification, text!(texts, "error-enroll-refused"))
            .because(fault)
            .hint(text!(texts, "hint-new-token")),
        Fault::Network(_) => Failure::new(Kind::Network, text!(texts, "error-enroll-network"))
            .because(fault)
            .hint(text!(texts, "hint-enroll-network")),
        fault => failure::from_fault(fault, None, texts),
    })?;
    let now: Time = jiff::Timestamp::now().into();
    let refused = |error: EnrollError| refused(error, given);
    let reply = Enrolled::parse(reply.as_bytes()).map_err(refused)?;
    let keyset = reply.accept(&token, identity.host_id, now).map_err(refused)?;
    let (url, tenant, said) = (options.url.clone(), token.tenant().clone(), said(&options.joining));
    let enrolment = Enrolment::new(now, url, ca, identity.host_id, tenant, pin, said, keyset, reply.keysets.clone());
    keep(&enrolment, least, &reply.keysets, signed.digest(), &state, &identity, given)?;
    given.show(&EnrolledJson::of(&enrolment), |page| view::status::enrolled(&enrolment, page))?;
    Ok(exit::OK)
}

/// What the administrator said of the center.
pub(super) fn said(joining: &Joining) -> Said {
    Said { contact: joining.contact.clone(), country: joining.country.clone(), cross_border: joining.cross_border }
}

/// Keeps an enrolment whose keysets were verified; `proof` is what this host signed for it.
pub(super) fn keep(
    enrolment: &Enrolment,
    least: u64,
    keysets: &[Signed],
    proof: Sha256,
    state: &State,
    identity: &Identity,
    given: &Invocation,
) -> Result<(), Failure> {
    let (texts, keyset, now) = (&given.texts, &enrolment.keyset, enrolment.enrolled_at);
    if keyset.version < least {
        let sentence = text!(texts, "error-keyset-older", version = keyset.version, known = least);
        return Err(Failure::new(Kind::Verification, sentence).hint(text!(texts, "hint-pin")));
    }
    if keyset.freshness(Time(now.0.saturating_add(CLOCK_SLACK))) == Freshness::ClockBehind {
        let sentence = text!(texts, "error-clock-behind", now = now.to_string(), issued = keyset.issued.to_string());
        return Err(Failure::new(Kind::Verification, sentence).hint(text!(texts, "hint-clock")));
    }
    // First, so that nothing is kept that the ledger does not know.
    let accepted = keysets.last().map(|keyset| Note::of(Event::Keyset, keyset.digest()));
    for note in accepted.into_iter().chain([Note::of(Event::Enrolled, proof)]) {
        ledger::append(state, identity, now, note).map_err(|error| failure::ledger(error, texts))?;
    }
    enrolment.store(state).map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enroll-store")).because(error))
}

/// `enroll --json`.
#[derive(Serialize)]
pub(super) struct EnrolledJson {
    url: String,
    center: String,
    tenant_id: String,
    host_id: String,
    keyset_version: u64,
    keyset_expires: Time,
}

impl EnrolledJson {
    pub(super) fn of(enrolment: &Enrolment) -> Self {
        Self {
            url: enrolment.url.to_string(),
            center: enrolment.keyset.center.to_string(),
            tenant_id: enrolment.tenant.to_string(),
            host_id: enrolment.host_id.to_string(),
            keyset_version: enrolment.keyset.version,
            keyset_expires: enrolment.keyset.expires,
        }
    }
}

/// The token, from where it was said to be.
fn token(options: &Enroll, given: &Invocation) -> Result<Token, Failure> {
    let texts = &given.texts;
    let text = match (&options.token, &options.token_file) {
        (Some(token), _) => {
            term::note(&text!(texts, "note-token-seen"));
            token.clone()
        }
        (None, Some(path)) => read(path, given)?,
        (None, None) => String::new(),
    };
    Token::parse(text.trim()).ok_or_else(|| {
        // It is not repeated: it may be a good one with a typing error.
        Failure::new(Kind::Usage, text!(texts, "error-token")).hint(text!(texts, "hint-token"))
    })
}

/// A CA file, looked at just enough to know that it is one.
fn authorities(path: &Path, given: &Invocation) -> Result<String, Failure> {
    let pem = read(path, given)?;
    if pem.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(pem);
    }
    Err(Failure::new(Kind::Usage, text!(given.texts, "error-ca", path = term::escape(&path.display().to_string()))))
}

/// A small text file; `-` is standard input.
fn read(path: &Path, given: &Invocation) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAX_FILE).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
    };
    let failed = |error| {
        let path = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-redact-read", path = path)).because(error)
    };
    read.map(|_| text).map_err(failed)
}

/// Refuses to leave another center without being told to. Gives the least version that the center's keyset must have: that of today's,
/// since who could bring back an older one could bring back keys that were revoked.
pub(super) fn may_replace(
    state: &State,
    tenant: &TenantId,
    pin: RootPin,
    replace: bool,
    given: &Invocation,
) -> Result<u64, Failure> {
    let texts = &given.texts;
    if replace {
        return Ok(0);
    }
    let failure = match Enrolment::load(state) {
        Ok(None) => return Ok(0),
        Ok(Some(before)) if before.same(tenant, pin) => return Ok(before.keyset.version),
        Ok(Some(before)) => {
            let sentence = text!(texts, "error-enrolled", url = before.url.to_string(), tenant = before.tenant.to_string());
            Failure::new(Kind::Usage, sentence)
        }
        Err(error) => Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error),
    };
    Err(failure.hint(text!(texts, "hint-replace")))
}

fn refused(error: EnrollError, given: &Invocation) -> Failure {
    let texts = &given.texts;
    let (sentence, hint) = match &error {
        EnrollError::Json(_) => (text!(texts, "error-enroll-reply"), text!(texts, "hint-not-a-center")),
        EnrollError::Keyset(KeysetError::Pin) => (text!(texts, "error-pin"), text!(texts, "hint-pin")),
        EnrollError::Expired => (text!(texts, "error-keyset-expired"), text!(texts, "hint-clock")),
        _ => (text!(texts, "error-enroll-reply"), text!(texts, "hint-pin")),
    };
    Failure::new(Kind::Verification, sentence).because(error).hint(hint)
}

/// This system, for people.
pub(super) fn os() -> Os {
    let release = File::open("/etc/os-release").and_then(|file| {
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text).map(|_| text)
    });
    let release = release.unwrap_or_default();
    let field = |name: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim().trim_matches(['"', '\'']).chars().take(256).collect()).unwrap_or_default()
    };
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default();
    Os { id: field("ID"), version: field("VERSION"), kernel, arch: std::env::consts::ARCH.to_owned() }
}
