//! The question before anything leaves. In: a terminal. Out: an answer, or no answer: end of input, a closed terminal, a signal.
//! Never: takes silence for a yes.

use std::{
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::separate::Separate;
use crate::{term, text, texts::Texts};

/// Longest answer, in bytes; what is longer is no answer to any of our questions.
const LONGEST: usize = 4096;
/// How often a signal is looked for, in milliseconds, should it come just before the waiting begins.
const LOOK: u16 = 500;

/// How often a wrong answer may be followed by another.
const ANSWERS: usize = 3;

/// What was said to the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The digits.
    Yes,
    /// Anything else, or nothing.
    No,
    /// First leave these out.
    Without(Vec<String>),
}

/// Shows what would leave and the notice, on standard error, where the question is too. What is on the screen is what is digested.
pub fn show(preview: &[String], notice: &str) {
    for line in preview {
        term::note(line);
    }
    term::note("");
    // Without the last line end, which `note` brings.
    term::note(notice.trim_end_matches('\n'));
}

/// Whether there is somebody to ask: both the question and the answer go over a terminal.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// While it lives, a signal is an answer: no. Afterwards signals end the program as usual.
#[derive(Debug)]
pub struct Listening {
    interrupted: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Listening {
    /// Begins to listen.
    pub fn begin() -> io::Result<Self> {
        let (interrupted, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&over))?;
        }
        Ok(Self { interrupted, over })
    }

    /// Ends the listening before a yes is signed; tells whether there was a signal until then.
    pub fn end(&self) -> bool {
        self.over.store(true, Ordering::SeqCst);
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Asks for the bundle's digits: they alone are a yes.
    pub fn answer(&self, digits: &str, texts: &Texts) -> Answer {
        let mut question = text!(texts, "ask-consent");
        for _ in 0..ANSWERS {
            let Some(answer) = self.line(&question).filter(|answer| !answer.is_empty()) else { return Answer::No };
            if answer == digits {
                return Answer::Yes;
            }
            if let Some(names) = answer.strip_prefix("without ") {
                return Answer::Without(names.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect());
            }
            question = text!(texts, "ask-consent-again");
        }
        Answer::No
    }

    /// Asks one of the separate questions.
    pub fn separately(&self, one: Separate, texts: &Texts) -> bool {
        self.line(&texts.named(&format!("ask-{}", one.word()))).is_some_and(|answer| answer == "yes")
    }

    /// Asks and waits for one line; none is no.
    pub fn line(&self, question: &str) -> Option<String> {
        term::prompt(question);
        let mut line = Vec::new();
        while line.len() < LONGEST {
            if self.interrupted.load(Ordering::SeqCst) {
                return None;
            }
            let stdin = io::stdin();
            let mut wait = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            match poll(&mut wait, PollTimeout::from(LOOK)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(_) => return None,
            }
            let mut byte = [0];
            // Past the standard library's buffer, which `poll` cannot see.
            match nix::unistd::read(stdin.as_fd(), &mut byte) {
                Ok(1) if byte[0] == b'\n' => return Some(String::from_utf8_lossy(&line).trim().to_owned()),
                Ok(1) => line.push(byte[0]),
                Err(nix::errno::Errno::EINTR) => {}
                _ => return None,
            }
        }
        None
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}
