//! A summary of the server's query plans.

use eovr_core::Result;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use crate::error::translate;

/// The stages of the server's plan for a command, from the last to the first.
pub(crate) async fn stages(database: &Database, command: Document) -> Result<Vec<String>> {
    let explain = doc! { "explain": command, "verbosity": "queryPlanner" };
    let told = database.run_command(explain).await.map_err(translate)?;
    let mut stages = Vec::new();
    look(&told, false, &mut stages);
    Ok(stages)
}

/// Server versions put the plan in different places, so it is searched for.
fn look(document: &Document, inside: bool, stages: &mut Vec<String>) {
    if let (true, Ok(stage)) = (inside, document.get_str("stage")) {
        stages.push(match document.get_str("indexName") {
            Ok(index) => format!("{stage} {index}"),
            Err(_) => stage.to_owned(),
        });
    }
    for (name, value) in document {
        if name == "rejectedPlans" {
            continue;
        }
        let inside = inside || name == "winningPlan";
        let several = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for part in several.iter().chain([value]).filter_map(Bson::as_document) {
            look(part, inside, stages);
        }
    }
}
