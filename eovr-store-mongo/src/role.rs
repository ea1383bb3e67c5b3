use eovr_core::Result;
use eovr_core::kind::Catalog;
use mongodb::bson::{Document, doc};

use crate::schema::{COUNTERS, EVENTS, OUTBOX, Schema};
use crate::vault;

/// The command `createRole` for all that a node needs, and no more: events can be added and read, and
/// neither changed nor removed; records can be changed and not removed. MongoDB has no triggers, so it is
/// the rights of the user that make the trail append-only.
///
/// Run it in the database of the store, once for each release that brings new kinds (then as `updateRole`),
/// and give the role to the user of the nodes:
///
/// ```no_run
/// # async fn grant(catalog: &eovr_core::kind::Catalog, database: mongodb::Database) -> Result<(), Box<dyn std::error::Error>> {
/// use mongodb::bson::doc;
///
/// database.run_command(eovr_store_mongo::role("eovr", database.name(), catalog)?).await?;
/// database.run_command(doc! { "grantRolesToUser": "node", "roles": ["eovr"] }).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Config` for a kind that the store refuses.
pub fn role(name: &str, database: &str, catalog: &Catalog) -> Result<Document> {
    let prepare = ["createCollection", "createIndex"];
    let write = ["find", "insert", "update"];
    let privilege = |collection: &str, actions: Vec<&str>| {
        doc! { "resource": { "db": database, "collection": collection }, "actions": actions }
    };
    let with = |more: &[&'static str]| [prepare.as_slice(), more].concat();
    let mut privileges = vec![
        privilege(EVENTS, with(&["find", "insert"])),
        privilege(OUTBOX, with(&["find", "insert", "update", "remove"])),
        privilege(COUNTERS, with(&write)),
        privilege(vault::COLLECTION, with(&["find", "insert", "update", "remove"])),
    ];
    for kind in catalog.kinds() {
        privileges.push(privilege(&Schema::of(kind)?.collection, with(&write)));
    }
    Ok(doc! { "createRole": name, "privileges": privileges, "roles": [] })
}
