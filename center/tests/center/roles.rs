//! T68: every route of the pages, asked by every role of the own tenant and of another. The routes come from the router's own
//! list: one that this table does not hold fails the test.

use std::collections::BTreeMap;

use oediag_center::{console::routes, users::Role};

use crate::{
    common::{Center, Reply},
    console::Scene,
    ingest::audit,
    pages::{FORM, OURS, PLAIN, get, log_in, take},
};

const ALL: &str = "engineer lead auditor tenant-admin operator";
const RECORDS: &str = "engineer lead auditor tenant-admin";

/// Method, path, and the roles for which there is a page or a deed; `*` for those who are not logged in, too.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/login", "*"),
    ("POST", "/login", "*"),
    ("GET", "/style.css", "*"),
    ("GET", "/plots.css", "*"),
    ("GET", "/icon.svg", "*"),
    ("GET", "/", ALL),
    ("GET", "/hosts", ALL),
    ("GET", "/hosts/{host}", ALL),
    ("GET", "/hosts/{host}/revoke", "lead tenant-admin"),
    ("POST", "/hosts/{host}/revoke", "lead tenant-admin"),
    ("GET", "/hosts/{host}/ask", "engineer lead"),
    ("POST", "/hosts/{host}/ask", "engineer lead"),
    ("GET", "/requests", RECORDS),
    ("GET", "/requests/{request}", RECORDS),
    ("POST", "/requests/{request}/cancel", "engineer lead"),
    ("POST", "/requests/{request}/again", "engineer lead"),
    ("GET", "/approvals", RECORDS),
    ("GET", "/approvals/{approval}", RECORDS),
    ("GET", "/approvals/{approval}/payload", "engineer lead"),
    ("POST", "/approvals/{approval}/approve", "lead"),
    ("POST", "/approvals/{approval}/refuse", "lead"),
    ("POST", "/approvals/{approval}/sign", "engineer lead"),
    ("GET", "/cases", RECORDS),
    ("GET", "/cases/{case}", RECORDS),
    ("POST", "/cases/{case}/accept", "engineer lead"),
    // The case is the lead's by then, and an engineer resolves only their own.
    ("POST", "/cases/{case}/resolve", "lead"),
    ("GET", "/receipts", RECORDS),
    ("GET", "/receipts/{receipt}", RECORDS),
    ("GET", "/receipts/{receipt}/deletion", RECORDS),
    ("GET", "/receipts/{receipt}/withdraw", "tenant-admin"),
    ("POST", "/receipts/{receipt}/withdraw", "tenant-admin"),
    ("GET", "/audit", "auditor tenant-admin"),
    ("GET", "/audit/lines", "auditor tenant-admin"),
    // An engineer's leave is a matter of each bundle: see below.
    ("GET", "/bundles/{id}", "lead"),
    ("GET", "/bundles/{id}/operations", "lead"),
    ("GET", "/bundles/{id}/items", "lead"),
    ("GET", "/bundles/{id}/readers", "lead"),
    ("POST", "/bundles/{id}/readers", "lead"),
    ("GET", "/bundles/{id}/files/{*path}", "lead"),
    ("POST", "/logout", ALL),
];

struct Users {
    /// Cookies by tenant and role.
    cookies: BTreeMap<(&'static str, Role), String>,
}

impl Users {
    fn new(center: &Center) -> Self {
        let mut cookies = BTreeMap::new();
        for tenant in ["t-1", "t-2"] {
            for role in Role::ALL {
                let name = format!("{}.{tenant}", role.word());
                let password = center.user_as(&name, tenant, role.word());
                cookies.insert((tenant, role), log_in(center, &name, &password));
            }
        }
        Self { cookies }
    }
}

fn csrf(center: &Center, cookie: &str) -> String {
    let page = get(center, cookie, "/").body;
    let found = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    found.expect("a token of the session").to_owned()
}

fn ask(center: &Center, method: &str, path: &str, cookie: &str) -> Reply {
    if method == "GET" {
        return get(center, cookie, path);
    }
    let body = if path == "/login" {
        "name=x&password=y".to_owned()
    } else {
        format!("csrf={}&reason_zh=x&reason_en=x", csrf(center, cookie))
    };
    center.send_as(None, method, path, &[FORM, OURS, ("Cookie", cookie)], body.as_bytes())
}

#[test]
fn t68_each_route_is_for_the_roles_that_the_table_names() {
    let scene = Scene::new("roles");
    let (center, bundle, name) = (&scene.center, scene.bundle.clone(), scene.name.clone());
    let users = Users::new(center);
    let request = scene.ask(&users.cookies[&("t-1", Role::Lead)]);
    let approval = scene.propose(&users.cookies[&("t-1", Role::Engineer)]).rsplit('/').next().unwrap_or_default().to_owned();
    let own = [("{id}", &bundle), ("{host}", &scene.host.id.to_string()), ("{request}", &request)];
    let own: Vec<(&str, &String)> =
        own.into_iter().chain([("{receipt}", &scene.receipt), ("{case}", &scene.case), ("{approval}", &approval)]).collect();
    // What changes something comes last: a bundle of a revoked host opens no more.
    let mut all: Vec<(&str, &str)> = routes::all().collect();
    all.sort_by_key(|(method, _)| *method == "POST");
    let mut left: Vec<(&str, &str)> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
    for (method, route) in all {
        let row = TABLE.iter().find(|(known, path, _)| (*known, *path) == (method, route));
        let (.., roles) = row.unwrap_or_else(|| panic!("{method} {route} has no line in the table"));
        left.retain(|one| *one != (method, route));
        let path = own.iter().fold(route.replace("{*path}", "README.txt"), |path, (name, id)| path.replace(name, id));
        if *roles == "*" {
            let reply = ask(center, method, &path, "");
            assert_eq!(reply.status, 200, "{method} {path}");
            continue;
        }
        // Nobody: to the log-in, and nothing is done.
        let reply = center.send_as(None, method, &path, &[FORM, OURS], b"csrf=");
        assert_eq!((reply.status, reply.header("location")), (303, "/login"), "{method} {path}");
        if route == "/logout" {
            // Ends the session of who asks: tried at the end.
            continue;
        }
        for ((tenant, role), cookie) in &users.cookies {
            let what = format!("{method} {path} by {} of {tenant}", role.word());
            let reply = ask(center, method, &path, cookie);
            let allowed = roles.split(' ').any(|word| word == role.word());
            let foreign = *tenant == "t-2";
            let names_one = route.contains('{');
            let expected: &[u16] = match (allowed, foreign && names_one) {
                (true, true) => &[404],
                // What this bundle does not hold is not there for those who may ask, either.
                (true, false) => &[200, 303, 404, 409],
                // The role is looked at before anything is looked for.
                (false, _) => &[403, 404],
            };
            assert!(expected.contains(&reply.status), "{what}: {}", reply.status);
            // A page that is not there repeats its own address, in the links to its other language.
            let told = reply.body.contains(&name) || !names_one && reply.body.contains(&bundle);
            assert!(!foreign || !told, "{what}: another tenant's");
            if method == "POST" {
                let body = b"csrf=0";
                let forged = center.send_as(None, method, &path, &[FORM, OURS, ("Cookie", cookie)], body);
                assert_eq!(forged.status, 403, "{what}, forged");
                let good = format!("csrf={}", csrf(center, cookie));
                let other = center.send_as(None, method, &path, &[FORM, ("Cookie", cookie)], good.as_bytes());
                assert_eq!(other.status, 403, "{what}, from another site");
            }
        }
    }
    assert!(left.is_empty(), "lines of the table without a route: {left:?}");
    let log = audit(center);
    assert!(log.contains("\"event\":\"page_refused\",\"actor\":\"auditor.t-1\""), "{log}");
    for cookie in users.cookies.values() {
        assert_eq!(ask(center, "POST", "/logout", cookie).header("location"), "/login");
        assert_eq!(get(center, cookie, "/").header("location"), "/login");
    }
}

#[test]
fn t68_an_engineer_reads_what_came_for_a_case_of_theirs() {
    let center = &Center::start("own");
    let (bundle, _) = take(center, PLAIN);
    let (path, password) = (format!("/bundles/{bundle}"), center.user_as("li.wei", "t-1", "engineer"));
    let cookie = log_in(center, "li.wei", &password);
    let list = get(center, &cookie, "/").body;
    assert!(list.contains(&path) && !list.contains("class=\"tag high\""), "what was found inside is not told: {list}");
    for path in [&path, &format!("{path}/operations"), &format!("{path}/files/README.txt")] {
        assert_eq!(get(center, &cookie, path).status, 403, "{path}");
    }
    assert!(audit(center).contains("\"event\":\"open_refused\",\"actor\":\"li.wei\""));
    let until = "4000000000";
    center.change(&format!(
        "INSERT INTO grants (tenant, bundle, reader, granted_by, created, until) VALUES ('t-1', '{bundle}', 'li.wei', 'admin', 1, {until})"
    ));
    assert_eq!(get(center, &cookie, &path).status, 200);
    assert!(get(center, &cookie, "/").body.contains("class=\"tag high\""));
    center.change("UPDATE grants SET until = 1");
    assert_eq!(get(center, &cookie, &path).status, 403);
}
