use std::io::Write;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::export::Opened;
use crate::export::columns::Cell;
use crate::export::csv::{end, guarded};
#[cfg(feature = "parquet")]
use crate::export::parquet::Sheet;
use crate::export::write::{unwritten, unwritten_json};
use crate::incident::{KIND, PEOPLE};
#[cfg(feature = "parquet")]
use crate::record::ValueType;
use crate::triage::analysis::Cleared;

/// A labelled training set of people's reviews of the scorer's suggestions, as CSV, NDJSON or Parquet. It has one line
/// for each reviewed report.
///
/// Text and reason are deidentified like a narrative that is sent to a provider. Deidentified text is not anonymous, so
/// protect the file like the reports themselves. `level` is the person's decision: the band of the rating, or the
/// accepted suggestion. A report with an overridden suggestion and no rating has no label and is omitted.
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
/// use eovr_core::export::{Labelled, Opened};
///
/// quality.act(&KIND, id, Command::new(Action::ReviewAi).set("ai_review", "accepted")).await?;
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mut labelled = Labelled::ndjson(Vec::new());
/// assert!(labelled.push(&opened, Some("as the ward saw it"))?);
/// let line: serde_json::Value = serde_json::from_slice(&labelled.finish()?)?;
/// assert_eq!(line["review"], "accepted");
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct Labelled<W: Write + Send> {
    form: Form<W>,
}

#[derive(Debug)]
enum Form<W: Write + Send> {
    Csv(W, String),
    Ndjson(W),
    #[cfg(feature = "parquet")]
    Parquet(Sheet<W>),
}

/// The columns, in order.
const COLUMNS: [&str; 13] = [
    "text",
    "level",
    "review",
    "reason",
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
    reason: Option<&'a str>,
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

impl<W: Write + Send> Labelled<W> {
    /// A CSV file with the formula guard of the lists.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn csv(mut to: W) -> Result<Self> {
        let mut line = String::new();
        COLUMNS.iter().for_each(|column| guarded(&mut line, column));
        end(&mut line, &mut to)?;
        Ok(Self { form: Form::Csv(to, line) })
    }

    /// One JSON object per line.
    pub fn ndjson(to: W) -> Self {
        Self { form: Form::Ndjson(to) }
    }

    /// As Apache Parquet.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    #[cfg(feature = "parquet")]
    pub fn parquet(to: W) -> Result<Self> {
        let columns = COLUMNS.map(|name| match name {
            "suggested_score" | "month" => (name, ValueType::Int),
            name => (name, ValueType::Text),
        });
        Ok(Self { form: Form::Parquet(Sheet::new(to, &columns)?) })
    }

    /// Writes one incident and returns whether it has a label. `reason` is why the suggestion was accepted or
    /// overridden, where that is known (the note of its last `review_ai`).
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind; `Unavailable` where it cannot be written.
    pub fn push(&mut self, incident: &Opened, reason: Option<&str>) -> Result<bool> {
        incident.must_be(&KIND)?;
        let facets = incident.facets();
        let (suggested, review) = (facets.ai_band(), facets.ai_review());
        let accepted = suggested.filter(|_| review == Some("accepted"));
        let level = facets.risk_band().or(accepted);
        let (Some(narrative), Some(review), Some(level)) = (incident.text("description"), review, level)
        else {
            return Ok(false);
        };
        let people = PEOPLE.iter().filter_map(|field| incident.text(field.as_str()));
        let people: Vec<_> = people.map(|words| Zeroizing::new(words.to_owned())).collect();
        let cleared = Cleared::new(narrative, &people);
        let reason = reason.map(|reason| Cleared::new(reason, &people));
        let envelope = incident.record().envelope();
        let row = Row {
            text: cleared.text(),
            level,
            review,
            reason: reason.as_ref().map(Cleared::text),
            suggested_level: suggested,
            suggested_score: facets.ai_score(),
            model: facets.ai_model(),
            version: facets.ai_version(),
            category: facets.category(),
            actual_harm: facets.actual_harm(),
            potential_harm: facets.potential_harm(),
            facility: envelope.stamp.facility.as_str(),
            month: envelope.month,
        };
        self.form.write(&row)?;
        Ok(true)
    }

    /// Flushes the buffer and returns the writer.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(self) -> Result<W> {
        let mut to = match self.form {
            Form::Csv(to, _) | Form::Ndjson(to) => to,
            #[cfg(feature = "parquet")]
            Form::Parquet(sheet) => sheet.finish()?,
        };
        to.flush().map_err(unwritten)?;
        Ok(to)
    }
}

impl<W: Write + Send> Form<W> {
    fn write(&mut self, row: &Row<'_>) -> Result<()> {
        match self {
            Self::Csv(to, line) => {
                for cell in row.cells() {
                    match cell {
                        Cell::Text(text) => guarded(line, text),
                        Cell::Int(int) => guarded(line, &int.to_string()),
                        _ => guarded(line, ""),
                    }
                }
                end(line, to)
            }
            Self::Ndjson(to) => {
                serde_json::to_writer(&mut *to, row).map_err(unwritten_json)?;
                to.write_all(b"\n").map_err(unwritten)
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(sheet) => {
                row.cells().iter().enumerate().for_each(|(column, cell)| sheet.set(column, cell));
                sheet.end()
            }
        }
    }
}

impl<'a> Row<'a> {
    /// The cells in the order of the columns.
    fn cells(&self) -> [Cell<'a>; COLUMNS.len()] {
        let some = |text: Option<&'a str>| text.map_or(Cell::Empty, Cell::Text);
        [
            Cell::Text(self.text),
            Cell::Text(self.level),
            Cell::Text(self.review),
            some(self.reason),
            some(self.suggested_level),
            self.suggested_score.map_or(Cell::Empty, Cell::Int),
            some(self.model),
            some(self.version),
            some(self.category),
            some(self.actual_harm),
            some(self.potential_harm),
            Cell::Text(self.facility),
            Cell::Int(self.month.into()),
        ]
    }
}
