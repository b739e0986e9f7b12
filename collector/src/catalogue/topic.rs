//! The topics: their order, and their names as people type them.

use super::Topic;

impl Topic {
    /// All topics, in catalogue order.
    pub const ALL: [Self; 15] = [
        Self::Kernel,
        Self::Boot,
        Self::Hardware,
        Self::Storage,
        Self::Network,
        Self::Memory,
        Self::Process,
        Self::Services,
        Self::Packages,
        Self::Security,
        Self::Logs,
        Self::Alerts,
        Self::Performance,
        Self::Operations,
        Self::Crash,
    ];

    /// The name in ids and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Boot => "boot",
            Self::Hardware => "hardware",
            Self::Storage => "storage",
            Self::Network => "network",
            Self::Memory => "memory",
            Self::Process => "process",
            Self::Services => "services",
            Self::Packages => "packages",
            Self::Security => "security",
            Self::Logs => "logs",
            Self::Alerts => "alerts",
            Self::Performance => "performance",
            Self::Operations => "operations",
            Self::Crash => "crash",
        }
    }

    /// The topic of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}
