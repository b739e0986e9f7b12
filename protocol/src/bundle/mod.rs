//! The bundle format `oediag-bundle/1`: names, ustar profile, gzip members, manifest, sums, signatures.

pub mod manifest;
