//! What the fuzz targets and their first inputs share: archives behind check sums, sample documents, tables of paths.
//!
//! In: bytes of a fuzzer. Out: the same bytes where a parser gets to see them. Never: a verdict, which is the target's.

pub mod archive;
pub mod members;
pub mod redactor;
pub mod samples;

// The center's own files, without the hundreds of crates that make it a server.
#[path = "../../center/src/gate/metadata.rs"]
pub mod metadata;
#[path = "../../center/src/gate/values.rs"]
pub mod values;

#[path = "../../protocol/tests/it/papers.rs"]
mod papers;

/// What `papers` takes from its neighbours.
mod common {
    use oediag_protocol::{id::HostId, sshsig::Signer};

    /// Signs as the host of the samples.
    pub fn signer() -> Signer {
        Signer::generate([7; 32])
    }

    pub(crate) fn host() -> HostId {
        HostId([0xab; 16])
    }
}
