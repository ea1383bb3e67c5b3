//! What must be known about a model before anybody relies on it.

use serde::{Deserialize, Serialize};

use super::Order;

/// Where a model comes from, what it was learned from and how good it was on what it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The model's name, best with its data in it, such as `vaers-1990s-severity`.
    pub name: String,
    /// The version of eovr that made it.
    pub eovr: String,
    /// SHA-256 of the data file, in hexadecimal; empty where the rows did not come from a file.
    pub data_sha256: String,
    /// The column that said which rows were kept for testing; empty where it was chance.
    pub split: String,
    /// When it was made, as its host said; empty where the host said nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// Where chance began.
    pub seed: u64,
    /// The labels; from low to high where they have an order.
    pub labels: Vec<String>,
    /// How many narratives there were of each.
    pub counts: Vec<u64>,
    /// Whether the labels have an order.
    pub order: Order,
    /// Why they are taken to have one, or none.
    pub order_because: String,
    /// Whether a narrative may have several labels, or none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
    /// The place of the first label that counts as high-risk; `None` where there is no order.
    pub high_from: Option<usize>,
    /// Rows for training, and rows that were given for choosing.
    pub rows: (u64, u64),
    /// The ridge penalty that was best on held-out rows.
    pub decay: f32,
    /// From this probability of high risk on, the model raises its flag: nine in ten of the others, held
    /// out, stay below.
    pub flag_above: Option<f64>,
    /// What it reached on rows that it had not seen while it was chosen. The choice saw them, so expect
    /// a little less on new ones.
    pub held_out: HeldOut,
    /// What may not be concluded.
    pub limits: String,
}

/// Figures on held-out rows; `None` where one is not defined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// How they were held out.
    pub how: String,
    /// How many.
    pub rows: u64,
    /// The area under the ROC curve: of high risk, or the mean of each class against the others.
    pub auroc: Option<f64>,
    /// Quadratic weighted kappa.
    pub kappa: Option<f64>,
    /// Macro-F1.
    pub macro_f1: Option<f64>,
    /// The share that was answered rightly: with all its labels and no other, where there may be several.
    pub accuracy: Option<f64>,
    /// Expected calibration error in 15 equal widths, of the same probabilities as `auroc`.
    pub calibration_error: Option<f64>,
}

/// What every card says.
pub(super) const LIMITS: &str = "Learned from the named data and tested on it alone. Not validated on hospital \
incidents, in any language; no claim to predict harm. A person decides; it may raise a priority, never lower one.";
