//! Crosswalks: tables from eovr's codes to the codes of other systems, with their losses.
//!
//! A mapping is lossless only where each code has exactly one counterpart and no other code shares it.
//! [`losses`](Crosswalk::losses) computes the exceptions from the table. The crosswalks are eovr's proposals. They
//! contain codes only, because the wording of a scheme belongs to its publisher.

use serde::Serialize;

use crate::error::Result;
use crate::export::Opened;
use crate::incident::KIND;
use crate::incident::harm::Harm;
use crate::risk::Band;

/// A table from our codes to those of another scheme.
///
/// ```
/// use eovr_core::export::crosswalk::Crosswalk;
///
/// assert_eq!(Crosswalk::ahrq().theirs("moderate"), ["c"]);
/// // "SAC 3" is the worst class here and the second mildest there.
/// assert!(Crosswalk::va_sac().theirs("high").contains(&"3-highest:3".to_owned()));
/// assert!(Crosswalk::nsw_sac().theirs("medium").contains(&"1-highest:3".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crosswalk {
    /// Its stable id.
    pub id: &'static str,
    /// The scheme, with its edition.
    pub scheme: &'static str,
    /// The notice that must accompany every use of the scheme.
    pub notice: Option<&'static str>,
    /// Each of our codes with its counterparts: none, one, or several between which our code does not distinguish.
    pub rows: Vec<Row>,
}

/// One of our codes with its counterparts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Our code.
    pub ours: &'static str,
    /// Its counterparts.
    pub theirs: Vec<String>,
}

/// Information that a crosswalk loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Our code has no counterpart.
    Missing {
        /// Our code.
        ours: &'static str,
    },
    /// Our code has several possible counterparts.
    Ambiguous {
        /// Our code.
        ours: &'static str,
        /// Theirs.
        theirs: Vec<String>,
    },
    /// Several of our codes have the same counterpart, so it cannot be mapped back.
    Merged {
        /// Their code.
        theirs: String,
        /// Ours.
        ours: Vec<&'static str>,
    },
}

const MERP: &str = "© National Coordinating Council for Medication Error Reporting and Prevention. All rights \
                    reserved. The index may not be modified; its categories are given here by letter alone.";

impl Crosswalk {
    /// Every crosswalk.
    pub fn all() -> Vec<Self> {
        vec![Self::ahrq(), Self::lfpse(), Self::ncc_merp(), Self::who(), Self::va_sac(), Self::nsw_sac()]
    }

    /// Harm as the AHRQ Harm Scale of Common Formats 1.2 counts it.
    pub fn ahrq() -> Self {
        harm("ahrq-harm-1.2", "AHRQ Common Formats Harm Scale 1.2", None, |harm| {
            harm.ahrq().map(|letter| letter.to_string()).into_iter().collect()
        })
    }

    /// Harm as LFPSE's level of physical harm.
    pub fn lfpse() -> Self {
        harm(
            "lfpse-physical-2023",
            "NHS England LFPSE level of physical harm, taxonomy of January 2023",
            None,
            |harm| harm.lfpse_physical().map(|code| code.to_string()).into_iter().collect(),
        )
    }

    /// Harm as the NCC MERP index for medication errors.
    pub fn ncc_merp() -> Self {
        harm("ncc-merp-2001", "NCC MERP Index for Categorizing Medication Errors, 2001", Some(MERP), |harm| {
            harm.ncc_merp().map(|letter| letter.to_string()).collect()
        })
    }

    /// Harm as the degrees of WHO's ICPS.
    pub fn who() -> Self {
        harm("who-icps-degree", "WHO ICPS degree of harm, 2009", None, |harm| {
            let degree = match harm {
                Harm::UnsafeCondition | Harm::NearMiss => None,
                Harm::NoHarm => Some("none"),
                Harm::Mild => Some("mild"),
                Harm::Moderate => Some("moderate"),
                Harm::Severe => Some("severe"),
                Harm::Death => Some("death"),
            };
            degree.map(str::to_owned).into_iter().collect()
        })
    }

    /// Bands in the VA's Safety Assessment Code, where 3 is the worst.
    pub fn va_sac() -> Self {
        bands("va-sac", "VA Safety Assessment Code: 3 is the worst", |band| match band {
            Band::Low => "3-highest:1",
            Band::Medium => "3-highest:2",
            Band::High | Band::Extreme => "3-highest:3",
        })
    }

    /// Bands in the Severity Assessment Code of the New South Wales family, where 1 is the worst.
    pub fn nsw_sac() -> Self {
        bands("nsw-sac", "Severity Assessment Code, New South Wales style: 1 is the worst", |band| match band
        {
            Band::Low => "1-highest:4",
            Band::Medium => "1-highest:3",
            Band::High => "1-highest:2",
            Band::Extreme => "1-highest:1",
        })
    }

    /// The counterparts of one of our codes.
    pub fn theirs(&self, ours: &str) -> &[String] {
        self.rows.iter().find(|row| row.ours == ours).map(|row| row.theirs.as_slice()).unwrap_or_default()
    }

    /// All of our codes that have this counterpart.
    pub fn ours(&self, theirs: &str) -> Vec<&'static str> {
        let has = |row: &&Row| row.theirs.iter().any(|code| code == theirs);
        self.rows.iter().filter(has).map(|row| row.ours).collect()
    }

    /// The losses of this crosswalk.
    pub fn losses(&self) -> Vec<Loss> {
        let mut losses = Vec::new();
        for row in &self.rows {
            match row.theirs.len() {
                0 => losses.push(Loss::Missing { ours: row.ours }),
                1 => {}
                _ => losses.push(Loss::Ambiguous { ours: row.ours, theirs: row.theirs.clone() }),
            }
        }
        let mut seen: Vec<&str> = Vec::new();
        for theirs in self.rows.iter().flat_map(|row| &row.theirs) {
            let ours = self.ours(theirs);
            if ours.len() > 1 && !seen.contains(&theirs.as_str()) {
                losses.push(Loss::Merged { theirs: theirs.clone(), ours });
                seen.push(theirs);
            }
        }
        losses
    }
}

fn harm(
    id: &'static str,
    scheme: &'static str,
    notice: Option<&'static str>,
    theirs: impl Fn(Harm) -> Vec<String>,
) -> Crosswalk {
    let rows = Harm::ALL.into_iter().map(|harm| Row { ours: harm.code(), theirs: theirs(harm) }).collect();
    Crosswalk { id, scheme, notice, rows }
}

/// Each code carries the direction of its scale, because a bare "1" is the mildest grade in one country and the gravest
/// in another.
fn bands(id: &'static str, scheme: &'static str, theirs: impl Fn(Band) -> &'static str) -> Crosswalk {
    let row = |band: Band| Row { ours: band.name(), theirs: vec![theirs(band).to_owned()] };
    Crosswalk { id, scheme, notice: None, rows: Band::ALL.into_iter().map(row).collect() }
}

/// An incident in WHO's Minimal Information Model for Patient Safety (2016), the basic model: eight elements and free
/// text. `missing` lists the elements that eovr does not ask for or that the report does not contain.
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
/// use eovr_core::export::crosswalk::Mim;
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mim = Mim::of(&opened)?;
/// assert_eq!(mim.incident_type.as_deref(), Some("medication"));
/// assert!(mim.missing.contains(&"patient"));
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mim {
    /// Age and sex, which eovr does not ask for.
    pub patient: Option<String>,
    /// When it happened.
    pub time: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// The agents involved, as far as the contributing factors name them.
    pub agents: Vec<String>,
    /// The type of the event.
    pub incident_type: Option<String>,
    /// The harm.
    pub outcome: Option<String>,
    /// The immediate action.
    pub resulting_action: Option<String>,
    /// The reporter's role.
    pub reporter_role: Option<String>,
    /// The narrative in the reporter's own words.
    pub free_text: Option<String>,
    /// The elements without a value.
    pub missing: Vec<&'static str>,
}

impl Mim {
    /// Makes the model of an incident. A text that was not opened is missing.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind.
    pub fn of(incident: &Opened) -> Result<Self> {
        incident.must_be(&KIND)?;
        let facets = incident.facets();
        let facility = incident.record().envelope().stamp.facility.as_str();
        let kind = [facets.category(), facets.subtype()].into_iter().flatten().collect::<Vec<_>>().join("/");
        let place = [Some(facility), facets.location()];
        let mut mim = Self {
            patient: None,
            time: facets.occurred_at().map(|at| at.to_string()),
            location: Some(place.into_iter().flatten().collect::<Vec<_>>().join("/")),
            agents: facets.factors().map(str::to_owned).collect(),
            incident_type: Some(kind).filter(|kind| !kind.is_empty()),
            outcome: facets.actual_harm().map(str::to_owned),
            resulting_action: incident.text("immediate_action").map(str::to_owned),
            reporter_role: facets.reporter_type().map(str::to_owned),
            free_text: incident.text("description").map(str::to_owned),
            missing: Vec::new(),
        };
        let there = [
            ("patient", mim.patient.is_some()),
            ("time", mim.time.is_some()),
            ("location", mim.location.is_some()),
            ("agents", !mim.agents.is_empty()),
            ("incident_type", mim.incident_type.is_some()),
            ("outcome", mim.outcome.is_some()),
            ("resulting_action", mim.resulting_action.is_some()),
            ("reporter_role", mim.reporter_role.is_some()),
        ];
        mim.missing = there.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect();
        Ok(mim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lossless_code_maps_back() {
        for crosswalk in Crosswalk::all() {
            let lossy: Vec<String> = crosswalk.losses().iter().map(|loss| format!("{loss:?}")).collect();
            for row in &crosswalk.rows {
                let back: Vec<_> = row.theirs.iter().flat_map(|theirs| crosswalk.ours(theirs)).collect();
                let named = lossy.iter().any(|loss| loss.contains(&format!("{:?}", row.ours)));
                assert_eq!(back == [row.ours], !named, "{} {}", crosswalk.id, row.ours);
            }
        }
    }

    #[test]
    fn losses_are_listed() {
        let told = |crosswalk: Crosswalk| crosswalk.losses();
        assert_eq!(
            told(Crosswalk::ahrq()),
            [Loss::Missing { ours: "unsafe_condition" }, Loss::Missing { ours: "near_miss" }]
        );
        assert_eq!(
            told(Crosswalk::lfpse()),
            [
                Loss::Missing { ours: "unsafe_condition" },
                Loss::Merged { theirs: "5".to_owned(), ours: vec!["near_miss", "no_harm"] },
            ]
        );
        let two = |ours, first: &str, second: &str| Loss::Ambiguous {
            ours,
            theirs: vec![first.into(), second.into()],
        };
        assert_eq!(told(Crosswalk::ncc_merp()), [two("no_harm", "C", "D"), two("severe", "G", "H")]);
        assert!(told(Crosswalk::nsw_sac()).is_empty());
        assert!(Crosswalk::ncc_merp().notice.is_some());
    }
}
