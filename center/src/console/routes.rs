//! Every route of the pages with what it takes to go there: there is no other way in. In: a request. Out: the handler's reply with
//! the session at hand. Never: a handler of a user whose role does not reach so far; a change without the form's own token.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get, post},
};

use super::{
    Console, FORM, files, operations, pages,
    reply::{self, NoPage, from_our_page, session},
};
use crate::{
    clock, secret,
    store::audit::Entry,
    users::{Action, may},
};

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
    shown("/bundles/{id}", Action::ReadContents, || get(pages::bundle)),
    shown("/bundles/{id}/operations", Action::ReadContents, || get(operations::operations)),
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
    let session = session(&console, request.headers()).await?;
    if !may(session.role, action, true) {
        let (tenant, path) = (Some(session.tenant.as_str()), Some(request.uri().path()));
        let entry = Entry { event: "page_refused", actor: &session.user, tenant, object: path };
        console.store.audit(clock::now(), entry).await?;
        return Err(NoPage::NotAllowed);
    }
    if request.method() == axum::http::Method::POST {
        from_our_page(request.headers())?;
        let (parts, body) = request.into_parts();
        let form = to_bytes(body, FORM).await.map_err(|_| NoPage::Forged)?;
        let fields = form.split(|byte| *byte == b'&');
        let sent = fields.filter_map(|field| field.strip_prefix(b"csrf=")).next().unwrap_or_default();
        if !secret::same(&String::from_utf8_lossy(sent), &session.csrf) {
            return Err(NoPage::Forged);
        }
        request = Request::from_parts(parts, Body::from(form));
    }
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}
