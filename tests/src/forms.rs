//! How a value can stand in a bundle without being plain, and all that a bundle holds.
//!
//! In: a value, the folder of an unpacked bundle. Out: the value in every encoding that is looked for after redaction; the bytes of all
//! members, of packed ones also the text in them. Never here: code of the redactor or of its leak gate, which are under test.

use std::{fs, io::Read as _, path::Path};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use oediag_collector::packed::Packing;

/// Fewer characters of an encoded value may stand anywhere by chance.
const LEAST: usize = 6;

/// A value in an encoding: its name, the bytes, and whether large and small letters are the same in it.
#[derive(Debug, Clone)]
pub struct Form {
    /// The encoding.
    pub name: &'static str,
    /// The value in it.
    pub bytes: Vec<u8>,
    /// Whether it stands for the same value in letters of the other case.
    pub any_case: bool,
}

/// A value as it is and in every encoding; `any_case`: as it is, also in letters of the other case.
pub fn of(value: &str, any_case: bool) -> Vec<Form> {
    let form = |name, bytes: Vec<u8>, any_case| Form { name, bytes, any_case };
    let digits = |sign: &str| value.bytes().flat_map(|byte| format!("{sign}{byte:02x}").into_bytes()).collect::<Vec<u8>>();
    let percent = |keep: fn(u8) -> bool| {
        let byte = |b: u8| if keep(b) { char::from(b).to_string() } else { format!("%{b:02x}") };
        value.bytes().map(byte).collect::<String>().into_bytes()
    };
    let mut forms = vec![
        form("plain", value.as_bytes().to_vec(), any_case),
        form("hexadecimal", digits(""), true),
        form("hexadecimal with \\x", digits("\\x"), true),
        form("percent", percent(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), true),
        form("percent throughout", percent(|_| false), true),
        form("JSON", json(value), true),
        form("UTF-16LE", value.encode_utf16().flat_map(u16::to_le_bytes).collect(), true),
        form("UTF-16BE", value.encode_utf16().flat_map(u16::to_be_bytes).collect(), true),
        form("HTML", html(value).into_bytes(), any_case),
    ];
    for (name, engine) in [("base64", BASE64_STANDARD_NO_PAD), ("base64 of addresses", BASE64_URL_SAFE_NO_PAD)] {
        for before in 0..3 {
            let whole = engine.encode([&b"\0\0"[..before], value.as_bytes()].concat());
            // The first and the last characters depend on what stands beside the value.
            let inside = [0, 2, 3][before]..(before + value.len()) * 8 / 6;
            forms.push(form(name, whole.as_bytes()[inside].to_vec(), false));
        }
    }
    if !value.is_ascii() {
        forms.push(form("GB18030", encoding_rs::GB18030.encode(value).0.into_owned(), false));
    }
    forms.retain(|form| form.name == "plain" || form.bytes.len() >= LEAST && form.bytes != value.as_bytes());
    forms
}

/// As an escaped string of JSON, all but ASCII in numbers.
fn json(value: &str) -> Vec<u8> {
    let escaped = serde_json::to_string(value).expect("a string is JSON");
    let unit = |unit: u16| format!("\\u{unit:04x}");
    let letter = |c: char| match c {
        ' '..='~' => c.to_string(),
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|u| unit(*u)).collect(),
    };
    escaped[1..escaped.len() - 1].chars().map(letter).collect::<String>().into_bytes()
}

fn html(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What is looked through: a member, or the text in a packed one.
#[derive(Debug)]
pub struct Text {
    /// The path in the bundle.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
    small: Vec<u8>,
}

impl Text {
    fn new(path: &str, bytes: Vec<u8>) -> Text {
        Text { path: path.to_owned(), small: bytes.to_ascii_lowercase(), bytes }
    }

    /// Where the value stands in this form.
    pub fn find(&self, form: &Form) -> Option<usize> {
        if form.any_case {
            memchr::memmem::find(&self.small, &form.bytes.to_ascii_lowercase())
        } else {
            memchr::memmem::find(&self.bytes, &form.bytes)
        }
    }
}

/// Everything that an unpacked bundle holds: the members, what is in packed ones, the paths.
pub fn texts(unpacked: &Path) -> Vec<Text> {
    let mut texts = Vec::new();
    let name = unpacked.file_name().and_then(|name| name.to_str()).expect("a bundle's name is UTF-8");
    let mut paths = name.to_owned();
    walk(unpacked, "", &mut |path, bytes| {
        paths = format!("{paths}\n{path}");
        if let Some(packing) = Packing::of(Path::new(path)) {
            let mut text = Vec::new();
            packing.reader(bytes.as_slice()).and_then(|mut reader| reader.read_to_end(&mut text)).expect("it unpacks");
            texts.push(Text::new(path, text));
        }
        texts.push(Text::new(path, bytes));
    });
    let decoded = paths.replace("%25", "%").into_bytes();
    texts.push(Text::new("(paths)", paths.into_bytes()));
    texts.push(Text::new("(paths)", decoded));
    texts
}

fn walk(folder: &Path, above: &str, file: &mut dyn FnMut(&str, Vec<u8>)) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let entry = entry.expect("the entry can be read");
        let name = entry.file_name().into_string().expect("names in bundles are ASCII");
        let path = if above.is_empty() { name } else { format!("{above}/{name}") };
        let kind = entry.file_type().expect("its kind");
        if kind.is_dir() {
            walk(&entry.path(), &path, file);
        } else if kind.is_file() {
            file(&path, fs::read(entry.path()).expect("a member can be read"));
        }
    }
}
