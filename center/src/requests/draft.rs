//! What an engineer writes of a request; the rest of it is the center's. In: values. Out: the document to sign.
//! Never: a lifetime or a name that no host would take.

use std::collections::BTreeMap;

use oediag_protocol::{
    id::{HostId, RequestId, TenantId},
    keyset::Severity,
    request::{
        paper::{Deliver, Nonce, Person, Recipient, Redaction, Request, Schema, Scope, Source, Words},
        value::{Name, Span, Value},
    },
    text::Line,
    time::Time,
};

use super::RequestError;
use crate::secret;

/// Hours that a request may live.
pub const HOURS: std::ops::RangeInclusive<u32> = 1..=168;

/// A request before it has a host, an id and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The case.
    pub case: Line,
    /// Its severity.
    pub severity: Severity,
    /// Why.
    pub reason: Words,
    /// Who asks.
    pub requested_by: Person,
    /// The lead who approved, for level extended.
    pub approved_by: Option<Person>,
    /// What is asked for.
    pub scope: Scope,
    /// The least redaction.
    pub redaction_min: Redaction,
    /// Most bytes of the bundle.
    pub max_bytes: u64,
    /// Most seconds of collecting.
    pub max_seconds: u64,
    /// Days that it is kept.
    pub retention_days: u32,
    /// Hours that it lives, of [`HOURS`]; none for the usual: 4 for P1, else 24.
    pub hours: Option<u32>,
    /// What for.
    pub purpose: Line,
    /// How the answer travels.
    pub deliver: Deliver,
}

impl Draft {
    /// The request to a host, received by `recipient`: its name and country.
    pub(super) fn request(
        self,
        tenant: &TenantId,
        host: HostId,
        recipient: (&str, &str),
        now: Time,
    ) -> Result<Request, RequestError> {
        let hours = self.hours.unwrap_or(if self.severity == Severity::P1 { 4 } else { 24 });
        if !HOURS.contains(&hours) {
            return Err(RequestError::Draft("a request lives for 1 to 168 hours"));
        }
        let line = |text: &str| Line::parse(text).ok_or(RequestError::Draft("the center's name or country is not a plain line"));
        let mut scope = self.scope;
        scope.sources.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Request {
            schema: Schema::V1,
            request_id: RequestId(secret::random()?),
            nonce: Nonce(secret::random()?),
            tenant_id: tenant.clone(),
            host_id: host,
            created: now,
            not_before: now,
            expires: Time(now.0 + i64::from(hours) * 3600),
            case: self.case,
            severity: self.severity,
            reason: self.reason,
            requested_by: self.requested_by,
            approved_by: self.approved_by,
            scope,
            redaction_min: self.redaction_min,
            max_bytes: self.max_bytes,
            max_seconds: self.max_seconds,
            retention_days: self.retention_days,
            recipient: Recipient { name: line(recipient.0)?, country: line(recipient.1)?, processors: Vec::new() },
            purpose: self.purpose,
            deliver: self.deliver,
        })
    }
}

/// Not a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not ID or ID:PARAMETER=VALUE,...: a value is a number, a span such as 24h, a time, or a word")]
pub struct SourceError;

/// Reads `ID` or `ID:PARAMETER=VALUE[,PARAMETER=VALUE...]`.
pub fn source(text: &str) -> Result<Source, SourceError> {
    // A time has colons: the first one ends the id, as no id of a catalogue has any.
    let (id, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut params = BTreeMap::new();
    for pair in rest.split(',').filter(|_| !rest.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(SourceError)?;
        let name = Name::parse(name).ok_or(SourceError)?;
        if params.insert(name, value_of(value).ok_or(SourceError)?).is_some() {
            return Err(SourceError);
        }
    }
    Ok(Source { id: Name::parse(id).ok_or(SourceError)?, params })
}

fn value_of(text: &str) -> Option<Value> {
    let number = || text.parse().ok().filter(|number: &u64| number.to_string() == text).map(Value::Number);
    let span = || Span::parse(text).map(Value::Span);
    let moment = || Time::parse(text).map(Value::Moment);
    let word = || Name::parse(text).map(Value::Word);
    number().or_else(span).or_else(moment).or_else(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_strictly() {
        let good = source("logs.messages:since=24h,until=2026-11-20T10:00:00Z,lines=5,unit=sshd").expect("a source");
        assert_eq!((good.id.as_str(), good.params.len()), ("logs.messages", 4));
        let value = |name: &str| good.params.get(&Name::parse(name).expect("a name")).cloned();
        assert_eq!(value("lines"), Some(Value::Number(5)));
        assert!(matches!(value("since"), Some(Value::Span(_))) && matches!(value("until"), Some(Value::Moment(_))));
        assert!(source("kernel.dmesg").expect("a source").params.is_empty());
        for bad in ["", "/etc/passwd", "a:b", "a:b=", "a:b=/etc", "a:b=1,b=2", "a:=1", "a:b=$(x)", "a:b=01"] {
            assert_eq!(source(bad), Err(SourceError), "{bad}");
        }
    }
}
