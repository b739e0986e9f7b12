//! Tests of the protocol crate from outside, in one binary: the way others use it, and attack it.

mod common;

mod bundle;
mod fuzz;
mod json;
mod names;
mod profile;
mod sshsig;
mod stock;
