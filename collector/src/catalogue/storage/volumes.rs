//! Device mapper and LVM: asked only where the mapper is loaded, because its tools load it.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Standard},
    Privacy::{Facts, Identifying},
    Probe::Command,
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("storage.mapper_info", Command(&["/usr/sbin/dmsetup", "info", "-c"]), Identifying, Standard)
        .when(&[When::Path("/sys/module/dm_mod")]),
    row("storage.mapper_tree", Command(&["/usr/sbin/dmsetup", "ls", "--tree"]), Identifying, Standard)
        .when(&[When::Path("/sys/module/dm_mod")]),
    row("storage.mapper_statistics", Command(&["/usr/sbin/dmstats", "list"]), Facts, Deep)
        .when(&[When::Path("/sys/module/dm_mod")]),
    row("storage.mapper_counters", Command(&["/usr/sbin/dmstats", "print", "--allregions"]), Facts, Deep)
        .when(&[When::Path("/sys/module/dm_mod")]),
    row("storage.lvm_run", every("/run/lvm/**"), Facts, Deep),
];
