//! `docs/coverage.md` and its Chinese sister. In: the verdicts. Out: two Markdown pages. A tidy rule says when the committed ones
//! are old.

use anyhow::Result;

use super::{
    Sum,
    floor::{Floor, Tier},
    of_tier,
    verdict::{LeftOut, Verdict, verdicts},
};

/// A page: where it lies, which of two reasons it gives, and the words around the tables.
struct Page {
    path: &'static str,
    reason: usize,
    opening: &'static str,
    tiers: [&'static str; 3],
    heads: [&'static str; 6],
    by_category: &'static str,
    left_out: &'static str,
    left_out_heads: [&'static str; 4],
    equal: &'static str,
    equal_heads: [&'static str; 2],
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/coverage.md",
        reason: 0,
        opening: "# Coverage

[中文](coverage.zh-CN.md)

What the [catalogue](sources.md) takes, beside a list of what a widely used collector takes from such a host: the files it copies and the
commands it runs. `cargo xtask coverage` makes this page from `xtask/coverage` and the catalogue.

* **Base** rows are taken from every host, **optional** rows only where some further software is installed. Rows **beyond** are
  worth having on openEuler and the other collector does not take them.
* **Same**: a row of ours reads the same path or runs the same command. **Equal**: other rows of ours tell the same, mostly
  by reading the kernel's files in place of running a program; they are named below, each with its reason in
  `xtask/coverage/equivalents.tsv`. Only these two count as covered.
",
        tiers: ["base", "optional", "beyond"],
        heads: ["Tier", "Rows", "Same", "Equal", "Left out", "Covered"],
        by_category: "Base rows by category",
        left_out: "Left out, and why",
        left_out_heads: ["Tier", "What", "Rows", "Why"],
        equal: "Told by other rows",
        equal_heads: ["The other collector takes", "Ours"],
    },
    Page {
        path: "docs/coverage.zh-CN.md",
        reason: 1,
        opening: "# 采集覆盖面

[English](coverage.md)

本页将[采集项目录](sources.zh-CN.md)与一款常用采集工具在同类主机上复制的文件和运行的命令逐项对照，由 `cargo xtask coverage`
根据 `xtask/coverage` 和采集项目录生成。

* **基本**：任何主机都会采集；**可选**：仅在装有相应软件时采集；**增补**：该工具不采集，但在 openEuler 上有价值。
* **相同**：本工具的某个采集项读取同一路径或运行同一命令。**等价**：由本工具的其他采集项给出同样的信息，多为直接读取内核文件而不运行程序，
  对应关系见下文，理由见 `xtask/coverage/equivalents.tsv`。只有这两类计为已覆盖。
",
        tiers: ["基本", "可选", "增补"],
        heads: ["级别", "条目", "相同", "等价", "不采集", "覆盖率"],
        by_category: "按类别统计（基本）",
        left_out: "不采集的条目及原因",
        left_out_heads: ["级别", "条目", "数量", "原因"],
        equal: "由其他采集项给出",
        equal_heads: ["该工具采集", "本工具的采集项"],
    },
];

/// Both pages as they should be: path and text.
pub(crate) fn pages() -> Result<Vec<(&'static str, String)>> {
    Ok(of(&verdicts()?))
}

pub(super) fn of(verdicts: &[(Floor, Verdict)]) -> Vec<(&'static str, String)> {
    PAGES.iter().map(|page| (page.path, text(page, verdicts))).collect()
}

fn text(page: &Page, verdicts: &[(Floor, Verdict)]) -> String {
    let mut lines = vec![page.opening.to_owned(), row(&page.heads), row(&["---"; 6])];
    for (tier, name) in Tier::ALL.into_iter().zip(page.tiers) {
        lines.push(sum(name, of_tier(verdicts, tier)));
    }
    lines.extend([format!("\n## {}\n", page.by_category), row(&page.heads), row(&["---"; 6])]);
    let mut categories: Vec<&str> = of_tier(verdicts, Tier::Base).map(|(row, _)| row.category).collect();
    categories.dedup();
    for category in categories {
        lines.push(sum(category, of_tier(verdicts, Tier::Base).filter(|(row, _)| row.category == category)));
    }
    lines.extend([format!("\n## {}\n", page.left_out), row(&page.left_out_heads), row(&["---"; 4])]);
    for (tier, name) in Tier::ALL.into_iter().zip(page.tiers) {
        let mut out: Vec<(LeftOut, usize)> = Vec::new();
        for (_, verdict) in of_tier(verdicts, tier) {
            let Verdict::LeftOut(line) = verdict else { continue };
            match out.iter_mut().find(|(known, _)| known == line) {
                Some((_, count)) => *count += 1,
                None => out.push((*line, 1)),
            }
        }
        lines.extend(
            out.iter().map(|(line, count)| row(&[name, &code(line.pattern), &count.to_string(), line.reasons[page.reason]])),
        );
    }
    lines.extend([format!("\n## {}\n", page.equal), row(&page.equal_heads), row(&["---"; 2])]);
    for (floor, verdict) in verdicts {
        if let Verdict::Equal(ids) = verdict {
            lines.push(row(&[&code(floor.what), &ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", ")]));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn sum<'a>(name: &str, verdicts: impl Iterator<Item = &'a (Floor, Verdict)>) -> String {
    let sum = Sum::of(verdicts.map(|(_, verdict)| verdict));
    let numbers = [sum.rows(), sum.same, sum.equal, sum.left_out + sum.missed].map(|number| number.to_string());
    let [rows, same, equal, out] = &numbers;
    row(&[name, rows, same, equal, out, &sum.per_cent()])
}

/// One line of a table; a bar inside a cell would end it.
fn row<S: AsRef<str>>(cells: &[S]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.as_ref().replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
