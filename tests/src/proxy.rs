//! A TCP proxy that breaks connections where it is told to. In: a port behind it, and faults by place. Out: counts of what passed.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// Most bytes that are sent twice.
const DOUBLED: usize = 1 << 20;

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Both sides see the connection end.
    Cut,
    /// Nothing moves any more on this connection, and it stays open.
    Stall,
    /// The server gets all, its reply is cut in the middle.
    CutReply,
    /// What the next connection carries, up to 1 MiB, reaches the server a second time when it has ended.
    Duplicate,
}

/// When a fault strikes; each waits for the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When clients have sent so many bytes in all.
    Bytes(u64),
    /// At the request whose head holds this text.
    Seen(&'static str),
    /// At the next connection.
    Connected,
}

/// A running proxy; its threads end with the process.
#[derive(Debug)]
pub struct Proxy {
    /// Where clients connect.
    pub port: u16,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    behind: u16,
    /// Bytes of clients that have passed, over all connections.
    passed: AtomicU64,
    /// The faults to come.
    faults: Mutex<VecDeque<(When, Fault)>>,
}

impl Proxy {
    /// Starts in front of a port, with the faults in the order in which they strike.
    pub fn start(port: u16, behind: u16, faults: impl IntoIterator<Item = (When, Fault)>) -> Self {
        let faults = faults.into_iter().collect();
        let plan = Arc::new(Plan { behind, passed: AtomicU64::new(0), faults: Mutex::new(faults) });
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let shared = Arc::clone(&plan);
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let plan = Arc::clone(&shared);
                thread::spawn(move || plan.carry(client));
            }
        });
        Self { port, plan }
    }

    /// More faults, behind those that are still to strike.
    pub fn plan(&self, faults: impl IntoIterator<Item = (When, Fault)>) {
        self.plan.faults.lock().expect("the plan").extend(faults);
    }

    /// Bytes that clients have sent, heads of requests included.
    pub fn passed(&self) -> u64 {
        self.plan.passed.load(Ordering::SeqCst)
    }

    /// Faults that did not strike.
    pub fn left(&self) -> usize {
        self.plan.faults.lock().expect("the plan").len()
    }
}

impl Plan {
    fn carry(&self, mut client: TcpStream) {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", self.behind)) else { return };
        let cut_reply = Arc::new(AtomicBool::new(false));
        let reply = {
            let (mut from, mut to) = (server.try_clone().expect("a handle"), client.try_clone().expect("a handle"));
            let cut = Arc::clone(&cut_reply);
            thread::spawn(move || back(&mut from, &mut to, &cut))
        };
        let mut double = self.doubled().then(Vec::new);
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count) = client.read(&mut buffer) {
            if count == 0 {
                break;
            }
            match self.next(&buffer[..count]) {
                Some(Fault::Cut) => {
                    // Half of it gets through.
                    drop(server.write_all(&buffer[..count / 2]));
                    end(&server);
                    end(&client);
                    break;
                }
                Some(Fault::Stall) => {
                    // The client must give up by itself: this read ends when it does.
                    while client.read(&mut buffer).is_ok_and(|count| count > 0) {}
                    break;
                }
                Some(Fault::CutReply) => cut_reply.store(true, Ordering::SeqCst),
                Some(Fault::Duplicate) | None => {}
            }
            if let Some(double) = double.as_mut().filter(|double| double.len() < DOUBLED) {
                double.extend_from_slice(&buffer[..count]);
            }
            if server.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        end(&server);
        drop(reply.join());
        if let Some(double) = double {
            self.again(&double);
        }
    }

    /// The fault that strikes at these bytes.
    fn next(&self, bytes: &[u8]) -> Option<Fault> {
        let count = bytes.len() as u64;
        let passed = self.passed.fetch_add(count, Ordering::SeqCst) + count;
        self.strike(|when| match when {
            When::Bytes(at) => at < passed,
            When::Seen(text) => bytes.windows(text.len()).any(|window| window == text.as_bytes()),
            When::Connected => false,
        })
    }

    /// Whether this new connection is to be doubled.
    fn doubled(&self) -> bool {
        self.strike(|when| when == When::Connected) == Some(Fault::Duplicate)
    }

    fn strike(&self, now: impl Fn(When) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().expect("the plan");
        let due = faults.front().is_some_and(|(when, _)| now(*when));
        due.then(|| faults.pop_front()).flatten().map(|(_, fault)| fault)
    }

    /// The same bytes over a connection of their own; nobody reads the answers for long.
    fn again(&self, bytes: &[u8]) {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", self.behind)) else { return };
        drop(server.write_all(bytes));
        drop(server.set_read_timeout(Some(Duration::from_secs(2))));
        drop(std::io::copy(&mut server, &mut std::io::sink()));
    }
}

fn back(from: &mut TcpStream, to: &mut TcpStream, cut: &AtomicBool) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count) = from.read(&mut buffer) {
        if cut.swap(false, Ordering::SeqCst) {
            drop(to.write_all(&buffer[..count / 2]));
            break;
        }
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    end(from);
    end(to);
}

fn end(stream: &TcpStream) {
    // The other side may have ended it before.
    drop(stream.shutdown(Shutdown::Both));
}
