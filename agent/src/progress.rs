//! Progress on standard error while a bundle is made. In: the collector's events, from several threads.
//! Out: one moving line; nothing where standard error is no terminal, or with `--json`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use oediag_collector::gather::Event;

use crate::{term, text, texts::Texts};

/// The moving line.
#[derive(Debug)]
pub struct Progress<'a> {
    bar: ProgressBar,
    texts: &'a Texts,
    /// Tasks at work: the one begun first is named.
    running: Mutex<BTreeMap<usize, &'static str>>,
}

impl<'a> Progress<'a> {
    /// A line that shows when `shown`.
    pub fn new(texts: &'a Texts, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        // A style that does not parse would be a fault of this line; the default style is then good enough.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len}  {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, texts, running: Mutex::default() }
    }

    /// Takes one event; may be called from any thread.
    pub fn take(&self, event: Event) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned { tasks } => self.bar.set_length(tasks as u64),
            Event::Started { task, id } => {
                running.insert(task, id);
                self.name(&running);
            }
            Event::Finished { task, .. } => {
                running.remove(&task);
                self.bar.inc(1);
                self.name(&running);
            }
            Event::Sampling { second, of } => {
                // Samplers run beside everything else; they are worth naming once they are all that is left.
                if self.bar.length().is_some_and(|all| self.bar.position() + running.len() as u64 >= all) {
                    self.bar.set_message(text!(self.texts, "progress-sampling", second = second, of = of));
                }
            }
            Event::Sealing => self.bar.set_message(text!(self.texts, "progress-sealing")),
        }
    }

    fn name(&self, running: &BTreeMap<usize, &'static str>) {
        self.bar.set_message(running.values().next().map(|id| term::escape(id)).unwrap_or_default());
    }

    /// Takes the line off the screen.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// A moving line for bytes that are sealed or sent.
#[derive(Debug)]
pub struct Transfer(ProgressBar);

impl Transfer {
    /// A line that shows when `shown`; `what` is done with `bytes` bytes.
    pub fn new(what: String, bytes: u64, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(bytes), target);
        // As above.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// So many bytes are done.
    pub fn at(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    /// Says something above the moving line.
    pub fn note(&self, line: &str) {
        self.0.suspend(|| term::note(line));
    }

    /// Takes the line off the screen.
    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Language;
    use oediag_protocol::bundle::manifest::Outcome;

    #[test]
    fn events_from_many_threads_add_up() {
        let texts = Texts::new(Language::En);
        let progress = Progress::new(&texts, false);
        progress.take(Event::Planned { tasks: 40 });
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let progress = &progress;
                scope.spawn(move || {
                    for task in thread * 10..thread * 10 + 10 {
                        progress.take(Event::Started { task, id: "kernel.version" });
                        progress.take(Event::Finished { task, id: "kernel.version", outcome: Outcome::Collected, bytes: 1 });
                    }
                });
            }
        });
        progress.take(Event::Sealing);
        assert_eq!((progress.bar.position(), progress.bar.length()), (40, Some(40)));
    }
}
