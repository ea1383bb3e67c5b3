//! Converts scope and query to filters and pipelines.
//!
//! The scope is the first condition of each. Field names come from the schema, never from a caller's text. Values
//! follow an operator, so that a value is never read as an operator.

use std::collections::BTreeSet;

use eovr_core::access::{Reach, Scope};
use eovr_core::record::{Clause, Column, Query, RecordId, Tally, TallyCell, Test, Value, ValueType};
use eovr_core::{Error, Name, Result};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawBsonRef, RawDocument, doc};

use crate::error::damaged;
use crate::rows::{count, get, read_id, read_sealed, read_value, sealed_subtype};
use crate::schema::{Covering, EVENTS, Schema};

/// The order of pages.
pub(crate) fn newest_first() -> Document {
    doc! { "created_at": -1, "_id": -1 }
}

pub(crate) fn load(schema: &Schema, scope: &Scope, id: RecordId) -> Document {
    let mut conditions = Conditions::of(schema, scope);
    conditions.push("_id", "$eq", id_value(id));
    conditions.filter()
}

/// The record with the body of the event that its head names.
pub(crate) fn load_for_decision(schema: &Schema, scope: &Scope, id: RecordId) -> Vec<Document> {
    let its_last = doc! { "$expr": { "$and": [
        { "$eq": ["$record", "$$record"] },
        { "$eq": ["$seq", "$$seq"] },
    ] } };
    vec![
        doc! { "$match": load(schema, scope, id) },
        doc! { "$lookup": {
            "from": EVENTS,
            "let": { "record": "$_id", "seq": "$seq" },
            "pipeline": [{ "$match": its_last }, { "$project": { "body": 1 } }],
            "as": "found",
        } },
        doc! { "$project": {
            "_id": 0,
            "last": { "$first": "$found.body" },
            "record": "$$ROOT",
        } },
        doc! { "$unset": "record.found" },
    ]
}

pub(crate) fn find(schema: &Schema, scope: &Scope, query: &Query) -> Result<Document> {
    let mut conditions = Conditions::of(schema, scope);
    query.clauses.iter().try_for_each(|clause| conditions.clause(clause))?;
    if let Some(after) = query.after {
        // Two conditions, because the first alone is the start of the index range.
        let at = after.created_at.as_micros();
        conditions.push("created_at", "$lte", at);
        let earlier = doc! { "created_at": { "$lt": at } };
        let same_moment = doc! { "_id": { "$lt": id_value(after.id) } };
        conditions.0.push(doc! { "$or": [earlier, same_moment] });
    }
    Ok(conditions.filter())
}

/// The index with the order of a page. The server usually finds it by itself, but it caches plans, and the best plan
/// for a large facility can be bad for a small one. `None`: the query has a condition that few records match, and the
/// server should choose.
pub(crate) fn page_index(schema: &Schema, scope: &Scope, query: &Query) -> Option<&'static str> {
    let few = |clause: &Clause| {
        matches!(clause.test, Test::Is(_) | Test::In(_)) && schema.finds_few(&clause.column)
    };
    if query.clauses.iter().any(few) {
        return None;
    }
    match scope.reach() {
        Reach::Country => Some("by_time"),
        _ if !schema.by_place() => None,
        Reach::Governorate(_) => Some("by_governorate"),
        Reach::Administration { .. } => Some("by_administration"),
        Reach::Facility(_) => Some("by_facility"),
        Reach::Own(..) => Some("by_author"),
        Reach::Nothing | Reach::Holder { .. } => None,
    }
}

/// The stages of a count, and the narrowest covering index, if there is one. Without a hint the server would fetch
/// every record.
pub(crate) struct Count {
    pub(crate) pipeline: Vec<Document>,
    pub(crate) index: Option<String>,
}

pub(crate) fn tally(schema: &Schema, scope: &Scope, tally: &Tally) -> Result<Count> {
    let mut conditions = Conditions::of(schema, scope);
    tally.clauses.iter().try_for_each(|clause| conditions.clause(clause))?;
    conditions.count(&tally.by)
}

pub(crate) fn census(schema: &Schema, by: &[Column]) -> Result<Count> {
    Conditions(Vec::new(), schema).count(by)
}

fn group(schema: &Schema, by: &[Column]) -> Result<Document> {
    let mut key = Document::new();
    for (at, column) in by.iter().enumerate() {
        key.insert(key_name(at), format!("${}", column_name(schema, column)?));
    }
    Ok(doc! { "$group": { "_id": key, "count": { "$sum": 1 } } })
}

/// Reads the result of [`group`].
pub(crate) fn read_cell(schema: &Schema, by: &[Column], document: &RawDocument) -> Result<TallyCell> {
    let RawBsonRef::Document(kept) = get(document, "_id")? else { return Err(damaged()) };
    let mut key = Vec::with_capacity(by.len());
    for (at, column) in by.iter().enumerate() {
        // A value that is not set is missing in a record and null in an index.
        let value = match kept.get(key_name(at)).map_err(|_| damaged())? {
            None | Some(RawBsonRef::Null) => None,
            Some(value) => Some(read_column(schema, column, value)?),
        };
        key.push(value);
    }
    Ok(TallyCell { key, count: count(get(document, "count")?)? })
}

fn read_column(schema: &Schema, column: &Column, value: RawBsonRef<'_>) -> Result<Value> {
    match (column, column_type(schema, column)?) {
        (Column::Parent, _) => read_id(value).map(Value::from),
        (_, Some(value_type)) => read_value(value, value_type),
        (_, None) => read_sealed(value).map(|bytes| Value::Bytes(bytes.to_vec())),
    }
}

fn key_name(at: usize) -> String {
    format!("k{at}")
}

/// The type of a column's values; `None`: sealed bytes.
fn column_type(schema: &Schema, column: &Column) -> Result<Option<ValueType>> {
    Ok(match column {
        Column::Month => Some(ValueType::Int),
        Column::Created => Some(ValueType::Time),
        Column::Facet(name) => schema.slots.get(name).ok_or_else(|| unknown(schema))?.facet,
        _ => Some(ValueType::Text),
    })
}

fn column_name<'n>(schema: &Schema, column: &'n Column) -> Result<&'n str> {
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
        Column::Facet(name) if schema.slots.contains_key(name) => name.as_str(),
        Column::Facet(_) => return Err(unknown(schema)),
    })
}

fn unknown(schema: &Schema) -> Error {
    Error::invalid(format!("`{}` has no such facet", schema.name))
}

/// Conditions that must all match.
struct Conditions<'s>(Vec<Document>, &'s Schema);

impl<'s> Conditions<'s> {
    fn of(schema: &'s Schema, scope: &Scope) -> Self {
        let mut conditions = Self(Vec::new(), schema);
        conditions.scope(scope);
        conditions
    }

    fn push(&mut self, field: &str, operator: &str, value: impl Into<Bson>) {
        self.0.push(doc! { field: { operator: value.into() } });
    }

    /// Matches nothing.
    fn never(&mut self) {
        self.push("_id", "$in", Bson::Array(Vec::new()));
    }

    fn equal(&mut self, field: &str, text: &str) {
        self.push(field, "$eq", text);
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
            // A kind without that facet has no records for a receipt holder.
            Reach::Holder { facet, digest } => match self.facet_type(facet) {
                Some(ValueType::Bytes) => self.push(facet.as_str(), "$eq", bytes(digest.as_slice())),
                _ => self.never(),
            },
        }
    }

    fn facet_type(&self, name: &Name) -> Option<ValueType> {
        self.1.slots.get(name)?.facet
    }

    fn clause(&mut self, clause: &Clause) -> Result<()> {
        let field = column_name(self.1, &clause.column)?;
        let value_type = column_type(self.1, &clause.column)?;
        // A value of another type matches nothing.
        let value = |value: &Value| compared(&clause.column, value_type, value);
        match &clause.test {
            // "Not at least the minimum": an index alone can answer this, unlike null and `$exists`.
            Test::Absent => self.push(field, "$not", doc! { "$gte": least(&clause.column, value_type) }),
            Test::Is(wanted) => self.compare(field, "$eq", value(wanted)),
            Test::From(low) => self.compare(field, "$gte", value(low)),
            Test::Before(high) => self.compare(field, "$lt", value(high)),
            Test::Not(unwanted) => {
                if let Some(unwanted) = value(unwanted) {
                    self.push(field, "$ne", unwanted);
                }
            }
            Test::In(wanted) => {
                let wanted: Vec<_> = wanted.iter().filter_map(value).collect();
                self.push(field, "$in", wanted);
            }
        }
        Ok(())
    }

    fn compare(&mut self, field: &str, operator: &str, value: Option<Bson>) {
        match value {
            Some(value) => self.push(field, operator, value),
            None => self.never(),
        }
    }

    /// Makes the count.
    fn count(mut self, by: &[Column]) -> Result<Count> {
        let schema = self.1;
        let names: Vec<_> = by.iter().map(|column| column_name(schema, column)).collect::<Result<_>>()?;
        let tested: BTreeSet<_> = self.0.iter().flat_map(Document::keys).cloned().collect();
        let asked = || tested.iter().map(String::as_str).chain(names.iter().copied());
        let covering = schema.covering().find(|index| asked().all(|name| index.fields.contains(&name)));
        if let Some(Covering { leading, .. }) = &covering {
            let name = column_name(schema, leading)?;
            if !tested.contains(name) {
                // A condition that every record matches. The server uses a covering index only with a condition on its
                // first field.
                self.push(name, "$gte", least(leading, column_type(schema, leading)?));
            }
        }
        let pipeline = vec![doc! { "$match": self.filter() }, group(schema, by)?];
        Ok(Count { pipeline, index: covering.map(|covering| covering.index) })
    }

    fn filter(self) -> Document {
        if self.0.is_empty() {
            Document::new()
        } else {
            doc! { "$and": self.0 }
        }
    }
}

/// A value in the representation of its field, if it has the field's type. Queries give a parent's id as text;
/// documents store it as 16 bytes.
fn compared(column: &Column, value_type: Option<ValueType>, value: &Value) -> Option<Bson> {
    match (column, value, value_type) {
        (Column::Parent, Value::Text(text), _) => Some(id_value(text.parse().ok()?)),
        (Column::Parent, _, _) => None,
        (_, Value::Bytes(sealed), None) => {
            Some(Bson::Binary(Binary { subtype: sealed_subtype(sealed), bytes: sealed.clone() }))
        }
        (_, _, Some(value_type)) if value.value_type() != value_type => None,
        (_, _, None) => None,
        (_, Value::Text(text), _) => Some((&**text).into()),
        (_, Value::Int(int), _) => Some((*int).into()),
        (_, Value::Bool(bool), _) => Some((*bool).into()),
        (_, Value::Time(at), _) => Some(at.as_micros().into()),
        (_, Value::Bytes(kept), _) => Some(bytes(kept)),
    }
}

/// The minimum of a field's values.
fn least(column: &Column, value_type: Option<ValueType>) -> Bson {
    match (column, value_type) {
        (Column::Parent, _) => bytes(&[]),
        (_, Some(ValueType::Text)) => "".into(),
        (_, Some(ValueType::Int | ValueType::Time)) => i64::MIN.into(),
        (_, Some(ValueType::Bool)) => false.into(),
        (_, Some(ValueType::Bytes) | None) => bytes(&[]),
    }
}

pub(crate) fn id_value(id: RecordId) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: id.as_bytes().to_vec() })
}

fn bytes(bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
}
