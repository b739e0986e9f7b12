//! What stands before a consent: a bundle in which something is left is not released, by nobody. In: a rule of redaction that came
//! after the collecting. Out: verdicts.

use super::*;

/// A rule of the customer's own.
fn forbid(broker: &Broker, words: &str) -> PathBuf {
    let folder = broker.host.state().join("etc/redact.d");
    fs::create_dir_all(&folder).expect("the folder can be made");
    let path = folder.join("site.toml");
    fs::write(&path, format!("keywords = [\"{words}\"]\n")).expect("it can be written");
    path
}

#[test]
fn a_bundle_with_something_left_in_it_is_not_shown_for_release() {
    let broker = Broker::new("broker-gate");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let rule = forbid(&broker, "smmu.bypassdev");
    broker.refuses(&Ask::Preview { id, lang: Lang::En, columns: 80 }, "leaks");
    assert_eq!(broker.state(id), State::Preview);
    // Without what holds it the bundle may leave.
    broker.done(&Ask::Without { id, names: vec!["kernel.cmdline".to_owned(), "logs.messages".to_owned()] });
    broker.preview(id);
    fs::remove_file(rule).expect("it can be removed");
    broker.released(id);
}

#[test]
fn a_rule_that_agrees_does_not_pass_by_the_gate() {
    let broker = Broker::slow("broker-gate-rule");
    let until = &Time(now().0 + 30 * 86_400).to_string()[..10];
    let policy = format!(
        "[[auto]]\nname = \"p2\"\nseverity = [\"P2\"]\nlevel = \"basic\"\npresets = []\n\
         sources = [\"kernel.cmdline\", \"logs.messages\"]\nmax_bytes = \"256M\"\nper_day = 9\n\
         collect = \"approve\"\nrelease = \"approve\"\nvalid_until = \"{until}\"\n"
    );
    fs::write(broker.host.state().join("etc/policy.toml"), policy).expect("it can be written");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    let folder = broker.host.state().join("requests").join(id.to_string());
    let begun = Instant::now();
    // Once there is a file, the rules of this run are read.
    while fs::read_dir(folder.join("bundles")).is_ok_and(|mut found| found.next().is_none()) || !folder.join("bundles").exists() {
        assert!(begun.elapsed() < LONG, "{}", broker.log());
        thread::sleep(Duration::from_millis(5));
    }
    forbid(&broker, "took 17 ms");
    let tried =
        || fs::read_to_string(folder.join("state.json")).unwrap_or_default().replace(' ', "").contains("\"release\":false");
    while !tried() {
        assert!(begun.elapsed() < LONG, "{}", broker.log());
        thread::sleep(Duration::from_millis(20));
    }
    // Now a person decides.
    assert_eq!(broker.state(id), State::Preview);
    assert_eq!(broker.count(Event::Released), 0);
    broker.refuses(&Ask::Preview { id, lang: Lang::En, columns: 80 }, "leaks");
}
