//! Pages as replies, and what stands in place of one. In: a template's name and values. Out: HTML, a redirect, an error page.

use std::sync::LazyLock;

use axum::{
    Extension,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use oediag_analysis::plots::STYLE;
use tracing::error;

use super::{
    Console,
    texts::{Texts, fill, texts},
    view::{View, cookie},
};
use crate::{
    clock,
    ingest::OpenError,
    store::StoreError,
    users::{
        Action, may,
        session::{self, Session},
    },
    vault::{Closed, VaultError},
};

/// All templates; names that end in `.html` escape every value.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut all = Environment::new();
    all.set_undefined_behavior(UndefinedBehavior::Strict);
    all.add_filter("fill", fill);
    for (name, text) in [
        ("layout.html", include_str!("../../pages/layout.html")),
        ("hosts.html", include_str!("../../pages/hosts.html")),
        ("host.html", include_str!("../../pages/host.html")),
        ("ask.html", include_str!("../../pages/ask.html")),
        ("review.html", include_str!("../../pages/review.html")),
        ("approvals.html", include_str!("../../pages/approvals.html")),
        ("approval.html", include_str!("../../pages/approval.html")),
        ("requests.html", include_str!("../../pages/requests.html")),
        ("request.html", include_str!("../../pages/request.html")),
        ("cases.html", include_str!("../../pages/cases.html")),
        ("case.html", include_str!("../../pages/case.html")),
        ("receipts.html", include_str!("../../pages/receipts.html")),
        ("receipt.html", include_str!("../../pages/receipt.html")),
        ("confirm.html", include_str!("../../pages/confirm.html")),
        ("audit.html", include_str!("../../pages/audit.html")),
        ("parts.html", include_str!("../../pages/parts.html")),
        ("login.html", include_str!("../../pages/login.html")),
        ("bundles.html", include_str!("../../pages/bundles.html")),
        ("bundle.html", include_str!("../../pages/bundle.html")),
        ("file.html", include_str!("../../pages/file.html")),
        ("items.html", include_str!("../../pages/items.html")),
        ("readers.html", include_str!("../../pages/readers.html")),
        ("operations.html", include_str!("../../pages/operations.html")),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoPage {
    LogIn,
    NotFound,
    /// The user's role does not reach so far.
    NotAllowed,
    /// A form that did not come from a page of ours.
    Forged,
    /// The step does not follow, or a host would not take it; why, in English.
    Refused(String),
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
fault!(
    StoreError,
    OpenError,
    minijinja::Error,
    tokio::task::JoinError,
    tokio::sync::AcquireError,
    axum::http::header::InvalidHeaderValue
);

impl IntoResponse for NoPage {
    /// The status, with the reason beside it: in which language it is told is not known here (see [`error_page`]).
    fn into_response(self) -> Response {
        let status = match self {
            Self::LogIn => return Redirect::to("/login").into_response(),
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Closed(Closed::Withdrawn | Closed::Deleted) => StatusCode::GONE,
            Self::NotAllowed | Self::Forged | Self::Closed(_) => StatusCode::FORBIDDEN,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Checking => StatusCode::OK,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Extension(self)).into_response()
    }
}

/// The page that stands in place of one.
pub(super) fn error_page(why: &NoPage, view: &View) -> Result<Html<String>, NoPage> {
    let t = texts(view.lang);
    let (title, text) = match why {
        NoPage::Refused(why) => {
            return page(view, None, "error.html", context! { title => t.get("refused_title"), text => why });
        }
        NoPage::NotFound => ("not_found_title", "not_found"),
        NoPage::NotAllowed => ("not_allowed_title", "not_allowed"),
        NoPage::Forged => ("forged_title", "forged"),
        NoPage::Checking => ("state_received", "state_received_lead"),
        NoPage::Closed(closed) => ("closed_title", closed_text(closed)),
        NoPage::LogIn | NoPage::Fault => ("fault_title", "fault"),
    };
    page(view, None, "error.html", context! { title => t.get(title), text => t.get(text) })
}

/// Why a bundle stays closed, for people; the audit log has the particulars.
fn closed_text(closed: &Closed) -> &'static str {
    match closed {
        Closed::Rejected(_) => "closed_rejected",
        Closed::Withdrawn => "closed_withdrawn",
        Closed::Deleted => "closed_deleted",
        Closed::OtherCase => "closed_other_case",
        Closed::Revoked => "closed_revoked",
        Closed::NotCovered(_) => "closed_not_covered",
        Closed::Changed(_) => "closed_changed",
    }
}

/// A page, with what every page shows.
pub(super) fn page(view: &View, session: Option<&Session>, name: &str, values: Value) -> Result<Html<String>, NoPage> {
    let t = &texts(view.lang).value;
    let (lang, here) = (view.lang.pick("en", "zh-CN"), &view.here);
    let sections: Vec<Value> = session.map(|session| sections(session, &view.here, texts(view.lang))).unwrap_or_default();
    let (user, csrf) = session.map(|session| (&session.user, &session.csrf)).unzip();
    let banner = session.map_or(0, |session| session.conflicts);
    let values = context! { t, lang, here, user, csrf, sections, banner, ..values };
    Ok(Html(TEMPLATES.get_template(name)?.render(values)?))
}

/// The sections that a user may see, the present one marked.
fn sections(session: &Session, here: &str, t: &Texts) -> Vec<Value> {
    let all = [
        ("/", "bundles", Action::ListBundles),
        ("/cases", "cases", Action::SeeCases),
        ("/hosts", "hosts", Action::SeeHosts),
        ("/requests", "requests", Action::SeeRequests),
        ("/receipts", "receipts", Action::SeeReceipts),
        ("/audit", "audit", Action::ReadAudit),
    ];
    let path = here.split('?').next().unwrap_or_default();
    let present = |link: &str| match link {
        "/" => path == "/" || path.starts_with("/bundles"),
        "/requests" => path.starts_with(link) || path.starts_with("/approvals"),
        link => path.starts_with(link),
    };
    let shown = all.into_iter().filter(|(.., action)| may(session.role, *action, true));
    shown.map(|(link, key, _)| context! { link, words => t.get(key), present => present(link) }).collect()
}

/// The style of all pages.
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../pages/style.css"))
}

/// The style of plots.
pub(super) async fn plot_style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// The sign of the center in a browser's tab.
pub(super) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("../../pages/icon.svg"))
}

/// The session of a request; without one, the way to the log-in.
pub(super) async fn session(console: &Console, headers: &HeaderMap) -> Result<Session, NoPage> {
    let cookie = cookie(headers, session::cookie_name(console.tls)).ok_or(NoPage::LogIn)?;
    session::of(&console.store, cookie, clock::now()).await?.ok_or(NoPage::LogIn)
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
    use axum::http::Uri;

    use super::*;

    fn view() -> View {
        View::of(&Uri::from_static("/x?lang=zh"), &HeaderMap::new())
    }

    #[test]
    fn text_of_a_bundle_stays_text() {
        let evil = "<script>alert(1)</script>\"'><img src=x>";
        let row = context! { id => evil, name => evil, state => "rejected", reason => evil, open => false, host_name => evil, host => evil,
        system => evil, known => true, counts => Vec::<u8>::new(), complete => true, started => evil, received => evil, size => evil };
        let Html(page) = page(&view(), None, "bundle.html", context! { row, lets => false, index => false }).expect("a page");
        assert!(!page.contains("<script") && !page.contains("<img") && page.contains("&lt;script&gt;"), "{page}");
        assert!(page.contains("未通过校验") && !page.contains("class=\"alerts\""), "{page}");
    }

    #[test]
    fn a_value_that_is_missing_is_a_fault() {
        assert!(page(&view(), None, "file.html", context! { name => "li" }).is_err());
    }
}
