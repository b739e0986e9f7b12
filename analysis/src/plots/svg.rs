//! An SVG text, made element by element. In: names of our own, and values. Out: well-formed XML.
//! Never: a value that is not escaped, an element left open, a style on an element.

use std::fmt::Display;

/// A picture under way.
pub(super) struct Svg {
    text: String,
    open: Vec<&'static str>,
}

/// An attribute: a name of ours and a value that is escaped.
type Attribute<'a> = (&'static str, &'a dyn Display);

impl Svg {
    /// Begins a picture of this size with its title and its description, which also tell what it shows to those who cannot see it.
    pub(super) fn begin(id: &str, class: &str, (width, height): (f64, f64), title: &str, description: &str) -> Self {
        let mut svg = Self { text: String::with_capacity(8 << 10), open: Vec::new() };
        let (name, words) = (format!("{id}-title"), format!("{id}-text"));
        svg.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("class", &class),
                ("viewBox", &format_args!("0 0 {} {}", Short(width), Short(height))),
                ("role", &"img"),
                ("aria-labelledby", &format_args!("{name} {words}")),
            ],
        );
        svg.words("title", &[("id", &name)], title);
        svg.words("desc", &[("id", &words)], description);
        svg
    }

    /// Opens an element.
    pub(super) fn open(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.start(name, attributes);
        self.text.push('>');
        self.open.push(name);
    }

    /// Closes the element opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.extend(["</", name, ">"]);
        }
    }

    /// An element with nothing in it.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.start(name, attributes);
        self.text.push_str("/>");
    }

    /// An element with words in it.
    pub(super) fn words(&mut self, name: &'static str, attributes: &[Attribute<'_>], words: &str) {
        self.open(name, attributes);
        escape(words, &mut self.text);
        self.close();
    }

    /// The whole picture.
    pub(super) fn end(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn start(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.text.extend(["<", name]);
        for (name, value) in attributes {
            self.text.extend([" ", name, "=\""]);
            escape(&value.to_string(), &mut self.text);
            self.text.push('"');
        }
    }
}

/// A length with one digit behind the point, none where it is zero.
pub(super) struct Short(pub(super) f64);

impl Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if tenths % 10.0 == 0.0 { write!(f, "{:.0}", tenths / 10.0) } else { write!(f, "{:.1}", tenths / 10.0) }
    }
}

/// Lines through places, as the value of `d`.
pub(super) fn lines<'a>(runs: impl IntoIterator<Item = &'a [(f64, f64)]>) -> String {
    let mut path = String::new();
    let mut go = |letter, (x, y): &(f64, f64)| {
        path.push(letter);
        path.extend([Short(*x).to_string(), " ".to_owned(), Short(*y).to_string()]);
    };
    for run in runs {
        for (at, place) in run.iter().enumerate() {
            go(if at == 0 { 'M' } else { 'L' }, place);
        }
        if let [place] = run {
            // A line to where it is, with round ends, is a dot.
            go('L', place);
        }
    }
    path
}

/// Adds text in which nothing means anything to XML, and no character acts on others.
fn escape(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            '\u{fffe}'
            | '\u{ffff}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                to.push('\u{fffd}');
            }
            c if c.is_control() => to.push('\u{fffd}'),
            c => to.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_nothing_to_xml() {
        let mut svg = Svg::begin("p", "c", (10.0, 5.5), "a<b", "\u{202e}\u{0}");
        svg.leaf("path", &[("d", &"\"/><script>")]);
        let text = svg.end();
        assert_eq!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"c\" viewBox=\"0 0 10 5.5\" role=\"img\" \
             aria-labelledby=\"p-title p-text\"><title id=\"p-title\">a&lt;b</title><desc id=\"p-text\">\u{fffd}\u{fffd}</desc>\
             <path d=\"&quot;/&gt;&lt;script&gt;\"/></svg>"
        );
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!([1.0, 1.04, 1.05, -0.01].map(|length| Short(length).to_string()).join(" "), "1 1 1.1 -0");
        assert_eq!(lines([&[(0.0, 1.0), (2.0, 3.5)][..], &[(4.0, 4.0)]]), "M0 1L2 3.5M4 4L4 4");
    }
}
