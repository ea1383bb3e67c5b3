//! Whether labels are levels, and which of them are high.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::neighbours::{Finding, MOST};
use crate::error::{Error, Result};

/// Whether one label is more than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Levels, from low to high: a miss by two is worse than a miss by one.
    Ordinal,
    /// Kinds: one is as far from another as any.
    Nominal,
}

/// What a trainer is told about the labels; what is left open it decides itself and says why.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The model's name.
    pub name: String,
    /// SHA-256 of the data file, for the card.
    pub data_sha256: String,
    /// The column that says which rows were kept for testing, for the card; empty where it was chance.
    pub split: String,
    /// When this is, for the card. With a date the same rows make another file on another day, so none stands there
    /// unless it is given.
    pub date: String,
    /// Whether the labels have an order. Left open: words and yes-or-no have none, and of whole numbers the data
    /// must say it clearly; else the training ends with the question.
    pub order: Option<Order>,
    /// All labels, from low to high. Left open: those that occur, numbers by size, words by the alphabet.
    pub labels: Option<Vec<String>>,
    /// The lowest label that counts as high-risk. Left open: with an order, the highest labels that
    /// together hold at most a fifth of the rows, at least the highest.
    pub high_from: Option<String>,
}

/// Refuses a scheme of so many labels that it is none, such as a column of ids.
pub(in crate::triage) fn few(labels: usize) -> Result<()> {
    if labels <= Plan::MOST_LABELS {
        return Ok(());
    }
    Err(Error::invalid("there are too many labels for a scheme")
        .with_help(format!("name a column of at most {} different labels", Plan::MOST_LABELS))
        .with("labels", labels))
}

/// What is accepted, where that is labels. A column of something else would fill the screen.
pub(in crate::triage) fn listed(labels: &[String]) -> String {
    const SHOWN: usize = 20;
    let (shown, rest) = labels.split_at(labels.len().min(SHOWN));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
    format!("accepted: `{}`{more}", shown.join("`, `"))
}

/// Labels that were settled: their names in order, and for each of the trainer's the place.
pub(super) struct Settled {
    pub(super) labels: Vec<String>,
    pub(super) places: Vec<usize>,
    pub(super) numbers: bool,
}

impl Plan {
    /// No scheme of the field has more labels, and no file can ask for more memory.
    pub const MOST_LABELS: usize = 1024;

    /// Puts the labels that occurred in their order.
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

    /// The question that only a person can answer: whether labels that are whole numbers are levels or kinds.
    pub fn question(labels: &[String]) -> Error {
        let all = if labels.len() <= MOST { labels.join(",") } else { "A,B,C".to_owned() };
        Error::invalid("the labels are whole numbers; are they levels or kinds? The narratives do not tell")
            .with_help(format!(
                "say it: `--ordinal {all}` if each is worse than the one before, or `--nominal` if they are kinds \
                 (in a program: the order)"
            ))
            .with("labels", labels.len())
    }

    /// Whether the question is asked before anything is learned: of so many labels no order can be told.
    pub(super) fn asks_at_once(&self, settled: &Settled) -> bool {
        self.order.is_none() && self.labels.is_none() && settled.numbers && settled.labels.len() > MOST
    }

    /// Whether there is an order, and why. `finding` is what held-out answers say about numbers.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where nothing tells levels from kinds.
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

    /// The place of the lowest label that counts as high-risk, as the plan says it or leaves it open.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where it names a label that is not there, or the
    /// lowest.
    pub fn high(&self, labels: &[String], counts: &[u64], order: Order) -> Result<Option<usize>> {
        if let Some(asked) = &self.high_from {
            return match labels.iter().position(|label| label == asked) {
                Some(place) if place > 0 => Ok(Some(place)),
                _ => Err(Error::invalid("high risk cannot begin there")
                    .with_help(listed(labels.get(1..).unwrap_or_default()))),
            };
        }
        // Of two labels the second is what is looked for, whatever it is called.
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
