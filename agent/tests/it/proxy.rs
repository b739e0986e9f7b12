//! T34: the way to a center: a proxy that asks for credentials or not, refuses, dies; certificates that are right or wrong.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::{
    center::Center,
    host::{Host, Run},
    tls::{Authority, Certified, in_front_of},
};

const PASSWORD: &str = "pa:ss%wo rd";

/// A proxy that knows CONNECT only.
struct Proxy {
    port: u16,
    /// What was connected to.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Where there are credentials it asks for them. `most`: how many bytes of clients it carries before it dies, once.
    fn start(credentials: Option<&str>, most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let (asked, left) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(most)));
        let wanted = credentials.map(|text| format!("Basic {}", BASE64.encode(text)));
        let theirs = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, wanted, left) = (Arc::clone(&theirs), wanted.clone(), Arc::clone(&left));
                // Clients that go away are what these tests are about.
                thread::spawn(move || connect(&stream, &asked, wanted.as_deref(), &left).unwrap_or_default());
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn connect(stream: &TcpStream, asked: &Mutex<Vec<String>>, wanted: Option<&str>, left: &Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    let (mut first, mut shown) = (String::new(), None);
    input.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => shown = Some(value.to_owned()),
            Some(_) => {}
            None => break,
        }
    }
    asked.lock().expect("nobody panicked").push(first.trim_end().to_owned());
    let mut output = stream;
    if wanted.is_some() && shown.as_deref() != wanted {
        return output.write_all(b"HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n");
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let behind = TcpStream::connect(target)?;
    output.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (back, mut to) = (behind.try_clone()?, stream.try_clone()?);
    thread::spawn(move || {
        // Either side may have gone.
        std::io::copy(&mut &back, &mut to).unwrap_or_default();
        to.shutdown(Shutdown::Both).unwrap_or_default();
    });
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = input.read(&mut buffer)?;
        let dies = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            usize::MAX => None,
            left if left <= count => Some(usize::MAX),
            left => Some(left - count),
        });
        if count == 0 || dies.is_ok_and(|left| left <= count) {
            behind.shutdown(Shutdown::Both)?;
            return stream.shutdown(Shutdown::Both);
        }
        (&behind).write_all(&buffer[..count])?;
    }
}

/// A center behind TLS, and what its clients need to know.
struct Secure {
    center: Center,
    authority: Authority,
    port: u16,
}

impl Secure {
    fn start(certified: impl Fn(&Authority) -> Certified) -> Self {
        let (center, authority) = (Center::honest(), Authority::new());
        let port = in_front_of(center.address(), certified(&authority));
        Self { center, authority, port }
    }

    fn usual() -> Self {
        Self::start(|authority| authority.certify("localhost", 2099))
    }

    /// Enrols by these settings.
    fn enroll(&self, host: &Host, settings: &str, ca: &str) -> Run {
        self.enroll_with(host, settings, ca, |_| {})
    }

    fn enroll_with(&self, host: &Host, settings: &str, ca: &str, edit: impl Fn(&mut std::process::Command)) -> Run {
        let etc = host.state().join("etc");
        fs::create_dir_all(&etc).expect("ours");
        for folder in [host.state(), etc.clone()] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("ours");
        }
        fs::write(etc.join("oediag.toml"), format!("[network]\n{settings}")).expect("ours");
        let (pem, token) = (host.folder.join("ca.pem"), host.folder.join("token"));
        fs::write(&pem, ca).expect("ours");
        fs::write(&token, self.center.token.to_text().as_bytes()).expect("ours");
        let url = format!("https://localhost:{}", self.port);
        let (pem, token) = (pem.to_str().expect("UTF-8"), token.to_str().expect("UTF-8"));
        let mut command =
            host.command(&["enroll", "--url", &url, "--ca", pem, "--token-file", token, "--patience", "5", "--replace"]);
        edit(&mut command);
        command.output().expect("oediag starts").into()
    }
}

fn through(proxy: u16) -> String {
    format!("proxy = \"http://127.0.0.1:{proxy}\"\n")
}

/// A port where nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

#[test]
fn t34_only_the_right_certificate_is_a_center() {
    let right = Secure::usual();
    let host = Host::new("t34-tls");
    right.enroll(&host, "", &right.authority.pem()).ends(0);
    // Beside the system's authorities it counts too.
    right.enroll(&host, "system_roots = true\n", &right.authority.pem()).ends(0);
    let run = right.enroll(&host, "", &Authority::new().pem()).ends(5);
    assert!(run.err.contains("invalid peer certificate"), "{run:#?}");
    for (why, name, until) in [("expired", "localhost", 2021), ("not valid for name", "support.example.cn", 2099)] {
        let wrong = Secure::start(|authority| authority.certify(name, until));
        let run = wrong.enroll(&host, "", &wrong.authority.pem()).ends(5);
        assert!(run.err.contains(why), "{why}: {run:#?}");
        assert_eq!(wrong.center.count("enroll"), 0, "{why}");
    }
}

#[test]
fn t34_a_proxy_is_used_where_the_settings_say_so() {
    let secure = Secure::usual();
    let ca = secure.authority.pem();
    let host = Host::new("t34-proxy");
    let connect = format!("CONNECT localhost:{} HTTP/1.1", secure.port);

    let open = Proxy::start(None, usize::MAX);
    secure.enroll(&host, &through(open.port), &ca).ends(0);
    assert_eq!(open.asked(), [connect.as_str()]);
    // The environment's is not used, nor is any for what is direct.
    let dead = format!("http://127.0.0.1:{}", nobody());
    let environment = |command: &mut std::process::Command| {
        command.env("HTTPS_PROXY", &dead).env("https_proxy", &dead).env("ALL_PROXY", &dead);
    };
    secure.enroll_with(&host, "", &ca, environment).ends(0);
    let direct = format!("{}no_proxy = [\"localhost\"]\n", through(nobody()));
    secure.enroll(&host, &direct, &ca).ends(0);
    secure.enroll(&host, &through(nobody()), &ca).ends(5);
    assert_eq!(open.asked().len(), 1);
    for wrong in ["proxy = \"127.0.0.1:1\"\n", "proxy = \"https://127.0.0.1:1\"\n", "proxies = []\n"] {
        secure.enroll(&host, wrong, &ca).ends(2);
    }
}

#[test]
fn t34_a_proxy_that_asks_gets_credentials_from_a_private_file_only() {
    let secure = Secure::usual();
    let ca = secure.authority.pem();
    let host = Host::new("t34-credentials");
    let proxy = Proxy::start(Some(&format!("ops:{PASSWORD}")), usize::MAX);
    let run = secure.enroll(&host, &through(proxy.port), &ca).ends(5);
    assert!(run.err.contains("proxy authorization required"), "{run:#?}");
    let file = host.folder.join("proxy");
    let settings = format!("{}proxy_credentials_file = \"{}\"\n", through(proxy.port), file.display());
    let with = |content: &str, mode| {
        fs::write(&file, content).expect("ours");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
        let run = secure.enroll(&host, &settings, &ca);
        assert!(!run.err.contains(PASSWORD) && !run.out.contains(PASSWORD), "{run:#?}");
        run
    };
    let run = secure.enroll(&host, &settings, &ca).ends(2);
    assert!(run.err.contains("is not there"), "{run:#?}");
    with(&format!("ops:{PASSWORD}\n"), 0o644).ends(2);
    with(PASSWORD.split(':').next().expect("a word"), 0o600).ends(2);
    with(&format!("ops:other{PASSWORD}\n"), 0o600).ends(5);
    with(&format!("ops:{PASSWORD}\n"), 0o600).ends(0);
    assert!(!fs::read_to_string(host.state().join("etc/center.json")).expect("text").contains(PASSWORD));
}

#[test]
fn t34_a_proxy_that_dies_in_the_middle_delays_an_upload() {
    let secure = Secure::usual();
    let host = Host::new("t34-dies");
    secure.enroll(&host, "", &secure.authority.pem()).ends(0);
    let bundle = host.large_bundle(4);
    let proxy = Proxy::start(None, 1 << 20);
    fs::write(host.state().join("etc/oediag.toml"), format!("[network]\n{}", through(proxy.port))).expect("ours");
    host.upload(&bundle, &["--patience", "60"]).ends(0);
    assert!(proxy.asked().len() >= 2, "{:?}", proxy.asked());
    assert_eq!(secure.center.known().bundles, [fs::read(&bundle).expect("the bundle")]);
    // Every request told the head of the ledger as it was when it was sent.
    let told = secure.center.known().heads_told.clone();
    assert!(!told.is_empty() && told.iter().all(|head| !head.starts_with("0:")), "{told:?}");
}
