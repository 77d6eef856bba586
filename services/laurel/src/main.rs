//! The `laurel` command.

use std::process::ExitCode;

/// Measured: a sixth of the CPU time of a replay goes to the system's allocator, most of which this
/// one saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    laurel::cli::main()
}
