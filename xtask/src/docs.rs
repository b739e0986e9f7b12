//! `cargo xtask docs`: `docs/sources.md`, `docs/redaction.md` and their Chinese sisters. In: the catalogue, the redactor's
//! listing, the program's texts. Out: Markdown files. A tidy rule says when the committed ones are old.

use std::fs;

use anyhow::{Context as _, Result};
use oediag::{
    cli::Language,
    term,
    texts::Texts,
    view::sources::{depth, privacy, topic_name, what},
};
use oediag_collector::{
    catalogue::{self, PRESETS, Probe, Source, Topic},
    plan,
};

use crate::{redaction, run};

/// A page: where it lies, its language, and the words around the tables.
struct Page {
    path: &'static str,
    language: Language,
    opening: &'static str,
    heads: [&'static str; 6],
    /// What a row of ours writes, and how many of the newest files are taken.
    writes: &'static str,
    newest: &'static str,
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/sources.md",
        language: Language::En,
        opening: "# Sources

[中文](sources.zh-CN.md)

Everything `oediag collect` may look at; nothing else can be asked for, except what the host's own administrator adds in
`/etc/oediag/sources.d`. `cargo xtask docs` makes this page from the catalogue.

* **Privacy** is what may be in it before redaction: technical facts; identifiers (names, addresses, serial numbers);
  free text (anything); credentials (configuration that may hold them).
* **Limits** hold for each file, command or device. Of a longer log the end is kept.
* **Presets** begin with the smallest of `quick`, `standard` and `deep` that asks for it; each contains the one before.
  Those by symptom follow.
* `{}` is the name of each device in turn; `*`, `?`, `[…]` and `{a,b}` are patterns of file names. A program that is not
  installed and a file that is not there are left out, with the reason.
",
        heads: ["Source", "What", "Looks at", "Privacy", "Limits", "Presets"],
        writes: "writes",
        newest: "newest",
    },
    Page {
        path: "docs/sources.zh-CN.md",
        language: Language::ZhCn,
        opening: "# 采集项

[English](sources.md)

`oediag collect` 可能查看的全部内容。除本机管理员在 `/etc/oediag/sources.d` 中自行添加的以外，不能要求采集其他内容。
本页由 `cargo xtask docs` 根据采集项目录生成。

* **数据类别**：脱敏前可能包含的数据，即技术数据、名称和地址（含序列号）、自由文本（内容不限）、可能含凭据的配置。
* **上限**：对每个文件、命令或设备分别计算；日志过长时保留末尾。
* **预设**：先列出 `quick`、`standard`、`deep` 中包含该项的最小预设（后者包含前者），再列出按症状划分的预设。
* `{}` 依次代表各个设备名；`*`、`?`、`[…]`、`{a,b}` 是文件名通配符。程序未安装或文件不存在时跳过，并记录原因。
",
        heads: ["采集项", "内容", "读取或运行", "数据类别", "上限", "预设"],
        writes: "写入",
        newest: "最新",
    },
];

/// Writes all pages.
pub(crate) fn run() -> Result<()> {
    for (path, text) in pages() {
        fs::write(run::root().join(path), text).with_context(|| format!("writing {path}"))?;
        run::say(path);
    }
    Ok(())
}

/// All pages as they should be: path and text.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    PAGES.iter().map(|page| (page.path, text(page))).chain(redaction::pages()).collect()
}

fn text(page: &Page) -> String {
    let texts = Texts::new(page.language);
    let mut lines = vec![page.opening.to_owned()];
    for preset in PRESETS {
        lines.push(format!("* `{}`: {}", preset.name, texts.named(&format!("preset-{}", preset.name))));
    }
    for topic in Topic::ALL {
        lines.push(format!("\n## {}\n", topic_name(topic, &texts)));
        lines.push(line(&page.heads));
        lines.push(line(&["---"; 6]));
        for row in catalogue::all().filter(|row| row.topic == topic) {
            lines.push(line(&[
                &code(row.id),
                &what(row, &texts),
                &looks_at(row, page),
                &privacy(row.privacy, &texts),
                &limits(row, page),
                &presets(row),
            ]));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One line of a table; a bar inside a cell would end it.
fn line(cells: &[&str; 6]) -> String {
    format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn looks_at(row: &Source, page: &Page) -> String {
    let looks = code(&plan::describe(&row.probe));
    match row.probe {
        Probe::Native { .. } | Probe::Sample { .. } => format!("{} {looks}", page.writes),
        _ => looks,
    }
}

fn limits(row: &Source, page: &Page) -> String {
    let cost = format!("{}, {} s", term::bytes(row.limit.bytes), row.limit.time.as_secs());
    match row.probe {
        Probe::Glob { newest, .. } if newest > 0 => format!("{cost}, {} {newest}", page.newest),
        _ => cost,
    }
}

fn presets(row: &Source) -> String {
    let symptoms = PRESETS.iter().filter(|preset| preset.topics.contains(&row.topic) && row.depth <= preset.depth);
    let names: Vec<&str> = std::iter::once(depth(row.depth)).chain(symptoms.map(|preset| preset.name)).collect();
    names.join(", ")
}
