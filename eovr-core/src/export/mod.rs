//! Exports: lists for a spreadsheet or a program, and the report of one incident for a person.
//!
//! An export takes records and writes bytes to any [`std::io::Write`]. It never reads a store. The host reads page
//! after page through its [`Session`](crate::Session), which applies scope, and passes each record as [`Opened`]. An
//! export buffers no more than its format requires. A slow reader slows the writer, and a closed connection ends the
//! export with an error.
//!
//! | content | format | feature |
//! |---|---|---|
//! | the list, for programs | [`Csv`], [`Ndjson`]: codes and RFC 3339 times | `export` |
//! | the list, for analysts | `Parquet`: columns with their types | `parquet` |
//! | the list, for people | `Workbook`: Excel, English or Arabic, with figures and a chart | `xlsx` |
//! | one incident, for people | `pdf::Incident`: English, Arabic or both; PDF/UA-1 and PDF/A-2a | `pdf` |
//! | the same, written by printpdf | without a standard for archives or screen readers | `printpdf` |
//! | audit events | [`AuditReport`]: by date, event and user, as CSV and JSON; as PDF too | `export`, `pdf` |
//! | counts without persons | [`Deidentified`]: months instead of dates, small counts hidden | `export` |
//! | reviews of suggestions, for training | [`Labelled`]: deidentified, as CSV, NDJSON, Parquet | `export` |
//! | incidents and audit, for other systems | [`fhir`], [`crosswalk`] | `export` |
//!
//! All lists of incidents have the same columns, from one table: [`columns::COLUMNS`]. A list of another kind has the
//! columns of that kind: `Csv::of` and its like take [`Columns::of`] the kind. The other formats are made for
//! incidents. An export refuses a record of another kind than its own. The host records each export ([`Given`]), so
//! that the audit trail contains it.

mod audit;
pub mod columns;
pub mod crosswalk;
mod csv;
mod deidentified;
#[cfg(any(feature = "pdf", feature = "xlsx"))]
mod direction;
pub mod fhir;
pub mod given;
mod labelled;
mod ndjson;
mod opened;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "pdf")]
pub mod pdf;
mod reasons;
mod titles;
mod write;
#[cfg(feature = "xlsx")]
mod xlsx;

#[cfg(test)]
#[cfg(all(feature = "testing", feature = "parquet", feature = "pdf", feature = "xlsx"))]
mod tests;

pub use self::audit::{AuditFilter, AuditReport};
pub use self::columns::Columns;
pub use self::csv::Csv;
pub use self::deidentified::Deidentified;
pub use self::given::Given;
pub use self::labelled::Labelled;
pub use self::ndjson::Ndjson;
pub use self::opened::Opened;
#[cfg(feature = "parquet")]
pub use self::parquet::Parquet;
pub use self::titles::{Lang, title};
#[cfg(feature = "xlsx")]
pub use self::xlsx::{Look, Workbook};

use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::name;
use crate::name::Name;

/// The export permissions, for [`crate::service::EovrBuilder::actions`]. An account that sees an incident may export
/// its report; a list requires tier 2.
///
/// # Errors
/// None that a host could cause.
pub fn actions() -> Result<(Name, Vec<ActionRow>)> {
    let row = |name, lowest| Ok(ActionRow::new(name, Tiers::new(lowest, 5)?));
    Ok((name!("exports"), vec![row(name!("list"), 2)?, row(name!("report"), 1)?]))
}
