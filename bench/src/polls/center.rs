//! The center that is asked: the real program, started and stopped, and what it costs. In: its path. Out: an address, CPU time, memory.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, SysconfVar, sysconf},
};

/// How long a center may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// A center's data folder, and the process while there is one.
#[derive(Debug)]
pub(crate) struct Center {
    program: PathBuf,
    data: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

/// What a process has cost so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time of all its threads.
    pub(crate) cpu: Duration,
    /// Resident bytes.
    pub(crate) resident: u64,
}

impl Center {
    /// Makes the data folder with keys and an enrolment, on a free port.
    pub(crate) fn new(program: &Path, data: &Path) -> Result<Self> {
        let made = Command::new(program).args(["token", "create", "--data"]).arg(data).stdout(Stdio::null()).status();
        ensure!(made.context("starting the center's program")?.success(), "the data folder could not be made");
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self { program: program.to_owned(), data: data.to_owned(), address, child: None })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it and waits until it takes connections.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["serve", "--data"]).arg(&self.data).args(["--listen", &self.address.to_string()]);
        self.child = Some(command.env("RUST_LOG", "warn").stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?);
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "the center does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends it as systemd would, and waits for its end.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        let begun = Instant::now();
        while child.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                child.kill()?;
                bail!("the center did not stop when it was told to");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What it has cost, by proc(5).
    pub(crate) fn usage(&self) -> Result<Usage> {
        let pid = self.child.as_ref().context("the center does not run")?.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // Behind the name, which may hold anything: utime and stime are the 12th and 13th field, rss the 22nd.
        let fields: Vec<&str> = stat.rsplit_once(')').context("stat has no name")?.1.split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("stat is too short");
        let number = |name| sysconf(name)?.map(|value| value as u64).context("sysconf");
        let ticks = number(SysconfVar::CLK_TCK)?;
        let cpu = Duration::from_secs_f64((field(11)? + field(12)?) as f64 / ticks as f64);
        Ok(Usage { cpu, resident: field(21)? * number(SysconfVar::PAGE_SIZE)? })
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It has nothing to lose: its folder goes too.
            child.kill().unwrap_or_default();
            drop(child.wait());
        }
    }
}
