//! What the parts do together.

mod store_behaviour;
