//! What a browser would do: log in, ask for the bundle's page, wait until the center has checked all of it.
//! Plain HTTP to loopback, one request for each connection.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::center::Center;

/// One line about the page of a bundle, once the center shows it as ready.
pub(super) fn page_of(center: &Center, bundle: &str, patience: Duration) -> Result<String> {
    let name = center.user.rsplit(' ').next().unwrap_or_default();
    let form = format!("name={name}&password={}", center.password);
    let headers = ["Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"];
    let reply = request(center, "POST", "/login", &headers, &form)?;
    let cookie = reply.lines().find_map(|line| line.strip_prefix("set-cookie: ")).context("the log-in gave no session")?;
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());
    let begin = Instant::now();
    loop {
        let page = request(center, "GET", &format!("/bundles/{bundle}"), &[&cookie, "Accept-Language: en"], "")?;
        let state = page.split("data-state=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("none");
        match state {
            "ready" => {
                ensure!(page.contains(bundle), "the page does not name the bundle");
                let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
                return Ok(format!("{title}: {} bytes, checked", page.len()));
            }
            "received" | "checking" if begin.elapsed() < patience => std::thread::sleep(Duration::from_millis(200)),
            state => bail!("after {:.0} s the bundle's page says {state:?}", begin.elapsed().as_secs_f64()),
        }
    }
}

fn request(center: &Center, method: &str, path: &str, headers: &[&str], body: &str) -> Result<String> {
    let address = center.url.strip_prefix("http://").context("the center does not speak plain HTTP")?;
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).context("setting a time limit")?;
    let (request, host) = (format!("{method} {path} HTTP/1.1"), format!("Host: {address}"));
    let length = format!("Content-Length: {}", body.len());
    let head = [&[&*request, &host, "Connection: close", &length][..], headers, &["", ""]].concat().join("\r\n");
    let mut reply = String::new();
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    sent.and_then(|()| stream.read_to_string(&mut reply)).with_context(|| format!("{method} {path}"))?;
    Ok(reply)
}
