//! Loaded modules in two tables, from one walk over `/sys/module` each.
//!
//! In: files of each module (sysfs). Out: tab-separated lines. What cannot be read is empty; a built-in part that is no module of
//! its own has no state.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::host::{Folder, Host};

/// Longest value kept: a setting is a word or a short list.
const VALUE: usize = 1024;

/// `module state refs taint version srcversion`.
pub(super) fn state(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    let modules = modules(host)?;
    writeln!(out, "module\tstate\trefs\ttaint\tversion\tsrcversion")?;
    each(&modules, |module, folder| {
        let cells = ["initstate", "refcnt", "taint", "version", "srcversion"].map(|name| value(folder, name));
        writeln!(out, "{module}\t{}", cells.join("\t"))
    })
}

/// `module setting value`.
pub(super) fn settings(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    let modules = modules(host)?;
    writeln!(out, "module\tsetting\tvalue")?;
    each(&modules, |module, folder| {
        let Some(settings) = folder.folder("parameters") else { return Ok(()) };
        let mut names = settings.names();
        names.sort_unstable();
        names.iter().try_for_each(|name| writeln!(out, "{module}\t{}\t{}", one_line(name.as_bytes()), value(&settings, name)))
    })
}

fn modules(host: &Host) -> io::Result<Folder<'_>> {
    Ok(host.folder(Path::new("/sys/module"))?)
}

fn each(modules: &Folder<'_>, mut with: impl FnMut(&str, &Folder<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut names = modules.names();
    names.sort_unstable();
    names.iter().try_for_each(|name| match modules.folder(name) {
        Some(folder) => with(&one_line(name.as_bytes()), &folder),
        None => Ok(()),
    })
}

fn value(folder: &Folder<'_>, name: &str) -> String {
    folder.read(name, VALUE).map(|value| one_line(value.trim_ascii())).unwrap_or_default()
}

/// Text that stays in its cell.
fn one_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace(|c: char| c.is_control(), "?")
}
