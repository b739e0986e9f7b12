//! Values in strings in strings, in lines below their keys, in statements over many lines: what must be gone, what must be there
//! afterwards, that the text still parses where it did, that no cut and no second pass changes anything.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};

fn redactor() -> Redactor {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("the self-test passes")
}

fn redact(redactor: &Redactor, text: &str, chunk: usize) -> String {
    let mut out = Vec::new();
    for raw in redactor.reader(text.as_bytes(), b"/var/log/any").with_chunk_size(chunk) {
        out.extend_from_slice(redactor.clean(raw.expect("text"), &mut Scratch::default()).expect("clean").0.as_bytes());
    }
    String::from_utf8(out).expect("still UTF-8")
}

/// Text, what must be gone, what must be there.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

fn holds(rows: &[Row]) {
    let redactor = redactor();
    for (text, gone, kept) in rows {
        let out = redact(&redactor, text, 1 << 20);
        for part in *gone {
            assert!(text.contains(part), "{part} is not in\n{text}");
            assert!(!out.contains(part), "{part} survives in\n{out}");
        }
        for part in *kept {
            assert!(out.contains(part), "{part} is not in\n{out}");
        }
        assert_eq!(out.lines().count(), text.lines().count(), "{out}");
        assert_eq!(redact(&redactor, &out, 1 << 20), out, "a second pass changes\n{out}");
        for size in [1, 7, 40, 100] {
            assert_eq!(redact(&redactor, text, size), out, "cut at {size}");
        }
        if serde_json::from_str::<serde_json::Value>(text).is_ok() {
            parses(&out);
        }
    }
}

/// JSON, and every string in it that begins as JSON does.
fn parses(text: &str) {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    strings(&value);
}

fn strings(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(inner) if inner.starts_with('{') => parses(inner),
        serde_json::Value::Array(items) => items.iter().for_each(strings),
        serde_json::Value::Object(entries) => entries.values().for_each(strings),
        _ => {}
    }
}

fn stay(rows: &[&str]) {
    let redactor = redactor();
    for text in rows {
        assert_eq!(redact(&redactor, text, 1 << 20), **text);
    }
}

const JSON_IN_JSON: &[Row] = &[
    (
        r#"{"log":"{\"m\":\"user = app\\npassword = 59PFk#fI2yy%bP\\npool = 20\"}"}"#,
        &["59PFk"],
        &[r"\\npassword = ", r"\\npool = 20"],
    ),
    (r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"Hunter2secret9\\\"}\"}"}"#, &["Hunter2secret9"], &[]),
    (r#"{"a":"{\"password\":\"Hunt\\\"er2secret9\",\"x\":1}"}"#, &["Hunt", "er2secret9"], &[r#"\"x\":1"#]),
    (r#"{"a":"{\"password\":\"Hunter2\\\\\",\"x\":1}"}"#, &["Hunter2"], &[r#"\"x\":1"#]),
    (r#"{"a":"{\"password\":12345678,\"x\":1}"}"#, &["12345678"], &[r#"\"x\":1"#]),
    (
        r#"{"a":"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"Hunter2secret9\\\\\\\"}\\\"}\"}"}"#,
        &["Hunter2secret9"],
        &[],
    ),
    (r#"{"a":"{\"cmd\":\"mysql -p\\\"Hunter2secret9\\\" db\"}"}"#, &["Hunter2secret9"], &["db"]),
    (r#"{"user":"CORP\\nwang","x":"1"}"#, &["nwang"], &[r"CORP\\"]),
];

const COMMANDS: &[Row] = &[
    (r#"{"cmd":"mysql -uroot -p\"F9rVH4rGnMmt83\" db"}"#, &["F9rVH4rGnMmt83"], &[r#"-p\""#, r#"\" db"#]),
    (r#"{"cmd":"curl -u \"bob:F9rVH4rGn\" http://h/"}"#, &["F9rVH4rGn"], &[r#"\" http://h/"#]),
    (r#"{"cmd":"sshpass -p \"F9rVH4rGn\" ssh h"}"#, &["F9rVH4rGn"], &["ssh h"]),
    (r#"ssh h "mysql -p\"F9rVH4rGn\"" && true"#, &["F9rVH4rGn"], &["\" && true"]),
    (r#"mysql -p"F9rVH4r\"GnMmt83" db"#, &["F9rVH4r", "GnMmt83"], &[" db"]),
    (r#"mysql -p'F9rVH4r'"GnMmt83" db"#, &["F9rVH4r", "GnMmt83"], &[" db"]),
    (r"mysql -p'it'\''s F9rVH4r' db", &["F9rVH4r"], &[" db"]),
    ("cmd: 'mysql -p''F9rVH4rGn'' db'", &["F9rVH4rGn"], &["-p''", "'' db'"]),
    ("  echo \"root:DEaaPLVvjxsu\" | chpasswd\r\n", &["DEaaPLVvjxsu"], &["\"root:", "\" | chpasswd\r\n"]),
    (r#"{"cmd":"echo \"root:DEaaPLVvjxsu\" | chpasswd\n"}"#, &["DEaaPLVvjxsu"], &["| chpasswd"]),
    (r#"{"cmd":"chpasswd <<< \"root:DEaaPLVvjxsu\""}"#, &["DEaaPLVvjxsu"], &["root:"]),
];

const DOUBLED: &[Row] = &[
    ("password: 'Qw9''xkCUde7MgAQ'\nport: 1", &["Qw9", "xkCUde"], &["port: 1"]),
    ("password: 'it''s F9rVH4rGn'", &["F9rVH4rGn"], &[]),
    ("ALTER USER u IDENTIFIED BY 'Hunter2''secret9';", &["Hunter2", "secret9"], &["';"]),
    (r"export DB_PASSWORD='it'\''s F9rVH4r'", &["it", "F9rVH4r"], &["DB_PASSWORD="]),
];

/// YAML is the same afterwards, but for its values: the test parses it.
const YAML: &[Row] = &[
    ("password: |\n  F9rVH4rG nMmt83xx\n\n  zweite9Zeile8\nport: 1\n", &["F9rVH4rG", "nMmt83xx", "zweite9Zeile8"], &["port: 1"]),
    ("db:\n  password: >-  # folded\n    F9rVH4rG\n    plain words\n  port: 1\n", &["F9rVH4rG", "plain words"], &["# folded"]),
    ("- password: |\n    F9rVH4rG\n  port: 1\n", &["F9rVH4rG"], &["port: 1"]),
    ("password:\n  F9rVH4rG\nport: 1\n", &["F9rVH4rG"], &["port: 1"]),
    ("passwords:\n  - F9rVH4rG\n  - \"G9rVH4rG\"\nport: 1\n", &["F9rVH4rG", "G9rVH4rG"], &["port: 1"]),
    ("passwords:\n  root: F9rVH4rG # now\n  app: 'G9rVH4rG'\nport: 1\n", &["F9rVH4rG", "G9rVH4rG"], &["root:", "# now"]),
    ("password: \"F9rVH4rG\n  G9rVH4rG\"\nport: 1\n", &["F9rVH4rG", "G9rVH4rG"], &["port: 1"]),
    ("- name: DB_PASSWORD\n  value: |\n    F9rVH4rG\n    G9rVH4rG\n- name: X\n", &["F9rVH4rG", "G9rVH4rG"], &["name: X"]),
    ("- name: DB_PASSWORD\n  # of the shop\n  value: F9rVH4rG\n", &["F9rVH4rG"], &["# of the shop"]),
    ("- name: DB_PASSWORD\n  type: text\n  value: F9rVH4rG\n", &["F9rVH4rG"], &["type: text"]),
    ("password: [F9rVH4rG, G9rVH4rG]\nport: 1\n", &["F9rVH4rG", "G9rVH4rG"], &["port: 1"]),
    ("password: &pw\n    value: F9rVH4rG\nport: 1\n", &["F9rVH4rG"], &["&pw", "port: 1"]),
    ("a: &pw F9rVH4rG\npassword: &x G9rVH4rG\nb: *x\n", &["G9rVH4rG"], &["&x ", "*x"]),
];

const JSON: &[Row] = &[
    (r#"{"passwords":{"root":"Hunter2secret9","x":""},"port":"1"}"#, &["Hunter2secret9"], &[r#""port":"1""#]),
    (
        "{\"password\": [\n  \"Hunter2secret9\",\n  \"Gunter2secret9\"\n],\n\"port\": 1}",
        &["Hunter2", "Gunter2"],
        &["\"port\": 1"],
    ),
    ("{\"passwords\": {\n  \"a\": \"Hunter2secret9\",\n  \"b\": \"Gunter2secret9\"\n}\n}", &["Hunter2", "Gunter2"], &["\"a\""]),
    ("{\"password\" :\n \"Hunter2secret9\"\n}", &["Hunter2secret9"], &[]),
    (r#"{"value":"Hunter2secret9","name":"DB_PASSWORD"}"#, &["Hunter2secret9"], &["DB_PASSWORD"]),
    (r#"{"name":"DB_PASSWORD","type":3,"value":"Hunter2secret9"}"#, &["Hunter2secret9"], &["DB_PASSWORD"]),
    (r#"{"a":"{\"name\":\"DB_PASSWORD\",\"value\":\"Hunter2secret9\"}"}"#, &["Hunter2secret9"], &["DB_PASSWORD"]),
    (r#"{"a":"http:\/\/bob:Hunter2secret9@db1\/x","h":"\/home\/bobby\/x"}"#, &["Hunter2secret9", "bobby"], &["@db1", r"\/x"]),
    (r"m=\u003cpassword\u003eHunter2secret9\u003c/password\u003e", &["Hunter2secret9"], &[r"\u003c/password\u003e"]),
    ("&#34;password&#34;: &#34;Hunter2secret9&#34;", &["Hunter2secret9"], &["&#34;"]),
];

const SQL: &[Row] = &[(
    "INSERT INTO u (name, password) VALUES\n('bob', 'Hunter2secret9'),\n('eve', 'it''s Gunter2secret9');\nSELECT 1;\n",
    &["Hunter2", "Gunter2"],
    &["', '", "');\nSELECT 1;"],
)];

#[test]
fn rows_of_statements_in_lines_of_their_own() {
    holds(SQL);
}

#[test]
fn values_below_their_keys_in_yaml() {
    holds(YAML);
    let redactor = redactor();
    for (text, ..) in YAML {
        let read = |text: &str| yaml_rust2::YamlLoader::load_from_str(text).map(|all| all.iter().map(shape).collect::<Vec<_>>());
        let out = redact(&redactor, text, 1 << 20);
        assert_eq!(read(&out).expect("YAML"), read(text).expect("YAML"), "{out}");
    }
}

fn shape(yaml: &yaml_rust2::Yaml) -> String {
    match yaml {
        yaml_rust2::Yaml::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        yaml_rust2::Yaml::Hash(map) => {
            map.iter().map(|(key, value)| format!("{key:?}:{}", shape(value))).collect::<Vec<_>>().join(";")
        }
        yaml_rust2::Yaml::BadValue => "bad".to_owned(),
        _ => "value".to_owned(),
    }
}

#[test]
fn values_below_and_beside_their_keys_in_json() {
    holds(JSON);
}

#[test]
fn json_in_strings_of_json() {
    holds(JSON_IN_JSON);
}

#[test]
fn quoted_values_in_quoted_commands() {
    holds(COMMANDS);
}

#[test]
fn quotes_that_are_doubled() {
    holds(DOUBLED);
}

#[test]
fn what_only_looks_like_it_stays() {
    stay(&[
        "password: *default_pw\nother: 1\n",
        "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  62313365396662343061393464336163\nport: 1\n",
        "password: |\n  The word that is asked for 12 times\n  at 3 hosts\n",
        "passwords:\n  policy: strong\n  length: 12\n",
        "\"passwords\": {\"min_length\": \"8\", \"policy\": \"strong\"}",
        "password:\n  type: string\n  format: password\n",
        "Password:\n  Minimum length: 8 characters1\n",
        "Enter password:\nLast login: 3 hours ago on tty1\n",
        "{\"value\":\"abc12345\"},{\"name\":\"DB_PASSWORD\"}",
        "INSERT INTO u (name, id) VALUES\n('bob', 'Hunter2secret9');\n",
        "ssh h 'mysql -p\"$PW\"'; ssh g 'uptime'",
        r#"{"log":"{\"m\":\"bad password\",\"n\":\"required\"}"}"#,
    ]);
}
