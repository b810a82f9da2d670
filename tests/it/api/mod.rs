//! Each service through a real channel.
#![cfg(test)]

mod agencies;
mod acts;
mod applications;
mod remedies;
mod proactive;
mod narrative;
mod calendar;
mod deadlines;
mod watch;
mod rehearsal;
mod fees;
mod roll_up;
mod statistics;
mod succession;
mod cells;
mod publications;
mod reports;
mod events;
mod intake;
mod refusals;
mod repeats;
mod running;
