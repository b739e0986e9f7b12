//! A yes becomes a receipt. In: the open bundle, what was shown of it, the terms, who agreed on what grounds. Out: the signed receipt, on
//! the disk and in the ledger. Never: fills in for an answer that was not given.

use oediag_collector::{
    ledger,
    state::{Identity, State},
};
use oediag_protocol::{
    consent::{self, Basis, Consent, Event, Notice, PolicyRef, Rights, Who, delete_by},
    id::ReceiptId,
    text::Line,
    time::Time,
};

use super::{
    notice::Terms,
    own::Own,
    preview::Preview,
    receipt::{Receipt, ReceiptError},
    separate::Separate,
};

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// A question of its own was not answered with yes.
    #[error("{} is agreed to separately", .0.word())]
    Separate(Separate),
    /// No id could be made.
    #[error("asking the kernel for random bytes")]
    Random(#[source] getrandom::Error),
    /// It could not be kept.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

/// On what grounds something is agreed to.
#[derive(Debug, Clone)]
pub enum Grounds {
    /// Somebody answered.
    Interactive(Who),
    /// Somebody made a file to carry.
    Offline(Who),
    /// A rule of the standing policy; who put it there, where that is known.
    Policy(PolicyRef, Option<Who>),
}

/// A yes.
#[derive(Debug)]
pub struct Yes<'a> {
    /// The bundle.
    pub own: &'a Own,
    /// What was shown of it.
    pub seen: &'a Preview,
    /// On which terms.
    pub terms: &'a Terms<'a>,
    /// The text that was shown, and what the receipt says of it.
    pub shown: (&'a str, Notice),
    /// The separate questions that were answered with yes.
    pub agreed: &'a [Separate],
    /// Who, or what, agreed.
    pub grounds: Grounds,
    /// When.
    pub now: Time,
}

/// How somebody declares that they may agree.
pub fn authority() -> Line {
    line("declares authority to act for the customer")
}

/// Signs a yes and keeps it.
pub fn give(yes: Yes<'_>, state: &State, identity: &Identity) -> Result<Receipt, ConsentError> {
    let Yes { own, seen, terms, shown: (text, mut notice), agreed, grounds, now } = yes;
    let separate = terms.separate(seen);
    if let Some(missing) = separate.iter().find(|one| !agreed.contains(one)) {
        return Err(ConsentError::Separate(*missing));
    }
    notice.separate_consents = separate.into_iter().map(Separate::line).collect();
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(ConsentError::Random)?;
    let receipt_id = ReceiptId(id);
    let recipient = terms.center.recipient();
    let (basis, policy, who) = match grounds {
        Grounds::Interactive(who) => (Basis::Interactive, None, Some(who)),
        Grounds::Offline(who) => (Basis::Offline, None, Some(who)),
        Grounds::Policy(rule, who) => (Basis::StandingPolicy, Some(rule), who),
    };
    let consent = Consent {
        schema: consent::Schema::V1,
        receipt_id,
        version: 1,
        event: Event::Given,
        given_at: now,
        host_id: identity.host_id,
        tenant_id: terms.center.tenant.clone(),
        bundle: own.bundle,
        request: terms.request_ref(),
        basis,
        policy,
        who,
        purpose: terms.purpose(),
        case: terms.case.and_then(Line::parse),
        scope: seen.scope(),
        data_categories: seen.topics.iter().filter_map(|topic| Line::parse(topic)).collect(),
        personal_data: seen.personal_data(&own.manifest),
        rights: Rights { withdraw: line(&format!("oediag consent withdraw {receipt_id}")), contact: recipient.contact.clone() },
        recipient,
        processing: line("diagnosis by named support staff; every opening is recorded"),
        retention_days: terms.days,
        delete_by: delete_by(now, terms.days),
        notice,
        prev_ledger: ledger::head(state).map_err(ReceiptError::from)?,
    };
    Ok(Receipt::give(consent, text, terms.center, state, identity)?)
}

fn line(text: &str) -> Line {
    Line::parse(text).unwrap_or_default()
}
