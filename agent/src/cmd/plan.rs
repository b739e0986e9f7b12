//! `oediag plan`: what `collect` with the same options would read and run. Runs nothing, writes nothing.

use oediag_collector::{
    cost::{self, Cost},
    host::Cancel,
    plan::{Look, Plan},
};
use oediag_protocol::bundle::manifest::{Estimate, Limits, Reason, Window};
use serde::Serialize;

use crate::{
    cli::Selection,
    failure::{Failure, exit},
    invocation::Invocation,
    selection,
    view::{self, sources},
};

/// Runs the command.
pub fn run(options: &Selection, given: &Invocation) -> Result<u8, Failure> {
    let host = selection::host(options, given)?;
    let request = selection::request(options, &host, given)?;
    let plan = selection::plan(&request, &selection::rows(given)?, &host, given)?.within(&host, &Cancel::default());
    let known = selection::costs(&host, given);
    let costs = cost::of_tasks(&plan, &known);
    let estimate = selection::estimate(&plan, &costs, &known);
    let zone = host.zone_name();
    given.show(&json(&plan, &costs, &estimate), |page| view::plan::lines(&plan, &costs, &estimate, zone.as_deref(), page))?;
    Ok(exit::OK)
}

/// `plan --json`.
#[derive(Serialize)]
struct PlanJson<'a> {
    preset: Vec<String>,
    window: Window,
    limits: Limits,
    perf_seconds: u64,
    estimate: &'a Estimate,
    tasks: Vec<TaskJson>,
    left_out: Vec<LeftOutJson>,
}

#[derive(Serialize)]
struct TaskJson {
    id: &'static str,
    what: String,
    privacy: &'static str,
    /// The size of its file, where it has one.
    bytes: Option<u64>,
    /// Whether it could not be looked into for the window, so that this is the whole file's.
    not_looked_into: bool,
    estimate: Cost,
}

#[derive(Serialize)]
struct LeftOutJson {
    id: &'static str,
    what: String,
    reason: Reason,
}

fn json<'a>(plan: &Plan, costs: &[Cost], estimate: &'a Estimate) -> PlanJson<'a> {
    let mut tasks = Vec::new();
    let mut left_out = Vec::new();
    for (task, cost) in plan.tasks.iter().zip(costs) {
        let (id, what) = (task.source.id, task.what());
        match &task.look {
            Look::Absent { refusal, .. } => left_out.push(LeftOutJson { id, what, reason: refusal.reason }),
            _ => tasks.push(TaskJson {
                id,
                what,
                privacy: sources::privacy_name(task.source.privacy),
                bytes: task.estimate(),
                not_looked_into: task.unsought(),
                estimate: *cost,
            }),
        }
    }
    PlanJson {
        preset: plan.request.presets.clone(),
        window: plan.request.window.clone(),
        limits: plan.request.limits,
        perf_seconds: plan.request.perf_seconds,
        estimate,
        tasks,
        left_out,
    }
}
