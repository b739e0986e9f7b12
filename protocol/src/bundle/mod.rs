//! The bundle format `oediag-bundle/1`: names, ustar profile, gzip members, manifest, sums, signatures.

pub mod gzip;
pub mod manifest;
pub mod name;
pub mod reader;
pub mod readme;
pub mod sums;
pub mod ustar;
pub mod verify;
