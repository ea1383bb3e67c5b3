use std::collections::BTreeMap;

use crate::incident::workflow::State;
use crate::name::Name;
use crate::record::{Listed, Record, Value};
use crate::time::Timestamp;
use crate::workflow::Label as _;

/// The facets of an incident, each with its type. `None` where a facet is not set.
///
/// A coded facet is given as its code, because another release may know more codes:
/// `facets.risk_band().and_then(Band::named)` is the typed value.
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
/// let report = Report { actual_harm: Some(Harm::Moderate), ..report };
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let record = quality.incidents().load(id).await?;
/// let incident = IncidentFacets::of(&record);
/// assert_eq!((incident.state(), incident.category()), (Some(State::Created), Some("medication")));
/// assert_eq!(incident.actual_harm().and_then(|code| code.parse().ok()), Some(Harm::Moderate));
/// # Ok(()) });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IncidentFacets<'a> {
    state: &'a Name,
    facets: &'a BTreeMap<Name, Value>,
}

impl<'a> IncidentFacets<'a> {
    /// The facets of a record of the kind [`KIND`](crate::incident::KIND).
    pub fn of(record: &'a Record) -> Self {
        Self { state: record.state(), facets: &record.facets }
    }

    /// The facets that a list has read; the others are `None`.
    pub fn listed(listed: &'a Listed) -> Self {
        Self { state: &listed.envelope.state, facets: &listed.facets }
    }

    /// The state; `None` where another release wrote a state that this one does not know.
    pub fn state(self) -> Option<State> {
        State::of(self.state)
    }

    /// The contributing factors: codes of [`FACTORS`](crate::incident::FACTORS).
    pub fn factors(self) -> impl Iterator<Item = &'a str> {
        self.facets.get("factors").into_iter().flat_map(Value::as_codes)
    }
}

/// Writes one method for each facet, which it reads under the method's name.
macro_rules! facets {
    ($($(#[$says:meta])+ $name:ident: $read:ident -> $type:ty;)+) => {
        impl<'a> IncidentFacets<'a> {
            $($(#[$says])+
            pub fn $name(self) -> Option<$type> {
                self.facets.get(stringify!($name)).and_then(Value::$read)
            })+
        }

        #[cfg(test)]
        const FACETS: &[(&str, &str)] = &[$((stringify!($name), stringify!($read))),+];
    };
}

facets! {
    /// The type of the event: a code of [`taxonomy`](crate::incident::taxonomy).
    category: as_text -> &'a str;
    /// The sub-type: a code below the category.
    subtype: as_text -> &'a str;
    /// When it happened.
    occurred_at: as_time -> Timestamp;
    /// Where in the facility.
    location: as_text -> &'a str;
    /// Whether the patient was told.
    disclosed: as_bool -> bool;
    /// The reporter type: a code of [`Reporter`](crate::incident::Reporter).
    reporter_type: as_text -> &'a str;
    /// The id of the closed report that this one continues.
    continues: as_text -> &'a str;
    /// The actual harm: a code of [`Harm`](crate::incident::Harm).
    actual_harm: as_text -> &'a str;
    /// The potential harm: a code of [`Harm`](crate::incident::Harm).
    potential_harm: as_text -> &'a str;
    /// The risk scheme of the rating.
    risk_scheme: as_text -> &'a str;
    /// A person's rating of the severity: a code of the scheme.
    severity: as_text -> &'a str;
    /// A person's rating of the probability: a code of the scheme.
    probability: as_text -> &'a str;
    /// The score that the scheme gives to the rating.
    risk_score: as_int -> i64;
    /// The band that the scheme gives to the rating.
    risk_band: as_text -> &'a str;
    /// The scorer's model.
    ai_model: as_text -> &'a str;
    /// The version of the scorer's model.
    ai_version: as_text -> &'a str;
    /// The scorer's score, 0 to 100.
    ai_score: as_int -> i64;
    /// The scorer's band.
    ai_band: as_text -> &'a str;
    /// Whether the scorer suggests a high risk.
    ai_high_risk: as_bool -> bool;
    /// A person's review of the scorer's suggestion: `accepted` or `overridden`.
    ai_review: as_text -> &'a str;
    /// What has come of the external analysis: `answered`, `abstained`, or the reason for no answer.
    analyst_status: as_text -> &'a str;
    /// The external analyst's provider and model.
    analyst_model: as_text -> &'a str;
    /// The version of the external analyst's instructions.
    analyst_version: as_text -> &'a str;
    /// The external analyst's score, 0 to 100.
    analyst_score: as_int -> i64;
    /// The external analyst's band.
    analyst_band: as_text -> &'a str;
    /// The external analyst's confidence in percent.
    analyst_confidence: as_int -> i64;
    /// Whether the external analyst suggests a high risk.
    analyst_high_risk: as_bool -> bool;
    /// Whether the incident is of high risk, by a person's rating or a suggestion that was not overridden.
    high_risk: as_bool -> bool;
    /// The edition of the accreditation standards: a code of [`jci::Edition`](crate::incident::jci::Edition).
    jci_edition: as_text -> &'a str;
    /// The chapter of the accreditation standards.
    jci_chapter: as_text -> &'a str;
    /// The accreditation standard.
    jci_standard: as_text -> &'a str;
    /// The measurable element of the standard.
    jci_element: as_text -> &'a str;
    /// The compliance with the standard: a code of [`jci::Status`](crate::incident::jci::Status).
    jci_status: as_text -> &'a str;
    /// The disposition: a code of [`Disposition`](crate::incident::Disposition).
    disposition: as_text -> &'a str;
    /// The id of the report that this one duplicates.
    duplicate_of: as_text -> &'a str;
    /// The id of the newer report that continues this one.
    continued_in: as_text -> &'a str;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{Settings, kinds};

    #[test]
    fn every_facet_has_a_method_of_its_type() {
        let kind = kinds(Settings::default()).unwrap().remove(0);
        // A receipt's digest is for the store alone, and the factors are a list.
        let typed = kind.facets().filter(|facet| !["receipt", "factors"].contains(&facet.name.as_str()));
        let mut typed: Vec<_> = typed.map(|facet| (facet.name.as_str(), facet.value_type.name())).collect();
        let methods = FACETS.iter().map(|(name, read)| (*name, read.trim_start_matches("as_")));
        let mut methods: Vec<_> = methods.collect();
        typed.sort_unstable();
        methods.sort_unstable();
        assert_eq!(methods, typed);
    }
}
