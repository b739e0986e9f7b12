//! What plots of tables have in common: a row says which columns make a plot, and a filling gathers their cells.
//!
//! In: lines of a table as cells, each with its moment. Out: a [`Plot`] of at most [`MOST_SERIES`] lines. Memory: the points
//! that a filling was allowed.

use std::collections::HashMap;

use super::{
    csv::number,
    series::{Plot, Point, Series, Shape, Unit},
};
use crate::{Lang, cut};

/// Most lines of one plot: as many as there are colours.
pub(super) const MOST_SERIES: usize = 8;
/// Most devices, interfaces or processes told apart.
const MOST_KEYS: usize = 1024;
/// Bytes kept of a name.
const NAME: usize = 64;

/// One plot of a table.
#[derive(Debug)]
pub(super) struct Row {
    /// The member it is made of; empty for those of sysstat's reports.
    pub(super) member: &'static str,
    /// Of the plot.
    pub(super) id: &'static str,
    /// English and Chinese.
    pub(super) title: (&'static str, &'static str),
    pub(super) unit: Unit,
    pub(super) shape: Shape,
    /// Columns and the value they must have.
    pub(super) only: &'static [(&'static str, &'static str)],
    /// Columns that name a device or process; each has a line of its own.
    pub(super) key: &'static [&'static str],
    pub(super) columns: &'static [Column],
    /// Whether it is worth showing when all is zero.
    pub(super) quiet: bool,
}

/// One line of a plot, or of each device.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// English and Chinese.
    pub(super) label: (&'static str, &'static str),
    /// What one of the column is in the unit of the plot.
    pub(super) times: f64,
    /// A column that is taken off.
    pub(super) minus: Option<&'static str>,
    /// What other versions of the table call it.
    pub(super) or: Option<&'static str>,
}

pub(super) const fn column(name: &'static str, en: &'static str, zh: &'static str) -> Column {
    Column { name, label: (en, zh), times: 1.0, minus: None, or: None }
}

pub(super) const fn kib(name: &'static str, en: &'static str, zh: &'static str) -> Column {
    Column { name, label: (en, zh), times: 1024.0, minus: None, or: None }
}

pub(super) const fn row(member: &'static str, id: &'static str, title: (&'static str, &'static str), unit: Unit) -> Row {
    Row { member, id, title, unit, shape: Shape::Lines, only: &[], key: &[], columns: &[], quiet: true }
}

/// Where a table has the columns of a row.
pub(super) struct Places {
    only: Vec<(usize, &'static str)>,
    key: Vec<usize>,
    /// For each column of the row: where it is, and where what is taken off.
    columns: Vec<Option<(usize, Option<usize>)>>,
}

impl Places {
    /// Whether a line is one the row asks for.
    pub(super) fn wants(&self, cells: &[&str]) -> bool {
        self.only.iter().all(|(at, value)| cells[*at] == *value)
    }
}

impl Row {
    /// Where a table has the row's columns; `find` knows the names. A column that an older or newer table does not have is
    /// left out, and the others are shown; none when it has no column at all, or no name.
    pub(super) fn places(&'static self, find: impl Fn(&str) -> Option<usize>) -> Option<Places> {
        let only = self.only.iter().map(|(name, value)| Some((find(name)?, *value))).collect::<Option<_>>()?;
        let key = self.key.iter().map(|name| find(name)).collect::<Option<_>>()?;
        let place = |column: &Column| {
            let from = find(column.name).or_else(|| find(column.or?))?;
            let minus = column.minus.map(&find);
            if minus == Some(None) { None } else { Some((from, minus.flatten())) }
        };
        let columns: Vec<_> = self.columns.iter().map(place).collect();
        columns.iter().any(Option::is_some).then_some(Places { only, key, columns })
    }
}

/// A plot while its table is read.
#[derive(Debug)]
pub(super) struct Filling {
    row: &'static Row,
    lang: Lang,
    /// Points it may still take.
    room: usize,
    /// As many for each key as the row has columns.
    series: Vec<Series>,
    keys: HashMap<String, usize>,
}

impl Filling {
    /// Begins a plot of at most `most` points.
    pub(super) fn new(row: &'static Row, most: usize, lang: Lang) -> Self {
        Self { row, lang, room: most, series: Vec::new(), keys: HashMap::new() }
    }

    /// Takes a line that the row wants.
    pub(super) fn take(&mut self, places: &Places, at: i64, cells: &[&str]) {
        let columns = self.row.columns;
        if self.room < columns.len() {
            return;
        }
        let name = places.key.iter().map(|at| cells[*at]).collect::<Vec<_>>().join(" ");
        let first = match self.keys.get(&name) {
            Some(first) => *first,
            None if self.keys.len() == MOST_KEYS => return,
            None => {
                let (row, lang) = (self.row, self.lang);
                let new = |column: &Column| Series { name: title(row, &name, column, lang), unit: row.unit, points: Vec::new() };
                let first = self.series.len();
                self.series.extend(columns.iter().map(new));
                self.keys.insert(name, first);
                first
            }
        };
        for (series, (column, place)) in self.series[first..].iter_mut().zip(columns.iter().zip(&places.columns)) {
            let value = place.and_then(|(from, minus)| match minus {
                None => number(cells[from]),
                Some(minus) => number(cells[from]).zip(number(cells[minus])).map(|(all, off)| (all - off).max(0.0)),
            });
            series.points.push(Point { at, value: value.map(|value| value * column.times) });
        }
        self.room -= columns.len();
    }

    /// Says that what comes after this moment does not go on from what was before: the host was started again.
    pub(super) fn interrupt(&mut self, at: i64) {
        if self.room >= self.series.len() {
            self.room -= self.series.len();
            for series in &mut self.series {
                series.points.push(Point { at, value: None });
            }
        }
    }

    /// The plot, if it has something to show; `unread` lines of its table were not understood.
    pub(super) fn plot(mut self, unread: u64) -> Option<Plot> {
        for one in &mut self.series {
            // The clock of a host may be set back in the middle.
            one.points.sort_by_key(|point| point.at);
        }
        let row = self.row;
        let (series, left_out) = most_active(self.series, !row.key.is_empty());
        let silent = series.iter().all(|series| peak(series) <= 0.0);
        let worth = !series.is_empty() && (row.quiet || !silent);
        let title = self.lang.pick(row.title.0, row.title.1);
        worth.then_some(Plot { id: row.id, title, shape: row.shape, series, left_out, unread })
    }
}

fn title(row: &Row, key: &str, column: &Column, lang: Lang) -> String {
    let label = lang.pick(column.label.0, column.label.1);
    match (key.is_empty(), row.columns.len()) {
        (true, _) => label.to_owned(),
        (false, 1) => cut::limited(key, NAME),
        (false, _) => format!("{} {label}", cut::limited(key, NAME)),
    }
}

fn peak(series: &Series) -> f64 {
    series.mean_and_peak().map_or(0.0, |(_, peak)| peak)
}

/// Those with a value; of devices those that did something, and of these the ones with the highest peaks. Tells how many are left out.
fn most_active(mut series: Vec<Series>, devices: bool) -> (Vec<Series>, usize) {
    series.retain(|series| series.mean_and_peak().is_some());
    let all = series.len();
    if devices {
        let mut ranked: Vec<(f64, Series)> = series.into_iter().map(|series| (peak(&series), series)).collect();
        ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let active = ranked.iter().filter(|(peak, _)| *peak > 0.0).count();
        ranked.truncate(if active > 0 { active } else { all });
        series = ranked.into_iter().map(|(_, series)| series).collect();
    }
    series.truncate(MOST_SERIES);
    let left_out = all - series.len();
    (series, left_out)
}
