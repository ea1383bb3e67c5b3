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
use crate::ports::{Written, observe};
use crate::record::{ActorId, Column, Page, Query, Record, RecordId, Test, Value};
use crate::service::{Session, Trail, keys_have_changed};
use crate::typed;
use crate::workflow::Label;

/// The dashes that earlier releases stored without normalising them.
const DASHES: [&str; 6] = ["-", "\u{2010}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{640}"];

/// The incidents that one actor may work with: typed methods on top of the session's general ones.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let review = quality.incidents();
/// for action in [Action::Start, Action::Evaluate, Action::TakeAction, Action::Complete] {
///     review.act(id, action, None).await?;
/// }
/// assert_eq!(review.load(id).await?.state(), "completed");
/// # Ok(()) });
/// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// let filed = nurse.incidents().report(&nile, report.clone()).await?;
    /// assert_eq!(nurse.incidents().load(filed.written.id).await?.envelope().author.as_str(), "nurse-7");
    /// // An anonymous report does not say who was logged in.
    /// let report = Report { reporter: Reporter::Anonymous, ..report };
    /// let filed = nurse.incidents().report(&nile, report).await?;
    /// assert_eq!(nurse.incidents().load(filed.written.id).await?.envelope().author.as_str(), "anonymous");
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// let id = RecordId::derived("hospital.import.v1", &[b"4711"]);
    /// nurse.incidents().report_as(&nile, id, report.clone()).await?;
    /// let error = nurse.incidents().report_as(&nile, id, report).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Conflict);
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let written = quality.incidents().act(id, Action::Start, None).await?;
    /// assert_eq!(written.version, 2);
    /// let note = Some("The infusion pump was set by hand.");
    /// quality.incidents().act(id, Action::AddRemark, note).await?;
    /// assert_eq!(quality.incidents().load(id).await?.state(), "in_progress");
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// quality.incidents().assess(id, None, "severe", "rare").await?;
    /// let record = quality.incidents().load(id).await?;
    /// let incident = IncidentFacets::of(&record);
    /// assert_eq!((incident.risk_score(), incident.risk_band()), (Some(3), Some("high")));
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// # let task = "Store the look-alike vials apart".to_owned();
    /// # let (owner, due_at) = ("pharmacist-2".to_owned(), "2027-01-31T12:00:00Z".parse()?);
    /// # let follow_up = FollowUp { task, owner, due_at, kind: FollowUpKind::Preventive, strength: None };
    /// # quality.incidents().act(id, Action::Start, None).await?;
    /// let added = quality.incidents().follow_up(id, follow_up).await?;
    /// let all = quality.incidents().follow_ups(id).await?;
    /// assert_eq!((all[0].id(), all[0].text("owner")), (added.id, Some("pharmacist-2")));
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// # let task = "Store the look-alike vials apart".to_owned();
    /// # let (owner, due_at) = ("pharmacist-2".to_owned(), "2027-01-31T12:00:00Z".parse()?);
    /// # let follow_up = FollowUp { task, owner, due_at, kind: FollowUpKind::Preventive, strength: None };
    /// # quality.incidents().act(id, Action::Start, None).await?;
    /// let added = quality.incidents().follow_up(id, follow_up).await?;
    /// for action in [Action::Evaluate, Action::TakeAction] {
    ///     quality.incidents().act(id, action, None).await?;
    /// }
    /// let error = quality.incidents().act(id, Action::Complete, None).await.unwrap_err();
    /// assert_eq!(error.help(), Some("it needs every `follow_up` of the record to be closed"));
    /// quality.incidents().finish_follow_up(added.id, "The vials lie in two cupboards.").await?;
    /// assert!(quality.incidents().act(id, Action::Complete, None).await.is_ok());
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// # let description = "The patient was given ten times the dose again.".to_owned();
    /// # let report = Report { category: "medication".to_owned(), description, ..Report::default() };
    /// # for action in [Action::Start, Action::Evaluate, Action::TakeAction, Action::Complete] {
    /// #     quality.incidents().act(id, action, None).await?;
    /// # }
    /// let again = quality.incidents().reopen(id, "It happened once more.", report).await?.written.id;
    /// let new = quality.incidents().load(again).await?;
    /// assert_eq!(IncidentFacets::of(&new).continues(), Some(id.to_string().as_str()));
    /// let old = quality.incidents().load(id).await?;
    /// assert_eq!(IncidentFacets::of(&old).disposition(), Some("reopened"));
    /// # Ok(()) });
    /// ```
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
                Err(error) if again && keys_have_changed(&error) => {
                    observe::repeated(&error);
                    again = false;
                }
                done => break done?.written,
            }
        };
        let written = written.into_iter().next().ok_or_else(|| Error::bug("a commit writes a record"))?;
        Ok(Reported { written, receipt })
    }

    /// A page of incidents, newest first, of one state or of all states.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let waiting = quality.incidents().list(Some(State::Created), Query::of(KIND)).await?;
    /// assert_eq!(waiting.items.len(), 1);
    /// let closed = quality.incidents().list(Some(State::Completed), Query::of(KIND)).await?;
    /// assert_eq!(closed.items.len(), 0);
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// let report = Report { medical_file_number: Some("MF-7".to_owned()), ..report };
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// assert_eq!(quality.incidents().of_file("mf-٧").await?.items[0].id(), id);
    /// # Ok(()) });
    /// ```
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
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let summary = quality.incidents().summary().await?;
    /// assert_eq!((summary.total, summary.pending_review, summary.overdue), (1, 1, 0));
    /// assert_eq!(nurse.incidents().summary().await.unwrap_err().kind(), ErrorKind::Denied);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below tier 2.
    pub async fn summary(&self) -> Result<Summary> {
        summary::of(self.session).await
    }

    /// The number of reports per month. `Trend` also says in which months no data existed yet.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let manager = eovr.session(member("manager-1", Role::AdminManager, "CAI-E")?);
    /// let trend = manager.incidents().trend(Months::default(), None).await?;
    /// assert_eq!(trend.months.iter().filter_map(|month| month.count).sum::<u64>(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below tier 3; `InvalidInput` where a month is not one of 2000 to 2099.
    pub async fn trend(&self, months: Months, apart: Option<Apart>) -> Result<Trend> {
        figures::trend(self.session, months, apart).await
    }

    /// The number of reports per place, with the total, including places without reports. Show [`Comparison::NOTE`]
    /// beside it.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let manager = eovr.session(member("manager-2", Role::GovernorateManager, "CAI")?);
    /// let comparison = manager.incidents().compare(Level::Facility, Months::default(), None).await?;
    /// let counts: Vec<_> = comparison.places.iter().map(|of| (of.place.as_str(), of.count)).collect();
    /// assert_eq!(counts, [("DEL", 0), ("NIL", 1)]);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below tier 4; `InvalidInput` where a month is not valid.
    pub async fn compare(&self, level: Level, months: Months, apart: Option<Apart>) -> Result<Comparison> {
        figures::compare(self.session, level, months, apart).await
    }

    /// An anonymous session in a facility where this actor may report.
    fn anonymous(&self, facility: &OrgId) -> Result<Session> {
        let eovr = self.session.eovr();
        let org = eovr.org();
        let stamp = org.stamp(facility).ok_or_else(|| Error::not_found("facility"))?;
        let kind = eovr.catalog().kind(&KIND)?;
        let row = kind.machine().action(Action::Report.name());
        let row = row.ok_or_else(|| Error::bug("incidents can be reported"))?;
        crate::access::Permit::of(self.session.actor(), kind.name(), row, crate::access::Place::New(stamp))?;
        Ok(eovr.session(Actor::visitor(ActorId::new("anonymous")?, stamp.clone())))
    }
}
