//! What the parts do together.

mod documents;
mod store_behaviour;
