//! `oediag plan`: what `collect` with the same options would read and run. Runs nothing, writes nothing.

use oediag_collector::plan::{Look, Plan};
use oediag_protocol::bundle::manifest::{Limits, Reason, Window};
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
    let plan = selection::plan(&request, &selection::rows(given)?, &host, given)?.within(&host);
    let zone = host.zone_name();
    given.show(&json(&plan), |page| view::plan::lines(&plan, zone.as_deref(), page))?;
    Ok(exit::OK)
}

/// `plan --json`.
#[derive(Serialize)]
struct PlanJson {
    preset: String,
    window: Window,
    limits: Limits,
    perf_seconds: u64,
    tasks: Vec<TaskJson>,
    left_out: Vec<LeftOutJson>,
}

#[derive(Serialize)]
struct TaskJson {
    id: &'static str,
    what: String,
    privacy: &'static str,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct LeftOutJson {
    id: &'static str,
    what: String,
    reason: Reason,
}

fn json(plan: &Plan) -> PlanJson {
    let mut tasks = Vec::new();
    let mut left_out = Vec::new();
    for task in &plan.tasks {
        let (id, what) = (task.source.id, task.what());
        match &task.look {
            Look::Absent { refusal, .. } => left_out.push(LeftOutJson { id, what, reason: refusal.reason }),
            _ => tasks.push(TaskJson { id, what, privacy: sources::privacy_name(task.source.privacy), bytes: task.estimate() }),
        }
    }
    PlanJson {
        preset: plan.request.preset.clone(),
        window: plan.request.window.clone(),
        limits: plan.request.limits,
        perf_seconds: plan.request.perf_seconds,
        tasks,
        left_out,
    }
}
