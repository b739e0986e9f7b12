//! Lists of JSON, YAML and their like behind a key, in one line: every item may be a value.
//!
//! In: text and the place of the bracket that opens the list. Out: the places of its items, however deep.

use super::{
    scalar::{quote, scalar},
    value::{Style, Value, at, line_end, skip_blanks},
};

/// Items and brackets of one list that are looked at.
const MOST: usize = 64;

/// Whether a list of YAML begins at `i` that ends in its line, and nothing else of the value is behind it.
pub(super) fn is_flow(t: &[u8], i: usize) -> bool {
    let close = memchr::memchr(b']', &t[i..line_end(t, i)]).filter(|_| t[i] == b'[');
    close.is_some_and(|n| matches!(at(t, i + n + 1), b'\n' | b'\r' | b' ' | b',' | b'}'))
}

/// Calls `each` with every item of the list that opens at `i`; objects in it end the look: they have keys of their own.
pub(super) fn items(t: &[u8], i: usize, style: Style, open_end: bool, each: &mut dyn FnMut(Value)) {
    let mut i = i;
    let mut depth = 0_usize;
    for _ in 0..MOST {
        i = skip_blanks(t, i);
        match at(t, i) {
            b'[' => depth += 1,
            b']' if depth > 1 => depth -= 1,
            b',' => {}
            b']' | b'{' | b'}' | b':' | b'\n' | b'\r' | 0 => return,
            _ => {
                let quoted = quote(t, i);
                let Some(mut item) = scalar(t, i, b':', style, open_end) else {
                    // Two quotes with nothing between.
                    let Some(quoted) = quoted else { return };
                    i += 2 * quoted.len();
                    continue;
                };
                if quoted.is_none() {
                    let plain = &t[item.range.start..];
                    item.range.end = item.range.start
                        + plain.iter().take(item.range.len()).take_while(|b| !matches!(b, b',' | b']' | b' ' | b'\n')).count();
                }
                i = item.range.end + quoted.map_or(0, <[u8]>::len);
                if item.range.is_empty() || quoted.is_some() && !item.quoted {
                    return;
                }
                // A number would need quotes to hold a stand-in, and is hardly ever a secret in a list.
                if item.quoted || !t[item.range.clone()].iter().all(|b| b.is_ascii_digit() || *b == b'.') {
                    each(item);
                }
                continue;
            }
        }
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(t: &str) -> Vec<&str> {
        let mut all = Vec::new();
        items(t.as_bytes(), 0, Style::Json, false, &mut |item| all.push(&t[item.range]));
        all
    }

    #[test]
    fn items_of_any_depth() {
        assert_eq!(of("[0,[\"a b\", \"\", 'c']], \"d\""), ["a b", "c"]);
        assert_eq!(of("[x, y]\nz"), ["x", "y"]);
        assert_eq!(of("[{\"a\":1}]"), Vec::<&str>::new());
        assert_eq!(of("["), Vec::<&str>::new());
    }
}
