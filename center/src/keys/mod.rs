//! The center's keys on its disk: made on the first start, never over an old one.
//!
//! In: the data folder. Out: the keys that `signer` and `vault` work with. Without any set-up there is one root key, threshold 1,
//! beside the others; in production root keys are made and kept elsewhere (`docs/keys.md`). Request and ack keys are numbered:
//! the newest two count, so that a host which does not know the newest yet still knows the one before.
//! Never: reads a key file that others may read, makes a key anew whose public half is still there.

mod file;

use std::{
    fs,
    path::{Path, PathBuf},
};

use oediag_protocol::{
    id::TenantId,
    keyset::RootPin,
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
    /// A file of this name is there.
    #[error("{path} is there already, and a key is never replaced")]
    Taken {
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

/// Keys of one role that count at a time.
const COUNTING: u32 = 2;

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
            keys.signing_pair(role.file())?;
        }
        let public = |text: &str| Some(Identity::parse(text.trim_end())?.recipient()?.to_string());
        keys.pair(RECOVERY, || identity().map(|identity| identity.to_text()), public)?;
        Ok(keys)
    }

    /// The embedded root key.
    pub fn root(&self) -> Result<Signer, KeyError> {
        read_signer(&self.folder.join(Role::Root.file()))
    }

    /// The public half of the embedded root key.
    pub fn root_public(&self) -> Result<PublicKey, KeyError> {
        read_public(&self.public_path(Role::Root, 1))
    }

    /// The private keys of a role that count, oldest first: a signature of each is made. At least one.
    pub fn signers(&self, role: Role) -> Result<Vec<Signer>, KeyError> {
        let signers: Vec<Signer> = self
            .counting(role)?
            .filter_map(|number| match read_signer(&self.path(role, number)) {
                Err(KeyError::Away { .. }) => None,
                signer => Some(signer),
            })
            .collect::<Result<_, _>>()?;
        if signers.is_empty() { Err(KeyError::Away { path: self.path(role, 1) }) } else { Ok(signers) }
    }

    /// The public keys of a role that count, oldest first.
    pub fn public(&self, role: Role) -> Result<Vec<PublicKey>, KeyError> {
        self.counting(role)?.map(|number| read_public(&self.public_path(role, number))).collect()
    }

    /// Makes the next key of a role. The one before goes on counting beside it.
    pub fn rotate(&self, role: Role) -> Result<PublicKey, KeyError> {
        let next = self.newest(role)? + 1;
        self.signing_pair(&file_name(role, next))?;
        read_public(&self.public_path(role, next))
    }

    /// Deletes the private half of a request or ack key that is revoked; true when it was one of ours.
    pub fn forget(&self, keyid: &str) -> Result<bool, KeyError> {
        for role in [Role::Ack, Role::Request] {
            for number in 1..=self.newest(role)? {
                let path = self.path(role, number);
                if read_public(&self.public_path(role, number))?.fingerprint() == keyid {
                    return match fs::remove_file(&path) {
                        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                            Err(FileError::Io { path, source }.into())
                        }
                        _ => Ok(true),
                    };
                }
            }
        }
        Ok(false)
    }

    /// What a tenant's first keyset was signed by, where that is not the embedded root.
    pub fn pin(&self, tenant: &TenantId) -> Result<Option<RootPin>, KeyError> {
        let path = self.pin_path(tenant);
        let Some(text) = file::read(&path)? else { return Ok(None) };
        RootPin::parse(text.trim_end()).map(Some).ok_or(KeyError::Content { path })
    }

    /// Keeps what a tenant's first keyset is signed by, beside the keys: whoever can change the database shall not change this.
    pub fn keep_pin(&self, tenant: &TenantId, pin: RootPin) -> Result<(), KeyError> {
        Ok(file::make(&self.pin_path(tenant), &format!("{pin}\n"))?)
    }

    fn pin_path(&self, tenant: &TenantId) -> PathBuf {
        self.folder.join(format!("root-{tenant}.pin"))
    }

    /// The number of a role's newest key, from 1.
    fn newest(&self, role: Role) -> Result<u32, KeyError> {
        let mut newest = 1;
        while file::read(&self.public_path(role, newest + 1))?.is_some() {
            newest += 1;
        }
        Ok(newest)
    }

    fn counting(&self, role: Role) -> Result<impl Iterator<Item = u32>, KeyError> {
        let newest = self.newest(role)?;
        Ok((newest + 1).saturating_sub(COUNTING).max(1)..=newest)
    }

    fn path(&self, role: Role, number: u32) -> PathBuf {
        self.folder.join(file_name(role, number))
    }

    fn public_path(&self, role: Role, number: u32) -> PathBuf {
        self.folder.join(format!("{}.pub", file_name(role, number)))
    }

    fn signing_pair(&self, name: &str) -> Result<(), KeyError> {
        let public = |text: &str| Some(Signer::from_openssh(text.as_bytes()).ok()?.public().to_string());
        self.pair(name, generate, public)
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

/// The first key of a role has the role's own name, each later one a number.
fn file_name(role: Role, number: u32) -> String {
    if number == 1 { role.file().to_owned() } else { format!("{}-{number}", role.file()) }
}

fn generate() -> Result<Zeroizing<String>, KeyError> {
    Ok(Signer::generate(secret::random()?).to_openssh().unwrap_or_default())
}

/// Makes a root key in a folder outside of any center: `root_ed25519` and its public half.
pub fn make_root(folder: &Path) -> Result<PublicKey, KeyError> {
    file::folder(folder)?;
    let path = folder.join(Role::Root.file());
    let public_path = folder.join(format!("{}.pub", Role::Root.file()));
    for taken in [&path, &public_path] {
        if fs::symlink_metadata(taken).is_ok() {
            return Err(KeyError::Taken { path: taken.clone() });
        }
    }
    file::make(&path, &generate()?)?;
    // As it lies there now: another process may have been faster.
    let public = read_signer(&path)?.public();
    file::make(&public_path, &format!("{public}\n"))?;
    Ok(public)
}

/// The private key in a file.
pub fn read_signer(path: &Path) -> Result<Signer, KeyError> {
    let text = file::read(path)?.ok_or_else(|| KeyError::Away { path: path.to_owned() })?;
    Signer::from_openssh(text.as_bytes()).map_err(|_| KeyError::Content { path: path.to_owned() })
}

fn read_public(path: &Path) -> Result<PublicKey, KeyError> {
    let text = file::read(path)?.unwrap_or_default();
    PublicKey::parse(&text).map_err(|_| KeyError::Content { path: path.to_owned() })
}

fn identity() -> Result<Identity, KeyError> {
    // Every seed of 32 bytes is an identity.
    Identity::generate(secret::random()?).ok_or(KeyError::Content { path: PathBuf::new() })
}

#[cfg(test)]
mod tests;
