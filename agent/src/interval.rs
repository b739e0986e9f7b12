//! When to ask the center again: arithmetic only. In: what the center said, failures in a row, random numbers. Out: lengths of time.
//! Reads no clock and waits for nothing.

use std::{ops::RangeInclusive, time::Duration};

use oediag_protocol::inbox::POLL;

/// Seconds between two polls where the center has not said any.
pub const USUAL: u64 = 300;
/// Seconds between two polls while somebody waits.
const FAST: RangeInclusive<u64> = 5..=15;

/// The first poll: at any moment up to then, so that hosts that start together do not come together.
pub fn first(within: u64, random: u16) -> Duration {
    between(0.0, within as f64, random)
}

/// The interval that the center wants, which is brought into its bounds, give or take a fifth.
pub fn interval(seconds: u64, random: u16) -> Duration {
    let seconds = seconds.clamp(*POLL.start(), *POLL.end()) as f64;
    between(seconds * 0.8, seconds * 1.2, random)
}

/// The interval while somebody waits.
pub fn fast(random: u16) -> Duration {
    between(*FAST.start() as f64, *FAST.end() as f64, random)
}

/// The wait after the `tries`th failure in a row: any length from the least to one that doubles with each.
pub fn failed(tries: u32, random: u16) -> Duration {
    let (least, most) = (*POLL.start(), *POLL.end());
    let whole = least.saturating_mul(1 << tries.min(16)).min(most);
    between(least as f64, whole as f64, random)
}

fn between(least: f64, most: f64, random: u16) -> Duration {
    Duration::from_secs_f64(least + (most - least) * f64::from(random) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u16; 5] = [0, 1, u16::MAX / 2, u16::MAX - 1, u16::MAX];

    fn within(time: Duration, least: f64, most: f64) {
        let seconds = time.as_secs_f64();
        assert!((least - 1e-9..=most + 1e-9).contains(&seconds), "{seconds} s is not within {least} and {most}");
    }

    #[test]
    fn intervals_keep_within_a_fifth_and_their_bounds() {
        for random in RANDOM {
            within(first(300, random), 0.0, 300.0);
            within(first(0, random), 0.0, 0.0);
            within(interval(300, random), 240.0, 360.0);
            within(interval(0, random), 4.0, 6.0);
            within(interval(u64::MAX, random), 2880.0, 4320.0);
            within(fast(random), 5.0, 15.0);
        }
        assert_eq!(interval(300, 0), Duration::from_mins(4));
        assert_eq!(interval(300, u16::MAX), Duration::from_mins(6));
    }

    /// An outage of a day: the whole range is used, and never left.
    #[test]
    fn failures_spread_over_a_range_that_doubles_up_to_an_hour() {
        for (tries, most) in [(1, 10.0), (2, 20.0), (3, 40.0), (9, 2560.0), (10, 3600.0), (11, 3600.0), (u32::MAX, 3600.0)] {
            for random in RANDOM {
                within(failed(tries, random), 5.0, most);
            }
            within(failed(tries, 0), 5.0, 5.0);
            within(failed(tries, u16::MAX), most, most);
        }
    }

    /// T36, hosts of one outage: of 10,000 that failed ten times no five minutes of the hour get more than twice their share.
    #[test]
    fn t36_after_an_outage_hosts_come_back_one_by_one() {
        let mut buckets = [0_u32; 12];
        for host in 0..10_000_u32 {
            // Spread evenly, as the system's random numbers are.
            let random = (host.wrapping_mul(2_654_435_761) >> 16) as u16;
            buckets[(failed(10, random).as_secs() / 300).min(11) as usize] += 1;
        }
        assert!(buckets.iter().all(|count| *count < 2 * 10_000 / 12), "{buckets:?}");
    }
}
