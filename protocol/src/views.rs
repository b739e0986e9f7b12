//! The list `oediag.views/1`: who at the center opened what was sent under a consent.
//!
//! In: lines of the center's audit log. Out: a document to sign with the ack key. Never: names another customer's things.

use serde::{Deserialize, Serialize};

use crate::{document::Document, id::ReceiptId, sshsig::Namespace, text::Line, time::Time};

/// Most openings in one list: the last ones.
pub const MAX_VIEWS: usize = 200;

/// The value of `schema`. It tells these lists from the other documents of the namespace `oediag-ack-v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.views/1")]
    V1,
}

/// One opening, or one that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// When, by the center's clock.
    pub at: Time,
    /// Who, by the name of the account.
    pub who: Line,
    /// The word of the audit log, such as `item_opened`.
    pub event: Line,
    /// The item, where it was one.
    pub item: Option<Line>,
    /// Number of the line in the center's audit log.
    pub seq: u64,
}

/// The whole list, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Always the same.
    pub schema: Schema,
    /// The consent.
    pub receipt_id: ReceiptId,
    /// When the list was made.
    pub at: Time,
    /// How many openings there were in all.
    pub total: u64,
    /// The last of them, at most [`MAX_VIEWS`].
    pub views: Vec<View>,
}

impl Document for Views {
    const NAMESPACE: Namespace = Namespace::Ack;

    fn check(&self) -> Result<(), &'static str> {
        if self.views.len() > MAX_VIEWS {
            Err("there are at most 200 openings in a list")
        } else if (self.views.len() as u64) > self.total {
            Err("there are no more openings in the list than in all")
        } else {
            Ok(())
        }
    }
}
