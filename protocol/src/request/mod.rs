//! Remote requests: what a center may ask a host for, how it takes that back, and when a host listens.
//!
//! In: hostile signed bytes, the host's own keyset, identity, clock and catalogue. Out: a request to decide about, or one reason.
//! Never: carries a path, a pattern, a command or a key; decides for the customer (that is `policy`, or a person).

pub mod cancel;
pub mod catalogue;
pub mod event;
pub mod life;
pub mod paper;
pub mod value;
pub mod verify;
