//! Documents of any shape, with secrets in many places: after redaction they are the same JSON, YAML, XML or settings, with other
//! values, wherever they were cut.

use std::fmt::Write as _;

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::RngSeed};

fn redactor() -> Redactor {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com bjdc-db-003");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts")
}

/// A document and how it is written.
#[derive(Debug, Clone)]
enum Node {
    Value(String),
    Number(u32),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

const KEYS: &[&str] = &[
    "password",
    "密码",
    "db.password",
    "token",
    "apiKey",
    "secret_key",
    "name",
    "value",
    "host",
    "port",
    "data",
    "user",
    "kind",
    "url",
    "authorization",
    "psk",
    "comment",
];
const VALUES: &[&str] = &[
    "n0wYou-See77",
    "plain words",
    "https://ops:n0wYouSee@db.example.net:8080/x?token=abcd1234efgh5678",
    "jdbc:mysql://10.20.31.17:3306/a?user=u&password=n0wYouSee9",
    "Bearer n0wYouSee77aabbcc",
    "203.0.113.9",
    "bjdc-app-017",
    "Secret",
    "bjB3WW91U2VlNzc=",
    "sshpass -p n0wYouSee ssh -x",
    "a\"b\\c",
    "it's n0w",
    "line\nbreak",
    "用户李雪梅登录",
    "DB_PASSWORD=n0wYouSee; MODE=1",
    "",
    "true",
    "<b>&amp;</b>",
    "13800138063",
    "fe80::5054:ff:fe3a:91c2",
    "{\"password\":\"n0wYouSee\"}",
];

fn document() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![4 => select(VALUES).prop_map(|v| Node::Value(v.to_owned())), 1 => any::<u32>().prop_map(Node::Number)];
    let node = leaf.prop_recursive(3, 24, 5, |inner| {
        let entry = (select(KEYS), inner.clone()).prop_map(|(key, node)| (key.to_owned(), node));
        prop_oneof![vec(inner, 1..4).prop_map(Node::List), vec(entry, 1..5).prop_map(Node::Map)]
    });
    vec((select(KEYS), node), 1..5).prop_map(|entries| Node::Map(entries.into_iter().map(|(k, n)| (k.to_owned(), n)).collect()))
}

impl Node {
    fn json(&self) -> serde_json::Value {
        match self {
            Node::Value(text) => text.clone().into(),
            Node::Number(number) => (*number).into(),
            Node::List(nodes) => nodes.iter().map(Node::json).collect(),
            Node::Map(entries) => serde_json::Value::Object(entries.iter().map(|(k, n)| (k.clone(), n.json())).collect()),
        }
    }

    /// A scalar as people write it in YAML: bare where that is possible.
    fn scalar(text: &str, bare: bool) -> String {
        let safe = |b: u8| b.is_ascii_alphanumeric() || b" ./-_@%=+".contains(&b) || b >= 0x80;
        if bare && !text.is_empty() && text.bytes().all(safe) && text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return text.to_owned();
        }
        serde_json::to_string(text).expect("a string")
    }

    fn yaml(&self, indent: usize, bare: bool, out: &mut String) {
        let pad = " ".repeat(indent);
        match self {
            Node::Value(text) => writeln!(out, "{}", Node::scalar(text, bare)).expect("a string takes it"),
            Node::Number(number) => writeln!(out, "{number}").expect("a string takes it"),
            Node::List(nodes) => {
                out.push('\n');
                for node in nodes {
                    write!(out, "{pad}- ").expect("a string takes it");
                    node.yaml(indent + 2, bare, out);
                }
            }
            Node::Map(entries) => {
                out.push('\n');
                let mut seen = std::collections::BTreeSet::new();
                for (key, node) in entries.iter().filter(|(key, _)| seen.insert(key)) {
                    write!(out, "{pad}{key}: ").expect("a string takes it");
                    node.yaml(indent + 2, bare, out);
                }
            }
        }
    }

    fn xml(&self, key: &str, out: &mut String) {
        let text = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        match self {
            Node::Value(value) if value.len() % 2 == 0 => {
                writeln!(out, "<property name=\"{key}\" value=\"{}\"/>", text(value)).expect("a string takes it");
            }
            Node::Value(value) => writeln!(out, "<{key}>{}</{key}>", text(value)).expect("a string takes it"),
            Node::Number(number) => writeln!(out, "<{key}>{number}</{key}>").expect("a string takes it"),
            Node::List(nodes) => nodes.iter().for_each(|node| node.xml(key, out)),
            Node::Map(entries) => {
                writeln!(out, "<{key}>").expect("a string takes it");
                for (key, node) in entries {
                    node.xml(key, out);
                }
                writeln!(out, "</{key}>").expect("a string takes it");
            }
        }
    }

    /// `key = value` for every leaf, in sections.
    fn ini(&self, key: &str, out: &mut Vec<(String, String)>) {
        match self {
            Node::Value(text) => out.push((key.to_owned(), text.replace('\n', " "))),
            Node::Number(number) => out.push((key.to_owned(), number.to_string())),
            Node::List(nodes) => nodes.iter().for_each(|node| node.ini(key, out)),
            Node::Map(entries) => entries.iter().for_each(|(key, node)| node.ini(key, out)),
        }
    }
}

/// Whether two documents have the same keys and lists, whatever their values; keys may be names that are replaced.
fn alike(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (a, b) {
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Object(a), Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b))),
        (Array(_) | Object(_), _) | (_, Array(_) | Object(_)) => false,
        _ => true,
    }
}

fn shape(yaml: &yaml_rust2::Yaml) -> String {
    match yaml {
        yaml_rust2::Yaml::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        yaml_rust2::Yaml::Hash(map) => {
            let entry = |(key, value): (&yaml_rust2::Yaml, &yaml_rust2::Yaml)| format!("{key:?}:{}", shape(value));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        yaml_rust2::Yaml::BadValue => "bad".to_owned(),
        _ => "value".to_owned(),
    }
}

/// Tags of an XML text and the names of their attributes.
fn tags(text: &str) -> Result<Vec<String>, String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut out = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Eof => return Ok(out),
            Event::Start(tag) | Event::Empty(tag) => {
                let mut name = tag.name().as_ref().to_owned();
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|error| error.to_string())?;
                    name.push(' ');
                    name += attribute.key.as_ref();
                }
                out.push(name);
            }
            Event::End(tag) => out.push(format!("/{}", tag.name().as_ref())),
            _ => {}
        }
    }
}

fn text_of(redactor: &Redactor, path: &str, text: &str, chunk: usize) -> String {
    let mut out = Vec::new();
    for raw in redactor.reader(text.as_bytes(), path.as_bytes()).with_chunk_size(chunk) {
        out.extend(redactor.clean(raw.expect("text"), &mut Scratch::default()).expect("clean").0.into_bytes());
    }
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_string_over_lines_is_whole_wherever_the_text_is_cut() {
    let redactor = redactor();
    let text = "{\n  \"a\": 1,\n  \"db_password\" : \"1iXR1u8g1ypKns\nq7: {\nmV2s\n   \"\n}\n";
    for around in ["", "\"it's: so\": 1,\n\n"] {
        let text = format!("{around}{text}{around}{text}");
        let whole = text_of(&redactor, "/var/log/messages", &text, 1 << 20);
        for secret in ["1iXR1u8g1ypKns", "q7: {", "mV2s"] {
            assert!(!whole.contains(secret), "{secret} in {whole}");
        }
        for size in 1..text.len() {
            assert_eq!(text_of(&redactor, "/var/log/messages", &text, size), whole, "cut at {size}");
        }
    }
}

/// The same texts in every run, so that a change is what makes a test fail; `PROPTEST_RNG_SEED` looks at others, as fuzzing does.
fn seed() -> RngSeed {
    match ProptestConfig::default().rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        given @ RngSeed::Fixed(_) => given,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, rng_seed: seed(), ..ProptestConfig::default() })]

    #[test]
    fn json_stays_json(document in document(), pretty in any::<bool>(), size in 1_usize..600) {
        let redactor = redactor();
        let json = document.json();
        let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.expect("written");
        for path in ["/var/log/any", "/etc/app.json"] {
            let out = text_of(&redactor, path, &text, size);
            let read = serde_json::from_str::<serde_json::Value>(&out);
            prop_assert!(read.as_ref().is_ok_and(|read| alike(&json, read)), "{:?}\n{}\n{}", read, text, out);
            prop_assert_eq!(&out, &text_of(&redactor, path, &text, 1 << 20));
        }
    }

    #[test]
    fn yaml_stays_yaml(document in document(), bare in any::<bool>(), size in 1_usize..600) {
        let redactor = redactor();
        let mut text = String::new();
        document.yaml(0, bare, &mut text);
        let before = yaml_rust2::YamlLoader::load_from_str(&text).expect("YAML");
        for path in ["/var/log/any", "/etc/app.yaml"] {
            let out = text_of(&redactor, path, &text, size);
            let after = yaml_rust2::YamlLoader::load_from_str(&out);
            let same = after.as_ref().is_ok_and(|after| {
                after.iter().map(shape).collect::<Vec<_>>() == before.iter().map(shape).collect::<Vec<_>>()
            });
            prop_assert!(same, "{:?}\n{}\n{}", after.err(), text, out);
            prop_assert_eq!(&out, &text_of(&redactor, path, &text, 1 << 20));
        }
    }

    #[test]
    fn xml_stays_xml(document in document(), size in 1_usize..600) {
        let redactor = redactor();
        let mut text = String::new();
        document.xml("configuration", &mut text);
        let out = text_of(&redactor, "/etc/app.xml", &text, size);
        prop_assert_eq!(tags(&out), Ok(tags(&text).expect("XML")), "{}\n{}", text, out);
    }

    #[test]
    fn settings_stay_settings(document in document(), sign in select(&["=", " = ", ": ", ":"][..]), quote in select(&["", "\"", "'"][..])) {
        let redactor = redactor();
        let mut entries = Vec::new();
        document.ini("main", &mut entries);
        let lines: Vec<String> = entries
            .iter()
            .map(|(key, value)| format!("{key}{sign}{quote}{}{quote}", value.replace(['"', '\'', '\\'], "")))
            .collect();
        let text = format!("[main]\n{}\n", lines.join("\n"));
        let out = text_of(&redactor, "/etc/app.ini", &text, 1 << 20);
        prop_assert_eq!(out.lines().count(), lines.len() + 1);
        for ((line, was), (key, _)) in out.lines().skip(1).zip(&lines).zip(&entries) {
            prop_assert!(line.starts_with(&format!("{key}{sign}{quote}")), "{} was {}", line, was);
            prop_assert!(line.ends_with(quote) && line.matches(['"', '\'']).count() == quote.len() * 2, "{} was {}", line, was);
        }
    }
}
