//! The customer's own rules of redaction: words, keys and patterns, from files of TOML that others have read.
//!
//! In: the text of a file. Out: rows that are proved, or every line that is wrong and why. Never here: files, half a
//! file's rows, an expression that is looked for everywhere: a match begins with characters that are known beforehand.

mod expression;
mod find;

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use self::expression::Expression;
pub(super) use self::find::Site;

/// Most words, keys and patterns of all files together.
const WORDS_MAX: usize = 10_000;
const KEYS_MAX: usize = 1000;
const PATTERNS_MAX: usize = 100;
/// Bytes of a word, a key, an expression or an example.
const BYTES_MAX: usize = 256;
/// Fewer bytes would be everywhere. A Han character has three.
const BYTES_MIN: usize = 3;

/// The customer's words, keys and patterns. Kept on the host: a bundle holds no more of them than a keyed digest.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct SiteRules {
    words: BTreeSet<String>,
    keys: BTreeSet<String>,
    patterns: Vec<SitePattern>,
}

/// One pattern.
#[derive(Clone, PartialEq, Eq)]
struct SitePattern {
    name: String,
    regex: String,
    secret: bool,
}

impl std::fmt::Debug for SiteRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteRules")
    }
}

/// What is wrong with a file of rules. Says no word of the customer's but names of patterns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct SiteProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: SiteWhy,
}

/// What may be wrong with a line of a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteWhy {
    /// It is no TOML of this shape, or no expression: in the parser's own words, English.
    #[error("{0}")]
    Syntax(String),
    /// Too many rows: how many there may be, and of what.
    #[error("more than {0} {1} in all files together")]
    TooMany(usize, &'static str),
    /// The name of a pattern.
    #[error("a name holds a-z, 0-9, - and _, at most 60 of them")]
    Name,
    /// The name of another pattern.
    #[error("two patterns have this name")]
    Twice,
    /// It would be everywhere.
    #[error("too short: at least three letters, or two Chinese characters")]
    Short,
    /// Longer than anything that is looked for.
    #[error("longer than 256 bytes")]
    Long,
    /// It would never be found.
    #[error("holds a control character or a line end")]
    Control,
    /// It would be found in what is redacted.
    #[error("a part of what values are replaced by")]
    StandIn,
    /// A list without which a pattern is not proved.
    #[error("{0} is empty: give at least one")]
    Empty(&'static str),
    /// An example that is not matched as a whole.
    #[error("the expression does not match this example from its first to its last character")]
    Example,
    /// A counter-example that is matched.
    #[error("the expression matches a part of this counter-example")]
    CounterExample,
    /// A match could begin with anything.
    #[error("the expression must begin with at least 3 characters that are always the same, such as HT- in HT-[0-9]+")]
    Beginning,
    /// The expression takes too much memory.
    #[error("the expression is too large: repeat fewer classes fewer times")]
    Large,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    #[serde(default)]
    keywords: Vec<Spanned<String>>,
    #[serde(default)]
    keys: Vec<Spanned<String>>,
    #[serde(default)]
    pattern: Vec<PatternShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternShape {
    name: Spanned<String>,
    regex: Spanned<String>,
    #[serde(default)]
    secret: bool,
    examples: Spanned<Vec<Spanned<String>>>,
    counter_examples: Spanned<Vec<Spanned<String>>>,
}

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SiteSize {
    /// Words and phrases.
    pub keywords: usize,
    /// Keys whose values go.
    pub keys: usize,
    /// Expressions.
    pub patterns: usize,
}

impl SiteRules {
    /// Adds the rows of one file, all or none of them.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines.
    pub fn add(&mut self, text: &str) -> Result<SiteSize, Vec<SiteProblem>> {
        let shape: FileShape = toml::from_str(text).map_err(|error| {
            let place = error.span().unwrap_or(0..0);
            vec![SiteProblem { line: line_of(text, &place), why: SiteWhy::Syntax(error.message().to_owned()) }]
        })?;
        let mut problems = Vec::new();
        let mut wrong = |place: Range<usize>, why: SiteWhy| problems.push(SiteProblem { line: line_of(text, &place), why });
        for (rows, most, what) in [(&shape.keywords, WORDS_MAX, "keywords"), (&shape.keys, KEYS_MAX, "keys")] {
            let known = if most == WORDS_MAX { self.words.len() } else { self.keys.len() };
            if known + rows.len() > most {
                wrong(rows[0].span(), SiteWhy::TooMany(most, what));
            }
            for row in rows {
                if let Err(why) = word(row.get_ref()) {
                    wrong(row.span(), why);
                }
            }
        }
        if let Some(first) = shape.pattern.first().filter(|_| self.patterns.len() + shape.pattern.len() > PATTERNS_MAX) {
            wrong(first.name.span(), SiteWhy::TooMany(PATTERNS_MAX, "patterns"));
        }
        let mut names: BTreeSet<&str> = self.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
        for row in &shape.pattern {
            let name = row.name.get_ref();
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
            if name.is_empty() || name.len() > 60 || !name.bytes().all(legal) {
                wrong(row.name.span(), SiteWhy::Name);
            }
            if !names.insert(name) {
                wrong(row.name.span(), SiteWhy::Twice);
            }
            prove(row, &mut wrong);
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(problems);
        }
        let size = SiteSize { keywords: shape.keywords.len(), keys: shape.keys.len(), patterns: shape.pattern.len() };
        self.words.extend(shape.keywords.into_iter().map(|row| row.into_inner().trim().to_owned()));
        self.keys.extend(shape.keys.into_iter().map(|row| row.into_inner().trim().to_owned()));
        self.patterns.extend(shape.pattern.into_iter().map(|row| SitePattern {
            name: row.name.into_inner(),
            regex: row.regex.into_inner(),
            secret: row.secret,
        }));
        Ok(size)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.keys.is_empty() && self.patterns.is_empty()
    }

    /// The words and phrases: for who looks for them in what is finished.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// All rows as bytes, the same for the same rows in any files.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut patterns: Vec<_> = self.patterns.iter().map(|p| (&p.name, &p.regex, p.secret)).collect();
        patterns.sort();
        format!("{:?}\n{:?}\n{patterns:?}\n", self.words, self.keys).into_bytes()
    }
}

/// Whether a word or key can be looked for.
fn word(text: &str) -> Result<(), SiteWhy> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if text.len() < BYTES_MIN || text.chars().count() < 2 {
        return Err(SiteWhy::Short);
    }
    if text.len() > BYTES_MAX {
        return Err(SiteWhy::Long);
    }
    if text.contains(|c: char| c.is_control()) {
        return Err(SiteWhy::Control);
    }
    if lower == "invalid" || lower.starts_with("oer-") {
        return Err(SiteWhy::StandIn);
    }
    Ok(())
}

/// Compiles the expression and tries its examples.
fn prove(row: &PatternShape, wrong: &mut impl FnMut(Range<usize>, SiteWhy)) {
    let expression = match Expression::new(row.regex.get_ref()) {
        Ok(expression) => expression,
        Err(why) => return wrong(row.regex.span(), why),
    };
    for (examples, name) in [(&row.examples, "examples"), (&row.counter_examples, "counter_examples")] {
        if examples.get_ref().is_empty() {
            wrong(examples.span(), SiteWhy::Empty(name));
        }
        if let Some(long) = examples.get_ref().iter().find(|example| example.get_ref().len() > BYTES_MAX) {
            wrong(long.span(), SiteWhy::Long);
        }
    }
    for example in row.examples.get_ref() {
        if expression.all(example.get_ref().as_bytes()).first() != Some(&(0..example.get_ref().len())) {
            wrong(example.span(), SiteWhy::Example);
        }
    }
    for example in row.counter_examples.get_ref() {
        if !expression.all(example.get_ref().as_bytes()).is_empty() {
            wrong(example.span(), SiteWhy::CounterExample);
        }
    }
}

fn line_of(text: &str, place: &Range<usize>) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..place.start.min(text.len())]).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
keywords = ["Project Falcon", "云河银行"]
keys = ["登录码", "unlock_word"]
[[pattern]]
name = "contract"
regex = 'HT-\d{4}-\d{6}'
examples = ["HT-2024-001234"]
counter_examples = ["HT-2024-12", "XHT-2024-001234", "HT-2024-0012345"]
"#;

    #[test]
    fn a_file_is_taken_whole_or_not_at_all() {
        let mut rules = SiteRules::default();
        assert_eq!(rules.add(GOOD), Ok(SiteSize { keywords: 2, keys: 2, patterns: 1 }));
        assert_eq!(rules.keywords().collect::<Vec<_>>(), ["Project Falcon", "云河银行"]);
        let before = rules.clone();
        for (text, line, why) in [
            ("keyword = [\"abc\"]", 1, "unknown field `keyword`"),
            ("keywords = [\"ok then\",\n\"ab\"]", 2, "too short"),
            ("keywords = [\"人\"]", 1, "too short"),
            ("keys = [\"a\\u0007b\"]", 1, "control character"),
            ("keywords = [\"Invalid\"]", 1, "replaced by"),
            ("keywords = \"abc\"", 1, "invalid type"),
            ("[[pattern]]\nname = \"x\"", 1, "missing field"),
            ("[[pattern]]\nname='contract'\nregex='HT-1'\nexamples=['HT-1']\ncounter_examples=['x']", 2, "two patterns"),
            ("[[pattern]]\nname='X Y'\nregex='HT-1'\nexamples=['HT-1']\ncounter_examples=['x']", 2, "a name holds"),
            ("[[pattern]]\nname='a'\nregex='[0-9]+'\nexamples=['12']\ncounter_examples=['x']", 3, "begin with at least 3"),
            ("[[pattern]]\nname='a'\nregex='(HT-'\nexamples=['12']\ncounter_examples=['x']", 3, "unclosed group"),
            ("[[pattern]]\nname='a'\nregex='HT-[0-9]+'\nexamples=['HT-1 x']\ncounter_examples=['x']", 4, "from its first"),
            ("[[pattern]]\nname='a'\nregex='HT-[0-9]+'\nexamples=['HT-1']\ncounter_examples=['a HT-7']", 5, "a part of this"),
            ("[[pattern]]\nname='a'\nregex='HT-[0-9]+'\nexamples=[]\ncounter_examples=['x']", 4, "is empty"),
            ("[[pattern]]\nname='a'\nregex='HT-(\\w{100}){100}'\nexamples=['HT-1']\ncounter_examples=['x']", 3, "too large"),
        ] {
            let problems = rules.add(text).expect_err(text);
            assert!(problems[0].line == line && problems[0].why.to_string().contains(why), "{text}: {problems:?}");
            assert_eq!(rules, before);
        }
        let many = format!("keywords = {:?}", (0..WORDS_MAX).map(|n| format!("word-{n}")).collect::<Vec<_>>());
        assert!(rules.add(&many).expect_err("too many")[0].why.to_string().contains("more than"));
    }

    #[test]
    fn the_same_rows_have_the_same_form() {
        let (mut one, mut two) = (SiteRules::default(), SiteRules::default());
        one.add(GOOD).expect("good");
        one.add("keywords = [\"another\"]").expect("good");
        two.add("keywords = [\"another\"]").expect("good");
        two.add(GOOD).expect("good");
        assert_eq!(one.canonical(), two.canonical());
    }
}
