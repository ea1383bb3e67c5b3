use eovr_core::Result;
use eovr_core::kind::Catalog;
use mongodb::bson::{Document, doc};

use crate::schema::{COUNTERS, EVENTS, OUTBOX, Schema};
use crate::vault;

/// What a user of the database is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Daily work, on a database that was prepared.
    Node,
    /// What a node may do, and to prepare the database for a release
    /// ([`Store::prepare`](eovr_core::ports::Store::prepare)), to [`destroy`](crate::Vault::destroy) and
    /// to [`rewrap`](crate::Vault::rewrap) keys. Keep its password away from the nodes.
    Deploy,
}

/// The command `createRole` for all that a duty needs, and no more.
///
/// MongoDB has no triggers, so it is the rights of the nodes' user that make the trail append-only: a
/// [`Duty::Node`] adds and reads events, and neither changes nor removes one; it changes records and removes
/// none. It makes no index, for one that expires (`expireAfterSeconds`) would have the server remove what
/// the user may not. It adds keys and removes none.
///
/// Run it in the database of the store, once for each release that brings new kinds (then as `updateRole`):
///
/// ```no_run
/// # async fn grant(catalog: &eovr_core::kind::Catalog, database: mongodb::Database) -> Result<(), Box<dyn std::error::Error>> {
/// use eovr_store_mongo::{Duty, role};
/// use mongodb::bson::doc;
///
/// database.run_command(role("eovr", database.name(), catalog, Duty::Node)?).await?;
/// database.run_command(doc! { "grantRolesToUser": "node", "roles": ["eovr"] }).await?;
/// database.run_command(role("eovr_deploy", database.name(), catalog, Duty::Deploy)?).await?;
/// database.run_command(doc! { "grantRolesToUser": "deploy", "roles": ["eovr_deploy"] }).await?;
/// # Ok(())
/// # }
/// ```
///
/// Then, before the nodes of a release start, open and prepare the store once as `deploy`, and the
/// [`Vault`](crate::Vault), where there is one. The nodes find everything there and make nothing.
///
/// All nodes use one user. A node that dies in the middle of a transaction leaves it open, and the others
/// cannot commit until it is ended: by themselves after a second or so, as a user sees and ends its own
/// sessions (`killSessions`) without a right to it; by the server after a minute. Where nodes have different
/// users, or may not end a session, they wait as long as their patience lasts.
///
/// # Errors
/// `Config` for a kind that the store refuses.
pub fn role(name: &str, database: &str, catalog: &Catalog, duty: Duty) -> Result<Document> {
    let privilege = |collection: &str, work: &[&str], deploy: &[&str]| {
        let mut actions = [work, &["listIndexes"]].concat();
        if duty == Duty::Deploy {
            actions.extend(["createCollection", "createIndex", "collMod"]);
            actions.extend(deploy);
        }
        doc! { "resource": { "db": database, "collection": collection }, "actions": actions }
    };
    let mut privileges = vec![
        privilege(EVENTS, &["find", "insert"], &[]),
        privilege(OUTBOX, &["find", "insert", "update", "remove"], &[]),
        privilege(COUNTERS, &["find", "update"], &["insert"]),
        privilege(vault::COLLECTION, &["find", "insert"], &["update", "remove"]),
    ];
    for kind in catalog.kinds() {
        privileges.push(privilege(&Schema::of(kind)?.collection, &["find", "insert", "update"], &[]));
    }
    Ok(doc! { "createRole": name, "privileges": privileges, "roles": [] })
}
