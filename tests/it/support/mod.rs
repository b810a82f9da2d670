//! A server in process, requests to send to it, random histories, and the built binary.
#![cfg(test)]

mod binary;
mod histories;
mod random;
mod refusal;
mod requests;
mod server;
mod steps;

pub(crate) use binary::{Ran, ServeProcess, run, run_refused_serve};
pub(crate) use histories::{Act, Date, History};
pub(crate) use random::Random;
pub(crate) use refusal::{Expected, check_refusal, contradicts, invalid, missing};
pub(crate) use requests::{
    AGENCY, conclude_review, conclude_suit, correct, date, decide, figures, file_review, file_suit,
    fresh, named, receive, register, register_under, section, set_write, withdraw,
};
pub(crate) use server::{TestServer, at, collect};
