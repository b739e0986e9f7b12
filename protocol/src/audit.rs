//! The head of a center's audit log `oediag.log/1`: whoever holds it sees when a line up to it is changed later.
//!
//! In: the last line's number and digest. Out: a document to sign with the ack key. Never: tells what the lines say.

use serde::{Deserialize, Serialize};

use crate::{bundle::manifest::LedgerHead, document::Document, sshsig::Namespace, time::Time};

/// The value of `schema`. It tells heads from the other documents of the namespace `oediag-ack-v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.log/1")]
    V1,
}

/// A head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Always the same.
    pub schema: Schema,
    /// When, by the center's clock.
    pub at: Time,
    /// The last line.
    pub head: LedgerHead,
}

impl Document for Head {
    const NAMESPACE: Namespace = Namespace::Ack;

    fn check(&self) -> Result<(), &'static str> {
        if self.head.seq == 0 { Err("lines of the audit log are numbered from 1") } else { Ok(()) }
    }
}
