//! `train`, `evaluate` and `challenge`: training and evaluation of scorers.

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
use eovr_host::output::Failure;
use indicatif::{ProgressBar, ProgressStyle};

/// Options for the labels, the same for both commands.
#[derive(Debug, clap::Args)]
pub(crate) struct Labels {
    /// All labels, from low to high, separated by commas [default: those that occur]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "nominal")]
    ordinal: Option<Vec<String>>,
    /// The labels have no order [default: words have none; for whole numbers the narratives decide]
    #[arg(long)]
    nominal: bool,
    /// The lowest label that counts as high risk [default: the highest labels that together hold at most a fifth]
    #[arg(long, value_name = "LABEL")]
    high: Option<String>,
    /// A narrative may have several labels, or none: the separator within the cell, such as `;`
    #[arg(long, value_name = "SEPARATOR", conflicts_with_all = ["ordinal", "high"])]
    multi: Option<String>,
}

impl Labels {
    /// The labels of a cell, if there may be several.
    fn several<'c>(&self, cell: &'c str) -> Option<Vec<&'c str>> {
        let separator = self.multi.as_deref()?;
        let parts = cell.split(separator).map(str::trim).filter(|label| !label.is_empty());
        Some(parts.collect())
    }

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

/// Writes beside the file and then replaces it, so that a partial file never exists.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    std::fs::write(new, bytes).and_then(|()| std::fs::rename(new, path)).map_err(|error| {
        let _ = std::fs::remove_file(new);
        Failure::broken(format!("cannot write `{}`: {error}", path.display()))
    })
}
