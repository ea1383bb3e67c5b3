use std::io::Write;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::export::Opened;
use crate::export::csv::{end, guarded};
use crate::export::write::{unwritten, unwritten_json};
use crate::incident::PEOPLE;
use crate::record::Value;
use crate::triage::analysis::Cleared;

/// What people made of the scorer's suggestions, as a labelled set to learn from: a line for each report that
/// somebody has reviewed, as CSV or NDJSON.
///
/// The text is without what names a person, as it is where a provider is sent one; that makes it less telling,
/// and not anonymous, so a file of them is to be kept like the reports themselves. `level` is the person's: the
/// band of the rating, or the suggestion that was accepted. A report whose suggestion was overridden and that
/// nobody has rated has none and is left out.
#[derive(Debug)]
pub struct Labelled<W> {
    to: W,
    csv: bool,
    line: String,
}

/// The columns, in order.
const COLUMNS: &[&str] = &[
    "text",
    "level",
    "review",
    "suggested_level",
    "suggested_score",
    "model",
    "version",
    "category",
    "actual_harm",
    "potential_harm",
    "facility",
    "month",
];

#[derive(Serialize)]
struct Row<'a> {
    text: &'a str,
    level: &'a str,
    review: &'a str,
    suggested_level: Option<&'a str>,
    suggested_score: Option<i64>,
    model: Option<&'a str>,
    version: Option<&'a str>,
    category: Option<&'a str>,
    actual_harm: Option<&'a str>,
    potential_harm: Option<&'a str>,
    facility: &'a str,
    month: u32,
}

impl<W: Write> Labelled<W> {
    /// As CSV, with the guard against formulas that lists have.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn csv(to: W) -> Result<Self> {
        let mut set = Self { to, csv: true, line: String::new() };
        COLUMNS.iter().for_each(|column| guarded(&mut set.line, column));
        end(&mut set.line, &mut set.to)?;
        Ok(set)
    }

    /// As one JSON object a line.
    pub fn ndjson(to: W) -> Self {
        Self { to, csv: false, line: String::new() }
    }

    /// Writes one incident, and says whether it has a label.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn push(&mut self, incident: &Opened) -> Result<bool> {
        let suggested = incident.code("ai_band");
        let review = incident.code("ai_review");
        let accepted = suggested.filter(|_| review == Some("accepted"));
        let level = incident.code("risk_band").or(accepted);
        let (Some(narrative), Some(review), Some(level)) = (incident.text("description"), review, level)
        else {
            return Ok(false);
        };
        let people = PEOPLE.iter().filter_map(|field| incident.text(field));
        let people: Vec<_> = people.map(|words| Zeroizing::new(words.to_owned())).collect();
        let cleared = Cleared::new(narrative, &people);
        let envelope = incident.record().envelope();
        let row = Row {
            text: cleared.text(),
            level,
            review,
            suggested_level: suggested,
            suggested_score: incident.record().facet("ai_score").and_then(Value::as_int),
            model: incident.code("ai_model"),
            version: incident.code("ai_version"),
            category: incident.code("category"),
            actual_harm: incident.code("actual_harm"),
            potential_harm: incident.code("potential_harm"),
            facility: envelope.stamp.facility.as_str(),
            month: envelope.month,
        };
        self.write(&row)?;
        Ok(true)
    }

    fn write(&mut self, row: &Row<'_>) -> Result<()> {
        if !self.csv {
            serde_json::to_writer(&mut self.to, row).map_err(unwritten_json)?;
            return self.to.write_all(b"\n").map_err(unwritten);
        }
        let score = row.suggested_score.map(|score| score.to_string()).unwrap_or_default();
        let month = row.month.to_string();
        let cells = [
            row.text,
            row.level,
            row.review,
            row.suggested_level.unwrap_or_default(),
            &score,
            row.model.unwrap_or_default(),
            row.version.unwrap_or_default(),
            row.category.unwrap_or_default(),
            row.actual_harm.unwrap_or_default(),
            row.potential_harm.unwrap_or_default(),
            row.facility,
            &month,
        ];
        cells.iter().for_each(|cell| guarded(&mut self.line, cell));
        end(&mut self.line, &mut self.to)
    }

    /// Hands over what was buffered and gives the writer back.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.to.flush().map_err(unwritten)?;
        Ok(self.to)
    }
}
