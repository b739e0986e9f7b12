//! Network namespaces with a bad link between them: a host here, a center there. In: root's rights, ip(8), python3. Out: places to run
//! programs in; all is gone with the value.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

/// The host's address.
pub const HOST: &str = "10.77.0.2";
/// The center's address, and its proxy's.
pub const CENTER: &str = "10.77.0.1";
/// What the proxy wants to hear, as it travels: user `oediag`, password `3cret`.
const PASSWORD: &str = "Basic b2VkaWFnOjNjcmV0";

/// Two namespaces and the link.
#[derive(Debug)]
pub struct Spaces {
    name: String,
    link: Option<Child>,
    /// While it is open the link lives.
    open: Option<ChildStdin>,
}

/// A running helper of the tests; it ends with the value.
#[derive(Debug)]
pub struct Helper(Child);

/// Why there are none on this machine; then a test that needs them says so and ends.
fn missing() -> Option<&'static str> {
    let root = nix::unistd::geteuid().is_root();
    let there =
        |program: &str, word: &str| Command::new(program).arg(word).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !root {
        Some("root's rights")
    } else if !there("ip", "-V") || !Path::new("/dev/net/tun").exists() {
        Some("ip(8) and /dev/net/tun")
    } else if !there("python3", "-V") {
        Some("python3")
    } else {
        None
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("net").join(name)
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("ip runs");
    assert!(output.status.success(), "ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
}

impl Spaces {
    /// Makes both and a link that loses this part of all packets; none where this machine cannot, and says so.
    #[expect(clippy::print_stderr, reason = "a skipped test must be heard of")]
    pub fn new(loss: &str) -> Option<Self> {
        if let Some(what) = missing() {
            eprintln!("!!! SKIPPED: there is no {what}, so nothing here crossed a bad link !!!");
            return None;
        }
        let mut spaces = Self { name: format!("oed{}", std::process::id()), link: None, open: None };
        for space in [spaces.host(), spaces.center()] {
            ip(&["netns", "add", &space]);
            ip(&["-n", &space, "link", "set", "lo", "up"]);
        }
        let (host, center) = (format!("{HOST}/24"), format!("{CENTER}/24"));
        let mut link = Command::new("python3");
        link.arg(script("link.py")).args([&spaces.host(), &host, &spaces.center(), &center]).arg(loss);
        let mut link = link.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the link starts");
        spaces.open = link.stdin.take();
        ready(&mut link);
        spaces.link = Some(link);
        Some(spaces)
    }

    /// The name of the host's namespace.
    pub fn host(&self) -> String {
        format!("{}h", self.name)
    }

    /// The name of the center's namespace.
    pub fn center(&self) -> String {
        format!("{}c", self.name)
    }

    /// The same command in a namespace.
    pub fn within(space: &str, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", space]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside.stdin(Stdio::null());
        inside
    }

    /// A proxy beside the center, on port 3128, that wants a password.
    pub fn proxy(&self) -> Helper {
        let mut proxy = Command::new("python3");
        proxy.arg(script("proxy.py")).args([CENTER, "3128", PASSWORD]);
        let mut child = Self::within(&self.center(), &proxy).stdout(Stdio::piped()).spawn().expect("the proxy starts");
        ready(&mut child);
        Helper(child)
    }

    /// What an engineer sees at a page of the center: status and text.
    pub fn browse(&self, base: &str, password: &str, path: &str) -> (u64, String) {
        let mut browser = Command::new("python3");
        browser.arg(script("browse.py")).args([base, "admin", password]);
        let mut browser = Self::within(&self.center(), &browser);
        let mut child = browser.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the browser starts");
        writeln!(child.stdin.take().expect("piped"), "{path}").expect("it is told where to go");
        let output = child.wait_with_output().expect("it ends");
        let reply: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
        (reply["status"].as_u64().expect("a status"), reply["text"].as_str().unwrap_or_default().to_owned())
    }
}

/// Waits until a script says that it is.
fn ready(child: &mut Child) {
    let mut line = String::new();
    let output = child.stdout.take().expect("piped");
    let mut lines = BufReader::new(output);
    lines.read_line(&mut line).expect("it says something");
    assert_eq!(line.trim(), "ready");
    // Whoever writes on must not be ended by a closed pipe.
    std::thread::spawn(move || lines.lines().for_each(drop));
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("a helper can be ended");
    }
}

impl Drop for Spaces {
    fn drop(&mut self) {
        drop(self.open.take());
        if let Some(mut link) = self.link.take() {
            link.wait().expect("the link ends when it is told to");
        }
        for space in [self.host(), self.center()] {
            ip(&["netns", "del", &space]);
        }
    }
}
