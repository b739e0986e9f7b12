//! Cases: the list with the time left to answer, one case, and the steps an engineer takes.
//! In: a tenant's cases. Out: pages; what customers wrote only as text.

use axum::{
    Extension,
    extract::{Path, State},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context};
use oediag_protocol::{case::State as Step, time::Time};

use super::{
    Console,
    reply::{NoPage, page},
    requests,
    texts::{Texts, texts},
    view::View,
    words::moment,
};
use crate::{
    clock,
    store::cases::{Case, Step as Next},
    users::{Action, Role, may, session::Session},
};

/// Minutes before the answer is due from which on the clock is shown as pressing.
const PRESSING: i64 = 15;

/// `GET /cases`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let (now, t) = (clock::now(), texts(view.lang));
    let mut cases = console.store.cases(&session.tenant, None).await?;
    // Those that nobody answered come first, by the time left.
    cases.sort_by_key(|case| (case.standing.state, case.standing.respond_by));
    let rows: Vec<Value> = cases.iter().map(|case| row(case, now, &session, t)).collect();
    page(&view, Some(&session), "cases.html", context! { rows })
}

/// `GET /cases/{case}`.
pub(super) async fn one(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (now, t) = (clock::now(), texts(view.lang));
    let case = console.store.case(&session.tenant, &id).await?.ok_or(NoPage::NotFound)?;
    let asked = console.store.requests(&session.tenant, None, Some(&id)).await?;
    let values = context! {
        row => row(&case, now, &session, t),
        description => &case.description,
        contact => &case.contact,
        requests => asked.iter().map(|asked| requests::row(asked, now, t)).collect::<Vec<_>>(),
        asks => may(session.role, Action::AskBasic, true),
    };
    page(&view, Some(&session), "case.html", values)
}

/// `POST /cases/{case}/accept`.
pub(super) async fn accept(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let case = console.store.case(&session.tenant, &id).await?.ok_or(NoPage::NotFound)?;
    // A case that somebody works on is passed on by a lead, not taken.
    if case.standing.engineer.as_ref().is_some_and(|owner| owner.as_str() != session.user) && session.role != Role::Lead {
        return Err(NoPage::NotAllowed);
    }
    step(&console, &session, &case, Next::Accept).await
}

/// `POST /cases/{case}/resolve`.
pub(super) async fn resolve(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let case = console.store.case(&session.tenant, &id).await?.ok_or(NoPage::NotFound)?;
    if !works_on(&session, &case) {
        return Err(NoPage::NotAllowed);
    }
    step(&console, &session, &case, Next::Resolve).await
}

async fn step(console: &Console, session: &Session, case: &Case, next: Next) -> Result<Response, NoPage> {
    let id = case.standing.case.as_str();
    // A step that does not follow was taken by somebody else: the page shows how the case stands.
    console.store.step_case(&session.tenant, id, next, &session.user, clock::now()).await?;
    Ok(Redirect::to(&format!("/cases/{id}")).into_response())
}

fn works_on(session: &Session, case: &Case) -> bool {
    session.role == Role::Lead || case.standing.engineer.as_ref().is_some_and(|owner| owner.as_str() == session.user)
}

fn row(case: &Case, now: Time, session: &Session, t: &Texts) -> Value {
    let (one, works) = (&case.standing, may(session.role, Action::WorkOnCases, true));
    let left = (one.respond_by.0 - now.0).div_euclid(60);
    context! {
        id => one.case.as_str(),
        severity => format!("{:?}", one.severity),
        title => one.title.as_str(),
        state => t.word("case", &one.state),
        host => case.host.to_string(),
        opened => moment(one.opened),
        respond_by => moment(one.respond_by),
        answered => one.accepted.map(moment),
        late => one.accepted.map_or(left < 0, |accepted| accepted > one.respond_by),
        pressing => one.accepted.is_none() && left < PRESSING,
        left => if left < 0 { t.fill("late_by", &[&span(-left, t)]) } else { t.fill("time_left", &[&span(left, t)]) },
        engineer => one.engineer.as_ref().map(ToString::to_string),
        resolved => one.resolved.map(moment),
        confirmed => one.confirmed.map(moment),
        accepts => works && one.state == Step::Open,
        resolves => works && one.state == Step::Accepted && works_on(session, case),
    }
}

fn span(minutes: i64, t: &Texts) -> String {
    if minutes < 60 { t.fill("minutes", &[&minutes]) } else { t.fill("hours_minutes", &[&(minutes / 60), &(minutes % 60)]) }
}
