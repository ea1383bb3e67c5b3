//! Takes a whole import back. An account disposes of every report that no other import lists, as not reportable and
//! with the reason in the audit trail. Figures exclude such reports. No incident is deleted: `restore` brings one back,
//! and a repeated import of the same file creates the reports again.

use std::collections::{BTreeMap, BTreeSet};

use eovr_core::incident::{Action, Disposition, KIND};
use eovr_core::name;
use eovr_core::record::{Column, Query, Record, RecordId, Test};
use eovr_core::service::Entry;
use eovr_core::workflow::Label as _;
use eovr_core::{Command, Error, Session};
use eovr_host::output::{Failure, Out};

use super::author;
use super::listing::{self, Listing};
use super::rows::NAME;
use crate::engine;

/// The most reports, and the most imports, that a message names.
const NAMED: usize = 20;

/// The changes to a report since its import.
enum Since {
    Nothing,
    /// An earlier take-back, which was interrupted, has already set the report aside.
    TakenBack,
    /// An account has worked on the report. The value is the last action.
    Work(String),
}

/// The reports of an import by what the take-back does with them.
#[derive(Default)]
struct Plan {
    set_aside: Vec<Record>,
    were_before: usize,
    /// These reports stay, because other imports list them too.
    stay: Vec<Record>,
    /// For each other import, the number of reports in `stay` that it lists.
    others: BTreeMap<String, usize>,
    worked_on: Vec<(Record, String)>,
}

impl Plan {
    async fn of(session: &Session, name: &str, reports: Vec<Record>) -> Result<Self, Error> {
        let mut plan = Self::default();
        for record in reports {
            let mut others = listing::imports(session, &record).await?;
            others.remove(name);
            if !others.is_empty() {
                others.into_iter().for_each(|other| *plan.others.entry(other).or_default() += 1);
                plan.stay.push(record);
                continue;
            }
            match since(session, &record).await? {
                Since::Nothing => plan.set_aside.push(record),
                Since::TakenBack => plan.were_before += 1,
                Since::Work(action) => plan.worked_on.push((record, action)),
            }
        }
        Ok(plan)
    }
}

/// Takes an import back if no account has worked on the reports that this import alone lists.
pub(super) async fn take_back(session: &Session, name: &str, out: &mut Out) -> Result<u8, Failure> {
    let listings = Listing::all_of(session, name).await?;
    let reports = reports(session, name, &listings).await?;
    let all = reports.len();
    if reports.is_empty() {
        return Err(Failure::usage(
            "this account sees no report of such an import",
            "an import prints its name at its end; an account of the facility can take it back",
        ));
    }
    let Plan { set_aside, were_before, stay, others, worked_on } = Plan::of(session, name, reports).await?;
    if !worked_on.is_empty() {
        for (record, action) in worked_on.iter().take(NAMED) {
            let number = record.envelope().number.as_deref().unwrap_or("(no number)");
            out.line(format_args!("{number} was worked on: last `{action}`"));
        }
        if worked_on.len() > NAMED {
            out.line(format_args!("and {} others", worked_on.len() - NAMED));
        }
        return Err(Failure::usage(
            match were_before {
                0 => format!("{} of {all} reports were worked on; nothing was taken back", worked_on.len()),
                before => format!(
                    "{} of {all} reports were worked on; {before} were set aside earlier, and no other now",
                    worked_on.len()
                ),
            },
            "`dispose` of unwanted reports one by one, as not reportable",
        ));
    }
    // The withdrawals come first: after an interruption here, a repeated import does not count these reports as known.
    for record in &stay {
        listing::withdraw(session, record, name).await?;
    }
    let listed: BTreeSet<RecordId> = listings.iter().map(|listing| listing.incident).collect();
    for record in &set_aside {
        if listed.contains(&record.id()) {
            listing::withdraw(session, record, name).await?;
        }
        let command = Command::new(Action::Dispose)
            .set("disposition", Disposition::NotReportable)
            .note(note(name))
            .expecting(record.version());
        session.act(&KIND, record.id(), command).await?;
        // An import that runs meanwhile may have listed the report since it was looked at.
        if listing::imports(session, record).await?.iter().any(|other| other != name) {
            let restore = Command::new(Action::Restore).note("another import lists it");
            session.act(&KIND, record.id(), restore).await?;
        }
    }
    out.line(format_args!(
        "import {name}: {} reports were set aside as not reportable, {were_before} had been before; figures leave them \
         out, and `restore` brings one back",
        set_aside.len(),
    ));
    if !stay.is_empty() {
        out.line(format_args!("{} stay, because other imports list them too", stay.len()));
        for (other, count) in others.iter().take(NAMED) {
            out.line(format_args!(
                "import {other} lists {count} of them: they are set aside when it is taken back too"
            ));
        }
        if others.len() > NAMED {
            out.line(format_args!("and {} other imports", others.len() - NAMED));
        }
    }
    Ok(0)
}

/// Whether a report was set aside by a take-back, and not by a decision about this report.
pub(super) async fn is_taken_back(session: &Session, record: &Record) -> Result<bool, Error> {
    Ok(is_set_aside(record) && went_with_its_import(&session.trail(&KIND, record.id()).await?.entries))
}

/// Whether a report was disposed of as not reportable.
pub(super) fn is_set_aside(record: &Record) -> bool {
    record.text("disposition") == Some(Disposition::NotReportable.name())
}

/// Whether a take-back of this import has begun. The import must then check every row again.
pub(super) async fn has_begun(session: &Session, name: &str) -> Result<bool, Error> {
    let not_reportable = Test::Is(Disposition::NotReportable.into());
    let query = of(name)?.filter(Column::Facet(name!("disposition")), not_reportable).limit(1);
    Ok(!session.find(&query).await?.items.is_empty() || Listing::is_any_withdrawn(session, name).await?)
}

/// All reports that an import created or found in the store.
async fn reports(session: &Session, name: &str, listings: &[Listing]) -> Result<Vec<Record>, Error> {
    let mut all = engine::every(session, of(name)?).await?;
    let mut met: BTreeSet<RecordId> = all.iter().map(Record::id).collect();
    for listing in listings {
        if met.insert(listing.incident) {
            all.push(session.load(&KIND, listing.incident).await?);
        }
    }
    Ok(all)
}

/// The reports that an import created.
fn of(name: &str) -> Result<Query, Error> {
    Ok(Query::of(KIND).filter(Column::Author, Test::Is(author(name).into())))
}

async fn since(session: &Session, record: &Record) -> Result<Since, Error> {
    if record.version() == 1 {
        return Ok(Since::Nothing);
    }
    let entries = session.trail(&KIND, record.id()).await?.entries;
    if is_set_aside(record) && went_with_its_import(&entries) {
        return Ok(Since::TakenBack);
    }
    // Actions of the software do not count as work on the report.
    let by_software = [Action::Report.name(), Action::Analyse.name(), "vouch"];
    let work = entries.iter().rfind(|entry| !by_software.contains(&entry.event.action.as_str()));
    Ok(work.map_or(Since::Nothing, |entry| Since::Work(entry.event.action.to_string())))
}

fn went_with_its_import(entries: &[Entry]) -> bool {
    let disposed = entries.iter().rfind(|entry| entry.event.action == *Action::Dispose.name());
    let said = disposed.and_then(|entry| entry.note.as_ref());
    let import = said.and_then(|note| note.strip_prefix(BEFORE)?.strip_suffix(BEHIND));
    import.is_some_and(|import| name(import).is_ok())
}

const BEFORE: &str = "import ";
const BEHIND: &str = " was taken back";

/// The note in the audit trail of a report that a take-back has set aside.
fn note(name: &str) -> String {
    format!("{BEFORE}{name}{BEHIND}")
}

/// Whether a text can be the name of an import.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_name = text.len() == NAME && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name
        .then(|| text.to_ascii_lowercase())
        .ok_or_else(|| format!("accepted: the {NAME} letters and digits that the import printed"))
}
