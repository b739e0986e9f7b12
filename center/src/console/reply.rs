//! Pages as replies, and what stands in place of one. In: a template's name and values. Out: HTML, a redirect, an error page.

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::{Environment, UndefinedBehavior, Value};
use tracing::error;

use super::Console;
use crate::{
    clock,
    ingest::OpenError,
    store::StoreError,
    users::session::{self, Session},
    vault::{Closed, VaultError},
};

/// All templates; names that end in `.html` escape every value.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut all = Environment::new();
    all.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in [
        ("layout.html", include_str!("../../pages/layout.html")),
        ("login.html", include_str!("../../pages/login.html")),
        ("bundles.html", include_str!("../../pages/bundles.html")),
        ("bundle.html", include_str!("../../pages/bundle.html")),
        ("file.html", include_str!("../../pages/file.html")),
        ("error.html", include_str!("../../pages/error.html")),
    ] {
        // A test renders every page; one that is broken is then missing, and said to be.
        if let Err(error) = all.add_template(name, text) {
            error!(%error, "a template is broken");
        }
    }
    all
});

/// Why there is no page.
#[derive(Debug)]
pub(super) enum NoPage {
    LogIn,
    NotFound,
    /// A form that did not come from a page of ours.
    Forged,
    /// Nothing of the bundle can be shown yet.
    Checking,
    /// The bundle may not be read.
    Closed(Closed),
    Fault,
}

impl From<VaultError> for NoPage {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Closed(closed) => Self::Closed(closed),
            error => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                error!(%error, source, "a bundle could not be opened");
                Self::Fault
            }
        }
    }
}

macro_rules! fault {
    ($($error:ty),*) => {$(
        impl From<$error> for NoPage {
            fn from(error: $error) -> Self {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                error!(%error, source, "a page failed");
                Self::Fault
            }
        }
    )*};
}
fault!(StoreError, OpenError, minijinja::Error, tokio::task::JoinError, axum::http::header::InvalidHeaderValue);

impl IntoResponse for NoPage {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::LogIn => return Redirect::to("/login").into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is nothing here that you may see."),
            Self::Forged => (StatusCode::FORBIDDEN, "This form is too old, or not ours. Load the page again."),
            Self::Checking => (StatusCode::OK, "This bundle is being checked. Load the page again in a moment."),
            Self::Closed(closed) => {
                let text = format!("This bundle cannot be opened: {closed}.");
                let page = TEMPLATES.get_template("error.html").and_then(|page| page.render(minijinja::context! { text }));
                return (
                    StatusCode::FORBIDDEN,
                    page.map_or_else(|_| StatusCode::FORBIDDEN.into_response(), |page| Html(page).into_response()),
                )
                    .into_response();
            }
            Self::Fault => (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the center; its log says more."),
        };
        let page = TEMPLATES.get_template("error.html").and_then(|page| page.render(minijinja::context! { text }));
        (status, page.map_or_else(|_| text.into_response(), |page| Html(page).into_response())).into_response()
    }
}

/// A page.
pub(super) fn page(name: &str, values: Value) -> Result<Html<String>, NoPage> {
    Ok(Html(TEMPLATES.get_template(name)?.render(values)?))
}

/// The style of all pages.
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../pages/style.css"))
}

/// The session of a request; without one, the way to the log-in.
pub(super) async fn session(console: &Console, headers: &HeaderMap) -> Result<Session, NoPage> {
    let cookie = cookie(headers, session::cookie_name(console.tls)).ok_or(NoPage::LogIn)?;
    session::of(&console.store, cookie, clock::now()).await?.ok_or(NoPage::LogIn)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Refuses a form that a page of another site sent.
pub(super) fn from_our_page(headers: &HeaderMap) -> Result<(), NoPage> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, origin)| origin == host),
        _ => false,
    };
    if ours { Ok(()) } else { Err(NoPage::Forged) }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn text_of_a_bundle_stays_text() {
        let evil = "<script>alert(1)</script>\"'><img src=x>";
        let lines = vec![(1_u64, evil)];
        let none: Option<u64> = None;
        let values = context! {
            user => evil, csrf => evil, id => evil, path => evil, name => evil, lines, next => none, previous => none,
        };
        let Html(page) = page("file.html", values).expect("a page");
        assert!(!page.contains("<script") && !page.contains("<img") && page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn a_value_that_is_missing_is_a_fault() {
        assert!(page("file.html", context! { user => "li" }).is_err());
    }
}
