//! The model card: what a user must know before relying on a model.

use serde::{Deserialize, Serialize};

use super::Order;

/// The origin of a model, its training data, and its performance on held-out data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The model's name. It should contain the name of the data, such as `vaers-1990s-severity`.
    pub name: String,
    /// The version of eovr that made it.
    pub eovr: String,
    /// SHA-256 of the data file, in hexadecimal; empty where the rows did not come from a file.
    pub data_sha256: String,
    /// The column that marks the test rows; empty for a random split.
    pub split: String,
    /// The date of the training, as the host states it; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The labels; from low to high where they are ordered.
    pub labels: Vec<String>,
    /// The number of narratives of each label.
    pub counts: Vec<u64>,
    /// Whether the labels are ordered.
    pub order: Order,
    /// Why they are considered ordered or unordered.
    pub order_because: String,
    /// Whether a narrative may have several labels, or none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
    /// The index of the first high-risk label; `None` without an order.
    pub high_from: Option<usize>,
    /// The numbers of training rows and of validation rows.
    pub rows: (u64, u64),
    /// The ridge penalty that was best on held-out rows.
    pub decay: f32,
    /// The model raises its flag from this probability of high risk. At this threshold the specificity on held-out rows
    /// is 0.9.
    pub flag_above: Option<f64>,
    /// Its performance on held-out rows. The settings were chosen on these rows, so expect slightly less on new ones.
    pub held_out: HeldOut,
    /// Conclusions that the data do not support.
    pub limits: String,
}

/// Figures on held-out rows; `None` where one is not defined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// How the rows were held out.
    pub how: String,
    /// The number of held-out rows.
    pub rows: u64,
    /// The area under the ROC curve: of high risk, or the mean of each class against the others.
    pub auroc: Option<f64>,
    /// Quadratic weighted kappa.
    pub kappa: Option<f64>,
    /// Macro-F1.
    pub macro_f1: Option<f64>,
    /// The accuracy. With several labels per narrative, an answer is right if it has all true labels and no other.
    pub accuracy: Option<f64>,
    /// Expected calibration error in 15 bins of equal width, of the same probabilities as `auroc`.
    pub calibration_error: Option<f64>,
}

/// The limits of every model.
pub(super) const LIMITS: &str = "Learned from the named data and tested on it alone. Not validated on hospital \
incidents, in any language; no claim to predict harm. A person decides; it may raise a priority, never lower one.";
