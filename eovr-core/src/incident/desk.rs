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
use crate::name::Name;
use crate::org::OrgId;
use crate::ports::Written;
use crate::record::{ActorId, Column, Page, Query, Record, RecordId, Test, Value};
use crate::service::{Session, Trail, keys_have_changed};
use crate::typed;
use crate::workflow::Label;

/// The dashes that earlier releases kept as they were typed.
const DASHES: [&str; 6] = ["-", "\u{2010}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{640}"];

/// Incidents, as one actor may work with them: typed verbs over the session's general ones.
#[derive(Clone, Copy, Debug)]
pub struct Incidents<'a> {
    session: &'a Session,
}

impl Session {
    /// The incidents, for this actor.
    pub fn incidents(&self) -> Incidents<'_> {
        Incidents { session: self }
    }
}

impl Incidents<'_> {
    /// Reports what happened in a facility.
    ///
    /// An anonymous report carries no actor's id: who was logged in is not kept.
    ///
    /// # Errors
    /// `InvalidInput` where the report breaks a rule; `NotFound` where there is no such facility in
    /// the actor's scope; `Denied` above tier 2.
    pub async fn report(&self, facility: &OrgId, report: Report) -> Result<Reported> {
        let id = self.session.eovr().new_id(self.session.eovr().now(), &mut self.session.eovr().entropy()?);
        self.report_as(facility, id, report).await
    }

    /// Reports under an id that the caller chose, so that the same report sent again is a `Conflict` and
    /// not a second incident.
    ///
    /// # Errors
    /// As [`Incidents::report`].
    pub async fn report_as(&self, facility: &OrgId, id: RecordId, report: Report) -> Result<Reported> {
        let receipt = ReceiptCode::draw(&mut self.session.eovr().entropy()?);
        self.report_with(facility, id, receipt, report).await
    }

    /// Reports under an id and with a receipt that the caller chose: a host that makes both from what it
    /// was sent gives the same answer again when it is sent again.
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
            self.nobody(facility)?.create_as(KIND, facility, id, command).await?
        } else {
            self.session.create_as(KIND, facility, id, command).await?
        };
        Ok(Reported { written, receipt })
    }

    /// Does an action.
    ///
    /// # Errors
    /// As [`Session::act`].
    pub async fn act(&self, id: RecordId, action: Action, note: Option<&str>) -> Result<Written> {
        let command = Command::new(action);
        let command = match note {
            Some(note) => command.note(note),
            None => command,
        };
        self.session.act(KIND, id, command).await
    }

    /// Rates severity and probability on a scheme; the default one where none is named. Codes or positions
    /// from 1, as the scheme has them; score and band follow from its table.
    ///
    /// # Errors
    /// `InvalidInput` off the scale, with the accepted codes.
    pub async fn assess(
        &self,
        id: RecordId,
        scheme: Option<&str>,
        severity: &str,
        probability: &str,
    ) -> Result<Written> {
        let command = Command::new(Action::Assess).set("severity", severity).set("probability", probability);
        self.session.act(KIND, id, command.set_some("risk_scheme", scheme)).await
    }

    /// Adds a follow-up action.
    ///
    /// # Errors
    /// `Refused` where nobody has taken the incident up, or it is closed.
    pub async fn follow_up(&self, id: RecordId, follow_up: FollowUp) -> Result<Written> {
        self.session.create_child(FOLLOW_UP, id, follow_up.command()).await
    }

    /// Adds one under an id that the caller chose, so that the same one sent again is a `Conflict`.
    ///
    /// # Errors
    /// As [`Incidents::follow_up`].
    pub async fn follow_up_as(
        &self,
        id: RecordId,
        follow_up_id: RecordId,
        follow_up: FollowUp,
    ) -> Result<Written> {
        self.session.create_child_as(FOLLOW_UP, id, follow_up_id, follow_up.command()).await
    }

    /// Finishes a follow-up action, with what shows that it was done.
    ///
    /// # Errors
    /// `Refused` where it is not open.
    pub async fn finish_follow_up(&self, follow_up: RecordId, evidence: &str) -> Result<Written> {
        self.session.act(FOLLOW_UP, follow_up, Command::new("finish").write("evidence", evidence)).await
    }

    /// The follow-up actions of an incident, newest first.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn follow_ups(&self, id: RecordId) -> Result<Vec<Record>> {
        let query = Query::of(Name::new(FOLLOW_UP)?).limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query.filter(Column::Parent, Test::Is(Value::from(id)))).await?.items)
    }

    /// Lets the work on a closed incident go on in a new report, which is Created and names the old one.
    /// Both happen, or neither.
    ///
    /// # Errors
    /// `Refused` where the incident is not completed, or no reason is given; `InvalidInput` where it was
    /// set aside or continued before; `Conflict` where somebody else changed it meanwhile.
    pub async fn reopen(&self, closed: RecordId, reason: &str, report: Report) -> Result<Reported> {
        let eovr = self.session.eovr();
        let kind = eovr.catalog().kind(KIND)?.clone();
        let mut entropy = eovr.entropy()?;
        let receipt = ReceiptCode::draw(&mut entropy);
        let id = eovr.new_id(eovr.now(), &mut entropy);
        let old = self.session.record(kind.name(), closed).await?;
        let stamp = old.envelope().stamp.clone();
        let reporter = match report.reporter {
            Reporter::Anonymous => self.nobody(&stamp.facility)?,
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

    /// A page of incidents, newest first, of one state or of all.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn list(&self, state: Option<State>, query: Query) -> Result<Page<Record>> {
        let query = match state {
            Some(state) => query.filter(Column::State, Test::Is(Value::from(state.name()))),
            None => query,
        };
        self.session.find(&query).await
    }

    /// The newest incidents in scope.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn newest(&self, limit: u32) -> Result<Page<Record>> {
        self.session.find(&Query::of(Name::new(KIND)?).limit(limit)).await
    }

    /// The incidents of one patient file in scope, however the number was typed. Earlier releases kept a
    /// number with its marks of direction and with the dash that was typed: one of theirs is found by the kinds of
    /// dash that people type, and one with a mark in it only where the same marks are given.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn of_file(&self, number: &str) -> Result<Page<Record>> {
        let spelling = typed::file_number(number);
        let mut spellings = BTreeSet::from([earlier_file_number(number)]);
        spellings.extend(DASHES.map(|dash| spelling.replace('-', dash)));
        let mut sealed = Vec::new();
        for spelling in spellings {
            if let (_, Test::In(values)) = self.session.sealed_is(KIND, "medical_file_number", &spelling)? {
                sealed.extend(values);
            }
        }
        let column = Column::Facet(Name::new("medical_file_number")?);
        self.session.find(&Query::of(Name::new(KIND)?).filter(column, Test::In(sealed))).await
    }

    /// One incident.
    ///
    /// # Errors
    /// `NotFound` for absent and out of scope alike.
    pub async fn load(&self, id: RecordId) -> Result<Record> {
        self.session.load(KIND, id).await
    }

    /// The audit trail of one incident.
    ///
    /// # Errors
    /// As [`Session::trail`].
    pub async fn trail(&self, id: RecordId) -> Result<Trail> {
        self.session.trail(KIND, id).await
    }

    /// The figures of what the actor sees. Disposed reports are left out.
    ///
    /// # Errors
    /// `Denied` below tier 2.
    pub async fn summary(&self) -> Result<Summary> {
        summary::of(self.session).await
    }

    /// How many were reported month by month, and in which months there was nobody yet who reports.
    ///
    /// # Errors
    /// `Denied` below tier 3; `InvalidInput` for what is no month of these hundred years.
    pub async fn trend(&self, months: Months, apart: Option<Apart>) -> Result<Trend> {
        figures::trend(self.session, months, apart).await
    }

    /// How many were reported place by place, of how many, with the places that have reported nothing. Show
    /// [`Comparison::NOTE`] beside it.
    ///
    /// # Errors
    /// `Denied` below tier 4; `InvalidInput` for what is no month.
    pub async fn compare(&self, level: Level, months: Months, apart: Option<Apart>) -> Result<Comparison> {
        figures::compare(self.session, level, months, apart).await
    }

    /// A session that is nobody's, in a facility where this actor may report.
    fn nobody(&self, facility: &OrgId) -> Result<Session> {
        let eovr = self.session.eovr();
        let stamp = eovr.org().stamp(facility).ok_or_else(|| Error::not_found("facility"))?;
        let kind = eovr.catalog().kind(KIND)?;
        let row = kind.machine().action(Action::Report.name());
        let row = row.ok_or_else(|| Error::bug("incidents can be reported"))?;
        crate::access::Permit::of(self.session.actor(), kind.name(), row, crate::access::Place::New(stamp))?;
        Ok(eovr.session(Actor::visitor(ActorId::new("anonymous")?, stamp.clone())))
    }
}
