//! The `laurel` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    laurel::cli::main()
}
