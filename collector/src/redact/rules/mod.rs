//! The rules, as rows: a literal, the kind of value it announces, and how to find the value from there.
//!
//! In: nothing. Out: the table from which the automaton of scan A is built, and its hash for the manifest.

mod accounts;
mod directives;
mod encoded;
mod identities;
mod issuers;
mod keys;
mod phrases;
mod programs;
mod urls;
mod wide;

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

pub(super) use self::wide::WIDE_RULES;
use super::{account::Place, identity::Field, kinds::Kind};

/// What the key may be part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Anything may stand before: `DBPassword`, `ansible_become_password`.
    Loose,
    /// The word stands alone or begins a part of a name: `db_pass`, `dbPass`, not `bypass`.
    Word,
}

/// What the value has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// Anything that is not masked, a word or a path.
    Secret,
    /// As `Secret`, at least 8 characters, with digits or mixed case.
    Token,
    /// The name of an account.
    Account,
    /// As `Secret`, if the key begins its line, or `=` or quotes say that it is a key.
    Line,
    /// As `Token`, at least 32 characters of padded base64.
    Base64,
    /// At least 40 characters of base64 in its alphabet for addresses, and no hexadecimal.
    KeyPart,
    /// `user:password` in base64.
    Login,
    /// A number with at least four decimals.
    Degrees,
}

/// An option of a program that takes a secret or a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opt {
    pub(super) flag: &'static str,
    pub(super) kind: Kind,
    pub(super) how: How,
}

/// Where an option's value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// In the next argument.
    Next,
    /// Behind the flag in the same argument only; `-p` alone asks.
    Attached,
    /// Either.
    Either,
    /// In the next argument or attached, behind the first `:`.
    AfterColon,
    /// The same, behind the first `,`.
    AfterComma,
    /// As `Either`, behind the first `%`.
    AfterPercent,
    /// Any argument, behind its `/`: `name/secret@database`.
    AfterSlash,
    /// The last argument of the command, if the flag's letter is among those of an option.
    Last,
}

/// How to find the value from the literal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verify {
    /// The literal ends a key; `=`, `:` or markup and the value follow.
    Key(Bound, Test),
    /// The literal is a directive; the values are these words after it, options not counted.
    Directive(&'static [u8]),
    /// The literal begins its line; all of the line behind it is the value, blanks too.
    Rest,
    /// `Authorization:` and its like: a scheme, then the value.
    Header,
    /// The value follows directly, base64 or token characters, at least this many.
    Follows(usize),
    /// The literal begins the secret itself, which has at least this many characters in all.
    Prefix(usize),
    /// A crypt hash begins here.
    Hash,
    /// A JSON web token may begin here.
    Jwt,
    /// `scheme://user:password@host`.
    Userinfo,
    /// `user:password` stands before.
    DsnLeft,
    /// The name of an account follows.
    Account,
    /// The `@` of an address, percent-encoded.
    PercentMail,
    /// The name of an account stands there.
    Named(Place),
    /// `cn=NAME` or `uid=NAME` follows.
    BindDn,
    /// A command line in hexadecimal follows.
    Hex,
    /// The arguments of a command in an audit record follow.
    Arguments,
    /// Bytes as a list of numbers follow.
    Numbers,
    /// `user%3Apassword%40host` follows.
    PercentUserinfo,
    /// An identity of this shape follows.
    Field(Field),
    /// The values of the words behind `echo` or `printf`, piped into a program that reads a secret.
    Piped,
    /// The string behind `<<<`, the lines behind `<<`.
    Here,
    /// The value follows directly; a quote at the literal's end closes it.
    Direct,
    /// The last quoted word of the line.
    LastQuoted,
    /// The last word of a sentence.
    Announced,
    /// `name:secret` follows.
    BehindName,
    /// `name:secret` in base64 follows.
    Basic,
    /// One of the next words is at least so many digits of hexadecimal.
    HexWord(usize),
    /// The key of a keytab's entry.
    Keytab,
    /// Bytes in hexadecimal, over some lines.
    Dump,
    /// The last word of a line, behind the literal in exactly this case.
    Spelled,
    /// The argument with this number of the call that the literal opens.
    Argument(u8),
    /// `name/secret@database` follows.
    SlashLogin,
    /// `NAME=secret` follows.
    Entry,
    /// Exactly so many digits of hexadecimal follow.
    Digits(usize),
    /// Hashes of Windows stand before.
    HashesBefore,
    /// `NAME="secret"` follows, in the configuration of a login module.
    ListedAccount,
    /// A script sends it where it was asked for a password.
    Sent,
    /// The line with this number below, which a script writes into a program.
    LineBelow(u8),
    /// `name:secret` in the lines below.
    AccountsBelow,
    /// The part with this number of a value that is parted by this sign.
    Part(u8, u8),
    /// The word behind, in a statement that replaces a password.
    Replaced,
    /// A secret in quotes, in a line of its own with a client and a server.
    Chap,
    /// The next string of a numbered list, or the last of so many.
    NextEntry(u8),
    /// The parts of a path that lead to somebody's hook: one of them is a long code.
    Hook,
    /// What a debugger printed in the line below.
    Printed,
    /// A cookie in a browser's file.
    KeptCookie,
    /// The columns and rows of a statement of SQL.
    Insert,
    /// `1: secret` follows.
    Numbered,
    /// The text of a code to scan that lets into a wireless network.
    WifiCode,
    /// A list of cookies follows.
    Cookies,
    /// A flat map of tokens follows.
    Tokens,
    /// Every value of the list or map behind the word, in its line or below.
    Each,
    /// A program; its options are in the row.
    Program(&'static [Opt]),
}

impl Verify {
    /// Whether no literal inside of this one says more than it.
    pub(super) fn is_final(self, word: &str) -> bool {
        matches!(self, Verify::BehindName) && word.starts_with("--")
    }
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) word: &'static str,
    pub(super) kind: Kind,
    pub(super) verify: Verify,
}

const fn rule(word: &'static str, kind: Kind, verify: Verify) -> Rule {
    Rule { word, kind, verify }
}

const fn opt(flag: &'static str, kind: Kind, how: How) -> Opt {
    Opt { flag, kind, how }
}

const LOOSE: Verify = Verify::Key(Bound::Loose, Test::Secret);
const WORD: Verify = Verify::Key(Bound::Word, Test::Secret);
const TOKEN: Verify = Verify::Key(Bound::Word, Test::Token);
const DEGREES: Verify = Verify::Key(Bound::Word, Test::Degrees);
const KEY_PART: Verify = Verify::Key(Bound::Loose, Test::KeyPart);
const ACCOUNT: Verify = Verify::Key(Bound::Word, Test::Account);

/// The rule table: one file per way in which a value is announced.
pub(super) static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let tables = [
        keys::ROWS,
        directives::ROWS,
        phrases::ROWS,
        issuers::ROWS,
        urls::ROWS,
        identities::ROWS,
        accounts::ROWS,
        encoded::ROWS,
        programs::ROWS,
    ];
    tables.into_iter().flatten().collect()
});

/// Name of this rule table, to be raised when a rule changes what it does.
pub(super) const NAME: &str = "default-1";
/// The same with rules of the customer's beside it.
pub(super) const NAME_WITH_SITE: &str = "default-1+site";

/// SHA-256 over the rows.
pub(super) fn digest() -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(NAME);
    for rule in &*RULES {
        hash.update(format!("{}\t{}\t{:?}\n", rule.word, rule.kind.name(), rule.verify));
    }
    for (word, kind) in WIDE_RULES {
        hash.update(format!("{word}\t{}\n", kind.name()));
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_can_be_found_and_stands_once() {
        let mut words = HashSet::new();
        for rule in &*RULES {
            assert!(rule.word.len() >= 3, "{:?} is too short for the filter of the scan", rule.word);
            assert!(words.insert(rule.word), "{:?} stands twice", rule.word);
        }
    }
}
