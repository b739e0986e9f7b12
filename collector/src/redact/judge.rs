//! Whether what stands behind a key can be a secret at all.
//!
//! In: the bytes of a value. Out: a judgement. Masked values, placeholders, references and words are none.

use std::{collections::HashSet, sync::LazyLock};

use super::token;

/// The length of the longest of [`WORDS`].
const WORD_MAX: usize = 16;

/// Words that stand after a key without being its value.
const WORDS: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "required",
    "require",
    "requisite",
    "sufficient",
    "optional",
    "include",
    "incorrect",
    "invalid",
    "expired",
    "failed",
    "failure",
    "wrong",
    "missing",
    "changed",
    "change",
    "empty",
    "not",
    "is",
    "must",
    "unset",
    "set",
    "unknown",
    "undefined",
    "disabled",
    "enabled",
    "default",
    "prompt",
    "files",
    "compat",
    "sss",
    "nis",
    "nisplus",
    "db",
    "systemd",
    "never",
    "redacted",
    "masked",
    "hidden",
    "filtered",
    "removed",
    "ok",
    "error",
    "denied",
    "accepted",
    "rejected",
    "updated",
    "authentication",
    "string",
    "str",
    "bool",
    "boolean",
    "integer",
    "varchar",
    "[]byte",
    "password",
    "passwd",
    "secret",
    "field",
    "for",
    "foobared",
    "changeme-example",
    "ask",
    "locked",
    "the",
    "and",
    "a",
    "to",
    "was",
    "has",
    "via",
    "in",
    "from",
    "with",
    "by",
    "at",
    "as",
    "or",
    "if",
    "it",
    "this",
    "that",
    "your",
    "its",
    "you",
    "are",
    "be",
    "been",
    "does",
    "do",
    "can",
    "cannot",
    "should",
    "will",
    "when",
    "without",
    "instead",
    "using",
    "option",
    "options",
    "argument",
    "parameter",
    "passwords",
    "secrets",
    "tokens",
    "credentials",
    "always",
    "algorithm",
    "policy",
    "aging",
    "strength",
    "on_create",
    "permission",
    "supported",
    // The samples in the comments of a shipped redis.conf.
    "ffa9203c493aa99",
];

/// Beginnings of what a program or a template fills in: nobody's secret stands in the text.
const REFERENCES: &[&[u8]] = &[
    b"var.",
    b"local.",
    b"data.",
    b"module.",
    b"self.",
    b"this.",
    b"os.",
    b"env.",
    b"config.",
    b"settings.",
    b"process.env.",
    b"args.",
    b"request.",
    b"options.",
    b"params.",
    b"secret/",
    b"secrets/",
    b"kv/",
    b"pam_",
];

/// Whether the value is masked already, a placeholder, a reference or a word that is no value.
pub(super) fn is_no_secret(v: &[u8]) -> bool {
    let Some(&first) = v.first() else { return true };
    if token::is_replaced(v) {
        return true;
    }
    let all = |f: fn(u8) -> bool| v.iter().all(|b| f(*b));
    let masks = matches!(first, b'*' | b'x' | b'X' | b'.' | b'-' | b'#' | b'?' | b'_') && v.iter().all(|b| *b == first);
    let reference = match first {
        b'$' => {
            matches!(v.get(1), Some(b'{' | b'(' | b'['))
                || (v.len() > 1 && v[1..].iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'0'..=b'9')))
        }
        b'<' => v.ends_with(b">") || all(|b| b != b'>'),
        b'{' => v.starts_with(b"{{") || v == b"{" || v == b"{}",
        b'%' => matches!(v.get(1), Some(b'(' | b'{')) || (v.len() == 2 && v[1].is_ascii_alphabetic()),
        b'[' => {
            v.len() == 1
                || v == b"[]"
                || v.starts_with(b"[{")
                || v[1..].iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b']' | b' ' | b'_' | b'-'))
        }
        b'!' => v.starts_with(b"!vault") || v.starts_with(b"!ENV") || v.starts_with(b"!Ref") || v.starts_with(b"!!"),
        b'E' => v.starts_with(b"ENC[") || v.starts_with(b"ENC("),
        b'(' => v.ends_with(b")") && all(|b| b.is_ascii_alphabetic() || matches!(b, b'(' | b')')),
        b'|' | b'>' => v.len() <= 2,
        b'&' | b'~' => v.len() == 1,
        _ => false,
    };
    let mut word = v;
    while let [rest @ .., b'.' | b',' | b')' | b';' | b':'] = word {
        word = rest;
    }
    masks || reference || is_code(v) || is_expression(v) || is_word(word)
}

/// Whether it is one of the words that are no value, in any case.
fn is_word(word: &[u8]) -> bool {
    static SET: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| WORDS.iter().map(|word| word.as_bytes()).collect());
    let mut small = [0; WORD_MAX];
    let Some(small) = small.get_mut(..word.len()) else { return false };
    small.copy_from_slice(word);
    small.make_ascii_lowercase();
    SET.contains(&*small)
}

/// What begins the text of a call in a program, a declaration or a template.
const CALLS: [&[u8]; 22] = [
    b"Column",
    b"Field",
    b"String",
    b"Sensitive",
    b"env",
    b"ENV",
    b"getenv",
    b"getpass",
    b"input",
    b"prompt",
    b"lookup",
    b"var",
    b"Option",
    b"Optional",
    b"str",
    b"varchar",
    b"CharField",
    b"SecretStr",
    b"file",
    b"hiera",
    b"fetch",
    b"VARCHAR",
];

/// Whether the value is a part of a program: a call, an element, a type, a name in another name.
fn is_expression(v: &[u8]) -> bool {
    let name = v.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'>' | b'-')).count();
    let head = &v[..name];
    let opened = matches!(v.get(name), Some(b'(' | b'[' | b'<'));
    let begins = v[0].is_ascii_alphabetic() && opened;
    let calls = begins && CALLS.contains(&head);
    let method = begins
        && v[name] != b'<'
        && head.contains(&b'.')
        && v[name..].iter().all(|b| b.is_ascii_alphanumeric() || b"_.:()[],'\"=->$ |".contains(b));
    // `jsonencode(local.creds)`
    let inner = v.get(name + 1..v.len().max(name + 2) - 1).unwrap_or_default();
    let named =
        begins && v.ends_with(b")") && inner.contains(&b'.') && inner.iter().all(|b| b.is_ascii_lowercase() || b"_.".contains(b));
    // `$_POST['password']`, `$this->password`
    let word = v[1..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count() + 1;
    let element = v[0] == b'$' && word > 1 && (v.get(word) == Some(&b'[') || v[word..].starts_with(b"->"));
    // `random_password.db.result`
    let parts =
        v.split(|b| *b == b'.').filter(|p| !p.is_empty() && p.iter().all(|b| b.is_ascii_lowercase() || *b == b'_')).count();
    let path = parts >= 3 && v.contains(&b'_') && memchr::memchr_iter(b'.', v).count() + 1 == parts;
    // The name of the next argument, `Option<String>`, the letters of manuals, rules of validation.
    let argument = v.ends_with(b"=") && v.len() <= 16 && v[..v.len() - 1].iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    let elsewhere =
        [&b"env:"[..], b"file:", b"fd:", b"pass:"].iter().any(|e| v.starts_with(e) && (v.len() < 6 || !v.starts_with(b"pass:")));
    let other = elsewhere || v.starts_with(b"\\f") || v.starts_with(b"required|") || v.starts_with(b"nullable|");
    calls || method || named || element || path || argument || other
}

/// Whether the value is no value but says where a program takes it from, or is the text of a label.
fn is_code(v: &[u8]) -> bool {
    let identifier = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':');
    let name = v.iter().take_while(|b| identifier(**b)).count();
    let call = name > 0 && v[0].is_ascii_alphabetic() && matches!(v.get(name), Some(b'(' | b'[')) && {
        // At a quote the value has been cut: `getpass(`, `os.environ[`; a whole call holds only names.
        v[name + 1..].iter().all(|b| identifier(*b) || matches!(b, b'(' | b')' | b'[' | b']' | b','))
            && (name + 1 == v.len() || v[..name].contains(&b'.'))
    };
    let rooted = REFERENCES.iter().any(|r| v.starts_with(r))
        && v.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.' | b'/' | b':' | b'-' | b'[' | b'(' | b')'));
    // `$password`, `$db_pass`, `$db_pass.unwrap`: a variable that says of itself what it holds.
    let subject = v[1..].iter().position(|b| matches!(b, b'.' | b'[' | b'-' | b':' | b'|')).map_or(v, |n| &v[..=n]);
    let variable = v[0] == b'$'
        && v[subject.len()..].iter().all(|b| b.is_ascii_alphabetic() || b"_.[]->:|'\"".contains(b))
        && subject[1..].iter().all(|b| b.is_ascii_lowercase() || *b == b'_')
        && [&b"pass"[..], b"password", b"passwd", b"pwd", b"pw", b"secret", b"token", b"key"]
            .iter()
            .any(|w| subject.ends_with(w));
    // `*default_pw`: what stands at another place of the YAML.
    let alias = v[0] == b'*'
        && v[1..].iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
        && [&b"pass"[..], b"pw", b"secret", b"token", b"key"].iter().any(|w| memchr::memmem::find(v, w).is_some());
    let constant = v.iter().all(|b| b.is_ascii_uppercase() || *b == b'_') && memchr::memchr_iter(b'_', v).count() >= 2;
    let pointer = matches!(v.len(), 14 | 18)
        && (v.starts_with(b"0x7f") || v.starts_with(b"0x5") || v.starts_with(b"0xffff"))
        && v[2..].iter().all(u8::is_ascii_hexdigit);
    let port = v.ends_with(b"/tcp") || v.ends_with(b"/udp");
    // A label of nothing but Chinese stays one when a name in it has been replaced.
    let label = (!v[0].is_ascii() || token::is_in(v)) && token::without(v).iter().all(|b| !b.is_ascii());
    call || rooted || variable || alias || constant || pointer || port || label
}

/// Whether the value is a path of the system, as in `password = /run/secrets/db`.
pub(super) fn is_path(v: &[u8]) -> bool {
    const ROOTS: [&[u8]; 10] =
        [b"/etc/", b"/run/", b"/var/", b"/usr/", b"/opt/", b"/root/", b"/home/", b"/tmp/", b"/proc/", b"/dev/"];
    ROOTS.iter().any(|r| v.starts_with(r)) || v == b"/root" || v == b"/"
}

/// Whether a stand-in is in the value: what is around it has been looked at.
pub(super) fn has_stand_in(v: &[u8]) -> bool {
    token::is_in(v)
}

/// Whether the value is at least three groups of as many capitals and digits, as keys of licences are.
pub(super) fn is_grouped(v: &[u8]) -> bool {
    let mut groups = v.split(|b| *b == b'-');
    let length = groups.next().map_or(0, <[u8]>::len);
    let capital = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (4..=8).contains(&length)
        && memchr::memchr_iter(b'-', v).count() >= 2
        && groups.all(|g| g.len() == length)
        && v.iter().all(|b| capital(b) || *b == b'-')
}

/// Whether the value could be a token: long enough beside stand-ins in it, and not a word or a small number.
pub(super) fn is_tokenlike(v: &[u8]) -> bool {
    let v = &*token::without(v);
    let digit = v.iter().any(u8::is_ascii_digit);
    let upper = v.iter().any(u8::is_ascii_uppercase);
    let lower = v.iter().any(u8::is_ascii_lowercase);
    v.len() >= 8
        && ((digit && (upper || lower || v.len() >= 16))
            || (upper && lower && (v.len() >= 16 || v.len() >= 12 && v.iter().any(|b| b"+/=!@#$%^&*".contains(b)))))
        && !v.contains(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case() {
        for word in WORDS {
            assert!(is_word(word.as_bytes()) && is_word(word.to_ascii_uppercase().as_bytes()), "{word}");
        }
        assert!(!is_word(b"hunter2") && !is_word(b"") && !is_word(&[b'n'; 100]));
    }
}
