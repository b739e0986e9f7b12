//! What both sides agree on: identities, signed objects, and the bundle format.
//!
//! In: bytes and readers handed over by the caller. Out: typed values, verdicts and bytes to store.
//! This crate opens no file, no socket, and reads no clock; it can run anywhere, on hostile input. It makes no randomness
//! either, with one exception: `sealed` leaves the making of file keys to the age library.

pub mod ack;
pub mod audit;
pub mod bundle;
pub mod case;
pub mod catalogue;
pub mod consent;
pub mod deletion;
pub mod digest;
pub mod document;
pub mod enroll;
pub mod envelope;
pub mod http_signature;
pub mod id;
pub mod inbox;
pub mod json;
pub mod keyset;
pub mod kit;
pub mod ledger;
pub mod policy;
pub mod request;
pub mod sealed;
pub mod signed;
pub mod sshsig;
pub mod text;
pub mod time;
pub mod views;
pub mod withdrawal;
