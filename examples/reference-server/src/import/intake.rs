use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{self, Report};
use eovr_core::org::OrgId;
use eovr_core::record::{ActorId, Record, RecordId};
use eovr_core::{Eovr, Error, ErrorKind, Session};
use eovr_host::output::Failure;

use super::listing::{self, Listing};
use super::rows::{self, Narrative};
use super::{author, taken_back};

/// Creates reports from rows. It finds a report that already exists, and creates a report again after a take-back.
#[derive(Clone)]
pub(super) struct Intake {
    session: Session,
    /// A second session, because a reporter cannot read the reports of others.
    pub(super) reader: Session,
    facility: OrgId,
    category: String,
    /// The name of the import.
    pub(super) name: String,
    /// Whether the old system's numbers identify the reports.
    pub(super) is_numbered: bool,
}

/// The result of one row.
pub(super) enum Became {
    /// The report was created.
    Accepted,
    /// The report already exists.
    There,
    /// The report already exists, and an account has disposed of it as not reportable.
    SetAside,
}

impl Intake {
    pub(super) fn new(
        eovr: &Eovr,
        facility: OrgId,
        category: &str,
        name: String,
        is_numbered: bool,
    ) -> Result<Self, Failure> {
        let session = machine(eovr, &facility, &name, Role::Staff)?;
        let reader = machine(eovr, &facility, &name, Role::QualityAdmin)?;
        Ok(Self { session, reader, facility, category: category.to_owned(), name, is_numbered })
    }

    /// Sends the report of a row. `at` is the number and the line of the row.
    pub(super) async fn report(self, told: Narrative, at: (u64, u64)) -> Result<(RecordId, Became), Error> {
        let mut id = told.id;
        loop {
            let (category, description) = (self.category.clone(), told.text.clone());
            let report = Report { category, description, ..Report::default() };
            match self.session.incidents().report_as(&self.facility, id, report).await {
                Ok(_) => return Ok((id, Became::Accepted)),
                Err(error) if error.kind() != ErrorKind::Conflict => return Err(error),
                Err(_) => {}
            }
            let mut there = self.reader.load(&incident::KIND, id).await?;
            if !taken_back::is_taken_back(&self.reader, &there).await? {
                self.refuse_other_words(&there, &told)?;
                Listing::enter(&self.reader, &there, &self.name, at).await?;
                // A take-back may have looked for listings before this one was there.
                there = self.reader.load(&incident::KIND, id).await?;
                if taken_back::is_taken_back(&self.reader, &there).await? {
                    listing::withdraw(&self.reader, &there, &self.name).await?;
                }
            }
            if taken_back::is_taken_back(&self.reader, &there).await? {
                id = rows::again(id);
                continue;
            }
            let set_aside = taken_back::is_set_aside(&there);
            return Ok((id, if set_aside { Became::SetAside } else { Became::There }));
        }
    }

    /// Refuses the same number with another text: it is another report, or the old system has changed the text.
    fn refuse_other_words(&self, there: &Record, told: &Narrative) -> Result<(), Error> {
        if !self.is_numbered {
            return Ok(());
        }
        let kept = match self.reader.open(there, "description") {
            Err(error) if error.is_unreadable() => {
                return Err(Error::invalid(
                    "the report with this number exists, and its text cannot be read",
                )
                .with_help("look at the report in the application")
                .with("incident", there.envelope().number.as_deref().unwrap_or_default()));
            }
            kept => kept?,
        };
        if kept.is_some_and(|kept| rows::in_one_form(&kept) != rows::in_one_form(&told.text)) {
            return Err(Error::invalid("the report with this number already exists with another text")
                .with_help("an addendum goes to the incident; a report of another system needs other numbers")
                .with("incident", there.envelope().number.as_deref().unwrap_or_default()));
        }
        Ok(())
    }
}

/// A session with the rights of one role in the facility. The audit trail shows a machine as the actor.
fn machine(eovr: &Eovr, facility: &OrgId, import: &str, role: Role) -> Result<Session, Failure> {
    let stamp = eovr.org().stamp(facility).cloned().ok_or_else(|| Error::not_found("facility"))?;
    let actor = Actor::new(ActorId::new(&author(import))?, role, Seat::Facility(stamp))?;
    Ok(eovr.session(actor.as_machine()))
}
