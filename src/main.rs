//! The `evercert` program: arguments in, verb called, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    evercert::cli::main()
}
