//! Incidents and their audit trail as HL7 FHIR, in releases 4 and 5.
//!
//! A bundle of type `collection` is streamed, so its size is not limited by memory. Each incident is an `AdverseEvent`.
//! With its trail come `AuditEvent`s (in the shape of release 4, according to IHE's Basic Audit Log Patterns: user,
//! client and server, one entity). Where the scorer made a suggestion, a `Provenance` names the model and its version
//! as assembler and the person who accepted the suggestion as verifier.
//!
//! FHIR has no place for the probability, the accreditation panel and the evidence of follow-up actions, so the bundle
//! omits them. Release 4 has three severities for our seven levels of harm, and no severity where the incident did not
//! reach a patient. An anonymous report has no recorder. FHIR requires a subject: for an incident without a patient's
//! file number it is the group of the facility's patients.

use std::io::Write;

use serde_json::{Map, Value as Json, json};

use crate::audit::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::export::Opened;
use crate::export::columns::Column;
use crate::export::titles::Lang;
use crate::export::write::{unwritten, unwritten_json};
use crate::incident::harm::Harm;
use crate::incident::{Disposition, KIND, Reporter, State};
use crate::service::Trail;
use crate::time::Timestamp;
use crate::workflow::Label as _;

/// A release of FHIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 4.0.1, which 4.3 reads too.
    R4,
    /// 5.0.0.
    R5,
}

/// A bundle that is streamed to a writer.
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
/// use eovr_core::export::Opened;
/// use eovr_core::export::fhir::{Bundle, Release};
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let trail = quality.incidents().trail(id).await?;
/// let mut bundle = Bundle::new(Vec::new(), Release::R4, "2026-11-22T08:30:00Z".parse()?)?;
/// bundle.push(&opened, Some(&trail))?;
/// let bundle: serde_json::Value = serde_json::from_slice(&bundle.finish()?)?;
/// assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "AdverseEvent");
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct Bundle<W> {
    to: W,
    release: Release,
    entries: u64,
}

const CODES: &str = "http://terminology.hl7.org/CodeSystem";

impl<W: Write> Bundle<W> {
    /// Begins a bundle with this timestamp.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn new(mut to: W, release: Release, made_at: Timestamp) -> Result<Self> {
        write!(to, "{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"timestamp\":\"{made_at}\"")
            .map_err(unwritten)?;
        Ok(Self { to, release, entries: 0 })
    }

    /// Writes an incident, and its trail where one is given.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind; `Unavailable` where it cannot be written; `Tampered` for a broken
    /// trail, because a bundle cannot express that.
    pub fn push(&mut self, incident: &Opened, trail: Option<&Trail>) -> Result<()> {
        incident.must_be(&KIND)?;
        let id = incident.record().id().to_string();
        if trail.is_some_and(|trail| !trail.verdict.is_intact()) {
            return Err(Error::new(ErrorKind::Tampered, "the audit trail of an incident is broken")
                .with_help("an audit report names the event; omit the trail, or investigate first")
                .with("record", id));
        }
        self.entry(&adverse_event(incident, self.release))?;
        for entry in trail.map(|trail| trail.entries.as_slice()).unwrap_or_default() {
            self.entry(&audit_event(&entry.event, &id, self.release))?;
        }
        match provenance(incident, trail, &id) {
            Some(provenance) => self.entry(&provenance),
            None => Ok(()),
        }
    }

    /// Ends the bundle and returns the writer.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        // FHIR has no empty arrays.
        self.to.write_all(if self.entries == 0 { b"}\n" } else { b"]}\n" }).map_err(unwritten)?;
        self.to.flush().map_err(unwritten)?;
        Ok(self.to)
    }

    fn entry(&mut self, resource: &Json) -> Result<()> {
        let before: &[u8] = if self.entries == 0 { b",\"entry\":[" } else { b",\n" };
        self.to.write_all(before).map_err(unwritten)?;
        self.entries += 1;
        let id = resource.get("id").and_then(Json::as_str).unwrap_or_default();
        serde_json::to_writer(&mut self.to, &json!({"fullUrl": url(id), "resource": resource}))
            .map_err(unwritten_json)
    }
}

/// The URL of a resource, to which other resources of the bundle refer. Our ids are UUIDs; the id of an event is a UUID
/// followed by a number.
fn url(id: &str) -> String {
    format!("urn:eovr:{id}")
}

/// A text without the characters that a FHIR string cannot contain.
fn plain(text: &str) -> String {
    let fits = |c: &char| {
        matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    };
    text.chars().filter(fits).collect()
}

fn adverse_event(incident: &Opened, release: Release) -> Json {
    let (envelope, facets) = (incident.record().envelope(), incident.facets());
    let harm = facets.actual_harm().and_then(|code| code.parse::<Harm>().ok());
    // Without a stated harm, the incident is treated as one that reached a patient.
    let actual = harm.is_none_or(Harm::reached_patient);
    let mut resource = Map::new();
    let mut set = |name: &str, value: Json| drop(resource.insert(name.to_owned(), value));
    set("resourceType", json!("AdverseEvent"));
    set("id", json!(envelope.id));
    let number = envelope.number.clone().unwrap_or_else(|| envelope.id.to_string());
    let identifier = json!({"system": "urn:eovr:number", "value": number});
    set("actuality", json!(if actual { "actual" } else { "potential" }));
    let subject = match incident.text("medical_file_number") {
        Some(number) => {
            json!({"type": "Patient", "identifier": {"system": "urn:eovr:medical_file_number", "value": plain(number)}})
        }
        None => {
            let mut group = json!({"resourceType": "Group", "id": "patients", "type": "person"});
            if let Some(group) = group.as_object_mut() {
                match release {
                    Release::R4 => group.insert("actual".to_owned(), json!(false)),
                    Release::R5 => group.insert("membership".to_owned(), json!("conceptual")),
                };
            }
            set("contained", json!([group]));
            json!({"reference": "#patients"})
        }
    };
    set("subject", subject);
    set("location", json!({"display": envelope.stamp.facility.as_str()}));
    set("recordedDate", json!(envelope.created_at));
    if facets.reporter_type() != Some(Reporter::Anonymous.name()) {
        set(
            "recorder",
            json!({"identifier": {"system": "urn:eovr:actor", "value": envelope.author.as_str()}}),
        );
    }
    let code = coded(incident, "subtype").or_else(|| coded(incident, "category"));
    let category = coded(incident, "category").map(|category| json!([category]));
    let occurred = facets.occurred_at();
    let text = incident.text("description").map(plain);
    match release {
        Release::R4 => {
            set("identifier", identifier);
            optional(&mut set, "category", category);
            optional(&mut set, "event", code);
            optional(&mut set, "date", occurred.map(|at| json!(at)));
            optional(&mut set, "seriousness", harm.and_then(|harm| seriousness(harm, release)));
            optional(&mut set, "severity", harm.and_then(severity));
            optional(&mut set, "outcome", harm.map(outcome));
            // Release 4 has no note, so the narrative becomes the text of the event.
            optional(&mut set, "text", text.as_deref().map(narrative));
        }
        Release::R5 => {
            set("identifier", json!([identifier]));
            set("status", json!(status(incident)));
            optional(&mut set, "category", category);
            optional(&mut set, "code", code);
            optional(&mut set, "occurrenceDateTime", occurred.map(|at| json!(at)));
            optional(&mut set, "seriousness", harm.and_then(|harm| seriousness(harm, release)));
            optional(&mut set, "outcome", harm.map(|harm| json!([outcome(harm)])));
            optional(&mut set, "note", text.map(|text| json!([{"text": text}])));
            let factors: Vec<Json> = facets
                .factors()
                .map(|code| json!({"itemCodeableConcept": {"coding": [{"system": "urn:eovr:factor", "code": code}]}}))
                .collect();
            optional(&mut set, "contributingFactor", (!factors.is_empty()).then(|| json!(factors)));
            let taken = incident.text("immediate_action");
            let taken = taken.map(|text| json!([{"itemCodeableConcept": {"text": plain(text)}}]));
            optional(&mut set, "mitigatingAction", taken);
        }
    }
    Json::Object(resource)
}

fn optional(set: &mut impl FnMut(&str, Json), name: &str, value: Option<Json>) {
    if let Some(value) = value {
        set(name, value);
    }
}

/// A code of ours with its title.
fn coded(incident: &Opened, facet: &str) -> Option<Json> {
    let code = incident.code(facet)?;
    let title = Column::named(facet)?.words(incident, code, Lang::En);
    Some(
        json!({"coding": [{"system": format!("urn:eovr:{facet}"), "code": code, "display": title}], "text": title}),
    )
}

fn narrative(text: &str) -> Json {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // A viewer shows line breaks as spaces, which would join the items of a list.
    let escaped = escaped.replace("\r\n", "\n").replace(['\r', '\n'], "<br/>\n");
    json!({"status": "additional", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{escaped}</div>")})
}

fn status(incident: &Opened) -> &'static str {
    match incident.facets().disposition().and_then(Disposition::named) {
        Some(Disposition::Duplicate | Disposition::NotReportable) => "entered-in-error",
        _ if incident.facets().state() == Some(State::Completed) => "completed",
        _ => "in-progress",
    }
}

fn concept(system: &str, code: &str) -> Json {
    json!({"coding": [{"system": format!("{CODES}/{system}"), "code": code}]})
}

/// The event is serious; no outcome is stated. Moderate harm means treatment *or* a longer stay, severe harm means
/// permanent harm *or* danger to life, and the record does not say which. Release 4 has a code for each of these
/// outcomes, release 5 has none.
fn seriousness(harm: Harm, release: Release) -> Option<Json> {
    let code = match (harm, release) {
        (Harm::UnsafeCondition | Harm::NearMiss, _) => return None,
        (Harm::NoHarm | Harm::Mild, Release::R4) => "Non-serious",
        (Harm::Moderate | Harm::Severe, Release::R4) => "Serious",
        (Harm::Death, Release::R4) => "SeriousResultsInDeath",
        (Harm::NoHarm | Harm::Mild, Release::R5) => "non-serious",
        (Harm::Moderate | Harm::Severe | Harm::Death, Release::R5) => "serious",
    };
    Some(concept("adverse-event-seriousness", code))
}

fn severity(harm: Harm) -> Option<Json> {
    let code = match harm {
        Harm::UnsafeCondition | Harm::NearMiss | Harm::NoHarm => return None,
        Harm::Mild => "mild",
        Harm::Moderate => "moderate",
        Harm::Severe | Harm::Death => "severe",
    };
    Some(concept("adverse-event-severity", code))
}

fn outcome(harm: Harm) -> Json {
    concept("adverse-event-outcome", if harm == Harm::Death { "fatal" } else { "unknown" })
}

fn audit_event(event: &Event, incident: &str, release: Release) -> Json {
    let created = event.from.is_none();
    let (action, interaction) = if created { ("C", "create") } else { ("U", "update") };
    let interaction = json!({"system": "http://hl7.org/fhir/restful-interaction", "code": interaction});
    let rest = json!({"system": format!("{CODES}/audit-event-type"), "code": "rest", "display": "RESTful Operation"});
    let side = |code: &str, display: &str, who: &str| {
        let role = json!({"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code, "display": display});
        json!({"type": {"coding": [role]}, "who": {"display": who}, "requestor": false})
    };
    let who = json!({"identifier": {"system": "urn:eovr:actor", "value": event.actor.as_str()}, "display": event.actor.as_str()});
    let agent = json!({"system": format!("{CODES}/v3-RoleClass"), "code": "AGNT", "display": "agent"});
    let user = json!({
        "type": {"coding": [agent]}, "role": [{"text": event.capacity}], "who": who, "requestor": true,
    });
    let client = side("110153", "Source Role ID", "a host of eovr");
    let server = side("110152", "Destination Role ID", "eovr");
    let agents = json!([user, client, server]);
    let what = json!({"reference": url(incident)});
    let id = format!("{incident}-{}", event.seq);
    let detail = json!([{"type": "action", "valueString": event.action.as_str()}]);
    match release {
        Release::R4 => json!({
            "resourceType": "AuditEvent", "id": id, "type": rest, "subtype": [interaction], "action": action,
            "recorded": event.at, "outcome": "0", "agent": agents,
            "source": {"observer": {"display": "eovr"}},
            "entity": [{
                "what": what,
                "type": {"system": format!("{CODES}/audit-entity-type"), "code": "2", "display": "System Object"},
                "role": {"system": format!("{CODES}/object-role"), "code": "4", "display": "Domain Resource"},
                "detail": detail,
            }],
        }),
        Release::R5 => json!({
            "resourceType": "AuditEvent", "id": id, "category": [{"coding": [rest]}], "code": {"coding": [interaction]},
            "action": action, "recorded": event.at, "severity": "informational",
            "outcome": {"code": {"system": "http://hl7.org/fhir/issue-severity", "code": "success"}},
            "agent": agents, "source": {"observer": {"display": "eovr"}},
            "entity": [{
                "what": what, "role": {"coding": [{"system": format!("{CODES}/object-role"), "code": "4"}]},
                "detail": [{"type": {"text": "action"}, "valueString": event.action.as_str()}],
            }],
        }),
    }
}

/// The origin of the scorer's suggestion, and the person who accepted it. A suggestion that was overridden or not yet
/// reviewed has no verifier.
fn provenance(incident: &Opened, trail: Option<&Trail>, id: &str) -> Option<Json> {
    let facets = incident.facets();
    let (model, version) = (facets.ai_model()?, facets.ai_version().unwrap_or_default());
    let kind = |code: &str| json!({"coding": [{"system": format!("{CODES}/provenance-participant-type"), "code": code}]});
    let mut agents =
        vec![json!({"type": kind("assembler"), "who": {"display": format!("{model} {version}")}})];
    let accepted = facets.ai_review() == Some("accepted");
    let events = trail.map(|trail| trail.entries.as_slice()).unwrap_or_default();
    let review = events.iter().rev().find(|entry| entry.event.action.as_str() == "review_ai");
    if let (true, Some(review)) = (accepted, review) {
        let actor = review.event.actor.as_str();
        let who = json!({"identifier": {"system": "urn:eovr:actor", "value": actor}, "display": actor});
        agents.push(json!({"type": kind("verifier"), "who": who}));
    }
    Some(json!({
        "resourceType": "Provenance",
        "id": format!("{id}-ai"),
        "target": [{"reference": url(id)}],
        "recorded": incident.record().envelope().created_at,
        "agent": agents,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_says_no_more_than_the_record() {
        let said = |harm, release| {
            let json = seriousness(harm, release)?;
            json.pointer("/coding/0/code").and_then(Json::as_str).map(str::to_owned)
        };
        let r4 = Harm::ALL.map(|harm| said(harm, Release::R4).unwrap_or_default());
        assert_eq!(r4, ["", "", "Non-serious", "Non-serious", "Serious", "Serious", "SeriousResultsInDeath"]);
        let r5 = Harm::ALL.map(|harm| said(harm, Release::R5).unwrap_or_default());
        assert_eq!(r5, ["", "", "non-serious", "non-serious", "serious", "serious", "serious"]);
    }

    #[test]
    fn lines_of_a_narrative_stay_lines() {
        let div = |text: &str| narrative(text)["div"].as_str().unwrap().to_owned();
        let wanted =
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">- a &lt; b<br/>\n- c<br/>\nd<br/>\n<br/>\ne</div>";
        assert_eq!(div("- a < b\r\n- c\rd\n\ne"), wanted);
    }
}
