//! What stand-ins mean, as a table: the stand-in, the value, its kind, the bundle, where it stood.

use oediag_collector::map::Row;
use oediag_protocol::id::BundleId;

use super::Page;
use crate::term::{self, cell};

/// The rows, with the bundle whose map has each.
pub fn lines<'a>(found: impl IntoIterator<Item = (&'a Row, BundleId)>, page: &Page<'_>) -> Vec<String> {
    let mut rows = vec![page.heads(&["table-token", "table-value", "table-kind", "table-bundle", "table-place"])];
    for (row, bundle) in found {
        let file = row.file.as_deref().unwrap_or("-");
        rows.push(vec![cell(&row.token), cell(&row.value), cell(page.texts.kind(&row.kind)), cell(bundle.short()), cell(file)]);
    }
    term::table(&rows, page.columns, page.paint)
}
