//! Schemas of single values for the OpenAPI document, generated from the engine's tables where one exists.

use std::borrow::Cow;

use eovr_core::access::Role as Roles;
use eovr_core::identity::api_key;
use eovr_core::incident::{self, FollowUpKind, Settings, jci, taxonomy};
use eovr_core::risk::Band as Bands;
use eovr_core::seal::Purpose as Sealing;
use eovr_core::workflow::Label as _;
use utoipa::openapi::schema::SchemaFormat;
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::incidents::STEPS;
use crate::provider::Dialect;

/// Uninhabited types: each is a `value_type` that stands for the schema of a text.
macro_rules! texts {
    ($($(#[$says:meta])+ $name:ident = $schema:expr;)+) => {$(
        $(#[$says])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::Object($schema))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

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
    /// The purpose of a data key.
    KeyPurpose = words([Sealing::Fields, Sealing::Search].map(Sealing::name));
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
    /// A role.
    Role = words(Roles::ALL.map(Roles::name));
    /// The access of an API key.
    Opens = words(api_key::Access::ALL.iter().map(|access| access.name()));
    /// The id of a place of the organisation.
    PlaceId = matching("^[A-Za-z0-9._:-]{1,64}$");
    /// Any code: at most 200 bytes.
    ShortCode = text(r"^[^\u0000-\u001f\u007f-\u009f]+$", 200);
    /// The narrative of a report.
    Narrative = text(r"\S[\s\S]{8,}\S", 60_000);
    /// A draft narrative.
    Wording = text("", 60_000);
    /// At least five characters of text.
    Sentence = text(r"\S[\s\S]{3,}\S", 10_000);
    /// Text of some length.
    Prose = text(r"\S", 10_000);
    /// A line of text.
    Line = text(r"\S", 500);
    /// A file number, as it is typed.
    FileNumber = text(r"\S", 64);
    /// The reason for an action.
    Reason = text(r"\S", 10_000);
    /// An e-mail address. The server also accepts others that have one `@` and no invisible characters.
    Address = matching(r"^[A-Za-z0-9]{1,40}@[A-Za-z0-9]{2,40}[.][A-Za-z]{2,12}$");
    /// A month of a facility's own calendar.
    Month = matching(r"^20[0-9]{2}-(0[1-9]|1[0-2])$");
    /// A provider of external models.
    Provider = words(Dialect::ALL.map(Dialect::name));
    /// SHA-256, in hexadecimal.
    Digest = matching("^[0-9A-Fa-f]{64}$");
    /// The cursor of a page.
    Place = matching("^[A-Za-z0-9_-]{32}$");
    /// A receipt code.
    ReceiptText = matching("^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$");
}

/// `If-Match`: entity tags of this server, also weak ones, or `*`.
pub(crate) fn seen() -> Object {
    matching(r#"^(\*|(W/)?"[0-9]{1,18}"(, (W/)?"[0-9]{1,18}"){0,8})$"#)
}

/// A key by which a request that is sent twice is known; a stranger's is long.
pub(crate) fn repeat_key(of_stranger: bool) -> Object {
    matching(if of_stranger { "^[!-~]{22,128}$" } else { "^[!-~]{1,128}$" })
}

/// The id of a record.
pub(crate) fn record() -> Object {
    string().format(Some(SchemaFormat::Custom("uuid".to_owned()))).build()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    string().enum_values(Some(words)).build()
}

fn matching(pattern: &str) -> Object {
    string().pattern(Some(pattern)).build()
}

/// A pattern and a maximum length. The pattern also excludes blank text.
fn text(pattern: &str, most: usize) -> Object {
    string().pattern(Some(pattern)).max_length(Some(most)).build()
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
