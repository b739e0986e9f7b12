//! Lines of the ledger, and the verdict on it.

use oediag_protocol::ledger::{Entry, Event, chain::Flaw};

use super::Page;
use crate::{
    cmd::ledger::Verdict,
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// Lines as a table, oldest first.
pub fn list(entries: &[Entry], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if entries.is_empty() {
        return vec![text!(texts, "ledger-none")];
    }
    let mut cells = vec![page.heads(&["table-seq", "table-when", "table-event", "table-about"])];
    for entry in entries {
        let about = [
            entry.rid.map(|rid| rid.to_string()),
            entry.why.as_ref().map(ToString::to_string),
            entry.obj.map(|obj| obj.to_string()),
        ];
        cells.push(vec![
            cell(entry.seq.to_string()).right(),
            cell(entry.at.to_string()),
            cell(texts.named(&format!("event-{}", entry.ev.as_str()))).tone(tone(entry.ev)),
            cell(about.into_iter().flatten().collect::<Vec<_>>().join(" ")),
        ]);
    }
    term::table(&cells, page.columns, page.paint)
}

/// What was found good. What was found bad is the failure the command ends with.
pub fn verdict(verdict: &Verdict, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    match &verdict.head {
        Some(head) => vec![
            page.paint.tone(Tone::Good, &text!(texts, "ledger-good", count = head.seq, vouched = verdict.vouched)),
            text!(texts, "ledger-head", seq = head.seq, hash = head.hash.to_string()),
        ],
        None if verdict.ok => vec![text!(texts, "ledger-none")],
        None => Vec::new(),
    }
}

/// What is wrong with a line, in one sentence.
pub fn flaw(seq: u64, flaw: Flaw, texts: &Texts) -> String {
    match flaw {
        Flaw::Edited => text!(texts, "ledger-edited", seq = seq),
        Flaw::Deleted => text!(texts, "ledger-deleted", seq = seq),
        Flaw::Reordered => text!(texts, "ledger-reordered", seq = seq),
        Flaw::Gap => text!(texts, "ledger-gap", seq = seq),
        Flaw::Truncated => text!(texts, "ledger-truncated", seq = seq),
        Flaw::Torn => text!(texts, "ledger-torn", seq = seq),
        Flaw::Rewritten => text!(texts, "ledger-rewritten", seq = seq),
    }
}

fn tone(event: Event) -> Tone {
    match event {
        Event::Released | Event::Stored | Event::DeletionConfirmed => Tone::Good,
        Event::Rejected | Event::Failed => Tone::Bad,
        Event::Denied | Event::Declined | Event::Expired | Event::Cancelled | Event::Withdrawn | Event::Recovered => Tone::Warn,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Language, term::Paint};
    use oediag_protocol::{
        digest::Sha256,
        ledger::{NOTHING, Note},
        time::Time,
    };

    #[test]
    fn every_event_and_flaw_has_words_in_both_languages() {
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            for event in Event::ALL {
                assert!(texts.has(&format!("event-{}", event.as_str())), "{event:?}");
            }
            let flaws = [Flaw::Edited, Flaw::Deleted, Flaw::Reordered, Flaw::Gap, Flaw::Truncated, Flaw::Torn, Flaw::Rewritten];
            for found in flaws {
                assert!(flaw(58, found, &texts).contains("58"), "{found:?}");
            }
        }
    }

    #[test]
    fn lines_keep_to_the_width() {
        let mut head = None;
        let entries: Vec<Entry> = Event::ALL
            .iter()
            .map(|event| {
                let entry = Entry::after(head.as_ref(), Time(1_795_396_181), Note::of(*event, Sha256([0xab; 32])));
                head = Some(entry.head(b""));
                entry
            })
            .collect();
        assert_eq!(entries[0].prev, NOTHING);
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            let page = Page { texts: &texts, paint: Paint(false), columns: 80 };
            let lines = list(&entries, &page);
            assert_eq!(lines.len(), Event::ALL.len() + 1);
            assert!(lines.iter().all(|line| term::width(line) <= 80), "{lines:#?}");
        }
    }
}
