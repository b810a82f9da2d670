//! Recorded events, and instants.

use jiff::Timestamp;
use prost::Message;

use crate::{
    store::{EventRef, RecordedEvent},
    wire::pb::{event::v1::EventEnvelope, v1 as pb},
};

/// An instant as the wire carries it.
pub(crate) fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: instant.as_second(), nanos: instant.subsec_nanosecond() }
}

/// The instant that the wire carries, if there is one.
pub(crate) fn instant(timestamp: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(timestamp.seconds, timestamp.nanos).ok()
}

/// An event of one stream.
pub(crate) fn recorded(event: &RecordedEvent) -> pb::RecordedEvent {
    pb::RecordedEvent {
        position: event.position.get(),
        stream_id: event.stream.to_string(),
        version: event.version.to_string(),
        record_time: Some(timestamp(event.record_time)),
        event_type: event.event_type.clone(),
        event: EventEnvelope::decode(event.payload.clone()).ok(),
        payload: event.payload.clone(),
    }
}

/// An event of the whole log.
pub(crate) fn recorded_ref(event: &EventRef<'_>, envelope: EventEnvelope) -> pb::RecordedEvent {
    pb::RecordedEvent {
        position: event.position.get(),
        stream_id: event.stream.to_owned(),
        version: event.version.to_string(),
        record_time: Some(timestamp(event.record_time)),
        event_type: event.event_type.to_owned(),
        event: Some(envelope),
        payload: bytes::Bytes::copy_from_slice(event.payload),
    }
}
