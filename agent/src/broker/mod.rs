//! `oediag broker`: the one process that may examine the host for others, and has no network.
//!
//! `wire` is what is said over its socket, `client` asks. It trusts neither the agent nor what the agent brings: every paper is
//! verified here, from this host's own state. Never: names `sender`, opens a socket of the internet.

pub mod client;
pub mod wire;
