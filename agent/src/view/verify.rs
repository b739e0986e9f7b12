//! What verification found: every check on its own line, then the verdict.

use oediag_protocol::bundle::verify::{CheckName, Report};

use super::Page;
use crate::{
    term::{self, Tone},
    text,
    texts::Texts,
};

/// The checks and, for a good bundle, who signed it. A bad verdict is the failure the command ends with.
pub fn lines(report: &Report, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let rows: Vec<_> = report
        .checks
        .iter()
        .map(|check| {
            let (word, tone) =
                if check.ok { (text!(texts, "verify-pass"), Tone::Good) } else { (text!(texts, "verify-fail"), Tone::Bad) };
            vec![term::cell(word).tone(tone), term::cell(name(check.name, texts)), term::cell(&check.detail)]
        })
        .collect();
    let mut lines = term::table(&rows, page.columns, page.paint);
    if report.ok {
        let host = report.host_id.map(|host| host.to_string()).unwrap_or_default();
        let bundle = report.bundle_id.map(|bundle| bundle.to_string()).unwrap_or_default();
        lines.push(page.paint.tone(Tone::Good, &text!(texts, "verify-good")));
        lines.push(text!(texts, "verify-signer", host = host));
        lines.push(text!(texts, "verify-bundle", bundle = bundle, count = report.items, size = term::bytes(report.bytes)));
        if !report.complete {
            lines.push(page.paint.tone(Tone::Warn, &text!(texts, "verify-incomplete")));
        }
    }
    lines
}

fn name(check: CheckName, texts: &Texts) -> String {
    texts.named(match check {
        CheckName::DetachedSignature => "check-detached-signature",
        CheckName::Profile => "check-profile",
        CheckName::Manifest => "check-manifest",
        CheckName::Name => "check-name",
        CheckName::InnerSignature => "check-inner-signature",
        CheckName::Sums => "check-sums",
        CheckName::Members => "check-members",
        CheckName::BundleJson => "check-bundle-json",
    })
}
