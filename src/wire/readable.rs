//! Recorded bytes for the eyes of a reader.

use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

use super::DESCRIPTOR_SET;

const PACKAGE: &str = "disclosure.event.v1";

/// A recorded event in the JSON form of protocol buffers, with the field names of `proto/`; `None`
/// if this release does not know the type, or the bytes are not of it.
#[must_use]
pub fn readable(event_type: &str, payload: &[u8]) -> Option<Value> {
    let envelope = envelope()?;
    let known = envelope.parent_pool().get_message_by_name(event_type)?;
    let message = DynamicMessage::decode(envelope.clone(), payload).ok()?;
    let holds_body = known.package_name() == PACKAGE
        && envelope.fields().any(|field| {
            field.containing_oneof().is_some()
                && field.kind().as_message() == Some(&known)
                && message.has_field(&field)
        });
    let options = SerializeOptions::new().use_proto_field_name(true);
    let json = message.serialize_with_options(serde_json::value::Serializer, &options).ok();
    json.filter(|_| holds_body)
}

fn envelope() -> Option<&'static MessageDescriptor> {
    static ENVELOPE: OnceLock<Option<MessageDescriptor>> = OnceLock::new();
    let load = || {
        let pool = DescriptorPool::decode(DESCRIPTOR_SET).ok()?;
        pool.get_message_by_name(&format!("{PACKAGE}.EventEnvelope"))
    };
    ENVELOPE.get_or_init(load).as_ref()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{encode, event_type, samples},
        *,
    };

    proptest! {
        #[test]
        fn every_kind_of_event_is_readable_under_its_own_type_only(event in samples::any_event()) {
            let (name, bytes) = (event_type(&event.body), encode(&event));
            let json = readable(name, &bytes).expect(name);
            let agency_id = event.agency_id.as_ref().map(crate::domain::AgencyId::as_str);
            prop_assert_eq!(json["agency_id"].as_str(), agency_id);
            prop_assert_eq!(readable("disclosure.event.v1.CivilDate", &bytes), None);
            prop_assert_eq!(readable("other.v1.Event", &bytes), None);
            prop_assert_eq!(readable(name, b"\xff"), None);
        }
    }
}
