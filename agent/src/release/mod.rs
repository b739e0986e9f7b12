//! Letting a bundle go: what it holds is shown, somebody with authority agrees, the answer is signed, exactly those bytes are sealed.
//!
//! `own` opens a bundle of this host, `preview` counts what is in it, `notice` is the text that is shown, `separate` says what is agreed
//! to by itself, `gate` looks whether it may leave at all, `ask` waits for the answer, `consent` makes a receipt of it, `receipt` keeps it,
//! `outbox` seals, `stored` takes the ack. Sending is [`crate::sender`]'s. Never: seals or sends a byte that was not shown before.

pub mod ask;
pub mod consent;
pub mod gate;
pub mod notice;
pub mod outbox;
pub mod own;
pub mod preview;
pub mod receipt;
pub mod separate;
pub mod stored;
pub mod who;
pub mod withdraw;
pub mod without;
