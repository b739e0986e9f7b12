//! A center on loopback for the demo: started on a free port, its log in a file, ended with the demo.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::run;

/// A running center.
pub(super) struct Center {
    child: Child,
    program: PathBuf,
    data: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    /// Who may log in, as the first start printed it.
    pub(super) user: String,
    pub(super) password: String,
}

impl Center {
    /// Starts it on an empty data folder below `folder`.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let (data, log) = (folder.join("center"), folder.join("center.log"));
        let written = File::create(&log).with_context(|| format!("making {}", log.display()))?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).env("NO_COLOR", "1").env("RUST_LOG", "info");
        run::say(&format!("$ {}   (log: {})", run::words(&command), log.display()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(written);
        let mut child = command.spawn().context("starting oediag-center")?;
        let mut first = String::new();
        let printed = child.stdout.take().context("the center's output is not there")?;
        BufReader::new(printed).read_line(&mut first).context("reading what the center printed")?;
        // "user NAME, password PASSWORD", printed before the center listens.
        let (user, password) = first.trim().split_once(", password ").unwrap_or_default();
        let mut center = Self {
            child,
            program: program.to_owned(),
            data,
            url: String::new(),
            user: user.to_owned(),
            password: password.to_owned(),
        };
        center.url = center.listening(&log)?;
        run::say(&format!("It listens on {}", center.url));
        Ok(center)
    }

    /// Waits for the line of the log that says where.
    fn listening(&mut self, log: &Path) -> Result<String> {
        loop {
            let text = fs::read_to_string(log).with_context(|| format!("reading {}", log.display()))?;
            let line = text.split_inclusive('\n').find(|line| line.contains("listening on http") && line.ends_with('\n'));
            if let Some((_, rest)) = line.and_then(|line| line.split_once("listening on ")) {
                return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
            if let Some(status) = self.child.try_wait().context("asking for the center")? {
                bail!("oediag-center ended with {status}:\n{text}");
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// A token with which one host may enrol.
    pub(super) fn token(&self) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(["token", "create", "--data"]).arg(&self.data);
        run::say(&format!("$ {}", run::words(&command)));
        Ok(String::from_utf8(run::output(&mut command, &[0])?.stdout).context("the token is not text")?.trim().to_owned())
    }

    /// Waits until somebody ends it.
    pub(super) fn wait(mut self) -> Result<()> {
        self.child.wait().context("waiting for the center").map(drop)
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        // It may have ended already; there is nobody left to tell.
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap_or_default();
        drop(self.child.wait());
    }
}
