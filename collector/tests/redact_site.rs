//! The customer's own words, keys and patterns in the engine: they add to the built-in rules, in every encoding and path,
//! and take nothing from them.

use oediag_collector::redact::{Counts, Harvest, Key, Level, Redactor, Scratch, SiteRules};

const RULES: &str = r#"
keywords = ["Project Falcon", "云河银行", "token"]
keys = ["unlock_word", "登录暗号", "pass"]
[[pattern]]
name = "contract"
regex = 'HT-\d{4}-\d{6}'
examples = ["HT-2024-001234"]
counter_examples = ["HT-2024-12"]
[[pattern]]
name = "badge"
regex = '(?i)badge [a-z]{2}\d{4}'
secret = true
examples = ["badge qx1234"]
counter_examples = ["badge 12"]
[[pattern]]
name = "hides-nothing"
regex = 'password = [0-9]{40}'
examples = ["password = 0123456789012345678901234567890123456789"]
counter_examples = ["password = 1"]
"#;

fn with(rules: &str, bundle: [u8; 16]) -> Redactor {
    let mut site = SiteRules::default();
    site.add(rules).expect("the rules are right");
    let harvest = Harvest { rules: site, ..Harvest::default() };
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &bundle), Level::Standard).expect("it starts")
}

fn redact(redactor: &Redactor, text: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text, b"/var/log/any").with_chunk_size(size) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    out
}

fn line(redactor: &Redactor, text: &str) -> String {
    String::from_utf8(redact(redactor, text.as_bytes(), 1 << 20)).expect("still UTF-8")
}

#[test]
fn words_keys_and_patterns_go() {
    let redactor = with(RULES, [2; 16]);
    for (text, goes, kind) in [
        ("build of Project Falcon done", "Project Falcon", "OEr-keyword-"),
        ("build of PROJECT FALCON_db done", "PROJECT FALCON", "OEr-keyword-"),
        ("客户云河银行的主机", "云河银行", "OEr-keyword-"),
        ("unlock_word=Qz81kkPq rest", "Qz81kkPq", "OEr-site-secret-"),
        ("\"unlock_word\": \"Qz81 kkPq\",", "Qz81 kkPq", "OEr-site-secret-"),
        ("- name: UNLOCK_WORD\n  value: Qz81kkPq\n", "Qz81kkPq", "OEr-site-secret-"),
        ("登录暗号：Qz81kkPq，勿外传", "Qz81kkPq", "OEr-site-secret-"),
        ("\"登录暗号\":\"Qz81kkPq\"", "Qz81kkPq", "OEr-site-secret-"),
        ("see HT-2024-001234, please", "HT-2024-001234", "OEr-keyword-"),
        ("BADGE QX1234 at the door", "QX1234", "OEr-site-secret-"),
        // Built-in rules whose literals are also the customer's still find what they find.
        ("password = Tg7mQ2vLx81", "Tg7mQ2vLx81", "OEr-password-kv-"),
        ("token=Tg7mQ2vLx81zz99", "Tg7mQ2vLx81zz99", "OEr-"),
    ] {
        let out = line(&redactor, text);
        assert!(!out.contains(goes) && out.contains(kind), "{text:?} became {out:?}");
        assert_eq!(line(&redactor, &out), out, "it is done once");
    }
    for text in ["Project Falconry", "xHT-2024-001234", "HT-2024-0012345", "unlock_words are fine", "登录暗号错误", "badge 77"]
    {
        assert_eq!(line(&redactor, text), text);
    }
}

#[test]
fn encodings_paths_and_arguments_are_covered() {
    let redactor = with(RULES, [2; 16]);
    let utf8 = line(&redactor, "云河银行\n");
    let gb: &[u8] = b"\xbf\xcd\xbb\xa7\xd4\xc6\xba\xd3\xd2\xf8\xd0\xd0\xb5\xc4\xb5\xc7\xc2\xbc\xb0\xb5\xba\xc5\xa3\xbaQz81kkPq \xb2\xbb\xd2\xaa\xcd\xe2\xb4\xab\n";
    let out = redact(&redactor, gb, 1 << 20);
    let token = utf8.trim_end().as_bytes();
    assert!(out.windows(token.len()).any(|w| w == token), "one word, one stand-in in every encoding");
    assert!(!out.windows(8).any(|w| w == b"Qz81kkPq") && out.starts_with(b"\xbf\xcd\xbb\xa7OEr-keyword-"));
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("Project Falcon\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let out = redact(&redactor, &wide, 1 << 20);
    let units: Vec<u16> = out.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
    assert!(String::from_utf16_lossy(&units).contains("OEr-keyword-"));
    let mut counts = Counts::default();
    let path = String::from_utf8(redactor.path(b"/srv/project falcon/HT-2024-001234.log", &mut counts)).expect("UTF-8");
    assert!(!path.to_lowercase().contains("falcon") && !path.contains("001234"), "{path}");
    let argv = redactor.argv(&[b"deploy", b"--unlock_word", b"Qz81kkPq"], &mut counts);
    assert!(!argv.iter().any(|a| a.as_str().contains("Qz81")), "{argv:?}");
    assert_eq!(counts.iter().map(|(kind, _)| kind).collect::<Vec<_>>(), ["site_secret", "keyword"]);
}

#[test]
fn any_chunking_gives_the_same_bytes() {
    let redactor = with(RULES, [2; 16]);
    let text = "a Project Falcon b HT-2024-001234 登录暗号：Qz81kkPq\nbadge qx1234\n".repeat(400);
    let whole = redact(&redactor, text.as_bytes(), 1 << 20);
    for size in [64, 1000, 4096, 65_536] {
        assert_eq!(redact(&redactor, text.as_bytes(), size), whole, "{size}");
    }
    assert_eq!(memchr::memchr_iter(b'\n', &whole).count(), 800);
}

#[test]
fn hostile_rules_and_texts_end() {
    let rules = "keywords = [\"aaa\", \"人人\"]\n[[pattern]]\nname = \"slow\"\nregex = 'aaa(a|b)*[0-9]{3}c'\nexamples = [\"aaab123c\"]\ncounter_examples = [\"aaa\"]\n";
    let redactor = with(rules, [2; 16]);
    for text in ["a".repeat(300_000), "人".repeat(100_000), "aaa ".repeat(100_000)] {
        let out = line(&redactor, &text);
        assert!(!out.is_empty());
    }
}

#[test]
fn the_ruleset_is_named_by_a_digest_that_only_the_key_can_make() {
    let plain = Redactor::new(&Harvest::default(), &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("it starts");
    let (one, other) = (with(RULES, [2; 16]), with(RULES, [3; 16]));
    assert_eq!(plain.ruleset().0, "default-1");
    assert_eq!(one.ruleset().0, "default-1+site");
    assert_eq!(one.ruleset(), with(RULES, [2; 16]).ruleset());
    assert_ne!(one.ruleset().1, other.ruleset().1);
    assert_ne!(one.ruleset().1, with("keywords = [\"another\"]", [2; 16]).ruleset().1);
}

#[test]
fn a_review_shows_what_the_engine_replaces() {
    let redactor = with(RULES, [2; 16]);
    let text = "one\ntwo 云河银行 password = Tg7mQ2vLx81\n".to_owned() + &"x\n".repeat(50) + "three badge qx1234 end\n";
    for size in [16, 1 << 20] {
        let (mut lines, mut seen) = (0, Vec::new());
        let mut scratch = Scratch::default();
        for raw in redactor.reader(text.as_bytes(), b"/any").with_chunk_size(size) {
            let review = redactor.review(raw.expect("text"), &mut scratch);
            seen.extend(review.found.into_iter().map(|f| (lines + f.line + 1, f)));
            lines += review.lines;
        }
        let told: Vec<_> = seen.iter().map(|(line, f)| (*line, f.kind, String::from_utf8_lossy(&f.value).into_owned())).collect();
        assert_eq!(
            told,
            [
                (2, "keyword", "云河银行".to_owned()),
                (2, "password_kv", "Tg7mQ2vLx81".into()),
                (53, "site_secret", "badge qx1234".into())
            ]
        );
        let clean = line(&redactor, &text);
        for (_, found) in &seen {
            let line = [found.before.as_slice(), &found.stand_in, &found.after].concat();
            assert!(clean.contains(std::str::from_utf8(&line).expect("UTF-8")), "{line:?} is a piece of the clean text");
        }
        assert_eq!(seen[0].1.before, b"two ");
        assert!(!format!("{seen:?}").contains("Tg7m"), "values are not printed by accident");
        assert_eq!(lines, 53);
    }
}
