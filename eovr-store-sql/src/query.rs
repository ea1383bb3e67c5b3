//! Scope and question to SQL.
//!
//! Column names come from the schema, never from a caller's text; values are always bound.

use eovr_core::access::{Reach, Scope};
use eovr_core::record::{Clause, Column, Query, RecordId, Tally, Test, Value, ValueType};
use eovr_core::{Error, Result};

use crate::rows::Binds;
use crate::schema::Schema;

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) binds: Binds,
}

pub(crate) fn load(schema: &Schema, scope: &Scope, id: RecordId) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.push("\"id\" = ?");
    condition.binds.bytes(id.as_bytes())?;
    condition.scope(scope)?;
    Ok(condition.select(&schema.reading, ""))
}

pub(crate) fn find(schema: &Schema, scope: &Scope, query: &Query) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.scope(scope)?;
    query.clauses.iter().try_for_each(|clause| condition.clause(clause))?;
    if let Some(after) = query.after {
        condition.push("(\"created_at\", \"id\") < (?, ?)");
        condition.binds.int(after.created_at.as_micros())?;
        condition.binds.bytes(after.id.as_bytes())?;
    }
    // One more than asked for tells whether there is a next page.
    condition.binds.int(i64::from(query.limit) + 1)?;
    Ok(condition.select(&schema.reading, " ORDER BY \"created_at\" DESC, \"id\" DESC LIMIT ?"))
}

pub(crate) fn tally(schema: &Schema, scope: &Scope, tally: &Tally) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.scope(scope)?;
    tally.clauses.iter().try_for_each(|clause| condition.clause(clause))?;
    condition.table = figures_index(schema, tally)?;
    let by: Vec<_> = tally.by.iter().map(|column| column_name(schema, column)).collect::<Result<_>>()?;
    if by.is_empty() {
        return Ok(condition.select("count(*)", ""));
    }
    let by = by.join(", ");
    Ok(condition.select(&format!("{by}, count(*)"), &format!(" GROUP BY {by}")))
}

pub(crate) fn events(schema: &Schema, scope: &Scope, record: RecordId) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.push("\"id\" = ?");
    condition.binds.bytes(record.as_bytes())?;
    condition.scope(scope)?;
    let Statement { sql, mut binds } = condition.select("1", "");
    binds.bytes(record.as_bytes())?;
    let sql = format!("SELECT body, hash FROM events WHERE EXISTS ({sql}) AND record = ? ORDER BY seq");
    Ok(Statement { sql, binds })
}

/// Names the index that covers a tally, where it does. Left alone, SQLite would rather find the moments
/// by another index and fetch every row for the rest.
fn figures_index(schema: &Schema, tally: &Tally) -> Result<String> {
    let columns = tally.by.iter().chain(tally.clauses.iter().map(|clause| &clause.column));
    let columns: Vec<_> = columns.map(|column| column_name(schema, column)).collect::<Result<_>>()?;
    let covered =
        columns.iter().all(|column| schema.figures().any(|figure| format!("\"{figure}\"") == *column));
    Ok(match covered && schema.figures().next().is_some() {
        true => format!("\"{kind}\" INDEXED BY \"{kind}_{}\"", schema.figures_name(), kind = schema.name),
        false => format!("\"{}\"", schema.name),
    })
}

/// The type that a column's values have.
pub(crate) fn column_type(schema: &Schema, column: &Column) -> Result<ValueType> {
    Ok(match column {
        Column::Month => ValueType::Int,
        Column::Created => ValueType::Time,
        Column::Parent => ValueType::Bytes,
        Column::Facet(name) => {
            let slot = schema.slots.iter().find(|slot| slot.name == *name);
            slot.ok_or_else(|| unknown(schema))?.facet.unwrap_or(ValueType::Bytes)
        }
        _ => ValueType::Text,
    })
}

fn column_name(schema: &Schema, column: &Column) -> Result<String> {
    let name = match column {
        Column::Number => "number",
        Column::Governorate => "governorate",
        Column::Administration => "administration",
        Column::Facility => "facility",
        Column::Author => "author",
        Column::Parent => "parent",
        Column::State => "state",
        Column::Month => "month",
        Column::Created => "created_at",
        Column::Facet(name) => {
            let slot = schema.slots.iter().find(|slot| slot.name == *name);
            slot.ok_or_else(|| unknown(schema))?.name.as_str()
        }
    };
    Ok(format!("\"{name}\""))
}

fn unknown(schema: &Schema) -> Error {
    Error::invalid(format!("`{}` has no such facet", schema.name))
}

/// A WHERE clause in the making.
struct Condition<'s> {
    schema: &'s Schema,
    table: String,
    parts: Vec<String>,
    binds: Binds,
}

impl<'s> Condition<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self { schema, table: format!("\"{}\"", schema.name), parts: Vec::new(), binds: Binds::default() }
    }

    fn push(&mut self, part: impl Into<String>) {
        self.parts.push(part.into());
    }

    fn equal(&mut self, column: &str, text: &str) -> Result<()> {
        self.push(format!("\"{column}\" = ?"));
        self.binds.text(text)
    }

    fn scope(&mut self, scope: &Scope) -> Result<()> {
        match scope.reach() {
            Reach::Nothing => self.push("0"),
            Reach::Country => {}
            Reach::Governorate(governorate) => self.equal("governorate", governorate.as_str())?,
            Reach::Administration { governorate, administration } => {
                self.equal("governorate", governorate.as_str())?;
                self.equal("administration", administration.as_str())?;
            }
            Reach::Facility(stamp) | Reach::Own(stamp, _) => {
                self.equal("governorate", stamp.governorate.as_str())?;
                self.equal("administration", stamp.administration.as_str())?;
                self.equal("facility", stamp.facility.as_str())?;
                if let Reach::Own(_, author) = scope.reach() {
                    self.equal("author", author.as_str())?;
                }
            }
            // A kind without that facet has nothing that a holder could see.
            Reach::Holder { facet, digest } => {
                match column_name(self.schema, &Column::Facet(facet.clone())) {
                    Ok(column) => {
                        self.push(format!("{column} = ?"));
                        self.binds.bytes(digest)?;
                    }
                    Err(_) => self.push("0"),
                }
            }
        }
        Ok(())
    }

    fn clause(&mut self, clause: &Clause) -> Result<()> {
        let column = column_name(self.schema, &clause.column)?;
        let value_type = column_type(self.schema, &clause.column)?;
        // A value of another type equals nothing; SQL would compare across types.
        let fits = |value: &Value| fits(&clause.column, value_type, value);
        match &clause.test {
            Test::Absent => self.push(format!("{column} IS NULL")),
            Test::Is(value) if fits(value) => self.compare(&column, "=", clause, value)?,
            Test::Not(value) if fits(value) => self.compare(&column, "IS NOT", clause, value)?,
            Test::Not(_) => {}
            Test::From(value) if fits(value) => self.compare(&column, ">=", clause, value)?,
            Test::Before(value) if fits(value) => self.compare(&column, "<", clause, value)?,
            Test::In(values) => {
                let values: Vec<_> = values.iter().filter(|value| fits(value)).collect();
                if values.is_empty() {
                    self.push("0");
                } else {
                    self.push(format!("{column} IN ({})", vec!["?"; values.len()].join(", ")));
                    values.into_iter().try_for_each(|value| self.bind(clause, value))?;
                }
            }
            Test::Is(_) | Test::From(_) | Test::Before(_) => self.push("0"),
        }
        Ok(())
    }

    fn compare(&mut self, column: &str, operator: &str, clause: &Clause, value: &Value) -> Result<()> {
        self.push(format!("{column} {operator} ?"));
        self.bind(clause, value)
    }

    /// A parent is asked for by its id as text and kept as 16 bytes.
    fn bind(&mut self, clause: &Clause, value: &Value) -> Result<()> {
        match (&clause.column, value) {
            (Column::Parent, Value::Text(text)) => self.binds.bytes(text.parse::<RecordId>()?.as_bytes()),
            _ => self.binds.value(value),
        }
    }

    fn select(self, columns: &str, rest: &str) -> Statement {
        let Self { table, parts, binds, .. } = self;
        let condition =
            if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
        Statement { sql: format!("SELECT {columns} FROM {table}{condition}{rest}"), binds }
    }
}

fn fits(column: &Column, value_type: ValueType, value: &Value) -> bool {
    match column {
        Column::Parent => value.as_text().is_some_and(|text| text.parse::<RecordId>().is_ok()),
        _ => value.value_type() == value_type,
    }
}
