//! `perf/slab.csv`: the kernel's own caches at the first and at the last moment of the sampling: what grows.
//!
//! Columns: `time,cache,active_objects,objects,object_bytes,kb`. The [`TOP`] largest by memory at either moment. Two looks and no
//! more: each takes a lock of the kernel's allocator. Source: `/proc/slabinfo`, for root only (slabinfo(5)).

use std::{cmp::Reverse, collections::BTreeSet, io, path::Path};

use super::counter::{name, stamp};
use crate::host::{Host, Ticks};

/// Caches of each moment.
const TOP: usize = 40;
/// Most bytes read of the file: some hundred lines.
const MOST: usize = 1 << 20;

struct Cache {
    name: String,
    active: u64,
    objects: u64,
    bytes: u64,
}

impl Cache {
    fn kb(&self) -> u64 {
        self.objects.saturating_mul(self.bytes) / 1024
    }
}

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    // Opened for the reason why it cannot be read, which `read` does not tell.
    if let Err(refusal) = host.open(Path::new("/proc/slabinfo")) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, refusal.error.join(": ")));
    }
    writeln!(out, "time,cache,active_objects,objects,object_bytes,kb")?;
    let read = || parse(&String::from_utf8_lossy(&host.read("/proc/slabinfo", MOST).unwrap_or_default()));
    let (began, first) = (host.now(), read());
    ticks.for_each(drop);
    let (ended, last) = (host.now(), read());
    let largest: BTreeSet<&str> =
        [&first, &last].into_iter().flat_map(|caches| caches.iter().take(TOP)).map(|cache| cache.name.as_str()).collect();
    for (at, caches) in [(began, &first), (ended, &last)] {
        for cache in caches.iter().filter(|cache| largest.contains(cache.name.as_str())) {
            let Cache { name, active, objects, bytes } = cache;
            writeln!(out, "{},{name},{active},{objects},{bytes},{}", stamp(at), cache.kb())?;
        }
    }
    Ok(())
}

/// `name active objects size ...` under two lines of heads; the largest first.
fn parse(text: &str) -> Vec<Cache> {
    let mut caches: Vec<Cache> = text
        .lines()
        .skip(2)
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let cache = name(words.next()?.as_bytes());
            let mut number = || words.next()?.parse().ok();
            Some(Cache { name: cache, active: number()?, objects: number()?, bytes: number()? })
        })
        .collect();
    caches.sort_by_key(|cache| Reverse(cache.kb()));
    caches
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_largest_cache_comes_first() {
        let text = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize>\nfilp 10 20 256 16 1 : tunables\ndentry 900 1000 192 21 1 : t\nbad x\n";
        let names: Vec<(String, u64)> = parse(text).into_iter().map(|cache| (cache.name.clone(), cache.kb())).collect();
        assert_eq!(names, [("dentry".to_owned(), 187), ("filp".to_owned(), 5)]);
    }
}
