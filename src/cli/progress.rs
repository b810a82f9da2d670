//! How far a long command has come: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use super::Output;

/// After how many steps a plain line is due.
const STEPS_PER_LINE: u64 = 10_000;

/// How many plain lines tell of something that goes by leaps.
const LINES: u64 = 10;

/// The progress of a command that takes a known number of steps.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    lines: u64,
}

impl Progress {
    /// Nothing done yet.
    pub(super) fn new(total: u64, output: Output) -> Self {
        let bar = output.is_watched().then(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}, {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { bar, total, done: 0, lines: 0 }
    }

    /// How many steps there are, if that was not known at the beginning.
    pub(super) fn expect(&mut self, total: u64) {
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
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

    /// So many steps by now.
    pub(super) fn reach(&mut self, done: u64, output: Output) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let lines = done.saturating_mul(LINES).checked_div(self.total).unwrap_or(0);
        if lines > self.lines && self.total >= STEPS_PER_LINE && !output.json {
            self.lines = lines;
            output.note(format_args!("{} of {}", self.done, self.total));
        }
    }

    /// Takes the bar away for a line that is printed.
    pub(super) fn hide(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.hide();
    }
}
