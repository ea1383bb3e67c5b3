//! `POST /api/incidents` and `POST …/reopen`: creates a report.

use std::collections::BTreeSet;

use eovr_core::access::{Actor, Seat, Standing};
use eovr_core::incident::{FACTORS, Harm, KIND, ReceiptCode, Report, Reported, Reporter};
use eovr_core::org::OrgId;
use eovr_core::record::RecordId;
use eovr_core::{ErrorKind, Session, Timestamp};
use eovr_host::http::body::{Json, object};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::{Code, Problem};
use eovr_host::http::repeat::{Keyed, Seed};
use eovr_host::http::reply::{Answered, created};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::super::values;
use crate::http::path::Incident;

/// What a reporter tells. Only category and description are asked for; the rest can follow.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIncident {
    /// The facility where it happened; the caller's own where none is named.
    #[serde(default)]
    #[schema(value_type = Option<values::PlaceId>)]
    facility: Option<String>,
    /// What kind of event: a code of the taxonomy.
    #[schema(value_type = values::Category)]
    category: String,
    /// Which more exactly: a code below the category.
    #[serde(default)]
    #[schema(value_type = Option<values::Subtype>)]
    subtype: Option<String>,
    /// What happened, in the reporter's own words: 10 to 60,000 characters.
    #[schema(value_type = values::Narrative)]
    description: String,
    /// What exactly went wrong.
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    specific_error: Option<String>,
    /// When it happened.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    /// Where in the facility: the code of a ward or unit.
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    location: Option<String>,
    /// Who reports: `staff`, `patient` or `anonymous`. An anonymous report stores no reporter's id.
    #[serde(default)]
    #[schema(value_type = values::Reporter)]
    reporter: Reporter,
    /// Who was involved.
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    involved_person: Option<String>,
    /// The patient's file number.
    #[serde(default)]
    #[schema(value_type = Option<values::FileNumber>)]
    medical_file_number: Option<String>,
    /// What was done at once.
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    immediate_action: Option<String>,
    /// The manager in charge.
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    responsible_manager: Option<String>,
    /// Whether the patient was told.
    #[serde(default)]
    disclosed: Option<bool>,
    /// Who told the patient.
    #[serde(default)]
    #[schema(value_type = Option<values::Line>)]
    disclosure_responsible: Option<String>,
    /// Anything else.
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    notes: Option<String>,
    /// What contributed: codes.
    #[serde(default)]
    #[schema(value_type = BTreeSet<values::Factor>)]
    factors: Factors,
    /// What harm it did, `unsafe_condition` to `death`.
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    actual_harm: Option<Harm>,
    /// What harm it could have done.
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    potential_harm: Option<Harm>,
}

/// What contributed: each once.
#[derive(Default)]
pub(super) struct Factors(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Factors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let factors = Vec::<String>::deserialize(deserializer)?;
        let once: BTreeSet<&str> = factors.iter().map(String::as_str).collect();
        if once.len() == factors.len() && once.iter().all(|factor| FACTORS.contains(factor)) {
            return Ok(Self(factors));
        }
        let accepted = FACTORS.join("`, `");
        Err(D::Error::custom(format!(
            "invalid_input: one is not known, or stands twice; each at most once of `{accepted}`"
        )))
    }
}

/// What a reporter gets back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// The incident's id.
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Its version.
    version: u64,
    /// Its number, as people say it.
    number: Option<String>,
    /// With this code the reporter follows the report without an account. It is shown this once.
    receipt: String,
}

/// A closed incident that goes on in a new report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reopening {
    /// Why.
    #[schema(value_type = values::Reason)]
    reason: String,
    /// What is reported now. It names no facility: it stands where the closed one does.
    #[serde(deserialize_with = "object")]
    report: NewIncident,
}

/// A report that the store has.
pub(crate) struct Taken {
    pub(crate) id: RecordId,
    version: u64,
    pub(crate) number: Option<String>,
    pub(crate) receipt: ReceiptCode,
}

pub(super) async fn report(
    Caller(session): Caller,
    Keyed(seed): Keyed,
    Json(mut new): Json<NewIncident>,
) -> Answered {
    let facility = match new.facility.take() {
        Some(facility) => OrgId::new(&facility).map_err(|error| error.with_field("facility"))?,
        None => own_facility(session.actor())?,
    };
    take(&session, &facility, seed, new.into()).await?.answer()
}

/// Stores a report, once for each key.
///
/// # Errors
/// As [`eovr_core::incident::Incidents::report`]; `InvalidInput` where its key came with another report.
pub(crate) async fn take(
    session: &Session,
    facility: &OrgId,
    seed: Option<Seed>,
    report: Report,
) -> Result<Taken, Problem> {
    let Some(seed) = seed else {
        return Ok(Taken::of(session.incidents().report(facility, report).await?));
    };
    let receipt = ReceiptCode::from_bytes(seed.bytes());
    match session.incidents().report_with(facility, seed.record(), receipt.clone(), report).await {
        Ok(reported) => Ok(Taken::of(reported)),
        Err(error) if error.kind() == ErrorKind::Conflict => again(session, &seed, receipt).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn reopen(
    Caller(session): Caller,
    Incident(closed): Incident,
    Json(asked): Json<Reopening>,
) -> Answered {
    if asked.report.facility.is_some() {
        return Err(Problem::invalid("report", "it names a facility", "a report without one"));
    }
    let reported = session.incidents().reopen(closed, &asked.reason, asked.report.into()).await?;
    Taken::of(reported).answer()
}

/// The report that an earlier request with this key already created.
async fn again(session: &Session, seed: &Seed, receipt: ReceiptCode) -> Result<Taken, Problem> {
    let record = match session.load(&KIND, seed.record()).await {
        // The report exists, but is no longer in the caller's scope.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Problem::new(Code::Conflict).detail("it was reported before"));
        }
        loaded => loaded?,
    };
    // The receipt code is derived from the request, body included, and the store has only its digest; so another digest
    // means another body.
    if !receipt.is_of(&record) {
        return Err(Seed::other_body());
    }
    Ok(Taken { id: record.id(), version: 1, number: record.envelope().number.clone(), receipt })
}

impl Taken {
    fn of(Reported { written, receipt, .. }: Reported) -> Self {
        Self { id: written.id, version: written.version, number: written.number, receipt }
    }

    fn answer(self) -> Answered {
        let Self { id, version, number, receipt } = self;
        let answer = Receipt { id, version, number, receipt: receipt.to_string() };
        created(version, &format!("/api/incidents/{id}"), &answer)
    }
}

/// The facility where the actor works.
///
/// # Errors
/// `InvalidInput` about `facility` where the actor is responsible for several.
pub(crate) fn own_facility(actor: &Actor) -> Result<OrgId, Problem> {
    match actor.standing() {
        Standing::Member { seat: Seat::Facility(stamp), .. } | Standing::Visitor(stamp) => {
            Ok(stamp.facility.clone())
        }
        _ => Err(Problem::invalid("facility", "it is missing", "the id of a facility in your scope")),
    }
}

impl From<NewIncident> for Report {
    fn from(new: NewIncident) -> Self {
        Self {
            category: new.category,
            subtype: new.subtype,
            description: new.description,
            specific_error: new.specific_error,
            occurred_at: new.occurred_at,
            location: new.location,
            reporter: new.reporter,
            involved_person: new.involved_person,
            medical_file_number: new.medical_file_number,
            immediate_action: new.immediate_action,
            responsible_manager: new.responsible_manager,
            disclosed: new.disclosed,
            disclosure_responsible: new.disclosure_responsible,
            notes: new.notes,
            factors: new.factors.0,
            actual_harm: new.actual_harm,
            potential_harm: new.potential_harm,
        }
    }
}
