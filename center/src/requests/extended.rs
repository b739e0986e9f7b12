//! Level extended: an engineer writes a request, a lead approves it, the engineer signs it with a key that the center does not have.
//!
//! In: drafts, a lead, an armored SSH signature. Out: proposals, then a signed request in the host's inbox. Never: a change between
//! what the lead approved and what is signed; a request that nobody but the center signed.

use oediag_protocol::{
    consent::Level,
    document::{self, signed_by},
    id::{HostId, RequestId},
    request::paper::{Person, Request},
    signed::Signed,
    sshsig::{Namespace, PublicKey},
    time::Time,
};

use super::{Desk, Draft, RequestError, text};
use crate::{
    signer::SignError,
    store::{StoreError, proposals::Proposal, requests::Asked},
};

/// The request of a proposal, for pages.
pub fn proposed(proposal: &Proposal) -> Result<Request, StoreError> {
    serde_json::from_str(&proposal.paper).map_err(|_| StoreError::Row { table: "proposals" })
}

impl Desk<'_> {
    /// Keeps a request for a lead.
    pub async fn propose(&self, host: HostId, draft: Draft) -> Result<RequestId, RequestError> {
        let request = self.preview(host, draft).await?;
        if request.scope.level != Level::Extended {
            return Err(RequestError::Draft("only requests of level extended wait for a lead"));
        }
        let paper = serde_json::to_string(&request).map_err(|_| StoreError::Row { table: "proposals" })?;
        let proposal = Proposal {
            id: request.request_id,
            tenant: self.tenant.clone(),
            host,
            paper,
            composed_by: request.requested_by.id.as_str().to_owned(),
            approved_by: None,
            changed: self.now,
        };
        self.store.propose(&proposal).await?;
        Ok(proposal.id)
    }

    /// A lead's approval: from now on the request's bytes stand, and its time runs.
    pub async fn approve(&self, id: RequestId, lead: Person) -> Result<(), RequestError> {
        let proposal = self.waiting(id).await?;
        if proposal.approved_by.is_some() {
            return Err(RequestError::Draft("it was approved before"));
        }
        let old = proposed(&proposal)?;
        let by = lead.id.as_str().to_owned();
        let request = Request {
            created: self.now,
            not_before: self.now,
            expires: Time(self.now.0 + (old.expires.0 - old.created.0)),
            approved_by: Some(lead),
            ..old
        };
        let paper =
            document::to_bytes(&request).map_err(|_| RequestError::Draft("a lead who is not the one that asks approves it"))?;
        let kept = self.store.approve(self.tenant, id, &by, &text(&paper), self.now).await?;
        if kept { Ok(()) } else { Err(RequestError::Draft("it was approved before")) }
    }

    /// A lead's no.
    pub async fn refuse(&self, id: RequestId, lead: &str) -> Result<(), RequestError> {
        let there = self.store.drop_proposal(self.tenant, id, Some(lead), self.now).await?;
        if there { Ok(()) } else { Err(RequestError::NoRequest) }
    }

    /// Takes the engineer's signature over the approved bytes, adds the center's own, and asks the host.
    pub async fn gathered(&self, id: RequestId, signature: &str) -> Result<Asked, RequestError> {
        let proposal = self.waiting(id).await?;
        if proposal.approved_by.is_none() {
            return Err(RequestError::Draft("no lead approved it yet"));
        }
        let (request, payload) = (proposed(&proposal)?, proposal.paper.as_bytes());
        self.reachable(request.host_id).await?;
        let keyset = self.signer.newest(self.store, self.tenant, self.now).await?;
        let engineers: Vec<PublicKey> = keyset.engineer.keys.iter().map(|engineer| engineer.key.clone()).collect();
        let key = signed_by(payload, signature.as_bytes(), Namespace::Request, &engineers)
            .map_err(|_| RequestError::Draft("this is not a signature of an engineer's listed key over exactly these bytes"))?;
        let ours = self.signer.request_signatures(payload)?;
        let mut all: Vec<(&PublicKey, String)> = ours.iter().map(|(key, signature)| (key, signature.clone())).collect();
        all.push((key, signature.to_owned()));
        let signed = Signed::gathered::<Request>(payload, &all).map_err(SignError::from)?;
        let asked = self.keep(&request, &signed.to_bytes().map_err(SignError::from)?, &keyset).await?;
        self.store.drop_proposal(self.tenant, id, None, self.now).await?;
        Ok(asked)
    }

    async fn waiting(&self, id: RequestId) -> Result<Proposal, RequestError> {
        self.store.proposal(self.tenant, id).await?.ok_or(RequestError::NoRequest)
    }
}
