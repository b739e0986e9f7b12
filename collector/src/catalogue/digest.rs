//! The catalogue's own name: a digest over every row, told in each bundle.
//!
//! In: the rows. Out: SHA-256 of their text in one fixed form. Two programs with the same digest look in the same
//! places in the same way at the same cost; code of native rows and samplers is named by its member only.

use std::fmt::Write as _;

use oediag_protocol::digest::Sha256;

use super::{Depth, Over, Privacy, Probe, Source, When};

/// A digest over rows, site rows included: id, conditions, probe, privacy, limits, depth.
pub fn sha256<'a>(rows: impl IntoIterator<Item = &'a Source>) -> Sha256 {
    let mut text = String::from("oediag.catalogue/1\n");
    for row in rows {
        line(&mut text, row);
    }
    Sha256::of(text.as_bytes())
}

/// One row as one line: fields behind tabs, parts of a field behind the unit separator. No constant holds either.
fn line(text: &mut String, row: &Source) {
    let when: Vec<String> = row
        .when
        .iter()
        .map(|when| match when {
            When::Path(path) => format!("path {path}"),
            When::Program(path) => format!("program {path}"),
        })
        .collect();
    let probe = match row.probe {
        Probe::File(path) => format!("file {path}"),
        Probe::Glob { pattern, newest } => format!("glob {newest} {pattern}"),
        Probe::Command(argv) => format!("command {}", argv.join("\x1f")),
        Probe::Journal { select } => format!("journal {}", select.join("\x1f")),
        Probe::Each { over, argv } => {
            let over = match over {
                Over::NetDevice => "net",
                Over::BlockDevice => "block",
                Over::NvmeController => "nvme",
                Over::ActivityFile => "sa",
                Over::AtopLog => "atop",
                Over::ScsiDisk => "scsi",
                Over::Ext4 => "ext4",
                Over::NetNamespace => "netns",
            };
            format!("each {over} {}", argv.join("\x1f"))
        }
        Probe::Native { member, .. } => format!("native {member}"),
        Probe::Sample { member, .. } => format!("sample {member}"),
    };
    let privacy = match row.privacy {
        Privacy::Facts => "facts",
        Privacy::Identifying => "identifying",
        Privacy::FreeText => "free_text",
        Privacy::Credentials => "credentials",
    };
    let depth = match row.depth {
        Depth::Quick => "quick",
        Depth::Standard => "standard",
        Depth::Deep => "deep",
    };
    let (bytes, ms) = (row.limit.bytes, row.limit.time.as_millis());
    // Writing to a String does not fail.
    writeln!(text, "{}\t{}\t{probe}\t{privacy}\t{bytes}\t{ms}\t{depth}", row.id, when.join("\x1f")).unwrap_or_default();
}
