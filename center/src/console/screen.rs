//! What a customer's terminal will show of a request (`oediag requests show`): the same labels and values in the same order.
//!
//! In: a request, the host's catalogue, a language. Out: lines of a label and a value. The words are the agent's own message files,
//! compiled in, so that they cannot drift; that order and values are the agent's, tests on both sides compare with the same files
//! (`agent/tests/data/request-screen`). What only the host knows then (id, state, time left, its policy) is not here.
//! Never: words of its own.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use oediag_analysis::Lang;
use oediag_protocol::{
    catalogue::Offer,
    consent::Level,
    request::{
        paper::{Ask, Deliver, Person, Redaction, Request, Role, Source},
        value::Value,
    },
};
use unic_langid::LanguageIdentifier;

/// Where only the host knows a number.
const UNKNOWN: &str = "…";

type Words = FluentBundle<FluentResource>;

static EN: LazyLock<Words> = LazyLock::new(|| words("en", include_str!("../../../agent/i18n/en/oediag.ftl")));
static ZH: LazyLock<Words> = LazyLock::new(|| words("zh-CN", include_str!("../../../agent/i18n/zh-CN/oediag.ftl")));

fn words(language: &str, file: &str) -> Words {
    // Both are names of languages: the tests ask for a plural of each.
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut words = Words::new_concurrent(vec![language]);
    words.set_use_isolating(false);
    // What of a file can be read counts; the agent's tests read all of it.
    let file = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(file, _)| file);
    words.add_resource_overriding(file);
    words
}

/// The agent's words of one language.
struct Agent {
    lang: Lang,
    words: &'static Words,
}

impl Agent {
    fn say(&self, id: &str, values: &FluentArgs<'_>) -> String {
        let pattern = self.words.get_message(id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return id.to_owned() };
        self.words.format_pattern(pattern, Some(values), &mut Vec::new()).into_owned()
    }

    fn named(&self, id: &str) -> String {
        self.say(id, &FluentArgs::new())
    }

    fn joined(&self, parts: &[String]) -> String {
        parts.join(self.lang.pick(", ", "，"))
    }

    fn person(&self, person: &Person) -> String {
        let role = match person.role {
            Role::Engineer => "role-engineer",
            Role::Lead => "role-lead",
        };
        self.joined(&[format!("{} ({})", person.name, person.id), self.named(role), person.auth.to_string()])
    }
}

/// What the terminal shows of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Screen {
    /// Labels and values.
    pub(super) facts: Vec<(String, String)>,
    /// What the preset is; empty without one.
    pub(super) preset: String,
    /// Heads of the list of sources.
    pub(super) heads: [String; 3],
    /// Sources with their parameters, and what they are in the host's own words.
    pub(super) sources: Vec<[String; 3]>,
}

/// The screen of a request, as a host with this catalogue will show it.
pub(super) fn screen(request: &Request, offer: Option<&Offer>, lang: Lang) -> Screen {
    let agent = Agent { lang, words: lang.pick(&EN, &ZH) };
    let preset = request.scope.preset.as_ref().map(|preset| {
        let mut values = FluentArgs::new();
        values.set("preset", preset.as_str());
        values.set("words", agent.named(&format!("preset-{preset}")));
        values.set("count", UNKNOWN);
        agent.say("request-preset", &values)
    });
    let source = |source: &Source| {
        let params: Vec<String> = source.params.iter().map(|(name, given)| format!("{name}={}", value(given))).collect();
        let offered = offer.and_then(|offer| offer.sources.iter().find(|one| one.id == source.id));
        let what = offered.map(|one| lang.pick(&one.words.en, &one.words.zh_cn).to_string());
        [source.id.to_string(), params.join(" "), what.unwrap_or_default()]
    };
    Screen {
        facts: facts(request, &agent),
        preset: preset.unwrap_or_default(),
        heads: ["table-id", "table-params", "table-what"].map(|head| agent.named(head)),
        sources: request.scope.sources.iter().map(source).collect(),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Span(span) => span.to_string(),
        Value::Moment(time) => time.to_string(),
        Value::Word(word) => word.to_string(),
    }
}

fn facts(request: &Request, agent: &Agent) -> Vec<(String, String)> {
    let scope = &request.scope;
    let wanted = match (scope.ask, &scope.held) {
        (Ask::Bundle, _) => agent.named("request-wants-bundle"),
        (Ask::Index, _) => agent.named("request-wants-index"),
        (Ask::Items, held) => {
            let mut values = FluentArgs::new();
            values.set("count", held.as_ref().map_or(0, |held| held.items.len()));
            values.set("bundle", held.as_ref().map(|held| held.bundle_id.short()).unwrap_or_default());
            agent.say("request-wants-items", &values)
        }
    };
    let level = match scope.level {
        Level::Basic => "level-basic",
        Level::Extended => "level-extended",
    };
    let redaction = match request.redaction_min {
        Redaction::Reduced => "reduced",
        Redaction::Standard => "standard",
        Redaction::Strict => "strict",
    };
    let deliver = match request.deliver {
        Deliver::Upload => "request-delivers-upload",
        Deliver::Carry => "request-delivers-carry",
    };
    let purpose = agent.named(&format!("purpose-{}", request.purpose));
    let purpose = if purpose.starts_with("purpose-") { request.purpose.to_string() } else { purpose };
    let recipient = [&request.recipient.name, &request.recipient.country].into_iter().chain(&request.recipient.processors);
    let recipient: Vec<String> = recipient.map(ToString::to_string).collect();
    let (mut days, mut most) = (FluentArgs::new(), FluentArgs::new());
    days.set("count", request.retention_days);
    most.set("size", bytes(request.max_bytes));
    most.set("seconds", request.max_seconds);
    let mut facts = vec![
        ("request-case", format!("{}  {:?}", request.case, request.severity)),
        ("request-by", agent.person(&request.requested_by)),
    ];
    facts.extend(request.approved_by.iter().map(|lead| ("request-lead", agent.person(lead))));
    facts.extend([
        ("request-wants", wanted),
        ("request-level", agent.named(level)),
        ("request-purpose", purpose),
        ("request-recipient", agent.joined(&recipient)),
        ("request-keep", agent.say("span-days", &days)),
        ("request-redaction", redaction.to_owned()),
        ("request-most", agent.say("request-most-are", &most)),
        ("request-delivers", agent.named(deliver)),
        ("request-expires", request.expires.to_string()),
        ("request-reason-zh", request.reason.zh_cn.to_string()),
        ("request-reason-en", request.reason.en.to_string()),
    ]);
    facts.into_iter().map(|(label, value)| (agent.named(label), value)).collect()
}

/// A size as the agent writes sizes.
fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" || value >= 10.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use oediag_protocol::document;

    use super::*;

    /// The agent's own test compares what it shows with the same files.
    #[test]
    fn a_request_is_shown_as_the_host_shows_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/tests/data/request-screen");
        for name in ["extended", "items"] {
            let paper = fs::read(folder.join(format!("{name}.json"))).expect("a request");
            let request: Request = document::parse(paper.trim_ascii_end()).expect("a request");
            for (lang, file) in [(Lang::En, "en"), (Lang::Zh, "zh-CN")] {
                let expected = fs::read_to_string(folder.join(format!("{name}.{file}.txt"))).expect("its screen");
                let lines: Vec<String> = facts(&request, &Agent { lang, words: lang.pick(&EN, &ZH) })
                    .into_iter()
                    .map(|(label, value)| format!("{label}\t{value}\n"))
                    .collect();
                assert_eq!(lines.concat(), expected, "{name} {file}");
            }
        }
    }

    #[test]
    fn every_word_that_it_names_is_the_agents() {
        let source = include_str!("screen.rs");
        let starts = ["\"request-", "\"role-", "\"level-", "\"table-", "\"span-"];
        for id in starts.iter().flat_map(|start| source.split(start).skip(1).map(move |rest| (start, rest))) {
            let (start, rest) = id;
            let id = format!("{}{}", &start[1..], rest.split('"').next().unwrap_or_default());
            if id.ends_with('-') || id.contains('/') || id.contains(',') || id == "request-screen" {
                continue;
            }
            assert!(EN.has_message(&id) && ZH.has_message(&id), "{id}");
        }
    }
}
