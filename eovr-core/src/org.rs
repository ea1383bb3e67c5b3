//! The organisation: country → governorate → administration → facility.
//!
//! Each record holds the ids of its facility, administration and governorate, set at creation ([`Stamp`]). A scope
//! check therefore needs no join, and a hospital that moves to another administration does not move its history.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The id of a governorate, an administration or a facility: 1 to 64 of `A-Z a-z 0-9 - _ . :`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgId(Arc<str>);

impl OrgId {
    /// Checks an id.
    ///
    /// ```
    /// use eovr_core::org::OrgId;
    ///
    /// assert_eq!(OrgId::new("NIL-7")?.as_str(), "NIL-7");
    /// assert!(OrgId::new("Nile Hospital").is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where the text is empty, too long, or holds another character.
    pub fn new(text: &str) -> Result<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid("not an organisation id")
                .with_help("an id is 1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_`, `.`, `:`"))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl TryFrom<String> for OrgId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl From<OrgId> for String {
    fn from(id: OrgId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// The place of a record. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// The governorate's id.
    pub governorate: OrgId,
    /// The administration's id.
    pub administration: OrgId,
    /// The facility's id.
    pub facility: OrgId,
}

impl Stamp {
    /// The stamp of a record that belongs to no facility, such as a key. Only tier 5 sees it.
    pub(crate) fn national() -> Self {
        let country = OrgId("-".into());
        Self { governorate: country.clone(), administration: country.clone(), facility: country }
    }
}

/// A title in English and Arabic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// In English.
    pub en: String,
    /// In Arabic.
    pub ar: String,
}

/// A hospital, a clinic, a laboratory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facility {
    /// Its id, unique in the whole organisation.
    pub id: OrgId,
    /// Its name.
    pub title: Title,
    /// Its IANA time zone, such as `Africa/Cairo`. It determines the months and years of figures and numbers.
    pub time_zone: String,
}

/// A health administration: some facilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administration {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub title: Title,
    /// Its facilities.
    pub facilities: Vec<Facility>,
}

/// A governorate: some administrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governorate {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub title: Title,
    /// Its administrations.
    pub administrations: Vec<Administration>,
}

/// The organisation tree, checked: ids are unique, time zones exist.
///
/// ```
/// use eovr_core::org::{Org, OrgId};
///
/// let org = Org::new(serde_json::from_str(
///     r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
///         {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
///             {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#,
/// )?)?;
/// let stamp = org.stamp(&OrgId::new("NIL")?).unwrap();
/// assert_eq!(stamp.governorate.as_str(), "CAI");
/// assert_eq!(org.title(&stamp.facility).unwrap().en, "Nile");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Org {
    governorates: Vec<Governorate>,
    facilities: BTreeMap<OrgId, Site>,
}

#[derive(Clone, Debug)]
struct Site {
    stamp: Stamp,
    title: Title,
    zone: TimeZone,
}

impl Org {
    /// Checks a tree.
    ///
    /// ```
    /// use eovr_core::org::{Administration, Facility, Governorate, Org, OrgId, Title};
    ///
    /// let title = |en: &str, ar: &str| Title { en: en.to_owned(), ar: ar.to_owned() };
    /// let time_zone = "Africa/Cairo".to_owned();
    /// let facilities = vec![Facility { id: OrgId::new("NIL")?, title: title("Nile", "النيل"), time_zone }];
    /// let east = title("Cairo East", "شرق القاهرة");
    /// let administrations = vec![Administration { id: OrgId::new("CAI-E")?, title: east, facilities }];
    /// let cairo = Governorate { id: OrgId::new("CAI")?, title: title("Cairo", "القاهرة"), administrations };
    /// assert_eq!(Org::new(vec![cairo])?.stamps().count(), 1);
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` where two nodes of one level share an id, a time zone is unknown, or there is no facility.
    pub fn new(governorates: Vec<Governorate>) -> Result<Self> {
        let mut facilities = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut once = |level: &'static str, id: &OrgId| {
            if seen.insert((level, id.clone())) {
                Ok(())
            } else {
                Err(config(format!("{level} `{id}` stands twice in the organisation")))
            }
        };
        for governorate in &governorates {
            once("governorate", &governorate.id)?;
            for administration in &governorate.administrations {
                once("administration", &administration.id)?;
                for facility in &administration.facilities {
                    once("facility", &facility.id)?;
                    let zone = TimeZone::get(&facility.time_zone).map_err(|_| {
                        config(format!("facility `{}` has an unknown time zone", facility.id))
                            .with_help("use an IANA name such as `Africa/Cairo`")
                    })?;
                    let stamp = Stamp {
                        governorate: governorate.id.clone(),
                        administration: administration.id.clone(),
                        facility: facility.id.clone(),
                    };
                    facilities
                        .insert(facility.id.clone(), Site { stamp, title: facility.title.clone(), zone });
                }
            }
        }
        if facilities.is_empty() {
            return Err(config("the organisation has no facility".to_owned()));
        }
        Ok(Self { governorates, facilities })
    }

    /// The tree as it was given.
    pub fn governorates(&self) -> &[Governorate] {
        &self.governorates
    }

    /// The stamp of a facility. `None` where the facility does not exist.
    pub fn stamp(&self, facility: &OrgId) -> Option<&Stamp> {
        self.facilities.get(facility).map(|site| &site.stamp)
    }

    /// The name of one facility.
    pub fn title(&self, facility: &OrgId) -> Option<&Title> {
        self.facilities.get(facility).map(|site| &site.title)
    }

    /// The time zone of a facility; UTC for a facility that has left the tree.
    pub fn zone(&self, facility: &OrgId) -> TimeZone {
        self.facilities.get(facility).map_or(TimeZone::UTC, |site| site.zone.clone())
    }

    /// The stamps of all facilities, by id.
    pub fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        self.facilities.values().map(|site| &site.stamp)
    }
}

fn config(message: String) -> Error {
    Error::new(crate::error::ErrorKind::Config, message)
}
