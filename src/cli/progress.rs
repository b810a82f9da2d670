//! How far a long command has come: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use super::Output;

/// After how many steps a plain line is due.
const STEPS_PER_LINE: u64 = 10_000;

/// The progress of a command that takes a known number of steps.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
}

impl Progress {
    /// Nothing done yet.
    pub(super) fn new(steps: usize, output: Output) -> Self {
        let total = steps as u64;
        let bar = output.is_watched().then(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}, {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { bar, total, done: 0 }
    }

    /// One step more.
    pub(super) fn advance(&mut self, output: Output) {
        self.done = self.done.saturating_add(1);
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if self.done.is_multiple_of(STEPS_PER_LINE) && !output.json => {
                output.note(format_args!("{} of {}", self.done, self.total));
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
