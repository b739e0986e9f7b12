//! What hosts were asked, how far each is, and the ways to take one back or ask once more.
//! In: a tenant's requests and what hosts told of them. Out: pages that load themselves anew; words of people only as text.

use axum::{
    Extension,
    extract::{Path, State},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context};
use oediag_protocol::{
    id::RequestId,
    request::{
        life::State as Life,
        paper::{Person, Request, Role as Position, Words},
    },
    text::Line,
    time::Time,
};

use super::{
    Console,
    reply::{NoPage, page},
    routes::Fields,
    texts::{Texts, texts},
    view::View,
    words::{moment, size},
};
use crate::{
    clock,
    requests::{Desk, RequestError, paper},
    store::requests::{Asked, Event},
    users::{Action, Role, may, session::Session},
};

/// How a user's session was begun, as requests tell it.
const AUTH: &str = "password";

/// Characters of an id in a list.
const SHORT: usize = 12;

/// The user as hosts are told.
pub(super) fn person(session: &Session) -> Result<Person, NoPage> {
    let line = |text: &str| Line::parse(text).ok_or(NoPage::Fault);
    let role = if session.role == Role::Lead { Position::Lead } else { Position::Engineer };
    Ok(Person { id: line(&session.user)?, name: line(&session.user)?, role, auth: line(AUTH)? })
}

async fn find(console: &Console, session: &Session, id: &str) -> Result<Asked, NoPage> {
    let id = RequestId::parse(id).ok_or(NoPage::NotFound)?;
    console.store.request(&session.tenant, id).await?.ok_or(NoPage::NotFound)
}

/// One line of a list.
pub(super) fn row(asked: &Asked, now: Time, t: &Texts) -> Value {
    let standing = asked.standing(now);
    let (id, host) = (asked.id.to_string(), asked.host.to_string());
    // Enough to tell one from another in a list.
    let short = |id: &str| id.chars().take(SHORT).collect::<String>();
    context! {
        short => short(&id),
        host_short => short(&host),
        id,
        host,
        case => &asked.case,
        severity => format!("{:?}", asked.severity),
        state => t.word("standing", &standing),
        code => standing,
        reason => &asked.reason,
        by => &asked.composed_by,
        created => moment(asked.created),
        expires => moment(asked.expires),
        changed => moment(asked.changed),
        receipt => asked.receipt.map(|receipt| receipt.to_string()),
    }
}

/// `GET /requests`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let (now, t) = (clock::now(), texts(view.lang));
    let asked = console.store.requests(&session.tenant, None, None).await?;
    let waiting = console.store.proposals(&session.tenant).await?.len();
    let rows: Vec<Value> = asked.iter().map(|asked| row(asked, now, t)).collect();
    page(&view, Some(&session), "requests.html", context! { rows, waiting })
}

/// `GET /requests/{request}`.
pub(super) async fn one(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (now, t) = (clock::now(), texts(view.lang));
    let asked = find(&console, &session, &id).await?;
    let events = console.store.events(asked.id).await?;
    let event = |event: &Event| {
        context! {
            seq => event.seq,
            state => t.word("standing", &event.state),
            reason => &event.reason,
            at => moment(event.at),
            received => moment(event.received),
        }
    };
    let over = asked.cancel.is_some() || now >= asked.expires || asked.state.is_some_and(Life::is_over);
    let asks = may(session.role, Action::AskBasic, true);
    let values = context! {
        row => row(&asked, now, t),
        paper => shown(&paper(&asked)?, t),
        events => events.iter().map(event).collect::<Vec<_>>(),
        cancels => asks && !over,
        again => asks && over,
    };
    page(&view, Some(&session), "request.html", values)
}

/// What a request says, for people who compose it and people who look at it later.
pub(super) fn shown(request: &Request, t: &Texts) -> Value {
    let source = |source: &oediag_protocol::request::paper::Source| {
        let params: Vec<String> = source.params.iter().map(|(name, value)| format!("{name} = {}", param(value))).collect();
        context! { id => source.id.to_string(), params => params.join(", ") }
    };
    context! {
        case => request.case.as_str(),
        severity => format!("{:?}", request.severity),
        reason_zh => request.reason.zh_cn.as_str(),
        reason_en => request.reason.en.as_str(),
        by => request.requested_by.name.as_str(),
        level => t.word("level", &request.scope.level),
        ask => t.word("ask", &request.scope.ask),
        preset => request.scope.preset.as_ref().map(ToString::to_string),
        sources => request.scope.sources.iter().map(source).collect::<Vec<_>>(),
        held => request.scope.held.as_ref().map(|held| {
            let items: Vec<String> = held.items.iter().map(ToString::to_string).collect();
            format!("{}: {}", held.bundle_id, items.join(", "))
        }),
        redaction => t.word("redaction", &request.redaction_min),
        max_bytes => size(request.max_bytes),
        max_seconds => request.max_seconds,
        retention_days => request.retention_days,
        recipient => format!("{} ({})", request.recipient.name, request.recipient.country),
        purpose => request.purpose.as_str(),
        deliver => t.word("deliver", &request.deliver),
        expires => moment(request.expires),
    }
}

fn param(value: &oediag_protocol::request::value::Value) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// `POST /requests/{request}/cancel`.
pub(super) async fn cancel(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let asked = find(&console, &session, &id).await?;
    let line = |name| Line::parse(fields.get(name)).filter(|line| !line.as_str().is_empty()).ok_or(NoPage::Forged);
    let reason = Words { zh_cn: line("reason_zh")?, en: line("reason_en")? };
    desk(&console, &session).cancel(asked.id, person(&session)?, reason).await?;
    Ok(Redirect::to(&format!("/requests/{}", asked.id)).into_response())
}

/// `POST /requests/{request}/again`.
pub(super) async fn again(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let asked = find(&console, &session, &id).await?;
    let new = desk(&console, &session).reissue(asked.id, person(&session)?, None).await?;
    Ok(Redirect::to(&format!("/requests/{}", new.id)).into_response())
}

/// Where this session's requests are made.
pub(super) fn desk<'a>(console: &'a Console, session: &'a Session) -> Desk<'a> {
    Desk { store: &console.store, signer: &console.signer, tenant: &session.tenant, now: clock::now() }
}

impl From<RequestError> for NoPage {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoHost | RequestError::NoRequest => Self::NotFound,
            RequestError::Sign(error) => {
                tracing::error!(%error, "a request could not be signed");
                Self::Fault
            }
            RequestError::Store(error) => error.into(),
            RequestError::Random(error) => {
                tracing::error!(%error, "a request was not made");
                Self::Fault
            }
            error => Self::Refused(error.to_string()),
        }
    }
}
