//! Encryption of a bundle: the age file format, version 1, X25519 recipients only.
//!
//! In: a stream and recipients, or a stream and identities. Out: the other stream, in constant memory.
//! Never: takes a passphrase, a plugin or another type of key; tells who sent a file: the envelope does. The key of each file
//! and the ephemeral keys are the age library's own randomness, from the system.

use std::{
    cmp::Ordering,
    fmt,
    io::{self, BufRead as _, BufReader, Chain, Cursor, Read, Seek, SeekFrom, Write},
};

use ::age::{
    DecryptError, Decryptor, Encryptor,
    secrecy::ExposeSecret as _,
    stream::{StreamReader, StreamWriter},
    x25519,
};
use bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256 as Hasher};
use zeroize::Zeroizing;

use crate::digest::Sha256;

/// Most bytes of a file's header: room for over 100 recipients. The library has no limit of its own.
const MAX_HEADER: usize = 16 * 1024;

/// Bytes that are encrypted and authenticated together.
const CHUNK: usize = 64 * 1024;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// Reading or writing failed.
    #[error("reading or writing the encrypted file failed")]
    Io(#[from] io::Error),
    /// There is nobody to encrypt to.
    #[error("no recipient to encrypt to")]
    NoRecipient,
    /// Not a file of age's format, version 1, or its header is broken or too long.
    #[error("not an encrypted file of the age format, or its header is damaged")]
    Format,
    /// Encrypted to others.
    #[error("the file is encrypted to other recipients")]
    NotForUs,
}

/// A public key to encrypt to, written `age1...`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    text: String,
    key: x25519::Recipient,
}

impl Recipient {
    /// Reads `age1...` in lower case. Points of low order, with which everybody could decrypt, are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let key: x25519::Recipient = text.parse().ok()?;
        let point: [u8; 32] = CheckedHrpstring::new::<Bech32>(text).ok()?.byte_iter().collect::<Vec<_>>().try_into().ok()?;
        // A shared secret of zeros, whatever the other's key (RFC 7748, 6.1).
        let low = x25519_dalek::x25519([1; 32], point) == [0; 32];
        (!low && key.to_string() == text).then(|| Self { text: text.to_owned(), key })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialOrd for Recipient {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Recipient {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Serialize for Recipient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an X25519 recipient of age: age1..."))
    }
}

/// A private key that decrypts. It is wiped from memory when dropped.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl Identity {
    /// Makes the key of a seed. The seed must come from the system's random source and must be forgotten afterwards.
    pub fn generate(seed: [u8; 32]) -> Option<Self> {
        let seed = Zeroizing::new(seed);
        let text = Zeroizing::new(bech32::encode_upper::<Bech32>(Hrp::parse("AGE-SECRET-KEY-").ok()?, &*seed).ok()?);
        Self::parse(&text)
    }

    /// Reads `AGE-SECRET-KEY-1...`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The key as text for a file of mode 0600; the text is wiped when dropped.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// The public half; none for a key that nobody should encrypt to.
    pub fn recipient(&self) -> Option<Recipient> {
        Recipient::parse(&self.0.to_public().to_string())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.0.to_public())
    }
}

/// What was written: the envelope's `payload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Bytes of the ciphertext.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// Encrypts what is written to it. Without [`Sealer::finish`] the output cannot be decrypted to its end.
pub struct Sealer<W: Write>(StreamWriter<Counted<W>>);

impl<W: Write> Sealer<W> {
    /// Writes the header for these recipients.
    pub fn new(output: W, recipients: &[Recipient]) -> Result<Self, AgeError> {
        let encryptor = Encryptor::with_recipients(recipients.iter().map(|recipient| &recipient.key as &dyn ::age::Recipient))
            .map_err(|_| AgeError::NoRecipient)?;
        Ok(Self(encryptor.wrap_output(Counted { output, bytes: 0, hasher: Hasher::new() })?))
    }

    /// Writes the last chunk; the caller makes the output durable.
    pub fn finish(self) -> Result<(W, Sealed), AgeError> {
        let Counted { output, bytes, hasher } = self.0.finish()?;
        Ok((output, Sealed { bytes, sha256: Sha256(hasher.finalize().into()) }))
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> fmt::Debug for Sealer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// Counts and digests what goes through.
struct Counted<W> {
    output: W,
    bytes: u64,
    hasher: Hasher,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let count = self.output.write(buf)?;
        self.bytes += count as u64;
        self.hasher.update(&buf[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Decrypts: yields the plaintext. A file that was cut or changed ends in an error, never in an early end; what was read
/// before is authentic, but not known to be all.
pub struct Opener<R: Read>(StreamReader<Chain<Cursor<Vec<u8>>, BufReader<R>>>);

impl<R: Read> Opener<R> {
    /// Reads the header and finds the file's key with one of the identities.
    pub fn new(input: R, identities: &[Identity]) -> Result<Self, AgeError> {
        let mut input = BufReader::with_capacity(CHUNK, input);
        let header = header(&mut input)?;
        let decryptor = Decryptor::new_buffered(Cursor::new(header).chain(input)).map_err(opening)?;
        let identities = identities.iter().map(|identity| &identity.0 as &dyn ::age::Identity);
        decryptor.decrypt(identities).map(Self).map_err(opening)
    }
}

/// Decrypts at any place: each chunk of 64 KiB is authentic by itself and at its place, and the length was authenticated when
/// the file was opened. What is not read is not decrypted. After an error nothing more can be read.
pub struct SeekOpener<R: Read> {
    stream: StreamReader<BufReader<R>>,
    bytes: u64,
    /// Where the next read is to begin.
    at: u64,
    /// Where the stream is, when that is known.
    stream_at: Option<u64>,
    failed: bool,
}

impl<R: Read + Seek> SeekOpener<R> {
    /// Reads the header and the last chunk. The file begins at byte 0 of `input` and ends with it.
    pub fn new(input: R, identities: &[Identity]) -> Result<Self, AgeError> {
        let mut input = BufReader::with_capacity(CHUNK, input);
        input.seek(SeekFrom::Start(0))?;
        // Read twice: the library does not limit what it reads, so that the limit is checked before.
        header(&mut input)?;
        input.seek(SeekFrom::Start(0))?;
        let decryptor = Decryptor::new_buffered(input).map_err(opening)?;
        let identities = identities.iter().map(|identity| &identity.0 as &dyn ::age::Identity);
        let mut stream = decryptor.decrypt(identities).map_err(opening)?;
        let bytes = stream.seek(SeekFrom::End(0))?;
        Ok(Self { stream, bytes, at: 0, stream_at: None, failed: false })
    }

    /// Bytes of the plaintext.
    pub fn size(&self) -> u64 {
        self.bytes
    }
}

impl<R: Read + Seek> Read for SeekOpener<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if self.at >= self.bytes || buf.is_empty() {
            return Ok(0);
        }
        self.failed = true;
        if self.stream_at.take() != Some(self.at) {
            // Never beyond the end, where the library does not expect to be asked.
            self.stream.seek(SeekFrom::Start(self.at))?;
        }
        let count = self.stream.read(buf)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        (self.stream_at, self.failed) = (Some(self.at), false);
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for SeekOpener<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl<R: Read> fmt::Debug for SeekOpener<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeekOpener").field("bytes", &self.bytes).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Reads a header of at most [`MAX_HEADER`] bytes, and leaves the input behind it.
fn header(input: &mut impl io::BufRead) -> Result<Vec<u8>, AgeError> {
    let mut header = Vec::new();
    loop {
        let begin = header.len();
        input.by_ref().take((MAX_HEADER - begin) as u64).read_until(b'\n', &mut header)?;
        let line = &header[begin..];
        if line.last() != Some(&b'\n') {
            return Err(AgeError::Format);
        }
        if line.starts_with(b"---") {
            return Ok(header);
        }
    }
}

fn opening(error: DecryptError) -> AgeError {
    match error {
        DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => AgeError::Io(error),
        DecryptError::NoMatchingKeys => AgeError::NotForUs,
        _ => AgeError::Format,
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<R: Read> fmt::Debug for Opener<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}
