//! The built-in schemes.
//!
//! Titles and meanings are shortened from the published wording. A facility that is inspected against one of these
//! schemes should print the original beside the form. The documentation of each function names the source of its cells.

use std::sync::LazyLock;

use super::scheme::{Direction, MatrixCell, Scheme, SchemeTable, Step};
use super::{Band, Band::Extreme, Band::High, Band::Low, Band::Medium};

/// Every built-in scheme, the default first. They are built once, because exports look up steps for each row.
pub fn builtin() -> &'static [Scheme; 4] {
    static MADE: LazyLock<[Scheme; 4]> =
        LazyLock::new(|| [three_by_three(), va_sac(), nsw_sac(), npsa_5x5()]);
    &MADE
}

impl Default for Scheme {
    /// The [`three_by_three`] scheme.
    fn default() -> Self {
        three_by_three()
    }
}

/// The default: three severities by three probabilities, id `eovr-3x3`, higher is worse.
///
/// The scores are the usual products 1, 2, 3, 4, 6, 9; the bands are eovr's own:
///
/// | severity \ probability | rare | occasional | frequent |
/// | --- | --- | --- | --- |
/// | minor | 1 low | 2 low | 3 medium |
/// | moderate | 2 low | 4 medium | 6 high |
/// | severe | 3 **high** | 6 high | 9 high |
///
/// The cell in bold is the reason for a table. By its product alone, 3, a rare severe event would be medium, like a
/// frequent minor one, although the VA's matrix puts a catastrophe into its highest class however rare it is. Two cells
/// therefore have the score 3 and differ in band: sort and filter by band, not by score. No cell is extreme, because
/// three steps do not distinguish 9 from 6.
///
/// This scheme belongs to no standard. Roughly, 1–2, 3–4 and 6–9 correspond to the VA's 1, 2 and 3, but this crosswalk
/// is eovr's and loses detail.
pub fn three_by_three() -> Scheme {
    Shipped {
        id: "eovr-3x3",
        title: "Severity by probability, 3 × 3",
        direction: Direction::HigherIsWorse,
        severities: &[
            ("minor", "Minor", "بسيط", "no lasting harm; little or no extra care"),
            ("moderate", "Moderate", "متوسط", "temporary harm; extra treatment or a longer stay"),
            ("severe", "Severe", "جسيم", "death, permanent harm, or life in danger"),
        ],
        probabilities: &[
            ("rare", "Rare", "نادر", "may happen again once in years"),
            ("occasional", "Occasional", "أحيانًا", "may happen again some times a year"),
            ("frequent", "Frequent", "متكرر", "may happen again monthly or more often"),
        ],
        cells: &[
            &[(1, Low), (2, Low), (3, Medium)],
            &[(2, Low), (4, Medium), (6, High)],
            &[(3, High), (6, High), (9, High)],
        ],
        floor: High,
    }
    .scheme()
}

/// The Safety Assessment Code of the US Department of Veterans Affairs, id `va-sac`: 3 is the worst.
///
/// Source: VA National Center for Patient Safety, *Safety Assessment Code (SAC) Matrix*. The steps of probability are
/// the VA's. The meanings of severity are shortened (the VA has longer lists, also for visitors, staff, equipment and
/// fire). The bands are eovr's: 1 low, 2 medium, 3 high.
///
/// Rate an actual event by the patient's condition and a close call by its most likely worst case.
pub fn va_sac() -> Scheme {
    Shipped {
        id: "va-sac",
        title: "VA Safety Assessment Code",
        direction: Direction::HigherIsWorse,
        severities: &[
            ("minor", "Minor", "بسيط", "no injury, no longer stay, no higher level of care"),
            ("moderate", "Moderate", "متوسط", "longer stay or higher level of care"),
            ("major", "Major", "كبير", "permanent lessening of a bodily function"),
            ("catastrophic", "Catastrophic", "كارثي", "death or major permanent loss of function"),
        ],
        probabilities: &[
            ("remote", "Remote", "مستبعد", "may happen some time in 5 to 30 years"),
            ("uncommon", "Uncommon", "غير شائع", "may happen some time in 2 to 5 years"),
            ("occasional", "Occasional", "أحيانًا", "may happen several times in 1 to 2 years"),
            ("frequent", "Frequent", "متكرر", "may happen several times in 1 year"),
        ],
        cells: &[
            &[(1, Low), (1, Low), (1, Low), (1, Low)],
            &[(1, Low), (1, Low), (1, Low), (2, Medium)],
            &[(2, Medium), (2, Medium), (2, Medium), (3, High)],
            &[(3, High), (3, High), (3, High), (3, High)],
        ],
        floor: High,
    }
    .scheme()
}

/// The Severity Assessment Code of the New South Wales family, id `nsw-sac`: **1 is the worst**.
///
/// Source: the 5 × 5 matrix as Malaysia's incident reporting form IR/SAC-001 prints it. It originates in New South
/// Wales, which has since revised its own. Check the cells against the edition that your authority uses. The source's
/// descriptors of the steps are omitted. The bands are eovr's: 1 extreme, 2 high, 3 medium, 4 low.
pub fn nsw_sac() -> Scheme {
    Shipped {
        id: "nsw-sac",
        title: "Severity Assessment Code (New South Wales style)",
        direction: Direction::LowerIsWorse,
        severities: &[
            ("minimum", "Minimum", "ضئيل", ""),
            ("minor", "Minor", "بسيط", ""),
            ("moderate", "Moderate", "متوسط", ""),
            ("major", "Major", "كبير", ""),
            ("serious", "Serious", "جسيم", ""),
        ],
        probabilities: &[
            ("rare", "Rare", "نادر", ""),
            ("unlikely", "Unlikely", "غير مرجح", ""),
            ("possible", "Possible", "ممكن", ""),
            ("likely", "Likely", "مرجح", ""),
            ("frequent", "Frequent", "متكرر", ""),
        ],
        cells: &[
            &[(4, Low), (4, Low), (4, Low), (4, Low), (3, Medium)],
            &[(4, Low), (4, Low), (3, Medium), (3, Medium), (3, Medium)],
            &[(3, Medium), (3, Medium), (2, High), (2, High), (2, High)],
            &[(3, Medium), (2, High), (2, High), (1, Extreme), (1, Extreme)],
            &[(2, High), (1, Extreme), (1, Extreme), (1, Extreme), (1, Extreme)],
        ],
        floor: High,
    }
    .scheme()
}

/// The 5 × 5 matrix of the English National Patient Safety Agency, id `npsa-5x5`, higher is worse.
///
/// Source: NPSA, *A risk matrix for risk managers* (January 2008). The score is consequence times likelihood; 1–3 is
/// low, 4–6 moderate (eovr's medium), 8–12 high, 15–25 extreme. Other numbers are not products of two steps. The source
/// describes each step for nine kinds of risk; this scheme contains only the titles.
///
/// As published, a rare catastrophe scores 5 and is moderate, so the floor is medium. A facility that wants to escalate
/// every death copies the [`table`](Scheme::table), raises that cell and the floor, and gives the copy its own id.
pub fn npsa_5x5() -> Scheme {
    Shipped {
        id: "npsa-5x5",
        title: "NPSA risk matrix, 5 × 5",
        direction: Direction::HigherIsWorse,
        severities: &[
            ("negligible", "Negligible", "ضئيل", ""),
            ("minor", "Minor", "بسيط", ""),
            ("moderate", "Moderate", "متوسط", ""),
            ("major", "Major", "كبير", ""),
            ("catastrophic", "Catastrophic", "كارثي", ""),
        ],
        probabilities: &[
            ("rare", "Rare", "نادر", ""),
            ("unlikely", "Unlikely", "غير مرجح", ""),
            ("possible", "Possible", "ممكن", ""),
            ("likely", "Likely", "مرجح", ""),
            ("almost_certain", "Almost certain", "شبه مؤكد", ""),
        ],
        cells: &[
            &[(1, Low), (2, Low), (3, Low), (4, Medium), (5, Medium)],
            &[(2, Low), (4, Medium), (6, Medium), (8, High), (10, High)],
            &[(3, Low), (6, Medium), (9, High), (12, High), (15, Extreme)],
            &[(4, Medium), (8, High), (12, High), (16, Extreme), (20, Extreme)],
            &[(5, Medium), (10, High), (15, Extreme), (20, Extreme), (25, Extreme)],
        ],
        floor: Medium,
    }
    .scheme()
}

/// Code, title in English, title in Arabic, meaning.
type ShippedStep = (&'static str, &'static str, &'static str, &'static str);

/// A [`SchemeTable`] whose source can be laid out like a matrix.
struct Shipped<'a> {
    id: &'a str,
    title: &'a str,
    direction: Direction,
    severities: &'a [ShippedStep],
    probabilities: &'a [ShippedStep],
    cells: &'a [&'a [(u8, Band)]],
    floor: Band,
}

impl Shipped<'_> {
    fn scheme(self) -> Scheme {
        let step = |&(code, title, title_ar, meaning): &ShippedStep| Step {
            code: code.to_owned(),
            title: title.to_owned(),
            title_ar: title_ar.to_owned(),
            meaning: meaning.to_owned(),
        };
        let row = |row: &&[(u8, Band)]| row.iter().map(|&(score, band)| MatrixCell { score, band }).collect();
        Scheme::shipped(SchemeTable {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            direction: self.direction,
            severities: self.severities.iter().map(step).collect(),
            probabilities: self.probabilities.iter().map(step).collect(),
            cells: self.cells.iter().map(row).collect(),
            floor: self.floor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;

    /// Reads the whole matrix back through `assess`, one line for each severity, mildest first.
    fn check(scheme: &Scheme, expected: &[&str]) -> Result<()> {
        let mut lines = Vec::new();
        for severity in &scheme.table().severities {
            let mut line = severity.code.clone();
            for probability in &scheme.table().probabilities {
                let answer = scheme.assess(&severity.code, &probability.code)?;
                line.push_str(&format!(" {}:{}{}", probability.code, answer.score, initial(answer.band)));
            }
            lines.push(line);
        }
        assert_eq!(lines, expected, "{}", scheme.id());
        Ok(())
    }

    fn initial(band: Band) -> char {
        match band {
            Low => 'l',
            Medium => 'm',
            High => 'h',
            Extreme => 'x',
        }
    }

    #[test]
    fn every_cell_of_the_default() -> Result<()> {
        check(
            &three_by_three(),
            &[
                "minor rare:1l occasional:2l frequent:3m",
                "moderate rare:2l occasional:4m frequent:6h",
                "severe rare:3h occasional:6h frequent:9h",
            ],
        )
    }

    #[test]
    fn every_cell_of_the_va_code() -> Result<()> {
        check(
            &va_sac(),
            &[
                "minor remote:1l uncommon:1l occasional:1l frequent:1l",
                "moderate remote:1l uncommon:1l occasional:1l frequent:2m",
                "major remote:2m uncommon:2m occasional:2m frequent:3h",
                "catastrophic remote:3h uncommon:3h occasional:3h frequent:3h",
            ],
        )
    }

    #[test]
    fn every_cell_of_the_new_south_wales_code() -> Result<()> {
        check(
            &nsw_sac(),
            &[
                "minimum rare:4l unlikely:4l possible:4l likely:4l frequent:3m",
                "minor rare:4l unlikely:4l possible:3m likely:3m frequent:3m",
                "moderate rare:3m unlikely:3m possible:2h likely:2h frequent:2h",
                "major rare:3m unlikely:2h possible:2h likely:1x frequent:1x",
                "serious rare:2h unlikely:1x possible:1x likely:1x frequent:1x",
            ],
        )
    }

    #[test]
    fn every_cell_of_the_npsa_matrix() -> Result<()> {
        check(
            &npsa_5x5(),
            &[
                "negligible rare:1l unlikely:2l possible:3l likely:4m almost_certain:5m",
                "minor rare:2l unlikely:4m possible:6m likely:8h almost_certain:10h",
                "moderate rare:3l unlikely:6m possible:9h likely:12h almost_certain:15x",
                "major rare:4m unlikely:8h possible:12h likely:16x almost_certain:20x",
                "catastrophic rare:5m unlikely:10h possible:15x likely:20x almost_certain:25x",
            ],
        )
    }

    #[test]
    fn built_in_schemes_pass_the_check_of_hosts_schemes() -> Result<()> {
        for scheme in builtin() {
            assert_eq!(Scheme::new(scheme.table().clone())?, *scheme);
        }
        Ok(())
    }

    #[test]
    fn ids_differ_and_never_change() {
        let ids = builtin().each_ref().map(Scheme::id);
        assert_eq!(ids, ["eovr-3x3", "va-sac", "nsw-sac", "npsa-5x5"]);
        assert_eq!(Scheme::default().id(), "eovr-3x3");
    }

    #[test]
    fn no_death_is_below_high_where_the_floor_says_so() {
        for scheme in [three_by_three(), va_sac(), nsw_sac()] {
            let worst = scheme.table().cells.last().into_iter().flatten();
            assert!(worst.map(|cell| cell.band).all(|band| band >= High), "{}", scheme.id());
        }
    }
}
