//! One upload beside everything else. In: what the broker says of it, its open payload. Out: what the center says is its ack, or why there
//! is none. Never: sends a byte before the broker has stored where to; goes on when this value is gone.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use oediag_protocol::id::ReceiptId;
use tokio::task::JoinHandle;

use super::{
    Caller, Line,
    client::{Client, Hand},
    exchange::no_reply,
    tus::{Parent, Sending},
    wire::{self, Event, Fault},
};
use crate::broker::{
    client,
    wire::{Answer, Ask, Upload},
};

/// An upload under way.
pub(super) struct Carried {
    pub(super) receipt: ReceiptId,
    task: JoinHandle<Result<String, Fault>>,
}

impl Carried {
    /// Begins to send.
    pub(super) fn begin(line: &Line, caller: &Caller<'_>, upload: Upload, payload: File, socket: &Path) -> Result<Self, Fault> {
        let Upload { receipt, front, payload: bytes, back, slot, .. } = upload;
        let who = caller.who()?;
        let hand = Hand::try_from(&who)?;
        let mut client = Client::new(line, Some(hand)).map_err(no_reply)?;
        let upload = wire::Upload { who, receipt, front, payload: bytes, back, slot };
        let (patience, kib_s) = (Duration::from_secs(line.patience), line.way.kib_s);
        let mut keeper = Keeper { socket: socket.to_owned(), receipt };
        let task = tokio::spawn(async move {
            let (client, parent) = (&mut client, &mut keeper);
            Sending { client, upload: &upload, payload, patience, kib_s, parent, signed_anew: false }.run().await
        });
        Ok(Self { receipt, task })
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for the end of an upload; for ever where there is none.
pub(super) async fn ended(carried: &mut Option<Carried>) -> (ReceiptId, Result<String, Fault>) {
    match carried {
        Some(Carried { receipt, task }) => (*receipt, task.await.unwrap_or_else(|error| Err(Fault::Local(error.to_string())))),
        None => std::future::pending().await,
    }
}

/// Has the broker store where the file is sent to.
struct Keeper {
    socket: PathBuf,
    receipt: ReceiptId,
}

impl Parent for Keeper {
    /// Where to go on is asked of the center; nobody watches here.
    fn tell(&mut self, _: Event) -> Result<(), Fault> {
        Ok(())
    }

    fn store(&mut self, slot: &str) -> Result<(), Fault> {
        let question = Ask::Slot { receipt: self.receipt, slot: slot.to_owned() };
        match client::ask(&self.socket, &question) {
            Ok((Answer::Done, _)) => Ok(()),
            Ok(_) => Err(Fault::Local("the broker does not store where to send".to_owned())),
            Err(error) => Err(Fault::Local(error.to_string())),
        }
    }
}
