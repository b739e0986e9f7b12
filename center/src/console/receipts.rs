//! Consent receipts: the list, who read what under one, withdrawal for the customer, the receipt of the deletion.
//! In: a tenant's receipts. Out: pages; a deletion receipt as a file. Never: a bundle's contents.

use axum::{
    Extension,
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context, value::Serde};
use oediag_protocol::{consent::Consent, deletion::Trigger, document, id::ReceiptId, sealed::Reader};

use super::{
    Console, card,
    hosts::LISTED,
    reply::{NoPage, page},
    texts::{Texts, texts},
    view::View,
    words::moment,
};
use crate::{
    clock, deletions,
    store::{
        audit::Opening,
        deletions::{By, Subject},
        listing::ReceiptRow,
        receipts::Receipt,
    },
    users::{Action, may, session::Session},
};

/// Most openings of one bundle on its receipt's page.
const OPENINGS: usize = 500;

async fn find(console: &Console, session: &Session, id: &str) -> Result<Receipt, NoPage> {
    let id = ReceiptId::parse(id).ok_or(NoPage::NotFound)?;
    console.store.receipt(&session.tenant, id).await?.ok_or(NoPage::NotFound)
}

/// `GET /receipts`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let (now, t) = (clock::now(), texts(view.lang));
    let row = |one: &ReceiptRow| {
        context! {
            id => one.id.to_string(),
            host => one.host.to_string(),
            bundle => one.bundle.to_string(),
            case => &one.case,
            received => moment(one.received),
            delete_by => moment(one.delete_by),
            state => t.get(match one {
                ReceiptRow { deleted: Some(_), .. } => "receipt_deleted",
                ReceiptRow { withdrawn: Some(_), .. } => "receipt_withdrawn",
                one if one.delete_by <= now => "receipt_over",
                _ => "receipt_counts",
            }),
        }
    };
    let rows: Vec<Value> = console.store.receipts(&session.tenant, None, LISTED).await?.iter().map(row).collect();
    let full = rows.len() == LISTED as usize;
    page(&view, Some(&session), "receipts.html", context! { rows, full, most => LISTED })
}

/// `GET /receipts/{receipt}`.
pub(super) async fn one(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (receipt, t) = (find(&console, &session, &id).await?, texts(view.lang));
    let order = console.store.deletion(&session.tenant, receipt.id).await?;
    let (total, openings) = console.store.openings(&session.tenant, receipt.bundle, OPENINGS).await?;
    let opening = |one: &Opening| {
        context! {
            at => moment(one.at), who => &one.who, event => t.word("event", &one.event), item => &one.item,
            refused => one.event == "open_refused",
        }
    };
    let withdraws = may(session.role, Action::Withdraw, true) && receipt.withdrawn.is_none() && order.is_none();
    let values = context! {
        id => receipt.id.to_string(),
        card => Serde(rows(&receipt, t)),
        withdrawn => receipt.withdrawn.map(moment),
        deletion => order.as_ref().map(|order| context! {
            cause => t.word("cause", &order.cause), ordered => moment(order.ordered), done => order.signed.is_some(),
        }),
        openings => openings.iter().rev().map(opening).collect::<Vec<_>>(),
        left_out => total - openings.len() as u64,
        withdraws,
    };
    page(&view, Some(&session), "receipt.html", values)
}

/// What the receipt says; of one whose documents were emptied, what its row says.
fn rows(receipt: &Receipt, t: &Texts) -> Vec<card::Row> {
    let row = |key, value: String| card::Row { name: t.get(key), value };
    let told = || {
        let reader = Reader::new(receipt.front.as_slice()).ok()?;
        document::parse::<Consent>(&reader.head().consent).ok()
    };
    let mut rows = match told() {
        Some(consent) => card::consent(&consent, t),
        None => vec![row("consent_receipt", receipt.id.to_string()), row("consent_delete_by", receipt.delete_by.to_string())],
    };
    rows.push(row("host", receipt.host.to_string()));
    rows.push(row("bundle", receipt.bundle.to_string()));
    rows.extend(receipt.request.map(|id| row("request", id.to_string())));
    rows
}

/// `GET /receipts/{receipt}/deletion`: the signed deletion receipt, as a file.
pub(super) async fn deletion(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let receipt = find(&console, &session, &id).await?;
    let order = console.store.deletion(&session.tenant, receipt.id).await?;
    let signed = order.and_then(|order| order.signed).ok_or(NoPage::NotFound)?;
    let name = format!("attachment; filename=\"deletion-{}.json\"", receipt.id);
    Ok(([(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)], signed)
        .into_response())
}

/// `GET /receipts/{receipt}/withdraw`: asks once more.
pub(super) async fn sure(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (receipt, t) = (find(&console, &session, &id).await?, texts(view.lang));
    let back = format!("/receipts/{}", receipt.id);
    let values = context! {
        title => t.get("withdraw_title"),
        text => t.get("withdraw_text"),
        what => receipt.id.to_string(),
        action => format!("{back}/withdraw"),
        back,
        button => t.get("withdraw"),
    };
    page(&view, Some(&session), "confirm.html", values)
}

/// `POST /receipts/{receipt}/withdraw`.
pub(super) async fn withdraw(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let receipt = find(&console, &session, &id).await?;
    let of = Subject { tenant: session.tenant.clone(), receipt: receipt.id, bundle: receipt.bundle, host: receipt.host };
    let by = By { actor: &session.user, cause: Trigger::Customer, withdrawal: None };
    // Ordered or done: the page tells which.
    deletions::delete(&console.store, &console.signer, &of, by, clock::now()).await?;
    Ok(Redirect::to(&format!("/receipts/{}", receipt.id)).into_response())
}
