use serde::{Deserialize, Serialize};

use crate::decide::Command;
use crate::incident::receipt::ReceiptCode;
use crate::incident::{Action, Harm};
use crate::labels;
use crate::ports::Written;
use crate::record::{RecordId, Value};
use crate::time::Timestamp;
use crate::typed;

/// A report. Only category and description are required.
///
/// ```
/// use eovr_core::incident::{Report, Reporter};
///
/// let report: Report = serde_json::from_str(
///     r#"{"category": "medication", "description": "The patient was given ten times the dose.",
///         "location": "ward-3", "factors": ["staff", "workload"], "actual_harm": "moderate"}"#,
/// )?;
/// assert_eq!(report.reporter, Reporter::Staff);
/// assert_eq!(report.notes, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// The type of the event: a code of [`crate::incident::taxonomy`].
    pub category: String,
    /// The sub-type: a code below the category.
    pub subtype: Option<String>,
    /// What happened, in the reporter's own words, 10 to 60,000 characters. Sealed, and kept as written.
    pub description: String,
    /// What exactly went wrong. Sealed.
    pub specific_error: Option<String>,
    /// When it happened; from 2000 on, not in the future.
    pub occurred_at: Option<Timestamp>,
    /// Where in the facility: the code of a ward or unit, kept with plain digits and single blanks.
    pub location: Option<String>,
    /// The reporter type.
    pub reporter: Reporter,
    /// Who was involved. Sealed.
    pub involved_person: Option<String>,
    /// The patient's file number, normalised: ASCII digits, capitals, no blanks, no invisible characters. Sealed so
    /// that equal numbers can be found.
    pub medical_file_number: Option<String>,
    /// What was done at once. Sealed.
    pub immediate_action: Option<String>,
    /// The manager in charge. Sealed.
    pub responsible_manager: Option<String>,
    /// Whether the patient was told.
    pub disclosed: Option<bool>,
    /// Who told the patient. Sealed.
    pub disclosure_responsible: Option<String>,
    /// Other remarks. Sealed.
    pub notes: Option<String>,
    /// The contributing factors: codes of [`crate::incident::FACTORS`].
    pub factors: Vec<String>,
    /// The actual harm.
    pub actual_harm: Option<Harm>,
    /// The potential harm.
    pub potential_harm: Option<Harm>,
}

labels! {
    /// The reporter type.
    #[derive(Default)]
    pub enum Reporter {
        /// Staff, by name. The report has the actor's id.
        #[default]
        Staff = "staff",
        /// A patient or a relative.
        Patient = "patient",
        /// An anonymous reporter. The report has no actor id, even if the reporter was logged in.
        Anonymous = "anonymous",
    }
}

/// The result of a report, for the reporter.
#[derive(Debug)]
pub struct Reported {
    /// The incident's id, version and number.
    pub written: Written,
    /// With this code the reporter can follow the report without an account. It is shown once, because only its digest
    /// is stored.
    pub receipt: ReceiptCode,
}

impl Report {
    pub(super) fn command(self, receipt: &ReceiptCode) -> Command {
        Command::new(Action::Report)
            .set("category", self.category)
            .set_some("subtype", self.subtype)
            .set_some("occurred_at", self.occurred_at)
            .set_some("location", self.location)
            .set_some("disclosed", self.disclosed)
            .set_some("factors", Value::codes(self.factors))
            .set_some("actual_harm", self.actual_harm.map(Harm::code))
            .set_some("potential_harm", self.potential_harm.map(Harm::code))
            .set("reporter_type", self.reporter)
            .set("receipt", Value::Bytes(receipt.digest().to_vec()))
            .write("description", self.description)
            .write_some("specific_error", self.specific_error)
            .write_some("involved_person", self.involved_person)
            .write_some("medical_file_number", self.medical_file_number)
            .write_some("immediate_action", self.immediate_action)
            .write_some("responsible_manager", self.responsible_manager)
            .write_some("disclosure_responsible", self.disclosure_responsible)
            .write_some("notes", self.notes)
    }

    /// A report that continues a closed incident.
    pub(super) fn continuing(self, receipt: &ReceiptCode, closed: RecordId) -> Command {
        self.command(receipt).set("continues", closed)
    }
}

/// A file number as earlier releases sealed it. A search looks for both forms.
pub(super) fn earlier_file_number(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let digit = |c: char| match c {
        '٠'..='٩' | '۰'..='۹' => {
            typed::digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
        }
        other => other,
    };
    text.nfkc().filter(|c| !c.is_whitespace()).map(digit).flat_map(char::to_uppercase).collect()
}

/// Does not print the content of the report.
impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Report({} characters)", self.description.chars().count())
    }
}
