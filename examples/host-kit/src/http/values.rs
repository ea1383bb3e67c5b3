//! Schemas of single values for the OpenAPI document, generated from the engine's tables where one exists.

use eovr_core::access::Role as Roles;
use eovr_core::identity::api_key;
use eovr_core::seal::Purpose as Sealing;
use eovr_core::workflow::Label as _;
use utoipa::openapi::schema::SchemaFormat;
use utoipa::openapi::{Object, ObjectBuilder, Type};

/// Declares uninhabited types, each of which stands for the schema of a text as a `value_type`.
#[macro_export]
macro_rules! texts {
    ($($(#[$says:meta])+ $name:ident = $schema:expr;)+) => {$(
        $(#[$says])+
        pub enum $name {}

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                ::utoipa::openapi::RefOr::T(::utoipa::openapi::Schema::Object($schema))
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

texts! {
    /// The purpose of a data key.
    KeyPurpose = words([Sealing::Fields, Sealing::Search].map(Sealing::name));
    /// A role.
    Role = words(Roles::ALL.map(Roles::name));
    /// The access of an API key.
    Opens = words(api_key::Access::ALL.iter().map(|access| access.name()));
    /// The id of a place of the organisation.
    PlaceId = matching("^[A-Za-z0-9._:-]{1,64}$");
    /// Text of some length.
    Prose = text(r"\S", 10_000);
    /// A line of text.
    Line = text(r"\S", 500);
    /// The reason for an action.
    Reason = text(r"\S", 10_000);
    /// An e-mail address. The server also accepts others that have one `@` and no invisible characters.
    Address = matching(r"^[A-Za-z0-9]{1,40}@[A-Za-z0-9]{2,40}[.][A-Za-z]{2,12}$");
    /// SHA-256, in hexadecimal.
    Digest = matching("^[0-9A-Fa-f]{64}$");
    /// The cursor of a page.
    Place = matching("^[A-Za-z0-9_-]{32}$");
}

/// `If-Match`: entity tags of this server, also weak ones, or `*`.
pub fn seen() -> Object {
    matching(r#"^(\*|(W/)?"[0-9]{1,18}"(, (W/)?"[0-9]{1,18}"){0,8})$"#)
}

/// A key by which a request that is sent twice is known; a stranger's is long.
pub fn repeat_key(of_stranger: bool) -> Object {
    matching(if of_stranger { "^[!-~]{22,128}$" } else { "^[!-~]{1,128}$" })
}

/// The id of a record.
pub fn record() -> Object {
    string().format(Some(SchemaFormat::Custom("uuid".to_owned()))).build()
}

/// A schema of a text, to be completed.
pub fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// One of these words.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    string().enum_values(Some(words)).build()
}

/// A text that matches a pattern.
pub fn matching(pattern: &str) -> Object {
    string().pattern(Some(pattern)).build()
}

/// A pattern and a maximum length. The pattern also excludes blank text.
pub fn text(pattern: &str, most: usize) -> Object {
    string().pattern(Some(pattern)).max_length(Some(most)).build()
}
