//! Decides whether labels are ordered, and which of them are high-risk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::neighbours::{Finding, MOST};
use crate::error::{Error, Result};

/// Whether labels are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Levels, from low to high: a miss by two is worse than a miss by one.
    Ordinal,
    /// Kinds: all misses are equally bad.
    Nominal,
}

/// The settings of a training. The trainer decides open settings itself and gives its reason.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The model's name.
    pub name: String,
    /// SHA-256 of the data file, for the card.
    pub data_sha256: String,
    /// The column that marks the test rows, for the card; empty for a random split.
    pub split: String,
    /// The date, for the card. It is empty by default, because a date would change the file from day to day.
    pub date: String,
    /// Whether the labels are ordered. `None`: text labels and two labels are unordered; for whole numbers the data
    /// must give a clear answer, otherwise the training ends with an error that asks the user.
    pub order: Option<Order>,
    /// All labels, from low to high. `None`: the labels that occur, numbers by size, text alphabetically.
    pub labels: Option<Vec<String>>,
    /// The lowest high-risk label. `None`: for ordered labels, the highest labels that together have at most a fifth of
    /// the rows, and at least the highest label.
    pub high_from: Option<String>,
}

/// Refuses too many labels, which indicate a wrong column such as ids.
pub(in crate::triage) fn few(labels: usize) -> Result<()> {
    if labels <= Plan::MOST_LABELS {
        return Ok(());
    }
    Err(Error::invalid("there are too many labels for a scheme")
        .with_help(format!("name a column of at most {} different labels", Plan::MOST_LABELS))
        .with("labels", labels))
}

/// A list of the accepted labels, cut off where a wrong column would fill the screen.
pub(in crate::triage) fn listed(labels: &[String]) -> String {
    const SHOWN: usize = 20;
    let (shown, rest) = labels.split_at(labels.len().min(SHOWN));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
    format!("accepted: `{}`{more}", shown.join("`, `"))
}

/// The final labels: their names in order, and the index of each of the trainer's labels.
pub(super) struct Settled {
    pub(super) labels: Vec<String>,
    pub(super) places: Vec<usize>,
    pub(super) numbers: bool,
}

impl Plan {
    /// More than any scheme of the field has; it limits the memory that a file can request.
    pub const MOST_LABELS: usize = 1024;

    /// Orders the labels that occur.
    pub(super) fn settle(&self, seen: &BTreeMap<String, usize>) -> Result<Settled> {
        let number = |label: &String| label.parse::<i64>().ok();
        let numbers = seen.keys().all(|label| number(label).is_some());
        let labels = match &self.labels {
            Some(labels) => labels.clone(),
            None => {
                let mut labels: Vec<String> = seen.keys().cloned().collect();
                if numbers {
                    labels.sort_by_key(number);
                }
                labels
            }
        };
        if seen.len() < 2 {
            return Err(
                Error::invalid("there is one label only").with_help("give rows of two labels or more")
            );
        }
        few(labels.len().max(seen.len()))?;
        let mut places = vec![0; seen.len()];
        for (label, &id) in seen {
            let Some(place) = labels.iter().position(|known| known == label) else {
                return Err(Error::invalid("a label is outside the scheme").with_help(listed(&labels)));
            };
            if let Some(slot) = places.get_mut(id) {
                *slot = place;
            }
        }
        Ok(Settled { labels, places, numbers })
    }

    /// The error that asks the user whether whole-number labels are levels or kinds.
    pub fn question(labels: &[String]) -> Error {
        let all = if labels.len() <= MOST { labels.join(",") } else { "A,B,C".to_owned() };
        Error::invalid("the labels are whole numbers; are they levels or kinds? The narratives do not tell")
            .with_help(format!(
                "say it: `--ordinal {all}` if each is worse than the one before, or `--nominal` if they are kinds \
                 (in a program: the order)"
            ))
            .with("labels", labels.len())
    }

    /// Whether to ask the user before the training, because the order of so many labels cannot be determined.
    pub(super) fn asks_at_once(&self, settled: &Settled) -> bool {
        self.order.is_none() && self.labels.is_none() && settled.numbers && settled.labels.len() > MOST
    }

    /// Whether the labels are ordered, and why. `finding` is the evidence from held-out answers.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the evidence distinguishes neither levels nor kinds.
    pub(super) fn decide(
        &self,
        settled: &Settled,
        finding: impl FnOnce() -> Finding,
    ) -> Result<(Order, &'static str)> {
        Ok(match self.order {
            Some(Order::Ordinal) => (Order::Ordinal, "it was said that they have one"),
            Some(Order::Nominal) => (Order::Nominal, "it was said that they have none"),
            None if self.labels.is_some() => (Order::Ordinal, "they were given from low to high"),
            None if !settled.numbers => (Order::Nominal, "they are words"),
            None if settled.labels.len() < 3 => (Order::Nominal, "there are two"),
            None => match finding() {
                Finding::Levels => {
                    (Order::Ordinal, "they are whole numbers, and mistakes fall on neighbours")
                }
                Finding::Kinds => {
                    (Order::Nominal, "they are numbers, but mistakes do not fall on neighbours")
                }
                Finding::Unsure => return Err(Self::question(&settled.labels)),
            },
        })
    }

    /// The index of the lowest high-risk label, by the plan or by default.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the plan names an unknown label, or the lowest one.
    pub fn high(&self, labels: &[String], counts: &[u64], order: Order) -> Result<Option<usize>> {
        if let Some(asked) = &self.high_from {
            return match labels.iter().position(|label| label == asked) {
                Some(place) if place > 0 => Ok(Some(place)),
                _ => Err(Error::invalid("high risk cannot begin there")
                    .with_help(listed(labels.get(1..).unwrap_or_default()))),
            };
        }
        // Of two labels the second is the one to find.
        if labels.len() == 2 {
            return Ok(Some(1));
        }
        if order == Order::Nominal {
            return Ok(None);
        }
        let all: u64 = counts.iter().sum();
        let mut above = 0;
        let mut high = labels.len() - 1;
        for (place, count) in counts.iter().enumerate().skip(1).rev() {
            above += count;
            if above * 5 > all {
                break;
            }
            high = place;
        }
        Ok(Some(high))
    }
}
