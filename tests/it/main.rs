//! What the parts do together.

mod documents;
mod store_behaviour;
mod source;
mod layers;
mod proto_style;
mod error_reference;
