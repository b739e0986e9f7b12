//! A real bundle, taken in and looked at in the pages of the real program: log-in, list, bundle, file; and who may not.

use oediag_center::store::bundles::State;

use crate::{
    bundle::{self, Bundle},
    common::{Center, Reply},
    host::Host,
    ingest::checked,
};

pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub(crate) const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// The bundle of an ordinary host, as a run made it.
pub(crate) const PLAIN: &str = "oediag-2c5b9ddd-20261123T050853Z-7f008a21.tar.gz";

/// A bundle of the test data, sent as its own by a new host of this tenant, and checked; gives its id and its name.
pub(crate) fn take(center: &Center, file: &str) -> (String, String) {
    sent(center, |host| bundle::signed_anew(host, file))
}

/// A bundle that a new host of this tenant makes, sends, and gets checked; gives its id and its name.
pub(crate) fn sent(center: &Center, make: impl FnOnce(&Host) -> Bundle) -> (String, String) {
    let host = Host::enrol(center, "t-1");
    let bundle = make(&host);
    let sealed = bundle.seal(&host);
    host.ack(&host.upload(center, &sealed), &sealed);
    assert_eq!(checked(center, bundle.id).state, State::Ready);
    (bundle.id.to_string(), bundle.name.to_string())
}

/// A page, with the slashes that templates escape written plainly.
pub(crate) fn get(center: &Center, cookie: &str, path: &str) -> Reply {
    let mut reply = center.send_as(None, "GET", path, &[("Cookie", cookie)], b"");
    reply.body = reply.body.replace("&#x2f;", "/");
    reply
}

/// Logs in and gives the cookie.
pub(crate) fn log_in(center: &Center, name: &str, password: &str) -> String {
    let body = format!("name={name}&password={password}");
    let reply = center.send_as(None, "POST", "/login", &[FORM, OURS], body.as_bytes());
    assert_eq!((reply.status, reply.header("location")), (303, "/"), "{reply:?}");
    let cookie = reply.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn a_bundle_is_taken_in_once_and_shown() {
    let center = Center::start("shown");
    let cookie = log_in(&center, "admin", center.password());
    assert!(get(&center, &cookie, "/").body.contains("No bundle has come in yet."));
    let (id, name) = take(&center, PLAIN);

    let list = get(&center, &cookie, "/");
    assert_eq!(list.body.matches(&format!("href=\"/bundles/{id}\"")).count(), 1, "{}", list.body);
    let policy = list.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("inline") && !list.body.contains("<script"));

    let page = get(&center, &cookie, &format!("/bundles/{id}"));
    assert_eq!(page.status, 200);
    for part in [
        name.as_str(),
        "openEuler",
        "<h2>Alerts</h2>",
        "not recorded in this folder",
        "etc/os-release",
        "values were replaced",
        "Read ",
    ] {
        assert!(page.body.contains(part), "no {part} in {}", page.body);
    }
    // Every piece of evidence leads to its line.
    let links: Vec<&str> =
        page.body.split("href=\"").filter_map(|rest| rest.split('"').next()).filter(|link| link.contains("#L")).collect();
    assert!(!links.is_empty(), "no alert names a line");
    for link in links.iter().take(5) {
        let link = link.replace("&amp;", "&");
        let (url, line) = link.split_once('#').expect("an anchor");
        let file = get(&center, &cookie, url);
        assert!(file.status == 200 && file.body.contains(&format!("id=\"{line}\"")), "{link}: {}", file.status);
    }
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/etc/shadow")).status, 404);
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/..%2f..%2fcenter.db")).status, 404);
}

#[test]
fn the_days_before_are_shown_from_reports_in_the_bundle_in_both_languages() {
    let center = Center::start("history");
    let cookie = log_in(&center, "admin", center.password());
    let report = |day: u32| {
        let heads = "00:00:01        CPU     %user     %nice   %system   %iowait    %steal     %idle";
        let line =
            |hour: u32| format!("{hour:02}:10:01        all     21.78      0.00      7.85      2.18      0.00     68.19\n");
        let lines: String = (0..24).map(line).collect();
        format!(
            "Linux 5.10.0 (host) \t2026-11-{day} \t_x86_64_\t(2 CPU)\n\n{heads}\n{lines}\n00:00:01    proc/s   cswch/s\n01:00:01 1.00 <script>\n"
        )
    };
    let (text, printed, elsewhere) = (report(21), report(22), report(23));
    let files = [
        bundle::File::Plain("var/log/sa/sar21", text.as_bytes()),
        bundle::File::Plain("oediag/commands/performance.history_binary/sa22/stdout", printed.as_bytes()),
        bundle::File::Plain("tmp/sar23", elsewhere.as_bytes()),
    ];
    let (id, _) = sent(&center, |host| bundle::with(host, &files));
    for (language, title) in [("en", "Last days: CPU time"), ("zh-CN", "近日：CPU 时间")] {
        let headers = [("Cookie", cookie.as_str()), ("Accept-Language", language)];
        let page = center.send_as(None, "GET", &format!("/bundles/{id}"), &headers, b"").body;
        assert_eq!(page.matches("id=\"plot-history-cpu-title\"").count(), 1, "one plot of all days");
        assert!(page.contains(title) && !page.contains("<script"), "{language}");
        assert!(page.contains("2026-11-21 00:10:01") && page.contains("2026-11-22 23:10:01"), "both days");
        assert!(!page.contains("2026-11-23 23:10:01"), "what only looks like a report is none");
    }
}

#[test]
fn who_did_what_is_shown_the_newest_first_and_by_kind() {
    let center = Center::start("operations");
    let cookie = log_in(&center, "admin", center.password());
    let (without, _) = take(&center, PLAIN);
    let page = format!("/bundles/{without}");
    assert!(!get(&center, &cookie, &page).body.contains("id=\"operations\""), "a bundle without records has no such part");
    assert_eq!(get(&center, &cookie, &format!("{page}/operations")).status, 404);
    let one = |at: usize, kind: &str, what: &str| {
        format!(
            r#"{{"time":"2026-11-10T09:{:02}:00+08:00","last":null,"count":1,"kind":"{kind}","who":"ops","from":null,"run_as":"root","what":"{what} {at}","result":"failed","evidence":[{{"path":"var/log/secure","line":{at},"end":{at}}}]}}"#,
            at % 60
        )
    };
    let all: Vec<String> =
        (1..=600).map(|at| if at == 300 { one(at, "package", "<script>") } else { one(at, "sudo", "/bin/ls") }).collect();
    let records = format!(r#"{{"schema":"oediag.operations/1","operations":[{}],"left_out":{{"cron":12}}}}"#, all.join(","));
    let (id, _) = sent(&center, |host| bundle::with(host, &[bundle::File::Plain("oediag/operations.json", records.as_bytes())]));
    let body = |path: &str| get(&center, &cookie, &format!("/bundles/{id}{path}")).body;
    let page = body("");
    assert!(page.contains("All 600 records") && page.contains("/bin/ls 600") && !page.contains("/bin/ls 500<"));
    let first = body("/operations");
    assert!(first.contains("1 to 500 of 600") && first.contains("from=501") && first.contains("12 more operations"));
    assert!(first.find("/bin/ls 600<") < first.find("/bin/ls 101<") && !first.contains("/bin/ls 100<"));
    assert!(body("/operations?from=501").contains("/bin/ls 1<"));
    let packages = body("/operations?kind=package");
    assert!(packages.contains("&lt;script&gt; 300") && !packages.contains("<script") && !packages.contains("/bin/ls"));
    assert!(
        packages.contains("files/var/log/secure?line=300&amp;end=300#L300") || packages.contains("secure?line=300&end=300#L300")
    );
}

#[test]
fn who_is_not_logged_in_or_of_another_tenant_sees_nothing() {
    let center = Center::start("foreign");
    let (id, _) = take(&center, PLAIN);
    for path in ["/", &format!("/bundles/{id}"), &format!("/bundles/{id}/operations"), &format!("/bundles/{id}/files/README.txt")]
    {
        assert_eq!(get(&center, "oediag=0", path).header("location"), "/login", "{path}");
    }
    let password = center.user("eve", "t-2");
    let cookie = log_in(&center, "eve", &password);
    assert!(!get(&center, &cookie, "/").body.contains(&id));
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}")).status, 404);
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/README.txt")).status, 404);
}

#[test]
fn forms_of_others_and_guesses_are_refused() {
    let center = Center::start("forms");
    let good = format!("name=admin&password={}", center.password());
    let post = |path: &str, headers: &[(&str, &str)], body: &str| center.send_as(None, "POST", path, headers, body.as_bytes());
    assert_eq!(post("/login", &[FORM], &good).status, 403, "no word of where it comes from");
    assert_eq!(post("/login", &[FORM, ("Sec-Fetch-Site", "cross-site")], &good).status, 403);
    assert_eq!(post("/login", &[FORM, ("Origin", "http://evil.example")], &good).status, 403);

    let long = format!("name={}&password=x", "a".repeat(100_000));
    assert_eq!(post("/login", &[FORM, OURS], &long).status, 413);
    // A browser that does not say from which site it comes tells the origin, unless our pages forbid it.
    let origin = format!("http://{}", center.address());
    assert_eq!(post("/login", &[FORM, ("Origin", &origin)], &good).status, 303);
    assert_eq!(center.send_as(None, "GET", "/login", &[], b"").header("referrer-policy"), "same-origin");

    let cookie = log_in(&center, "admin", center.password());
    assert_eq!(post("/logout", &[FORM, OURS, ("Cookie", &cookie)], "csrf=0").status, 403);
    let page = get(&center, &cookie, "/").body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    assert_eq!(post("/logout", &[FORM, OURS, ("Cookie", &cookie)], &format!("csrf={csrf}")).status, 303);
    assert_eq!(get(&center, &cookie, "/").header("location"), "/login");

    for name in ["admin", "admin", "admin", "nobody", "nobody"] {
        let reply = post("/login", &[FORM, OURS], &format!("name={name}&password=wrong-wrong-wrong"));
        assert!(reply.status == 200 && reply.body.contains("Name or password is wrong."), "{}", reply.body);
    }
    assert!(post("/login", &[FORM, OURS], &good).body.contains("Too many attempts."));
}

/// Behind a proxy that does TLS, the center itself speaks plain http.
#[test]
fn cookies_are_for_https_alone_where_the_public_url_is() {
    let center = Center::start_as("secure", &["--public-url", "https://center.example"]);
    let body = format!("name=admin&password={}", center.password());
    let reply = center.send_as(None, "POST", "/login", &[FORM, OURS], body.as_bytes());
    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("__Host-oediag=") && cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default();
    assert_eq!(get(&center, cookie, "/").status, 200);
    assert!(center.send_as(None, "GET", "/login?lang=zh", &[], b"").header("set-cookie").ends_with("; Secure"));
}
