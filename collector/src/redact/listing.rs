//! The kinds of values for people: how each is found, what it becomes, examples of what goes and of what stays.
//!
//! In: the rule table and `examples.tsv`. Out: a row for each kind, the examples as the engine leaves them. The texts of the
//! examples name a host that is nowhere; it is harvested as a real one would be.

use super::{
    Counts, Key, Level, RedactError, Redactor, Scratch,
    harvest::Harvest,
    kinds::{ALL, Kind},
    rules::{RULES, WIDE_RULES},
};

/// One line for each example: kind, `+` or `-`, the file's path, the text, what goes. `⏎` is a line end.
const EXAMPLES: &str = include_str!("examples.tsv");

/// How a value is recognised. The letters are those of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a prefix that its issuer gives it.
    Prefix,
    /// By the key or the place in front of it.
    Key,
    /// By its shape, with its check digits and ranges.
    Shape,
    /// Because the host was asked for it before.
    Known,
    /// By the structure of the file it is in.
    Structure,
    /// After decoding what it is wrapped in.
    Decoded,
}

impl Way {
    /// The word for it in JSON and in message ids.
    pub fn name(self) -> &'static str {
        match self {
            Way::Prefix => "prefix",
            Way::Key => "key",
            Way::Shape => "shape",
            Way::Known => "known",
            Way::Structure => "structure",
            Way::Decoded => "decoded",
        }
    }
}

/// What a value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `OEr-WORD-TAG`.
    Token,
    /// `OEr-dom-TAG.invalid`.
    Domain,
    /// `OEr-user-TAG@OEr-dom-TAG.invalid`.
    Email,
    /// Another address of the same network; a token at the level `strict`.
    Address,
    /// The vendor's half stays; all of it goes at the level `strict`.
    Mac,
    /// What is wrapped is replaced and wrapped again, or all of it is a token.
    Wrapped,
}

impl Form {
    /// The word for it in JSON and in message ids.
    pub fn name(self) -> &'static str {
        match self {
            Form::Token => "token",
            Form::Domain => "domain",
            Form::Email => "email",
            Form::Address => "address",
            Form::Mac => "mac",
            Form::Wrapped => "wrapped",
        }
    }
}

/// A text that the engine changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The path of the file, where it matters.
    pub path: &'static str,
    /// The text.
    pub before: String,
    /// What of it goes.
    pub value: &'static str,
    /// The text as it leaves the engine, under a key that is no secret.
    pub after: String,
}

/// A text that the engine leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterExample {
    /// The path of the file, where it matters.
    pub path: &'static str,
    /// The text.
    pub text: String,
}

/// One kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRow {
    /// Its name in reports.
    pub name: &'static str,
    /// The word in its stand-in.
    pub token: &'static str,
    /// Gone for good; otherwise the map on the host tells the value.
    pub credential: bool,
    /// From this level on it is replaced.
    pub level: Level,
    /// How it is found.
    pub ways: &'static [Way],
    /// What it becomes.
    pub form: Form,
    /// What starts a look, where something does: key words and prefixes, in the order of the rules.
    pub literals: Vec<&'static str>,
    /// What goes.
    pub examples: Vec<Example>,
    /// What stays.
    pub counter_examples: Vec<CounterExample>,
}

/// The rows of all kinds, in the order of the table.
///
/// # Errors
/// The redactor does not start.
pub fn kinds() -> Result<Vec<KindRow>, RedactError> {
    let redactor = example_redactor()?;
    let row = |kind: Kind| {
        let mut row = KindRow {
            name: kind.name(),
            token: kind.token(),
            credential: kind.is_credential(),
            level: if matches!(kind, Kind::Ipv4 | Kind::Ipv6) { Level::Standard } else { Level::Reduced },
            ways: ways(kind),
            form: form(kind),
            literals: literals(kind),
            examples: Vec::new(),
            counter_examples: Vec::new(),
        };
        for line in EXAMPLES.lines().filter(|line| line.split('\t').next() == Some(row.name)) {
            let mut fields = line.split('\t').skip(1);
            let (sign, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            let text = fields.next().unwrap_or_default().replace('⏎', "\n");
            if sign == "-" {
                row.counter_examples.push(CounterExample { path, text });
            } else {
                let after = redacted(&redactor, path, &text)?;
                row.examples.push(Example { path, before: text, value: fields.next().unwrap_or_default(), after });
            }
        }
        Ok(row)
    };
    ALL.iter().copied().map(row).collect()
}

/// A redactor of the host that the examples name.
fn example_redactor() -> Result<Redactor, RedactError> {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("euler-db01.dc1.shop.internal app-gw02.dc1.shop.internal");
    harvest.learn_passwd("zhangwei:x:1000:1000:张伟:/home/zhangwei:/bin/bash");
    harvest
        .rules
        .add(include_str!("examples.toml"))
        .map_err(|problems| RedactError::Tables(problems.iter().map(ToString::to_string).collect()))?;
    Redactor::new(&harvest, &Key::for_bundle(&[0; 32], &[0; 16]), Level::Standard)
}

fn redacted(redactor: &Redactor, path: &str, text: &str) -> Result<String, RedactError> {
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    let mut counts = Counts::default();
    for raw in redactor.reader(text.as_bytes(), path.as_bytes()) {
        let (clean, more) = redactor.clean(raw?, &mut scratch)?;
        counts.add(&more);
        out.extend_from_slice(clean.as_bytes());
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn literals(kind: Kind) -> Vec<&'static str> {
    let plain = RULES.iter().filter(|rule| rule.kind == kind).map(|rule| rule.word.trim());
    let wide = WIDE_RULES.iter().filter(|(_, of)| *of == kind).map(|(word, _)| *word);
    let mut found: Vec<&str> = Vec::new();
    for word in plain.chain(wide) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn form(kind: Kind) -> Form {
    match kind {
        Kind::Ipv4 | Kind::Ipv6 => Form::Address,
        Kind::Mac => Form::Mac,
        Kind::Domain => Form::Domain,
        Kind::Email => Form::Email,
        Kind::AuditHex | Kind::Base64Wrapped | Kind::JournalBin => Form::Wrapped,
        _ => Form::Token,
    }
}

fn ways(kind: Kind) -> &'static [Way] {
    use Way::{Decoded, Key, Known, Prefix, Shape, Structure};
    match kind {
        Kind::KrbKeytab => &[Key, Shape],
        Kind::PasswordXml | Kind::K8sSecret | Kind::VpnSecret => &[Key, Structure],
        Kind::CloudKey | Kind::ProviderToken | Kind::LdapBindpw | Kind::LicenseKey | Kind::Webhook => &[Prefix, Key],
        Kind::PwHash => &[Prefix, Structure],
        Kind::Jwt => &[Prefix, Shape],
        Kind::PrivateKey => &[Structure, Key],
        Kind::DockerAuth => &[Key, Decoded],
        Kind::AuditHex | Kind::Base64Wrapped | Kind::UrlEncoded | Kind::JournalBin => &[Decoded],
        Kind::Ipv4 | Kind::Ipv6 => &[Shape, Structure],
        Kind::Mac | Kind::CnId => &[Shape],
        Kind::CnMobile | Kind::BankCard => &[Shape, Key],
        Kind::Email => &[Shape, Known],
        Kind::Hostname | Kind::Username | Kind::PersonName | Kind::SystemUuid | Kind::SerialNumber => &[Known, Key, Structure],
        Kind::Domain | Kind::Keyword => &[Known],
        _ => &[Key],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_examples_and_the_engine_does_as_they_say() {
        let redactor = example_redactor().expect("it starts");
        let mut wrong = Vec::new();
        for row in kinds().expect("it starts") {
            if row.examples.len() < 3 || row.counter_examples.len() < 2 {
                wrong.push(format!(
                    "{}: {} examples, {} counter-examples",
                    row.name,
                    row.examples.len(),
                    row.counter_examples.len()
                ));
            }
            for example in &row.examples {
                if !example.before.contains(example.value) || example.value.is_empty() {
                    wrong.push(format!("{}: no value in {:?}", row.name, example.before));
                }
                if example.after.contains(example.value) || example.after.lines().count() != example.before.lines().count() {
                    wrong.push(format!("{}: {:?} became {:?}", row.name, example.before, example.after));
                }
                if matches!(row.form, Form::Token) && !example.after.to_lowercase().contains(&format!("oer-{}-", row.token)) {
                    wrong.push(format!("{}: another kind: {:?} became {:?}", row.name, example.before, example.after));
                }
            }
            for counter in &row.counter_examples {
                let after = redacted(&redactor, counter.path, &counter.text).expect("it is text");
                if after != counter.text {
                    wrong.push(format!("{}: changed: {:?} became {after:?}", row.name, counter.text));
                }
            }
        }
        let known: Vec<&str> = ALL.iter().map(|kind| kind.name()).collect();
        for line in EXAMPLES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let whole = matches!(fields[..], [kind, "+", _, _, _] | [kind, "-", _, _] if known.contains(&kind));
            if !whole {
                wrong.push(format!("not an example: {line:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
