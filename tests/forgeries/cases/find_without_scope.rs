//! A store answers no query without a scope.

use eovr_core::ports::Store;
use eovr_core::record::{Query, RecordId, Tally};
use eovr_core::Name;

async fn reads(store: &dyn Store, query: &Query, tally: &Tally, kind: &Name, id: RecordId) {
    let _ = store.find(query).await;
    let _ = store.load(kind, id).await;
    let _ = store.tally(tally).await;
    let _ = store.events(kind, id).await;
}

fn main() {}
