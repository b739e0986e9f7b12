//! The center's keys on its disk: made on the first start, never over an old one.
//!
//! In: the data folder. Out: the keys that `signer` and `vault` work with. Without any set-up there is one root key, threshold 1,
//! beside the others. In production root keys belong offline: carry `root_ed25519` away; its public half stays, and the key is
//! needed here again only when a tenant is to have a keyset. Never: reads a key file that others may read, makes a key anew whose public half is still there.

mod file;

use std::path::{Path, PathBuf};

use oediag_protocol::{
    id::TenantId,
    sealed::{Identity, Recipient},
    sshsig::{PublicKey, Signer},
};
use zeroize::Zeroizing;

pub use self::file::FileError;
use crate::secret::{self, NoRandom};

/// Why there is no such key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its file does not hold such a key.
    #[error("{path} does not hold the key that belongs there")]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// Only its public half is here.
    #[error("{path} is not here: bring it back for as long as this takes")]
    Away {
        /// The file.
        path: PathBuf,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// What a signing key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To sign keysets.
    Root,
    /// To sign acks.
    Ack,
    /// To sign requests.
    Request,
}

impl Role {
    const ALL: [Self; 3] = [Self::Root, Self::Ack, Self::Request];

    const fn file(self) -> &'static str {
        match self {
            Self::Root => "root_ed25519",
            Self::Ack => "ack_ed25519",
            Self::Request => "request_ed25519",
        }
    }
}

/// The recovery identity; it belongs on another machine.
const RECOVERY: &str = "recovery.age";

/// The folder of keys.
#[derive(Clone, Debug)]
pub struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Opens the folder `keys` of a data folder, and makes the keys that were never there.
    pub fn open(data: &Path) -> Result<Self, KeyError> {
        let keys = Self { folder: data.join("keys") };
        file::folder(&keys.folder)?;
        for role in Role::ALL {
            let private = || Ok(Signer::generate(secret::random()?).to_openssh().unwrap_or_default());
            let public = |text: &str| Some(Signer::from_openssh(text.as_bytes()).ok()?.public().to_string());
            keys.pair(role.file(), private, public)?;
        }
        let public = |text: &str| Some(Identity::parse(text.trim_end())?.recipient()?.to_string());
        keys.pair(RECOVERY, || identity().map(|identity| identity.to_text()), public)?;
        Ok(keys)
    }

    /// The private key of a role.
    pub fn signer(&self, role: Role) -> Result<Signer, KeyError> {
        let path = self.folder.join(role.file());
        let text = file::read(&path)?.ok_or(KeyError::Away { path: path.clone() })?;
        Signer::from_openssh(text.as_bytes()).map_err(|_| KeyError::Content { path })
    }

    /// The public key of a role.
    pub fn public(&self, role: Role) -> Result<PublicKey, KeyError> {
        let path = self.folder.join(format!("{}.pub", role.file()));
        let text = file::read(&path)?.unwrap_or_default();
        PublicKey::parse(&text).map_err(|_| KeyError::Content { path })
    }

    /// To whom every bundle is encrypted beside its tenant's vault.
    pub fn recovery(&self) -> Result<Recipient, KeyError> {
        let path = self.folder.join(format!("{RECOVERY}.pub"));
        let text = file::read(&path)?.unwrap_or_default();
        Recipient::parse(text.trim_end()).ok_or(KeyError::Content { path })
    }

    /// The file of the recovery identity, as long as nobody has carried it away.
    pub fn recovery_file(&self) -> Option<PathBuf> {
        Some(self.folder.join(RECOVERY)).filter(|path| path.exists())
    }

    /// The identity that opens a tenant's bundles; made when the tenant has none.
    pub fn vault(&self, tenant: &TenantId) -> Result<Identity, KeyError> {
        let name = format!("vault-{tenant}.age");
        self.pair(
            &name,
            || identity().map(|identity| identity.to_text()),
            |text| Some(Identity::parse(text.trim_end())?.recipient()?.to_string()),
        )?;
        let path = self.folder.join(name);
        let text = file::read(&path)?.ok_or(KeyError::Away { path: path.clone() })?;
        Identity::parse(text.trim_end()).ok_or(KeyError::Content { path })
    }

    /// Makes a private key and its public half, unless one of them is there. The public half comes last and stays for ever,
    /// so that a private key which was carried away or lost is missed, and not made anew.
    fn pair(
        &self,
        name: &str,
        private: impl FnOnce() -> Result<Zeroizing<String>, KeyError>,
        public: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(), KeyError> {
        let (path, public_path) = (self.folder.join(name), self.folder.join(format!("{name}.pub")));
        if file::read(&public_path)?.is_some() {
            return Ok(());
        }
        if file::read(&path)?.is_none() {
            file::make(&path, &private()?)?;
        }
        // As it lies there now: another process may have been faster.
        let text = file::read(&path)?.unwrap_or_default();
        let public = public(&text).ok_or(KeyError::Content { path })?;
        Ok(file::make(&public_path, &format!("{public}\n"))?)
    }
}

fn identity() -> Result<Identity, KeyError> {
    // Every seed of 32 bytes is an identity.
    Identity::generate(secret::random()?).ok_or(KeyError::Content { path: PathBuf::new() })
}

#[cfg(test)]
mod tests;
