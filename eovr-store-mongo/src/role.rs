use eovr_core::Result;
use eovr_core::kind::Catalog;
use mongodb::bson::{Document, doc};

use crate::schema::{COUNTERS, EVENTS, OUTBOX, Schema};
use crate::vault;

/// The purpose of a database user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Normal operation on a prepared database.
    Node,
    /// The rights of a node, and in addition the right to prepare the database for a release
    /// ([`Store::prepare`](eovr_core::ports::Store::prepare)) and to [`destroy`](crate::Vault::destroy) and
    /// [`rewrap`](crate::Vault::rewrap) keys. Do not store its password on the nodes.
    Deploy,
}

/// The command `createRole` with the minimal rights for a duty.
///
/// MongoDB has no triggers, so the rights of the nodes' user make the audit trail append-only. A [`Duty::Node`] can
/// insert and read events, but neither change nor remove them. It can change records, but not remove them. It cannot
/// create an index, because an expiring one (`expireAfterSeconds`) would let the server remove documents. It can insert
/// keys, but not remove them.
///
/// Run it in the store's database, once for each release with new kinds (then as `updateRole`):
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
/// [`Vault`](crate::Vault) if there is one. The nodes then have nothing to create.
///
/// All nodes use one user. A node that crashes within a transaction leaves it open, and the other nodes cannot commit
/// until it ends. The other nodes end it after about a second, because a user may list and end its own sessions
/// (`killSessions`) without a privilege. The server ends it after a minute. Where nodes have different users, or may
/// not end sessions, they wait as long as their patience allows.
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
        privileges.push(privilege(&Schema::of(kind).collection, &["find", "insert", "update"], &[]));
    }
    Ok(doc! { "createRole": name, "privileges": privileges, "roles": [] })
}
