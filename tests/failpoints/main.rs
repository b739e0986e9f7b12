//! `oediag` as it is, built with the failpoints of the collector: the tests that kill it and fail its writes run this
//! program. In and out: as `oediag`, and `FAILPOINTS` in the environment. Never shipped: no package knows it.

use std::process::ExitCode;

fn main() -> ExitCode {
    oediag::run(std::env::args_os())
}
