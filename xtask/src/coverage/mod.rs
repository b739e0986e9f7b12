//! `cargo xtask coverage`: the catalogue beside a list of what a widely used collector takes.
//!
//! In: `xtask/coverage/*.tsv`, the catalogue, the records of the tests. Out: a report on the terminal, `docs/coverage.md` and its
//! Chinese sister. Fails when less than [`LEAST`] per cent of the base rows are covered, or when a row is neither covered nor left
//! out with a reason.

mod exercised;
mod floor;
mod page;
mod verdict;

use std::fs;

use anyhow::{Context as _, Result, bail};
use oediag_collector::catalogue;

use self::{
    floor::{Floor, Tier},
    verdict::{Verdict, verdicts},
};
use crate::run;

pub(crate) use self::page::pages;

/// Per cent of the base rows that must be covered.
const LEAST: usize = 95;

/// Rows of a tier or category, and how they fare.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) same: usize,
    pub(super) equal: usize,
    pub(super) left_out: usize,
    pub(super) missed: usize,
}

impl Sum {
    pub(super) fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut sum = Self::default();
        for verdict in verdicts {
            match verdict {
                Verdict::Same(_) => sum.same += 1,
                Verdict::Equal(_) => sum.equal += 1,
                Verdict::LeftOut(_) => sum.left_out += 1,
                Verdict::Missed => sum.missed += 1,
            }
        }
        sum
    }

    pub(super) fn rows(self) -> usize {
        self.covered() + self.left_out + self.missed
    }

    pub(super) fn covered(self) -> usize {
        self.same + self.equal
    }

    /// Covered, in tenths of a per cent, rounded down.
    pub(super) fn per_mille(self) -> usize {
        (self.covered() * 1000).checked_div(self.rows()).unwrap_or(1000)
    }

    /// The same as people read it.
    pub(super) fn per_cent(self) -> String {
        format!("{}.{} %", self.per_mille() / 10, self.per_mille() % 10)
    }
}

/// Prints the report and writes the pages; with `check`, only says whether they are as they should be.
pub(crate) fn run(check: bool) -> Result<()> {
    let verdicts = verdicts()?;
    report(&verdicts)?;
    for (path, text) in page::of(&verdicts) {
        let file = run::root().join(path);
        if !check {
            fs::write(&file, text).with_context(|| format!("writing {path}"))?;
            run::say(path);
        } else if fs::read_to_string(&file).unwrap_or_default() != text {
            bail!("{path} is not what `cargo xtask coverage` writes; run it");
        }
    }
    enough(&verdicts)
}

fn report(verdicts: &[(Floor, Verdict)]) -> Result<()> {
    run::say("tier      rows  same  equal  left out  covered");
    for tier in Tier::ALL {
        let sum = Sum::of(of_tier(verdicts, tier).map(|(_, verdict)| verdict));
        let Sum { same, equal, left_out, missed } = sum;
        run::say(&format!(
            "{:<8} {:>5} {same:>5} {equal:>6} {:>9}  {}",
            tier.name(),
            sum.rows(),
            left_out + missed,
            sum.per_cent()
        ));
    }
    for (row, verdict) in verdicts {
        let why = match verdict {
            Verdict::LeftOut(line) => line.reasons[0],
            Verdict::Missed => "NO REASON",
            Verdict::Same(_) | Verdict::Equal(_) => continue,
        };
        run::say(&format!("{:<6} {:<11} {}: {why}", row.tier.name(), row.category, row.what));
    }
    let (all, idle) = (catalogue::all().count(), exercised::idle()?);
    run::say(&format!("{} of {all} rows of the catalogue find something on a host of the tests", all - idle.len()));
    for id in idle {
        run::say(&format!("  not {id}"));
    }
    Ok(())
}

/// The rows of a tier.
pub(super) fn of_tier(verdicts: &[(Floor, Verdict)], tier: Tier) -> impl Iterator<Item = &(Floor, Verdict)> {
    verdicts.iter().filter(move |(row, _)| row.tier == tier)
}

/// What must hold of the coverage.
fn enough(verdicts: &[(Floor, Verdict)]) -> Result<()> {
    let missed: Vec<&str> = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Missed).map(|(row, _)| row.what).collect();
    if !missed.is_empty() {
        bail!("{} rows of the floor are neither covered nor left out with a reason: {missed:#?}", missed.len());
    }
    let base = Sum::of(of_tier(verdicts, Tier::Base).map(|(_, verdict)| verdict));
    if base.per_mille() < LEAST * 10 {
        bail!("{} of the base rows are covered; {LEAST} % must be", base.per_cent());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_of_the_floor_is_covered_and_every_miss_has_its_reason() {
        enough(&verdicts().expect("the lists name what exists")).expect("enough");
    }

    #[test]
    fn every_row_finds_something_on_a_host_of_the_tests() {
        assert_eq!(exercised::idle().expect("the records can be read"), [""; 0]);
    }

    #[test]
    fn percentages_are_rounded_down() {
        let sum = Sum { same: 9, equal: 85, left_out: 5, missed: 0 };
        assert_eq!((sum.rows(), sum.per_mille(), sum.per_cent().as_str()), (99, 949, "94.9 %"));
        assert_eq!(Sum::default().per_mille(), 1000);
    }
}
