//! The shapes of the lines the kernel prints after the headline of a dump: registers, stacks, work queues, memory.
//!
//! In: one kernel message. Out: whether it can belong to a dump. Never decides what the dump is about.

use super::{Flow, Found};
use crate::cut;

const SHAPES: &[&str] = &[
    " ",
    "\t",
    "CPU: ",
    "Hardware name:",
    "Call Trace:",
    "Call trace:",
    "Modules linked in:",
    "RIP:",
    "RSP:",
    "RAX:",
    "RDX:",
    "RBP:",
    "R10:",
    "R13:",
    "FS:",
    "CS:",
    "CR2:",
    "DR0:",
    "DR3:",
    "DR6:",
    "PKRU:",
    "Code:",
    "PGD ",
    "Oops:",
    "invalid opcode:",
    "pstate:",
    "pc :",
    "lr :",
    "sp :",
    "x0 ",
    "x1 ",
    "x2",
    "x3 ",
    "x4 ",
    "x5 ",
    "x6 ",
    "x7 ",
    "x8 ",
    "x9 ",
    "Workqueue:",
    "Process ",
    "Stack:",
    "Internal error:",
    "Mem abort info:",
    "Data abort info:",
    "user pgtable:",
    "swapper pgtable:",
    "Exception stack",
    "note: ",
    "Kernel Offset:",
    "CPU features:",
    "Sending NMI",
    "NMI backtrace",
    "Task dump for CPU",
    "task:",
    "rcu: \t",
    "Showing ",
    "workqueue ",
    "pool ",
    "Tainted:",
    "WARNING: CPU:",
    "RBX:",
    "R8:",
    "Insufficient stack",
    "Memory Limit:",
    "Rebooting in ",
    "Dumping ftrace",
    "---[ end ",
    "ESR = ",
    "[<",
    "pgd = ",
    "Last user mapped",
];

const MEMORY: &[&str] = &[
    "Mem-Info:",
    "active_anon:",
    "Node ",
    "lowmem_reserve",
    "Swap cache",
    "Free swap",
    "Total swap",
    "SLUB:",
    "Unreclaimable slab",
    "Tasks state",
    "[",
];

/// Whether the message may belong to a register and stack dump.
pub(crate) fn is_dump(text: &str) -> bool {
    SHAPES.iter().any(|shape| text.starts_with(shape))
}

/// Whether the message may belong to the kernel's account of memory.
pub(crate) fn is_memory(text: &str) -> bool {
    MEMORY.iter().any(|shape| text.starts_with(shape))
        || (cut::digits(text).is_some() && text.contains(" pages"))
        || text.contains(" cpuset=")
}

/// A dump that goes on while the lines look like one and ends with its end mark.
pub(crate) fn follow(_: &mut Found, text: &str) -> Flow {
    match text {
        _ if text.starts_with("---[ end trace") => Flow::Last,
        _ if is_dump(text) => Flow::More,
        _ => Flow::Over,
    }
}
