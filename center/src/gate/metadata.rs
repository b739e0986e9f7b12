//! `Upload-Metadata`: pairs of a name and a base64 value, separated by commas. In: the header. Out: the pairs, in order.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Most bytes of the header.
const MAX_BYTES: usize = 2 << 10;

/// What a sender says of its upload. Nothing in it is believed before it was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(Vec<(String, Vec<u8>)>);

/// Why the header was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Upload-Metadata is not NAME BASE64[,NAME BASE64...] of at most {MAX_BYTES} bytes with each name once")]
pub struct MetadataError;

impl Metadata {
    /// Reads the header. An empty one is none: some clients send it when they have nothing to say.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        if text.len() > MAX_BYTES {
            return Err(MetadataError);
        }
        let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            let value = STANDARD.decode(value).map_err(|_| MetadataError)?;
            if !plain || pairs.iter().any(|(known, _)| known == name) {
                return Err(MetadataError);
            }
            pairs.push((name.to_owned(), value));
        }
        Ok(Self(pairs))
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_strictly() {
        let good = Metadata::parse("filename YS50YXI=,empty,flag ").expect("metadata");
        assert_eq!(good.get("filename"), Some(b"a.tar".as_slice()));
        assert_eq!((good.get("empty"), good.get("other")), (Some(b"".as_slice()), None));
        assert_eq!(Metadata::parse(""), Ok(Metadata::default()));
        for bad in ["a YQ", "a YQ==,a YQ==", ",", "a b c", "ä YQ==", "a YQ==,"] {
            assert_eq!(Metadata::parse(bad), Err(MetadataError), "{bad}");
        }
    }
}
