//! What each task may take of a bundle that is too small for all of them.
//!
//! In: a plan, what its tasks are expected to take, the room. Out: for each task the packed bytes it may take, and how much of its
//! file is read for that. Where everything fits, nothing is limited and no file is looked into. Of a log only what a window of
//! time leaves of it counts.

use std::io::Read as _;

use crate::{
    budget::{self, SMALL, Want},
    bundle::deflate::{Deflater, Level},
    catalogue::Depth,
    cost::Cost,
    host::{Cancel, Host},
    plan::{Look, Plan, Task},
};

/// What a member takes besides its content: header, padding, the records of a command.
const AROUND: u64 = 1 << 10;
/// How much of a file is packed to learn how well it packs: so much where the part that would be kept begins, and so much at its end.
const SAMPLE: u64 = 64 << 10;
/// Kept back for tasks that need more than they were expected to: this part of the room.
const SPARE: u64 = 32;

/// What a task may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Bytes in the bundle; more only if others leave theirs.
    pub packed: u64,
    /// Most bytes read of a file that is not compressed, from its end.
    pub read: u64,
}

/// Shares `room` among the tasks of a plan.
pub(super) fn shares(plan: &Plan, costs: &[Cost], host: &Host, room: u64, level: Level, cancel: &Cancel) -> Vec<Share> {
    let mut raw: Vec<u64> =
        plan.tasks.iter().zip(costs).map(|(task, cost)| if task.applies() { cost.bytes } else { 0 }).collect();
    if let Some(unlimited) = unlimited(plan, &raw, room) {
        return unlimited;
    }
    // Of logs, the window may leave little: room that they do not need would be taken from others, and from each other.
    if let Some(looks) = plan.windowed(host, cancel) {
        for (raw, look) in raw.iter_mut().zip(looks) {
            match look {
                // A compressed one is no larger than it was.
                Some(Look::File { size: Some(part), .. }) => *raw = part.min(*raw),
                Some(Look::Absent { .. }) => *raw = 0,
                _ => {}
            }
        }
        if let Some(unlimited) = unlimited(plan, &raw, room) {
            return unlimited;
        }
    }
    let mut deflater = Deflater::new(level);
    let mut wants: Vec<Want> = Vec::new();
    for (task, &raw) in plan.tasks.iter().zip(&raw) {
        let source = match plan.tasks.get(wants.len().wrapping_sub(1)).zip(wants.last()) {
            Some((before, last)) => last.source + usize::from(before.source.id != task.source.id),
            None => 0,
        };
        let weight = match task.source.depth {
            Depth::Quick => 4,
            Depth::Standard => 2,
            Depth::Deep => 1,
        };
        let (packed, changed) = if task.applies() { packs_to(task, raw, host, &mut deflater) } else { (0, 0) };
        wants.push(Want { source, weight, bytes: packed, changed });
    }
    let packed = budget::shares(&wants, room - room / SPARE);
    let share = |((task, raw), (want, packed)): ((&Task, &u64), (&Want, u64))| {
        let cut = matches!(task.look, Look::File { size: Some(_), .. }) && packed < want.bytes;
        let read = u128::from(packed.saturating_sub(AROUND)) * u128::from(*raw) / u128::from(want.bytes.max(1));
        Share { packed, read: if cut { u64::try_from(read).unwrap_or(u64::MAX) } else { u64::MAX } }
    };
    plan.tasks.iter().zip(&raw).zip(wants.iter().zip(packed)).map(share).collect()
}

/// The shares when everything fits.
fn unlimited(plan: &Plan, raw: &[u64], room: u64) -> Option<Vec<Share>> {
    // Nothing gets larger by packing but by a few bytes for each chunk.
    let most = |bytes: u64| bytes + bytes / 64 + AROUND;
    let all = |(task, raw): (&Task, &u64)| if task.applies() { most(*raw) } else { 0 };
    let wants: Vec<u64> = plan.tasks.iter().zip(raw).map(all).collect();
    let fits = wants.iter().sum::<u64>() <= room;
    fits.then(|| wants.into_iter().map(|packed| Share { packed, read: u64::MAX }).collect())
}

/// How many bytes a task's members will take, and when its file was changed last.
fn packs_to(task: &Task, raw: u64, host: &Host, deflater: &mut Deflater) -> (u64, i64) {
    let text = raw / 3 + AROUND;
    let Look::File { path, size: Some(_), .. } = &task.look else { return (text, 0) };
    let Ok(mut open) = host.open(path) else { return (AROUND, 0) };
    let changed = open.mtime.as_second();
    if raw <= SMALL {
        return (text.max(raw / 2), changed);
    }
    let mut sample = Vec::new();
    // What cannot be read here cannot be read later either, and is told then.
    for from_end in [raw, SAMPLE] {
        drop(open.tail(from_end).and_then(|_| (&mut open).take(SAMPLE).read_to_end(&mut sample)));
    }
    let mut packed = Vec::new();
    deflater.members(&sample, &mut packed);
    let (packed, seen) = (packed.len() as u128, sample.len().max(1) as u128);
    // A tenth more, as the middle may pack worse than both ends.
    let expected = u128::from(raw) * packed * 11 / (seen * 10);
    (u64::try_from(expected).unwrap_or(u64::MAX).saturating_add(AROUND), changed)
}
