//! A web server of a few lines, so that it can misbehave in every way. In: connections on loopback. Out: what a closure says, byte by byte.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// `PATCH /v1/uploads/x` as `PATCH upload`, and so on: the step of the protocol.
    pub(crate) fn step(&self) -> &'static str {
        match (self.method.as_str(), self.path.as_str()) {
            ("POST", "/v1/enroll") => "enroll",
            ("POST", "/v1/consents") => "consent",
            ("POST", "/v1/uploads") => "create",
            ("POST", path) if path.ends_with("/finish") => "finish",
            ("HEAD", _) => "ask",
            ("PATCH", _) => "send",
            ("GET", path) if path.ends_with("/inbox") => "inbox",
            ("GET", _) => "fetch",
            ("POST" | "PUT", _) => "letter",
            _ => "other",
        }
    }
}

/// What is done with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// An ordinary reply.
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing is said and the connection is closed.
    Hang,
    /// Nothing is said and the connection stays open for so long.
    Stall(Duration),
    /// These bytes, whatever they are, then the end.
    Raw(Vec<u8>),
    /// This head, then a byte from time to time, so many.
    Drip(Vec<u8>, usize),
    /// This head, then as many bytes as are taken.
    Flood(Vec<u8>),
}

/// What the server does with the head of a request, before its body is read: how many bytes of the body to read before hanging up.
pub(crate) type Cut = dyn Fn(&Request) -> Option<usize> + Send + Sync;
/// What the server does with a whole request.
pub(crate) type Answer = dyn Fn(Request) -> Action + Send + Sync;

/// The server; it ends with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(cut: Arc<Cut>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its number");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (cut, answer) = (Arc::clone(&cut), Arc::clone(&answer));
                if let Ok(connection) = connection {
                    // A client that goes away is what many of these tests are about.
                    thread::spawn(move || serve(&connection, &*cut, &*answer).unwrap_or_default());
                }
            }
        });
        Self { address, over }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(connection: &TcpStream, cut: &Cut, answer: &Answer) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_mins(10)))?;
    let mut input = BufReader::new(connection);
    while let Some(mut request) = head(&mut input)? {
        let length: usize = request.header("content-length").parse().unwrap_or(0);
        if let Some(most) = cut(&request) {
            let mut some = vec![0; most.min(length)];
            input.read_exact(&mut some)?;
            return connection.shutdown(Shutdown::Both);
        }
        request.body = vec![0; length];
        input.read_exact(&mut request.body)?;
        let bodyless = request.method == "HEAD";
        let mut output = connection;
        match answer(request) {
            Action::Reply(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status} X\r\n");
                for (name, value) in headers {
                    text.extend([name, ": ", &value, "\r\n"]);
                }
                if !matches!(status, 204 | 304) && !bodyless {
                    text.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
                }
                output.write_all(format!("{text}\r\n").as_bytes())?;
                if !bodyless {
                    output.write_all(&body)?;
                }
            }
            Action::Hang => return connection.shutdown(Shutdown::Both),
            Action::Stall(time) => {
                thread::sleep(time);
                return Ok(());
            }
            Action::Raw(bytes) => {
                output.write_all(&bytes)?;
                return connection.shutdown(Shutdown::Write);
            }
            Action::Drip(head, count) => {
                output.write_all(&head)?;
                for _ in 0..count {
                    output.write_all(b"x")?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
            Action::Flood(head) => {
                output.write_all(&head)?;
                while output.write_all(&vec![b'x'; 65536]).is_ok() {}
                return Ok(());
            }
        }
    }
    Ok(())
}

fn head(input: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut words = lines[0].split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = lines[1..].iter().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    Ok(Some(Request { method, path, headers, body: Vec::new() }))
}
