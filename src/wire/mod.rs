//! The wire: generated messages, the codec between domain events and recorded bytes, the names of
//! streams, and the vocabulary that both protocols share.

mod application;
mod codec;
mod date;
mod narrow;
mod notice;
mod publication;
mod readable;
#[cfg(test)]
pub(crate) mod samples;
mod stream;
mod succession;
mod vocabulary;

pub use application::{arrival, consulted_agency};
pub use codec::{DecodeError, decode, encode, event_type};
pub use date::{InvalidDate, civil_date, legal_date};
pub use narrow::{ApplicationNews, Narrow, decode_narrow};
pub use notice::{date_range, holiday_arrangement};
pub use publication::{difference_cause, document_digest};
pub use readable::readable;
pub use stream::{CALENDAR_STREAM, Subject, stream_name, stream_of};
pub use succession::handovers;
pub use vocabulary::{Coded, UnknownValue};

/// The messages and services generated from `proto/`.
#[expect(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod pb {
    pub mod event {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/disclosure.event.v1.rs"));
        }
    }
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/disclosure.v1.rs"));
    }
}

/// The descriptor set of everything in `proto/`, for reflection and for tests of the contract.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
