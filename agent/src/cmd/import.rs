//! `oediag import`: what somebody brought to a host without a network. A kit is checked against the fingerprint that a person types; requests,
//! cancellations and keysets go to the broker, which verifies them; acks and deletion receipts are checked with the center's keys.
//! Never: trusts a file for the way it came.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use oediag_collector::{ledger, state};
use oediag_protocol::{
    ack::Ack,
    deletion::Deletion,
    document,
    enroll::MAX_REPLY,
    id::ReceiptId,
    json,
    keyset::RootPin,
    kit::{Admission, AdmissionSchema, Kit},
    signed::Signed,
    time::Time,
};
use serde::Serialize;

use super::{
    enroll::{self, EnrolledJson},
    requests::{ask, heard},
    upload::no_ack,
};
use crate::{
    address::Address,
    broker::{
        offer,
        wire::{self, Ask},
    },
    cli::{Import, ImportAction, ImportKit, ImportPaper},
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    release::{
        ask::{self as terminal, Listening},
        receipt::{Receipt, ReceiptError},
        stored,
        withdraw::{self, WithdrawError},
    },
    selection, term, text, view,
};

/// Most bytes of a signed paper: longer ones are none.
const MAX_PAPER: usize = 4 * document::MAX_BYTES;

/// Runs the command.
pub fn run(options: &Import, given: &Invocation) -> Result<u8, Failure> {
    match &options.action {
        ImportAction::Kit(options) => kit(options, given),
        ImportAction::Request(options) => hand_over(options, wire::Kind::Request, "imported-request", given),
        ImportAction::Cancel(options) => hand_over(options, wire::Kind::Cancel, "imported-cancel", given),
        ImportAction::Keyset(options) => hand_over(options, wire::Kind::Keyset, "imported-keyset", given),
        ImportAction::Receipt(options) => receipt(options, given),
    }
}

/// `import kit --json`.
#[derive(Serialize)]
struct KitJson {
    #[serde(flatten)]
    enrolled: EnrolledJson,
    fingerprint: String,
    admission: PathBuf,
    catalogue: PathBuf,
}

fn kit(options: &ImportKit, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let bad = |cause: anyhow::Error| Failure::new(Kind::Verification, text!(texts, "error-kit")).because(cause);
    let kit = Kit::parse(&read(&options.carried, MAX_REPLY, given)?).map_err(|error| bad(error.into()))?;
    let url: Address = kit.url.as_str().parse().map_err(|error: crate::values::ValueError| bad(error.into()))?;
    let pin = pin(options, given)?;
    let state = given.state(Kind::Usage)?;
    let _lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
    let least = enroll::may_replace(&state, &kit.tenant_id, pin, options.joining.replace, given)?;
    let now = now();
    let keyset = kit.accept(pin, now).map_err(|error| bad(error.into()).hint(text!(texts, "hint-kit")))?;
    let identity = state.identity().map_err(|error| failure::state(error, texts))?;
    let transport = state.transport_key().map_err(|error| failure::state(error, texts))?;
    ledger::head(&state).map_err(|error| failure::ledger(error, texts))?;
    let admission = Admission {
        schema: AdmissionSchema::V1,
        tenant_id: kit.tenant_id.clone(),
        host_id: identity.host_id,
        host_key: identity.signer.public(),
        transport_key: transport.public(),
        os: enroll::os(),
        at: now,
    };
    let unmade = |cause: anyhow::Error| Failure::new(Kind::Usage, text!(texts, "error-enroll-request")).because(cause);
    let signed = Signed::new(&admission, &[&identity.signer]).map_err(|error| unmade(error.into()))?;
    let (tenant, said) = (kit.tenant_id, enroll::said(&options.joining));
    let enrolment = Enrolment::new(now, url, None, identity.host_id, tenant, pin, said, keyset, kit.keysets.clone());
    enroll::keep(&enrolment, least, &kit.keysets, signed.digest(), &state, &identity, given)?;
    let host: String = identity.host_id.to_string().chars().skip(2).take(8).collect();
    let offer = offer::offer(&selection::rows(given)?);
    let (paper, catalogue) =
        (options.output.join(format!("admission-{host}.json")), options.output.join(format!("catalogue-{host}.json")));
    let papers = [
        (&paper, signed.to_bytes().map_err(|error| unmade(error.into()))?),
        (&catalogue, json::to_bytes(&offer).map_err(|error| unmade(error.into()))?),
    ];
    for (path, bytes) in papers {
        state::save(path, &bytes).map_err(|error| failure::state(error, texts))?;
    }
    let fingerprint = identity.signer.public().fingerprint();
    let json = KitJson { enrolled: EnrolledJson::of(&enrolment), fingerprint, admission: paper, catalogue };
    given.show(&json, |page| {
        let mut lines = view::status::enrolled(&enrolment, page);
        let (admission, catalogue) = (json.admission.display().to_string(), json.catalogue.display().to_string());
        lines.push(String::new());
        lines.extend(term::wrap(
            &text!(page.texts, "kit-next", admission = term::escape(&admission), catalogue = term::escape(&catalogue)),
            page.columns,
        ));
        lines.push(json.fingerprint.clone());
        lines
    })?;
    Ok(exit::OK)
}

/// The fingerprint of the center's root keys, as a person had it another way than the kit.
fn pin(options: &ImportKit, given: &Invocation) -> Result<RootPin, Failure> {
    let texts = &given.texts;
    let wrong = || Failure::new(Kind::Usage, text!(texts, "error-kit-fingerprint")).hint(text!(texts, "hint-kit"));
    let typed = match &options.fingerprint {
        Some(typed) => typed.clone(),
        None if !terminal::can_ask() => return Err(wrong()),
        None => {
            let listening = Listening::begin().map_err(|error| wrong().because(error))?;
            listening.line(&text!(texts, "ask-kit")).ok_or_else(wrong)?
        }
    };
    RootPin::parse(&typed.to_lowercase().replace(' ', "")).ok_or_else(wrong)
}

/// `import request --json` and the like.
#[derive(Serialize)]
struct TakenJson<'a> {
    taken: &'a str,
}

/// Gives a paper to the broker, which verifies it.
fn hand_over(options: &ImportPaper, kind: wire::Kind, said: &str, given: &Invocation) -> Result<u8, Failure> {
    let (object, _) = paper(options, given)?;
    heard(&ask(&options.asking, &Ask::Take { kind, object }, given)?, given)?;
    given.show(&TakenJson { taken: said.trim_start_matches("imported-") }, |page| {
        let mut lines = vec![page.texts.named(said)];
        lines.extend(view::requests::commands(&[("next-look", "oediag requests".to_owned())], page));
        lines
    })?;
    Ok(exit::OK)
}

/// `import receipt --json`.
#[derive(Serialize)]
struct ReceiptJson {
    receipt_id: String,
    stored: bool,
    deleted: bool,
}

fn receipt(options: &ImportPaper, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let (object, bytes) = paper(options, given)?;
    let state = given.state(Kind::Usage)?;
    let center = Enrolment::load(&state)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
        .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
    let identity = state.identity().map_err(|error| failure::state(error, texts))?;
    let keys = center.keyset.ack_keys();
    // Both are of one namespace; the schema tells which it is.
    let (id, deleted) = match (object.open::<Ack>(&keys, 1), object.open::<Deletion>(&keys, 1)) {
        (Ok(ack), _) => (ack.receipt_id, false),
        (_, Ok(deletion)) => (deletion.receipt_id, true),
        (Err(error), _) => {
            return Err(Failure::new(Kind::Verification, text!(texts, "error-import-receipt")).because(error));
        }
    };
    let failed = |error: ReceiptError| match error {
        ReceiptError::Ledger(error) => failure::ledger(error, texts),
        error => Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error),
    };
    let key = identity.signer.public();
    let found = Receipt::read(&state, id, &key).map_err(failed)?.ok_or_else(|| {
        Failure::new(Kind::Usage, text!(texts, "error-no-receipt", id = id.to_string())).hint(text!(texts, "hint-receipts"))
    })?;
    if found.consent.request.is_some() {
        // It moves the request on.
        let question = if deleted { Ask::Take { kind: wire::Kind::Deletion, object } } else { Ask::Ack { receipt: id, object } };
        heard(&ask(&options.asking, &question, given)?, given)?;
    } else {
        let _lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
        if deleted {
            withdraw::confirm(&found, &object, &keys, &state, &identity, now()).map_err(|error| match error {
                WithdrawError::Receipt(error) => failed(error),
                error => Failure::new(Kind::Verification, text!(texts, "error-import-receipt")).because(error),
            })?;
        } else if found.ack(&key).is_none() {
            let (envelope, ..) = found.envelope(&key).ok_or_else(|| no_ack(anyhow::anyhow!("nothing was sealed"), texts))?;
            let verified = stored::verify(&object, &found, &envelope, &keys).map_err(|error| no_ack(error, texts))?;
            stored::keep(&bytes, &verified, &found, &state, &identity, now()).map_err(failed)?;
        }
    }
    told(id, deleted, given)
}

fn told(id: ReceiptId, deleted: bool, given: &Invocation) -> Result<u8, Failure> {
    let json = ReceiptJson { receipt_id: id.to_string(), stored: !deleted, deleted };
    given.show(&json, |page| {
        let receipt = id.to_string();
        vec![if deleted {
            text!(page.texts, "imported-deletion", receipt = receipt)
        } else {
            text!(page.texts, "imported-ack", receipt = receipt)
        }]
    })?;
    Ok(exit::OK)
}

/// A signed paper from a file, and its bytes.
fn paper(options: &ImportPaper, given: &Invocation) -> Result<(Signed, Vec<u8>), Failure> {
    let bytes = read(&options.carried, MAX_PAPER, given)?;
    let sentence = || text!(given.texts, "error-import-paper", path = term::escape(&options.carried.display().to_string()));
    let signed = Signed::parse(&bytes).map_err(|error| Failure::new(Kind::Verification, sentence()).because(error))?;
    Ok((signed, bytes))
}

fn read(path: &Path, most: usize, given: &Invocation) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| {
        let path = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-redact-read", path = path)).because(error)
    })
}

fn now() -> Time {
    jiff::Timestamp::now().into()
}
