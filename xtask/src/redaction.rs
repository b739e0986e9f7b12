//! `docs/redaction.md` and its Chinese sister: prose in `xtask/pages`, and tables of the kinds. In: the redactor's listing, the
//! program's texts. Out: two Markdown texts.

use oediag::{
    cli::Language,
    texts::Texts,
    view::redaction::{found_by, stand_in, what},
};
use oediag_collector::redact::{self, KindRow};

/// A page: where it lies, its language, its prose, the heads of its tables.
struct Page {
    path: &'static str,
    language: Language,
    prose: &'static str,
    heads: [&'static str; 5],
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/redaction.md",
        language: Language::En,
        prose: include_str!("../pages/redaction.en.txt"),
        heads: ["Kind", "What", "Found by", "Example: before, after", "Left alone"],
    },
    Page {
        path: "docs/redaction.zh-CN.md",
        language: Language::ZhCn,
        prose: include_str!("../pages/redaction.zh-CN.txt"),
        heads: ["类别", "内容", "发现依据", "示例：替换前、替换后", "保持不变"],
    },
];

/// Longest line of an example that a table shows.
const SHOWN: usize = 110;

/// Both pages as they should be: path and text.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    // A redactor that does not start has no rows, and then the pages are not what they should be.
    let rows = redact::kinds().unwrap_or_default();
    PAGES.iter().map(|page| (page.path, text(page, &rows))).collect()
}

fn text(page: &Page, rows: &[KindRow]) -> String {
    let table = |credential: bool| {
        let mut lines = vec![line(&page.heads.map(str::to_owned)), line(&["---"; 5].map(str::to_owned))];
        lines.extend(rows.iter().filter(|row| row.credential == credential).map(|row| line(&cells(row, page))));
        lines.join("\n")
    };
    page.prose.replace("{{credentials}}", &table(true)).replace("{{identities}}", &table(false))
}

fn cells(row: &KindRow, page: &Page) -> [String; 5] {
    let texts = Texts::new(page.language);
    // The shortest example is the clearest one.
    let example = row.examples.iter().min_by_key(|example| example.before.len());
    let example = example.map(|example| format!("{}<br>{}", code(&example.before), code(&example.after)));
    let counter = row.counter_examples.iter().min_by_key(|counter| counter.text.len());
    let kind = match row.form {
        redact::ListedForm::Token => code(row.name),
        _ => format!("{}<br>{}", code(row.name), stand_in(row, &texts)),
    };
    [
        kind,
        what(row, &texts),
        found_by(row, &texts),
        example.unwrap_or_default(),
        counter.map(|counter| code(&counter.text)).unwrap_or_default(),
    ]
}

/// One line of a table; a bar inside a cell would end it.
fn line(cells: &[String; 5]) -> String {
    format!("| {} |", cells.each_ref().map(|cell| cell.replace('|', "\\|")).join(" | "))
}

/// Code, cut where it is long; line ends become visible.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ⏎ ");
    let text = text.trim_end_matches([' ', '⏎']);
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("`{shown}{more}`")
}
