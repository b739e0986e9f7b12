//! Writes the first inputs of every fuzz target. In: a folder; the test data of this repository. Out: `FOLDER/TARGET/NAME` each.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use oediag_fuzz::{archive, members, samples};
use oediag_protocol::sshsig::{Namespace, allowed_line};

/// So much of a long file: a fuzzer is fast with small inputs, and finds the length by itself.
const MOST: usize = 4 << 10;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or(io::ErrorKind::InvalidInput)?);
    for (target, seeds) in [
        ("bundle", vec![samples::tar()]),
        ("gzip", gzip()),
        ("http_signature", vec![samples::signed_request()]),
        ("json", samples::documents()),
        ("plots", plots()),
        ("redact", redact()?),
        ("redact_address", labelled(|text| choices(text, 6))?),
        ("redact_decode", labelled(|text| choices(text, 8))?),
        ("redact_document", labelled(|text| choices(text, 4))?),
        (
            "redact_journal",
            labelled(|text| {
                vec![with(&[40, 200], text.as_bytes()), with(&[40, 0], text.as_bytes()), with(&[41], text.as_bytes())]
            })?,
        ),
        ("sealed", vec![samples::sealed()]),
        ("sshsig", sshsig()),
        ("tap", tap()),
        ("tus", tus()),
    ] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

fn gzip() -> Vec<Vec<u8>> {
    let member = archive::packed(&samples::tar());
    // Behind the header: a raw deflate stream with something after it. The second has a dictionary of its own.
    let dynamic = [0x05, 0xc1, 0x81, 0x08, 0, 0, 0, 0, 0x20, 0x7f, 0xeb, 0x0b, 0, 0];
    vec![member[10..].to_vec(), member, dynamic.to_vec()]
}

fn plots() -> Vec<Vec<u8>> {
    let columns = [
        "cpu,user,nice,system,idle,iowait,irq,softirq,steal\n2026-11-23T05:00:01Z,all,2.5,0.0,5.0,50.0,3.5,0.0,0.5,0.0\n",
        "load1,load5,load15,running,threads\n2026-11-23T05:00:01Z,0.1,0.2,0.3,1,200\n",
        "total_kb,free_kb,available_kb,buffers_kb,cached_kb\n2026-11-23T05:00:01Z,8000,100,4000,10,20\n",
        "runnable,blocked,ctxt_s,intr_s,pswpin_s,pswpout_s\n2026-11-23T05:00:01Z,1,0,5000.0,900.0,0.0,0.0\n",
        "resource,kind,avg10,avg60,avg300\n2026-11-23T05:00:01Z,cpu,some,0.1,0.2,0.3\n",
        "disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue\n2026-11-23T05:00:01Z,sda,1.0,2.0,3.0,16.0,4.0,9.0,0.1\n",
        "interface,rx_bytes_s,tx_bytes_s,rx_errs_s,rx_drops_s,tx_errs_s,tx_drops_s\n2026-11-23T05:00:01Z,eth0,1.0,2.0,0.0,1.0,0.0,0.0\n",
        "rank_by,pid,comm,cpu_pct,rss_kb\n2026-11-23T05:00:01Z,cpu,1,systemd,3.0,900\n",
    ];
    let alerts = "{\"schema\":\"oediag.alerts/1\",\"alerts\":[{\"kind\":\"oom_kill\",\"severity\":\"high\",\
        \"first\":\"2026-11-23T05:00:00+08:00\",\"last\":null,\"count\":1,\"evidence\":[],\
        \"summary\":{\"en\":\"a\",\"zh\":\"b\"},\"advice\":{\"en\":\"c\",\"zh\":\"d\"}}]}";
    let members = columns.iter().zip(0_u8..).map(|(csv, member)| with(&[member], format!("time,{csv}").as_bytes()));
    members.chain([with(&[0], alerts.as_bytes())]).collect()
}

fn redact() -> io::Result<Vec<Vec<u8>>> {
    let data = repository().join("collector/tests/data/redact");
    let cases = fs::read(data.join("cases.jsonl"))?;
    let mut seeds: Vec<Vec<u8>> = cases.chunks(MOST).map(|text| with(&[0, 0, 9], text)).collect();
    for root in roots() {
        for (path, choice) in members::REDACTED.iter().zip(0_u8..) {
            // Not every host has every file.
            seeds.extend(start(&root.join(&path[1..])).map(|text| with(&[choice, 1, 99], &text)));
        }
    }
    Ok(seeds)
}

/// The texts of the labelled cases, each in so many ways.
fn labelled(ways: impl Fn(&str) -> Vec<Vec<u8>>) -> io::Result<Vec<Vec<u8>>> {
    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
    }
    let cases = fs::read_to_string(repository().join("collector/tests/data/redact/cases.jsonl"))?;
    let texts = cases.lines().filter_map(|line| serde_json::from_str::<Case>(line).ok());
    Ok(texts.flat_map(|case| ways(&case.text)).collect())
}

/// The text behind bytes that choose a way, of the first so many, and a size of chunks.
fn choices(text: &str, most: u8) -> Vec<Vec<u8>> {
    let choice = (text.len() % usize::from(most)) as u8;
    vec![with(&[choice, 40], text.as_bytes())]
}

fn sshsig() -> Vec<Vec<u8>> {
    let key = samples::signer();
    vec![
        key.sign(Namespace::File, b"a message").expect("signing").into_bytes(),
        key.to_openssh().expect("a key").as_bytes().to_vec(),
        key.public().to_string().into_bytes(),
        allowed_line("h-1", Namespace::HOST, &key.public()).into_bytes(),
    ]
}

fn tap() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for root in roots() {
        for (path, choice) in members::READ.iter().zip(0_u8..) {
            seeds.extend(start(&root.join(path)).map(|text| with(&[choice, 99], &text)));
        }
    }
    // Each log in the place of each other one: most lines are known to more than one reader.
    let logs: Vec<_> = seeds.iter().filter(|seed| seed[0] == 0).map(|seed| seed[2..].to_vec()).collect();
    seeds.extend(logs.iter().flat_map(|log| (0_u8..).take(members::READ.len()).map(|choice| with(&[choice, 50], log))));
    seeds
}

fn tus() -> Vec<Vec<u8>> {
    ["filename YS50YXI=,empty,receipt ci0wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==", "9223372036854775807", "a,b ,c YQ=="]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([b"sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_vec()])
        .collect()
}

fn with(choice: &[u8], content: &[u8]) -> Vec<u8> {
    [choice, content].concat()
}

fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn roots() -> [PathBuf; 2] {
    ["openeuler-20.03-sp4-x86_64", "openeuler-22.03-sp3-aarch64"].map(|root| repository().join("tests/roots").join(root))
}

/// The start of a file, when there is one.
fn start(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok().map(|mut bytes| {
        bytes.truncate(MOST);
        bytes
    })
}
