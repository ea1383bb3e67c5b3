//! `train`, `evaluate` and `challenge`: a bench for those who want to know how good a scorer is.

pub(crate) mod challenge;
pub(crate) mod evaluate;
mod labelled;
mod partial;
mod predictions;
mod scorers;
pub(crate) mod train;

use std::io::{IsTerminal as _, stderr};
use std::path::Path;

use eovr_core::triage::learn::Order;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Failure;

/// What is said of the labels; the same for both commands.
#[derive(Debug, clap::Args)]
pub(crate) struct Labels {
    /// All labels, from low to high, with commas between [default: those that occur]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "nominal")]
    ordinal: Option<Vec<String>>,
    /// The labels have no order [default: whole numbers have one, words have none]
    #[arg(long)]
    nominal: bool,
    /// The lowest label that counts as high risk [default: the highest that hold at most a fifth]
    #[arg(long, value_name = "LABEL")]
    high: Option<String>,
}

impl Labels {
    fn order(&self) -> Option<Order> {
        match (self.nominal, &self.ordinal) {
            (true, _) => Some(Order::Nominal),
            (false, Some(_)) => Some(Order::Ordinal),
            (false, None) => None,
        }
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Writes beside the file and then in its place, so that there is never half of one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    std::fs::write(new, bytes).and_then(|()| std::fs::rename(new, path)).map_err(|error| {
        let _ = std::fs::remove_file(new);
        Failure::broken(format!("cannot write `{}`: {error}", path.display()))
    })
}
