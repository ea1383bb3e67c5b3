//! An import, taken back as a whole: every report of it is set aside as no report, which figures leave out, by a person
//! and with the reason in its trail. No incident is ever deleted; `restore` brings one back.

use eovr_core::incident::{Action, Disposition, KIND};
use eovr_core::record::{Column, Query, Record, Test};
use eovr_core::workflow::Label as _;
use eovr_core::{Command, Eovr, Error, Name, Session};

use super::author;
use super::rows::NAME;
use crate::engine;
use crate::output::{Failure, Out};

/// How many reports are listed that stand in the way.
const LISTED: usize = 20;

/// What was done with a report since it was imported.
enum Since {
    Nothing,
    /// It was taken back already: an earlier attempt was stopped on the way.
    TakenBack,
    /// It was worked on: the last action.
    Work(String),
}

/// Takes an import back, if nothing was done with any of its reports.
pub(super) async fn take_back(eovr: &Eovr, name: &str, email: &str, out: &mut Out) -> Result<u8, Failure> {
    let session = engine::account(eovr, email).await?;
    let reports = reports(&session, name).await?;
    if reports.is_empty() {
        return Err(Failure::usage(
            "this account sees no report of such an import",
            "an import says its name when it ends; an account that sees the facility takes it back",
        ));
    }
    let note = format!("import {name} was taken back");
    let (mut untouched, mut touched) = (Vec::new(), Vec::new());
    for record in &reports {
        match since(&session, record, &note).await? {
            Since::Nothing => untouched.push(record),
            Since::TakenBack => {}
            Since::Work(action) => touched.push((record, action)),
        }
    }
    if !touched.is_empty() {
        for (record, action) in touched.iter().take(LISTED) {
            let number = record.envelope().number.as_deref().unwrap_or("(no number)");
            out.line(format_args!("{number} was worked on: last `{action}`"));
        }
        if touched.len() > LISTED {
            out.line(format_args!("and {} others", touched.len() - LISTED));
        }
        return Err(Failure::usage(
            format!("{} of {} reports were worked on; nothing was taken back", touched.len(), reports.len()),
            "set aside one by one what is to go: `dispose`, as not reportable",
        ));
    }
    for record in &untouched {
        let command = Command::new(Action::Dispose)
            .set("disposition", Disposition::NotReportable.name())
            .note(note.as_str())
            .expecting(record.version());
        session.act(KIND, record.id(), command).await?;
    }
    out.line(format_args!(
        "import {name}: {} reports were set aside as not reportable, {} had been before; figures leave them out, and \
         `restore` brings one back",
        untouched.len(),
        reports.len() - untouched.len()
    ));
    Ok(0)
}

/// All reports of an import.
async fn reports(session: &Session, name: &str) -> Result<Vec<Record>, Error> {
    let author = Test::Is(author(name).into());
    let mut query = Query::of(Name::new(KIND)?).filter(Column::Author, author).limit(Query::LARGEST_PAGE);
    let mut all = Vec::new();
    loop {
        let page = session.find(&query).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => return Ok(all),
        }
    }
}

async fn since(session: &Session, record: &Record, note: &str) -> Result<Since, Error> {
    if record.version() == 1 {
        return Ok(Since::Nothing);
    }
    let trail = session.trail(KIND, record.id()).await?;
    // What software adds by itself is no person's work.
    let by_software = [Action::Report.name(), Action::Analyse.name(), "vouch"];
    let work = trail.entries.iter().rfind(|entry| !by_software.contains(&entry.event.action.as_str()));
    Ok(match work {
        None => Since::Nothing,
        Some(entry) if entry.note.as_ref().is_some_and(|said| said.as_str() == note) => Since::TakenBack,
        Some(entry) => Since::Work(entry.event.action.to_string()),
    })
}

/// Whether a text can be the name of an import.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_name = text.len() == NAME && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name
        .then(|| text.to_ascii_lowercase())
        .ok_or_else(|| format!("accepted: the {NAME} letters and digits that the import said"))
}
