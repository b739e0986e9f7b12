//! The examined machine.

/// The examined machine.
#[derive(Debug)]
pub struct Host {}
/// Ticks.
#[derive(Debug)]
pub struct Ticks {}
