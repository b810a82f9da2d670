//! Compiles `proto/` into Rust and a descriptor set.
fn main() {}
