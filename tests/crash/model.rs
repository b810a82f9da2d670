//! What was promised, and whether it was kept.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::rig::red;

/// A task of a generation.
type TaskId = (u32, u32);

/// What a child found in a store.
#[derive(Debug, Default, Clone)]
pub(crate) struct Report {
    /// The positions of every task's appends, in the task's order.
    pub(crate) tasks: BTreeMap<TaskId, Vec<u64>>,
    pub(crate) head: Option<u64>,
    pub(crate) chunks: u64,
}

/// What was said to those who append and read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Model {
    /// The positions that were acknowledged, in each task's order.
    pub(crate) acked: BTreeMap<TaskId, Vec<u64>>,
    /// Appends that were refused because the disk was full, and had not been taken since.
    refused: BTreeMap<TaskId, u64>,
    /// Up to where the log has been seen by readers.
    seen: u64,
}

impl Model {
    /// Takes in what a child has said; lines of other kinds are left alone.
    pub(crate) fn hear(&mut self, lines: &[String]) -> Result<()> {
        for line in lines {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["ACK", generation, task, n, position] => {
                    let task = (generation.parse()?, task.parse()?);
                    let acked = self.acked.entry(task).or_default();
                    if acked.len() as u64 != n.parse::<u64>()? {
                        return Err(red(format!("acknowledged out of order: {line}")));
                    }
                    acked.push(position.parse()?);
                    self.refused.remove(&task);
                }
                ["FULL", generation, task, n, ..] => {
                    self.refused.insert((generation.parse()?, task.parse()?), n.parse()?);
                }
                ["OPEN", head] => self.seen = self.seen.max(head.parse()?),
                ["REVIVED", ..] => {
                    return Err(red(format!("taken after a failure: {line}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in that a child has opened the store; red if it was refused.
    pub(crate) fn opened(&mut self, line: &str) -> Result<()> {
        if line.starts_with("REFUSED") {
            return Err(red(line.to_owned()));
        }
        self.hear(&[line.to_owned()])
    }

    /// How many appends were acknowledged.
    pub(crate) fn acks(&self) -> usize {
        self.acked.values().map(Vec::len).sum()
    }

    /// Red unless everything acknowledged is there, and beyond it no more than was under way.
    pub(crate) fn check(&self, report: &Report) -> Result<()> {
        let head = report.head.context("a report without a head")?;
        if head < self.seen {
            return Err(red(format!("the log ended at {}, now at {head}", self.seen)));
        }
        let none = Vec::new();
        for (task, acked) in &self.acked {
            let found = report.tasks.get(task).unwrap_or(&none);
            if !found.starts_with(acked) {
                let kept = found.iter().zip(acked).take_while(|(a, b)| a == b).count();
                let lost = self.lost(report);
                return Err(red(format!(
                    "task {task:?}: {} acknowledged, {kept} kept; {lost} of {} lost in all",
                    acked.len(),
                    self.acks()
                )));
            }
        }
        for (task, found) in &report.tasks {
            let acked = self.acked.get(task).unwrap_or(&none).len();
            if found.len() > acked + 1 {
                let text = format!("task {task:?}: {acked} acknowledged, {} found", found.len());
                return Err(red(text));
            }
            if found.len() > acked && self.refused.get(task) == Some(&(acked as u64)) {
                return Err(red(format!(
                    "task {task:?}: append {acked} was refused, yet is there"
                )));
            }
        }
        Ok(())
    }

    /// How many acknowledged appends are not there.
    pub(crate) fn lost(&self, report: &Report) -> usize {
        let lost = |(task, acked): (&TaskId, &Vec<u64>)| {
            let found = report.tasks.get(task).map_or(&[][..], Vec::as_slice);
            acked.iter().filter(|position| !found.contains(position)).count()
        };
        self.acked.iter().map(lost).sum()
    }
}
