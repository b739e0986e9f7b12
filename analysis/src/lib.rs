//! From clean text to meaning: alerts and facts out of the members of a bundle, and plots of what was measured.
//!
//! In: the path of a member and its redacted bytes, in order. Out: [`Findings`] per member, and one
//! [`Conclusion`] for the bundle. Pure functions: no files, no clock, no environment, no network; any bytes
//! are accepted, memory is bounded, and the result depends neither on how the bytes were cut into chunks
//! nor on the order in which members were finished.

mod alerts;
mod clock;
mod cut;
mod facts;
mod findings;
mod fold;
mod head;
mod lang;
mod lines;
mod moments;
mod objects;
mod operations;
pub mod plots;
mod ras;
mod rules;
mod scan;
mod state;
mod tally;
mod tap;
mod turns;

pub use alerts::{Alert, AlertsJson, Evidence, Severity, Text};
pub use facts::{Boot, Disk, Facts, FileSystem, Interface, Why};
pub use findings::Findings;
pub use fold::{Conclusion, conclude};
pub use lang::Lang;
pub use moments::{HEAD, Moments};
pub use operations::{Operation, OperationKind, OperationResult, OperationsJson};
pub use tap::{Context, Tap, is_state, shown_in, tap};
