//! Trains a model on labelled narratives, without manual tuning.

use std::collections::BTreeMap;

use super::calibration::{Calibration, HighStep, Link};
use super::card::{Card, HeldOut, LIMITS};
use super::corpus::Corpus;
use super::decision::Decision;
use super::descent::{self, EPOCHS, Weights};
use super::features::{Fold, Reader};
use super::model::TextModel;
use super::neighbours::finding;
use super::notebook::{Forgets, Notebook};
use super::{Order, Plan};
use crate::error::{Error, Result};
use crate::triage::metrics::{Bins, Confusion, Flags, Overlap, Weights as KappaWeights};
use crate::triage::random::Random;
use crate::triage::text::Text;

/// The use of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// For training.
    Train,
    /// For choosing the settings. The final training uses these rows too.
    Valid,
}

/// The progress of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The number of completed passes over the rows.
    pub done: usize,
    /// The number of all passes.
    pub of: usize,
}

/// Takes labelled narratives and trains a model.
///
/// It keeps hashed counts of each narrative, about 2 KB, and not the text. The ridge penalty, the calibration and the
/// decision rule are fitted on held-out rows: on every row in turn (cross-validation) or, with more than 20,000 rows,
/// on those of [`Part::Valid`]. Finally the weights are trained on all rows.
#[derive(Debug)]
pub struct Trainer {
    seed: u64,
    reader: Reader,
    corpus: Corpus,
    parts: Vec<Part>,
    labels: BTreeMap<String, usize>,
    link: Link,
}

/// The ridge penalties, tried in this order until one is worse than the previous.
const DECAYS: [f32; 5] = [15.0, 5.0, 1.5, 0.5, 0.15];
/// The number of folds; each row is held out once.
const TURNS: usize = 5;
/// With more rows than this, a single fold is enough: the validation rows, if there are any.
const MANY_ROWS: usize = 20_000;
/// With more labels than this, a single fold is enough, because the cost of a fold grows with the labels.
const MANY_LABELS: usize = 256;
const ENOUGH_VALID: usize = 500;
const FEWEST_ROWS: usize = 10;

impl Trainer {
    /// A trainer with this random seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            reader: Reader::default(),
            corpus: Corpus::new(),
            parts: Vec::new(),
            labels: BTreeMap::new(),
            link: Link::OneOf,
        }
    }

    /// Adds a narrative with its label.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the label is empty or the narrative has no words.
    pub fn add(&mut self, narrative: &str, label: &str, part: Part) -> Result<()> {
        self.take(narrative, &[label], part)
    }

    /// Adds a narrative with any number of labels, including none. The model then gives several labels per narrative:
    /// it learns each label independently of the others.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_several(&mut self, narrative: &str, labels: &[&str], part: Part) -> Result<()> {
        self.take(narrative, labels, part)?;
        self.link = Link::AnyOf;
        Ok(())
    }

    fn take(&mut self, narrative: &str, labels: &[&str], part: Part) -> Result<()> {
        if labels.iter().any(|label| label.trim().is_empty()) {
            return Err(Error::invalid("the label is empty").with_help("give every row a label"));
        }
        let text = Text::read(narrative);
        if text.words.is_empty() {
            return Err(Error::invalid("the narrative has no word").with_help("leave the row out"));
        }
        let mut ids = Vec::with_capacity(labels.len());
        for &label in labels {
            let next = self.labels.len();
            let id = match self.labels.get(label) {
                Some(&id) => id,
                None => *self.labels.entry(label.to_owned()).or_insert(next),
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.corpus.add(&mut self.reader, &text, &ids);
        self.parts.push(part);
        Ok(())
    }

    /// The number of narratives.
    pub fn rows(&self) -> usize {
        self.parts.len()
    }

    /// Trains a model. `tell` is called after every pass over the rows.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are fewer than ten rows, only one label, or a label
    /// that the plan does not contain.
    pub fn train(self, plan: &Plan, tell: impl FnMut(Progress)) -> Result<TextModel> {
        self.resume(plan, &mut Forgets, tell)
    }

    /// Trains like [`train`](Self::train), and resumes an interrupted training of the same rows, seed and plan. The
    /// model is the same, byte for byte.
    ///
    /// # Errors
    /// As [`train`](Self::train); errors of the notebook.
    pub fn resume(
        mut self,
        plan: &Plan,
        notebook: &mut dyn Notebook,
        mut tell: impl FnMut(Progress),
    ) -> Result<TextModel> {
        if self.rows() < FEWEST_ROWS {
            return Err(Error::invalid("there are too few rows to learn from")
                .with_help(format!("give {FEWEST_ROWS} or more"))
                .with("rows", self.rows()));
        }
        let settled = plan.settle(&self.labels)?;
        let several = self.link == Link::AnyOf;
        if several && (plan.order == Some(Order::Ordinal) || plan.high_from.is_some()) {
            return Err(Error::invalid("labels are unordered where a narrative may have several")
                .with_help("omit the order and the beginning of high risk"));
        }
        if settled.labels.len() > MANY_LABELS && settled.labels.len() * 2 > self.rows() {
            return Err(Error::invalid("nearly every row has a label of its own")
                .with_help("name the column that has the labels: each needs more than one row")
                .with("labels", settled.labels.len())
                .with("rows", self.rows()));
        }
        if !several && plan.asks_at_once(&settled) {
            return Err(Plan::question(&settled.labels));
        }
        for label in &mut self.corpus.labels {
            *label = settled.places.get(*label).copied().unwrap_or_default();
        }
        let classes = settled.labels.len();
        let mut counts = vec![0_u64; classes];
        for &label in &self.corpus.labels {
            counts.get_mut(label).into_iter().for_each(|count| *count += 1);
        }

        let rarity = self.corpus.weigh(Fold::of(classes));
        let (turns, how) = self.turns(classes);
        let of = (turns.len() * DECAYS.len() + 1) * EPOCHS;
        let mut done = 0;
        let mut steps = Steps { trainer: &self, classes, notebook, next: 0 };
        let mut pass = || {
            done += 1;
            tell(Progress { done, of });
        };
        let mut best: Option<Held<'_>> = None;
        for decay in DECAYS {
            let held = steps.hold_out(&turns, decay, &mut pass)?;
            if best.as_ref().is_some_and(|best| held.loss >= best.loss) {
                break;
            }
            best = Some(held);
        }
        let mut best = best.ok_or_else(|| Error::bug("no penalty was tried"))?;
        let (order, because) = match several {
            true => (Order::Nominal, "a narrative may have several"),
            false => plan.decide(&settled, || finding(&best.probabilities, &best.labels(), classes))?,
        };
        let high = if several { None } else { plan.high(&settled.labels, &counts, order)? };
        best.raise(high, classes);
        let decision = match several {
            true => Decision::thresholds(&best.probabilities, &best.truths, classes),
            false => Decision::fit(&best.probabilities, &best.labels(), classes, order, self.seed),
        };
        let (figures, flag_above) = figures(&best, &decision, classes, order, high, how);
        let all: Vec<usize> = (0..self.rows()).collect();
        let weights = steps.learn(&all, best.decay, pass)?;
        let valid = self.parts.iter().filter(|&&part| part == Part::Valid).count() as u64;
        let card = Card {
            name: plan.name.clone(),
            eovr: env!("CARGO_PKG_VERSION").to_owned(),
            data_sha256: plan.data_sha256.clone(),
            split: plan.split.clone(),
            date: plan.date.clone(),
            seed: self.seed,
            labels: settled.labels,
            counts,
            order,
            order_because: because.to_owned(),
            several,
            high_from: high,
            rows: (self.rows() as u64 - valid, valid),
            decay: best.decay,
            flag_above,
            held_out: figures,
            limits: LIMITS.to_owned(),
        };
        Ok(TextModel::new(card, &rarity, &weights, best.calibration, decision))
    }

    /// The training rows and the held-out rows of each fold.
    fn turns(&self, classes: usize) -> (Vec<Turn>, &'static str) {
        let of = |wanted: Part| -> Vec<usize> {
            let rows = self.parts.iter().enumerate();
            rows.filter(|(_, part)| **part == wanted).map(|(row, _)| row).collect()
        };
        let (train, valid) = (of(Part::Train), of(Part::Valid));
        if self.rows() > MANY_ROWS && valid.len() >= ENOUGH_VALID && !train.is_empty() {
            return (vec![Turn { kept: train, held: valid }], "the rows that were given for choosing");
        }
        // The rows of each label are distributed over the folds, so that every fold has some of each.
        let mut rows: Vec<usize> = (0..self.rows()).collect();
        Random::new(self.seed ^ 0x5EED).shuffle(&mut rows);
        rows.sort_by_key(|&row| self.corpus.labels_of(row).first().copied());
        let turns = if rows.len() > MANY_ROWS || classes > MANY_LABELS { 1 } else { TURNS };
        let deal = |turn: usize| {
            let dealt = rows.iter().enumerate();
            let (held, kept): (Vec<_>, Vec<_>) = dealt.partition(|(place, _)| place % TURNS == turn);
            let rows = |side: Vec<(usize, &usize)>| side.into_iter().map(|(_, &row)| row).collect();
            Turn { kept: rows(kept), held: rows(held) }
        };
        let how = if turns == 1 { "every fifth row" } else { "every row, in five turns" };
        ((0..turns).map(deal).collect(), how)
    }
}

/// The steps of one training in order: one for each fold and penalty, and the last on all rows.
struct Steps<'a, 'n> {
    trainer: &'a Trainer,
    classes: usize,
    notebook: &'n mut dyn Notebook,
    next: usize,
}

impl<'a> Steps<'a, '_> {
    /// Trains on these rows, or reads the stored result.
    fn learn(&mut self, rows: &[usize], decay: f32, mut pass: impl FnMut()) -> Result<Weights> {
        let step = self.next;
        self.next += 1;
        if let Some(weights) =
            self.notebook.look_up(step)?.and_then(|kept| Weights::read(&kept, self.classes))
        {
            (0..EPOCHS).for_each(|_| pass());
            return Ok(weights);
        }
        let Trainer { corpus, seed, link, .. } = self.trainer;
        let weights = descent::learn(corpus, rows, (self.classes, *link), decay, *seed, pass);
        self.notebook.write_down(step, &weights.to_bytes())?;
        Ok(weights)
    }

    /// Trains each fold and scores its held-out rows.
    fn hold_out(&mut self, turns: &[Turn], decay: f32, mut pass: impl FnMut()) -> Result<Held<'a>> {
        let classes = self.classes;
        let Trainer { corpus, link, .. } = self.trainer;
        let (mut scores, mut truths) = (Vec::new(), Vec::new());
        let mut of_row = Vec::with_capacity(classes);
        for Turn { kept, held } in turns {
            let weights = self.learn(kept, decay, &mut pass)?;
            for &row in held {
                weights.scores(corpus, row, &mut of_row);
                scores.extend_from_slice(&of_row);
                truths.push(corpus.labels_of(row));
            }
        }
        let calibration = Calibration::fit(&scores, &truths, classes, *link);
        scores.chunks_mut(classes).for_each(|scores| calibration.apply(scores));
        let loss = scores.chunks(classes).zip(&truths).map(|(p, truth)| surprise(p, truth, *link)).sum();
        Ok(Held { decay, probabilities: scores, truths, calibration, loss })
    }
}

/// The log loss of the truth under these probabilities.
fn surprise(said: &[f32], truth: &[usize], link: Link) -> f64 {
    let of = |p: f32| -f64::from(libm::logf(p.max(1e-9)));
    match link {
        Link::OneOf => truth.iter().map(|&label| of(said.get(label).copied().unwrap_or_default())).sum(),
        Link::AnyOf => said
            .iter()
            .enumerate()
            .map(|(label, &p)| of(if truth.contains(&label) { p } else { 1.0 - p }))
            .sum(),
    }
}

/// The training rows and the held-out rows of one fold.
struct Turn {
    kept: Vec<usize>,
    held: Vec<usize>,
}

/// The scores of the held-out rows under one penalty.
struct Held<'a> {
    decay: f32,
    probabilities: Vec<f32>,
    /// The labels of each row.
    truths: Vec<&'a [usize]>,
    calibration: Calibration,
    loss: f64,
}

impl Held<'_> {
    /// The label of each row, where each row has exactly one.
    fn labels(&self) -> Vec<usize> {
        self.truths.iter().map(|truth| truth.first().copied().unwrap_or_default()).collect()
    }

    /// Fits the adjustment of the probability of high risk, and applies it.
    fn raise(&mut self, high: Option<usize>, classes: usize) {
        let Some(from) = high else { return };
        let Some(step) = HighStep::fit(&self.probabilities, &self.labels(), classes, from) else { return };
        self.probabilities.chunks_mut(classes).for_each(|p| step.apply(p, from));
        self.calibration.high = Some((from, step));
    }

    fn flags(&self, classes: usize, truly: impl Fn(usize) -> bool) -> Flags {
        let rows = self.probabilities.chunks(classes).zip(&self.truths);
        Flags::sorted(
            rows.map(|(p, truth)| {
                let sum: f32 = p.iter().enumerate().filter(|(class, _)| truly(*class)).map(|(_, p)| p).sum();
                (f64::from(sum).min(1.0), truth.iter().any(|&label| truly(label)))
            })
            .collect(),
        )
    }
}

fn figures(
    held: &Held<'_>,
    decision: &Decision,
    classes: usize,
    order: Order,
    high: Option<usize>,
    how: &str,
) -> (HeldOut, Option<f64>) {
    // With one label each: predictions against truth. With several: each label separately, present or not.
    let confusion = match decision {
        Decision::Thresholds(_) => None,
        _ => {
            let said = held.probabilities.chunks(classes).map(|p| decision.choose(p));
            Some(Confusion::of(held.labels().into_iter().zip(said), classes))
        }
    };
    let chosen = held.probabilities.chunks(classes).map(|p| decision.chosen(p));
    let overlap = confusion.is_none().then(|| Overlap::of(held.truths.iter().copied().zip(chosen), classes));
    let sides: Vec<Flags> = match high {
        Some(high) => vec![held.flags(classes, |class| class >= high)],
        None => (0..classes).map(|of| held.flags(classes, |class| class == of)).collect(),
    };
    let mean = |figure: fn(&Flags) -> Option<f64>| {
        let values: Vec<f64> = sides.iter().filter_map(figure).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64).map(short)
    };
    let kappa = if order == Order::Ordinal { KappaWeights::Quadratic } else { KappaWeights::Equal };
    let flag_above = high
        .and_then(|_| sides.first())
        .and_then(|flags| flags.at_specificity(0.9))
        .map(|point| point.threshold);
    let figures = HeldOut {
        how: how.to_owned(),
        rows: held.truths.len() as u64,
        auroc: mean(Flags::auroc),
        kappa: confusion.as_ref().and_then(|levels| levels.kappa(kappa)).map(short),
        macro_f1: confusion
            .as_ref()
            .map_or_else(|| overlap.as_ref()?.macro_f1(), Confusion::macro_f1)
            .map(short),
        accuracy: confusion
            .as_ref()
            .map_or_else(|| overlap.as_ref()?.exact(), Confusion::accuracy)
            .map(short),
        calibration_error: mean(|flags| flags.calibration_error(Bins::WIDTH_15)),
    };
    (figures, flag_above)
}

/// Rounds to six digits: more would be false precision, and JSON reads six digits back exactly.
fn short(figure: f64) -> f64 {
    (figure * 1e6 + 0.5).floor() / 1e6
}
