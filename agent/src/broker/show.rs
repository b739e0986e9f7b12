//! The second gate: what was collected is shown, and exactly that is agreed to, by a person or by a rule.
//!
//! In: a request in `preview`, a person's answer. Out: what would leave and the notice; a signed receipt. Never: agrees to a byte or a
//! word that was not shown.

use std::{fs, path::PathBuf};

use oediag_collector::{config, ledger, state};
use oediag_protocol::{
    consent::{BundleRef, Level as Reach, Notice},
    digest::Sha256,
    id::{ReceiptId, RequestId},
    json,
    ledger::{Event, Note},
    request::{
        life::{Move, State},
        verify::Verified,
    },
    text::Line,
    time::Time,
};
use serde::{Deserialize, Serialize};

use super::{
    Broker, Kept, Trouble,
    book::{Agreed, BookError, Step},
    peer::Peer,
    policy::Standing,
    wire::{Answer, Lang, Preview as Told},
    work,
};
use crate::{
    cli::Language,
    enrolment::Enrolment,
    release::{
        consent::{self, Grounds, Yes},
        gate,
        notice::{Terms, notice},
        outbox,
        own::Own,
        preview::{Preview, preview},
        separate::Separate,
        who, without,
    },
    texts::{self, Texts},
};

/// What was shown last.
const SHOWN: &str = "shown.json";
/// Most bytes of it.
const MAX_SHOWN: usize = 256 << 10;
/// The columns of a notice that nobody reads on a screen.
const COLUMNS: usize = 80;
/// The least and the most columns of a screen.
const SCREEN: (u16, u16) = (40, 200);

/// What was shown, of which bytes, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    bundle: BundleRef,
    text: String,
    notice: Notice,
    at: Time,
}

/// A bundle that waits for an answer.
struct Waiting {
    own: Own,
    seen: Preview,
    center: Enrolment,
    verified: Verified,
}

impl Waiting {
    fn terms(&self, now: Time) -> Terms<'_> {
        Terms::of_request(&self.center, &self.verified, now, self.own.manifest.start.clock.zone.as_deref())
    }
}

impl Broker {
    pub(super) fn preview(&self, kept: &mut Kept, id: RequestId, lang: Lang, columns: u16) -> Result<Answer, Trouble> {
        self.in_time(kept, id)?;
        let waiting = self.waiting(kept, id)?;
        // What is released later are the very bytes that were looked at here.
        self.gate(&waiting.own)?;
        outbox::room(&self.state, waiting.own.bundle.bytes)?;
        let at = self.hand().now;
        let terms = waiting.terms(at);
        let language = match lang {
            Lang::En => Language::En,
            Lang::ZhCn => Language::ZhCn,
        };
        let columns = usize::from(columns.clamp(SCREEN.0, SCREEN.1));
        let (text, notice) = notice(&terms, &waiting.seen, columns, &Texts::new(language));
        let own = &waiting.own;
        let told = Told {
            path: own.path.display().to_string(),
            bundle_id: own.bundle.bundle_id,
            digits: own.bundle.bundle_id.short(),
            bytes: own.bundle.bytes,
            notice: text.clone(),
            notice_sha256: notice.sha256,
            separate: terms.separate(&waiting.seen).into_iter().map(Separate::line).collect(),
        };
        let shown = Shown { bundle: own.bundle, text, notice, at };
        state::save(&Self::shown_path(kept, id), &json::to_bytes(&shown)?)?;
        Ok(Answer::Preview(Box::new(told)))
    }

    #[expect(clippy::too_many_arguments, reason = "each is one part of the answer that a person gives")]
    pub(super) fn release(
        &self,
        kept: &mut Kept,
        id: RequestId,
        digits: &str,
        notice_sha256: Sha256,
        separate: &[Line],
        peer: Peer,
        sudo_uid: Option<u32>,
    ) -> Result<Answer, Trouble> {
        self.in_time(kept, id)?;
        if Standing::read(&self.state).policy.limits.require_approver_sig {
            return Err(Trouble::No("approver_sig"));
        }
        let waiting = self.waiting(kept, id)?;
        let bytes = state::saved(&Self::shown_path(kept, id), MAX_SHOWN as u64)?.ok_or(Trouble::No("not_shown"))?;
        let shown: Shown = json::parse(&bytes, MAX_SHOWN)?;
        if shown.bundle != waiting.own.bundle || shown.notice.sha256 != notice_sha256 {
            return Err(Trouble::No("not_shown"));
        }
        if digits != shown.bundle.bundle_id.short() {
            return Err(Trouble::No("other_digits"));
        }
        let agreed: Vec<Separate> =
            Separate::ALL.iter().copied().filter(|one| separate.iter().any(|said| said.as_str() == one.word())).collect();
        let who = who::peer(peer.pid.unsigned_abs(), peer.uid, sudo_uid, consent::authority());
        let yes = Yes {
            own: &waiting.own,
            seen: &waiting.seen,
            terms: &waiting.terms(shown.at),
            shown: (&shown.text, shown.notice.clone()),
            agreed: &agreed,
            grounds: Grounds::Interactive(who),
            now: self.hand().now,
        };
        let receipt = consent::give(yes, &self.state, &self.identity)?.consent.receipt_id;
        self.released(kept, id, receipt)?;
        Ok(Answer::Released { receipt })
    }

    /// The rule that agreed to collect may have agreed to send, too: it must still be there, unchanged, and cover what was collected.
    pub(super) fn release_by_rule(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        let Some(agreed) = kept.book.entry(id)?.agreed.clone().filter(|agreed| agreed.release) else { return Ok(()) };
        // Whatever happens now, it is tried once; then a person decides.
        kept.book.note(id, |entry| {
            entry.agreed = entry.agreed.take().map(|agreed| Agreed { release: false, ..agreed });
        })?;
        let standing = Standing::read(&self.state);
        let now = self.hand().now;
        let valid = standing.sha256 == Some(agreed.rule.sha256) && now <= agreed.rule.valid_until;
        if !valid || standing.policy.limits.require_approver_sig || !standing.policy.remote.enabled {
            return Ok(());
        }
        self.in_time(kept, id)?;
        let waiting = self.waiting(kept, id)?;
        let terms = waiting.terms(now);
        if waiting.seen.scope().level != Reach::Basic || !terms.separate(&waiting.seen).is_empty() {
            return Ok(());
        }
        self.gate(&waiting.own)?;
        outbox::room(&self.state, waiting.own.bundle.bytes)?;
        let language = texts::choose(None, &texts::locale());
        let (text, notice) = notice(&terms, &waiting.seen, COLUMNS, &Texts::new(language));
        let yes = Yes {
            own: &waiting.own,
            seen: &waiting.seen,
            terms: &terms,
            shown: (&text, notice),
            agreed: &[],
            grounds: Grounds::Policy(agreed.rule, None),
            now,
        };
        let receipt = consent::give(yes, &self.state, &self.identity)?.consent.receipt_id;
        self.released(kept, id, receipt)
    }

    /// Notes that a consent was signed; the ledger has it already.
    pub(super) fn released(&self, kept: &mut Kept, id: RequestId, receipt: ReceiptId) -> Result<(), Trouble> {
        let step = Step { written: true, ..Move::Release.into() };
        kept.book.step(id, step, self.hand(), |entry| entry.receipt = Some(receipt))?;
        self.wake.notify_all();
        Ok(())
    }

    /// Makes the bundle anew without some of it; it has to be shown again.
    pub(super) fn without(&self, kept: &mut Kept, id: RequestId, names: &[String]) -> Result<(), Trouble> {
        self.in_time(kept, id)?;
        let waiting = self.waiting(kept, id)?;
        let made = without::without(&waiting.own, names, &kept.book.bundles(id), &self.identity)?;
        let made = work::of(&Own::open(&made, &self.identity)?);
        let hand = self.hand();
        let note = Note { rid: Some(id), ..Note::of(Event::Collected, made.sha256) };
        ledger::append(hand.place, hand.identity, hand.now, note)?;
        let before = kept.book.entry(id)?.bundle.clone();
        kept.book.note(id, |entry| entry.bundle = Some(made.clone()))?;
        // The former one is not needed any more; the folder goes as a whole later.
        if let Some(before) = before.filter(|before| before.name != made.name) {
            fs::remove_file(kept.book.bundles(id).join(before.name)).unwrap_or_default();
        }
        Ok(())
    }

    fn gate(&self, own: &Own) -> Result<(), Trouble> {
        let config = config::load(&self.state.policy())?;
        gate::gate(own, &config, self.site_rules()?, &self.state)?;
        Ok(())
    }

    fn shown_path(kept: &Kept, id: RequestId) -> PathBuf {
        kept.book.folder(id).join(SHOWN)
    }

    /// Opens the bundle of a request that waits for an answer; it is the one that the book names.
    fn waiting(&self, kept: &Kept, id: RequestId) -> Result<Waiting, Trouble> {
        let entry = kept.book.entry(id)?;
        let state = entry.row.state;
        let (State::Preview, Some(verified), Some(made)) = (state, entry.verified(), &entry.bundle) else {
            return Err(BookError::NotNow { id, state }.into());
        };
        let center = Enrolment::load(&self.state)?.ok_or(Trouble::No("not_enrolled"))?;
        if center.tenant != verified.request.tenant_id {
            return Err(Trouble::No("wrong_tenant"));
        }
        let own = Own::open(&kept.book.bundles(id).join(&made.name), &self.identity)?;
        if own.bundle.sha256 != made.sha256 {
            return Err(Trouble::No("changed"));
        }
        gate::floor(&own.manifest, &config::load(&self.state.policy())?)?;
        let seen = preview(&own.manifest, &self.rows);
        Ok(Waiting { own, seen, center, verified })
    }
}
