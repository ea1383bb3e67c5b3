use std::collections::BTreeMap;

use crate::analyst::{KIND, Subject};
use crate::error::Result;
use crate::name;
use crate::name::Name;
use crate::record::{Column, Tally, TallyCell, Test, Value};
use crate::risk::Band;
use crate::service::Session;

/// The figures of a model in one month of the facility's calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// The number of requests.
    pub asked: u64,
    /// The number of answered analyses.
    pub answered: u64,
    /// The number of parked analyses, by reason.
    pub parked: BTreeMap<String, u64>,
    /// The number of answers by latency class; the key is the class's upper bound in milliseconds.
    pub took: BTreeMap<i64, u64>,
    /// How often each pair of levels occurred: the model's and that of the person who rated the same report.
    pub rated: BTreeMap<(String, String), u64>,
    /// For each confidence in tenths of 100 percent: how many answers agreed with the person, and how many answers
    /// there were.
    pub sure: BTreeMap<i64, (u64, u64)>,
}

impl Month {
    /// The latency class of the median answer, in milliseconds; `None` without answers.
    pub fn median_took(&self) -> Option<i64> {
        let all: u64 = self.took.values().sum();
        let mut before = 0;
        self.took.iter().find_map(|(class, count)| {
            before += count;
            (before * 2 >= all && all > 0).then_some(*class)
        })
    }

    /// How often the model's level was equal to, above and below the person's.
    pub fn agreement(&self) -> (u64, u64, u64) {
        let place = |name: &str| Band::ALL.iter().position(|band| band.name() == name);
        let mut sums = (0, 0, 0);
        for ((model, person), count) in &self.rated {
            match place(model).cmp(&place(person)) {
                std::cmp::Ordering::Equal => sums.0 += count,
                std::cmp::Ordering::Greater => sums.1 += count,
                std::cmp::Ordering::Less => sums.2 += count,
            }
        }
        sums
    }
}

/// The monthly figures of a model (`yyyymm`): latency, failures, and its levels compared with those of people. The
/// store counts them from the analyses and their subjects, so no second copy can become outdated.
///
/// # Errors
/// The errors of [`Session::tally`].
pub async fn standing(
    session: &Session,
    subject: &Subject,
    processor: &Name,
    model: &str,
) -> Result<BTreeMap<i64, Month>> {
    let of_model = Tally::of(KIND)
        .filter(Column::Facet(name!("processor")), Test::Is(processor.as_str().into()))
        .filter(Column::Facet(name!("model")), Test::Is(model.into()))
        .by(Column::Month);
    let mut months: BTreeMap<i64, Month> = BTreeMap::new();
    let ends = of_model
        .clone()
        .by(Column::State)
        .by(Column::Facet(name!("reason")))
        .by(Column::Facet(name!("attempts")));
    for cell in session.tally(&ends).await?.cells {
        let month = months.entry(month(&cell)).or_default();
        let attempts = u64::try_from(int(&cell, 3).unwrap_or(0)).unwrap_or(0);
        month.asked += attempts.saturating_mul(cell.count);
        match text(&cell, 1) {
            Some("answered") => month.answered += cell.count,
            Some("parked") => {
                *month.parked.entry(text(&cell, 2).unwrap_or_default().to_owned()).or_default() += cell.count
            }
            _ => {}
        }
    }
    let times = of_model.filter(Column::State, Test::Is("answered".into())).by(Column::Facet(name!("took")));
    for cell in session.tally(&times).await?.cells {
        let month = months.entry(month(&cell)).or_default();
        *month.took.entry(int(&cell, 1).unwrap_or(0)).or_default() += cell.count;
    }
    let rated = Tally::of(subject.kind.clone())
        .filter(Column::Facet(name!("analyst_model")), Test::Is(format!("{processor}/{model}").into()))
        .by(Column::Month)
        .by(Column::Facet(name!("analyst_band")))
        .by(Column::Facet(subject.rated.clone()))
        .by(Column::Facet(name!("analyst_confidence")));
    for cell in session.tally(&rated).await?.cells {
        let (Some(said), Some(found)) = (text(&cell, 1), text(&cell, 2)) else { continue };
        let month = months.entry(month(&cell)).or_default();
        *month.rated.entry((said.to_owned(), found.to_owned())).or_default() += cell.count;
        if let Some(sure) = int(&cell, 3) {
            let (right, all) = month.sure.entry((sure / 10).min(9)).or_default();
            *right += if said == found { cell.count } else { 0 };
            *all += cell.count;
        }
    }
    Ok(months)
}

fn month(cell: &TallyCell) -> i64 {
    int(cell, 0).unwrap_or_default()
}

fn int(cell: &TallyCell, at: usize) -> Option<i64> {
    cell.key.get(at)?.as_ref().and_then(Value::as_int)
}

fn text(cell: &TallyCell, at: usize) -> Option<&str> {
    cell.key.get(at)?.as_ref().and_then(Value::as_text)
}
