//! As many points as a picture has columns, with every extreme kept.
//!
//! In: points in the order of time, the span, the number of columns. Out: runs of places without a gap in them, at most four
//! for each column: the first, least, greatest and last value there.

use super::series::Point;

/// What one column holds.
#[derive(Clone, Copy)]
struct Column {
    first: Spot,
    last: Spot,
    least: Spot,
    greatest: Spot,
}

/// A value and its moment, with its number to put it back in order.
#[derive(Clone, Copy)]
struct Spot {
    number: usize,
    at: i64,
    value: f64,
}

/// A run of moments and values without a gap.
pub(super) type Run = Vec<(i64, f64)>;

/// Runs of what a line shows. Moments more than `gap` seconds apart are not joined, nor those with a measurement
/// between them that has no value, unless it falls in a column with others.
pub(super) fn runs(points: &[Point], (from, to): (i64, i64), columns: usize, gap: i64) -> Vec<Run> {
    let span = to.saturating_sub(from).max(1) as f64;
    let place = |at: i64| (at.saturating_sub(from) as f64 / span * columns as f64) as usize;
    let mut runs: Vec<Run> = vec![Vec::new()];
    let mut rest = points.iter().enumerate().peekable();
    while let Some((number, point)) = rest.next() {
        let column = place(point.at);
        let mut found = spot(number, point).map(Column::of);
        while let Some((number, point)) = rest.next_if(|(_, next)| place(next.at) == column) {
            match (spot(number, point), &mut found) {
                (Some(spot), Some(found)) => found.add(spot),
                (Some(spot), None) => found = Some(Column::of(spot)),
                (None, _) => {}
            }
        }
        let joined = |found: &Column, run: &Run| run.last().is_none_or(|(at, _)| found.first.at.saturating_sub(*at) <= gap);
        match (found, runs.last_mut()) {
            (Some(found), Some(run)) if joined(&found, run) => run.extend(found.spots()),
            (Some(found), _) => runs.push(found.spots().collect()),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            (None, _) => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn spot(number: usize, point: &Point) -> Option<Spot> {
    Some(Spot { number, at: point.at, value: point.value? })
}

impl Column {
    fn of(spot: Spot) -> Self {
        Self { first: spot, last: spot, least: spot, greatest: spot }
    }

    fn add(&mut self, spot: Spot) {
        self.last = spot;
        if spot.value < self.least.value {
            self.least = spot;
        }
        if spot.value > self.greatest.value {
            self.greatest = spot;
        }
    }

    fn spots(self) -> impl Iterator<Item = (i64, f64)> {
        let mut spots = vec![self.first, self.least, self.greatest, self.last];
        spots.sort_by_key(|spot| spot.number);
        spots.dedup_by_key(|spot| spot.number);
        spots.into_iter().map(|spot| (spot.at, spot.value))
    }
}

/// Three times the usual distance of two measurements: what is further apart has a gap between.
pub(super) fn gap(points: &[Point]) -> i64 {
    let mut steps: Vec<i64> =
        points.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).filter(|step| *step > 0).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { 3 } else { steps.select_nth_unstable(middle).1.saturating_mul(3).max(3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[Option<f64>]) -> Vec<Point> {
        values.iter().enumerate().map(|(at, value)| Point { at: at as i64, value: *value }).collect()
    }

    #[test]
    fn few_points_stay_and_gaps_part_them() {
        let all = points(&[Some(1.0), None, Some(2.0), Some(3.0)]);
        assert_eq!(runs(&all, (0, 3), 100, 3), [vec![(0, 1.0)], vec![(2, 2.0), (3, 3.0)]]);
        let mut far = points(&[Some(1.0), Some(2.0)]);
        far.push(Point { at: 50, value: Some(5.0) });
        assert_eq!(runs(&far, (0, 50), 100, 3).len(), 2);
        assert!(runs(&points(&[None, None]), (0, 1), 10, 3).is_empty() && runs(&[], (0, 0), 10, 3).is_empty());
        assert_eq!(gap(&far), 147);
        assert_eq!(gap(&all), 3);
    }

    #[test]
    fn many_points_keep_their_extremes() {
        let values: Vec<Option<f64>> = (0..10_000).map(|at| Some(if at == 7777 { 99.0 } else { f64::from(at % 7) })).collect();
        let thin = runs(&points(&values), (0, 9999), 100, 3);
        let all: Vec<(i64, f64)> = thin.concat();
        assert!(thin.len() == 1 && all.len() <= 404);
        assert!(all.contains(&(7777, 99.0)) && all.first() == Some(&(0, 0.0)) && all.last() == Some(&(9999, 3.0)));
        assert!(all.is_sorted_by_key(|(at, _)| *at));
    }
}
