//! Requests into what the layers below take, and their answers into responses. Nothing here is a
//! rule of law: only what a field must look like.

pub(crate) mod agency;
pub(crate) mod application;
pub(crate) mod calendar;
pub(crate) mod cell;
pub(crate) mod deadline;
pub(crate) mod event;
mod fields;
pub(crate) mod proceeding;
pub(crate) mod publication;
pub(crate) mod remedy;
pub(crate) mod report;
pub(crate) mod roll_up;
pub(crate) mod year;
mod write;

pub(crate) use fields::{Fields, page_size, page_start};
pub(crate) use write::{entry, receipt};
