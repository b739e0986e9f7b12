//! In which language a page is made, and where its switch leads. In: a request's address and headers. Out: a [`View`].
//! `?lang=` wins over the cookie, the cookie over what the browser says it likes.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use oediag_analysis::Lang;

/// Name of the cookie that keeps the choice.
const COOKIE: &str = "lang";

/// How one page is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Its language.
    pub(super) lang: Lang,
    /// Whether the request chose it: then the cookie is set.
    chosen: bool,
    /// The page's own address, up to where `lang=` can be added.
    pub(super) here: String,
}

impl View {
    /// What a request wants.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let pairs = || uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let chosen = pairs().find_map(|pair| lang(pair.strip_prefix("lang=")?));
        let kept = || cookie(headers, COOKIE).and_then(lang);
        let liked = || liked(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
        let mut here = format!("{}?", uri.path());
        for pair in pairs().filter(|pair| !pair.starts_with("lang=")) {
            here.extend([pair, "&"]);
        }
        Self { lang: chosen.or_else(kept).or_else(liked).unwrap_or_default(), chosen: chosen.is_some(), here }
    }

    /// The cookie that keeps a choice for a year.
    pub(super) fn cookie(&self, tls: bool) -> Option<HeaderValue> {
        let secure = if tls { "; Secure" } else { "" };
        let text = format!("{COOKIE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}", self.lang.pick("en", "zh"));
        if self.chosen { HeaderValue::from_str(&text).ok() } else { None }
    }
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The language of a tag such as `zh-CN`.
fn lang(tag: &str) -> Option<Lang> {
    match tag.trim().split('-').next()? {
        "en" => Some(Lang::En),
        "zh" => Some(Lang::Zh),
        _ => None,
    }
}

/// The best of `zh-CN,zh;q=0.9,en;q=0.8` that is ours.
fn liked(list: &str) -> Option<Lang> {
    let mut best: Option<(f32, Lang)> = None;
    for part in list.split(',') {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let (Some(lang), Ok(weight)) = (lang(tag), weight.trim().parse::<f32>()) else { continue };
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(uri: &str, headers: &[(&'static str, &'static str)]) -> View {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect();
        View::of(&uri.parse().expect("an address"), &headers)
    }

    #[test]
    fn the_nearest_wish_wins() {
        let like = ("accept-language", "fr, en;q=0.3, zh-CN;q=0.8");
        assert_eq!(view("/", &[]).lang, Lang::En);
        assert_eq!(view("/", &[like]).lang, Lang::Zh);
        assert_eq!(view("/", &[like, ("cookie", "a=b; lang=en")]).lang, Lang::En);
        let chosen = view("/b?from=3&lang=zh&lang=en", &[("cookie", "lang=en")]);
        assert_eq!((chosen.lang, chosen.here.as_str()), (Lang::Zh, "/b?from=3&"));
        assert!(chosen.cookie(true).is_some_and(|cookie| cookie.as_bytes().ends_with(b"SameSite=Lax; Secure")));
        assert_eq!(view("/?lang=fr", &[]).cookie(false), None);
        assert_eq!(view("/", &[("accept-language", "zh;q=0, en;q=x")]).lang, Lang::En);
    }
}
