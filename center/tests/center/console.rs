//! The pages around a request, as an engineer and a customer's administrator use them: case, composer, review, states, receipts,
//! withdrawal. What hosts and customers wrote is hostile and stays text.

use oediag_protocol::{
    case::{Open, OpenSchema},
    deletion::Deletion,
    id::CaseKey,
    keyset::Severity,
    signed::Signed,
};

use crate::{
    bundle,
    common::{Center, Reply},
    host::{Host, fresh, line, now},
    ingest::audit,
    pages::{FORM, OURS, PLAIN, get, log_in},
};

/// A host's catalogue, with words that would act, were they more than text.
const CATALOGUE: &str = r#"{"schema":"oediag.catalogue/1","version":"1.0.0","presets":["perf","quick"],"sources":[
{"id":"kernel.dmesg","topic":"kernel","level":"basic","words":{"zh-CN":"内核消息 <img src=x>","en":"kernel ring buffer <script>document.title='owned'</script>"},"params":[]},
{"id":"logs.messages","topic":"logs","level":"basic","words":{"zh-CN":"系统日志","en":"system log"},"params":[{"name":"since","range":{"span":[60,604800]}}]},
{"id":"crash.core","topic":"crash","level":"extended","words":{"zh-CN":"核心转储","en":"core dumps"},"params":[]}]}"#;
const TITLE: &str = "disk slow <script>document.title='owned'</script>";

/// A center with a bundle of a host that told its catalogue and opened a case.
pub(crate) struct Scene {
    pub(crate) center: Center,
    pub(crate) host: Host,
    pub(crate) bundle: String,
    pub(crate) name: String,
    pub(crate) receipt: String,
    pub(crate) case: String,
}

impl Scene {
    pub(crate) fn new(name: &str) -> Self {
        let center = Center::start(name);
        let host = Host::enrol(&center, "t-1");
        let bundle = bundle::signed_anew(&host, PLAIN);
        let sealed = bundle.seal(&host);
        host.ack(&host.upload(&center, &sealed), &sealed);
        crate::ingest::checked(&center, bundle.id);
        let told = host.send(&center, "PUT", "/v1/catalogue", &[], CATALOGUE.as_bytes());
        assert_eq!(told.status, 204, "{told:?}");
        let open = Open {
            schema: OpenSchema::V1,
            key: CaseKey(fresh()),
            host_id: host.id,
            tenant_id: host.tenant.clone(),
            at: now(),
            severity: Severity::P2,
            title: line(TITLE),
            description: line("since <b>monday</b>"),
            contact: line("ops@example.cn"),
        };
        let body = Signed::new(&open, &[&host.key]).and_then(|signed| signed.to_bytes()).expect("a case");
        let reply = host.send(&center, "POST", "/v1/cases", &[], &body);
        assert_eq!(reply.status, 201, "{reply:?}");
        let told: serde_json::Value = serde_json::from_str(&reply.body).expect("how it stands");
        Self {
            bundle: bundle.id.to_string(),
            name: bundle.name.to_string(),
            receipt: sealed.consent.receipt_id.to_string(),
            case: told["case"].as_str().expect("its name").to_owned(),
            center,
            host,
        }
    }

    /// Asks the host for a bundle by the pages; gives the request's id.
    pub(crate) fn ask(&self, cookie: &str) -> String {
        let path = format!("/hosts/{}/ask", self.host.id);
        let reply = post(&self.center, cookie, &path, &format!("{}&step=send", self.form()));
        assert_eq!(reply.status, 303, "{reply:?}");
        reply.header("location").rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Proposes an extended request by the pages; gives the path of the page where it waits.
    pub(crate) fn propose(&self, cookie: &str) -> String {
        let form = format!("{}&level=extended&s:crash.core=1&step=send", self.form());
        let reply = post(&self.center, cookie, &format!("/hosts/{}/ask", self.host.id), &form);
        assert!(reply.header("location").starts_with("/approvals/"), "{reply:?}");
        reply.header("location").to_owned()
    }

    fn form(&self) -> String {
        let reason = "reason_zh=%E5%AE%9A%E4%BD%8D%E5%BB%B6%E8%BF%9F&reason_en=Locate+latency";
        format!(
            "case={}&severity=P2&{reason}&preset=perf&ask=bundle&s:logs.messages=1&p:logs.messages:since=24h&s:kernel.dmesg=1&\
             retention=30&mib=256&seconds=600&hours=&purpose=",
            self.case
        )
    }
}

/// Sends a form with the session's own token.
pub(crate) fn post(center: &Center, cookie: &str, path: &str, form: &str) -> Reply {
    let page = get(center, cookie, "/hosts").body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    center.send_as(None, "POST", path, &[FORM, OURS, ("Cookie", cookie)], format!("csrf={csrf}&{form}").as_bytes())
}

fn harmless(page: &str) {
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>monday"), "{page}");
}

#[test]
fn an_engineer_accepts_a_case_composes_reviews_sends_and_takes_back() {
    let scene = Scene::new("composer");
    let (center, host) = (&scene.center, scene.host.id);
    let password = center.user_as("li.wei", "t-1", "engineer");
    let cookie = log_in(center, "li.wei", &password);

    let cases = get(center, &cookie, "/cases").body;
    harmless(&cases);
    assert!(cases.contains(&scene.case) && cases.contains("min left") && cases.contains("Accept"), "{cases}");
    let case = format!("/cases/{}", scene.case);
    assert_eq!(post(center, &cookie, &format!("{case}/accept"), "").header("location"), case);
    let page = get(center, &cookie, &case).body;
    harmless(&page);
    assert!(page.contains("answered in time") && page.contains("li.wei") && page.contains("Resolved</button>"), "{page}");
    // Another engineer does not take it away.
    let password = center.user_as("wang", "t-1", "engineer");
    let other = log_in(center, "wang", &password);
    assert_eq!(post(center, &other, &format!("{case}/accept"), "").status, 403);
    assert_eq!(post(center, &other, &format!("{case}/resolve"), "").status, 403);

    let path = format!("/hosts/{host}/ask");
    let form = get(center, &cookie, &format!("{path}?case={}&severity=P2", scene.case)).body;
    harmless(&form);
    assert!(form.contains("logs.messages") && form.contains(&format!("value=\"{}\"", scene.case)), "{form}");
    assert!(form.contains("crash.core") && form.contains("class=\"tag high\">extended"), "what needs a lead is marked: {form}");
    for (from, to, why) in [
        ("reason_zh=%E5%AE%9A%E4%BD%8D%E5%BB%B6%E8%BF%9F", "reason_zh=", "Give the reason in both languages"),
        ("since=24h", "since=8d", "does not take this value"),
        ("since=24h", "since=/etc", "A parameter is a number"),
        ("s:kernel.dmesg=1", "s:no.such=1", "this host has no source no.such"),
        ("s:kernel.dmesg=1", "s:crash.core=1", "level extended only"),
        ("preset=perf", "preset=none.such", "this host has no preset none.such"),
        ("retention=30", "retention=99999", "retention_days is between 1 and 3650"),
    ] {
        let bent = scene.form().replace(from, to);
        for step in ["review", "send"] {
            let reply = post(center, &cookie, &path, &format!("{bent}&step={step}"));
            assert!(reply.status == 200 && reply.body.contains(why), "{to}: {}", reply.body);
            assert!(reply.body.contains("Locate latency"), "what was written is still there");
        }
    }
    assert_eq!(center.count("SELECT COUNT(*) FROM requests"), 0);
    let review = post(center, &cookie, &path, &format!("{}&step=review", scene.form())).body;
    harmless(&review);
    for part in [
        "定位延迟",
        "Locate latency",
        "系统日志",
        "system log",
        "since=24h",
        "请求人",
        "Asked by",
        "&lt;script&gt;",
        "Sign and send",
    ] {
        assert!(review.contains(part), "no {part} in {review}");
    }
    assert_eq!(center.count("SELECT COUNT(*) FROM requests"), 0, "looking at it signs nothing");

    let request = scene.ask(&cookie);
    let page = get(center, &cookie, &format!("/requests/{request}")).body;
    harmless(&page);
    assert!(page.contains("asked") && page.contains("Take back") && page.contains("Locate latency"), "{page}");
    assert!(get(center, &cookie, "/requests").body.contains("http-equiv=\"refresh\""));
    assert_eq!(post(center, &cookie, &format!("/requests/{request}/again"), "").status, 409, "it is still open");
    let reason = "reason_zh=%E4%B8%8D%E9%9C%80%E8%A6%81&reason_en=enough";
    assert_eq!(post(center, &cookie, &format!("/requests/{request}/cancel"), reason).status, 303);
    assert!(get(center, &cookie, &format!("/requests/{request}")).body.contains("taken back"));
    let again = post(center, &cookie, &format!("/requests/{request}/again"), "");
    assert_eq!(again.status, 303);
    assert_ne!(again.header("location"), format!("/requests/{request}"));
    assert_eq!(post(center, &cookie, &format!("{case}/resolve"), "").status, 303);
    let log = audit(center);
    for event in ["case_accepted", "case_resolved"] {
        assert!(log.contains(&format!("\"event\":\"{event}\",\"actor\":\"li.wei\"")), "{event}: {log}");
    }
}

#[test]
fn an_administrator_sees_who_read_and_withdraws() {
    let scene = Scene::new("administrator");
    let center = &scene.center;
    let lead = log_in(center, "admin", center.password());
    assert_eq!(get(center, &lead, &format!("/bundles/{}", scene.bundle)).status, 200);
    let password = center.user_as("customer", "t-1", "tenant-admin");
    let cookie = log_in(center, "customer", &password);
    let path = format!("/receipts/{}", scene.receipt);
    assert!(get(center, &cookie, "/receipts").body.contains(&path));
    let page = get(center, &cookie, &path).body;
    assert!(page.contains("admin") && page.contains("opened the bundle") && page.contains("Withdraw"), "{page}");
    assert_eq!(get(center, &cookie, &format!("{path}/deletion")).status, 404);
    let sure = get(center, &cookie, &format!("{path}/withdraw")).body;
    assert!(sure.contains("cannot be undone") && sure.contains("name=\"csrf\""), "{sure}");
    assert_eq!(post(center, &cookie, &format!("{path}/withdraw"), "").header("location"), path);
    assert_eq!(get(center, &lead, &format!("/bundles/{}", scene.bundle)).status, 410);

    let file = get(center, &cookie, &format!("{path}/deletion"));
    assert_eq!((file.status, file.header("content-type")), (200, "application/octet-stream"));
    assert!(file.header("content-disposition").starts_with("attachment; "));
    let deletion: Deletion = Signed::parse(file.body.as_bytes())
        .and_then(|signed| signed.open(&scene.host.keyset.ack_keys(), 1))
        .expect("signed by the center's ack key");
    assert_eq!((deletion.receipt_id.to_string(), deletion.bundle_id.to_string()), (scene.receipt.clone(), scene.bundle.clone()));
    assert!(get(center, &cookie, &path).body.contains("administrator"));
    let lines = get(center, &cookie, "/audit").body;
    assert!(lines.contains("bundle_opened") && lines.contains("customer"), "{lines}");

    // Revoked, a host counts no more.
    let host = format!("/hosts/{}", scene.host.id);
    assert!(get(center, &cookie, &host).body.contains("kernel") || get(center, &cookie, &host).body.contains("Kernel"));
    assert_eq!(post(center, &cookie, &format!("{host}/revoke"), "").header("location"), host);
    assert!(get(center, &cookie, &host).body.contains("Revoked"));
    assert_ne!(scene.host.send(center, "PUT", "/v1/catalogue", &[], CATALOGUE.as_bytes()).status, 204);
}
