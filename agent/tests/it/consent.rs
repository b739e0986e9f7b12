//! The question and its answer: on real terminals, with real signals, and with files that change underneath (T41, T42, T48).

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt as _},
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use oediag_protocol::{digest::Sha256, text::Line};

use crate::{center::Center, host::Host};

/// A new terminal: the side of the person, and the side of the program. Nobody else's child inherits them.
fn terminal() -> (File, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
    let master: PtyMaster = posix_openpt(flags | OFlag::O_CLOEXEC).expect("a terminal");
    grantpt(&master).expect("it is ours");
    unlockpt(&master).expect("it can be opened");
    let path = ptsname_r(&master).expect("it has a name");
    let slave = File::options().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(path).expect("it opens");
    (File::from(OwnedFd::from(master)), slave)
}

fn theirs(slave: &File) -> Stdio {
    Stdio::from(slave.try_clone().expect("a copy"))
}

/// A run on a terminal of its own.
pub(crate) struct Session {
    child: Child,
    keyboard: Option<File>,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    pub(crate) fn start(host: &Host, arguments: &[&str]) -> Self {
        let (master, slave) = terminal();
        let mut command = host.command(arguments);
        command.stdin(theirs(&slave)).stdout(theirs(&slave)).stderr(theirs(&slave));
        let child = command.spawn().expect("oediag starts");
        drop(command);
        drop(slave);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut output, seen) = (master.try_clone().expect("a copy"), Arc::clone(&screen));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // A terminal that nobody writes to any more reads as an error.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..count]);
            }
        });
        Self { child, keyboard: Some(master), screen }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap_or_else(PoisonError::into_inner)).replace("\r\n", "\n")
    }

    /// Waits until so many questions were asked.
    pub(crate) fn asked(&self, questions: usize) {
        let begun = Instant::now();
        let count = |screen: String| screen.matches("Enter alone is no:").count() + screen.matches("直接回车表示拒绝：").count();
        while count(self.screen()) < questions {
            assert!(begun.elapsed() < Duration::from_mins(5), "{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.keyboard.as_mut().expect("still there").write_all(text.as_bytes()).expect("it is taken");
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it is there");
    }

    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        // The reader may have some way to go to the last words.
        let (begun, mut before) = (Instant::now(), usize::MAX);
        while self.screen().len() != before && begun.elapsed() < Duration::from_mins(1) {
            before = self.screen().len();
            thread::sleep(Duration::from_millis(100));
        }
        (status.code(), self.screen())
    }
}

/// What somebody does at the question.
type Deed = fn(&mut Session);

/// A host with a bundle, and its center.
fn scene(test: &str) -> (Center, Host, String, String) {
    let center = Center::honest();
    let host = Host::enrolled(test, &center);
    let bundle = host.bundle();
    let digits = Host::digits(&bundle);
    (center, host, bundle.to_str().expect("UTF-8").to_owned(), digits)
}

#[track_caller]
fn nothing_left(center: &Center, host: &Host, what: &str) {
    assert_eq!(center.known().log.iter().filter(|(step, _)| *step != "enroll").count(), 0, "{what}: nothing was sent");
    assert_eq!((host.receipts(), host.outbox()), (0, Vec::new()), "{what}: nothing was signed or sealed");
}

#[test]
fn t48_whatever_is_not_yes_is_no() {
    let (center, host, bundle, digits) = scene("t48");
    // No terminal: nothing, end of input, other digits, an answer on a pipe.
    let run = host.run(&["upload", &bundle]).ends(3);
    assert!(run.err.contains(&digits), "it says how to agree: {run:#?}");
    for wrong in ["", "00000000", &digits[..7], &format!("{digits}0"), &digits.to_uppercase().replace(char::is_numeric, "A")] {
        host.run(&["upload", &bundle, "--consent", wrong]).ends(3);
    }
    let mut child = host.command(&["upload", &bundle]).stdin(Stdio::piped()).spawn().expect("oediag starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(format!("{digits}\n").as_bytes()).unwrap_or_default();
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "a pipe is no terminal");
    nothing_left(&center, &host, "without a terminal");

    let deeds: [(&str, Deed); 8] = [
        ("enter", |session| session.type_in("\n")),
        ("end of input", |session| session.type_in("\u{4}")),
        ("wrong three times", |session| {
            for question in 1..=3 {
                session.asked(question);
                session.type_in("yes\n");
            }
        }),
        ("the digits and then end of input without a line end", |session| session.type_in("b7\u{4}\u{4}")),
        ("Ctrl-C", |session| session.signal(Signal::SIGINT)),
        ("a signal to end", |session| session.signal(Signal::SIGTERM)),
        ("a hangup", |session| session.signal(Signal::SIGHUP)),
        ("Ctrl-\\", |session| session.signal(Signal::SIGQUIT)),
    ];
    for (what, deed) in deeds {
        let mut session = Session::start(&host, &["upload", &bundle]);
        session.asked(1);
        deed(&mut session);
        let (code, screen) = session.end();
        assert_eq!(code, Some(3), "{what}: {screen}");
        assert!(screen.contains("Nothing was sent"), "{what}: {screen}");
        nothing_left(&center, &host, what);
    }
}

/// A signal before the receipt is a no, also where the yes was given on the command line.
#[test]
fn t48_a_signal_is_stronger_than_a_yes_beforehand() {
    let (center, host, bundle, digits) = scene("t48-signal");
    let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
    // A full pipe, so that the run stands still at the first line of the preview.
    let flags = OFlag::from_bits_retain(fcntl(&writer, FcntlArg::F_GETFL).expect("flags"));
    fcntl(&writer, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("it can be set");
    while writer.write(&[b' '; 4096]).is_ok() {}
    while writer.write(b" ").is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(flags)).expect("it can be set");
    let mut command = host.command(&["upload", &bundle, "--consent", &digits]);
    let mut child = command.stderr(writer).spawn().expect("oediag starts");
    drop(command);
    let begun = Instant::now();
    // Until it listens to the last of the signals.
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
        let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
        if caught.is_some_and(|caught| caught >> (Signal::SIGQUIT as i32 - 1) & 1 == 1) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(5), "{status}");
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it is there");
    let mut screen = Vec::new();
    reader.read_to_end(&mut screen).expect("words");
    let screen = String::from_utf8_lossy(&screen).trim().to_owned();
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{screen}");
    nothing_left(&center, &host, "a signal under way");
}

#[test]
fn t48_a_closed_terminal_is_no() {
    let (center, host, bundle, _) = scene("t48-closed");
    let (mut master, slave) = terminal();
    let mut command = host.command(&["upload", &bundle]);
    command.stdin(theirs(&slave)).stdout(Stdio::null()).stderr(theirs(&slave));
    let mut child = command.spawn().expect("oediag starts");
    drop(command);
    drop(slave);
    let (mut screen, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&screen).contains("Enter alone is no:") {
        let count = master.read(&mut buffer).expect("words");
        screen.extend(&buffer[..count]);
    }
    drop(master);
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    nothing_left(&center, &host, "a closed terminal");
}

/// T42: the notice's digest in the receipt is that of the text on the screen.
#[test]
fn t42_what_is_signed_was_on_the_screen() {
    for (language, title) in [("en", "Notice on consent"), ("zh-CN", "同意告知书")] {
        let (center, host, bundle, digits) = scene(&format!("t42-{language}"));
        let mut session =
            Session::start(&host, &["--lang", language, "upload", &bundle, "--case", "INC-7", "--retention-days", "9"]);
        session.asked(1);
        // A slip of the finger may be put right.
        session.type_in("nonsense\n");
        session.asked(2);
        session.type_in(&format!("{digits}\n"));
        let (code, screen) = session.end();
        assert_eq!(code, Some(0), "{screen}");
        let receipt = center.known().receipts[0].clone();
        let notice = fs::read_to_string(host.state().join(format!("consents/{}/notice.txt", receipt.receipt_id)));
        let notice = notice.expect("the notice is kept");
        assert!(notice.starts_with(title) && screen.contains(&notice), "{screen}");
        assert_eq!(Sha256::of(notice.as_bytes()), receipt.notice.sha256, "{language}");
        assert_eq!(receipt.notice.lang.as_str(), language);
        assert_eq!((receipt.retention_days, receipt.case.as_ref().map(Line::as_str)), (9, Some("INC-7")));
        let who = receipt.who.expect("somebody agreed");
        assert_eq!(who.uid, nix::unistd::getuid().as_raw());
        assert!(who.tty.is_some_and(|tty| tty.as_str().starts_with("pts/")));
        let shown = host.run(&["consent", "show", &receipt.receipt_id.to_string()]).ends(0);
        assert!(shown.out.contains(&notice), "{shown:#?}");
        let list = host.run(&["consent", "list", "--json"]).ends(0).json();
        assert_eq!(list[0]["standing"], "stored");
        assert_eq!(list[0]["consent"]["receipt_id"], receipt.receipt_id.to_string().as_str());
    }
}

/// Items are left out at the question; then the question is about the new bundle.
#[test]
fn t43_the_question_takes_without() {
    let (center, host, bundle, digits) = scene("t43-asked");
    let mut session = Session::start(&host, &["upload", &bundle]);
    session.asked(1);
    session.type_in("without logs.messages\n");
    session.asked(2);
    // The old digits are another bundle's.
    session.type_in(&format!("{digits}\n"));
    session.asked(3);
    let bundles: Vec<_> = fs::read_dir(host.state().join("bundles")).expect("bundles").filter_map(Result::ok).collect();
    let names = bundles.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|end| end == "gz"));
    let new = names.map(|path| Host::digits(&path)).find(|other| *other != digits).expect("a new bundle");
    session.type_in(&format!("{new}\n"));
    let (code, screen) = session.end();
    assert_eq!(code, Some(0), "{screen}");
    let known = center.known();
    assert_eq!(known.receipts[0].bundle.bundle_id.short(), new);
    assert!(!known.receipts[0].scope.sources.iter().any(|source| source.as_str() == "logs.messages"));
}

#[test]
fn leaving_the_country_is_another_question() {
    let center = Center::honest();
    let host = Host::new("border");
    host.enroll(&center, &["--cross-border", "--country", "SG", "--contact", "privacy@example.sg"]).ends(0);
    let bundle = host.bundle();
    host.upload(&bundle, &[]).ends(3);
    nothing_left(&center, &host, "one answer of two");
    host.upload(&bundle, &["--agree", "cross-border"]).ends(0);
    let receipt = center.known().receipts[0].clone();
    assert!(receipt.recipient.cross_border);
    assert_eq!(receipt.recipient.country.as_str(), "SG");
    assert_eq!(receipt.notice.separate_consents.len(), 1);
}

/// T41: the file is another one when the answer comes; what was looked at is what goes, or nothing.
#[test]
fn t41_a_swap_at_the_question_changes_nothing_or_ends_it() {
    let (center, host, bundle, digits) = scene("t41");
    let other = host.bundle();
    let before = fs::read(&bundle).expect("the bundle");
    let mut session = Session::start(&host, &["upload", &bundle]);
    session.asked(1);
    let aside = host.folder.join("aside");
    fs::rename(&bundle, &aside).expect("it can be moved");
    fs::copy(&other, &bundle).expect("it can be replaced");
    session.type_in(&format!("{digits}\n"));
    let (code, screen) = session.end();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(center.known().bundles, [before]);

    // Changed in place: longer, shorter, one bit.
    let (center, host, bundle, digits) = scene("t41-place");
    let whole = fs::read(&bundle).expect("the bundle");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (what, bytes) in [
        ("longer", [whole.clone(), vec![0; 70_000]].concat()),
        ("shorter", whole[..whole.len() - 1].to_vec()),
        ("flipped", flipped),
    ] {
        fs::write(&bundle, &whole).expect("it can be written");
        let mut session = Session::start(&host, &["upload", &bundle]);
        session.asked(1);
        fs::write(&bundle, bytes).expect("it can be written");
        session.type_in(&format!("{digits}\n"));
        let (code, screen) = session.end();
        assert_eq!(code, Some(4), "{what}: {screen}");
        assert_eq!(host.outbox(), Vec::<String>::new(), "{what}: nothing sealed is left");
        assert!(center.known().bundles.is_empty() && center.sent() == 0, "{what}");
        fs::remove_dir_all(host.state().join("consents")).expect("the receipt can be removed");
    }
}

/// T41: two bundles change places all the time while one of them is agreed to.
#[test]
fn t41_races_release_only_what_was_agreed_to() {
    const RACES: usize = 20;
    let (center, host, bundle, _) = scene("t41-race");
    let other = host.bundle();
    let (a, b) = (host.folder.join("a"), host.folder.join("b"));
    let sig = |path: &Path| path.with_file_name(format!("{}.sig", path.file_name().expect("a name").display()));
    for (from, to) in [(Path::new(&bundle), &a), (&other, &b)] {
        fs::copy(from, to).expect("it can be copied");
        fs::copy(sig(from), sig(to)).expect("it can be copied");
    }
    let digits = Host::digits(Path::new(&bundle));
    let over = Arc::new(AtomicBool::new(false));
    let (ended, here, x, y) = (Arc::clone(&over), host.folder.join("c"), a.clone(), b.clone());
    let swapping = thread::spawn(move || {
        while !ended.load(Ordering::SeqCst) {
            for (from, to) in [(&x, &here), (&y, &x), (&here, &y)] {
                fs::rename(from, to).expect("a rename");
                fs::rename(sig(from), sig(to)).expect("a rename");
            }
        }
    });
    let (mut sent, mut refused) = (0, 0);
    // More than planned where each one was refused: then the race was never run to its end.
    while sent + refused < RACES || (sent == 0 && refused < 50 * RACES) {
        let run = host.run(&["upload", a.to_str().expect("UTF-8"), "--consent", &digits]);
        match run.code {
            Some(0) => sent += 1,
            Some(2..=4) => refused += 1,
            _ => panic!("{run:#?}"),
        }
        // Each time from the beginning.
        fs::remove_dir_all(host.state().join("consents")).unwrap_or_default();
    }
    over.store(true, Ordering::SeqCst);
    swapping.join().expect("it ends");
    let agreed = fs::read(&bundle).expect("the bundle");
    assert!(center.known().bundles.iter().all(|bundle| *bundle == agreed));
    assert!(sent > 0, "{refused} races, and all were refused");
    println!("t41: {sent} sent what was agreed to, {refused} sent nothing");
}

/// T39, on the host: a receipt that is not good for these bytes, this host and this time is not used.
#[test]
fn t39_only_a_good_receipt_spares_the_question() {
    let center = Center::honest();
    let host = Host::new("t39");
    host.enroll(&center, &["--contact", "privacy@example.cn"]).ends(0);
    let bundle = host.bundle().to_str().expect("UTF-8").to_owned();
    let digits = Host::digits(Path::new(&bundle));
    // Agreed to and sealed, not sent: nobody listens.
    let url = host.state().join("etc/center.json");
    let enrolled = fs::read_to_string(&url).expect("the enrolment");
    fs::write(&url, enrolled.replace(&center.url(), "http://127.0.0.1:1")).expect("it can be written");
    host.run(&["upload", &bundle, "--consent", &digits, "--patience", "2"]).ends(5);
    fs::write(&url, enrolled).expect("it can be written");
    let folder = fs::read_dir(host.state().join("consents")).expect("consents").next().expect("one").expect("one").path();
    let consent = fs::read_to_string(folder.join("consent.json")).expect("the receipt");
    // Edited, unsigned, another center's, another case's, another time's.
    fs::write(folder.join("consent.json"), consent.replace("\"retention_days\": 30", "\"retention_days\": 31")).expect("written");
    host.run(&["upload", &bundle]).ends(3);
    fs::write(folder.join("consent.json"), &consent).expect("written");
    let sig = fs::read(folder.join("consent.json.sig")).expect("the signature");
    fs::remove_file(folder.join("consent.json.sig")).expect("it can be removed");
    host.run(&["upload", &bundle]).ends(3);
    fs::write(folder.join("consent.json.sig"), sig).expect("written");
    mode(&folder.join("consent.json.sig"));
    let sending = fs::read_to_string(folder.join("sending.json")).expect("it is there");
    let pin = serde_json::from_str::<serde_json::Value>(&sending).expect("JSON")["pin"].as_str().expect("a pin").to_owned();
    fs::write(folder.join("sending.json"), sending.replace(&pin, "00000000000000000000")).expect("written");
    host.run(&["upload", &bundle]).ends(3);
    fs::write(folder.join("sending.json"), sending).expect("written");
    host.run(&["upload", &bundle, "--case", "INC-1"]).ends(3);
    host.run(&["upload", &bundle, "--retention-days", "31"]).ends(3);
    let other = host.bundle();
    host.run(&["upload", other.to_str().expect("UTF-8")]).ends(3);
    assert_eq!(center.count("consent"), 0);
    // On other terms, told of when the host enrolled again.
    host.enroll(&center, &["--contact", "privacy@example.cn", "--cross-border", "--country", "SG"]).ends(0);
    host.run(&["upload", &bundle]).ends(3);
    host.run(&["upload", "--unfinished"]).ends(0);
    assert_eq!(center.count("consent"), 0);
    host.enroll(&center, &["--contact", "privacy@example.cn"]).ends(0);
    // Untouched it is good.
    host.run(&["upload", &bundle]).ends(0);
}

fn mode(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
}

#[test]
fn only_bundles_of_this_host_are_sent() {
    let (center, host, bundle, digits) = scene("foreign");
    let stranger = Host::new("foreign-other");
    let foreign = stranger.bundle();
    host.run(&["upload", foreign.to_str().expect("UTF-8"), "--consent", &Host::digits(&foreign)]).ends(4);
    let bytes = fs::read(&bundle).expect("the bundle");
    for place in [20, bytes.len() / 2, bytes.len() - 20] {
        let mut harmed = bytes.clone();
        harmed[place] ^= 4;
        fs::write(&bundle, &harmed).expect("written");
        host.run(&["upload", &bundle, "--consent", &digits]).ends(4);
    }
    fs::write(&bundle, &bytes).expect("written");
    fs::rename(format!("{bundle}.sig"), format!("{bundle}.gone")).expect("moved");
    host.run(&["upload", &bundle, "--consent", &digits]).ends(4);
    host.run(&["upload", "/dev/null", "--consent", &digits]).ends(2);
    host.run(&["upload", "/nothing/there", "--consent", &digits]).ends(2);
    nothing_left(&center, &host, "foreign and harmed bundles");
    let run = stranger.run(&["upload", foreign.to_str().expect("UTF-8")]).ends(2);
    assert!(run.err.contains("not enrolled"), "{run:#?}");
}

/// Another user's file can neither hold up nor fill what root does.
#[test]
fn a_file_of_another_user_does_not_hold_the_run_up() {
    let (center, host, bundle, digits) = scene("hostile-file");
    fs::remove_file(format!("{bundle}.sig")).expect("it can be removed");
    nix::unistd::mkfifo(format!("{bundle}.sig").as_str(), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    let sparse = host.folder.join("sparse.tar.gz");
    File::create(&sparse).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    let just_too_large = host.folder.join("large.tar.gz");
    File::create(&just_too_large).and_then(|file| file.set_len((2 << 30) + 1)).expect("a sparse file");
    for path in [Path::new(&bundle), &sparse, &just_too_large] {
        let mut child =
            host.command(&["upload", path.to_str().expect("UTF-8"), "--consent", &digits]).spawn().expect("it starts");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("it can be asked") {
                break status;
            }
            if begun.elapsed() > Duration::from_mins(5) {
                child.kill().expect("it can be killed");
                panic!("{} holds the run up", path.display());
            }
            thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(2), "{}", path.display());
    }
    nothing_left(&center, &host, "hostile files");
}

#[test]
fn the_preview_sends_nothing_and_tells_all() {
    let (center, host, bundle, digits) = scene("preview");
    let page = host.run(&["upload", &bundle, "--preview"]).ends(0);
    for word in ["support.example.cn", "t-1042", "30 days", "free text"] {
        assert!(page.out.contains(word), "{word}: {page:#?}");
    }
    let all = host.run(&["upload", &bundle, "--preview", "--json"]).ends(0).json();
    assert_eq!(all["consent"], digits.as_str());
    let members = all["preview"]["members"].as_array().expect("members");
    let ls = host.run(&["ls", &bundle, "--json"]).ends(0).json();
    let there = ls.as_array().expect("items").iter().filter(|item| !item["path"].is_null()).count();
    assert_eq!(members.len(), there, "every member is told of");
    nothing_left(&center, &host, "a preview");
}

/// A disk that is nearly full: a clean refusal, and nothing is left.
#[test]
fn t11_a_full_disk_ends_in_a_refusal() {
    let (center, host, bundle, digits) = scene("full");
    let outbox = host.state().join("outbox");
    let mounted = |arguments: &[&str]| {
        let status = std::process::Command::new(arguments[0]).args(&arguments[1..]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    fs::create_dir_all(&outbox).expect("it can be made");
    let place = outbox.to_str().expect("UTF-8");
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let may = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok()).expect("CapEff");
    // CAP_SYS_ADMIN: with it the test must run.
    if may >> 21 & 1 == 0 {
        println!("no right to mount here; not run");
        return;
    }
    assert!(mounted(&["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", place]), "{place} can be mounted");
    let filler = outbox.join("filler");
    fs::write(&filler, vec![0; 200 << 10]).expect("it can be written");
    let full = host.run(&["upload", &bundle, "--consent", &digits]);
    let left = host.outbox();
    fs::remove_file(&filler).expect("it can be removed");
    assert!(mounted(&["umount", place]), "{place} can be unmounted");
    assert_eq!(full.code, Some(2), "{full:#?}");
    assert_eq!(left, ["filler"]);
    assert_eq!(center.count("consent"), 0);
    host.run(&["upload", &bundle, "--consent", &digits]).ends(0);
}
