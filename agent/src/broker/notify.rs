//! What the host's people are told when a request comes: a line in the journal with an id of its own, to watch for.
//!
//! In: a request and what became of it. Out: an entry of the journal, or a line on standard error where there is no journal.
//! Never: fails, or lets a word of the request be anything but text.

use std::os::unix::net::UnixDatagram;

use oediag_protocol::request::life::State;

use super::{policy::StandingError, wire::Row};
use crate::term;

/// `MESSAGE_ID` of the arrival of a request. It stays.
pub(super) const ARRIVED: &str = "5d1b3c2e8f6a4f0c9b7e2a4d6c8e0f13";
/// `MESSAGE_ID` of a policy that cannot be used. It stays.
pub(super) const POLICY: &str = "5d1b3c2e8f6a4f0c9b7e2a4d6c8e0f14";
/// `MESSAGE_ID` of what is wrong with the broker's own files or work. It stays.
pub(super) const TROUBLE: &str = "5d1b3c2e8f6a4f0c9b7e2a4d6c8e0f15";
/// Where journald(8) listens.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// A request has come, and this became of it by rule.
pub(super) fn arrived(row: &Row, state: State) {
    let case = term::escape(row.case.as_str());
    let message = format!("request {} for case {case} ({:?}): {}", row.id, row.severity, state.as_str());
    let (id, case) = (format!("OEDIAG_REQUEST={}", row.id), format!("OEDIAG_CASE={case}"));
    entry(ARRIVED, &message, &[&id, &case, &format!("OEDIAG_STATE={}", state.as_str())]);
}

/// The policy's file cannot be used: a person decides about everything.
pub(super) fn policy(error: &StandingError) {
    let why = super::chain(error);
    entry(POLICY, &format!("the policy cannot be used, every request is asked about: {}", term::escape(&why)), &[]);
}

/// Something of the broker's own is not as it should be.
pub(super) fn trouble(error: &dyn std::error::Error) {
    entry(TROUBLE, &term::escape(&super::chain(error)), &[]);
}

/// One entry. Its fields are lines without a line feed in them.
fn entry(id: &str, message: &str, fields: &[&str]) {
    let first = [format!("MESSAGE={message}"), format!("MESSAGE_ID={id}"), "PRIORITY=5".to_owned()];
    let fields: Vec<&str> = first.iter().map(String::as_str).chain(fields.iter().copied()).collect();
    let text = fields.join("\n") + "\n";
    let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(text.as_bytes(), JOURNAL));
    if sent.is_err() {
        term::note(message);
    }
}
