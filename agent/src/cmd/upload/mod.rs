//! `oediag upload`: shows what would leave, asks, signs the answer, seals exactly those bytes and sends them. Run again after it
//! was stopped, it goes on where it was.

mod deliver;
mod unfinished;

pub(super) use self::deliver::no_ack;

use std::path::{Path, PathBuf};

use oediag_collector::{
    catalogue::Source,
    state::{Identity, State},
};
use oediag_protocol::{
    consent::{Recipient, delete_by},
    keyset::Freshness,
    time::Time,
};
use serde::Serialize;

use crate::{
    cli::{Agreement, Upload},
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    redaction,
    release::{
        ask::{self, Answer, Listening},
        consent::{self, ConsentError, Grounds, Yes},
        gate::{self, GateError},
        notice::{Terms, notice},
        outbox::{self, Parcel, SealError},
        own::{Own, OwnError},
        preview::{Preview, preview},
        receipt::{Receipt, ReceiptError},
        who,
        without::{self, LeaveOutError},
    },
    selection, term, text, view,
};

/// How long the center may keep a bundle when nobody says.
const DAYS: u32 = 30;

/// What came of the question.
enum Answered {
    /// A yes, signed.
    Given(Box<Receipt>),
    /// Another bundle is wanted, without these.
    Without(Vec<String>),
}

/// What every step needs.
pub(super) struct Desk<'a> {
    agreement: &'a Agreement,
    /// It is for a file that somebody carries.
    offline: bool,
    given: &'a Invocation,
    state: State,
    identity: Identity,
    center: Enrolment,
    rows: Vec<&'static Source>,
}

/// Runs the command.
pub fn run(options: &Upload, given: &Invocation) -> Result<u8, Failure> {
    let desk = Desk::new(&options.agreement, false, given)?;
    let _lock = desk.state.lock_outbox().map_err(|error| failure::state(error, &given.texts))?;
    desk.tidy();
    let Some(bundle) = options.bundle.as_deref() else { return desk.unfinished(options) };
    match desk.agreed(bundle)? {
        Some((own, receipt)) => desk.deliver(&own, &receipt, options),
        None => Ok(exit::OK),
    }
}

/// Shows a bundle, asks, and seals it for somebody who carries it. Gives the path of what was agreed to, and the sealed file; none after a
/// mere preview, or where the center has it already, which is told.
pub(super) fn sealed(bundle: &Path, agreement: &Agreement, given: &Invocation) -> Result<Option<(PathBuf, Parcel)>, Failure> {
    let desk = Desk::new(agreement, true, given)?;
    let _lock = desk.state.lock_outbox().map_err(|error| failure::state(error, &given.texts))?;
    desk.tidy();
    let Some((own, receipt)) = desk.agreed(bundle)? else { return Ok(None) };
    if desk.told_before(&own, &receipt)? {
        return Ok(None);
    }
    let (parcel, _) = desk.parcel(&own, &receipt)?;
    Ok(Some((own.path, parcel)))
}

impl<'a> Desk<'a> {
    fn new(agreement: &'a Agreement, offline: bool, given: &'a Invocation) -> Result<Self, Failure> {
        let texts = &given.texts;
        let state = given.state(Kind::Usage)?;
        let center = Enrolment::load(&state)
            .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
            .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
        let identity = state.identity().map_err(|error| failure::state(error, texts))?;
        let desk = Self { agreement, offline, given, state, identity, center, rows: selection::rows(given)? };
        desk.check_keys()?;
        Ok(desk)
    }
}

impl Desk<'_> {
    fn tidy(&self) {
        outbox::tidy(&self.state, &self.identity.signer.public(), now());
    }

    /// From a file to a bundle that somebody agreed to send; none after a mere preview.
    fn agreed(&self, bundle: &Path) -> Result<Option<(Own, Receipt)>, Failure> {
        let own = self.without(self.own(bundle)?, &self.agreement.without)?;
        let seen = preview(&own.manifest, &self.rows);
        self.allowed(&own)?;
        if self.agreement.preview {
            self.show(&own, &seen, None)?;
            return Ok(None);
        }
        // Also where an earlier answer would do: who names another bundle means another one.
        if self.agreement.consent.as_ref().is_some_and(|digits| *digits != own.bundle.bundle_id.short()) {
            return Err(Failure::new(Kind::Refused, text!(self.given.texts, "error-no-consent")));
        }
        Ok(Some(match self.given_before(&own)? {
            Some(receipt) => (own, receipt),
            None => self.ask(own, seen)?,
        }))
    }

    /// A host whose name or keys do not fit its enrolment cannot send; an old keyset is only told of.
    fn check_keys(&self) -> Result<(), Failure> {
        let texts = &self.given.texts;
        if self.identity.host_id != self.center.host_id {
            return Err(Failure::new(Kind::Usage, text!(texts, "error-other-host")).hint(text!(texts, "hint-enroll")));
        }
        if self.center.keyset.freshness(now()) == Freshness::Expired {
            let expires = self.center.keyset.expires.to_string();
            term::note(&text!(texts, "note-keyset-expired", version = self.center.keyset.version, expires = expires));
        }
        Ok(())
    }

    fn own(&self, path: &Path) -> Result<Own, Failure> {
        let texts = &self.given.texts;
        let shown = term::escape(&path.display().to_string());
        Own::open(path, &self.identity).map_err(|error| match &error {
            OwnError::Io { .. } => Failure::new(Kind::Usage, text!(texts, "error-bundle-open", path = shown)).because(error),
            OwnError::NotOurs { .. } | OwnError::Changed { .. } => {
                let sentence = text!(texts, "error-not-own", path = shown);
                Failure::new(Kind::Verification, sentence).because(error).hint(text!(texts, "hint-own"))
            }
        })
    }

    /// Nothing is asked, let alone sent, below the floor of this host, or while something is left in a bundle that redaction should
    /// have replaced. What could not be looked for is said.
    fn allowed(&self, own: &Own) -> Result<(), Failure> {
        let texts = &self.given.texts;
        let config = redaction::config(&self.state, self.given)?;
        let rules = selection::site_rules(&self.state, Kind::Usage, self.given)?;
        let path = || term::escape(&own.path.display().to_string());
        let left =
            |sentence: String| Failure::new(Kind::Refused, sentence).hint(text!(texts, "hint-upload-leaks", path = path()));
        let found = gate::gate(own, &config, rules, &self.state).map_err(|error| match error {
            GateError::Floor { floor, level } => redaction::below(floor, &level, self.given),
            GateError::Leaks(count) => left(text!(texts, "error-upload-leaks", count = count)),
            GateError::Doubts(count) => left(text!(texts, "error-upload-doubts", count = count)),
            error => Failure::new(Kind::Usage, text!(texts, "error-bundle-open", path = path())).because(error),
        })?;
        for line in found.not_looked_for(texts) {
            term::note(&text!(texts, "note-upload-unchecked", what = line));
        }
        Ok(())
    }

    /// A new bundle without the items of these names; the same one when none is named.
    fn without(&self, own: Own, names: &[String]) -> Result<Own, Failure> {
        let texts = &self.given.texts;
        if names.is_empty() {
            return Ok(own);
        }
        let made = without::without(&own, names, &self.state.bundles(), &self.identity).map_err(|error| match error {
            LeaveOutError::Unknown(name) => {
                let sentence = text!(texts, "error-no-such-member", member = term::escape(&name));
                Failure::new(Kind::Usage, sentence).hint(text!(texts, "hint-ls"))
            }
            error => Failure::new(Kind::NoBundle, text!(texts, "error-without")).because(error),
        })?;
        let path = term::escape(&made.display().to_string());
        term::note(&text!(texts, "note-without", path = path));
        self.own(&made)
    }

    /// The receipt of an earlier run for these very bytes; says that it is used again, where there is still something to do.
    fn given_before(&self, own: &Own) -> Result<Option<Receipt>, Failure> {
        let now = now();
        let covers = |receipt: &Receipt| {
            let consent = &receipt.consent;
            let days = self.agreement.retention_days.is_none_or(|days| days == consent.retention_days);
            let case =
                self.agreement.case.as_deref().is_none_or(|case| consent.case.as_ref().is_some_and(|told| told.as_str() == case));
            days && case && receipt.covers(&own.digest(), &self.center, None, now)
        };
        let all = Receipt::all(&self.state, &self.identity.signer.public()).map_err(|error| self.receipts(error))?;
        // Of several the one that is furthest: stored, then sealed, then the newest.
        let key = self.identity.signer.public();
        let found = all
            .into_iter()
            .filter(covers)
            .max_by_key(|receipt| (receipt.ack(&key).is_some(), receipt.envelope(&key).is_some(), receipt.consent.given_at));
        if let Some(Receipt { consent, .. }) = found.as_ref().filter(|receipt| receipt.ack(&key).is_none()) {
            let (id, at) = (consent.receipt_id.to_string(), consent.given_at.to_string());
            term::note(&text!(self.given.texts, "note-consent-again", id = id, at = at));
        }
        Ok(found)
    }

    fn days(&self) -> u32 {
        self.agreement.retention_days.unwrap_or(DAYS)
    }

    fn case<'a>(&'a self, own: &'a Own) -> Option<&'a str> {
        self.agreement.case.as_deref().or(own.manifest.start.case.as_deref())
    }

    fn terms<'a>(&'a self, own: &'a Own) -> Terms<'a> {
        let zone = own.manifest.start.clock.zone.as_deref();
        Terms { center: &self.center, case: self.case(own), days: self.days(), request: None, now: now(), zone }
    }

    /// Prints the preview: for people on standard error, where the question is too; for programs on standard output.
    fn show(&self, own: &Own, seen: &Preview, notice: Option<&str>) -> Result<(), Failure> {
        let terms = self.terms(own);
        if self.given.json && notice.is_none() {
            return self.given.show(&PreviewJson::of(own, seen, &terms), |_| Vec::new());
        }
        let page = view::Page { columns: term::error_columns(), paint: term::Paint(false), ..self.given.page() };
        let lines = view::preview::lines(own, seen, &terms, &page);
        match notice {
            None => self.given.show(&(), |_| lines),
            Some(notice) => {
                ask::show(&lines, notice);
                Ok(())
            }
        }
    }

    /// Asks, and signs a yes. Items that are left out make another bundle, and another question.
    fn ask(&self, mut own: Own, mut seen: Preview) -> Result<(Own, Receipt), Failure> {
        let texts = &self.given.texts;
        let no = || Failure::new(Kind::Refused, text!(texts, "error-no-consent"));
        if self.agreement.consent.is_none() && !ask::can_ask() {
            return Err(no().hint(text!(texts, "hint-consent", digits = own.bundle.bundle_id.short())));
        }
        // One for all questions: a signal while the next bundle is made is a no as well.
        let listening = Listening::begin().map_err(|error| no().because(error))?;
        loop {
            match self.question(&own, &seen, &listening)? {
                Answered::Given(receipt) => return Ok((own, *receipt)),
                Answered::Without(names) => {
                    own = self.without(own, &names)?;
                    seen = preview(&own.manifest, &self.rows);
                }
            }
        }
    }

    /// Shows the bundle and the notice and waits for the answer; a yes becomes a receipt.
    fn question(&self, own: &Own, seen: &Preview, listening: &Listening) -> Result<Answered, Failure> {
        let texts = &self.given.texts;
        let no = || Failure::new(Kind::Refused, text!(texts, "error-no-consent"));
        outbox::room(&self.state, own.bundle.bytes).map_err(|error| self.seal_failed(error))?;
        let terms = self.terms(own);
        let (notice_text, notice) = notice(&terms, seen, term::error_columns(), texts);
        self.show(own, seen, Some(&notice_text))?;
        let answer = match &self.agreement.consent {
            // It was compared before.
            Some(_) => Answer::Yes,
            None => listening.answer(&own.bundle.bundle_id.short(), texts),
        };
        match answer {
            Answer::Yes => {}
            Answer::No => return Err(no()),
            Answer::Without(names) => return Ok(Answered::Without(names)),
        }
        let mut agreed = Vec::new();
        for one in terms.separate(seen) {
            let yes = match &self.agreement.consent {
                Some(_) => self.agreement.agree.contains(&one),
                None => listening.separately(one, texts),
            };
            if !yes {
                return Err(no().hint(text!(texts, "hint-separate", word = one.word())));
            }
            agreed.push(one);
        }
        // From here on a signal ends the program; one that came before this was a no, whatever was typed or given.
        if listening.end() {
            return Err(no());
        }
        let who = who::who(consent::authority());
        let grounds = if self.offline { Grounds::Offline(who) } else { Grounds::Interactive(who) };
        let (now, shown) = (now(), (notice_text.as_str(), notice));
        let yes = Yes { own, seen, terms: &terms, shown, agreed: &agreed, grounds, now };
        let receipt = consent::give(yes, &self.state, &self.identity);
        receipt.map(|receipt| Answered::Given(Box::new(receipt))).map_err(|error| match error {
            ConsentError::Receipt(error) => self.receipts(error),
            ConsentError::Separate(_) => no().because(error),
            ConsentError::Random(_) => Failure::new(Kind::Usage, text!(texts, "error-state")).because(error),
        })
    }

    fn receipts(&self, error: ReceiptError) -> Failure {
        match error {
            ReceiptError::Ledger(error) => failure::ledger(error, &self.given.texts),
            error => Failure::new(Kind::Usage, text!(self.given.texts, "error-receipts")).because(error),
        }
    }

    fn seal_failed(&self, error: SealError) -> Failure {
        let texts = &self.given.texts;
        match error {
            SealError::Ledger(error) => failure::ledger(error, texts),
            SealError::Changed { .. } => Failure::new(Kind::Verification, text!(texts, "error-changed")).because(error),
            _ => Failure::new(Kind::Usage, text!(texts, "error-seal")).hint(text!(texts, "hint-room")).because(error),
        }
    }
}

fn now() -> Time {
    jiff::Timestamp::now().into()
}

/// `upload --preview --json`.
#[derive(Serialize)]
struct PreviewJson<'a> {
    bundle: PathBuf,
    bundle_id: String,
    bytes: u64,
    sha256: String,
    consent: String,
    url: String,
    tenant_id: String,
    recipient: Recipient,
    case: Option<&'a str>,
    retention_days: u32,
    delete_by: Time,
    preview: &'a Preview,
}

impl<'a> PreviewJson<'a> {
    fn of(own: &Own, preview: &'a Preview, terms: &Terms<'a>) -> Self {
        Self {
            bundle: own.path.clone(),
            bundle_id: own.bundle.bundle_id.to_string(),
            bytes: own.bundle.bytes,
            sha256: own.bundle.sha256.to_string(),
            consent: own.bundle.bundle_id.short(),
            url: terms.center.url.to_string(),
            tenant_id: terms.center.tenant.to_string(),
            recipient: terms.center.recipient(),
            case: terms.case,
            retention_days: terms.days,
            delete_by: delete_by(terms.now, terms.days),
            preview,
        }
    }
}
