//! `oediag upload --unfinished`: goes on with what was agreed to, sealed and cut off, as after a reboot. Nothing is sealed anew,
//! nobody is asked, and nothing goes that no receipt of this host covers at this moment.

use std::collections::BTreeMap;

use oediag_protocol::consent::{Basis, BundleDigest};

use super::{Desk, now};
use crate::{
    cli::Upload,
    failure::{Failure, exit},
    release::{outbox, receipt::Receipt},
    term, text,
};

impl Desk<'_> {
    /// Sends each; one that fails does not keep the others. The last failure is the command's.
    pub(super) fn unfinished(&self, options: &Upload) -> Result<u8, Failure> {
        let texts = &self.given.texts;
        let key = self.identity.signer.public();
        let receipts = Receipt::all(&self.state, &key).map_err(|error| self.receipts(error))?;
        let (mut stored, mut failed) = (Vec::new(), None);
        // Of several answers about one bundle the last one counts, also where it was cancelled. They are sorted by time.
        let last: BTreeMap<_, &Receipt> = receipts.iter().map(|receipt| (receipt.consent.bundle.bundle_id, receipt)).collect();
        for receipt in last.into_values().filter(|receipt| receipt.ack(&key).is_none()) {
            let agreed = &receipt.consent.bundle;
            let digest = BundleDigest { bundle_id: agreed.bundle_id, sha256: agreed.sha256, bytes: agreed.bytes };
            // What answers a request is the broker's to send; what was agreed to for carrying is carried.
            if receipt.consent.basis == Basis::Offline || !receipt.covers(&digest, &self.center, None, now()) {
                continue;
            }
            let Some(parcel) = outbox::sealed(receipt, &self.center, &self.state, &key) else { continue };
            let sending = self.sending(receipt);
            match self.in_time(&sending, receipt).and_then(|()| self.hand_over(receipt, &parcel, sending, options)) {
                Ok(ack) => stored.push(self.stored(None, ack, false)),
                Err(failure) => {
                    if let Some(earlier) = failed.replace(failure) {
                        term::note(&earlier.to_string());
                    }
                }
            }
        }
        self.given.show(&stored, |page| {
            let mut lines: Vec<String> = stored.iter().flat_map(|stored| self.lines(stored, page)).collect();
            if lines.is_empty() && failed.is_none() {
                lines.push(text!(texts, "unfinished-none"));
            }
            lines
        })?;
        failed.map_or(Ok(exit::OK), Err)
    }
}
