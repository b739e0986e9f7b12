//! What both sides agree on: identities, signed objects, and the bundle format.
//!
//! In: bytes and readers handed over by the caller. Out: typed values, verdicts and bytes to store.
//! This crate opens no file, no socket, and reads no clock; it can run anywhere, on hostile input.

pub mod bundle;
pub mod digest;
pub mod id;
pub mod json;
pub mod sshsig;
pub mod time;
