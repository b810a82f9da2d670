//! The one binary. Everything it does is in the library's `cli`.

use std::process::ExitCode;

/// What a call allocates is mostly freed by another thread; this allocator makes that cheap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    disclosure_ledger::cli::main()
}
