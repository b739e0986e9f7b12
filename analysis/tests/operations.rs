//! Operation records on the two fixture hosts.
use flate2::read::GzDecoder;
use oediag_analysis::{Conclusion, Context, conclude, tap};
use std::io::Read as _;

fn members(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for archive in ["root.tar.gz", "operations.tar.gz"] {
        let path = format!("{}/tests/data/{name}/{archive}", env!("CARGO_MANIFEST_DIR"));
        let packed = std::fs::read(path).expect("a file of the test data");
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        for entry in archive.entries().expect("a tar archive") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_str().expect("UTF-8").to_owned();
            let mut bytes = Vec::new();
            if path.ends_with(".gz") {
                GzDecoder::new(entry).read_to_end(&mut bytes).expect("a rotated log");
            } else {
                entry.read_to_end(&mut bytes).expect("a member");
            }
            all.push((path, bytes));
        }
    }
    all
}

#[test]
#[expect(clippy::print_stdout, reason = "x")]
fn dump() {
    for name in ["2003", "2203"] {
        let context = Context {
            latest: if name == "2003" { "2025-11-12T18:30:05+08:00" } else { "2026-01-02T09:45:30+08:00" }.parse().expect("t"),
            zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
            booted: Some(
                if name == "2003" { "2025-11-10T02:14:33+08:00" } else { "2025-12-30T06:02:11+08:00" }.parse().expect("t"),
            ),
        };
        let findings = members(name)
            .iter()
            .filter_map(|(path, bytes)| {
                let mut tap = tap(path, &context)?;
                tap.feed(bytes);
                Some(tap.finish())
            })
            .collect();
        let c: Conclusion = conclude(findings);
        for o in c.operations {
            println!(
                "{name} {} x{} {} who={} from={} as={} {:?} {:?} {}",
                o.time.unwrap_or_default(),
                o.count,
                o.kind.word(),
                o.who.unwrap_or_default(),
                o.from.unwrap_or_default(),
                o.run_as.unwrap_or_default(),
                o.what,
                o.result,
                o.evidence.iter().map(|e| format!("{}:{}-{}", e.path, e.line, e.end)).collect::<Vec<_>>().join(" ")
            );
        }
    }
}
