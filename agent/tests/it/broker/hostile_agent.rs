//! A compromised agent (T61): a process of the agent's user that says everything to the real broker that it can, for 5 seconds, or a
//! minute where `OEDIAG_LONG` is set. In: a seed, which is printed. Out: verdicts and figures.

use std::{
    collections::BTreeMap,
    os::{
        fd::AsRawFd as _,
        unix::{fs::chown, process::CommandExt as _},
    },
    path::Path,
    process::Command,
};

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::*;

/// The user that the simulator runs as.
const USER: u32 = 64_613;
/// Where the simulator is told what to do: the socket, for how many seconds, which questions.
const ORDERS: [&str; 3] = ["OEDIAG_SIM_SOCKET", "OEDIAG_SIM_SECONDS", "OEDIAG_SIM_ASKS"];
/// Most KiB by which the broker may grow.
const GROWTH: u64 = 32 << 10;
/// Most lines about refusals within an hour.
const MOST_LINES: usize = 1000;

/// xorshift64: the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Some bytes of it changed, doubled, cut out or put in.
    fn mutated(&mut self, line: &[u8]) -> Vec<u8> {
        let mut bytes = line.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[at] = self.next() as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..(at + 1 + self.below(20)).min(bytes.len()))),
                _ => {
                    let piece = bytes[at..(at + 1 + self.below(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        bytes
    }
}

fn said(socket: &Path, bytes: &[u8]) -> String {
    let Ok(mut stream) = UnixStream::connect(socket) else { return "no_connection".to_owned() };
    // It may close before all is said.
    stream.write_all(bytes).unwrap_or_default();
    stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_default();
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&answer) else { return "closed".to_owned() };
    let word = |name: &str| answer[name].as_str().map(str::to_owned);
    word("word").or_else(|| word("answer")).unwrap_or_else(|| "strange".to_owned())
}

/// Not a test of itself: the process that the test below starts as another user.
#[test]
#[ignore = "the other test starts it as another user"]
fn simulator() {
    let [Some(socket), Some(seconds), Some(asks)] = ORDERS.map(std::env::var_os) else { return };
    let socket = PathBuf::from(socket);
    let seconds = Duration::from_secs(seconds.to_string_lossy().parse().expect("a number"));
    let asks: Vec<String> = serde_json::from_str(&asks.to_string_lossy()).expect("questions");
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ u64::from(std::process::id()));
    println!("seed {:#x}", random.0);
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let mut held: Vec<UnixStream> = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < seconds {
        let line = asks[random.below(asks.len())].as_bytes().to_vec();
        let line = [line, b"\n".to_vec()].concat();
        let heard = match random.below(40) {
            // A question as it is meant to be.
            0..=9 => said(&socket, &line),
            10..=33 => said(&socket, &random.mutated(&line)),
            34 => said(&socket, &line[..random.below(line.len())]),
            35 => {
                let long = [vec![b' '; 60_000 + random.below(2 << 20)], line].concat();
                said(&socket, &long)
            }
            36 => said(&socket, &[line.clone(), line].concat()),
            // Many who say nothing, and who say a little and nothing more.
            37 => {
                held.clear();
                held.extend((0..200).filter_map(|_| UnixStream::connect(&socket).ok()));
                for mut stream in &held {
                    stream.write_all(&line[..random.below(line.len())]).unwrap_or_default();
                }
                "crowd".to_owned()
            }
            38 => {
                held.clear();
                "crowd_gone".to_owned()
            }
            // Files nobody asked for.
            _ => {
                let Ok(stream) = UnixStream::connect(&socket) else { continue };
                let fds = [stream.as_raw_fd(); 200];
                let rights = [ControlMessage::ScmRights(&fds)];
                let sent = sendmsg::<()>(
                    stream.as_raw_fd(),
                    &[std::io::IoSlice::new(&line)],
                    &rights,
                    MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
                    None,
                );
                format!("files_{}", if sent.is_ok() { "taken" } else { "not_taken" })
            }
        };
        *told.entry(heard).or_default() += 1;
    }
    println!("told {}", serde_json::to_string(&told).expect("JSON"));
}

/// A number of `/proc/PID/status`, in KiB.
fn rss(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the broker lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn handles(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the broker lives").count()
}

/// What a hostile agent says: its own questions, with papers that nobody vouches for, and those of an operator.
fn questions(broker: &Broker, known: [&Request; 2]) -> (Vec<Ask>, Vec<Ask>) {
    let (id, receipt) = (known[1].request_id, ReceiptId([5; 16]));
    let word = Reason::parse("network").expect("a word");
    let forged = |seed| by(&broker.request(seed), &[31]);
    let mut agents = vec![
        Ask::Hello,
        Ask::Outgoing { catalogue: true },
        Ask::Payload { receipt },
        Ask::Sent { id: "ledger".to_owned(), status: 204, body: None },
        Ask::Sent { id: format!("event/{id}/../../../etc/passwd"), status: 204, body: None },
        Ask::Sent { id: format!("withdrawal/{receipt}"), status: 200, body: Some(forged(50)) },
        Ask::Slot { receipt, slot: "/v1/uploads/../../x".to_owned() },
        Ask::Ack { receipt, object: forged(51) },
        Ask::UploadFailed { receipt, word, not_before: Some(Time(i64::MAX)) },
        // Genuine, and known.
        Broker::take(known[0]),
    ];
    for (seed, kind) in [Kind::Request, Kind::Cancel, Kind::Keyset, Kind::Deletion, Kind::Log].into_iter().enumerate() {
        agents.push(Ask::Take { kind, object: forged(60 + seed as u8) });
    }
    let operators = vec![
        Ask::List,
        Ask::Show { id },
        Ask::Approve { id: known[0].request_id, sudo_uid: Some(0) },
        Ask::Deny { id, reason: None, silent: true },
        Ask::Preview { id, lang: Lang::En, columns: 80 },
        Ask::Without { id, names: vec!["kernel.cmdline".to_owned()] },
        Broker::release(id, &broker.preview(id)),
        Ask::Decline { id, reason: None },
        Ask::Session { minutes: 60 },
        Ask::ApproverSig { id, sig: "x".to_owned() },
    ];
    (agents, operators)
}

#[test]
fn t61_a_hostile_agent_gets_no_signature_no_file_and_no_decision() {
    if !nix::unistd::geteuid().is_root() {
        println!("SKIPPED: only root can start the broker and its agent as two users");
        return;
    }
    let broker = Broker::new("hostile-agent");
    let (waits, shown) = (broker.request(1), broker.request(2));
    broker.done(&Broker::take(&waits));
    broker.done(&Broker::take(&shown));
    broker.collected(shown.request_id);
    let (agents, operators) = questions(&broker, [&waits, &shown]);
    chown(broker.host.state().join("agent"), Some(USER), Some(USER)).expect("root may");
    chown(&broker.socket, None, Some(USER)).expect("root may");

    let pid = broker.child.as_ref().expect("it runs").id();
    let (lines, small, few) = (broker.ledger().len(), rss(pid), handles(pid));
    let events = |id: RequestId| {
        fs::read_dir(broker.host.state().join("requests").join(id.to_string()).join("events")).map_or(0, Iterator::count)
    };
    let signed = [events(waits.request_id), events(shown.request_id)];
    let seconds = if std::env::var_os("OEDIAG_LONG").is_some() { 60 } else { 5 };
    let asks: Vec<String> = agents.iter().chain(&operators).map(|ask| serde_json::to_string(ask).expect("JSON")).collect();
    let mut simulator = Command::new("/proc/self/exe");
    simulator.args(["--exact", "broker::hostile_agent::simulator", "--ignored", "--nocapture"]).uid(USER).gid(USER);
    simulator.env(ORDERS[0], &broker.socket).env(ORDERS[1], seconds.to_string());
    simulator.env(ORDERS[2], serde_json::to_string(&asks).expect("JSON")).current_dir("/").stdout(Stdio::piped());
    let running = simulator.spawn().expect("it starts");
    // An operator is answered meanwhile, however many of the agent's hold the door.
    let (mut largest, begun) = (small, Instant::now());
    let mut slowest = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        assert_eq!(broker.rows().len(), 2);
        slowest = slowest.max(asked.elapsed());
        largest = largest.max(rss(pid));
        thread::sleep(Duration::from_millis(200));
    }
    let ended = running.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{text}");
    let told = text.lines().find_map(|line| line.split_once("told ")).expect("its figures").1;
    let told: BTreeMap<String, u64> = serde_json::from_str(told).expect("figures");
    let seed = text.lines().find(|line| line.contains("seed ")).unwrap_or_default();
    let fresh = broker.ledger().len() - lines;
    println!(
        "hostile agent: {seconds} s, {seed}, {} exchanges: {told:?}; {fresh} ledger lines; {small} KiB before, {largest} at most, \
         {} after; an operator waited at most {} ms",
        told.values().sum::<u64>(),
        rss(pid),
        slowest.as_millis()
    );
    for never in ["payload", "requests", "request", "preview", "released", "strange", "no_connection"] {
        assert_eq!(told.get(never), None, "{told:?}");
    }
    assert!(told.get("not_allowed").is_some_and(|count| *count > 0), "{told:?}");
    assert!(told.get("bad_sig").is_some_and(|count| *count > 0), "{told:?}");

    // Nothing has moved, nothing was signed but the head of a ledger that says who was refused.
    assert_eq!((broker.state(waits.request_id), broker.state(shown.request_id)), (State::Pending, State::Preview));
    assert!(events(waits.request_id) <= signed[0] && events(shown.request_id) <= signed[1]);
    assert_eq!((broker.host.receipts(), broker.host.outbox(), broker.bundles(shown.request_id)), (0, Vec::new(), 1));
    assert!(fresh <= MOST_LINES);
    assert!(broker.ledger()[lines..].iter().all(|line| line.ev == Event::Rejected));
    broker.host.run(&["ledger", "verify"]).ends(0);
    assert!(largest.max(rss(pid)) < small + GROWTH, "{small} KiB, then {largest}");
    let begun = Instant::now();
    while handles(pid) > few + 2 {
        assert!(begun.elapsed() < LONG, "{} open files, {few} before", handles(pid));
        thread::sleep(Duration::from_millis(100));
    }
    // Good papers are taken as before.
    broker.done(&Broker::take(&broker.request(3)));
}

#[test]
fn t61_no_socket_of_a_network_can_be_made_behind_the_filter() {
    let host = Host::new("check-filter");
    let rows = host.run(&["broker", "--check-filter", "--json"]).ends(0).json();
    let found: Vec<_> =
        rows.as_array().expect("rows").iter().map(|row| (row["family"].as_str(), row["socket"].as_str())).collect();
    assert_eq!(found, ["Inet", "Inet6", "Packet"].map(|family| (Some(family), Some("EPERM"))));
    let said = host.run(&["broker", "--check-filter"]).ends(0).out;
    assert_eq!(said, "Inet: EPERM\nInet6: EPERM\nPacket: EPERM\n");
    assert!(!host.state().exists(), "it makes no state");
}
