//! A register of government-information disclosure applications (政府信息公开申请), kept as an
//! append-only log of events, and the statutory annual report derived from it by replay.
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "a test that overflows fails, which is what is wanted"
    )
)]

pub mod clock;
pub mod domain;
pub mod statistics;
pub mod wire;
