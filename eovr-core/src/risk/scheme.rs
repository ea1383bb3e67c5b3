//! A risk scheme: the table a hospital rates with, and the rating read from it.

use serde::{Deserialize, Serialize};

use super::Band;
use crate::error::{Error, Result};

/// The fewest and the most steps an axis may have. One step is no scale; more than ten cannot be told apart.
const STEPS: std::ops::RangeInclusive<usize> = 2..=10;

/// A checked risk matrix: whatever it answers, it answers for every pair of steps and without surprises.
///
/// Build one from a [`SchemeTable`] with [`Scheme::new`], read one from JSON (checked the same way), or
/// take one that ships: [`three_by_three`](super::three_by_three), [`va_sac`](super::va_sac),
/// [`nsw_sac`](super::nsw_sac), [`npsa_5x5`](super::npsa_5x5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SchemeTable", into = "SchemeTable")]
pub struct Scheme {
    // INVARIANT: `check` accepts this table.
    table: SchemeTable,
}

/// A risk matrix as plain data, for a host to write in JSON.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use eovr_core::risk::{Band, Scheme};
///
/// let ours: Scheme = serde_json::from_str(
///     r#"{
///         "id": "our-2x2",
///         "title": "Two by two",
///         "direction": "higher_is_worse",
///         "severities": [{"code": "minor", "title": "Minor"}, {"code": "major", "title": "Major"}],
///         "probabilities": [{"code": "rare", "title": "Rare"}, {"code": "often", "title": "Often"}],
///         "cells": [
///             [{"score": 1, "band": "low"},  {"score": 2, "band": "medium"}],
///             [{"score": 3, "band": "high"}, {"score": 4, "band": "extreme"}]
///         ],
///         "floor": "high"
///     }"#,
/// )?;
/// assert_eq!(ours.assess("major", "rare")?.band, Band::High);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeTable {
    /// The scheme's stable id, written into every assessment: lower-case letters, digits, `-` and `_`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Which end of the score is the bad one.
    pub direction: Direction,
    /// The steps of severity, mildest first.
    pub severities: Vec<Step>,
    /// The steps of probability, rarest first.
    pub probabilities: Vec<Step>,
    /// One row for each severity, one cell in it for each probability, in the order of the steps.
    pub cells: Vec<Vec<Cell>>,
    /// The lowest band the worst severity may get, however rare it is.
    pub floor: Band,
}

/// Which end of a scheme's score is the bad one. Countries differ; bands always rise with risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A greater score is worse, as in the VA's safety assessment code.
    HigherIsWorse,
    /// A smaller score is worse, as in the safety assessment code of New South Wales.
    LowerIsWorse,
}

/// One step of an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The step's stable code: lower-case letters, digits, `-` and `_`, with a letter first.
    pub code: String,
    /// What the rater reads.
    pub title: String,
    /// The same in Arabic, where the scheme has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title_ar: String,
    /// What the step means, in a few words: raters agree more when they read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
}

/// What the table says where one severity meets one probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The scheme's own number.
    pub score: u8,
    /// What the number calls for.
    pub band: Band,
}

/// A step of an axis as a caller names it: by its code, or counted from 1 at the mild or rare end.
///
/// A code that is a number in text, as forms and query strings send it, counts as that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level<'a> {
    /// The step's code.
    Code(&'a str),
    /// The step's position, from 1.
    Number(u8),
}

impl<'a> From<&'a str> for Level<'a> {
    fn from(code: &'a str) -> Self {
        Self::Code(code)
    }
}

impl<'a> From<&'a String> for Level<'a> {
    fn from(code: &'a String) -> Self {
        Self::Code(code)
    }
}

impl From<u8> for Level<'_> {
    fn from(number: u8) -> Self {
        Self::Number(number)
    }
}

/// A rating: what the rater answered, and what the scheme made of it.
///
/// Only [`Scheme::assess`] makes one. It carries enough to be read years later, when the hospital has
/// moved on to another scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Assessment {
    /// The id of the scheme that was used. Without it the score means nothing.
    pub scheme: String,
    /// The code of the severity.
    pub severity: String,
    /// The severity's position, 1 being the mildest, in every scheme.
    pub severity_level: u8,
    /// The code of the probability.
    pub probability: String,
    /// The probability's position, 1 being the rarest, in every scheme.
    pub probability_level: u8,
    /// The scheme's own number; its direction is the scheme's.
    pub score: u8,
    /// What the number calls for; compares across schemes.
    pub band: Band,
    /// How the score came about, in one English sentence without anything from the report.
    pub why: String,
}

impl Scheme {
    /// Checks a table and makes it a scheme.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, naming the step or cell at fault, if
    /// - the id or a code is not a plain code, a title is empty, or a code stands twice on one axis;
    /// - an axis has fewer than 2 or more than 10 steps, or the cells do not fit the axes;
    /// - a worse severity or a greater probability makes a score or a band milder;
    /// - the worst severity meets a band below the floor.
    pub fn new(table: SchemeTable) -> Result<Self> {
        check(&table)?;
        Ok(Self { table })
    }

    /// A table that ships with the library; a test puts each through [`Scheme::new`].
    pub(super) fn shipped(table: SchemeTable) -> Self {
        Self { table }
    }

    /// The scheme's stable id.
    pub fn id(&self) -> &str {
        &self.table.id
    }

    /// The whole table, for a form to draw its matrix from.
    pub fn table(&self) -> &SchemeTable {
        &self.table
    }

    /// Rates an incident: finds the cell where the two answers meet.
    ///
    /// ```
    /// # fn main() -> Result<(), eovr_core::error::Error> {
    /// use eovr_core::risk::{self, Band};
    ///
    /// // A product would call this 3 and medium, the same as a minor event that is frequent.
    /// let rare_death = risk::three_by_three().assess("severe", "rare")?;
    /// assert_eq!((rare_death.score, rare_death.band), (3, Band::High));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an answer is off its scale, with the accepted codes in
    /// [`help`](crate::error::Error::help).
    pub fn assess<'a>(
        &self,
        severity: impl Into<Level<'a>>,
        probability: impl Into<Level<'a>>,
    ) -> Result<Assessment> {
        let severity = Chosen::on("severity", &self.table.severities, severity.into())?;
        let probability = Chosen::on("probability", &self.table.probabilities, probability.into())?;
        let row = self.table.cells.get(severity.index);
        let Some(cell) = row.and_then(|row| row.get(probability.index)) else {
            return Err(Error::bug("a checked risk scheme lacks a cell").with("scheme", &self.table.id));
        };
        Ok(Assessment {
            scheme: self.table.id.clone(),
            severity: severity.step.code.clone(),
            severity_level: severity.number(),
            probability: probability.step.code.clone(),
            probability_level: probability.number(),
            score: cell.score,
            band: cell.band,
            why: self.why(&severity, &probability, cell),
        })
    }

    fn why(&self, severity: &Chosen<'_>, probability: &Chosen<'_>, cell: &Cell) -> String {
        let SchemeTable { id, direction, severities, floor, .. } = &self.table;
        let worse = match direction {
            Direction::HigherIsWorse => "higher is worse",
            Direction::LowerIsWorse => "lower is worse",
        };
        let mut why = format!(
            "severity {severity} meets probability {probability} in `{id}`: score {score} ({worse}), band {band}",
            score = cell.score,
            band = cell.band,
        );
        if severity.index + 1 == severities.len() {
            why.push_str(&format!("; the worst severity is never below {floor}"));
        }
        why
    }
}

impl TryFrom<SchemeTable> for Scheme {
    type Error = Error;

    fn try_from(table: SchemeTable) -> Result<Self> {
        Self::new(table)
    }
}

impl From<Scheme> for SchemeTable {
    fn from(scheme: Scheme) -> Self {
        scheme.table
    }
}

/// A step that was found on its axis.
struct Chosen<'a> {
    step: &'a Step,
    index: usize,
    steps: usize,
}

impl<'a> Chosen<'a> {
    fn on(axis: &'static str, steps: &'a [Step], level: Level<'_>) -> Result<Self> {
        let index = match level {
            Level::Number(number) => usize::from(number).checked_sub(1),
            // No code is a number (`check`), so the two readings cannot both apply.
            Level::Code(code) => steps.iter().position(|step| step.code == code).or_else(|| {
                let number: usize = code.parse().ok()?;
                number.checked_sub(1)
            }),
        };
        match index.and_then(|index| steps.get(index).map(|step| (index, step))) {
            Some((index, step)) => Ok(Self { step, index, steps: steps.len() }),
            None => Err(off_the_scale(axis, steps)),
        }
    }

    fn number(&self) -> u8 {
        // An axis has at most ten steps.
        u8::try_from(self.index + 1).unwrap_or(u8::MAX)
    }
}

impl std::fmt::Display for Chosen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({} of {})", self.step.code, self.index + 1, self.steps)
    }
}

// The answer is not repeated: it could be text of a report in the wrong place.
fn off_the_scale(axis: &'static str, steps: &[Step]) -> Error {
    let accepted: Vec<_> = steps.iter().map(|step| format!("`{}`", step.code)).collect();
    Error::invalid(format!("{axis} is off the scale")).with_help(format!(
        "accepted: {}, or 1 to {}",
        accepted.join(", "),
        steps.len()
    ))
}

fn check(table: &SchemeTable) -> Result<()> {
    if !is_code(&table.id) {
        return Err(Error::invalid("the scheme's id is not a code").with_help(CODE_RULE));
    }
    check_all(table).map_err(|error| error.with("scheme", &table.id))
}

fn check_all(table: &SchemeTable) -> Result<()> {
    if table.title.trim().is_empty() {
        return Err(Error::invalid("the scheme has no title"));
    }
    check_steps("severity", &table.severities)?;
    check_steps("probability", &table.probabilities)?;
    check_size(table)?;

    let grid = grid(table);
    for row in &grid {
        for (rarer, likelier) in row.iter().zip(row.iter().skip(1)) {
            check_rise(table.direction, rarer, likelier)?;
        }
    }
    for (milder_row, worse_row) in grid.iter().zip(grid.iter().skip(1)) {
        for (milder, worse) in milder_row.iter().zip(worse_row) {
            check_rise(table.direction, milder, worse)?;
        }
    }
    match grid.last().into_iter().flatten().find(|place| place.cell.band < table.floor) {
        Some(place) => Err(Error::invalid(format!(
            "cell {place} is `{}`, below the floor `{}`",
            place.cell.band, table.floor
        ))
        .with_help("the worst severity may not fall below the floor: raise the band or lower the floor")),
        None => Ok(()),
    }
}

fn check_steps(axis: &'static str, steps: &[Step]) -> Result<()> {
    if !STEPS.contains(&steps.len()) {
        let message = format!("the {axis} axis has `{}` steps", steps.len());
        return Err(Error::invalid(message).with_help("an axis has 2 to 10 steps"));
    }
    for (index, step) in steps.iter().enumerate() {
        let number = index + 1;
        if !is_code(&step.code) {
            return Err(
                Error::invalid(format!("{axis} step {number} has no proper code")).with_help(CODE_RULE)
            );
        }
        if step.title.trim().is_empty() {
            return Err(Error::invalid(format!("{axis} step `{}` has no title", step.code)));
        }
        if steps.iter().take(index).any(|earlier| earlier.code == step.code) {
            return Err(Error::invalid(format!("{axis} step `{}` stands twice", step.code))
                .with_help("each code stands once on its axis"));
        }
    }
    Ok(())
}

fn check_size(table: &SchemeTable) -> Result<()> {
    let (rows, columns) = (table.severities.len(), table.probabilities.len());
    if table.cells.len() != rows {
        let message = format!("`{}` rows of cells for `{rows}` severities", table.cells.len());
        return Err(Error::invalid(message).with_help("give one row for each severity, mildest first"));
    }
    for (row, severity) in table.cells.iter().zip(&table.severities) {
        if row.len() != columns {
            let message =
                format!("row `{}` has `{}` cells for `{columns}` probabilities", severity.code, row.len());
            return Err(Error::invalid(message).with_help("give one cell for each probability, rarest first"));
        }
    }
    Ok(())
}

/// Refuses `next` if it is milder than its neighbour on the mild side.
///
/// Neighbours suffice: what never falls from one cell to the next never falls at all.
fn check_rise(direction: Direction, place: &Place<'_>, next: &Place<'_>) -> Result<()> {
    let (from, to) = (place.cell, next.cell);
    let (milder_score, rule) = match direction {
        Direction::HigherIsWorse => (to.score < from.score, "scores may not fall as risk rises"),
        Direction::LowerIsWorse => {
            (to.score > from.score, "lower is worse: scores may not grow as risk rises")
        }
    };
    if milder_score {
        let message = format!("cell {next} scores `{}`, milder than {place} with `{}`", to.score, from.score);
        return Err(Error::invalid(message).with_help(rule));
    }
    if to.band < from.band {
        let message = format!("cell {next} is `{}`, milder than {place} with `{}`", to.band, from.band);
        return Err(Error::invalid(message).with_help("bands may not fall as risk rises"));
    }
    Ok(())
}

/// A cell with its address.
struct Place<'a> {
    severity: &'a str,
    probability: &'a str,
    cell: &'a Cell,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` × `{}`", self.severity, self.probability)
    }
}

fn grid(table: &SchemeTable) -> Vec<Vec<Place<'_>>> {
    let rows = table.severities.iter().zip(&table.cells);
    rows.map(|(severity, row)| {
        let columns = table.probabilities.iter().zip(row);
        columns
            .map(|(probability, cell)| Place {
                severity: &severity.code,
                probability: &probability.code,
                cell,
            })
            .collect()
    })
    .collect()
}

const CODE_RULE: &str = "a code has at most 40 lower-case letters, digits, `-` or `_`, and a letter first";

/// Whether this is a plain code. A letter comes first, so a code is never a number: numbers count steps.
fn is_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{builtin, three_by_three};
    use super::*;

    fn table(edit: impl FnOnce(&mut SchemeTable)) -> SchemeTable {
        let mut table = three_by_three().table().clone();
        edit(&mut table);
        table
    }

    /// Sets one cell, counted from 0.
    fn put(table: &mut SchemeTable, severity: usize, probability: usize, score: u8, band: Band) {
        if let Some(cell) = table.cells.get_mut(severity).and_then(|row| row.get_mut(probability)) {
            *cell = Cell { score, band };
        }
    }

    /// What `Scheme::new` says to an edited copy of the default, without kind and scheme id.
    fn refused(edit: impl FnOnce(&mut SchemeTable)) -> String {
        let error = Scheme::new(table(edit)).err();
        error.map_or("accepted".to_owned(), |error| {
            error.help().map_or(error.message().to_owned(), |help| format!("{}; {help}", error.message()))
        })
    }

    #[test]
    fn a_refused_table_names_the_cell() {
        let falls = refused(|table| put(table, 1, 2, 3, Band::High));
        assert_eq!(
            falls,
            "cell `moderate` × `frequent` scores `3`, milder than `moderate` × `occasional` with `4`; \
             scores may not fall as risk rises"
        );
        let band = refused(|table| put(table, 1, 2, 6, Band::Low));
        assert_eq!(
            band,
            "cell `moderate` × `frequent` is `low`, milder than `moderate` × `occasional` with `medium`; \
             bands may not fall as risk rises"
        );
        let product = refused(|table| put(table, 2, 0, 3, Band::Medium));
        assert_eq!(
            product,
            "cell `severe` × `rare` is `medium`, below the floor `high`; \
             the worst severity may not fall below the floor: raise the band or lower the floor"
        );
        let flipped = refused(|table| table.direction = Direction::LowerIsWorse);
        assert_eq!(
            flipped,
            "cell `minor` × `occasional` scores `2`, milder than `minor` × `rare` with `1`; \
             lower is worse: scores may not grow as risk rises"
        );
    }

    #[test]
    fn a_refused_table_names_the_step() {
        let twice = refused(|table| table.severities.iter_mut().for_each(|step| step.code = "minor".into()));
        assert_eq!(twice, "severity step `minor` stands twice; each code stands once on its axis");

        let number = refused(|table| table.probabilities.iter_mut().for_each(|step| step.code = "1".into()));
        assert_eq!(number, format!("probability step 1 has no proper code; {CODE_RULE}"));

        let untitled = refused(|table| table.severities.iter_mut().for_each(|step| step.title = " ".into()));
        assert_eq!(untitled, "severity step `minor` has no title");

        let short = refused(|table| table.severities.truncate(1));
        assert_eq!(short, "the severity axis has `1` steps; an axis has 2 to 10 steps");

        let rows = refused(|table| table.cells.truncate(2));
        assert_eq!(
            rows,
            "`2` rows of cells for `3` severities; give one row for each severity, mildest first"
        );

        let ragged = refused(|table| table.cells.iter_mut().skip(1).for_each(|row| row.truncate(2)));
        assert_eq!(
            ragged,
            "row `moderate` has `2` cells for `3` probabilities; give one cell for each probability, rarest first"
        );

        assert_eq!(refused(|table| table.title.clear()), "the scheme has no title");
        assert_eq!(
            refused(|table| table.id = "Ward 7".into()),
            format!("the scheme's id is not a code; {CODE_RULE}")
        );
    }

    #[test]
    fn off_the_scale_lists_what_is_on_it() {
        let scheme = three_by_three();
        let check = |severity: Level<'_>, probability: Level<'_>, expected: &str| {
            let error = scheme.assess(severity, probability).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expected));
        };
        let severities = "accepted: `minor`, `moderate`, `severe`, or 1 to 3";
        for seven in [Level::Number(7), Level::Code("7")] {
            check(seven, 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
        }
        check(0.into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
        check("huge".into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
        check(
            1.into(),
            "frequnt".into(),
            "invalid_input: probability is off the scale; \
             accepted: `rare`, `occasional`, `frequent`, or 1 to 3",
        );
        // A form that put the narrative into the wrong field does not put it into the log as well.
        let narrative = "Mr Hassan fell in the bathroom";
        check(narrative.into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
    }

    #[test]
    fn an_assessment_explains_itself() -> Result<()> {
        let rated = three_by_three().assess("severe", "1")?;
        assert_eq!((rated.severity.as_str(), rated.severity_level), ("severe", 3));
        assert_eq!((rated.probability.as_str(), rated.probability_level), ("rare", 1));
        assert_eq!(
            rated.why,
            "severity `severe` (3 of 3) meets probability `rare` (1 of 3) in `eovr-3x3`: \
             score 3 (higher is worse), band high; the worst severity is never below high"
        );
        let rated = super::super::nsw_sac().assess("minor", "likely")?;
        assert_eq!(
            rated.why,
            "severity `minor` (2 of 5) meets probability `likely` (4 of 5) in `nsw-sac`: \
             score 3 (lower is worse), band medium"
        );
        Ok(())
    }

    #[test]
    fn json_goes_round_and_is_checked_on_the_way_in() -> Result<(), serde_json::Error> {
        for scheme in builtin() {
            let json = serde_json::to_string(&scheme)?;
            assert_eq!(serde_json::from_str::<Scheme>(&json)?, scheme);
        }
        let broken = serde_json::to_string(&table(|table| table.floor = Band::Extreme))?;
        let error = serde_json::from_str::<Scheme>(&broken).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("`severe` × `rare` is `high`, below the floor")));

        let unknown = serde_json::to_string(&three_by_three())?.replace("\"floor\"", "\"flor\"");
        assert!(serde_json::from_str::<Scheme>(&unknown).is_err());
        Ok(())
    }

    #[test]
    fn an_assessment_is_kept_and_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let rated = three_by_three().assess(2, 2)?;
        let json = serde_json::to_string(&rated)?;
        assert_eq!(serde_json::from_str::<Assessment>(&json)?, rated);
        assert!(json.contains(r#""scheme":"eovr-3x3","severity":"moderate","severity_level":2"#), "{json}");
        Ok(())
    }

    fn bands() -> impl Strategy<Value = Band> {
        proptest::sample::select(Band::ALL.to_vec())
    }

    fn steps(axis: &str, count: usize) -> Vec<Step> {
        let step = |number| Step {
            code: format!("{axis}{number}"),
            title: format!("{axis} {number}"),
            title_ar: String::new(),
            meaning: String::new(),
        };
        (1..=count).map(step).collect()
    }

    fn cells(count: usize) -> impl Strategy<Value = Vec<Cell>> {
        let cell = (0u8..6, bands()).prop_map(|(score, band)| Cell { score, band });
        proptest::collection::vec(cell, count)
    }

    /// Tables of every size. Cells are sorted, so that they rise along the rows and down them, and then
    /// at most one is changed: such tables are sound or very nearly so.
    fn tables() -> impl Strategy<Value = SchemeTable> {
        let direction = prop_oneof![Just(Direction::HigherIsWorse), Just(Direction::LowerIsWorse)];
        let floor = prop_oneof![3 => Just(Band::Low), 1 => bands()];
        (2usize..=4, 2usize..=4, direction, floor).prop_flat_map(|(rows, columns, direction, floor)| {
            let count = rows * columns;
            let change = proptest::option::of((0..count, cells(1)));
            (cells(count), change).prop_map(move |(cells, change)| {
                let mut scores: Vec<_> = cells.iter().map(|cell| cell.score).collect();
                scores.sort_unstable();
                if direction == Direction::LowerIsWorse {
                    scores.reverse();
                }
                let mut bands: Vec<_> = cells.iter().map(|cell| cell.band).collect();
                bands.sort_unstable();
                let mut cells: Vec<_> =
                    scores.into_iter().zip(bands).map(|(score, band)| Cell { score, band }).collect();
                if let Some((at, with)) = change {
                    cells.splice(at..=at, with);
                }
                SchemeTable {
                    id: "random".into(),
                    title: "Random".into(),
                    direction,
                    severities: steps("s", rows),
                    probabilities: steps("p", columns),
                    cells: cells.chunks(columns).map(<[Cell]>::to_vec).collect(),
                    floor,
                }
            })
        })
    }

    /// The rule as a person would say it: compares every cell with every other.
    fn sound(table: &SchemeTable) -> bool {
        let rows = table.cells.iter().enumerate();
        let cells: Vec<_> =
            rows.flat_map(|(s, row)| row.iter().enumerate().map(move |(p, cell)| (s, p, cell))).collect();
        let risk = |cell: &Cell| match table.direction {
            Direction::HigherIsWorse => i16::from(cell.score),
            Direction::LowerIsWorse => -i16::from(cell.score),
        };
        let rises = cells.iter().all(|(s, p, cell)| {
            let graver = cells.iter().filter(|(s2, p2, _)| s2 >= s && p2 >= p);
            graver.into_iter().all(|(_, _, other)| risk(other) >= risk(cell) && other.band >= cell.band)
        });
        let worst = table.severities.len() - 1;
        rises && cells.iter().filter(|(s, ..)| *s == worst).all(|(_, _, cell)| cell.band >= table.floor)
    }

    proptest! {
        #[test]
        fn a_table_is_accepted_if_and_only_if_it_is_sound(table in tables()) {
            prop_assert_eq!(Scheme::new(table.clone()).is_ok(), sound(&table));
        }

        #[test]
        fn an_accepted_scheme_answers_everywhere_and_nowhere_else(
            table in tables().prop_filter("sound", sound),
            beyond in 5u8..,
        ) {
            let scheme = Scheme::new(table.clone())?;
            for (s, row) in (1u8..).zip(&table.cells) {
                for (p, cell) in (1u8..).zip(row) {
                    let rated = scheme.assess(s, p)?;
                    prop_assert_eq!((rated.score, rated.band), (cell.score, cell.band));
                    prop_assert_eq!(&scheme.assess(&rated.severity, &rated.probability)?, &rated);
                }
            }
            prop_assert!(scheme.assess(beyond, 1).is_err());
            prop_assert!(scheme.assess(1, beyond).is_err());
        }

        #[test]
        fn no_words_make_assess_do_anything_but_answer(severity in ".*", probability in ".*") {
            for scheme in builtin() {
                let _ = scheme.assess(severity.as_str(), probability.as_str());
            }
        }
    }
}
