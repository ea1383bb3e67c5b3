use crate::access::{Tiers, danger};
#[cfg(feature = "training")]
use crate::analyst::{Compared, Subject, compare};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Complete, Draft, FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::service::{Eovr, Session};
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind of a model.
pub const MODEL: Name = Name::from_static("ai_model");

/// With fewer cases the figures are not significant.
const FEWEST_CASES: i64 = 100;
/// The value of a unique facet, so that only one model at a time can have it.
const SLOT: &str = "analyst";

labels! {
    /// The states of a model.
    pub enum ModelState {
        /// Known and not in use.
        Candidate = "candidate",
        /// Reads reports, but no user sees its answers, because it is being compared.
        OnTrial = "on_trial",
        /// Reads every report. At most one model reads reports, on trial or active.
        Active = "active",
        /// No longer in use.
        Retired = "retired",
        /// Excluded for good.
        Scrapped = "scrapped",
    }
}

labels! {
    /// The actions on a model.
    pub enum ModelAction {
        /// Register it.
        Register = "register",
        /// Enter the figures of a comparison.
        Examine = "examine",
        /// Put it on trial, and give the reason.
        Try = "try",
        /// Activate it, and give the reason.
        Activate = "activate",
        /// Deactivate it, and give the reason.
        Retire = "retire",
        /// Make a retired model a candidate again.
        Reconsider = "reconsider",
        /// Exclude a model for good, and give the reason.
        Scrap = "scrap",
    }
}

struct ModelWorkflow;

impl Workflow for ModelWorkflow {
    type State = ModelState;
    type Action = ModelAction;

    const START: ModelState = ModelState::Candidate;
    const ENDS: &'static [ModelState] = &[ModelState::Scrapped];
    const CREATE: ModelAction = ModelAction::Register;

    const MAY: &'static [May<ModelAction>] = &[
        May::new(ModelAction::Register, (5, 5), &["processor", "model"]),
        May::new(ModelAction::Examine, (5, 5), &["cases", "gain", "gain_low", "against", "report"]),
        May::new(ModelAction::Try, (5, 5), &[]).with_proof(),
        May::new(ModelAction::Activate, (5, 5), &[]).with_proof(),
        May::new(ModelAction::Retire, (5, 5), &[]),
        May::new(ModelAction::Reconsider, (5, 5), &[]),
        May::new(ModelAction::Scrap, (5, 5), &[]),
    ];

    const RULES: &'static [Row<ModelState, ModelAction>] = {
        use ModelState::{Active, Candidate, OnTrial, Retired, Scrapped};
        &[
            Row::stay(&[Candidate, OnTrial], ModelAction::Examine, &[Need::Human]),
            Row::to(&[Candidate], ModelAction::Try, OnTrial, &[Need::Human, Need::Note]),
            Row::to(
                &[Candidate, OnTrial],
                ModelAction::Activate,
                Active,
                &[Need::Human, Need::Note, Need::Field("report")],
            ),
            Row::to(&[Candidate, OnTrial, Active], ModelAction::Retire, Retired, &[Need::Human, Need::Note]),
            Row::to(&[Retired], ModelAction::Reconsider, Candidate, &[Need::Human]),
            Row::to(&[Candidate, Retired], ModelAction::Scrap, Scrapped, &[Need::Human, Need::Note]),
        ]
    };
}

pub(super) fn kind() -> Result<Kind> {
    let thousandths = |name| FacetSpec::int(name).range(-2000..=2000);
    let kind = Kind::new(KindTable {
        // A model belongs to no facility, so only national level sees it.
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::text(name!("processor")).required(),
            FacetSpec::text(name!("model")).required(),
            FacetSpec::int(name!("cases")).range(0..=1_000_000_000),
            thousandths(name!("gain")),
            thousandths(name!("gain_low")),
            FacetSpec::text(name!("against")),
            FacetSpec::text(name!("report")),
            FacetSpec::choice(name!("verdict"), ["better", "not_better"]).computed(),
            FacetSpec::text(name!("slot")).computed().unique().silent(),
        ],
        ..KindTable::new(MODEL, Table::of::<ModelWorkflow>()?)
    })?;
    Ok(kind.completed_by(Judged))
}

/// Computes the verdict from a model's figures, so that no user can enter it. It also lets only one model read
/// reports at a time.
#[derive(Debug)]
struct Judged;

impl Complete for Judged {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        match ModelAction::named(draft.action()) {
            Some(ModelAction::Register) => {
                let processor = draft.facet("processor").and_then(Value::as_text).unwrap_or_default();
                Name::new(processor).map(drop)
            }
            Some(ModelAction::Examine) => {
                let int = |name: &str| draft.facet(name).and_then(Value::as_int);
                let (Some(cases), Some(gain), Some(low)) = (int("cases"), int("gain"), int("gain_low"))
                else {
                    return Err(Error::invalid("a figure of the examination is missing")
                        .with_help("give `cases`, `gain` and `gain_low`"));
                };
                if low > gain {
                    return Err(Error::invalid("`gain_low` is above `gain`")
                        .with_field("gain_low")
                        .with_help("`gain_low` is the lower end of the interval around `gain`"));
                }
                let better = cases >= FEWEST_CASES && low > 0;
                let verdict = if better { "better" } else { "not_better" };
                draft.set("verdict", Some(verdict.into()))
            }
            Some(ModelAction::Try) => draft.set("slot", Some(SLOT.into())),
            Some(ModelAction::Activate) => match draft.facet("verdict").and_then(Value::as_text) {
                Some("better") => draft.set("slot", Some(SLOT.into())),
                _ => Err(Error::new(
                    ErrorKind::Refused,
                    "no examination has shown that the model is better than the one it replaces",
                )
                .with_help(format!(
                    "examine it on {FEWEST_CASES} cases or more; the lower end of its gain must be above 0"
                ))),
            },
            Some(ModelAction::Retire) => draft.set("slot", None),
            _ => Ok(()),
        }
    }
}

/// The figures of a comparison of two scorers on the same cases, as computed by `eovr_core::triage::evaluate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The number of cases.
    pub cases: u32,
    /// The gain in agreement with people (quadratic weighted kappa), in thousandths.
    pub gain: i32,
    /// The lower end of the 95 % interval around the gain.
    pub gain_low: i32,
    /// The scorer with which it was compared.
    pub against: String,
    /// SHA-256 of the report, in hex. A reader of the report can check that these are its figures.
    pub report: String,
}

/// The models of a host and the one in use. The models' audit chains record every action.
#[derive(Clone, Debug)]
pub struct Registry {
    session: Session,
}

impl Registry {
    /// The registry, through one actor's session.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// Registers a model, unless it is registered already. Its audit chain names the actor of this session. The model
    /// is not used before a person activates it.
    ///
    /// # Errors
    /// `InvalidInput` where a name is not valid; `Denied` below tier 5; errors of the store.
    pub async fn register(&self, processor: &Name, model: &str) -> Result<RecordId> {
        let eovr = self.session.eovr();
        let id = model_id(processor, model);
        let kind = eovr.catalog().kind(&MODEL)?.clone();
        let command =
            Command::new(ModelAction::Register).set("processor", processor.as_str()).set("model", model);
        let commit = self.session.decide_new(&kind, id, Stamp::national(), None, command)?;
        match eovr.commit(commit).await {
            // The model is registered already.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(id),
            done => done.map(|_| id),
        }
    }

    /// Registers a model for which the software itself has an analyst.
    ///
    /// # Errors
    /// The errors of [`Registry::register`].
    pub async fn equip(eovr: &Eovr, processor: &Name, model: &str) -> Result<RecordId> {
        let software = danger::unrestricted("eovr.analyst", "make a model known")?;
        Self::of(&eovr.session(software)).register(processor, model).await
    }

    /// Records the figures of a comparison.
    ///
    /// # Errors
    /// `InvalidInput` where the figures contradict each other; `Refused` where the model is not a candidate; `Denied`
    /// below tier 5.
    pub async fn examine(&self, id: RecordId, examined: Examined) -> Result<()> {
        let Examined { cases, gain, gain_low, against, report } = examined;
        if report.len() != 64 || !report.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::invalid("`report` is not a digest")
                .with_field("report")
                .with_help("give the SHA-256 of the report in 64 hexadecimal digits"));
        }
        let command = Command::new(ModelAction::Examine)
            .set("cases", i64::from(cases))
            .set("gain", i64::from(gain))
            .set("gain_low", i64::from(gain_low))
            .set("against", against)
            .set("report", report.to_ascii_lowercase());
        self.session.act(&MODEL, id, command).await.map(drop)
    }

    /// Compares a model with the hospital's own scorer on the reports that it has read and people have rated, and
    /// records the figures.
    ///
    /// # Errors
    /// `InvalidInput` where no report has all three ratings; `Refused` where the model is neither a candidate nor on
    /// trial; `Denied` below tier 5.
    #[cfg(feature = "training")]
    pub async fn examine_trial(&self, id: RecordId, subject: &Subject) -> Result<Compared> {
        let record = self.session.load(&MODEL, id).await?;
        let text = |name: &str| record.text(name).unwrap_or_default();
        let compared = compare(&self.session, subject, &Name::new(text("processor"))?, text("model")).await?;
        self.examine(id, compared.examined.clone()).await?;
        Ok(compared)
    }

    /// Puts a model on trial, in place of the one in use. It reads new reports, and its answers are stored only on
    /// the analyses, for [`Registry::examine_trial`].
    ///
    /// # Errors
    /// `Refused` where the model is not a candidate, or without a reason; `Denied` below tier 5.
    pub async fn put_on_trial(&self, id: RecordId, why: &str) -> Result<()> {
        self.choose(id, Command::new(ModelAction::Try).note(why), why).await
    }

    /// Activates a model in place of the one in use. Every node uses the new one from the next analysis on. Between
    /// the two changes no model is active for a moment, and analyses of that moment are withheld.
    ///
    /// # Errors
    /// `Refused` where the model was not found to be better, or without a reason; `Denied` below tier 5.
    pub async fn activate(&self, id: RecordId, why: &str) -> Result<()> {
        self.choose(id, Command::new(ModelAction::Activate).note(why), why).await
    }

    async fn choose(&self, id: RecordId, command: Command, why: &str) -> Result<()> {
        let record = self.session.load(&MODEL, id).await?;
        let kind = self.session.eovr().catalog().kind(&MODEL)?.clone();
        // A dry run first: if this would be refused, the active model must stay active.
        self.session.decide_on(&kind, &record, command.clone()).await?;
        if let Some(other) = active(&self.session).await?.filter(|other| other.id() != id) {
            let command = Command::new(ModelAction::Retire).note(why).expecting(other.version());
            self.session.act(&MODEL, other.id(), command).await?;
        }
        self.session.act(&MODEL, id, command).await.map(drop)
    }

    /// Deactivates a model. From the next analysis on nothing is sent.
    ///
    /// # Errors
    /// `Refused` where the model is not in use, or without a reason; `Denied` below tier 5.
    pub async fn retire(&self, id: RecordId, why: &str) -> Result<()> {
        self.session.act(&MODEL, id, Command::new(ModelAction::Retire).note(why)).await.map(drop)
    }

    /// Makes a retired model a candidate again. The figures of its last examination stay valid.
    ///
    /// # Errors
    /// `Refused` where it is not retired; `Denied` below tier 5.
    pub async fn reconsider(&self, id: RecordId) -> Result<()> {
        self.session.act(&MODEL, id, Command::new(ModelAction::Reconsider)).await.map(drop)
    }

    /// Excludes a model for good. The same name cannot be registered again.
    ///
    /// # Errors
    /// `Refused` where the model is in use, or without a reason; `Denied` below tier 5.
    pub async fn scrap(&self, id: RecordId, why: &str) -> Result<()> {
        self.session.act(&MODEL, id, Command::new(ModelAction::Scrap).note(why)).await.map(drop)
    }

    /// All models, newest first.
    ///
    /// # Errors
    /// `Denied` below tier 5.
    pub async fn models(&self) -> Result<Vec<Record>> {
        let query = Query::of(MODEL).limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query).await?.items)
    }
}

/// The model in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its processor.
    pub processor: Name,
    /// Its name at the processor.
    pub model: String,
    /// Whether it is on trial, so that no user sees its answers.
    pub on_trial: bool,
}

pub(super) async fn chosen(session: &Session) -> Result<Option<Chosen>> {
    let Some(record) = active(session).await? else { return Ok(None) };
    let text = |name: &str| record.text(name).unwrap_or_default();
    Ok(Some(Chosen {
        processor: Name::new(text("processor"))?,
        model: text("model").to_owned(),
        on_trial: *record.state() == ModelState::OnTrial.name(),
    }))
}

async fn active(session: &Session) -> Result<Option<Record>> {
    let asked = [ModelState::Active, ModelState::OnTrial].map(Value::from);
    let query = Query::of(MODEL).filter(Column::State, Test::In(asked.into())).limit(1);
    Ok(session.find(&query).await?.items.into_iter().next())
}

/// The id of a model. It follows from processor and name, so all nodes that register a model make the same record.
fn model_id(processor: &Name, model: &str) -> RecordId {
    RecordId::derived("eovr.ai_model.v1", &[processor.as_str().as_bytes(), model.as_bytes()])
}
