//! `allowed_signers` files: which key may sign what in whose name.
//!
//! In: text of which OpenSSH 8.2 understands every line. Out: keys by principal and namespace.
//! Never: accepts patterns, certificates, validity dates or a line without `namespaces=`, whatever ssh-keygen would do.

use super::{KeyError, Namespace, PublicKey};

/// Most bytes of one file.
const MAX_BYTES: usize = 1 << 20;

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowedError {
    /// Too long, or not UTF-8 text.
    #[error("allowed_signers is not UTF-8 text of at most {MAX_BYTES} bytes")]
    Text,
    /// A line of another form.
    #[error("line {line} of allowed_signers is not: PRINCIPAL namespaces=\"NAME[,NAME...]\" KEYTYPE BASE64 [COMMENT]")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The key of a line was refused.
    #[error("line {line} of allowed_signers: {source}")]
    Key {
        /// Number of the line, from 1.
        line: usize,
        /// Why.
        source: KeyError,
    },
}

/// The lines of an `allowed_signers` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSigners(Vec<Allowed>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    principal: String,
    namespaces: Vec<Namespace>,
    key: PublicKey,
}

impl AllowedSigners {
    /// Reads a whole file. Blank lines and lines that begin with `#` are skipped; one bad line refuses the file.
    /// Well-formed namespaces that this version does not know are ignored.
    pub fn parse(text: &[u8]) -> Result<Self, AllowedError> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= MAX_BYTES).ok_or(AllowedError::Text)?;
        text.split('\n')
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(text, line)| {
                let (principal, namespaces, key) = fields(text).ok_or(AllowedError::Line { line })?;
                let key = PublicKey::parse(key).map_err(|source| AllowedError::Key { line, source })?;
                let namespaces = namespaces.split(',').filter_map(Namespace::parse).collect();
                Ok(Allowed { principal: principal.to_owned(), namespaces, key })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The keys that may sign for `principal` in `namespace`, in the file's order; more than one after a rotation.
    pub fn keys<'a>(&'a self, principal: &'a str, namespace: Namespace) -> impl Iterator<Item = &'a PublicKey> {
        self.0
            .iter()
            .filter(move |line| line.principal == principal && line.namespaces.contains(&namespace))
            .map(|line| &line.key)
    }
}

fn fields(line: &str) -> Option<(&str, &str, &str)> {
    let (principal, rest) = line.split_once(' ')?;
    let (namespaces, key) = rest.strip_prefix("namespaces=\"")?.split_once("\" ")?;
    // Neither a list nor a pattern: `,`, `*`, `?` and `!` have a meaning to ssh-keygen.
    let plain = |text: &str, extra: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    (plain(principal, b"-_.@+") && namespaces.split(',').all(|name| plain(name, b"-_.@"))).then_some((principal, namespaces, key))
}

/// One line, without its line feed, that lets `key` sign for `principal` in `namespaces`.
pub fn allowed_line(principal: &str, namespaces: &[Namespace], key: &PublicKey) -> String {
    let namespaces: Vec<_> = namespaces.iter().map(|namespace| namespace.as_str()).collect();
    format!("{principal} namespaces=\"{}\" {key}", namespaces.join(","))
}
