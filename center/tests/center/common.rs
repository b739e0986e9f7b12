//! The real program on a free port of the loopback, and raw requests to it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A running center with a data folder of its own and a token for it.
pub(crate) struct Center {
    child: Child,
    address: String,
    data: PathBuf,
    token: String,
    password: String,
    options: Vec<String>,
}

/// A reply, read to the end of the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The word by which a refusal tells its reason.
    pub(crate) fn reason(&self) -> String {
        let told: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        told["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's value; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let of = |line: &'_ str| line.split_once(": ").is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }
}

impl Center {
    /// Starts on an empty data folder.
    pub(crate) fn start(name: &str) -> Self {
        Self::start_as(name, &[])
    }

    /// The same with these options.
    pub(crate) fn start_as(name: &str, options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("center").join(name);
        drop(fs::remove_dir_all(&data));
        drop(fs::remove_file(data.with_extension("log")));
        let token = token(&data, "t-1");
        let (mut child, address) = serve(&data, &options);
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut first).expect("the first user");
        let password = first.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Self { child, address, data, token, password, options }
    }

    /// Ends the program as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the center can be killed");
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts it again on the same folder.
    pub(crate) fn restart(&mut self) {
        (self.child, self.address) = serve(&self.data, &self.options);
    }

    /// Another upload token, of this tenant.
    pub(crate) fn token(&self, tenant: &str) -> String {
        token(&self.data, tenant)
    }

    /// A token with which this many hosts may enrol.
    pub(crate) fn enrol_token(&self, tenant: &str, hosts: u32) -> String {
        let hosts = hosts.to_string();
        printed(program().args(["token", "create", "--tenant", tenant, "--max-hosts", &hosts, "--data"]).arg(&self.data))
    }

    /// What a subcommand prints; an error is what it says on standard error.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = program().args(arguments).arg("--data").arg(&self.data).output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Where it listens, which is also the name that hosts sign.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A lead of this tenant; gives the password.
    pub(crate) fn user(&self, name: &str, tenant: &str) -> String {
        self.user_as(name, tenant, "lead")
    }

    /// A user of this tenant and role; gives the password.
    pub(crate) fn user_as(&self, name: &str, tenant: &str, role: &str) -> String {
        let options = ["user", "create", name, "--tenant", tenant, "--role", role, "--data"];
        let line = printed(program().args(options).arg(&self.data));
        line.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// The password of the user `admin`, as the first start printed it.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The number that a query of the database gives.
    pub(crate) fn count(&self, query: &'static str) -> i64 {
        self.database(async |db| sqlx::query_scalar(query).fetch_one(db).await.expect("a number"))
    }

    /// Changes the database behind the program's back, as only its owner or time could.
    pub(crate) fn change(&self, query: &str) {
        let query = sqlx::AssertSqlSafe(query.to_owned());
        let changed = self.database(async |db| sqlx::query(query).execute(db).await.expect("a change").rows_affected());
        assert!(changed > 0, "nothing was changed");
    }

    fn database<T>(&self, work: impl AsyncFnOnce(&mut sqlx::SqliteConnection) -> T) -> T {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.data.join("center.db"));
        let options = options.busy_timeout(Duration::from_secs(30));
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let mut db = sqlx::ConnectOptions::connect(&options).await.expect("the database");
            work(&mut db).await
        })
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// What lies on the disk of an upload.
    pub(crate) fn stored(&self, url: &str) -> Vec<u8> {
        let id = url.rsplit('/').next().unwrap_or_default();
        fs::read(self.data.join("uploads").join(id)).expect("the upload's file")
    }

    /// One request with this center's own token.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.send_as(Some(&self.token), method, path, headers, body)
    }

    /// One request.
    pub(crate) fn send_as(&self, token: Option<&str>, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = self.begin(token, method, path, headers, body, body.len());
        let mut reply = Vec::new();
        // A refusal may come, and the connection be cut, before the whole body was sent.
        drop(stream.read_to_end(&mut reply));
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Reply {
            status: status.unwrap_or_else(|| panic!("no reply to {method} {path}")),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The beginning of a request whose body has `length` bytes; it breaks off when the connection is dropped.
    pub(crate) fn half(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], length: usize) -> TcpStream {
        self.half_as(Some(&self.token), method, path, headers, body, length)
    }

    /// The same without a token of this center's, or with another.
    pub(crate) fn half_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        length: usize,
    ) -> TcpStream {
        self.begin(token, method, path, headers, body, length)
    }

    fn begin(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        length: usize,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n", self.address);
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if let Some(token) = token {
            head.extend(["Authorization: Bearer ", token, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("a head was sent");
        drop(stream.write_all(body));
        stream
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_oediag-center"))
}

fn token(data: &Path, tenant: &str) -> String {
    printed(program().args(["token", "create", "--for", "upload", "--tenant", tenant, "--data"]).arg(data))
}

pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn serve(data: &Path, options: &[String]) -> (Child, String) {
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(options).env("RUST_LOG", "info");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the center starts");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut seen = String::new();
    let address = loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).expect("a line of the log") > 0, "the center did not start: {seen}");
        assert!(!line.contains('\u{1b}'), "colours in a log that is no terminal: {line}");
        if let Some((_, rest)) = line.split_once("listening on http://") {
            seen.push_str(&line);
            break rest.split_whitespace().next().unwrap_or_default().to_owned();
        }
        seen.push_str(&line);
    };
    // Read on, so that the program never waits for room in the pipe.
    let mut kept = fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log")).expect("a file for the log");
    kept.write_all(seen.as_bytes()).expect("the log is kept");
    std::thread::spawn(move || std::io::copy(&mut log, &mut kept));
    (child, address)
}
