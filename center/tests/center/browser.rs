//! Hostile bundles in a real browser (T66, T67): nothing of them runs, nothing of ours is refused, and their text is there to read.
//!
//! Chromium has no way to be given a cookie on its command line, so it goes through a proxy of the test, which adds the session.
//! Skipped, with a word, where there is no `chromium`. With `OEDIAG_PICTURES=DIR` each page is also photographed, wide and
//! narrow, light and dark.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    bundle::{self, File},
    common::Center,
    console::Scene,
    pages::{PLAIN, log_in, sent, take},
};

const LOGS: &str = "hostile/oediag-ad28e622-20260102T014530Z-c2aefc3a.tar.gz";
/// Breaks the policy of our pages in three ways, to see that the browser would tell.
const CONTROL: &str = "<!doctype html><title>control</title><p style=\"color:red\">x</p><script>document.title='owned'</script>\
    <img src=\"http://127.0.0.1:9/x\">";
/// A command and a name that would act, were they more than text.
const OPERATIONS: &str = r#"{"schema":"oediag.operations/1","operations":[
{"time":"2026-11-10T09:41:07+08:00","last":"2026-11-10T10:02:00+08:00","count":3,"kind":"sudo","who":"<img src=x onerror=alert(1)>","from":"pts/0","run_as":"root","what":"/bin/echo <script>document.title='owned'</script> \u202egnp.exe","result":"failed","evidence":[{"path":"var/log/\"onmouseover=alert(1)","line":7,"end":7}]},
{"time":null,"last":null,"count":1,"kind":"config_changed","who":null,"from":null,"run_as":null,"what":"/etc/hosts","result":null,"evidence":[]}]}"#;

#[test]
fn nothing_of_a_hostile_bundle_runs() {
    let Some(chromium) = chromium() else {
        println!("skipped: no chromium on this machine; Debian has it as the package chromium");
        return;
    };
    let center = Center::start("browser");
    let [logs, plain] = [LOGS, PLAIN].map(|file| take(&center, file).0);
    let (disks, load) = measured();
    let files = [
        File::Plain("oediag/perf/disks.csv", disks.as_bytes()),
        File::Plain("oediag/perf/load.csv", load.as_bytes()),
        File::Plain("oediag/operations.json", OPERATIONS.as_bytes()),
    ];
    let perf = sent(&center, |host| bundle::with(host, &files)).0;
    let cookie = log_in(&center, "admin", center.password());
    let policy = center.send_as(None, "GET", "/login", &[], b"").header("content-security-policy").to_owned();
    let proxy = proxy(center.address().to_owned(), cookie, policy);
    let browser = Browser { program: chromium, profile: center.data().join("profile"), origin: format!("http://{proxy}") };

    let control = browser.look("/control");
    assert!(
        control.log.contains("Content Security Policy") && control.title() == "control",
        "the test is blind: {}",
        control.log
    );

    let files = format!("/bundles/{logs}/files/var/log");
    let cases = [
        ("/".to_owned(), "document.title='owned'"),
        (format!("/bundles/{logs}"), "&lt;svg onload=alert(1)&gt;"),
        (format!("/bundles/{logs}?lang=zh"), "内存耗尽"),
        (format!("/bundles/{plain}"), "XFS error on sdb1"),
        (format!("/bundles/{perf}"), "&lt;script&gt;{{7*7}}"),
        (
            format!("/bundles/{perf}/operations?lang=zh"),
            "&lt;script&gt;document.title='owned'&lt;/script&gt; <i>U+202E</i>gnp.exe",
        ),
        (format!("/bundles/{perf}/operations?kind=config_changed&lang=en"), "/etc/hosts"),
        (format!("{files}/messages"), "&lt;script&gt;document.title='owned'&lt;/script&gt;"),
        (format!("{files}/messages?line=46&end=47&lang=zh#L46"), "class=\"hit\""),
        (format!("{files}/messages-%253Cscript%253Edocument.title=1%253C%2525script%253E"), "a log with a hostile name"),
        (format!("{files}/syscare/javascript:alert%25281%2529.log"), "&lt;img src=x"),
        (format!("{files}/syscare/empty.log"), "The file is empty."),
        (format!("{files}/syscare/long.log?last=1"), "3500 entry of a long file"),
    ];
    for (path, text) in cases {
        let page = browser.look(&path);
        let dom = &page.dom;
        assert!(dom.contains(text), "{path}: no {text:?} in {dom}");
        assert_ne!(page.title(), "owned", "{path}");
        assert_eq!(acting(dom), Vec::<&str>::new(), "{path}");
        for complaint in ["Content Security Policy", "Refused to", "CONSOLE"] {
            assert!(!page.log.contains(complaint), "{path}: {}", page.log);
        }
        browser.photograph(&path);
    }
    let messages = browser.look(&format!("{files}/messages")).dom;
    for (text, why) in [
        ("<i>ESC</i>red<i>ESC</i>", "colours are marks"),
        ("abc<i>U+202E</i>gnp.exe", "bidi is a mark"),
        ("{{ 7*7 }}", "templates are text"),
    ] {
        assert!(messages.contains(text), "{why}: {messages}");
    }
    assert!(!messages.contains(['\u{1b}', '\u{202e}', '\u{2066}', '\u{200b}']));
    browser.photograph("/login");
    browser.photograph("/bundles/0");
}

/// The pages around a request, in both languages: words of hosts and customers are read and do not run.
#[test]
fn nothing_that_a_host_said_of_itself_runs() {
    let Some(chromium) = chromium() else {
        println!("skipped: no chromium on this machine");
        return;
    };
    let scene = Scene::new("browser-requests");
    let center = &scene.center;
    let cookie = log_in(center, "admin", center.password());
    let request = scene.ask(&cookie);
    // Words of the widest and strangest kind on pages that people decide on.
    let password = center.user_as("wang.fang", "t-1", "engineer");
    let approval = scene.propose(&log_in(center, "wang.fang", &password));
    let (host_id, zero, one) = (scene.host.id, "0".repeat(64), "1".repeat(64));
    center.change(&format!(
        "INSERT INTO ledger_conflicts (host, tenant, seq, hash, kind, known_seq, known_hash, at) \
         VALUES ('{host_id}', 't-1', 1, '{zero}', 'fork', 1, '{one}', 1)"
    ));
    let password = center.user_as("customer", "t-1", "tenant-admin");
    let customer = log_in(center, "customer", &password);
    let policy = center.send_as(None, "GET", "/login", &[], b"").header("content-security-policy").to_owned();
    let (host, receipt) = (format!("/hosts/{}", scene.host.id), format!("/receipts/{}", scene.receipt));
    let (case, request) = (format!("/cases/{}", scene.case), format!("/requests/{request}"));
    let bundle = format!("/bundles/{}", scene.bundle);
    let (readers, items, form) = (format!("{bundle}/readers"), format!("{bundle}/items"), format!("{host}/ask"));
    let for_lead = [
        "/",
        "/hosts",
        &host,
        &form,
        "/requests",
        &request,
        "/approvals",
        &approval,
        &readers,
        &items,
        &bundle,
        "/cases",
        &case,
        &receipt,
    ];
    let for_customer = ["/", &host, "/receipts", &receipt, &format!("{receipt}/withdraw"), &format!("{host}/revoke"), "/audit"];
    for (cookie, paths) in [(cookie, &for_lead[..]), (customer, &for_customer[..])] {
        let proxy = proxy(center.address().to_owned(), cookie, policy.clone());
        let profile = center.data().join("profile");
        let browser = Browser { program: chromium.clone(), profile, origin: format!("http://{proxy}") };
        for path in paths {
            for lang in ["en", "zh"] {
                let path = format!("{path}?lang={lang}");
                let page = browser.look(&path);
                assert!(page.dom.contains("class=\"sections\""), "{path}: {}", page.dom);
                assert_ne!(page.title(), "owned", "{path}");
                assert_eq!(acting(&page.dom), Vec::<&str>::new(), "{path}");
                for complaint in ["Content Security Policy", "Refused to", "CONSOLE"] {
                    assert!(!page.log.contains(complaint), "{path}: {}", page.log);
                }
                browser.photograph(&path);
            }
        }
    }
}

/// Two minutes of samples, of a disk with a hostile name too.
fn measured() -> (String, String) {
    let mut disks = "time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue\n".to_owned();
    let mut load = "time,load1,load5,load15,running,tasks\n".to_owned();
    for second in 0..120 {
        let time = format!("2026-11-23T05:{:02}:{:02}Z", second / 60, second % 60);
        let busy = second * 7 % 100;
        disks.extend([format!("{time},sda,{second}.0,2.0,{busy}00.0,16.0,{}.5,{busy}.0,0.1\n", busy / 9)]);
        disks.extend([format!("{time},<script>{{{{7*7}}}},1.0,2.0,0.0,1.5,,1.0,0.1\n")]);
        load.extend([format!("{time},{}.{second:03},0.20,0.12,3,200\n", busy / 30)]);
    }
    (disks, load)
}

/// Elements that our pages do not have, or that do something. In a DOM that is written out, text has no `<`.
fn acting(dom: &str) -> Vec<&str> {
    let elements = dom.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let ours = |name: &str| !matches!(name, "script" | "img" | "iframe" | "object" | "embed" | "style" | "base");
    let acts = |element: &&str| {
        let name = element.split(' ').next().unwrap_or_default();
        let attributes = || element.split(' ').skip(1);
        !ours(name) || attributes().any(|one| one.starts_with("on") && one.contains("=\"")) || element.contains("=\"javascript:")
    };
    elements.filter(acts).collect()
}

fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("chromium")).find(|program| program.is_file())
}

struct Browser {
    program: PathBuf,
    profile: PathBuf,
    origin: String,
}

/// A page as the browser made it.
struct Seen {
    dom: String,
    log: String,
}

impl Seen {
    fn title(&self) -> &str {
        self.dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default()
    }
}

impl Browser {
    fn look(&self, path: &str) -> Seen {
        let mut command = self.command();
        command.args(["--enable-logging=stderr", "--v=0", "--dump-dom"]).arg(format!("{}{path}", self.origin));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the browser starts");
        let (mut out, mut log) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its log"));
        let (done, wait) = mpsc::channel();
        let reading = thread::spawn(move || {
            let mut bytes = Vec::new();
            drop(log.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        });
        thread::spawn(move || {
            let mut dom = String::new();
            drop(out.read_to_string(&mut dom));
            drop(done.send(dom));
        });
        let dom = wait.recv_timeout(Duration::from_mins(2));
        end(&mut child);
        Seen { dom: dom.expect("the browser answers"), log: reading.join().expect("its log was read") }
    }

    fn photograph(&self, path: &str) {
        let Some(folder) = std::env::var_os("OEDIAG_PICTURES") else { return };
        fs::create_dir_all(&folder).expect("a folder for pictures");
        let name: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        for (size, scheme, what) in [("1280,2000", "1", "wide"), ("1280,2000", "0", "dark"), ("390,1600", "1", "narrow")] {
            let picture = Path::new(&folder).join(format!("{}-{what}.png", &name[name.len().saturating_sub(60)..]));
            let mut command = self.command();
            command.arg(format!("--window-size={size}")).arg(format!("--blink-settings=preferredColorScheme={scheme}"));
            command.arg(format!("--screenshot={}", picture.display())).arg(format!("{}{path}", self.origin));
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(status.expect("the browser starts").success(), "no picture of {path}");
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]);
        command.arg("--no-first-run").arg("--accept-lang=en").arg(format!("--user-data-dir={}", self.profile.display()));
        command
    }
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// Forwards each request with the session's cookie; answers `/control` itself, under the policy of our pages. Gives its address.
fn proxy(center: String, cookie: String, policy: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (center, cookie, policy) = (center.clone(), cookie.clone(), policy.clone());
            // What a browser breaks off is no fault of the test.
            thread::spawn(move || forward(stream, &center, &cookie, &policy).unwrap_or_default());
        }
    });
    address
}

fn forward(mut browser: TcpStream, center: &str, cookie: &str, policy: &str) -> std::io::Result<()> {
    let mut head = String::new();
    let mut lines = BufReader::new(browser.try_clone()?);
    while lines.read_line(&mut head)? > 2 {}
    let first = head.lines().next().unwrap_or_default();
    if first.contains(" /control ") {
        return write!(
            browser,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: {policy}\r\nConnection: close\r\n\r\n{CONTROL}"
        );
    }
    let kept =
        |line: &&str| !line.to_ascii_lowercase().starts_with("connection:") && !line.to_ascii_lowercase().starts_with("cookie:");
    let rest: Vec<&str> = head.lines().skip(1).filter(|line| !line.is_empty()).filter(kept).collect();
    let mut center = TcpStream::connect(center)?;
    write!(center, "{first}\r\n{}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n", rest.join("\r\n"))?;
    std::io::copy(&mut center, &mut browser)?;
    Ok(())
}
