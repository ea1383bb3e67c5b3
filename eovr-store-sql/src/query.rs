//! Converts scope and query to SQL.
//!
//! Column names come from the schema, never from a caller's text. Values are always bound.

use std::borrow::Cow;

use eovr_core::access::{Reach, Scope};
use eovr_core::record::{Clause, Column, Query, RecordId, Tally, Test, Value, ValueType};
use eovr_core::{Error, Name, Result};

use crate::bind::Bind;
use crate::index::Index;
use crate::schema::{PLACE, Schema, quoted};

/// SQL with its values, one for each `?`, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), binds: Vec::new() }
    }

    pub(crate) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// Adds a placeholder with its value.
    pub(crate) fn bind(&mut self, value: impl Into<Bind>) {
        self.sql.push('?');
        self.binds.push(value.into());
    }
}

pub(crate) fn load(schema: &Schema, scope: &Scope, id: RecordId) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.push("\"id\" = ?");
    condition.binds.push(id.into());
    condition.scope(scope);
    Ok(condition.select(&schema.reading, ""))
}

/// The record, with the bytes of its head's event in the last column.
pub(crate) fn load_for_decision(schema: &Schema, scope: &Scope, id: RecordId) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.push("\"id\" = ?");
    condition.binds.push(id.into());
    condition.scope(scope);
    let kind = &schema.name;
    let last = format!(
        "(SELECT e.body FROM events e WHERE e.record = \"{kind}\".\"id\" AND e.seq = \"{kind}\".\"seq\")"
    );
    Ok(condition.select(&format!("{}, {last}", schema.reading), ""))
}

pub(crate) fn find(schema: &Schema, scope: &Scope, query: &Query) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.scope(scope);
    query.clauses.iter().try_for_each(|clause| condition.clause(clause))?;
    if let Some(after) = query.after {
        let (sql, twice) = schema.dialect.after();
        let moment = Bind::Int(after.created_at.as_micros());
        condition.push(sql);
        condition.binds.extend(twice.then(|| moment.clone()).into_iter().chain([moment, after.id.into()]));
    }
    // One more record than requested shows whether there is a next page.
    condition.binds.push((i64::from(query.limit) + 1).into());
    let reading = match query.shown() {
        None => Cow::Borrowed(&schema.reading),
        shown => Cow::Owned(schema.reading_list(shown)),
    };
    Ok(condition.select(&reading, " ORDER BY \"created_at\" DESC, \"id\" DESC LIMIT ?"))
}

/// One or several rows per cell, which the caller adds up: see [`grouping`].
pub(crate) fn tally(schema: &Schema, scope: &Scope, tally: &Tally) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.scope(scope);
    tally.clauses.iter().try_for_each(|clause| condition.clause(clause))?;
    let by: Vec<_> = tally.by.iter().map(|column| column_name(schema, column)).collect::<Result<_>>()?;
    condition.columns.extend(&by);
    let index = schema.covering(&condition.columns);
    condition.table = table(schema, index);
    if by.is_empty() {
        return Ok(condition.select("count(*)", ""));
    }
    let group = quoted(index.and_then(|index| grouping(index, &by)).unwrap_or_else(|| by.clone()));
    Ok(condition.select(&format!("{}, count(*)", quoted(by)), &format!(" GROUP BY {group}")))
}

/// The columns to group by, so that the database reads the groups from an index without a temporary table: every column
/// of the index up to the last requested one. This gives a few more groups (a facility that has moved has two). `None`
/// where it would give many more, because the additional columns are not places.
fn grouping<'s>(index: &'s Index, by: &[&str]) -> Option<Vec<&'s str>> {
    let columns = index.up_to(by);
    let places = columns.clone().filter(|column| PLACE.contains(column)).count();
    (places == 0 || places == columns.clone().count()).then(|| columns.collect())
}

pub(crate) fn events(schema: &Schema, scope: &Scope, record: RecordId) -> Result<Statement> {
    let mut condition = Condition::new(schema);
    condition.push("\"id\" = ?");
    condition.binds.push(record.into());
    condition.scope(scope);
    let Statement { sql, mut binds } = condition.select("1", "");
    binds.push(record.into());
    let sql = format!(
        "SELECT body, hash, kind, seq, at, actor, action, message FROM events WHERE EXISTS ({sql}) AND record = ? ORDER BY seq"
    );
    Ok(Statement { sql, binds })
}

/// Counts over all records, and the last position from the same statement, so that both belong to the same moment.
/// Without records there is still one row, with the count 0. No facet has the name `_n`.
pub(crate) fn census(schema: &Schema, by: &[Column]) -> Result<Statement> {
    let names: Vec<_> = by.iter().map(|column| column_name(schema, column)).collect::<Result<_>>()?;
    let columns: String = names.iter().map(|name| format!(", \"{name}\"")).collect();
    let counted: String = names.iter().map(|name| format!(", c.\"{name}\"")).collect();
    let table = table(schema, schema.covering(&names));
    let group = if names.is_empty() { String::new() } else { format!(" GROUP BY {}", quoted(names)) };
    Ok(Statement::new(format!(
        "SELECT p.position, coalesce(c.\"_n\", 0){counted} \
         FROM (SELECT coalesce(max(position), 0) AS position FROM events) p \
         LEFT JOIN (SELECT count(*) AS \"_n\"{columns} FROM {table}{group}) c ON TRUE"
    )))
}

pub(crate) fn feed(after: u64, limit: u32) -> Statement {
    let mut statement = Statement::new("SELECT position, message FROM events WHERE position > ");
    statement.bind(i64::try_from(after).unwrap_or(i64::MAX));
    statement.push(" ORDER BY position LIMIT ");
    statement.bind(i64::from(limit));
    statement
}

/// The table of a kind, with this index if one is given.
fn table(schema: &Schema, index: Option<&Index>) -> String {
    match index {
        Some(index) => schema.dialect.table_by_index(schema.name.as_str(), &index.name),
        None => format!("\"{}\"", schema.name),
    }
}

/// The type of a column's values.
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

fn column_name<'s>(schema: &'s Schema, column: &Column) -> Result<&'s str> {
    Ok(match column {
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
    })
}

fn unknown(schema: &Schema) -> Error {
    Error::invalid(format!("`{}` has no such facet", schema.name))
}

/// A WHERE clause under construction.
struct Condition<'s> {
    schema: &'s Schema,
    table: String,
    /// The columns in the clause.
    columns: Vec<&'s str>,
    parts: Vec<String>,
    binds: Vec<Bind>,
}

impl<'s> Condition<'s> {
    fn new(schema: &'s Schema) -> Self {
        let table = table(schema, None);
        Self { schema, table, columns: Vec::new(), parts: Vec::new(), binds: Vec::new() }
    }

    fn push(&mut self, part: impl Into<String>) {
        self.parts.push(part.into());
    }

    fn never(&mut self) {
        self.push("FALSE");
    }

    fn equal(&mut self, column: &'s str, value: impl Into<Bind>) {
        self.columns.push(column);
        self.push(format!("\"{column}\" = ?"));
        self.binds.push(value.into());
    }

    fn scope(&mut self, scope: &Scope) {
        match scope.reach() {
            Reach::Nothing => self.never(),
            Reach::Country => {}
            Reach::Governorate(governorate) => self.equal("governorate", governorate.as_str()),
            Reach::Administration { governorate, administration } => {
                self.equal("governorate", governorate.as_str());
                self.equal("administration", administration.as_str());
            }
            Reach::Facility(stamp) | Reach::Own(stamp, _) => {
                self.equal("governorate", stamp.governorate.as_str());
                self.equal("administration", stamp.administration.as_str());
                self.equal("facility", stamp.facility.as_str());
                if let Reach::Own(_, author) = scope.reach() {
                    self.equal("author", author.as_str());
                }
            }
            Reach::Holder { facet, digest } => self.holder(facet, digest),
        }
    }

    /// A kind without that facet has no records for a receipt holder.
    fn holder(&mut self, facet: &Name, digest: &[u8]) {
        match column_name(self.schema, &Column::Facet(facet.clone())) {
            Ok(column) => self.equal(column, digest),
            Err(_) => self.never(),
        }
    }

    fn clause(&mut self, clause: &Clause) -> Result<()> {
        let column = column_name(self.schema, &clause.column)?;
        self.columns.push(column);
        let column = format!("\"{column}\"");
        let value_type = column_type(self.schema, &clause.column)?;
        // A value of another type matches nothing; SQL would compare across types.
        let fits = |value: &Value| fits(&clause.column, value_type, value);
        match &clause.test {
            Test::Absent => self.push(format!("{column} IS NULL")),
            Test::Is(value) if fits(value) => self.compare(format!("{column} = ?"), clause, value)?,
            Test::Not(value) if fits(value) => {
                self.compare(self.schema.dialect.differs(&column), clause, value)?;
            }
            Test::Not(_) => {}
            Test::From(value) if fits(value) => self.compare(format!("{column} >= ?"), clause, value)?,
            Test::Before(value) if fits(value) => self.compare(format!("{column} < ?"), clause, value)?,
            Test::In(values) => {
                let values: Vec<_> = values.iter().filter(|value| fits(value)).collect();
                if values.is_empty() {
                    self.never();
                } else {
                    self.push(format!("{column} IN ({})", vec!["?"; values.len()].join(", ")));
                    values.into_iter().try_for_each(|value| self.bind(clause, value))?;
                }
            }
            Test::Is(_) | Test::From(_) | Test::Before(_) => self.never(),
        }
        Ok(())
    }

    fn compare(&mut self, comparison: String, clause: &Clause, value: &Value) -> Result<()> {
        self.push(comparison);
        self.bind(clause, value)
    }

    /// Queries give a parent's id as text; tables store it as 16 bytes.
    fn bind(&mut self, clause: &Clause, value: &Value) -> Result<()> {
        self.binds.push(match (&clause.column, value) {
            (Column::Parent, Value::Text(text)) => Bind::Id(text.parse()?),
            _ => value.into(),
        });
        Ok(())
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
