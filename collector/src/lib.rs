//! The examination of a host: own < host < catalogue < window < plan < redact < leak < bundle < gather.
//!
//! In: a request, a host (live or a folder that looks like one), a place for the bundle. Out: a signed,
//! redacted bundle and its manifest. Blocking code on threads; no network, ever.

pub mod budget;
pub mod bundle;
pub mod catalogue;
pub mod config;
pub mod cost;
mod digested;
pub mod disk;
mod failpoint;
pub mod gather;
pub mod host;
pub mod item;
pub mod leak;
pub mod ledger;
pub mod map;
pub mod own;
pub mod packed;
pub mod plan;
pub mod redact;
pub mod rules;
pub mod start;
pub mod state;
pub mod window;
