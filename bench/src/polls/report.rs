//! Figures of one phase. In: the questions and what the center cost meanwhile. Out: lines for people.

use std::{collections::BTreeMap, time::Duration};

use crate::{center::Usage, load::Asked};

/// Seconds of a bucket (T70).
const BUCKET: u64 = 5;

/// What was seen in a span of time.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) length: Duration,
    pub(crate) asked: Vec<Asked>,
    /// CPU time of the center in that span.
    pub(crate) cpu: Duration,
    pub(crate) usage: Usage,
}

impl Phase {
    /// The figures.
    pub(crate) fn lines(&self) -> String {
        let mut statuses = BTreeMap::new();
        for asked in &self.asked {
            *statuses.entry(asked.status.map_or_else(|| "no reply".to_owned(), |status| status.to_string())).or_insert(0_u64) +=
                1;
        }
        let statuses: Vec<String> = statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let answered = self.asked.iter().filter(|asked| asked.status.is_some()).count() as f64;
        let (seconds, cpu) = (self.length.as_secs_f64(), self.cpu.as_secs_f64());
        let (largest, mean) = self.buckets();
        let (sent, came) = self.asked.iter().fold((0, 0), |sum, asked| (sum.0 + asked.bytes.0, sum.1 + asked.bytes.1));
        format!(
            "{}: {:.0} requests in {seconds:.0} s ({}), {:.0}/s; center {cpu:.1} s of CPU: {:.0} requests/s of one core\n  \
             304: p50 {}, p99 {}, longest {}; largest {BUCKET} s: {largest}, mean {mean:.0}, ratio {:.2}; {:.0} bytes sent, {:.0} \
             received for each; {} MiB resident",
            self.name,
            self.asked.len() as f64,
            statuses.join(", "),
            answered / seconds,
            answered / cpu.max(0.001),
            self.wait(0.5),
            self.wait(0.99),
            self.wait(1.0),
            largest as f64 / mean.max(1.0),
            sent as f64 / answered.max(1.0),
            came as f64 / answered.max(1.0),
            self.usage.resident >> 20,
        )
    }

    /// The wait that this part of the 304 replies did not exceed.
    fn wait(&self, part: f64) -> String {
        let mut waits: Vec<Duration> =
            self.asked.iter().filter(|asked| asked.status == Some(304)).map(|asked| asked.took).collect();
        waits.sort_unstable();
        let at = ((waits.len() as f64 * part).ceil() as usize).saturating_sub(1);
        waits.get(at).map_or_else(|| "-".to_owned(), |wait| format!("{:.1} ms", wait.as_secs_f64() * 1000.0))
    }

    /// Most questions in a bucket, and the mean of all whole buckets.
    fn buckets(&self) -> (u64, f64) {
        let Some(begin) = self.asked.iter().map(|asked| asked.at).min() else { return (0, 0.0) };
        let whole = (self.length.as_secs() / BUCKET).max(1);
        let mut counts = vec![0_u64; whole as usize];
        for asked in &self.asked {
            if let Some(count) = counts.get_mut((asked.at.duration_since(begin).as_secs() / BUCKET) as usize) {
                *count += 1;
            }
        }
        (counts.iter().copied().max().unwrap_or_default(), counts.iter().sum::<u64>() as f64 / whole as f64)
    }
}
