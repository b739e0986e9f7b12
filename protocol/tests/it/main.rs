//! Tests of the protocol crate from outside, in one binary: the way others use it, and attack it.

mod common;

mod bundle;
mod documents;
mod enroll;
mod fuzz;
mod json;
mod keyset;
mod ledger;
mod names;
mod papers;
mod policy;
mod policy_model;
mod profile;
mod remote_papers;
mod request;
mod request_papers;
mod sealed;
mod signed;
mod sshsig;
mod stock;
