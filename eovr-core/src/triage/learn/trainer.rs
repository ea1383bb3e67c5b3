//! From labelled narratives to a model, without anybody turning knobs.

use std::collections::BTreeMap;

use super::calibration::Calibration;
use super::card::{Card, HeldOut, LIMITS};
use super::corpus::Corpus;
use super::decision::{Decision, most_likely};
use super::descent::{self, EPOCHS, Weights};
use super::features::Reader;
use super::model::TextModel;
use super::notebook::{Forgets, Notebook};
use super::{Order, Plan};
use crate::error::{Error, Result};
use crate::triage::metrics::{Bins, Confusion, Flags, Weights as KappaWeights};
use crate::triage::random::Random;
use crate::triage::text::Text;

/// What a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose by; learned from as well once the choice is made.
    Valid,
}

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Passes over the rows that are done.
    pub done: usize,
    /// Passes in all.
    pub of: usize,
}

/// Takes labelled narratives and makes a model of them.
///
/// Of each narrative it keeps hashed counts, about 2 KB, and not the text. The ridge penalty, the calibration
/// and the rule by which an answer is chosen are fitted on rows that were held out: every row in turn, or,
/// of more than 20,000, those of [`Part::Valid`]. Then the weights are learned once more from all rows.
#[derive(Debug)]
pub struct Trainer {
    seed: u64,
    reader: Reader,
    corpus: Corpus,
    parts: Vec<Part>,
    labels: BTreeMap<String, usize>,
}

/// The ridge penalties that are tried, until one is worse than the one before.
const DECAYS: [f32; 5] = [15.0, 5.0, 1.5, 0.5, 0.15];
/// Rows are held out in so many turns, so that each is held out once.
const TURNS: usize = 5;
/// Of more rows than this one turn is enough: those that were given for choosing, where they are some.
const MANY_ROWS: usize = 20_000;
const ENOUGH_VALID: usize = 500;
const FEWEST_ROWS: usize = 10;

impl Trainer {
    /// A trainer whose chance begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            reader: Reader::default(),
            corpus: Corpus::new(),
            parts: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    /// Takes one narrative with its label.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the label is empty or the narrative has no
    /// word.
    pub fn add(&mut self, narrative: &str, label: &str, part: Part) -> Result<()> {
        if label.trim().is_empty() {
            return Err(Error::invalid("the label is empty").with_help("give every row a label"));
        }
        let text = Text::read(narrative);
        if text.words.is_empty() {
            return Err(Error::invalid("the narrative has no word").with_help("leave the row out"));
        }
        let next = self.labels.len();
        let id = match self.labels.get(label) {
            Some(&id) => id,
            None => *self.labels.entry(label.to_owned()).or_insert(next),
        };
        self.corpus.add(&mut self.reader, &text, id);
        self.parts.push(part);
        Ok(())
    }

    /// How many narratives it has.
    pub fn rows(&self) -> usize {
        self.parts.len()
    }

    /// Learns. `tell` is called after every pass over the rows.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where there are fewer than ten rows, one label only,
    /// or a label that the plan does not name.
    pub fn train(self, plan: &Plan, tell: impl FnMut(Progress)) -> Result<TextModel> {
        self.resume(plan, &mut Forgets, tell)
    }

    /// Learns as [`train`](Self::train) does, and goes on where a training of the same rows, seed and plan was
    /// stopped: the model is the same to the byte.
    ///
    /// # Errors
    /// As [`train`](Self::train); what the notebook says.
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
        for label in &mut self.corpus.labels {
            *label = settled.places.get(*label).copied().unwrap_or_default();
        }
        let classes = settled.labels.len();
        let mut counts = vec![0_u64; classes];
        for &label in &self.corpus.labels {
            counts.get_mut(label).into_iter().for_each(|count| *count += 1);
        }

        let rarity = self.corpus.weigh();
        let (turns, how) = self.turns();
        let of = (turns.len() * DECAYS.len() + 1) * EPOCHS;
        let mut done = 0;
        let mut steps = Steps { trainer: &self, classes, notebook, next: 0 };
        let mut pass = || {
            done += 1;
            tell(Progress { done, of });
        };
        let mut best: Option<Held> = None;
        for decay in DECAYS {
            let held = steps.hold_out(&turns, decay, &mut pass)?;
            if best.as_ref().is_some_and(|best| held.loss >= best.loss) {
                break;
            }
            best = Some(held);
        }
        let best = best.ok_or_else(|| Error::bug("no penalty was tried"))?;
        let (order, because) = plan.decide(&settled, &best.confusion(classes), self.seed);
        let high = plan.high(&settled.labels, &counts, order)?;
        let decision = Decision::fit(&best.probabilities, &best.labels, classes, order, self.seed);
        let (figures, flag_above) = figures(&best, &decision, classes, order, high, how);
        let all: Vec<usize> = (0..self.rows()).collect();
        let weights = steps.learn(&all, best.decay, pass)?;
        let valid = self.parts.iter().filter(|&&part| part == Part::Valid).count() as u64;
        let card = Card {
            name: plan.name.clone(),
            eovr: env!("CARGO_PKG_VERSION").to_owned(),
            data_sha256: plan.data_sha256.clone(),
            split: plan.split.clone(),
            seed: self.seed,
            labels: settled.labels,
            counts,
            order,
            order_because: because.to_owned(),
            high_from: high,
            rows: (self.rows() as u64 - valid, valid),
            decay: best.decay,
            flag_above,
            held_out: figures,
            limits: LIMITS.to_owned(),
        };
        Ok(TextModel::new(card, &rarity, &weights, best.calibration, decision))
    }

    /// Which rows are learned from and which are held out, turn by turn.
    fn turns(&self) -> (Vec<Turn>, &'static str) {
        let of = |wanted: Part| -> Vec<usize> {
            let rows = self.parts.iter().enumerate();
            rows.filter(|(_, part)| **part == wanted).map(|(row, _)| row).collect()
        };
        let (train, valid) = (of(Part::Train), of(Part::Valid));
        if self.rows() > MANY_ROWS && valid.len() >= ENOUGH_VALID && !train.is_empty() {
            return (vec![Turn { kept: train, held: valid }], "the rows that were given for choosing");
        }
        // Each label is dealt out in turn, so that every turn has some of each.
        let mut rows: Vec<usize> = (0..self.rows()).collect();
        Random::new(self.seed ^ 0x5EED).shuffle(&mut rows);
        rows.sort_by_key(|&row| self.corpus.label(row));
        let turns = if rows.len() > MANY_ROWS { 1 } else { TURNS };
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

/// The learnings of one training, in their order: one for each turn under each penalty, and the last from all rows.
struct Steps<'a> {
    trainer: &'a Trainer,
    classes: usize,
    notebook: &'a mut dyn Notebook,
    next: usize,
}

impl Steps<'_> {
    /// Learns from these rows, or takes what was learned from them before.
    fn learn(&mut self, rows: &[usize], decay: f32, mut pass: impl FnMut()) -> Result<Weights> {
        let step = self.next;
        self.next += 1;
        if let Some(weights) =
            self.notebook.look_up(step)?.and_then(|kept| Weights::read(&kept, self.classes))
        {
            (0..EPOCHS).for_each(|_| pass());
            return Ok(weights);
        }
        let Trainer { corpus, seed, .. } = self.trainer;
        let weights = descent::learn(corpus, rows, self.classes, decay, *seed, pass);
        self.notebook.write_down(step, &weights.to_bytes())?;
        Ok(weights)
    }

    /// Learns from what is kept and scores what is held out.
    fn hold_out(&mut self, turns: &[Turn], decay: f32, mut pass: impl FnMut()) -> Result<Held> {
        let classes = self.classes;
        let corpus = &self.trainer.corpus;
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        let mut of_row = Vec::with_capacity(classes);
        for Turn { kept, held } in turns {
            let weights = self.learn(kept, decay, &mut pass)?;
            for &row in held {
                weights.scores(corpus, row, &mut of_row);
                scores.extend_from_slice(&of_row);
                labels.push(corpus.label(row));
            }
        }
        let calibration = Calibration::fit(&scores, &labels, classes);
        scores.chunks_mut(classes).for_each(|scores| calibration.apply(scores));
        let surprise = |(p, &label): (&[f32], &usize)| {
            -f64::from(libm::logf(p.get(label).copied().unwrap_or_default().max(1e-9)))
        };
        let loss = scores.chunks(classes).zip(&labels).map(surprise).sum();
        Ok(Held { decay, probabilities: scores, labels, calibration, loss })
    }
}

/// Which rows are learned from, and which are held out meanwhile.
struct Turn {
    kept: Vec<usize>,
    held: Vec<usize>,
}

/// What held-out rows looked like under one penalty.
struct Held {
    decay: f32,
    probabilities: Vec<f32>,
    labels: Vec<usize>,
    calibration: Calibration,
    loss: f64,
}

impl Held {
    fn confusion(&self, classes: usize) -> Confusion {
        let said = self.probabilities.chunks(classes).map(|p| most_likely(p.iter().copied()));
        Confusion::of(self.labels.iter().copied().zip(said), classes)
    }

    fn flags(&self, classes: usize, truly: impl Fn(usize) -> bool) -> Flags {
        let rows = self.probabilities.chunks(classes).zip(&self.labels);
        Flags::sorted(
            rows.map(|(p, &label)| {
                let sum: f32 = p.iter().enumerate().filter(|(class, _)| truly(*class)).map(|(_, p)| p).sum();
                (f64::from(sum).min(1.0), truly(label))
            })
            .collect(),
        )
    }
}

fn figures(
    held: &Held,
    decision: &Decision,
    classes: usize,
    order: Order,
    high: Option<usize>,
    how: &str,
) -> (HeldOut, Option<f64>) {
    let said = held.probabilities.chunks(classes).map(|p| decision.choose(p));
    let confusion = Confusion::of(held.labels.iter().copied().zip(said), classes);
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
        rows: held.labels.len() as u64,
        auroc: mean(Flags::auroc),
        kappa: confusion.kappa(kappa).map(short),
        macro_f1: confusion.macro_f1().map(short),
        accuracy: confusion.accuracy().map(short),
        calibration_error: mean(|flags| flags.calibration_error(Bins::WIDTH_15)),
    };
    (figures, flag_above)
}

/// Six digits: more would be pretence, and fewer digits are read back from JSON exactly.
fn short(figure: f64) -> f64 {
    (figure * 1e6 + 0.5).floor() / 1e6
}
