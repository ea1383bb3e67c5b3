//! `GET /api/incidents/{id}`: an incident with its sealed fields opened, and the actions that are allowed now.

use axum::extract::State;
use eovr_core::incident::{IncidentFacets as Facets, KIND};
use eovr_core::record::{Record, RecordId};
use eovr_core::service::Legal;
use eovr_core::triage::{self, Marks};
use eovr_core::{Session, Timestamp};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::{Lack, Problem};
use eovr_host::http::reply::{Answered, at_version};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::app::App;
use super::readable;
use crate::http::path::Incident;

/// An incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub(crate) struct View<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    number: Option<&'a str>,
    version: u64,
    state: &'a str,
    governorate: &'a str,
    administration: &'a str,
    facility: &'a str,
    /// Who reported: an actor's id.
    author: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    report: Reported<'a>,
    risk: Risk<'a>,
    ai: Suggested<'a>,
    analyst: Analysed<'a>,
    jci: Panel<'a>,
    /// `duplicate`, `not_reportable` or `reopened`.
    disposition: Option<&'a str>,
    duplicate_of: Option<&'a str>,
    continues: Option<&'a str>,
    continued_in: Option<&'a str>,
    /// What is kept and cannot be read any more: its key was destroyed.
    unreadable: Vec<&'static str>,
    /// What the caller could do now.
    legal: Vec<Doable<'a>>,
}

/// What the reporter told.
#[derive(Serialize, ToSchema)]
#[schema(as = Told)]
struct Reported<'a> {
    reporter: Option<&'a str>,
    category: Option<&'a str>,
    subtype: Option<&'a str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    location: Option<&'a str>,
    disclosed: Option<bool>,
    factors: Vec<&'a str>,
    actual_harm: Option<&'a str>,
    potential_harm: Option<&'a str>,
    description: Text,
    specific_error: Text,
    involved_person: Text,
    medical_file_number: Text,
    immediate_action: Text,
    responsible_manager: Text,
    disclosure_responsible: Text,
    notes: Text,
}

/// How a person rated it.
#[derive(Serialize, ToSchema)]
struct Risk<'a> {
    scheme: Option<&'a str>,
    severity: Option<&'a str>,
    probability: Option<&'a str>,
    score: Option<i64>,
    band: Option<&'a str>,
    /// Of high risk by a person's rating, or by the scorer's or an analyst's unless a person has overridden it.
    high: Option<bool>,
}

/// What the scorer suggested.
#[derive(Serialize, ToSchema)]
struct Suggested<'a> {
    model: Option<&'a str>,
    version: Option<&'a str>,
    score: Option<i64>,
    band: Option<&'a str>,
    high_risk: Option<bool>,
    /// When the report is to be read, by what the server is set to: `now` or `today`; none where it can wait.
    mark: Option<Mark>,
    /// `accepted` or `overridden`.
    review: Option<&'a str>,
    /// The heaviest reasons, as JSON.
    reasons: Text,
}

/// When a report is to be read.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Today,
    Now,
}

impl From<triage::Mark> for Mark {
    fn from(mark: triage::Mark) -> Self {
        match mark {
            triage::Mark::Today => Self::Today,
            triage::Mark::Now => Self::Now,
        }
    }
}

/// What an analyst outside suggested. No word of it is the model's: codes, numbers, and places in the narrative.
#[derive(Serialize, ToSchema)]
struct Analysed<'a> {
    /// `answered`, `abstained`, or why there is no answer; none as long as nothing has come of it.
    status: Option<&'a str>,
    /// Provider and model.
    model: Option<&'a str>,
    /// The version of its instructions.
    version: Option<&'a str>,
    score: Option<i64>,
    band: Option<&'a str>,
    /// How sure it says it is, in percent.
    confidence: Option<i64>,
    high_risk: Option<bool>,
    /// What contributed and what else it found, as JSON: codes, and bytes of the description.
    analysis: Text,
}

/// The accreditation panel.
#[derive(Serialize, ToSchema)]
struct Panel<'a> {
    edition: Option<&'a str>,
    chapter: Option<&'a str>,
    standard: Option<&'a str>,
    element: Option<&'a str>,
    status: Option<&'a str>,
    evidence: Text,
    gap: Text,
    plan: Text,
}

/// An action, and what it still lacks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Doable<'a> {
    action: &'a str,
    unmet: Vec<Lack<'a>>,
}

impl<'a> Doable<'a> {
    pub(super) fn all(legal: &'a [Legal]) -> Vec<Self> {
        let one = |legal: &'a Legal| Self {
            action: legal.action.as_str(),
            unmet: legal.unmet.iter().map(Lack::from).collect(),
        };
        legal.iter().map(one).collect()
    }
}

/// A text that was sealed.
#[derive(Default, Serialize, ToSchema)]
#[schema(value_type = Option<String>)]
struct Text(Option<Zeroizing<String>>);

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
) -> Answered {
    let record = session.load(&KIND, id).await?;
    let legal = session.legal(&record).await?;
    let mut opener = Opener { app: &app, session: &session, record: &record, unreadable: Vec::new() };
    let report = told(&mut opener)?;
    let ai = suggested(&mut opener, app.marks)?;
    let analyst = analysed(&mut opener)?;
    let jci = panel(&mut opener)?;
    let unreadable = opener.unreadable;
    let envelope = record.envelope();
    let facets = Facets::of(&record);
    let view = View {
        id,
        number: envelope.number.as_deref(),
        version: envelope.version,
        state: envelope.state.as_str(),
        governorate: envelope.stamp.governorate.as_str(),
        administration: envelope.stamp.administration.as_str(),
        facility: envelope.stamp.facility.as_str(),
        author: envelope.author.as_str(),
        created_at: envelope.created_at,
        updated_at: envelope.updated_at,
        report,
        risk: Risk {
            scheme: facets.risk_scheme(),
            severity: facets.severity(),
            probability: facets.probability(),
            score: facets.risk_score(),
            band: facets.risk_band(),
            high: facets.high_risk(),
        },
        ai,
        analyst,
        jci,
        disposition: facets.disposition(),
        duplicate_of: facets.duplicate_of(),
        continues: facets.continues(),
        continued_in: facets.continued_in(),
        unreadable,
        legal: Doable::all(&legal),
    };
    at_version(envelope.version, &view)
}

fn told<'a>(opener: &mut Opener<'a>) -> Result<Reported<'a>, Problem> {
    let facets = Facets::of(opener.record);
    Ok(Reported {
        reporter: facets.reporter_type(),
        category: facets.category(),
        subtype: facets.subtype(),
        occurred_at: facets.occurred_at(),
        location: facets.location(),
        disclosed: facets.disclosed(),
        factors: facets.factors().collect(),
        actual_harm: facets.actual_harm(),
        potential_harm: facets.potential_harm(),
        description: opener.open("description")?,
        specific_error: opener.open("specific_error")?,
        involved_person: opener.open("involved_person")?,
        medical_file_number: opener.open("medical_file_number")?,
        immediate_action: opener.open("immediate_action")?,
        responsible_manager: opener.open("responsible_manager")?,
        disclosure_responsible: opener.open("disclosure_responsible")?,
        notes: opener.open("notes")?,
    })
}

fn suggested<'a>(opener: &mut Opener<'a>, marks: Marks) -> Result<Suggested<'a>, Problem> {
    let facets = Facets::of(opener.record);
    let (score, high_risk) = (facets.ai_score(), facets.ai_high_risk());
    let by_score = score.and_then(|score| u8::try_from(score).ok()).and_then(|score| marks.of_score(score));
    Ok(Suggested {
        model: facets.ai_model(),
        version: facets.ai_version(),
        score,
        band: facets.ai_band(),
        high_risk,
        mark: if high_risk == Some(true) { Some(Mark::Now) } else { by_score.map(Mark::from) },
        review: facets.ai_review(),
        reasons: opener.open("ai_reasons")?,
    })
}

fn analysed<'a>(opener: &mut Opener<'a>) -> Result<Analysed<'a>, Problem> {
    let facets = Facets::of(opener.record);
    Ok(Analysed {
        status: facets.analyst_status(),
        model: facets.analyst_model(),
        version: facets.analyst_version(),
        score: facets.analyst_score(),
        band: facets.analyst_band(),
        confidence: facets.analyst_confidence(),
        high_risk: facets.analyst_high_risk(),
        analysis: opener.open("analysis")?,
    })
}

fn panel<'a>(opener: &mut Opener<'a>) -> Result<Panel<'a>, Problem> {
    let facets = Facets::of(opener.record);
    Ok(Panel {
        edition: facets.jci_edition(),
        chapter: facets.jci_chapter(),
        standard: facets.jci_standard(),
        element: facets.jci_element(),
        status: facets.jci_status(),
        evidence: opener.open("jci_evidence")?,
        gap: opener.open("jci_gap")?,
        plan: opener.open("jci_plan")?,
    })
}

/// Opens sealed fields, and collects the names of those that cannot be read.
struct Opener<'a> {
    app: &'a App,
    session: &'a Session,
    record: &'a Record,
    unreadable: Vec<&'static str>,
}

impl Opener<'_> {
    fn open(&mut self, field: &'static str) -> Result<Text, Problem> {
        let text = readable(self.app, self.session.open(self.record, field))?;
        if text.is_none() {
            self.unreadable.push(field);
        }
        Ok(Text(text.flatten()))
    }
}
