//! The life of a request on the host that is asked: which states there are and what leads from one to another, as rows.
//!
//! In: a state and what happened. Out: the next state, or nothing: then it cannot have happened. Never: reads a clock, or decides.

use serde::{Deserialize, Serialize};

use crate::ledger::Event;

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// How far a request is. The words are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum State {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl State {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in files and status events.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
states! {
    /// It came and is genuine; nothing is decided.
    Received => "received",
    /// Refused by rule.
    Rejected => "rejected",
    /// A person is to decide about collecting.
    Pending => "pending",
    /// Collecting was not agreed to.
    Denied => "denied",
    /// Nobody decided in time.
    Expired => "expired",
    /// The center took it back, or the customer stopped it.
    Cancelled => "cancelled",
    /// Collecting was agreed to.
    Approved => "approved",
    /// The host is being examined.
    Collecting => "collecting",
    /// It came to nothing.
    Failed => "failed",
    /// There is a bundle.
    Collected => "collected",
    /// A person is to decide about the content.
    Preview => "preview",
    /// Consent to send was given.
    Released => "released",
    /// Consent to send was not given.
    Declined => "declined",
    /// The bundle is being encrypted.
    Sealing => "sealing",
    /// The sealed file is on its way, by network or carried.
    Uploading => "uploading",
    /// The center has it.
    Stored => "stored",
    /// The center has it, the host's own copy is gone.
    Deleted => "deleted",
    /// Consent was withdrawn.
    Withdrawn => "withdrawn",
    /// The center confirmed that its copy is gone.
    DeletionConfirmed => "deletion_confirmed",
}

/// What leads from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// A rule refuses it.
    Reject,
    /// A person is asked.
    Ask,
    /// Somebody, or a rule, agrees to collect.
    Approve,
    /// Somebody does not agree to collect.
    Deny,
    /// Its time is over.
    Expire,
    /// The center or the customer stops it.
    Cancel,
    /// Collecting begins.
    Begin,
    /// Collecting ended with a bundle.
    Collect,
    /// It cannot go on.
    Fail,
    /// The bundle is shown to who decides.
    Show,
    /// Consent is given, by somebody or by a rule.
    Release,
    /// Consent is not given.
    Decline,
    /// Encryption begins.
    Seal,
    /// The sealed file is ready to leave.
    Send,
    /// The center's ack came.
    Store,
    /// The host's own copy is removed.
    Delete,
    /// Consent is withdrawn.
    Withdraw,
    /// The center's deletion receipt came.
    Confirm,
}

/// All moves there are. Of a state and a move there is at most one row.
pub const STEPS: &[(State, Move, State)] = &[
    (State::Received, Move::Reject, State::Rejected),
    (State::Received, Move::Ask, State::Pending),
    (State::Received, Move::Approve, State::Approved),
    (State::Received, Move::Cancel, State::Cancelled),
    (State::Received, Move::Expire, State::Expired),
    (State::Pending, Move::Approve, State::Approved),
    (State::Pending, Move::Deny, State::Denied),
    (State::Pending, Move::Expire, State::Expired),
    (State::Pending, Move::Cancel, State::Cancelled),
    (State::Approved, Move::Begin, State::Collecting),
    (State::Approved, Move::Expire, State::Expired),
    (State::Approved, Move::Cancel, State::Cancelled),
    (State::Collecting, Move::Collect, State::Collected),
    (State::Collecting, Move::Fail, State::Failed),
    (State::Collecting, Move::Cancel, State::Cancelled),
    (State::Collected, Move::Show, State::Preview),
    (State::Collected, Move::Cancel, State::Cancelled),
    (State::Preview, Move::Release, State::Released),
    (State::Preview, Move::Decline, State::Declined),
    (State::Preview, Move::Expire, State::Expired),
    (State::Preview, Move::Cancel, State::Cancelled),
    (State::Released, Move::Seal, State::Sealing),
    (State::Released, Move::Cancel, State::Cancelled),
    (State::Sealing, Move::Send, State::Uploading),
    (State::Sealing, Move::Fail, State::Failed),
    (State::Sealing, Move::Cancel, State::Cancelled),
    (State::Uploading, Move::Store, State::Stored),
    (State::Uploading, Move::Fail, State::Failed),
    (State::Uploading, Move::Cancel, State::Cancelled),
    (State::Stored, Move::Delete, State::Deleted),
    (State::Stored, Move::Withdraw, State::Withdrawn),
    (State::Stored, Move::Confirm, State::DeletionConfirmed),
    (State::Deleted, Move::Withdraw, State::Withdrawn),
    (State::Deleted, Move::Confirm, State::DeletionConfirmed),
    (State::Withdrawn, Move::Confirm, State::DeletionConfirmed),
];

impl State {
    /// The state after a move; none where the move is not possible.
    pub fn after(self, step: Move) -> Option<Self> {
        STEPS.iter().find(|(from, by, _)| (*from, *by) == (self, step)).map(|(_, _, to)| *to)
    }

    /// Whether nothing leads on from here.
    pub fn is_over(self) -> bool {
        !STEPS.iter().any(|(from, ..)| *from == self)
    }
}

impl Move {
    /// The line that stands in the ledger before the move is done.
    pub const fn line(self) -> Event {
        match self {
            Self::Reject => Event::Rejected,
            Self::Ask => Event::Pending,
            Self::Approve => Event::Approved,
            Self::Deny => Event::Denied,
            Self::Expire => Event::Expired,
            Self::Cancel => Event::Cancelled,
            Self::Begin => Event::Collecting,
            Self::Collect => Event::Collected,
            Self::Fail => Event::Failed,
            Self::Show => Event::Previewed,
            Self::Release => Event::Released,
            Self::Decline => Event::Declined,
            Self::Seal => Event::Sealing,
            Self::Send => Event::Uploading,
            Self::Store => Event::Stored,
            Self::Delete => Event::Deleted,
            Self::Withdraw => Event::Withdrawn,
            Self::Confirm => Event::DeletionConfirmed,
        }
    }
}
