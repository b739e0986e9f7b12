//! The commands, one file each, named as people type them. Each takes its options and the invocation, and gives an exit code.

pub mod agent;
pub mod alerts;
pub mod broker;
pub mod case;
pub mod cat;
pub mod collect;
pub mod consent;
pub mod enroll;
pub mod export;
pub mod import;
pub mod ledger;
pub mod ls;
pub mod operations;
pub mod plan;
pub mod policy;
pub mod redact;
pub mod release;
pub mod requests;
pub mod reveal;
pub mod show;
pub mod sources;
pub mod status;
pub mod upload;
pub mod verify;
