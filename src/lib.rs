//! A register of government-information disclosure applications (政府信息公开申请), kept as an
//! append-only log of events, and the statutory annual report derived from it by replay.
//!
//! The modules in reading order: the law, the form, the paper, the book, writing in it, asking of
//! it, the counter. `docs/ARCHITECTURE.md` says what each may use.
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "a test that overflows fails, which is what is wanted"
    )
)]

pub mod domain;
pub mod statistics;
pub mod render;
pub mod integrity;
pub mod clock;
pub mod store;
pub mod wire;
pub mod ledger;
pub mod projection;
pub mod export;
pub mod server;
pub mod cli;
pub mod synthetic;
pub mod config;
pub mod telemetry;
