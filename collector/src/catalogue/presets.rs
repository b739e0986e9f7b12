//! The presets: named choices of topics and depth.

use super::{
    Depth, Source,
    Topic::{
        self, Alerts, Boot, Crash, Hardware, Kernel, Logs, Memory, Network, Operations, Performance, Process, Security, Services,
        Storage,
    },
};

/// A named set of topics and a depth.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// The name people type.
    pub name: &'static str,
    /// Rows up to this depth.
    pub depth: Depth,
    /// Rows of these topics; empty is all.
    pub topics: &'static [Topic],
}

impl Preset {
    /// Whether it asks for a row.
    pub fn takes(&self, source: &Source) -> bool {
        source.depth <= self.depth && (self.topics.is_empty() || self.topics.contains(&source.topic))
    }
}

/// The presets: by size, smallest first, then by symptom.
pub const PRESETS: &[Preset] = &[
    Preset { name: "quick", depth: Depth::Quick, topics: &[] },
    Preset { name: "standard", depth: Depth::Standard, topics: &[] },
    Preset { name: "deep", depth: Depth::Deep, topics: &[] },
    Preset {
        name: "perf",
        depth: Depth::Standard,
        topics: &[Kernel, Hardware, Storage, Network, Memory, Process, Services, Alerts, Performance],
    },
    Preset { name: "net", depth: Depth::Standard, topics: &[Kernel, Network, Services, Security, Logs, Alerts, Performance] },
    Preset { name: "disk", depth: Depth::Standard, topics: &[Kernel, Hardware, Storage, Logs, Alerts, Performance] },
    Preset {
        name: "crash",
        depth: Depth::Standard,
        topics: &[Kernel, Boot, Hardware, Memory, Process, Logs, Alerts, Operations, Crash],
    },
];

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
