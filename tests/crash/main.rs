//! The crash rigs: what was acknowledged is still there after power cuts, kills, damage, failing
//! system calls and a full disk. `docs/operating/crash-rigs.md` says how to run them at length.
//!
//! They know nothing of the engine but its public contract. A rig runs this very binary again as
//! a child that opens the store, ends it, and lets another child say what the store holds.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

mod child;
mod copies;
mod corruption;
mod disk;
mod errors;
mod event;
mod full;
mod kill;
#[cfg(feature = "planted-bugs")]
mod meta;
mod model;
mod power_cut;
mod process;
mod random;
mod rig;
mod syscalls;
