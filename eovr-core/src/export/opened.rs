use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::incident::IncidentFacets;
use crate::name::Name;
use crate::org::Title;
use crate::record::Record;
use crate::service::Session;

/// A record with opened texts, as exports take it. It holds patient data in plain text, so drop it immediately after
/// writing.
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
/// use eovr_core::export::Opened;
///
/// let opened = Opened::of(&quality, quality.incidents().load(id).await?)?;
/// assert_eq!(opened.text("description"), Some("The patient was given ten times the dose."));
/// assert!(!opened.is_damaged());
/// # Ok(()) });
/// ```
pub struct Opened {
    record: Record,
    texts: BTreeMap<Name, Zeroizing<String>>,
    unreadable: Vec<Name>,
    damaged: bool,
    facility: Option<Title>,
    zone: TimeZone,
}

impl Opened {
    /// Opens every sealed field of a record that this session has loaded, without those that are
    /// [secret](crate::kind::FieldSpec::secret).
    ///
    /// A field whose key has been destroyed is erased. A field whose ciphertext does not belong to it is damaged.
    /// Neither is an error, because one field must not keep a report from being printed. Both are listed as unreadable.
    /// Where [`Opened::is_damaged`] returns true, the host must alert an administrator.
    ///
    /// # Errors
    /// Other errors of the cipher.
    pub fn of(session: &Session, record: Record) -> Result<Self> {
        let kind = session.eovr().catalog().kind(&record.envelope().kind)?;
        let secret = |name: &Name| kind.fields().any(|field| field.secret && field.name == *name);
        let names: Vec<Name> = record.sealed_fields().keys().filter(|name| !secret(name)).cloned().collect();
        Self::only(session, record, &names)
    }

    /// Opens these fields and leaves the others sealed, for exports that do not show them.
    ///
    /// # Errors
    /// As [`Opened::of`].
    pub fn only(session: &Session, record: Record, fields: &[Name]) -> Result<Self> {
        let mut texts = BTreeMap::new();
        let (mut unreadable, mut damaged) = (Vec::new(), false);
        for name in fields {
            match session.open(&record, name.as_str()) {
                Ok(Some(text)) => drop(texts.insert(name.clone(), text)),
                Ok(None) => {}
                Err(error) if error.is_unreadable() => {
                    unreadable.push(name.clone());
                    damaged |= error.kind() == ErrorKind::Tampered;
                }
                Err(error) => return Err(error),
            }
        }
        let org = session.eovr().org();
        let place = &record.envelope().stamp.facility;
        let (facility, zone) = (org.title(place).cloned(), org.zone(place));
        Ok(Self { texts, unreadable, damaged, facility, zone, record })
    }

    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// An opened text. `None` where the field is not set, was not opened, or can no longer be read.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.texts.get(field).map(|text| text.as_str())
    }

    /// Whether a field is damaged: the record was changed outside the engine.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Whether a field has a text that can no longer be read.
    pub fn is_unreadable(&self, field: &str) -> bool {
        self.unreadable.iter().any(|name| name.as_str() == field)
    }

    /// The name of the facility, where the organisation still contains it.
    pub fn facility(&self) -> Option<&Title> {
        self.facility.as_ref()
    }

    /// The wall clock of its facility.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Refuses a record of another kind than the one that an export is made for.
    pub(super) fn must_be(&self, made_for: &Name) -> Result<()> {
        let kind = &self.record.envelope().kind;
        if kind == made_for {
            return Ok(());
        }
        let help = format!(
            "write it as a list: `Csv`, `Ndjson`, `Parquet` or `Workbook` with `Columns::of` the kind `{kind}`"
        );
        Err(Error::invalid(format!(
            "this export is made for `{made_for}`, and the record is of the kind `{kind}`"
        ))
        .with_help(help)
        .with("record", self.record.id()))
    }

    /// The facets of an incident.
    pub(super) fn facets(&self) -> IncidentFacets<'_> {
        IncidentFacets::of(&self.record)
    }

    pub(super) fn code(&self, facet: &str) -> Option<&str> {
        self.record.text(facet)
    }
}

/// Prints no opened text.
impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({}, {} texts)", self.record.id(), self.texts.len())
    }
}
