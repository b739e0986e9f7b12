//! `oediag consent list` and `show`: what was agreed to on this host, and what became of it.

use oediag_collector::state::Identity;
use oediag_protocol::{sshsig::PublicKey, time::Time};
use serde::Serialize;

use crate::{
    cli::{Consent, ConsentAction},
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    release::receipt::{Receipt, ReceiptError},
    text, view,
    view::consent::{Row, Standing},
};

/// Runs the command.
pub fn run(options: &Consent, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = given.state()?;
    let Identity { signer, .. } = state.identity().map_err(|error| failure::state(error, texts))?;
    let key = signer.public();
    let failed = |error: ReceiptError| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error);
    match &options.action {
        ConsentAction::List => {
            let receipts = Receipt::all(&state, &key).map_err(failed)?;
            let rows: Vec<Row> = receipts.iter().map(|receipt| row(receipt, &key)).collect();
            given.show(&rows, |page| view::consent::list(&rows, page))?;
        }
        ConsentAction::Show(options) => {
            let id = options.receipt;
            let receipt = Receipt::read(&state, id, &key).map_err(failed)?.ok_or_else(|| {
                Failure::new(Kind::Usage, text!(texts, "error-no-receipt", id = id.to_string()))
                    .hint(text!(texts, "hint-receipts"))
            })?;
            let (row, notice) = (row(&receipt, &key), receipt.notice());
            let json = ShowJson { row: &row, notice: notice.as_deref() };
            given.show(&json, |page| view::consent::one(&row, notice.as_deref(), page))?;
        }
    }
    Ok(exit::OK)
}

/// `consent show --json`.
#[derive(Serialize)]
struct ShowJson<'a> {
    #[serde(flatten)]
    row: &'a Row,
    notice: Option<&'a str>,
}

/// A receipt and what became of it.
pub(super) fn row(receipt: &Receipt, key: &PublicKey) -> Row {
    let ack = receipt.ack(key);
    let standing = if Time::from(jiff::Timestamp::now()) >= receipt.consent.delete_by {
        Standing::Over
    } else if ack.is_some() {
        Standing::Stored
    } else if receipt.envelope(key).is_some() {
        Standing::Unfinished
    } else {
        Standing::Given
    };
    Row { consent: receipt.consent.clone(), standing, ack }
}
