//! `plan`: what the next start of this release would change in the database, and which records it strands.

use crate::engine;
use eovr_host::database::Database;
use eovr_host::output::{Failure, Out};
use eovr_host::settings::Place;

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

/// Prints the statements and, as comments, the counts. The code is 1 if records are stranded.
pub(crate) async fn run(args: &Args, out: &mut Out) -> Result<u8, Failure> {
    let config = args.place.database()?;
    if let Some(file) = config.file().filter(|file| !file.exists()) {
        return Err(Failure::usage(
            format!("there is no database at `{}`", file.display()),
            "the first start makes it; name an existing one with --store or --dir",
        ));
    }
    let database = config.read_once().open().await?;
    let planned = plan(&database).await;
    let (comment, end) = database.script();
    database.close().await;
    let plan = planned?;
    for statement in &plan.statements {
        out.line(format_args!("{statement}{end}"));
    }
    if plan.statements.is_empty() {
        out.line(format_args!("{comment} the database is up to date"));
    }
    for stranded in &plan.stranded {
        out.line(format_args!("{comment} {stranded}"));
    }
    Ok(u8::from(!plan.stranded.is_empty()))
}

async fn plan(database: &Database) -> eovr_core::Result<eovr_core::kind::Plan> {
    database.plan(&engine::catalog()?).await
}
