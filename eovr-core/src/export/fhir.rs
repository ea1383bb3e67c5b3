//! Incidents and their audit trail as HL7 FHIR, in releases 4 and 5.
//!
//! A bundle of type `collection` is written as it comes, so it does not matter how many incidents there are.
//! Each incident is an `AdverseEvent`; with its trail come `AuditEvent`s (release 4's shape, as IHE's Basic
//! Audit Log Patterns have it: the user, client and server, one entity) and, where the scorer suggested
//! something, a `Provenance` that names model and version as assembler and the person who accepted as verifier.
//!
//! What FHIR has no place for is left out and said here: probability, the accreditation panel, follow-up
//! actions' evidence. Release 4 has three severities for our seven levels of harm, and none where no patient
//! was reached. An anonymous report has no recorder, and an incident without a patient's file number has the
//! facility's patients as its subject, which FHIR asks for.

use std::io::Write;

use serde_json::{Map, Value as Json, json};

use crate::audit::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::export::Opened;
use crate::export::columns::Column;
use crate::export::titles::Lang;
use crate::export::write::{unwritten, unwritten_json};
use crate::incident::State;
use crate::incident::harm::Harm;
use crate::record::Value;
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

/// A bundle that is written as it comes.
#[derive(Debug)]
pub struct Bundle<W> {
    to: W,
    release: Release,
    entries: u64,
}

const CODES: &str = "http://terminology.hl7.org/CodeSystem";

impl<W: Write> Bundle<W> {
    /// Begins a bundle that was made at this moment.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn new(mut to: W, release: Release, made_at: Timestamp) -> Result<Self> {
        write!(to, "{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"timestamp\":\"{made_at}\"")
            .map_err(unwritten)?;
        Ok(Self { to, release, entries: 0 })
    }

    /// Writes an incident, and what its trail tells where that is given.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written; `Tampered` for a trail that is broken, of which a bundle has no way to
    /// tell.
    pub fn push(&mut self, incident: &Opened, trail: Option<&Trail>) -> Result<()> {
        let id = incident.record().id().to_string();
        if trail.is_some_and(|trail| !trail.verdict.is_intact()) {
            return Err(Error::new(ErrorKind::Tampered, "the audit trail of an incident is broken")
                .with_help("an audit report says where; leave the trail out, or look into it first")
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

    /// Ends the bundle and gives the writer back.
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

/// Under which address a resource stands in the bundle, and others of the bundle refer to it. Ids of ours are UUIDs;
/// those of events have a number behind.
fn url(id: &str) -> String {
    format!("urn:eovr:{id}")
}

/// What somebody wrote, without the characters that a string of FHIR cannot have.
fn plain(text: &str) -> String {
    let fits = |c: &char| {
        matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    };
    text.chars().filter(fits).collect()
}

fn adverse_event(incident: &Opened, release: Release) -> Json {
    let record = incident.record();
    let envelope = record.envelope();
    let harm = incident.code("actual_harm").and_then(|code| code.parse::<Harm>().ok());
    // Where nobody has said what harm it did, it is taken for one that reached a patient.
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
    if incident.code("reporter_type") != Some("anonymous") {
        set(
            "recorder",
            json!({"identifier": {"system": "urn:eovr:actor", "value": envelope.author.as_str()}}),
        );
    }
    let code = coded(incident, "subtype").or_else(|| coded(incident, "category"));
    let category = coded(incident, "category").map(|category| json!([category]));
    let occurred = record.facet("occurred_at").and_then(Value::as_time);
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
            // Release 4 has no note: the narrative is the text of the event.
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
            let factors: Vec<Json> = incident
                .code("factors")
                .into_iter()
                .flat_map(|all| all.split(','))
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
    // A viewer shows line breaks as blanks, and the items of a list would run together.
    let escaped = escaped.replace("\r\n", "\n").replace(['\r', '\n'], "<br/>\n");
    json!({"status": "additional", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{escaped}</div>")})
}

fn status(incident: &Opened) -> &'static str {
    let state = incident.record().state().as_str();
    match incident.code("disposition") {
        Some("duplicate" | "not_reportable") => "entered-in-error",
        _ if state == State::Completed.name() => "completed",
        _ => "in-progress",
    }
}

fn concept(system: &str, code: &str) -> Json {
    json!({"coding": [{"system": format!("{CODES}/{system}"), "code": code}]})
}

/// Serious, and no more than that: moderate harm is treatment *or* a longer stay, severe harm is permanent *or* a danger
/// to life, and a record does not say which. Release 4 has a code for each of them, release 5 for none.
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

/// Where the scorer's suggestion comes from, and who accepted it. A suggestion that was overridden, or that
/// nobody has looked at, has no verifier.
fn provenance(incident: &Opened, trail: Option<&Trail>, id: &str) -> Option<Json> {
    let (model, version) = (incident.code("ai_model")?, incident.code("ai_version").unwrap_or_default());
    let kind = |code: &str| json!({"coding": [{"system": format!("{CODES}/provenance-participant-type"), "code": code}]});
    let mut agents =
        vec![json!({"type": kind("assembler"), "who": {"display": format!("{model} {version}")}})];
    let accepted = incident.code("ai_review") == Some("accepted");
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
    fn no_more_is_said_than_the_record_tells() {
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
