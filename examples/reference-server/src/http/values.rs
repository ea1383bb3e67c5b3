//! Schemas of single values for the OpenAPI document, generated from the engine's tables where one exists.

use eovr_core::incident::{self, FollowUpKind, Settings, jci, taxonomy};
use eovr_core::risk::Band as Bands;
use eovr_core::workflow::Label as _;
pub(crate) use eovr_host::http::values::{Digest, Line, Place, PlaceId, Prose, Reason};
use eovr_host::http::values::{matching, string, text, words};
use eovr_host::texts;
use utoipa::openapi::Object;

use super::incidents::STEPS;
use crate::provider::Dialect;

texts! {
    /// A category of the taxonomy.
    Category = words(taxonomy::CATEGORIES.iter().map(|category| category.code));
    /// A sub-type of some category.
    Subtype = words(subtypes());
    /// A degree of harm.
    Harm = words(incident::Harm::ALL.map(incident::Harm::code));
    /// The kind of reporter.
    Reporter = words(incident::Reporter::ALL.iter().map(|reporter| reporter.name()));
    /// A contributing factor.
    Factor = words(incident::FACTORS.iter().copied());
    /// A state of an incident.
    State = words(incident::State::ALL.iter().map(|state| state.name()));
    /// A band of risk.
    Band = words(Bands::ALL.map(Bands::name));
    /// A risk scheme that is in use here.
    Scheme = words(Settings::default().schemes.iter().map(|scheme| scheme.id()));
    /// A step of severity: its code, or its position from 1.
    Severity = steps(|scheme| &scheme.severities);
    /// A step of probability: its code, or its position from 1.
    Probability = steps(|scheme| &scheme.probabilities);
    /// An edition of the standards.
    Edition = words(jci::Edition::ALL.map(jci::Edition::code));
    /// A chapter of some edition.
    Chapter = words(chapters());
    /// The degree of compliance with a standard.
    Compliance = words(jci::Status::ALL.map(jci::Status::code));
    /// An action of `POST …/transition`.
    Step = words(STEPS.iter().copied());
    /// The reason for which a report is set aside.
    Disposition = words(["duplicate", "not_reportable"]);
    /// The purpose of a follow-up action.
    Purpose = words(FollowUpKind::ALL.iter().map(|purpose| purpose.name()));
    /// The strength of a follow-up action.
    Strength = words(incident::Strength::ALL.iter().map(|strength| strength.name()));
    /// Any code: at most 200 bytes.
    ShortCode = text(r"^[^\u0000-\u001f\u007f-\u009f]+$", 200);
    /// The narrative of a report.
    Narrative = text(r"\S[\s\S]{8,}\S", 60_000);
    /// A draft narrative.
    Wording = text("", 60_000);
    /// At least five characters of text.
    Sentence = text(r"\S[\s\S]{3,}\S", 10_000);
    /// A file number, as it is typed.
    FileNumber = text(r"\S", 64);
    /// A month of a facility's own calendar.
    Month = matching(r"^20[0-9]{2}-(0[1-9]|1[0-2])$");
    /// A provider of external models.
    Provider = words(Dialect::ALL.map(Dialect::name));
    /// A receipt code.
    ReceiptText = matching("^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$");
}

fn subtypes() -> Vec<&'static str> {
    let subtypes = taxonomy::CATEGORIES.iter().flat_map(|category| category.subtypes);
    once(subtypes.map(|subtype| subtype.code).collect())
}

fn chapters() -> Vec<&'static str> {
    let chapters = jci::Edition::ALL.into_iter().flat_map(jci::Edition::chapters);
    once(chapters.map(|chapter| chapter.code).collect())
}

fn steps(of: fn(&eovr_core::risk::SchemeTable) -> &Vec<eovr_core::risk::Step>) -> Object {
    let mut all = Vec::new();
    for scheme in Settings::default().schemes {
        let steps = of(scheme.table());
        all.extend(steps.iter().map(|step| step.code.clone()));
        all.extend((1..=steps.len()).map(|position| position.to_string()));
    }
    string().enum_values(Some(all)).build()
}

fn once(mut words: Vec<&'static str>) -> Vec<&'static str> {
    words.sort_unstable();
    words.dedup();
    words
}
