//! The center's clock, the only place that reads it.

use oediag_protocol::time::Time;

/// This moment.
pub fn now() -> Time {
    jiff::Timestamp::now().into()
}
