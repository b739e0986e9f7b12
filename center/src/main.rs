//! The program `oediag-center`: hands its arguments to the library and ends with the library's exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    oediag_center::run(std::env::args_os())
}
