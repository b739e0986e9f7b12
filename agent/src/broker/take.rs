//! Papers that come in: verified here whoever brings them, then acted upon once.
//!
//! In: a signed paper and what it is said to be. Out: a request in the book, a cancelled one, a newer keyset, a line in the ledger; or
//! one word why not. Never: believes a field before its signature, does a thing twice, asks anybody.

use std::collections::{BTreeMap, VecDeque};

use jiff::Zoned;
use oediag_collector::{
    ledger,
    state::{self, State as Place},
};
use oediag_protocol::{
    audit,
    consent::{CLOCK_SLACK, PolicyRef},
    deletion::Deletion,
    digest::Sha256,
    id::RequestId,
    json,
    keyset::Keyset,
    ledger::{Event, Note, Reason},
    policy::{
        field::{Local, RuleName},
        file::Gate,
        verdict::{Explained, Facts, Reach, Rule, Verdict},
    },
    request::{
        life::{Move, State},
        paper::Request,
        verify::{self, Asked, Clock, Verified},
    },
    signed::Signed,
    text::Line,
    time::Time,
};
use serde::{Deserialize, Serialize};

use super::{
    Broker, Kept, Trouble,
    book::{Agreed, BookError, Entry, Hand, MAX_KEPT, MAX_OPEN, Step},
    notify, offer,
    policy::Standing,
    wire::{Answer, Kind, Ruled},
};
use crate::{
    enrolment::Enrolment,
    release::{
        receipt::Receipt,
        withdraw::{self, WithdrawError},
    },
};

/// Where the latest moment that the center ever signed is kept.
const FLOOR: &str = "floor.json";
/// Where the head of the center's audit log is kept, as it was signed.
const LOG: &str = "center_log.json";
/// Most bytes of these.
const MAX_SMALL: u64 = 64 << 10;
/// Most refusals in the ledger within an hour of requests that nobody vouches for: more is noise that somebody makes.
const MAX_REFUSALS: usize = 1000;
/// How many of them are known again.
const KNOWN_REFUSALS: usize = 256;
/// Seconds of that hour.
const HOUR: i64 = 3600;

/// `floor.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    floor: Time,
}

/// What was refused lately, so that the same paper brought again and again fills no ledger.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    known: VecDeque<(Sha256, &'static str)>,
    /// The begin of the hour that is counted.
    since: i64,
    count: usize,
}

impl Refusals {
    /// Whether this one is to be written down.
    fn fresh(&mut self, object: Sha256, word: &'static str, now: Time) -> bool {
        if self.known.contains(&(object, word)) {
            return false;
        }
        if now.0 < self.since || now.0 - self.since >= HOUR {
            (self.since, self.count) = (now.0, 0);
        }
        if self.known.len() == KNOWN_REFUSALS {
            self.known.pop_front();
        }
        self.known.push_back((object, word));
        self.count += 1;
        self.count <= MAX_REFUSALS
    }
}

impl Broker {
    /// Takes a paper.
    pub(super) fn take(&self, kept: &mut Kept, kind: Kind, object: &Signed) -> Result<Answer, Trouble> {
        let Some(center) = Enrolment::load(&self.state)? else { return Err(Trouble::No("not_enrolled")) };
        let taken = match kind {
            Kind::Request => self.request(kept, object, &center),
            Kind::Cancel => self.cancel(kept, object, &center),
            Kind::Keyset => self.keyset(object, &center),
            Kind::Deletion => self.deletion(kept, object, &center),
            Kind::Log => self.log(object, &center),
        };
        match taken {
            Ok(()) => Ok(Answer::Done),
            // What is refused for its own sake has its reason in the ledger.
            Err(error) => {
                let word = match &error {
                    Trouble::No(word) => Some(*word),
                    Trouble::Book(BookError::Unknown(_)) => Some("unknown_request"),
                    Trouble::Book(BookError::NotNow { .. }) => Some("not_now"),
                    _ => None,
                };
                if let Some(word) = word {
                    self.refused(kept, word, object, None)?;
                }
                Err(error)
            }
        }
    }

    fn refused(&self, kept: &mut Kept, word: &'static str, object: &Signed, rid: Option<RequestId>) -> Result<(), Trouble> {
        let hand = self.hand();
        if kept.refusals.fresh(object.digest(), word, hand.now) {
            let note = Note { rid, why: Reason::parse(word), ..Note::of(Event::Rejected, object.digest()) };
            ledger::append(hand.place, hand.identity, hand.now, note)?;
        }
        Ok(())
    }

    fn request(&self, kept: &mut Kept, object: &Signed, center: &Enrolment) -> Result<(), Trouble> {
        // The same bytes again are no news, whatever became of them.
        if kept.book.entries().any(|entry| entry.payload_sha256 == object.digest()) {
            return Ok(());
        }
        let hand = self.hand();
        let clock = Clock { now: hand.now, floor: floor(&self.state)?, trusted: true };
        let verified =
            verify::request(&object.to_bytes()?, asked(center), clock).map_err(|refusal| Trouble::No(refusal.word()))?;
        let request = &verified.request;
        let id = request.request_id;
        if kept.book.knows(id) || kept.book.entries().any(|entry| entry.nonce == request.nonce) {
            self.refused(kept, "replay", object, Some(id))?;
            return Err(Trouble::No("replay"));
        }
        let open = kept.book.entries().filter(|entry| entry.is_open()).count();
        if open >= MAX_OPEN || kept.book.entries().count() >= MAX_KEPT {
            return Err(Trouble::No("busy"));
        }
        raise_floor(&self.state, request.created, self.hand().now)?;
        let reach = self.reach(kept, request).unwrap_or_default();
        let sources = reach.iter().map(|reach| reach.source.to_string()).collect();
        kept.book.accept(Entry::new(&verified, sources, hand.now), object, hand)?;
        self.judge(kept, id)
    }

    /// Decides by rule about a request that has come.
    pub(super) fn judge(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        let hand = self.hand();
        let Some(Verified { request, clock_trusted, .. }) = kept.book.entry(id)?.verified() else { return Ok(()) };
        let reject = |word: &'static str| Step { why: Reason::parse(word), ..Move::Reject.into() };
        let fits = offer::offer(&self.rows).fits(&request).map_err(|misfit| Trouble::No(misfit.word()));
        let reach = match fits.and_then(|()| self.reach(kept, &request)) {
            Ok(reach) => reach,
            Err(Trouble::No(word)) => {
                kept.book.step(id, reject(word), hand, |_| {})?;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let standing = Standing::read(&self.state);
        if let Some(error) = &standing.damaged {
            notify::policy(error);
        }
        let uses = uses(kept, &hand);
        let explained = decide(&standing, &request, &uses, &reach, clock_trusted, hand);
        let rules: Vec<Ruled> = explained.rows.iter().map(ruled).collect();
        let agreed = match (&explained.verdict, standing.sha256) {
            (Verdict::Auto { rule, release, valid_until, .. }, Some(sha256)) => Line::parse(rule.as_str()).map(|rule| Agreed {
                rule: PolicyRef { rule, sha256, valid_until: *valid_until },
                day: local(hand.now).date().to_string(),
                release: *release == Gate::Approve,
            }),
            _ => None,
        };
        let step = match &explained.verdict {
            Verdict::Deny => reject("policy"),
            Verdict::Auto { collect: Gate::Approve, .. } if agreed.is_some() => {
                Step { why: Reason::parse("policy"), ..Move::Approve.into() }
            }
            Verdict::Auto { .. } | Verdict::Ask => Move::Ask.into(),
        };
        let state = kept.book.step(id, step, hand, |entry| (entry.rules, entry.agreed) = (rules, agreed))?;
        notify::arrived(&kept.book.entry(id)?.row, state);
        if state == State::Approved {
            self.wake.notify_all();
        }
        Ok(())
    }

    fn cancel(&self, kept: &mut Kept, object: &Signed, center: &Enrolment) -> Result<(), Trouble> {
        let cancel = verify::cancel(&object.to_bytes()?, asked(center)).map_err(|refusal| Trouble::No(refusal.word()))?;
        raise_floor(&self.state, cancel.created, self.hand().now)?;
        let id = cancel.request_id;
        if kept.book.entry(id)?.row.state == State::Cancelled {
            return Ok(());
        }
        let step = Step { why: Reason::parse("center"), obj: Some(object.digest()), ..Move::Cancel.into() };
        self.end(kept, id, step, |_| {})
    }

    fn keyset(&self, object: &Signed, center: &Enrolment) -> Result<(), Trouble> {
        let now = self.hand().now;
        let same = object.open::<Keyset>(&center.keyset.root.keys, 1).is_ok_and(|keyset| keyset == center.keyset);
        if same {
            return Ok(());
        }
        let next = center.step(object.clone()).map_err(|_| Trouble::No("keyset"))?;
        ledger::append(&self.state, &self.identity, now, Note::of(Event::Keyset, object.digest()))?;
        next.store(&self.state)?;
        Ok(())
    }

    fn deletion(&self, kept: &mut Kept, object: &Signed, center: &Enrolment) -> Result<(), Trouble> {
        let keys = center.keyset.ack_keys();
        let deletion: Deletion = object.open(&keys, 1).map_err(|_| Trouble::No("bad_sig"))?;
        let receipt = Receipt::read(&self.state, deletion.receipt_id, &self.identity.signer.public())?;
        let receipt = receipt.ok_or(Trouble::No("unknown_receipt"))?;
        let hand = self.hand();
        // On a host without a network nobody asked what waits to be sent, and so nobody noted it.
        if withdraw::waits(&receipt, &self.identity.signer.public())? && withdraw::about(&receipt, object, &keys).is_ok() {
            self.withdrawn(kept, deletion.receipt_id)?;
        }
        withdraw::confirm(&receipt, object, &keys, &self.state, &self.identity, hand.now).map_err(|error| match error {
            WithdrawError::OtherDeletion => Trouble::No("other_receipt"),
            error => error.into(),
        })?;
        raise_floor(&self.state, deletion.deleted_at, self.hand().now)?;
        let of = |entry: &&Entry| entry.receipt == Some(deletion.receipt_id) && entry.row.state.after(Move::Confirm).is_some();
        let waits = kept.book.entries().find(of).map(|entry| entry.row.id);
        if let Some(id) = waits {
            kept.book.step(id, Step { written: true, ..Move::Confirm.into() }, hand, |_| {})?;
        }
        Ok(())
    }

    /// A head that is behind the last one, or another one of the same line, is a log that was rewritten.
    fn log(&self, object: &Signed, center: &Enrolment) -> Result<(), Trouble> {
        let keys = center.keyset.ack_keys();
        let told: audit::Head = object.open(&keys, 1).map_err(|_| Trouble::No("bad_sig"))?;
        let path = self.state.data().join(LOG);
        let before = state::saved(&path, MAX_SMALL)?.and_then(|bytes| Signed::parse(&bytes).ok());
        // A key that counts no more signed it: then there is nothing to compare with.
        let before = before.and_then(|before| before.open::<audit::Head>(&keys, 1).ok());
        if let Some(before) = &before {
            if before.head == told.head {
                return Ok(());
            }
            if before.head.seq >= told.head.seq {
                return Err(Trouble::No("log_conflict"));
            }
        }
        raise_floor(&self.state, told.at, self.hand().now)?;
        let hand = self.hand();
        ledger::append(hand.place, hand.identity, hand.now, Note::of(Event::CenterHead, object.digest()))?;
        Ok(state::save(&path, &object.to_bytes()?)?)
    }
}

fn asked(center: &Enrolment) -> Asked<'_> {
    Asked { keyset: &center.keyset, host_id: center.host_id, tenant_id: &center.tenant }
}

/// The latest moment in anything that the center signed.
pub(super) fn floor(place: &Place) -> Result<Option<Time>, Trouble> {
    let path = place.data().join(FLOOR);
    let Some(bytes) = state::saved(&path, MAX_SMALL)? else { return Ok(None) };
    let floor: Floor = json::parse(&bytes, MAX_SMALL as usize)?;
    Ok(Some(floor.floor))
}

/// Notes a moment that the center signed.
/// A moment far ahead of this host's clock is a mistake or an attack: it counts as little ahead as two clocks may differ, so that no paper
/// shuts out all that come after it.
pub(super) fn raise_floor(place: &Place, at: Time, now: Time) -> Result<(), Trouble> {
    let at = at.min(Time(now.0.saturating_add(CLOCK_SLACK)));
    if floor(place)?.is_some_and(|floor| floor >= at) {
        return Ok(());
    }
    Ok(state::save(&place.data().join(FLOOR), &json::to_bytes(&Floor { floor: at })?)?)
}

/// The clock on the wall of this host.
pub(super) fn local(now: Time) -> Local {
    let here = jiff::Timestamp::from_second(now.0).unwrap_or_default();
    let zone = Zoned::now().time_zone().clone();
    Local { now, utc_offset: zone.to_offset(here).seconds() }
}

/// How often each rule agreed on this local day.
fn uses(kept: &Kept, hand: &Hand<'_>) -> BTreeMap<RuleName, u32> {
    let today = local(hand.now).date().to_string();
    let mut uses = BTreeMap::new();
    let agreed = kept.book.entries().filter_map(|entry| entry.agreed.as_ref());
    for agreed in agreed.filter(|agreed| agreed.day == today) {
        if let Ok(name) = RuleName::try_from(agreed.rule.rule.as_str().to_owned()) {
            *uses.entry(name).or_default() += 1;
        }
    }
    uses
}

fn decide(
    standing: &Standing,
    request: &Request,
    uses: &BTreeMap<RuleName, u32>,
    reach: &[Reach],
    clock_trusted: bool,
    hand: Hand<'_>,
) -> Explained {
    standing.policy.decide(request, Facts { local: local(hand.now), clock_trusted, uses, reach })
}

fn ruled(row: &oediag_protocol::policy::verdict::Row) -> Ruled {
    let (kind, name) = match &row.rule {
        Rule::Remote => ("remote", None),
        Rule::Never => ("never", None),
        Rule::MaxBytes => ("max_bytes", None),
        Rule::MaxSeconds => ("max_seconds", None),
        Rule::Deny(name) => ("deny", Some(name)),
        Rule::Auto(name) => ("auto", Some(name)),
    };
    let missed = row.missed.map(|miss| miss.word().to_owned());
    Ruled { kind: kind.to_owned(), name: name.map(ToString::to_string), missed }
}
