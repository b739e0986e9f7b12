//! Addresses of services that hold secrets.

use super::{Rule, Verify, rule};
use crate::redact::kinds::Kind;

pub(super) const ROWS: &[Rule] = &[
    // Addresses of services. Those of mail are found by their sign, which is too short for a literal.
    rule("://", Kind::UrlUserinfo, Verify::Userinfo),
    rule("@tcp(", Kind::UrlUserinfo, Verify::DsnLeft),
    // Addresses that are secrets.
    rule("hooks.slack.com/services/", Kind::Webhook, Verify::Direct),
    rule("hooks.slack.com/workflows/", Kind::Webhook, Verify::Direct),
    rule("/bot/v2/hook/", Kind::Webhook, Verify::Direct),
    rule("open-apis/bot/hook/", Kind::Webhook, Verify::Direct),
    rule("/api/webhooks/", Kind::Webhook, Verify::Direct),
    rule("/webhookb2/", Kind::Webhook, Verify::Direct),
    rule("api.telegram.org/bot", Kind::Webhook, Verify::Direct),
    rule("hooks.zapier.com/hooks/catch/", Kind::Webhook, Verify::Direct),
    rule("maker.ifttt.com/trigger/", Kind::Webhook, Verify::Direct),
    rule("/robot/send?access_token=", Kind::Webhook, Verify::Direct),
    rule("sctapi.ftqq.com/", Kind::Webhook, Verify::Direct),
    rule("api.day.app/", Kind::Webhook, Verify::Direct),
    rule("/webhook/send?key=", Kind::Webhook, Verify::Direct),
    // The slashes of PHP's JSON.
    rule(":\\/\\/", Kind::UrlUserinfo, Verify::Userinfo),
    // Addresses in addresses.
    rule("%3a%2f%2f", Kind::UrlEncoded, Verify::PercentUserinfo),
    rule("%253a%252f%252f", Kind::UrlEncoded, Verify::PercentUserinfo),
];
