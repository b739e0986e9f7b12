//! Uploads that come to their end: at once, through faults of every kind, or after being killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    center::{Center, Lie, keyset, refusal},
    host::Host,
    http::Action,
};

/// The largest chunk there is.
const CHUNK: usize = 16 << 20;

#[test]
fn t38_a_bundle_is_sent_once_and_acked() {
    let center = Center::honest();
    let host = Host::enrolled("t38", &center);
    let bundle = host.bundle();
    let run = host.upload(&bundle, &["--json"]).ends(0);
    let told = run.json();
    assert_eq!(told["already"], false);
    let url = format!("{}/bundles/{}", center.url(), told["bundle_id"].as_str().expect("an id"));
    assert_eq!(told["page"], url.as_str());
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle is still there")]);
    assert_eq!(center.known().receipts[0].receipt_id.to_string(), told["receipt_id"]);
    assert_eq!(host.outbox(), Vec::<String>::new(), "nothing waits any more");

    let requests = center.known().log.len();
    let again = host.upload(&bundle, &[]).ends(0);
    assert!(again.out.contains("already"), "{again:#?}");
    assert_eq!(center.known().log.len(), requests, "nothing was sent again");
    assert_eq!(host.receipts(), 1);
    // Digits of another bundle are no answer about this one, whatever was answered before.
    host.run(&["upload", bundle.to_str().expect("UTF-8"), "--consent", "00000000"]).ends(3);
    let status = host.run(&["status", "--json"]).ends(0).json();
    assert_eq!((status["acks"].as_array().map(Vec::len), status["unfinished"].as_array().map(Vec::len)), (Some(1), Some(0)));
}

/// T28: each fault once, at each step of an upload of its own.
#[test]
fn t28_each_fault_at_each_step_is_gone_past() {
    const STEPS: [&str; 4] = ["consent", "create", "send", "finish"];
    type Fault = (&'static str, fn() -> Lie);
    let faults: [Fault; 7] = [
        ("hang", || Lie::Instead(Action::Hang)),
        ("done-and-hang", || Lie::After(Action::Hang)),
        ("fault", || Lie::Instead(refusal(500, "a fault of the center"))),
        ("cut-reply", || Lie::Instead(Action::Raw(b"HTTP/1.1 2".to_vec()))),
        ("cut-reply-after", || Lie::After(Action::Raw(b"HTTP/1.1 204 X\r\nupload-off".to_vec()))),
        ("busy", || Lie::Instead(Action::Reply(503, vec![("retry-after", "1".to_owned())], Vec::new()))),
        ("locked", || Lie::Instead(refusal(423, "another request is writing this upload"))),
    ];
    let order: Arc<Mutex<Option<Fault>>> = Arc::default();
    let orders = Arc::clone(&order);
    let center = Center::lying(move |request, _| {
        let mut order = orders.lock().expect("nobody panicked");
        order.take_if(|(step, _)| request.step() == *step).map(|(_, lie)| lie())
    });
    let host = Host::enrolled("t28", &center);
    for (at, (step, (fault, lie))) in STEPS.iter().flat_map(|step| faults.map(|fault| (step, fault))).enumerate() {
        let bundle = host.bundle();
        *order.lock().expect("nobody panicked") = Some((*step, lie));
        let run = host.upload(&bundle, &["--patience", "60"]);
        assert_eq!(run.code, Some(0), "{fault} at {step}: {run:#?}");
        assert!(order.lock().expect("nobody panicked").is_none(), "{fault} at {step} came to pass");
        let known = center.known();
        assert_eq!(known.bundles.len(), at + 1, "{fault} at {step}");
        assert_eq!(known.bundles[at], fs::read(&bundle).expect("the bundle"), "{fault} at {step}");
    }
}

/// T28: what faults cost in bytes.
#[test]
fn t28_a_fault_costs_one_chunk_at_most() {
    let center = Center::new(
        // A body cut in its middle, and one a byte before its end.
        |request, before| {
            let length: usize = request.header("content-length").parse().unwrap_or(0);
            let at = [None, Some(length / 2), None, Some(length.saturating_sub(1))].get(before).copied().flatten();
            at.filter(|_| request.step() == "send")
        },
        |request, before| (request.step() == "send" && before == 4).then_some(Lie::After(Action::Hang)),
        &[keyset(1)],
    );
    let host = Host::enrolled("t28-bytes", &center);
    let bundle = host.large_bundle(24);
    host.upload(&bundle, &[]).ends(0);
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle")]);
    let whole = fs::metadata(&bundle).expect("the bundle").len() as usize;
    let (sent, chunks) = (center.sent(), center.count("send"));
    assert!(chunks >= 5 && sent <= whole + (1 << 20) + 3 * CHUNK, "{sent} of {whole} bytes in {chunks} chunks");
    println!("t28: {whole} bytes, 3 faults: {sent} bytes in {chunks} chunks");
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_mins(10), "{what} did not come");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The sending process of a run.
fn sender_of(child: &Child) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).ok()?;
    children.split_whitespace().find_map(|pid| pid.parse().ok())
}

/// T29 and T37: the host goes down at each request in turn, before or after it is done; each time the same command goes on.
#[test]
fn t29_killed_at_every_request_it_goes_on() {
    // At which request of all the center holds its breath.
    let (stop, seen) = (Arc::new(AtomicUsize::new(usize::MAX)), Arc::new(AtomicUsize::new(0)));
    let done_first = Arc::new(AtomicBool::new(false));
    let (stop_at, seen_so_far, after) = (Arc::clone(&stop), Arc::clone(&seen), Arc::clone(&done_first));
    let center = Center::lying(move |request, _| {
        if request.step() == "enroll" {
            return None;
        }
        let number = seen_so_far.fetch_add(1, Ordering::SeqCst);
        let still = Action::Stall(Duration::from_mins(10));
        match stop_at.load(Ordering::SeqCst) {
            stop if number < stop => None,
            _ if after.load(Ordering::SeqCst) => Some(Lie::After(still)),
            _ => Some(Lie::Instead(still)),
        }
    });
    let host = Host::enrolled("t29", &center);
    let bundle = host.large_bundle(14);
    let (mut kills, mut sealed) = (0, None::<(PathBuf, Vec<u8>)>);
    for round in 0..40 {
        let before = seen.load(Ordering::SeqCst);
        // One request is answered, or two; the next one never is, whether it was carried out or not.
        stop.store(before + 1 + round % 2, Ordering::SeqCst);
        done_first.store(round / 2 % 2 == 0, Ordering::SeqCst);
        let mut child = host.upload_command(&bundle, &[]).spawn().expect("oediag starts");
        let target = stop.load(Ordering::SeqCst);
        let mut ended = None;
        wait("a request", || {
            ended = child.try_wait().expect("it can be asked");
            ended.is_some() || seen.load(Ordering::SeqCst) > target
        });
        if let Some(status) = ended {
            assert_eq!(status.code(), Some(0));
            break;
        }
        let sender = sender_of(&child).expect("there is a sending process");
        kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).expect("it can be killed");
        child.wait().expect("it ends");
        wait("the end of the sending process", || {
            let status = fs::read_to_string(format!("/proc/{sender}/status")).unwrap_or_default();
            status.is_empty() || status.contains("State:\tZ")
        });
        kills += 1;
        let payload = host.state().join("outbox").join(&host.outbox()[0]);
        let bytes = fs::read(&payload).expect("the sealed file");
        assert!(sealed.is_none_or(|before| before == (payload.clone(), bytes.clone())), "it is sealed once");
        sealed = Some((payload, bytes));
    }
    assert!(kills >= 5, "{kills} kills");
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle")]);
    assert_eq!((host.receipts(), host.outbox().len()), (1, 0));
    let whole = fs::metadata(&bundle).expect("the bundle").len() as usize;
    assert!(center.sent() <= whole + (1 << 20) + kills * CHUNK, "{} bytes sent", center.sent());
    println!("t29: {whole} bytes, {kills} kills, {} bytes sent", center.sent());
}

/// Kills an upload while its second chunk is under way.
fn stopped_in_the_second_chunk(center: &Center, host: &Host, bundle: &Path) {
    let mut child = host.upload_command(bundle, &[]).spawn().expect("oediag starts");
    wait("the second chunk", || center.count("send") > 1);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).expect("it can be killed");
    child.wait().expect("it ends");
}

/// T37: where to send to is on the disk before the first byte, and after a kill the center is asked how far it is.
#[test]
fn t37_a_new_run_asks_and_goes_on_or_begins_anew() {
    let center = Center::lying(|request, before| {
        (request.step() == "send" && before == 1).then_some(Lie::Instead(Action::Stall(Duration::from_mins(10))))
    });
    let host = Host::enrolled("t37", &center);
    let bundle = host.large_bundle(14);
    stopped_in_the_second_chunk(&center, &host, &bundle);
    let status = host.run(&["status", "--json"]).ends(0).json();
    let unfinished = &status["unfinished"][0];
    assert!(unfinished["at"].as_u64() > Some(0) && unfinished["total"].as_u64() > unfinished["at"].as_u64(), "{status:#}");
    center.known().log.clear();
    // Without a terminal and without --consent: it was given.
    let run = host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(0);
    assert!(run.err.contains("is used again"), "{run:#?}");
    let steps: Vec<&str> = center.known().log.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps[0], "ask", "{steps:?}");
    assert!(!steps.contains(&"consent") && !steps.contains(&"create"), "{steps:?}");

    // The center forgot it: a new slot under the same receipt.
    let center = Center::lying(|request, before| {
        (request.step() == "send" && before == 1).then_some(Lie::Instead(Action::Stall(Duration::from_mins(10))))
    });
    let host = Host::enrolled("t37-forgot", &center);
    let bundle = host.large_bundle(14);
    stopped_in_the_second_chunk(&center, &host, &bundle);
    center.known().forget = true;
    host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(0);
    assert_eq!((center.count("consent"), center.count("create"), host.receipts()), (2, 2, 1));
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle")]);
}

/// A center that takes no chunk before it is told to.
fn closed_center() -> (Center, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&open);
    let hang_up = move || (!opened.load(Ordering::SeqCst)).then_some(Lie::Instead(Action::Hang));
    (Center::lying(move |request, _| if request.step() == "send" { hang_up() } else { None }), open)
}

/// The ids of the receipts, oldest first.
fn receipts(host: &Host) -> Vec<String> {
    let list = host.run(&["consent", "list", "--json"]).ends(0).json();
    let ids = list.as_array().expect("rows").iter().map(|row| row["consent"]["receipt_id"].as_str().expect("an id").to_owned());
    ids.collect()
}

#[test]
fn a_cancelled_upload_is_never_gone_on_with() {
    let (center, open) = closed_center();
    let host = Host::enrolled("cancelled", &center);
    let bundle = host.bundle();
    let run = host.upload(&bundle, &["--patience", "2"]).ends(5);
    host.upload(&bundle, &["--patience", "2", "--case", "INC-1"]).ends(5);
    let ids = receipts(&host);
    assert!(ids.len() == 2 && run.err.contains(&format!("consent drop {}", ids[0])), "{run:#?}");
    assert_eq!(host.outbox().len(), 2);
    // One is named; the other one is about the same bundle.
    host.run(&["consent", "drop", &ids[0]]).ends(0);
    assert_eq!(host.outbox(), Vec::<String>::new());
    open.store(true, Ordering::SeqCst);
    let requests = center.known().log.len();
    host.run(&["upload", "--unfinished"]).ends(0);
    host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(3);
    assert_eq!(center.known().log.len(), requests, "nothing was sent");
    let list = host.run(&["consent", "list", "--json"]).ends(0).json();
    assert_eq!((&list[0]["standing"], &list[1]["standing"]), (&"dropped".into(), &"dropped".into()));
    let status = host.run(&["status", "--json"]).ends(0).json();
    assert_eq!(status["unfinished"].as_array().map(Vec::len), Some(0));
    // Agreed to anew it goes, and then there is nothing to cancel any more.
    host.upload(&bundle, &[]).ends(0);
    let acked = receipts(&host).into_iter().find(|id| !ids.contains(id)).expect("a new receipt");
    let run = host.run(&["consent", "drop", &acked]).ends(3);
    assert!(run.err.contains("oediag consent withdraw"), "{run:#?}");
    assert_eq!(center.known().bundles.len(), 1);
}

#[test]
fn of_two_answers_about_a_bundle_the_last_one_is_gone_on_with() {
    let (center, open) = closed_center();
    let host = Host::enrolled("two-answers", &center);
    let bundle = host.bundle();
    host.upload(&bundle, &["--patience", "2", "--case", "INC-1"]).ends(5);
    thread::sleep(Duration::from_millis(1100));
    host.upload(&bundle, &["--patience", "2", "--case", "INC-2"]).ends(5);
    open.store(true, Ordering::SeqCst);
    host.run(&["upload", "--unfinished"]).ends(0);
    let cases: Vec<_> = center.known().receipts.iter().map(|receipt| receipt.case.clone()).collect();
    assert_eq!(cases, [oediag_protocol::text::Line::parse("INC-2")]);
}

/// Where a receipt lies.
fn folder_of(host: &Host, receipt: &str) -> PathBuf {
    host.state().join("consents").join(receipt)
}

/// Changes what is noted of an upload under way.
fn edit_sending(host: &Host, receipt: &str, edit: impl Fn(&mut serde_json::Value)) {
    let path = folder_of(host, receipt).join("sending.json");
    let mut sending = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("JSON");
    edit(&mut sending);
    fs::write(&path, sending.to_string()).expect("it can be written");
}

#[test]
fn sealed_files_that_nobody_needs_are_removed() {
    let (center, open) = closed_center();
    let host = Host::enrolled("leaks", &center);
    let bundle = host.bundle();
    host.upload(&bundle, &["--patience", "2"]).ends(5);
    let outbox = host.state().join("outbox");
    let sealed = host.outbox();
    let orphan = outbox.join(format!("c-{}.age", "0".repeat(32)));
    for path in [&orphan, &outbox.join("x.age"), &outbox.join("y.age.partial")] {
        fs::write(path, "left by somebody").expect("it can be written");
    }
    fs::copy(outbox.join(&sealed[0]), host.folder.join("aside")).expect("a copy");
    host.run(&["upload", bundle.to_str().expect("UTF-8"), "--patience", "2"]).ends(5);
    assert_eq!(host.outbox(), sealed, "the one with a receipt is kept");
    open.store(true, Ordering::SeqCst);
    host.run(&["upload", "--unfinished"]).ends(0);
    // As a power cut between the ack and the removal leaves it.
    fs::copy(host.folder.join("aside"), outbox.join(&sealed[0])).expect("a copy");
    host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(0);
    assert_eq!(host.outbox(), Vec::<String>::new());
}

/// The place of the old bytes is forgotten before there are new ones.
#[test]
fn sealing_anew_forgets_the_slot_first() {
    let (center, open) = closed_center();
    let host = Host::enrolled("anew", &center);
    let bundle = host.bundle();
    host.upload(&bundle, &["--patience", "2"]).ends(5);
    let (receipt, payload) = (receipts(&host).remove(0), host.state().join("outbox").join(&host.outbox()[0]));
    let sending = folder_of(&host, &receipt).join("sending.json");
    let slot = || serde_json::from_slice::<serde_json::Value>(&fs::read(&sending).expect("there")).expect("JSON")["slot"].clone();
    assert!(slot().is_string());
    // The sealed file is damaged, and a new one cannot be begun.
    fs::write(&payload, "damaged").expect("it can be written");
    let partial = payload.with_extension("age.partial");
    fs::create_dir(&partial).expect("a folder");
    host.run(&["upload", bundle.to_str().expect("UTF-8"), "--patience", "2"]).ends(2);
    assert!(slot().is_null());
    fs::remove_dir(&partial).expect("it can be removed");
    open.store(true, Ordering::SeqCst);
    host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(0);
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle")]);
}

/// Neither a place that leads elsewhere nor a moment in years is taken from the note of an earlier run.
#[test]
fn what_an_earlier_run_noted_is_looked_at() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("non-blocking");
    let address = elsewhere.local_addr().expect("its number");
    let (center, open) = closed_center();
    let host = Host::enrolled("noted", &center);
    let bundle = host.bundle();
    host.upload(&bundle, &["--patience", "2"]).ends(5);
    open.store(true, Ordering::SeqCst);
    let years = oediag_protocol::time::Time(crate::center::now().0 + 200_000_000);
    edit_sending(&host, &receipts(&host)[0], |sending| {
        sending["slot"] = format!("@{address}/v1/uploads/x").into();
        sending["not_before"] = serde_json::to_value(years).expect("JSON");
    });
    host.run(&["upload", bundle.to_str().expect("UTF-8"), "--patience", "2"]).ends(0);
    let knocked = elsewhere.accept().expect_err("nobody came");
    assert_eq!(knocked.kind(), std::io::ErrorKind::WouldBlock);
}

/// T30: a chunk that was damaged on the way is sent again, from the same place.
#[test]
fn t30_a_damaged_chunk_is_sent_again() {
    let center =
        Center::lying(|request, before| (request.step() == "send" && before < 2).then(|| Lie::Instead(refusal(460, "checksum"))));
    let host = Host::enrolled("t30", &center);
    let bundle = host.bundle();
    let run = host.upload(&bundle, &[]).ends(0);
    assert!(run.err.contains("Waiting") && run.err.contains("checksum"), "{run:#?}");
    assert_eq!((center.count("send"), center.count("ask")), (3, 0));
}

/// T36: never sooner than the center said, within a run and in the next.
#[test]
fn t36_the_center_says_when() {
    for status in [429, 503, 507] {
        let center = Center::lying(move |request, before| {
            let wait = Action::Reply(status, vec![("retry-after", "3".to_owned())], Vec::new());
            (request.step() == "create" && before == 0).then_some(Lie::Instead(wait))
        });
        let host = Host::enrolled(&format!("t36-{status}"), &center);
        let begun = Instant::now();
        host.upload(&host.bundle(), &["--patience", "30"]).ends(0);
        assert!(begun.elapsed() >= Duration::from_secs(3), "{status}: after {:?}", begun.elapsed());
    }
    let center = Center::lying(|request, before| {
        let wait =
            Action::Reply(507, vec![("retry-after", "7200".to_owned())], br#"{"error":"no room","reason":"disk"}"#.to_vec());
        (request.step() == "create" && before == 0).then_some(Lie::Instead(wait))
    });
    let host = Host::enrolled("t36-later", &center);
    let bundle = host.bundle();
    let run = host.upload(&bundle, &["--patience", "30"]).ends(5);
    assert!(run.err.contains("no room") && run.err.contains("not to be asked"), "{run:#?}");
    let requests = center.known().log.len();
    host.upload(&bundle, &["--patience", "30"]).ends(5);
    assert_eq!(center.known().log.len(), requests, "it was not asked again");
    assert_eq!((host.outbox().len(), host.receipts()), (1, 1));
    let status = host.run(&["status"]).ends(0);
    assert!(status.out.contains("not before"), "{status:#?}");
}

/// A host whose clock is off by more than signatures allow goes by the center's.
#[test]
fn a_clock_that_differs_is_made_up_for() {
    let center = Center::honest();
    center.known().ahead = 420;
    let host = Host::enrolled("clock", &center);
    host.upload(&host.bundle(), &[]).ends(0);
    assert_eq!(center.count("consent"), 2);
}

/// T61, the sending side: what the process that talks to the center can see.
#[test]
fn the_sending_process_has_nothing_but_its_file() {
    let center =
        Center::lying(|request, _| (request.step() == "consent").then_some(Lie::Instead(Action::Stall(Duration::from_mins(10)))));
    let host = Host::enrolled("sender", &center);
    let bundle = host.bundle();
    let mut command = host.upload_command(&bundle, &["--patience", "600"]);
    let mut child = command.env("SECRET", "canary").spawn().expect("oediag starts");
    wait("the request", || center.count("consent") > 0);
    let sender = sender_of(&child).expect("there is a sending process");
    let read = |file: &str| fs::read_to_string(format!("/proc/{sender}/{file}")).expect(file);
    let line = |name: &str| read("status").lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    if nix::unistd::geteuid().is_root() {
        // Real, effective, saved and of the file system: none to go back to.
        for ids in ["Uid:", "Gid:"] {
            let ids: Vec<u32> = line(ids).split_whitespace().skip(1).map(|id| id.parse().expect("an id")).collect();
            assert!(ids.len() == 4 && !ids.contains(&0), "{ids:?}");
        }
        assert_eq!(line("Groups:").trim(), "Groups:", "no other groups");
        for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(line(capabilities).trim(), format!("{capabilities}\t0000000000000000"));
        }
        assert_eq!(read("environ"), "", "no environment");
        assert_eq!(fs::read_link(format!("/proc/{sender}/cwd")).expect("cwd"), PathBuf::from("/"));
        let open: Vec<PathBuf> = fs::read_dir(format!("/proc/{sender}/fd"))
            .expect("fd")
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.starts_with("/") && target != Path::new("/dev/null"))
            .collect();
        let payload = host.state().join("outbox").join(&host.outbox()[0]);
        assert!(!open.is_empty() && open.iter().all(|path| *path == payload), "{open:?}");
        // The last octal digits of the flags: 0 is O_RDONLY, 1 and 2 are the ways to write.
        let flags = read("fdinfo/0").lines().find_map(|line| line.strip_prefix("flags:").map(|flags| flags.trim().to_owned()));
        assert!(flags.as_ref().is_some_and(|flags| flags.ends_with('0')), "{flags:?}");
    } else {
        println!("needs root to look at the process of another user; the rest was not run");
    }
    assert_eq!(line("NoNewPrivs:").trim(), "NoNewPrivs:\t1");
    assert!(!read("cmdline").contains("oed1") && !read("cmdline").contains("PRIVATE"));
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}
