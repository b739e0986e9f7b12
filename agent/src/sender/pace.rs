//! How fast, how much at once, how soon again: arithmetic only. In: moments and counts that the caller measured. Out: lengths of
//! time and sizes. Reads no clock and waits for nothing.

use std::time::Duration;

/// Bytes of the smallest chunk.
pub(super) const LEAST: u64 = 256 << 10;
/// Sizes of a chunk, in bytes.
const CHUNK: (u64, u64, u64) = (LEAST, 8 << 20, 16 << 20);
/// How long one chunk should take.
const TARGET: f64 = 4.0;
/// The first wait after a failure, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));

/// A bucket of bytes that may be sent: filled at the rate, at most one second's worth.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: f64,
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// An empty bucket at `now`.
    pub(super) fn new(bytes_per_second: u64, now: Duration) -> Self {
        Self { rate: (bytes_per_second.max(1)) as f64, tokens: 0.0, at: now }
    }

    /// Takes `bytes` at `now`; they may be sent after the length of time that it gives.
    pub(super) fn take(&mut self, bytes: usize, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.rate).min(self.rate) - bytes as f64;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
    }
}

/// The size of the next chunk.
#[derive(Debug)]
pub(super) struct Chunk(u64);

impl Chunk {
    /// The first one; smaller from the start where a limit says that it would take too long.
    pub(super) fn first(bytes_per_second: Option<u64>) -> Self {
        let (least, usual, _) = CHUNK;
        Self(bytes_per_second.map_or(usual, |rate| (rate.saturating_mul(TARGET as u64)).clamp(least, usual)))
    }

    /// Bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.0
    }

    /// Learns from a chunk of `bytes` that took so long: at most twice or half as large as before.
    pub(super) fn took(&mut self, bytes: u64, time: Duration) {
        let (least, _, most) = CHUNK;
        let wanted = bytes as f64 * TARGET / time.as_secs_f64().max(0.001);
        self.0 = (wanted as u64).clamp(self.0 / 2, self.0 * 2).clamp(least, most);
    }

    /// After a failure: half as much is at stake.
    pub(super) fn failed(&mut self) {
        self.0 = (self.0 / 2).max(CHUNK.0);
    }
}

/// How long to wait after the `tries`th failure in a row: twice as long each time, less a random part of up to half.
pub(super) fn backoff(tries: u32, random: u16) -> Duration {
    let (first, most) = BACKOFF;
    let whole = first.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(most);
    whole.mul_f64(1.0 - f64::from(random) / f64::from(u16::MAX) / 2.0)
}

/// How long to wait when the center has said how long: never less, up to a tenth more, so that not all hosts come back at once.
pub(super) fn told(seconds: u64, random: u16) -> Duration {
    Duration::from_secs(seconds).mul_f64(1.0 + f64::from(random) / f64::from(u16::MAX) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T35: over a minute of a clock of our own, whatever the pieces are.
    #[test]
    fn t35_a_limit_of_1_mib_s_is_kept_within_a_tenth() {
        for piece in [1, 1000, 16 << 10, 64 << 10, 900 << 10] {
            let mut now = Duration::from_secs(1000);
            let mut bucket = Bucket::new(1 << 20, now);
            let (end, mut sent) = (now + Duration::from_mins(1), 0_u64);
            loop {
                now += bucket.take(piece, now);
                if now > end {
                    break;
                }
                sent += piece as u64;
                // Sending takes some time too, sometimes much.
                now += Duration::from_micros(if sent % 7 == 0 { 40_000 } else { 10 })
                    .min(Duration::from_secs_f64(piece as f64 / 4e6));
            }
            let rate = sent as f64 / 60.0 / f64::from(1 << 20);
            assert!((0.9..=1.02).contains(&rate), "pieces of {piece}: {rate} MiB/s");
        }
    }

    #[test]
    fn a_long_pause_saves_up_one_second_at_most() {
        let mut bucket = Bucket::new(1000, Duration::ZERO);
        let later = Duration::from_hours(1);
        assert_eq!(bucket.take(1000, later), Duration::ZERO);
        assert_eq!(bucket.take(500, later), Duration::from_millis(500));
        // A clock that goes back gives nothing.
        assert_eq!(bucket.take(0, Duration::from_secs(1)), Duration::from_millis(500));
    }

    #[test]
    fn chunks_follow_the_line() {
        let mut chunk = Chunk::first(None);
        assert_eq!(chunk.bytes(), 8 << 20);
        chunk.took(8 << 20, Duration::from_millis(10));
        assert_eq!(chunk.bytes(), 16 << 20);
        chunk.took(16 << 20, Duration::from_millis(10));
        assert_eq!(chunk.bytes(), 16 << 20, "the most");
        for _ in 0..10 {
            chunk.took(chunk.bytes(), Duration::from_mins(10));
        }
        assert_eq!(chunk.bytes(), 256 << 10, "the least");
        chunk.failed();
        assert_eq!(chunk.bytes(), 256 << 10);
        assert_eq!(Chunk::first(Some(1 << 20)).bytes(), 4 << 20);
        assert_eq!(Chunk::first(Some(1 << 10)).bytes(), 256 << 10);
    }

    #[test]
    fn waits_grow_and_stay_below_a_minute() {
        for random in [0, 1, u16::MAX / 2, u16::MAX] {
            let waits: Vec<Duration> = (1..12).map(|tries| backoff(tries, random)).collect();
            assert!(waits.is_sorted() && waits[0] >= BACKOFF.0 / 2 && waits[10] <= BACKOFF.1, "{waits:?}");
            assert!(told(30, random) >= Duration::from_secs(30) && told(30, random) <= Duration::from_secs(33));
        }
        assert!(backoff(u32::MAX, 0) == BACKOFF.1);
    }
}
