//! What a plan will cost, from what is known of its tasks and from what the same sources took on this host before.
//!
//! In: a plan, and the figures of earlier runs where there are some. Out: bytes and milliseconds for each task, each topic and the
//! whole run. Says what a run did take, so that the two can be compared. Reads and runs nothing.

use std::collections::BTreeMap;

use oediag_protocol::bundle::manifest::{Estimate, Item, Manifest, Outcome, TopicEstimate};
use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Probe, Topic},
    plan::{Look, Plan, Task},
};

/// Programs that run side by side.
pub(crate) const COMMAND_LANES: usize = 4;
/// The value of `schema` in the file of earlier figures.
const SCHEMA: &str = "oediag.costs/1";
/// Most sources remembered: the catalogue and a site's own rows many times over.
const MOST_SOURCES: usize = 4096;
/// What a member takes in a bundle beside its content: header, checksums, rows of the manifest.
const AROUND: u64 = 350;
/// Where members of samplers lie: their time is that of all others beside them.
const SAMPLES: &str = "oediag/perf/";

/// What a source or a topic takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Bytes of its members, after redaction.
    pub bytes: u64,
    /// Milliseconds.
    pub ms: u64,
}

/// What the sources of this host took in the last run of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    schema: String,
    /// Seconds of sampling that the figures of samplers are of.
    perf_seconds: u64,
    /// Bytes of the packed bundle for a thousand bytes of members.
    packed_permille: u64,
    sources: BTreeMap<String, Cost>,
}

impl Default for Costs {
    fn default() -> Self {
        // Mostly text, which packs to about a sixth.
        Self { schema: SCHEMA.to_owned(), perf_seconds: 0, packed_permille: 170, sources: BTreeMap::new() }
    }
}

impl Costs {
    /// Reads the file of earlier figures; what cannot be read is as if it were not there.
    pub fn parse(bytes: &[u8]) -> Self {
        let read: Option<Self> = serde_json::from_slice(bytes).ok();
        read.filter(|read| read.schema == SCHEMA && read.sources.len() <= MOST_SOURCES).unwrap_or_default()
    }

    /// The text of the file.
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Learns from a finished run: each source that gave something has new figures, the others keep theirs.
    pub fn learn(&mut self, manifest: &Manifest, packed: u64, perf_seconds: u64) {
        let mut new: BTreeMap<&str, Cost> = BTreeMap::new();
        let (mut samples, mut bytes, mut members) = (false, 0_u64, 0);
        for item in manifest.items.iter().filter(|item| item.path.is_some() && item.outcome != Outcome::Skipped) {
            let cost = new.entry(&item.id).or_default();
            cost.bytes = cost.bytes.saturating_add(item.bytes);
            cost.ms = cost.ms.saturating_add(item.ms.unwrap_or(0));
            bytes = bytes.saturating_add(item.bytes);
            members += 1;
            samples |= is_sample(item);
        }
        for (id, cost) in new {
            if self.sources.len() < MOST_SOURCES || self.sources.contains_key(id) {
                self.sources.insert(id.to_owned(), cost);
            }
        }
        if samples {
            self.perf_seconds = perf_seconds;
        }
        // Small bundles are mostly what every bundle has.
        if bytes > 1 << 20 {
            let content = packed.saturating_sub(members * AROUND);
            self.packed_permille = (content.saturating_mul(1000) / bytes).clamp(1, 1000);
        }
    }

    /// Bytes of a bundle with so many members of so many bytes.
    fn packed(&self, members: u64, bytes: u64) -> u64 {
        (bytes.saturating_mul(self.packed_permille) / 1000).saturating_add(members * AROUND)
    }
}

fn is_sample(item: &Item) -> bool {
    item.path.as_ref().is_some_and(|path| path.starts_with(SAMPLES))
}

/// What each task of a plan is expected to take; nothing for those that do nothing.
pub fn of_tasks(plan: &Plan, costs: &Costs) -> Vec<Cost> {
    let mut tasks: BTreeMap<&str, u64> = BTreeMap::new();
    for task in plan.tasks.iter().filter(|task| task.applies()) {
        *tasks.entry(task.source.id).or_default() += 1;
    }
    let of = |task: &Task| {
        if !task.applies() {
            return Cost::default();
        }
        let usual = usual(task, plan);
        let Some(earlier) = costs.sources.get(task.source.id) else { return usual };
        let share = |figure: u64| figure / tasks.get(task.source.id).copied().unwrap_or(1).max(1);
        match task.look {
            // The size is known, and time follows it.
            Look::File { size: Some(_), .. } if earlier.bytes > 0 => {
                let ms = u128::from(earlier.ms) * u128::from(usual.bytes) / u128::from(earlier.bytes);
                Cost { ms: u64::try_from(ms).unwrap_or(u64::MAX), ..usual }
            }
            Look::File { size: Some(_), .. } => usual,
            Look::Sample => {
                Cost { bytes: earlier.bytes.saturating_mul(plan.request.perf_seconds) / costs.perf_seconds.max(1), ms: usual.ms }
            }
            _ => Cost { bytes: share(earlier.bytes), ms: share(earlier.ms) },
        }
    };
    plan.tasks.iter().map(of).collect()
}

/// What a task takes on most hosts, where nothing else is known: means over the rows of each kind on fixture and test hosts.
fn usual(task: &Task, plan: &Plan) -> Cost {
    let cap = task.source.cap(plan.request.limits.item_bytes);
    let cost = match (&task.look, &task.source.probe) {
        // Redaction and compression go through about 40 MiB in a second.
        (Look::File { size: Some(size), .. }, _) => Cost { bytes: *size, ms: (*size).min(cap) / 40_000 + 1 },
        (Look::File { size: None, .. }, _) => Cost { bytes: 2 << 10, ms: 1 },
        (Look::Command { .. }, Probe::Each { .. }) => Cost { bytes: 4 << 10, ms: 40 },
        (Look::Command { .. }, _) => Cost { bytes: 12 << 10, ms: 80 },
        (Look::Journal { .. }, _) => Cost { bytes: cap / 8, ms: cap / 32_000 },
        (Look::Native, _) => Cost { bytes: 32 << 10, ms: 50 },
        (Look::Sample, _) => {
            let seconds = plan.request.perf_seconds;
            Cost { bytes: 500 * seconds, ms: 1000 * seconds }
        }
        (Look::Absent { .. }, _) => Cost::default(),
    };
    Cost { bytes: cost.bytes.min(cap), ms: cost.ms }
}

/// What a run that carries out the plan is expected to take.
pub fn estimate(plan: &Plan, tasks: &[Cost], costs: &Costs, cores: usize) -> Estimate {
    let bytes = tasks.iter().map(|cost| cost.bytes).fold(0, u64::saturating_add);
    let members = plan.tasks.iter().filter(|task| task.applies()).count() as u64;
    let packed = costs.packed(members, bytes).min(plan.request.limits.bytes);
    Estimate { ms: of_run(plan, tasks, cores), packed, topics: of_topics(plan, tasks) }
}

/// Samplers run beside each other: the longest counts.
fn of_topics(plan: &Plan, tasks: &[Cost]) -> Vec<TopicEstimate> {
    let mut topics: BTreeMap<Topic, (Cost, u64)> = BTreeMap::new();
    for (task, cost) in plan.tasks.iter().zip(tasks).filter(|(task, _)| task.applies()) {
        add(topics.entry(task.source.topic).or_default(), *cost, matches!(task.look, Look::Sample));
    }
    let estimate = |(topic, (cost, samples)): (Topic, (Cost, u64))| TopicEstimate {
        topic: topic.name().to_owned(),
        bytes: cost.bytes,
        ms: cost.ms.saturating_add(samples),
    };
    topics.into_iter().map(estimate).collect()
}

fn add((sum, samples): &mut (Cost, u64), cost: Cost, sample: bool) {
    sum.bytes = sum.bytes.saturating_add(cost.bytes);
    if sample {
        *samples = (*samples).max(cost.ms);
    } else {
        sum.ms = sum.ms.saturating_add(cost.ms);
    }
}

/// How long the whole run takes, in milliseconds: its lanes work side by side.
fn of_run(plan: &Plan, tasks: &[Cost], cores: usize) -> u64 {
    let mut lanes = [0_u64; 3];
    for (task, cost) in plan.tasks.iter().zip(tasks) {
        match task.look {
            Look::File { .. } | Look::Native | Look::Absent { .. } => lanes[0] = lanes[0].saturating_add(cost.ms),
            Look::Command { .. } | Look::Journal { .. } => lanes[1] = lanes[1].saturating_add(cost.ms),
            Look::Sample => lanes[2] = lanes[2].max(cost.ms),
        }
    }
    let longest = tasks.iter().map(|cost| cost.ms).max().unwrap_or(0);
    let side_by_side = (lanes[0] / cores.max(1) as u64).max(lanes[1] / COMMAND_LANES.min(cores.max(1) * 2) as u64);
    side_by_side.max(lanes[2]).max(longest)
}

/// A topic's estimate beside what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The topic.
    pub topic: String,
    /// Bytes of members that the plan expected.
    pub estimated_bytes: u64,
    /// Bytes of members there are.
    pub bytes: u64,
    /// Milliseconds that the plan expected.
    pub estimated_ms: u64,
    /// Milliseconds it took.
    pub ms: u64,
}

/// What a run was expected to take and did take, topic by topic; nothing for a bundle without an estimate.
pub fn compared(manifest: &Manifest) -> Vec<Compared> {
    let mut real: BTreeMap<&str, (Cost, u64)> = BTreeMap::new();
    for item in &manifest.items {
        let topic = item.id.split('.').next().unwrap_or_default();
        add(real.entry(topic).or_default(), Cost { bytes: item.bytes, ms: item.ms.unwrap_or(0) }, is_sample(item));
    }
    let compare = |estimate: &TopicEstimate| {
        let (cost, samples) = real.get(estimate.topic.as_str()).copied().unwrap_or_default();
        Compared {
            topic: estimate.topic.clone(),
            estimated_bytes: estimate.bytes,
            bytes: cost.bytes,
            estimated_ms: estimate.ms,
            ms: cost.ms.saturating_add(samples),
        }
    };
    manifest.start.estimate.iter().flat_map(|estimate| &estimate.topics).map(compare).collect()
}
