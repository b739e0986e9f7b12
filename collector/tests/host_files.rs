//! Reading a host's files: hostile trees, made for real below a temporary root.
//!
//! Some traps can be set by root only (files of other owners, devices). Run by an ordinary user those parts return early.

#![expect(clippy::disallowed_methods, reason = "tests make the folders they examine")]

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    io::{Read, Seek, SeekFrom},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, chown, lchown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::stat::{Mode, SFlag, makedev, mknod},
    unistd::{geteuid, mkfifo},
};
use oediag_collector::{
    catalogue::Over,
    host::{Host, Refusal},
};
use oediag_protocol::bundle::manifest::Reason;

/// Someone who is not root.
const OTHER: u32 = 65534;

struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tree-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("folder for the test");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("mode");
        Self(path)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn dir(&self, path: &str) -> &Self {
        fs::create_dir_all(self.at(path)).expect("folder");
        let mut place = self.0.clone();
        for part in Path::new(path) {
            place.push(part);
            fs::set_permissions(&place, Permissions::from_mode(0o755)).expect("mode");
        }
        self
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.dir(parent);
        }
        fs::write(self.at(path), text).expect("file");
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        symlink(target, self.at(path)).expect("link");
        self
    }

    fn host(&self) -> Host {
        Host::at(&self.0, None).expect("root")
    }

    fn text(&self, path: &str) -> Result<String, Reason> {
        let mut file = self.host().open(Path::new(path)).map_err(|refusal| refusal.reason)?;
        let mut text = String::new();
        file.read_to_string(&mut text).expect("read");
        Ok(text)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.to_str().expect("UTF-8")).collect()
}

fn reasons(refused: &[(PathBuf, Refusal)]) -> Vec<(&str, Reason)> {
    refused.iter().map(|(path, refusal)| (path.to_str().expect("UTF-8"), refusal.reason)).collect()
}

#[test]
fn devices_that_a_bundle_recorded_have_their_own_names() {
    let tree = Tree::new();
    let long = format!("{}~0123abcd", "n".repeat(71));
    for name in ["cciss%21c0d0", "sda", "50%25", long.as_str()] {
        tree.file(&format!("oediag/commands/storage.smart/{name}/stdout"), name);
    }
    let host = tree.host();
    let devices = host.recorded_devices("storage.smart");
    assert_eq!(devices, ["50%", "cciss!c0d0", &long, "sda"]);
    for device in devices {
        assert!(host.recorded("storage.smart", Some(&device)).is_some_and(|recorded| recorded.stdout.is_some()), "{device}");
    }
}

#[test]
fn t52_what_is_not_a_regular_file_never_blocks() {
    let tree = Tree::new();
    tree.file("var/log/a.log", "a");
    mkfifo(&tree.at("var/log/b.log"), Mode::S_IRWXU).expect("FIFO");
    let _listener = UnixListener::bind(tree.at("var/log/c.log")).expect("socket");
    tree.dir("var/log/d.log");
    tree.link("var/log/e.log", "b.log");
    let begun = Instant::now();
    let found = tree.host().expand("/var/log/*.log", 0);
    assert_eq!(names(&found.files), ["/var/log/a.log"]);
    let want =
        [("/var/log/b.log", Reason::NotRegular), ("/var/log/c.log", Reason::NotRegular), ("/var/log/e.log", Reason::NotRegular)];
    assert_eq!(reasons(&found.refused), want);
    assert_eq!(tree.text("/var/log/b.log"), Err(Reason::NotRegular));
    assert_eq!(tree.text("/var/log/c.log"), Err(Reason::NotRegular));
    assert_eq!(tree.text("/var/log/d.log"), Err(Reason::NotRegular));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn devices_are_not_opened() {
    if !geteuid().is_root() {
        return; // Only root can make a device node.
    }
    let tree = Tree::new();
    tree.dir("var/log");
    mknod(&tree.at("var/log/zero"), SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 5)).expect("device");
    assert_eq!(tree.text("/var/log/zero"), Err(Reason::NotRegular));
    assert_eq!(reasons(&tree.host().expand("/var/log/**", 0).refused), [("/var/log/zero", Reason::NotRegular)]);
}

#[test]
fn absolute_links_resolve_in_the_root() {
    let tree = Tree::new();
    tree.dir("var/log").link("var/log/escape.log", "/etc/passwd");
    assert_eq!(tree.text("/var/log/escape.log"), Err(Reason::NotPresent));
    let found = tree.host().expand("/var/log/*", 0);
    assert_eq!((names(&found.files), reasons(&found.refused)), (vec![], vec![("/var/log/escape.log", Reason::NotPresent)]));
    tree.file("etc/passwd", "of the tree");
    assert_eq!(tree.text("/var/log/escape.log").as_deref(), Ok("of the tree"));
}

#[test]
fn parent_steps_stop_at_the_root() {
    let tree = Tree::new();
    tree.file("etc/hostname", "inside").dir("a/b");
    tree.link("a/b/up", "../../../../../../../../etc/hostname").link("a/out", "../../../../../../../../etc/passwd");
    assert_eq!(tree.text("/a/b/up").as_deref(), Ok("inside"));
    assert_eq!(tree.text("/a/out"), Err(Reason::NotPresent));
    assert_eq!(tree.text("/a/../etc/hostname"), Err(Reason::UntrustedPath));
    assert_eq!(tree.text("etc/hostname"), Err(Reason::UntrustedPath));
}

#[test]
fn links_in_a_circle_end() {
    let tree = Tree::new();
    tree.dir("a").link("a/x", "y").link("a/y", "x").link("a/self", "self/self").link("a/here", ".");
    assert_eq!(tree.text("/a/x"), Err(Reason::UntrustedPath));
    assert_eq!(tree.text("/a/self"), Err(Reason::UntrustedPath));
    assert_eq!(tree.text("/a/here"), Err(Reason::NotRegular));
    tree.file("a/f", "text");
    assert_eq!(tree.text("/a/here/here/here/f").as_deref(), Ok("text"));
    assert_eq!(names(&tree.host().expand("/a/**", 0).files), ["/a/f"]);
}

#[test]
fn links_passed_are_told() {
    let tree = Tree::new();
    tree.file("usr/lib/os-release", "NAME=x")
        .dir("etc")
        .link("etc/os-release", "../usr/lib/os-release")
        .link("etc/again", "os-release");
    let file = tree.host().open(Path::new("/etc/again")).expect("opens");
    assert_eq!(names(&file.links), ["/etc/again", "/etc/os-release"]);
    assert_eq!((file.size, file.uid), (6, geteuid().as_raw()));
}

#[test]
fn links_of_others_are_not_followed() {
    let tree = Tree::new();
    tree.file("etc/secret", "x").dir("srv");
    tree.link("srv/link", "/etc/secret").link("srv/folder", "/etc");
    tree.dir("tmp").link("tmp/link", "/etc/secret");
    fs::set_permissions(tree.at("tmp"), Permissions::from_mode(0o1777)).expect("mode");
    assert_eq!(tree.text("/tmp/link"), Err(Reason::UntrustedPath));
    if !geteuid().is_root() {
        return; // Only root can give a link away.
    }
    assert_eq!(tree.text("/srv/link").as_deref(), Ok("x"));
    assert_eq!(tree.text("/srv/folder/secret").as_deref(), Ok("x"));
    lchown(tree.at("srv/link"), Some(OTHER), Some(OTHER)).expect("chown");
    lchown(tree.at("srv/folder"), Some(OTHER), Some(OTHER)).expect("chown");
    assert_eq!(tree.text("/srv/link"), Err(Reason::UntrustedPath));
    assert_eq!(tree.text("/srv/folder/secret"), Err(Reason::UntrustedPath));
}

#[test]
fn files_of_others_are_read_with_their_rights() {
    if !geteuid().is_root() {
        return; // Only root can give files away.
    }
    let tree = Tree::new();
    tree.file("home/u/own", "own").file("home/u/closed", "closed").file("etc/root-only", "secret");
    fs::set_permissions(tree.at("etc/root-only"), Permissions::from_mode(0o600)).expect("mode");
    fs::set_permissions(tree.at("home/u/own"), Permissions::from_mode(0o600)).expect("mode");
    fs::set_permissions(tree.at("home/u/closed"), Permissions::from_mode(0o000)).expect("mode");
    fs::hard_link(tree.at("etc/root-only"), tree.at("home/u/hard")).expect("hard link");
    for path in ["home/u", "home/u/own", "home/u/closed"] {
        chown(tree.at(path), Some(OTHER), Some(OTHER)).expect("chown");
    }
    assert_eq!(tree.text("/home/u/own").as_deref(), Ok("own"));
    assert_eq!(tree.text("/home/u/closed"), Err(Reason::NoPermission));
    assert_eq!(tree.text("/home/u/hard"), Err(Reason::UntrustedPath));
    // The same file by its own name has two names now, but lies where only root could put it.
    assert_eq!(tree.text("/etc/root-only").as_deref(), Ok("secret"));
}

#[test]
fn secrets_are_refused_by_every_name() {
    let tree = Tree::new();
    tree.file("etc/shadow", "root:x").dir("var/log").link("var/log/fine.log", "/etc/shadow");
    tree.file("proc/1/environ", "A=b").file("proc/1/comm", "init").link("proc/1/cwd", "/");
    assert_eq!(tree.text("/etc/shadow"), Err(Reason::NeverCollected));
    assert_eq!(tree.text("/var/log/fine.log"), Err(Reason::NeverCollected));
    assert_eq!(tree.text("/proc/1/environ"), Err(Reason::NeverCollected));
    let found = tree.host().expand("/proc/[0-9]*/*", 0);
    assert_eq!(names(&found.files), ["/proc/1/comm"]);
    let never = Reason::NeverCollected;
    assert_eq!(reasons(&found.refused), [("/proc/1/cwd", never), ("/proc/1/environ", never)]);
}

#[test]
fn patterns_give_bytes_in_order() {
    let tree = Tree::new();
    tree.dir("var/log");
    let strange = Path::new(OsStr::from_bytes(b"/var/log/\xff\xfe\n.log")).to_owned();
    fs::write(tree.0.join(strange.strip_prefix("/").expect("absolute")), "strange").expect("file");
    tree.file("var/log/B.log", "").file("var/log/a.log", "").file("var/log/a.txt", "");
    let found = tree.host().expand("/var/log/*.log", 0);
    assert_eq!(found.files, [Path::new("/var/log/B.log"), Path::new("/var/log/a.log"), &strange]);
    assert!(tree.host().open(&strange).is_ok());
    assert!(!found.cut);
}

#[test]
fn the_newest_are_kept() {
    let tree = Tree::new();
    for (name, age) in [("a", 30), ("b", 10), ("c", 20)] {
        tree.file(&format!("log/{name}"), "");
        let file = fs::File::options().write(true).open(tree.at(&format!("log/{name}"))).expect("open");
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(age)).expect("mtime");
    }
    let found = tree.host().expand("/log/*", 2);
    assert_eq!(names(&found.files), ["/log/b", "/log/c"]);
    assert_eq!(names(&found.older), ["/log/a"]);
}

#[test]
fn t55_folders_of_many_entries_are_cut() {
    let tree = Tree::new();
    tree.dir("many").dir("wide");
    let count = 100_000;
    for number in 0..count {
        fs::File::create(tree.at(&format!("many/{number}"))).expect("file");
    }
    for number in 0..200 {
        tree.file(&format!("wide/{number}/x/f"), "");
    }
    let begun = Instant::now();
    let found = tree.host().expand("/many/*", 0);
    assert_eq!((found.files.len(), found.cut), (10_000, true));
    assert_eq!(tree.host().expand("/many/*", 5).files.len(), 5);
    let found = tree.host().expand("/wide/*/*/*", 0);
    assert_eq!((found.files.len(), found.cut), (200, false));
    println!("t55: {count} entries, cut at 10000, in {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn t55_deep_folders_are_cut() {
    let tree = Tree::new();
    let deep = "d/".repeat(200);
    tree.file(&format!("top/{deep}end"), "").file("top/1/2/3/4/5/6/7/8/in", "").file("top/1/2/3/4/5/6/7/8/9/out", "");
    let found = tree.host().expand("/top/**", 0);
    assert_eq!((names(&found.files), found.cut), (vec!["/top/1/2/3/4/5/6/7/8/in"], true));
}

#[test]
fn folders_of_other_file_systems_are_told() {
    let tree = Tree::new();
    tree.file("var/log/a.log", "").dir("var/log/audit");
    // In a mount namespace of its own, which the kernel takes down with the program that made it.
    let script = "mount -t tmpfs none \"$0\" && touch \"$0/audit.log\" && echo ready && cat";
    let mut mounted = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(tree.at("var/log/audit"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("util-linux is installed");
    let mut ready = [0; 6];
    let said = mounted.stdout.as_mut().expect("piped").read_exact(&mut ready);
    if said.is_err() || &ready != b"ready\n" {
        println!("nothing may be mounted here; not run");
        mounted.wait().expect("it ended");
        return;
    }
    let below = tree.0.strip_prefix("/").expect("absolute");
    let root = Path::new("/proc").join(mounted.id().to_string()).join("root").join(below);
    let host = Host::at(&root, None).expect("root");
    let found = host.expand("/var/log/**", 0);
    let want = [("/var/log/audit", Reason::OtherFilesystem)];
    let deep = host.expand("/var/log/*/*.log", 0);
    let itself = host.expand("/var/log/audit/*", 0);
    drop(mounted.stdin.take());
    mounted.wait().expect("it ends with its input");
    assert_eq!((names(&found.files), reasons(&found.refused)), (vec!["/var/log/a.log"], want.to_vec()));
    assert_eq!((deep.files.len(), reasons(&deep.refused)), (0, want.to_vec()));
    assert_eq!((names(&itself.files), itself.refused.len()), (vec!["/var/log/audit/audit.log"], 0));
}

#[test]
fn middle_segments_go_through_links() {
    let tree = Tree::new();
    tree.file("sys/devices/pci/block/sda/size", "42").dir("sys/block").link("sys/block/sda", "../devices/pci/block/sda");
    tree.dir("sys/block/loop0").dir("sys/block/dm-0");
    let host = tree.host();
    assert_eq!(names(&host.expand("/sys/block/*/size", 0).files), ["/sys/block/sda/size"]);
    tree.file("sys/devices/pci/block/sda/queue/scheduler", "none");
    let choice = host.expand("/sys/block/*/{size,stat,que*}", 0);
    assert_eq!((names(&choice.files), choice.refused.len()), (vec!["/sys/block/sda/size"], 0));
    assert_eq!(names(&host.expand("/sys/block/{sda,sdb}/queue/sched*", 0).files), ["/sys/block/sda/queue/scheduler"]);
    assert_eq!(host.devices(Over::BlockDevice), ["sda"]);
    assert_eq!(host.devices(Over::NetDevice), Vec::<String>::new());
}

#[test]
fn only_so_much_is_read_of_a_file_that_grows() {
    let tree = Tree::new();
    tree.file("log", "12345");
    let mut file = tree.host().open(Path::new("/log")).expect("opens");
    fs::write(tree.at("log"), vec![b'x'; 1 << 20]).expect("grow");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    assert_eq!(bytes.len(), 5 + 64 * 1024);

    let mut file = tree.host().open(Path::new("/log")).expect("opens");
    assert_eq!(file.tail(100).expect("seek"), (1 << 20) - 100);
    fs::write(tree.at("log"), "").expect("shrink");
    assert_eq!(file.read_to_end(&mut bytes).expect("read"), 0);
}

/// T53: a log that is turned while it is read goes on being the old one; one that is cut says so.
#[test]
fn t53_files_that_turn_or_shrink_while_they_are_read() {
    let tree = Tree::new();
    let old = "old\n".repeat(50_000);
    tree.file("log", &old).file("cut", &old);
    let mut file = tree.host().open(Path::new("/log")).expect("opens");
    let mut begin = vec![0; 1000];
    file.read_exact(&mut begin).expect("read");
    fs::rename(tree.at("log"), tree.at("log.1")).expect("turn");
    tree.file("log", "new\n");
    let mut rest = Vec::new();
    let shrank = file.shrank();
    file.read_to_end(&mut rest).expect("read");
    assert_eq!([begin, rest].concat(), old.as_bytes());
    assert!(!shrank.load(Ordering::Relaxed));

    let mut file = tree.host().open(Path::new("/cut")).expect("opens");
    let shrank = file.shrank();
    file.read_exact(&mut [0; 1000]).expect("read");
    fs::write(tree.at("cut"), "n").expect("cut");
    assert_eq!(file.read_to_end(&mut Vec::new()).expect("read"), 0);
    assert!(shrank.load(Ordering::Relaxed));

    // Read twice, as for a window of time: what counts is where the last reading began.
    let mut file = tree.host().open(Path::new("/log.1")).expect("opens");
    let shrank = file.shrank();
    file.seek(SeekFrom::Start(199_000)).expect("seek");
    assert_eq!(file.read_to_end(&mut Vec::new()).expect("read"), 1000);
    assert!(!shrank.load(Ordering::Relaxed), "its end is its end");
    file.rewind().expect("seek");
    assert_eq!(file.read_to_end(&mut Vec::new()).expect("read"), 200_000);
    file.rewind().expect("seek");
    fs::File::options().write(true).open(tree.at("log.1")).expect("opens").set_len(100_000).expect("cut");
    assert_eq!(file.read_to_end(&mut Vec::new()).expect("read"), 100_000);
    assert!(shrank.load(Ordering::Relaxed), "it was cut before the second reading");
}

/// What the kernel lets be written only has no reading side; root could open it all the same.
#[test]
fn files_of_the_kernel_without_a_reading_side_are_refused() {
    let host = Host::live().expect("live");
    for path in ["/proc/self/clear_refs", "/proc/sys/vm/compact_memory", "/proc/sysrq-trigger", "/sys/bus/pci/rescan"] {
        let link = Path::new(path).to_str().expect("UTF-8").replace("self", &std::process::id().to_string());
        if !Path::new(&link).exists() {
            continue;
        }
        assert_eq!(host.open(Path::new(&link)).expect_err(&link).reason, Reason::NeverCollected, "{link}");
    }
}

/// No row asks for what is never read.
#[test]
fn rows_stay_off_the_never_lists() {
    for row in oediag_collector::catalogue::all() {
        let (paths, arguments): (Vec<&str>, &[&str]) = match row.probe {
            oediag_collector::catalogue::Probe::File(path) => (vec![path], &[]),
            oediag_collector::catalogue::Probe::Command(argv) => (Vec::new(), &argv[1..]),
            _ => continue,
        };
        for path in paths.iter().chain(arguments) {
            assert_eq!(oediag_collector::host::never_handed(path), None, "{}: {path}", row.id);
        }
    }
}

#[test]
fn sparse_giants_cost_nothing() {
    let tree = Tree::new();
    tree.file("log", "");
    let file = fs::File::options().write(true).open(tree.at("log")).expect("open");
    if file.set_len(1 << 40).is_err() {
        return; // This file system has no such sizes.
    }
    let mut open = tree.host().open(Path::new("/log")).expect("opens");
    assert_eq!(open.tail(10).expect("seek"), (1 << 40) - 10);
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes).expect("read");
    assert_eq!(bytes, [0; 10]);
}

#[test]
fn a_path_that_changes_under_our_feet_yields_nothing_foreign() {
    let tree = Tree::new();
    tree.file("srv/in/f", "own").file("etc/secret", "foreign").file("etc/f", "foreign").dir("srv");
    fs::set_permissions(tree.at("srv"), Permissions::from_mode(0o777)).expect("mode");
    symlink("/etc", tree.at("srv/trap")).expect("link");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // in (folder) <-> in (link)
                drop(fs::rename(tree.at("srv/in"), tree.at("srv/kept")));
                drop(fs::rename(tree.at("srv/trap"), tree.at("srv/in")));
                drop(fs::rename(tree.at("srv/in"), tree.at("srv/trap")));
                drop(fs::rename(tree.at("srv/kept"), tree.at("srv/in")));
            }
        });
        let begun = Instant::now();
        let mut own = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            match tree.text("/srv/in/f") {
                Ok(text) => {
                    assert_eq!(text, "own");
                    own += 1;
                }
                Err(reason) => assert!(matches!(reason, Reason::NotPresent | Reason::UntrustedPath), "{reason:?}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(own > 0, "never met the real file");
    });
}

#[test]
fn a_root_its_group_may_write_is_trusted_as_it_is() {
    let tree = Tree::new();
    tree.file("usr/lib/os-release", "x").dir("etc").link("etc/os-release", "../usr/lib/os-release");
    for path in ["", "usr", "usr/lib", "etc"] {
        fs::set_permissions(tree.at(path), Permissions::from_mode(0o775)).expect("mode");
    }
    assert_eq!(tree.text("/etc/os-release").as_deref(), Ok("x"));
    fs::set_permissions(&tree.0, Permissions::from_mode(0o755)).expect("mode");
    assert_eq!(tree.text("/etc/os-release"), Err(Reason::UntrustedPath));
}

#[test]
fn clock_and_zone_are_the_hosts() {
    let tree = Tree::new();
    tree.file("proc/uptime", "3600.50 7000.00\n").dir("etc").link("etc/localtime", "../usr/share/zoneinfo/Asia/Shanghai");
    let now: jiff::Timestamp = "2025-11-11T03:00:00Z".parse().expect("time");
    let host = Host::at(&tree.0, Some(now)).expect("root");
    assert_eq!(host.zone_name().as_deref(), Some("Asia/Shanghai"));
    assert_eq!(host.now().to_zoned(host.zone()).strftime("%H:%M").to_string(), "11:00");
    let booted = host.booted().expect("uptime").as_second();
    assert!((booted - (now.as_second() - 3601)).abs() <= 1);
    assert!(host.now() > now);

    let bundle = Tree::new();
    bundle.file("oediag/bundle.json", r#"{"clock":{"zone":"Europe/Berlin"}}"#);
    assert_eq!(bundle.host().zone_name().as_deref(), Some("Europe/Berlin"));
    // A copy made where there are no links.
    let copy = Tree::new();
    copy.file("etc/localtime", "../usr/share/zoneinfo/Asia/Shanghai");
    assert_eq!(copy.host().zone_name().as_deref(), Some("Asia/Shanghai"));
    for (link, name, hour) in [
        ("../usr/share/zoneinfo/Asia/Beijing", "Asia/Shanghai", "11:00"),
        ("../usr/share/zoneinfo/Asia/Macao", "Asia/Macau", "11:00"),
        ("/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo", "12:00"),
        ("/usr/share/zoneinfo/right/Europe/Berlin", "Europe/Berlin", "04:00"),
    ] {
        let tree = Tree::new();
        tree.dir("etc").link("etc/localtime", link);
        let host = Host::at(&tree.0, Some(now)).expect("root");
        assert_eq!(host.zone_name().as_deref(), Some(name), "{link}");
        assert_eq!(host.now().to_zoned(host.zone()).strftime("%H:%M").to_string(), hour, "{link}");
    }
    assert_eq!(Tree::new().host().zone_name(), None);
}

#[test]
fn commands_of_a_root_come_from_its_record() {
    let tree = Tree::new();
    tree.file("oediag/commands/net.ethtool/eth0%40x/stdout", "out").file("oediag/commands/net.ethtool/eth0%40x/status", "3\n");
    let host = tree.host();
    assert!(host.recorded("net.ethtool", None).is_none());
    assert_eq!(host.program("/bin/sh").expect_err("not live").reason, Reason::NotLive);
    let record = host.recorded("net.ethtool", Some("eth0 x")).is_none();
    assert!(record);
    tree.file("oediag/commands/net.ethtool/eth0%20x/stdout", "out").file("oediag/commands/net.ethtool/eth0%20x/status", "3\n");
    let record = host.recorded("net.ethtool", Some("eth0 x")).expect("recorded");
    assert!(record.stdout.is_some() && record.stderr.is_none());
    assert_eq!(record.status, "3");
    // A name longer than a bundle's segments may be is looked for as bundles spell it.
    let long = "x".repeat(100);
    let segment = oediag_protocol::bundle::name::segment(long.as_bytes());
    assert!(segment.len() <= 80);
    tree.file(&format!("oediag/commands/net.ethtool/{segment}/stdout"), "out");
    assert!(host.recorded("net.ethtool", Some(&long)).is_some());
}

#[test]
fn the_live_host_is_read_by_the_same_rules() {
    let host = Host::live().expect("live");
    assert!(host.is_live());
    let version = host.read("/proc/version", 4096).expect("every Linux has it");
    assert!(version.starts_with(b"Linux version "));
    let file = host.open(Path::new("/proc/cpuinfo")).expect("every Linux has it");
    assert_eq!(file.size, 0, "nobody knows the size of a file the kernel makes up");
    assert_eq!(host.open(Path::new("/proc/kmsg")).expect_err("never").reason, Reason::NeverCollected);
    assert!(host.exists(Path::new("/dev/zero")) && !host.exists(Path::new("/dev/oediag-no-such")));
    assert_eq!(host.open(Path::new("/dev/zero")).expect_err("never").reason, Reason::NeverCollected);
    assert!(host.booted().is_some_and(|booted| booted < host.now()));
    let status = host.expand("/proc/[0-9]*/status", 0);
    assert!(status.files.contains(&PathBuf::from(format!("/proc/{}/status", std::process::id()))));
}
