//! Strict JSON for objects that are signed: every reader must see the same thing in the same bytes.
//!
//! In: bytes and the most that may be read. Out: a typed value, or an error that names the place in the document.
//! Never: keeps a field it does not understand, takes the last of two equal keys, rounds a number.

use std::{
    cell::{Cell, RefCell},
    fmt::{self, Write as _},
};

use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 16;
/// Integers must be smaller than this in size (2^53): the largest range that every JSON reader keeps exactly.
pub const MAX_INTEGER: u64 = 1 << 53;
/// Most values (numbers, strings, arrays, ...) of one document: bounds the memory a hostile one can take to some 300 MiB.
const MAX_VALUES: usize = 4_000_000;
/// Most characters of a hostile key or message that are repeated in an error.
const MAX_SHOWN: usize = 200;

/// Why a document was refused, and where: `path` is like `items[3].sha256`, empty for the document itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// More bytes than this kind of object may have.
    #[error("document of {bytes} bytes, {max} is the most for this kind of object")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A byte order mark, or bytes that are not UTF-8.
    #[error("not plain UTF-8 (no byte order mark) at byte {at}")]
    Encoding {
        /// First offending byte.
        at: usize,
    },
    /// Not JSON.
    #[error("not JSON, at {path:?}: {why}")]
    Syntax {
        /// Innermost value that could not be read.
        path: String,
        /// The parser's words.
        why: String,
    },
    /// The same key twice in one object.
    #[error("key given twice: {path:?}")]
    Duplicate {
        /// The second one.
        path: String,
    },
    /// A fraction, an exponent, or an integer of 2^53 or more.
    #[error("not an integer below 2^53: {path:?}")]
    Number {
        /// Where it is.
        path: String,
    },
    /// Nested deeper than [`MAX_DEPTH`], or more values than a document may have.
    #[error("nested too deep or too many values at {path:?}")]
    TooComplex {
        /// Where the limit was met.
        path: String,
    },
    /// Valid JSON that is not the expected object.
    #[error("not the expected object: {why}")]
    Shape {
        /// What does not fit.
        why: String,
    },
    /// A field this version does not know, so its meaning would be lost.
    #[error("field not known here: {path:?}")]
    Unknown {
        /// The field.
        path: String,
    },
    /// A value that is not written as this version would write it.
    #[error("value not written in its only allowed form: {path:?}")]
    Changed {
        /// The value.
        path: String,
    },
}

/// Reads one document of at most `max` bytes.
///
/// Refused: anything but UTF-8 without byte order mark, duplicate keys, fields that `T` does not know, numbers that are
/// not integers below 2^53 in size, nesting over [`MAX_DEPTH`], values that `T` would write in another form.
/// An absent optional field and an explicit `null` mean the same.
pub fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8], max: usize) -> Result<T, JsonError> {
    let tree = tree(bytes, max)?;
    let shape = |error: serde_json::Error| JsonError::Shape { why: shown(&error.to_string()) };
    let value = T::deserialize(&tree).map_err(shape)?;
    let again = serde_json::to_value(&value).map_err(shape)?;
    same(&tree, &again, &Place::Root)?;
    Ok(value)
}

/// Writes a document as we store and sign it: indented by two spaces, one final line feed.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| JsonError::Shape { why: shown(&error.to_string()) })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn tree(bytes: &[u8], max: usize) -> Result<Value, JsonError> {
    if bytes.len() > max {
        return Err(JsonError::TooLarge { bytes: bytes.len(), max });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::Encoding { at: 0 });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError::Encoding { at: error.valid_up_to() })?;
    let state = State { fault: RefCell::new(None), values: Cell::new(0) };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = Seed { place: &Place::Root, depth: 0, state: &state }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    found.map_err(|error| {
        let fault = state.fault.into_inner();
        fault.unwrap_or_else(|| JsonError::Syntax { path: String::new(), why: shown(&error.to_string()) })
    })
}

/// Compares what was read with what was understood.
fn same(read: &Value, kept: &Value, place: &Place<'_>) -> Result<(), JsonError> {
    match (read, kept) {
        (Value::Object(read), Value::Object(kept)) => read.iter().try_for_each(|(key, value)| {
            let place = Place::Key(place, key);
            match kept.get(key) {
                Some(again) => same(value, again, &place),
                None if value.is_null() => Ok(()),
                None => Err(JsonError::Unknown { path: place.to_string() }),
            }
        }),
        (Value::Array(read), Value::Array(kept)) if read.len() == kept.len() => read
            .iter()
            .zip(kept)
            .enumerate()
            .try_for_each(|(index, (value, again))| same(value, again, &Place::Index(place, index))),
        _ if read == kept => Ok(()),
        _ => Err(JsonError::Changed { path: place.to_string() }),
    }
}

/// Where in the document we are; lives on the stack.
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => Ok(()),
            Place::Key(Place::Root, key) => f.write_str(&shown(key)),
            Place::Key(parent, key) => write!(f, "{parent}.{}", shown(key)),
            Place::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Text from a hostile document, made safe for a terminal and short.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MAX_SHOWN {
            out.push_str("...");
            break;
        }
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else if write!(out, "{}", c.escape_default()).is_err() {
            break;
        }
    }
    out
}

struct State {
    /// The first and innermost reason; serde's own errors cannot carry a value.
    fault: RefCell<Option<JsonError>>,
    values: Cell<usize>,
}

/// Reads one value of the tree; `depth` counts the arrays and objects around it.
struct Seed<'a> {
    place: &'a Place<'a>,
    depth: usize,
    state: &'a State,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: impl FnOnce(String) -> JsonError) -> E {
        self.state.fault.borrow_mut().get_or_insert_with(|| fault(self.place.to_string()));
        E::custom("refused")
    }

    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(|path| JsonError::TooComplex { path }));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let (place, state) = (self.place, self.state);
        state.values.set(state.values.get() + 1);
        if state.values.get() > MAX_VALUES {
            return Err(self.refuse(|path| JsonError::TooComplex { path }));
        }
        deserializer.deserialize_any(self).inspect_err(|error| {
            state
                .fault
                .borrow_mut()
                .get_or_insert_with(|| JsonError::Syntax { path: place.to_string(), why: shown(&error.to_string()) });
        })
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value < MAX_INTEGER { Ok(value.into()) } else { Err(self.refuse(|path| JsonError::Number { path })) }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() < MAX_INTEGER { Ok(value.into()) } else { Err(self.refuse(|path| JsonError::Number { path })) }
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(self.refuse(|path| JsonError::Number { path }))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) =
            access.next_element_seed(Seed { place: &Place::Index(self.place, values.len()), depth, state: self.state })?
        {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let place = Place::Key(self.place, &key);
            if map.contains_key(&key) {
                let fault = JsonError::Duplicate { path: place.to_string() };
                return Err(self.refuse(|_| fault));
            }
            let value = access.next_value_seed(Seed { place: &place, depth, state: self.state })?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
