//! A risk scheme: the table of a hospital, and ratings by it.

use serde::{Deserialize, Serialize};

use super::Band;
use crate::error::{Error, Result};

/// The minimum and maximum number of steps of an axis. One step is not a scale; raters cannot distinguish more than
/// ten.
const STEPS: std::ops::RangeInclusive<usize> = 2..=10;

/// A checked risk matrix. It has a sound answer for every pair of steps.
///
/// Build one from a [`SchemeTable`] with [`Scheme::new`], read one from JSON (with the same checks), or take a built-in
/// one: [`three_by_three`](super::three_by_three), [`va_sac`](super::va_sac), [`nsw_sac`](super::nsw_sac),
/// [`npsa_5x5`](super::npsa_5x5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SchemeTable", into = "SchemeTable")]
pub struct Scheme {
    // INVARIANT: `check` accepts this table.
    table: SchemeTable,
}

/// A risk matrix as plain data, which a host can write in JSON.
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
    /// The scheme's stable id, stored in every assessment: lower-case letters, digits, `-` and `_`.
    pub id: String,
    /// The title for people.
    pub title: String,
    /// Which end of the score is the worse one.
    pub direction: Direction,
    /// The steps of severity, mildest first.
    pub severities: Vec<Step>,
    /// The steps of probability, rarest first.
    pub probabilities: Vec<Step>,
    /// One row for each severity, with one cell for each probability, in the order of the steps.
    pub cells: Vec<Vec<MatrixCell>>,
    /// The lowest allowed band of the worst severity, however rare it is.
    pub floor: Band,
}

/// Which end of a scheme's score is the worse one. Countries differ; bands always rise with risk.
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
    /// The title for the rater.
    pub title: String,
    /// The title in Arabic, if the scheme has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title_ar: String,
    /// A short description of the step. Raters agree more when they read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
}

/// The table's entry for one severity and one probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixCell {
    /// The scheme's own number.
    pub score: u8,
    /// The band of this cell.
    pub band: Band,
}

/// A step of an axis in a call: its code, or its position from 1 at the mild or rare end.
///
/// A number as text, as forms and query strings send it, is read as a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AxisStep<'a> {
    /// The step's code.
    Code(&'a str),
    /// The step's position, from 1.
    Number(u8),
}

impl<'a> From<&'a str> for AxisStep<'a> {
    fn from(code: &'a str) -> Self {
        Self::Code(code)
    }
}

impl<'a> From<&'a String> for AxisStep<'a> {
    fn from(code: &'a String) -> Self {
        Self::Code(code)
    }
}

impl From<u8> for AxisStep<'_> {
    fn from(number: u8) -> Self {
        Self::Number(number)
    }
}

/// A rating: the rater's answers with the scheme's score and band.
///
/// Only [`Scheme::assess`] makes one. It contains enough to be interpreted years later, when the hospital uses another
/// scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Assessment {
    /// The scheme's id. The score has no meaning without it.
    pub scheme: String,
    /// The code of the severity.
    pub severity: String,
    /// The severity's position, 1 being the mildest, in every scheme.
    pub severity_level: u8,
    /// The code of the probability.
    pub probability: String,
    /// The probability's position, 1 being the rarest, in every scheme.
    pub probability_level: u8,
    /// The scheme's own number, in the scheme's direction.
    pub score: u8,
    /// The band, which can be compared across schemes.
    pub band: Band,
    /// The derivation of the score, in one English sentence without any text of the report.
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

    /// A built-in table; a test checks each with [`Scheme::new`].
    pub(super) fn shipped(table: SchemeTable) -> Self {
        Self { table }
    }

    /// The scheme's stable id.
    pub fn id(&self) -> &str {
        &self.table.id
    }

    /// The whole table, for example to draw the matrix of a form.
    pub fn table(&self) -> &SchemeTable {
        &self.table
    }

    /// Rates an incident by the cell of the two answers.
    ///
    /// ```
    /// # fn main() -> Result<(), eovr_core::error::Error> {
    /// use eovr_core::risk::{self, Band};
    ///
    /// // The product would be 3 and medium, the same as for a frequent minor event.
    /// let rare_death = risk::three_by_three().assess("severe", "rare")?;
    /// assert_eq!((rare_death.score, rare_death.band), (3, Band::High));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an answer is off its scale; [`help`](crate::error::Error::help) lists the accepted codes.
    pub fn assess<'a>(
        &self,
        severity: impl Into<AxisStep<'a>>,
        probability: impl Into<AxisStep<'a>>,
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

    fn why(&self, severity: &Chosen<'_>, probability: &Chosen<'_>, cell: &MatrixCell) -> String {
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

/// A step on its axis.
struct Chosen<'a> {
    step: &'a Step,
    index: usize,
    steps: usize,
}

impl<'a> Chosen<'a> {
    fn on(axis: &'static str, steps: &'a [Step], level: AxisStep<'_>) -> Result<Self> {
        let index = match level {
            AxisStep::Number(number) => usize::from(number).checked_sub(1),
            // A code is never a number (`check`), so a text cannot be both a code and a position.
            AxisStep::Code(code) => steps.iter().position(|step| step.code == code).or_else(|| {
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

// The error does not repeat the answer, which could be text of a report in the wrong place.
fn off_the_scale(axis: &'static str, steps: &[Step]) -> Error {
    let accepted: Vec<_> = steps.iter().map(|step| format!("`{}`", step.code)).collect();
    Error::invalid(format!("{axis} is off the scale")).with_field(axis).with_help(format!(
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
/// Comparing neighbours is enough, because the order is transitive.
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

/// A cell with its position.
struct Place<'a> {
    severity: &'a str,
    probability: &'a str,
    cell: &'a MatrixCell,
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

/// Whether this is a plain code. It begins with a letter, so it is never a number; numbers are positions.
fn is_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests;
