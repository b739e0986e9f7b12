//! The leak gate in whole runs: it finds nothing on the fixture hosts and leaves nothing out, and `verify --redaction` agrees.

use oediag_tests::{HOSTS, collect_fixture, run};
use serde_json::Value;

#[test]
fn t12_the_fixture_hosts_pass_the_gate() {
    for host in HOSTS {
        let run_of = collect_fixture(&format!("leak-{host}"), host);
        let manifest = run_of.manifest();
        assert_eq!(manifest["redaction"]["leaks"], Value::Null, "{host}");
        let items = manifest["items"].as_array().expect("items");
        let held: Vec<_> = items.iter().filter(|item| item["reason"] == "leak" || !item["leaks"].is_null()).collect();
        assert!(held.is_empty(), "{host}: {held:#?}");
        let bundle = run_of.bundle();
        let checked = run(&run_of.state, &["verify", "--redaction", "--json", bundle.to_str().expect("UTF-8")]);
        let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
        assert_eq!(
            (checked.status.code(), &found["ok"], &found["map"]),
            (Some(0), &Value::Bool(true), &Value::Bool(true)),
            "{host}: {found:#}"
        );
    }
}
