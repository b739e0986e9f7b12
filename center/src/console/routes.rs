//! Every route of the pages with what it takes to go there: there is no other way in. In: a request. Out: the handler's reply with
//! the session at hand. Never: a handler of a user whose role does not reach so far; a change without the form's own token.

use axum::{
    Form, Router,
    body::{Body, to_bytes},
    extract::{FromRequest as _, Request, State},
    http::{Method, header},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get, post},
};

use super::{
    Console, approvals, ask, audit, cases, files, hosts, items, operations, pages, readers, receipts,
    reply::{self, NoPage, from_our_page, session},
    requests,
};
use crate::{
    clock, secret,
    store::audit::Entry,
    users::{Action, may},
};

/// Most bytes of a form: a composed request, with every parameter of a large catalogue.
const FORM: usize = 256 << 10;

/// The fields of a form that was sent back from a page of ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    async fn of(body: Body) -> Result<Self, NoPage> {
        let mut form = Request::new(body);
        *form.method_mut() = Method::POST;
        form.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-www-form-urlencoded"));
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(form, &()).await.map_err(|_| NoPage::Forged)?;
        Ok(Self(fields))
    }

    /// The value of a field, without blanks around it; empty when it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Names behind `start` and values of the fields whose names begin so.
    pub(super) fn all<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(start)?, value.trim())))
    }

    /// All fields, to be sent once more.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// One route.
struct Route {
    method: &'static str,
    path: &'static str,
    /// What is done there; none where no session is needed.
    action: Option<Action>,
    handler: fn() -> MethodRouter<Console>,
}

const fn free(method: &'static str, path: &'static str, handler: fn() -> MethodRouter<Console>) -> Route {
    Route { method, path, action: None, handler }
}

const fn shown(path: &'static str, action: Action, handler: fn() -> MethodRouter<Console>) -> Route {
    Route { method: "GET", path, action: Some(action), handler }
}

const fn done(path: &'static str, action: Action, handler: fn() -> MethodRouter<Console>) -> Route {
    Route { method: "POST", path, action: Some(action), handler }
}

const ROUTES: &[Route] = &[
    free("GET", "/login", || get(pages::login_form)),
    free("POST", "/login", || post(pages::login)),
    free("GET", "/style.css", || get(reply::style)),
    free("GET", "/plots.css", || get(reply::plot_style)),
    free("GET", "/icon.svg", || get(reply::icon)),
    done("/logout", Action::LogOut, || post(pages::logout)),
    shown("/", Action::ListBundles, || get(pages::bundles)),
    shown("/hosts", Action::SeeHosts, || get(hosts::list)),
    shown("/hosts/{host}", Action::SeeHosts, || get(hosts::one)),
    shown("/hosts/{host}/revoke", Action::RevokeHost, || get(hosts::sure)),
    done("/hosts/{host}/revoke", Action::RevokeHost, || post(hosts::revoke)),
    shown("/hosts/{host}/ask", Action::AskBasic, || get(ask::form)),
    done("/hosts/{host}/ask", Action::AskBasic, || post(ask::step)),
    shown("/requests", Action::SeeRequests, || get(requests::list)),
    shown("/requests/{request}", Action::SeeRequests, || get(requests::one)),
    done("/requests/{request}/cancel", Action::AskBasic, || post(requests::cancel)),
    done("/requests/{request}/again", Action::AskBasic, || post(requests::again)),
    shown("/approvals", Action::SeeRequests, || get(approvals::list)),
    shown("/approvals/{approval}", Action::SeeRequests, || get(approvals::one)),
    shown("/approvals/{approval}/payload", Action::AskBasic, || get(approvals::payload)),
    done("/approvals/{approval}/approve", Action::ApproveExtended, || post(approvals::approve)),
    done("/approvals/{approval}/refuse", Action::ApproveExtended, || post(approvals::refuse)),
    done("/approvals/{approval}/sign", Action::AskBasic, || post(approvals::sign)),
    shown("/cases", Action::SeeCases, || get(cases::list)),
    shown("/cases/{case}", Action::SeeCases, || get(cases::one)),
    done("/cases/{case}/accept", Action::WorkOnCases, || post(cases::accept)),
    done("/cases/{case}/resolve", Action::WorkOnCases, || post(cases::resolve)),
    shown("/receipts", Action::SeeReceipts, || get(receipts::list)),
    shown("/receipts/{receipt}", Action::SeeReceipts, || get(receipts::one)),
    shown("/receipts/{receipt}/deletion", Action::SeeReceipts, || get(receipts::deletion)),
    shown("/receipts/{receipt}/withdraw", Action::Withdraw, || get(receipts::sure)),
    done("/receipts/{receipt}/withdraw", Action::Withdraw, || post(receipts::withdraw)),
    shown("/audit", Action::ReadAudit, || get(audit::lines)),
    shown("/audit/lines", Action::ReadAudit, || get(audit::download)),
    shown("/bundles/{id}", Action::ReadContents, || get(pages::bundle)),
    shown("/bundles/{id}/operations", Action::ReadContents, || get(operations::operations)),
    shown("/bundles/{id}/items", Action::ReadContents, || get(items::list)),
    shown("/bundles/{id}/readers", Action::GrantReading, || get(readers::form)),
    done("/bundles/{id}/readers", Action::GrantReading, || post(readers::grant)),
    shown("/bundles/{id}/files/{*path}", Action::ReadContents, || get(files::file)),
];

/// Method and path of every route of the pages, for those who test them all.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.method, route.path))
}

/// The routes, each behind its guard.
pub(super) fn router(console: &Console) -> Router<Console> {
    ROUTES.iter().fold(Router::new(), |router, route| {
        let handler = (route.handler)();
        let handler = match route.action {
            None => handler,
            Some(action) => handler.route_layer(middleware::from_fn_with_state((console.clone(), action), guard)),
        };
        router.route(route.path, handler)
    })
}

/// Lets a request through to its handler, with the session of a user who may do this.
async fn guard(State((console, action)): State<(Console, Action)>, mut request: Request, next: Next) -> Result<Response, NoPage> {
    let mut session = session(&console, request.headers()).await?;
    if !may(session.role, action, true) {
        let (tenant, path) = (Some(session.tenant.as_str()), Some(request.uri().path()));
        let entry = Entry { event: "page_refused", actor: &session.user, tenant, object: path };
        console.store.audit(clock::now(), entry).await?;
        return Err(NoPage::NotAllowed);
    }
    if request.method() == Method::POST {
        from_our_page(request.headers())?;
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, FORM).await.map_err(|_| NoPage::Forged)?;
        let fields = Fields::of(Body::from(bytes)).await?;
        if !secret::same(fields.get("csrf"), &session.csrf) {
            return Err(NoPage::Forged);
        }
        request = Request::from_parts(parts, Body::empty());
        request.extensions_mut().insert(fields);
    }
    if may(session.role, Action::ReadAudit, true) {
        session.conflicts = console.store.conflicting_hosts(&session.tenant).await?;
    }
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}
