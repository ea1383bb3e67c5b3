//! Joint Commission International: chapters by edition, and the chapter that an incident relates to.
//!
//! This module contains only codes and titles of chapters. Joint Commission International holds the copyright of the
//! standards and their measurable elements; a licensed hospital loads its own text.
//!
//! The chapters depend on the edition. The sixth has 14, the seventh 13, the eighth a different 14. A chapter is
//! therefore always stored with its edition. The lists come from public summaries, because the eighth edition's table
//! of contents is not public; compare them with your copy. The participation requirements (APR), global health impact
//! (GHI) and the chapters for academic centres (MPE, HRP) are omitted.
//!
//! Figures from incidents support the hospital's own preparation. They are neither compliance nor a JCI score.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::taxonomy::{self, unknown};
use crate::error::{Error, Result};

/// An edition of the hospital standards.
///
/// ```
/// # fn main() -> eovr_core::error::Result<()> {
/// use eovr_core::incident::jci::Edition;
///
/// assert_eq!(Edition::default().chapters().len(), 14);
/// assert_eq!(Edition::Jci8.chapter("MMU")?.title_en, "Medication Management and Use");
/// assert!(Edition::Jci8.chapter("PFR").is_err(), "merged away after the sixth edition");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Edition {
    /// The sixth edition (2017); its chapters are those of the fifth.
    Jci6,
    /// The seventh edition, in force since 1 January 2021.
    Jci7,
    /// The eighth edition, in force since 1 January 2025.
    #[default]
    Jci8,
}

/// The two parts of the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Standards centred on the patient.
    Patient,
    /// Standards on the management of the organisation.
    Management,
}

/// One chapter of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Chapter {
    /// The chapter's code, in capitals as JCI prints it.
    pub code: &'static str,
    /// The title in English.
    pub title_en: &'static str,
    /// The title in Arabic (our translation).
    pub title_ar: &'static str,
    /// The part that contains it.
    pub section: Section,
}

/// Whether a measurable element is met, as the hospital judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Met.
    Met,
    /// Partially met.
    PartiallyMet,
    /// Not met.
    NotMet,
    /// Does not apply here; it is excluded from counts.
    NotApplicable,
}

/// The chapter that an incident of this kind most likely relates to. A person must confirm it.
///
/// The mapping is eovr's proposal, by category and, where necessary, by sub-type.
///
/// ```
/// # fn main() -> eovr_core::error::Result<()> {
/// use eovr_core::incident::jci::{Edition, propose};
///
/// assert_eq!(propose(Edition::Jci8, "patient_accident", Some("fall_bathroom"))?.code, "IPSG");
/// assert_eq!(propose(Edition::Jci8, "clinical_administration", Some("consent"))?.code, "PCC");
/// assert_eq!(propose(Edition::Jci6, "clinical_administration", Some("consent"))?.code, "PFR");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `InvalidInput` for a category or sub-type that the [`taxonomy`] does not know.
pub fn propose(edition: Edition, category: &str, subtype: Option<&str>) -> Result<&'static Chapter> {
    let category = taxonomy::find(category)?.code;
    let subtype = subtype.map(|code| taxonomy::find_subtype(category, code)).transpose()?;
    let fits = |(of, subtypes, _): &&(&str, &[&str], &str)| {
        *of == category
            && (subtypes.is_empty() || subtype.is_some_and(|subtype| subtypes.contains(&subtype.code)))
    };
    // QPS is the chapter on incidents in general; a test asserts that every category has its own row.
    let newest = TOPICS.iter().find(fits).map_or("QPS", |(.., chapter)| chapter);
    edition.chapter(edition.predecessor(newest))
}

/// Category, sub-types, chapter of the eighth edition. The first matching row counts; a row without sub-types matches
/// the rest of its category.
const TOPICS: &[(&str, &[&str], &str)] = &[
    ("clinical_administration", &["patient_identification", "handover"], "IPSG"),
    ("clinical_administration", &["consent"], "PCC"),
    ("clinical_administration", &["emergency_response"], "COP"),
    ("clinical_administration", &["task_allocation"], "SQE"),
    ("clinical_administration", &[], "ACC"),
    ("clinical_process", &["wrong_patient"], "IPSG"),
    ("clinical_process", &["wrong_procedure", "wrong_site", "retained_item"], "ASC"),
    ("clinical_process", &["screening", "diagnosis", "test", "specimen_result"], "AOP"),
    ("clinical_process", &[], "COP"),
    ("documentation", &["wrong_patient", "identification_label"], "IPSG"),
    ("documentation", &[], "MOI"),
    ("healthcare_infection", &[], "PCI"),
    ("medication", &["wrong_patient"], "IPSG"),
    ("medication", &[], "MMU"),
    ("blood_product", &["wrong_patient"], "IPSG"),
    ("blood_product", &[], "COP"),
    ("nutrition", &[], "COP"),
    ("oxygen_gas", &["cylinder_label", "wrong_storage", "not_given", "contamination"], "FMS"),
    ("oxygen_gas", &[], "COP"),
    ("medical_device", &[], "FMS"),
    ("behaviour", &["absconding", "property_damage"], "FMS"),
    ("behaviour", &["discrimination"], "PCC"),
    ("behaviour", &["self_harm"], "COP"),
    ("behaviour", &[], "SQE"),
    (
        "patient_accident",
        &["fall_bed", "fall_chair", "fall_bathroom", "fall_stairs", "fall_elsewhere"],
        "IPSG",
    ),
    ("patient_accident", &[], "FMS"),
    ("infrastructure", &["information_system"], "HCT"),
    ("infrastructure", &[], "FMS"),
    ("resources_organisation", &["bed_availability"], "ACC"),
    ("resources_organisation", &["workload", "staff_shortage", "staff_competence"], "SQE"),
    ("resources_organisation", &[], "GLD"),
];

impl Edition {
    /// Every edition, oldest first.
    pub const ALL: [Self; 3] = [Self::Jci6, Self::Jci7, Self::Jci8];

    /// The edition's stable code, as JSON and stores show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Jci6 => "jci6",
            Self::Jci7 => "jci7",
            Self::Jci8 => "jci8",
        }
    }

    /// The chapters, in the order of the edition: those on the patient, then those on management.
    pub const fn chapters(self) -> &'static [Chapter] {
        match self {
            Self::Jci6 => &[IPSG, ACC, PFR, AOP, COP, ASC, MMU, PFE, QPS, PCI, GLD, FMS, SQE, MOI],
            Self::Jci7 => &[IPSG, ACC, PCC, AOP, COP, ASC, MMU, QPS, PCI, GLD, FMS, SQE, MOI],
            Self::Jci8 => &[IPSG, ACC, PCC, AOP, COP, ASC, MMU, QPS, PCI, GLD, FMS, SQE, HCT, MOI],
        }
    }

    /// The chapter of this code in this edition.
    ///
    /// # Errors
    /// `InvalidInput` for a code that the edition does not have; the message lists its codes.
    pub fn chapter(self, code: &str) -> Result<&'static Chapter> {
        let found = self.chapters().iter().find(|chapter| chapter.code == code);
        let codes = self.chapters().iter().map(|chapter| chapter.code);
        found
            .ok_or_else(|| unknown("chapter", code, codes).with_field("chapter").with("edition", self.code()))
    }

    /// The chapter of this edition that contains a chapter of the eighth.
    const fn predecessor(self, newest: &'static str) -> &'static str {
        match (self, newest.as_bytes()) {
            (Self::Jci6, b"PCC") => "PFR",
            (Self::Jci6 | Self::Jci7, b"HCT") => "MOI",
            _ => newest,
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Edition {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|edition| edition.code() == code);
        found.ok_or_else(|| unknown("edition", code, Self::ALL.map(Self::code)).with_field("edition"))
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Met, Self::PartiallyMet, Self::NotMet, Self::NotApplicable];

    /// The status's stable code, as JSON and stores show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::PartiallyMet => "partially_met",
            Self::NotMet => "not_met",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The title in English.
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Met => "Met",
            Self::PartiallyMet => "Partially met",
            Self::NotMet => "Not met",
            Self::NotApplicable => "Not applicable",
        }
    }

    /// The title in Arabic.
    pub const fn title_ar(self) -> &'static str {
        match self {
            Self::Met => "مستوفى",
            Self::PartiallyMet => "مستوفى جزئيًا",
            Self::NotMet => "غير مستوفى",
            Self::NotApplicable => "لا ينطبق",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Status {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|status| status.code() == code);
        found.ok_or_else(|| unknown("status", code, Self::ALL.map(Self::code)).with_field("status"))
    }
}

const fn patient(code: &'static str, title_en: &'static str, title_ar: &'static str) -> Chapter {
    Chapter { code, title_en, title_ar, section: Section::Patient }
}

const fn management(code: &'static str, title_en: &'static str, title_ar: &'static str) -> Chapter {
    Chapter { code, title_en, title_ar, section: Section::Management }
}

const IPSG: Chapter = patient("IPSG", "International Patient Safety Goals", "الأهداف الدولية لسلامة المرضى");
const ACC: Chapter =
    patient("ACC", "Access to Care and Continuity of Care", "الوصول إلى الرعاية واستمراريتها");
const PCC: Chapter = patient("PCC", "Patient-Centered Care", "الرعاية المتمحورة حول المريض");
const PFR: Chapter = patient("PFR", "Patient and Family Rights", "حقوق المريض والأسرة");
const PFE: Chapter = patient("PFE", "Patient and Family Education", "تثقيف المريض والأسرة");
const AOP: Chapter = patient("AOP", "Assessment of Patients", "تقييم المرضى");
const COP: Chapter = patient("COP", "Care of Patients", "رعاية المرضى");
const ASC: Chapter = patient("ASC", "Anesthesia and Surgical Care", "رعاية التخدير والجراحة");
const MMU: Chapter = patient("MMU", "Medication Management and Use", "إدارة الأدوية واستخدامها");
const QPS: Chapter = management("QPS", "Quality Improvement and Patient Safety", "تحسين الجودة وسلامة المرضى");
const PCI: Chapter = management("PCI", "Prevention and Control of Infections", "الوقاية من العدوى ومكافحتها");
const GLD: Chapter = management("GLD", "Governance, Leadership, and Direction", "الحوكمة والقيادة والتوجيه");
const FMS: Chapter = management("FMS", "Facility Management and Safety", "إدارة المنشأة وسلامتها");
const SQE: Chapter = management("SQE", "Staff Qualifications and Education", "مؤهلات العاملين وتعليمهم");
const HCT: Chapter = management("HCT", "Health Care Technology", "تقنيات الرعاية الصحية");
const MOI: Chapter = management("MOI", "Management of Information", "إدارة المعلومات");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::taxonomy::{CATEGORIES, check_arabic};
    use super::*;

    fn check(edition: Edition, expected: &str) {
        let codes: Vec<_> = edition.chapters().iter().map(|chapter| chapter.code).collect();
        assert_eq!(codes.join(" "), expected, "{edition}");
    }

    #[test]
    fn each_edition_has_its_chapters_in_order() {
        assert_eq!(Edition::ALL.map(|edition| edition.chapters().len()), [14, 13, 14]);
        check(Edition::Jci6, "IPSG ACC PFR AOP COP ASC MMU PFE QPS PCI GLD FMS SQE MOI");
        check(Edition::Jci7, "IPSG ACC PCC AOP COP ASC MMU QPS PCI GLD FMS SQE MOI");
        check(Edition::Jci8, "IPSG ACC PCC AOP COP ASC MMU QPS PCI GLD FMS SQE HCT MOI");
        assert_eq!(Edition::default(), Edition::Jci8);
    }

    #[test]
    fn chapters_are_unique_titled_in_both_languages_and_grouped() {
        for edition in Edition::ALL {
            let mut seen = HashSet::new();
            for chapter in edition.chapters() {
                assert!(seen.insert(chapter.code) && seen.insert(chapter.title_en), "{}", chapter.code);
                assert!(seen.insert(chapter.title_ar), "{}", chapter.code);
                check_arabic(chapter.title_ar);
            }
            let management = |chapter: &Chapter| chapter.section == Section::Management;
            assert!(edition.chapters().is_sorted_by_key(management), "{edition}");
        }
    }

    #[test]
    fn codes_go_round_through_text_and_json() -> Result<(), Box<dyn std::error::Error>> {
        for edition in Edition::ALL {
            assert_eq!(edition.code().parse::<Edition>()?, edition);
            assert_eq!(serde_json::to_string(&edition)?, format!("\"{edition}\""));
            for chapter in edition.chapters() {
                assert_eq!(edition.chapter(chapter.code)?, chapter);
            }
        }
        for status in Status::ALL {
            assert_eq!(status.code().parse::<Status>()?, status);
            assert_eq!(serde_json::to_string(&status)?, format!("\"{status}\""));
            assert_eq!(serde_json::from_str::<Status>(&format!("\"{status}\""))?, status);
            check_arabic(status.title_ar());
        }
        Ok(())
    }

    #[test]
    fn a_chapter_of_another_edition_is_refused_with_those_of_this_one() {
        let error = Edition::Jci7.chapter("HCT").err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "invalid_input: unknown chapter; accepted: `IPSG`, `ACC`, `PCC`, `AOP`, `COP`, `ASC`, \
                 `MMU`, `QPS`, `PCI`, `GLD`, `FMS`, `SQE`, `MOI` edition=jci7"
            )
        );
        let slip = Edition::Jci8.chapter("mmu").err();
        let help = slip.as_ref().and_then(|error| error.help());
        assert!(help.is_some_and(|help| help.starts_with("did you mean `MMU`? accepted: `IPSG`")));

        let error = "met ".parse::<Status>().err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "invalid_input: not a code of a status; accepted: `met`, `partially_met`, `not_met`, \
                 `not_applicable`"
            )
        );
    }

    #[test]
    fn every_kind_of_incident_has_a_chapter_in_every_edition() -> Result<()> {
        for edition in Edition::ALL {
            for category in CATEGORIES {
                // QPS is the fallback for unknown categories; a known category has its own chapter.
                assert_ne!(propose(edition, category.code, None)?.code, "QPS", "{}", category.code);
                for subtype in category.subtypes {
                    propose(edition, category.code, Some(subtype.code))?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn the_proposal_follows_the_sub_type() -> Result<()> {
        let check = |edition, category, subtype: &str, expected| {
            let subtype = Some(subtype).filter(|code| !code.is_empty());
            assert_eq!(propose(edition, category, subtype)?.code, expected, "{category} {subtype:?}");
            Ok(())
        };
        check(Edition::Jci8, "clinical_administration", "", "ACC")?;
        check(Edition::Jci8, "clinical_administration", "patient_identification", "IPSG")?;
        check(Edition::Jci8, "clinical_process", "", "COP")?;
        check(Edition::Jci8, "clinical_process", "wrong_site", "ASC")?;
        check(Edition::Jci8, "clinical_process", "specimen_result", "AOP")?;
        check(Edition::Jci8, "documentation", "unclear", "MOI")?;
        check(Edition::Jci8, "healthcare_infection", "bloodstream", "PCI")?;
        check(Edition::Jci8, "medication", "wrong_dose", "MMU")?;
        check(Edition::Jci8, "behaviour", "physical_assault", "SQE")?;
        check(Edition::Jci8, "patient_accident", "thermal", "FMS")?;
        check(Edition::Jci8, "infrastructure", "information_system", "HCT")?;
        check(Edition::Jci7, "infrastructure", "information_system", "MOI")?;
        check(Edition::Jci6, "behaviour", "discrimination", "PFR")?;
        check(Edition::Jci8, "resources_organisation", "staff_shortage", "SQE")
    }

    #[test]
    fn every_code_in_the_mapping_exists() -> Result<()> {
        for (category, subtypes, chapter) in TOPICS {
            Edition::Jci8.chapter(chapter)?;
            taxonomy::find(category)?;
            for subtype in *subtypes {
                taxonomy::find_subtype(category, subtype)?;
            }
        }
        Ok(())
    }
}
