//! Plots of what a host did while it was examined and in the days before, and of when its alerts were.
//!
//! In: the bytes of the members `oediag/perf/*.csv` and of the reports of `sar`, as hostile as can be; alerts. Out: [`Plot`] values, and SVG texts that
//! are made element by element. Their look is in [`STYLE`]: no element has a style of its own, so that a page may forbid those.
//! Never: a character of a member as anything but text, a number that is not written plainly, a picture whose size grows
//! with its data.

mod axis;
mod csv;
mod draw;
mod history;
mod perf;
mod rows;
mod sar;
mod series;
mod svg;
mod thin;
mod timeline;

pub use draw::draw;
pub use history::{History, reports};
pub use perf::{MEMBERS, MOST_BYTES, plots};
pub use series::{Plot, Point, Series, Shape, Unit};
pub use timeline::timeline;

/// The style sheet of the plots: light and dark, colours that colour-blind people tell apart.
pub const STYLE: &str = include_str!("plots.css");
