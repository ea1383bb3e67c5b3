use std::collections::BTreeSet;

use crate::access::Actor;
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::incident::receipt::ReceiptCode;
use crate::incident::report::earlier_file_number;
use crate::incident::{
    Action, Apart, Comparison, FOLLOW_UP, FollowUp, KIND, Level, Months, Report, Reported, Reporter, State,
    Summary, Trend, figures, summary,
};
use crate::name;
use crate::org::OrgId;
use crate::ports::Written;
use crate::record::{ActorId, Column, Page, Query, Record, RecordId, Test, Value};
use crate::service::{Session, Trail, keys_have_changed};
use crate::typed;
use crate::workflow::Label;

/// The dashes that earlier releases stored without normalising them.
const DASHES: [&str; 6] = ["-", "\u{2010}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{640}"];

/// The incidents that one actor may work with: typed methods on top of the session's general ones.
#[derive(Clone, Copy, Debug)]
pub struct Incidents<'a> {
    session: &'a Session,
}

impl Session {
    /// The incidents of this session.
    pub fn incidents(&self) -> Incidents<'_> {
        Incidents { session: self }
    }
}

impl Incidents<'_> {
    /// Files a report in a facility.
    ///
    /// An anonymous report has no actor id: the login account is not stored.
    ///
    /// # Errors
    /// `InvalidInput` where the report violates a rule; `NotFound` where the actor's scope has no such facility;
    /// `Denied` above tier 2.
    pub async fn report(&self, facility: &OrgId, report: Report) -> Result<Reported> {
        let id = self.session.eovr().new_id(self.session.eovr().now(), &mut self.session.eovr().entropy()?);
        self.report_as(facility, id, report).await
    }

    /// Files a report under an id that the caller has chosen. A repeated call is a `Conflict` and makes no second
    /// incident.
    ///
    /// # Errors
    /// As [`Incidents::report`].
    pub async fn report_as(&self, facility: &OrgId, id: RecordId, report: Report) -> Result<Reported> {
        let receipt = ReceiptCode::draw(&mut self.session.eovr().entropy()?);
        self.report_with(facility, id, receipt, report).await
    }

    /// Files a report with an id and a receipt that the caller has chosen. A host that derives both from the request
    /// gives the same answer to a repeated request.
    ///
    /// # Errors
    /// As [`Incidents::report`].
    pub async fn report_with(
        &self,
        facility: &OrgId,
        id: RecordId,
        receipt: ReceiptCode,
        report: Report,
    ) -> Result<Reported> {
        let anonymous = report.reporter == Reporter::Anonymous;
        let command = report.command(&receipt);
        let written = if anonymous {
            self.anonymous(facility)?.create_as(&KIND, facility, id, command).await?
        } else {
            self.session.create_as(&KIND, facility, id, command).await?
        };
        Ok(Reported { written, receipt })
    }

    /// Performs an action.
    ///
    /// # Errors
    /// As [`Session::act`].
    pub async fn act(&self, id: RecordId, action: Action, note: Option<&str>) -> Result<Written> {
        let command = Command::new(action);
        let command = match note {
            Some(note) => command.note(note),
            None => command,
        };
        self.session.act(&KIND, id, command).await
    }

    /// Rates severity and probability on a scheme, or on the default scheme. Both are codes of the scheme or positions
    /// from 1. Score and band come from the scheme's table.
    ///
    /// # Errors
    /// `InvalidInput` for a value outside the scale; the message lists the accepted codes.
    pub async fn assess(
        &self,
        id: RecordId,
        scheme: Option<&str>,
        severity: &str,
        probability: &str,
    ) -> Result<Written> {
        let command = Command::new(Action::Assess).set("severity", severity).set("probability", probability);
        self.session.act(&KIND, id, command.set_some("risk_scheme", scheme)).await
    }

    /// Adds a follow-up action.
    ///
    /// # Errors
    /// `Refused` where the incident is still Created, or is closed.
    pub async fn follow_up(&self, id: RecordId, follow_up: FollowUp) -> Result<Written> {
        self.session.create_child(&FOLLOW_UP, id, follow_up.command()).await
    }

    /// Adds a follow-up action under an id that the caller has chosen. A repeated call is a `Conflict`.
    ///
    /// # Errors
    /// As [`Incidents::follow_up`].
    pub async fn follow_up_as(
        &self,
        id: RecordId,
        follow_up_id: RecordId,
        follow_up: FollowUp,
    ) -> Result<Written> {
        self.session.create_child_as(&FOLLOW_UP, id, follow_up_id, follow_up.command()).await
    }

    /// Finishes a follow-up action, with the evidence that it was done.
    ///
    /// # Errors
    /// `Refused` where the follow-up action is not open.
    pub async fn finish_follow_up(&self, follow_up: RecordId, evidence: &str) -> Result<Written> {
        self.session.act(&FOLLOW_UP, follow_up, Command::new("finish").write("evidence", evidence)).await
    }

    /// The follow-up actions of an incident, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn follow_ups(&self, id: RecordId) -> Result<Vec<Record>> {
        let query = Query::of(FOLLOW_UP).limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query.filter(Column::Parent, Test::Is(Value::from(id)))).await?.items)
    }

    /// Continues a closed incident in a new report, which is Created and names the closed one. Both change in one
    /// commit.
    ///
    /// # Errors
    /// `Refused` where the incident is not completed, or the reason is missing; `InvalidInput` where it was disposed of
    /// or already continued; `Conflict` where it changed concurrently.
    pub async fn reopen(&self, closed: RecordId, reason: &str, report: Report) -> Result<Reported> {
        let eovr = self.session.eovr();
        let kind = eovr.catalog().kind(&KIND)?.clone();
        let mut entropy = eovr.entropy()?;
        let receipt = ReceiptCode::draw(&mut entropy);
        let id = eovr.new_id(eovr.now(), &mut entropy);
        let old = self.session.record(kind.name(), closed).await?;
        let stamp = old.envelope().stamp.clone();
        let reporter = match report.reporter {
            Reporter::Anonymous => self.anonymous(&stamp.facility)?,
            _ => self.session.clone(),
        };
        let mark = Command::new(Action::Reopen).set("continued_in", id).note(reason);
        let report = report.continuing(&receipt, closed);
        let mut again = true;
        let written = loop {
            let mark = self.session.decide_on(&kind, &old, mark.clone()).await?;
            let new = reporter.decide_new(&kind, id, stamp.clone(), None, report.clone())?;
            match eovr.commit(new.and(mark)).await {
                Err(error) if again && keys_have_changed(&error) => again = false,
                done => break done?.written,
            }
        };
        let written = written.into_iter().next().ok_or_else(|| Error::bug("a commit writes a record"))?;
        Ok(Reported { written, receipt })
    }

    /// A page of incidents, newest first, of one state or of all states.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn list(&self, state: Option<State>, query: Query) -> Result<Page<Record>> {
        let query = match state {
            Some(state) => query.filter(Column::State, Test::Is(state.into())),
            None => query,
        };
        self.session.find(&query).await
    }

    /// The newest incidents in scope.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn newest(&self, limit: u32) -> Result<Page<Record>> {
        self.session.find(&Query::of(KIND).limit(limit)).await
    }

    /// The incidents of one patient file in scope; the number may be typed in any form. Earlier releases stored the
    /// number with its direction marks and with the typed dash. Such an incident is found with any usual dash, but a
    /// stored direction mark must be given exactly.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn of_file(&self, number: &str) -> Result<Page<Record>> {
        let spelling = typed::file_number(number);
        let mut spellings = BTreeSet::from([earlier_file_number(number)]);
        spellings.extend(DASHES.map(|dash| spelling.replace('-', dash)));
        let mut sealed = Vec::new();
        for spelling in spellings {
            if let (_, Test::In(values)) = self.session.sealed_is(&KIND, "medical_file_number", &spelling)? {
                sealed.extend(values);
            }
        }
        let column = Column::Facet(name!("medical_file_number"));
        self.session.find(&Query::of(KIND).filter(column, Test::In(sealed))).await
    }

    /// One incident.
    ///
    /// # Errors
    /// `NotFound` where the incident does not exist or is out of scope.
    pub async fn load(&self, id: RecordId) -> Result<Record> {
        self.session.load(&KIND, id).await
    }

    /// The audit trail of one incident.
    ///
    /// # Errors
    /// As [`Session::trail`].
    pub async fn trail(&self, id: RecordId) -> Result<Trail> {
        self.session.trail(&KIND, id).await
    }

    /// The figures of the incidents in the actor's scope. Disposed reports are left out.
    ///
    /// # Errors
    /// `Denied` below tier 2.
    pub async fn summary(&self) -> Result<Summary> {
        summary::of(self.session).await
    }

    /// The number of reports per month. `Trend` also says in which months no data existed yet.
    ///
    /// # Errors
    /// `Denied` below tier 3; `InvalidInput` where a month is not one of 2000 to 2099.
    pub async fn trend(&self, months: Months, apart: Option<Apart>) -> Result<Trend> {
        figures::trend(self.session, months, apart).await
    }

    /// The number of reports per place, with the total, including places without reports. Show [`Comparison::NOTE`]
    /// beside it.
    ///
    /// # Errors
    /// `Denied` below tier 4; `InvalidInput` where a month is not valid.
    pub async fn compare(&self, level: Level, months: Months, apart: Option<Apart>) -> Result<Comparison> {
        figures::compare(self.session, level, months, apart).await
    }

    /// An anonymous session in a facility where this actor may report.
    fn anonymous(&self, facility: &OrgId) -> Result<Session> {
        let eovr = self.session.eovr();
        let stamp = eovr.org().stamp(facility).ok_or_else(|| Error::not_found("facility"))?;
        let kind = eovr.catalog().kind(&KIND)?;
        let row = kind.machine().action(Action::Report.name());
        let row = row.ok_or_else(|| Error::bug("incidents can be reported"))?;
        crate::access::Permit::of(self.session.actor(), kind.name(), row, crate::access::Place::New(stamp))?;
        Ok(eovr.session(Actor::visitor(ActorId::new("anonymous")?, stamp.clone())))
    }
}
