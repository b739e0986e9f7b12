//! Asking the broker: one question, one answer, over its socket.
//!
//! In: a question. Out: the answer, and the open file that came with it. Never: waits for ever, or takes an answer without end.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use oediag_collector::host;
use oediag_protocol::json::JsonError;

use super::wire::{self, Answer, Ask, MAX_ANSWER, MAX_ASK};

/// Seconds without a byte after which the broker is taken for dead. A preview reads a whole bundle before it answers.
const PATIENCE: Duration = Duration::from_mins(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket.
    #[error("the broker's socket")]
    Io(#[from] io::Error),
    /// The question is too long, or the answer is none.
    #[error("what the broker says")]
    Json(#[from] JsonError),
}

/// Asks; an open file comes with the answer to [`Ask::Payload`] only.
///
/// # Errors
/// Nobody listens there, or what comes back is no answer.
pub fn ask(socket: &Path, question: &Ask) -> Result<(Answer, Option<File>), ClientError> {
    let line = wire::line(question, MAX_ASK)?;
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&line)?;
    let mut answer = vec![0; 64 << 10];
    let (count, file) = host::receive(&stream, &mut answer)?;
    answer.truncate(count);
    // One byte more than allowed is enough to know.
    (&stream).take((MAX_ANSWER + 1 - count) as u64).read_to_end(&mut answer)?;
    Ok((wire::answer(&answer)?, file.map(File::from)))
}
