//! A real support center on loopback, and plain requests to it. In: a data folder. Out: a running program that ends with the test.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use crate::{built, run};

/// A running center.
#[derive(Debug)]
pub struct Center {
    child: Option<Child>,
    port: u16,
    public: String,
    data: PathBuf,
    password: String,
}

/// A reply, read to the end of its connection.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A port of the loopback that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

impl Center {
    /// Starts with an empty data folder below `folder`.
    pub fn start(folder: &Path) -> Self {
        let port = free_port();
        Self::start_behind(folder, port, &format!("http://127.0.0.1:{port}"))
    }

    /// The same, reached by hosts under another URL.
    pub fn start_behind(folder: &Path, port: u16, public: &str) -> Self {
        let data = folder.join("center");
        let mut center = Self { child: None, port, public: public.to_owned(), data, password: String::new() };
        let printed = center.restart();
        let mut first = String::new();
        BufReader::new(printed).read_line(&mut first).expect("the first user");
        first.trim().rsplit(' ').next().unwrap_or_default().clone_into(&mut center.password);
        center
    }

    /// Starts it again on the same folder and port; gives what it prints.
    pub fn restart(&mut self) -> std::process::ChildStdout {
        self.kill();
        let log = self.data.with_extension("log");
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = Command::new(built("oediag-center"));
        command.args(["serve", "--listen", &listen, "--public-url", &self.public, "--data"]).arg(&self.data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log).expect("a log"));
        let mut child = command.env("RUST_LOG", "info").env("NO_COLOR", "1").spawn().expect("the center starts");
        let printed = child.stdout.take().expect("its output");
        while !fs::read_to_string(&log).expect("its log").contains("listening on http") {
            let ended = child.try_wait().expect("it can be asked for");
            assert!(ended.is_none(), "the center did not start: {}", fs::read_to_string(&log).expect("its log"));
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child = Some(child);
        printed
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("the center can be killed");
        }
    }

    /// The URL by which hosts reach it.
    pub fn url(&self) -> &str {
        &self.public
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What it said, since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.with_extension("log")).expect("its log")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// A new token: `enroll` or `upload`.
    pub fn token(&self, purpose: &str) -> String {
        let mut command = Command::new(built("oediag-center"));
        command.args(["token", "create", "--for", purpose, "--data"]).arg(&self.data);
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token is text").trim().to_owned()
    }

    /// Enrols the host whose keys lie in `state`.
    pub fn enrol(&self, state: &Path) -> Output {
        fs::create_dir_all(state).expect("the state folder can be made");
        let token = state.with_extension("token");
        fs::write(&token, self.token("enroll")).expect("the token can be written");
        run(state, &["enroll", "--url", &self.public, "--token-file", token.to_str().expect("test paths are UTF-8")])
    }

    /// One request. `headers` are whole lines.
    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
        request(self.port, method, path, headers, body)
    }

    /// Logs in as the first user; gives the header line that says so.
    pub fn log_in(&self) -> String {
        let form = format!("name=admin&password={}", self.password);
        let headers = ["Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"];
        let reply = self.request("POST", "/login", &headers, form.as_bytes());
        let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        assert!(!cookie.is_empty(), "no session: {}", reply.head);
        format!("Cookie: {cookie}")
    }
}

/// One request to a port of the loopback.
pub fn request(port: u16, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_mins(2))).expect("a timeout");
    let length = format!("Content-Length: {}", body.len());
    let (line, host) = (format!("{method} {path} HTTP/1.1"), format!("Host: 127.0.0.1:{port}"));
    let head = [&[&*line, &host, "Connection: close", &length][..], headers, &["", ""]].concat().join("\r\n");
    stream.write_all(head.as_bytes()).expect("the head was sent");
    // A refusal may come, and the connection be cut, before the whole body was sent.
    drop(stream.write_all(body));
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("a reply");
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&reply[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Reply { status, head, body: reply[end + 4..].to_vec() }
}

impl Drop for Center {
    fn drop(&mut self) {
        self.kill();
    }
}
