//! The standing policy `policy.toml`: what the customer decided beforehand about remote requests.
//!
//! In: the file's text; a verified request and the facts of the moment. Out: deny, agree by a rule, or ask, with one row for each
//! rule that says why. Never: goes beyond the customer's limits, agrees when the clock cannot be trusted, knows the catalogue.
//! Precedence: the switch, `never` and the limits, then deny rules, then auto rules in the order of the file, then asking.

pub mod field;
pub mod file;
pub mod verdict;
