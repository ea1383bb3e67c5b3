use serde_json::json;
use sha2::{Digest, Sha256};

use crate::analyst::{Examined, KIND, State, Subject};
use crate::audit::Hex;
use crate::error::{Error, Result};
use crate::name;
use crate::name::Name;
use crate::record::{Column, Query, Record, RecordId, Test};
use crate::risk::Band;
use crate::service::Session;
use crate::triage::metrics::{Bootstrap, Confusion, Weights};

/// The most reports of a comparison; the newest are used.
const MOST_CASES: usize = 10_000;
/// The number of draws and the seed of the bootstrap. The seed is fixed, so the same records give the same figures.
const BOOTSTRAP: Bootstrap = Bootstrap { draws: 1000, seed: 0 };

/// A model's ratings compared with those of people and of the hospital's own scorer on the same reports.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The figures.
    pub examined: Examined,
    /// The report with that digest, as JSON. It contains counts, and nothing of a single report.
    pub report: String,
}

/// The three ratings of one report, as indexes into [`Band::ALL`].
struct Case {
    person: usize,
    model: usize,
    own: usize,
}

/// Compares a model with the hospital's own scorer on every report that the model, the scorer and a person have
/// rated.
///
/// A person sees the scorer's rating before rating, and never that of a model on trial. This favours the scorer, so
/// the model's real gain is at least the computed one.
///
/// # Errors
/// `InvalidInput` where no report has all three ratings.
pub async fn compare(
    session: &Session,
    subject: &Subject,
    processor: &Name,
    model: &str,
) -> Result<Compared> {
    let cases = cases(session, subject, processor, model).await?;
    let kappa = |rows: &[usize], of_model: bool| {
        let picked = || rows.iter().filter_map(|row| cases.get(*row));
        let said = picked().map(|case| if of_model { case.model } else { case.own }).collect::<Vec<_>>();
        let found = picked().map(|case| case.person).collect::<Vec<_>>();
        Confusion::new(&found, &said, Band::ALL.len()).ok()?.kappa(Weights::Quadratic)
    };
    let difference = BOOTSTRAP.compare(cases.len(), None, |rows, of_model| kappa(rows, of_model));
    let (Some(gain), Some(low)) = (difference.difference, difference.interval.low) else {
        return Err(Error::invalid("there is nothing to compare yet")
            .with_help("let people rate reports that the model has read"));
    };
    let all: Vec<usize> = (0..cases.len()).collect();
    let against = format!("{} of `{}`", subject.own, subject.kind);
    let report = json!({
        "v": 1,
        "model": format!("{processor}/{model}"),
        "against": against,
        "cases": cases.len(),
        "kappa": kappa(&all, true),
        "kappa_against": kappa(&all, false),
        "gain": gain,
        "gain_low": low,
        "gain_high": difference.interval.high,
        "bootstrap": {"draws": BOOTSTRAP.draws, "seed": BOOTSTRAP.seed},
        "person_by_model": table(&cases, |case| case.model),
        "person_by_own": table(&cases, |case| case.own),
    });
    let report = report.to_string();
    let digest: [u8; 32] = Sha256::digest(&report).into();
    let thousandths = |figure: f64| (figure * 1000.0).floor() as i32;
    let examined = Examined {
        cases: u32::try_from(cases.len()).unwrap_or(u32::MAX),
        gain: thousandths(gain),
        gain_low: thousandths(low),
        against,
        report: Hex(&digest).to_string(),
    };
    Ok(Compared { examined, report })
}

async fn cases(session: &Session, subject: &Subject, processor: &Name, model: &str) -> Result<Vec<Case>> {
    let query = Query::of(KIND)
        .filter(Column::State, Test::Is(State::Answered.into()))
        .filter(Column::Facet(name!("of")), Test::Is(subject.kind.as_str().into()))
        .filter(Column::Facet(name!("processor")), Test::Is(processor.as_str().into()))
        .filter(Column::Facet(name!("model")), Test::Is(model.into()))
        .limit(Query::LARGEST_PAGE);
    let (mut cases, mut pages) = (Vec::new(), session.pages(query));
    while cases.len() < MOST_CASES
        && let Some(page) = pages.next().await?
    {
        for analysis in &page.items {
            let about = analysis.text("about").unwrap_or_default();
            let record = session.record(&subject.kind, about.parse::<RecordId>()?).await?;
            let person = band(&record, subject.rated.as_str());
            let own = band(&record, subject.own.as_str());
            if let Some(((person, own), model)) = person.zip(own).zip(band(analysis, "level")) {
                cases.push(Case { person, model, own });
            }
        }
    }
    Ok(cases)
}

fn band(record: &Record, facet: &str) -> Option<usize> {
    let name = record.text(facet)?;
    Band::ALL.iter().position(|band| band.name() == name)
}

/// How often each level of a person met each level of the other rater.
fn table(cases: &[Case], other: impl Fn(&Case) -> usize) -> Vec<Vec<usize>> {
    let levels = 0..Band::ALL.len();
    let row = |person| {
        let met = |said| cases.iter().filter(|case| case.person == person && other(case) == said).count();
        levels.clone().map(met).collect()
    };
    levels.clone().map(row).collect()
}
