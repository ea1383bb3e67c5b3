use crate::access::{Tiers, danger};
use crate::analyst::{Compared, Subject, compare};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Complete, Draft, FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Column, Query, Record, RecordId, Test, Value, ValueType};
use crate::service::{Eovr, Session};
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind of a model.
pub const MODEL: &str = "ai_model";

/// Figures on fewer cases say nothing.
const FEWEST_CASES: i64 = 100;
/// The value of the facet that only one model may have.
const SLOT: &str = "analyst";

labels! {
    /// The states of a model.
    pub enum ModelState {
        /// Known, and not asked.
        Candidate = "candidate",
        /// Asked, and nobody sees what it says: to be compared.
        OnTrial = "on_trial",
        /// Asked about every report. One at most is asked, on trial or not.
        Active = "active",
        /// Not asked any more.
        Retired = "retired",
        /// Never to be asked again.
        Scrapped = "scrapped",
    }
}

labels! {
    /// What can be done with a model.
    pub enum ModelAction {
        /// Make it known.
        Register = "register",
        /// Enter the figures of a comparison.
        Examine = "examine",
        /// Put it on trial, and say why.
        Try = "try",
        /// Switch it on, and say why.
        Activate = "activate",
        /// Switch it off, and say why.
        Retire = "retire",
        /// Let a retired one be examined and switched on again.
        Reconsider = "reconsider",
        /// Rule a model out for good, and say why.
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
    let plain = |name: &str, value_type| Ok::<_, Error>(FacetSpec::new(Name::new(name)?, value_type));
    let required = |facet: FacetSpec| FacetSpec { required: true, ..facet };
    let thousandths =
        |name: &str| Ok::<_, Error>(FacetSpec { range: Some((-2000, 2000)), ..plain(name, ValueType::Int)? });
    let kind = Kind::new(KindTable {
        // A model belongs to no facility: only the top sees what does not.
        readers: Tiers::new(5, 5)?,
        facets: vec![
            required(plain("processor", ValueType::Text)?),
            required(plain("model", ValueType::Text)?),
            FacetSpec { range: Some((0, 1_000_000_000)), ..plain("cases", ValueType::Int)? },
            thousandths("gain")?,
            thousandths("gain_low")?,
            plain("against", ValueType::Text)?,
            plain("report", ValueType::Text)?,
            FacetSpec { computed: true, ..FacetSpec::choice("verdict", ["better", "not_better"])? },
            FacetSpec { computed: true, unique: true, silent: true, ..plain("slot", ValueType::Text)? },
        ],
        ..KindTable::new(MODEL, Table::of::<ModelWorkflow>()?)?
    })?;
    Ok(kind.completed_by(Judged))
}

/// Whether a model is better follows from its figures; nobody types it in. And one model is asked at a time.
#[derive(Debug)]
struct Judged;

impl Complete for Judged {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        let action = ModelAction::ALL.iter().find(|action| action.name() == draft.action());
        match action {
            Some(ModelAction::Register) => {
                let processor = draft.facet("processor").and_then(Value::as_text).unwrap_or_default();
                Name::new(processor).map(drop)
            }
            Some(ModelAction::Examine) => {
                let int = |name: &str| draft.facet(name).and_then(Value::as_int);
                let (Some(cases), Some(gain), Some(low)) = (int("cases"), int("gain"), int("gain_low"))
                else {
                    return Err(Error::invalid("an examination lacks a figure")
                        .with_help("give `cases`, `gain` and `gain_low`"));
                };
                if low > gain {
                    return Err(Error::invalid("`gain_low` is above `gain`")
                        .with_help("it is the lower end of the interval around it"));
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
                    "the model was not found to be better than what it replaces",
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

/// The figures of a comparison of two scorers on the same cases, as `eovr_core::triage::evaluate` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// On how many cases.
    pub cases: u32,
    /// By how much its agreement with people (quadratic weighted kappa) is higher, in thousandths.
    pub gain: i32,
    /// The lower end of the 95 % interval around that.
    pub gain_low: i32,
    /// What it was compared with.
    pub against: String,
    /// SHA-256 of the report, in hex: whoever has it can tell that these are its figures.
    pub report: String,
}

/// The models that a host knows, and the one that is asked. What is done here stands in their audit chains.
#[derive(Clone, Debug)]
pub struct Registry {
    session: Session,
}

impl Registry {
    /// The registry as one actor may use it.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// Makes a model known, unless it is; whoever has this session stands in its chain. It is not asked before a
    /// person switches it on.
    ///
    /// # Errors
    /// `InvalidInput` where a name is none; `Denied` below tier 5; what the store says.
    pub async fn register(&self, processor: &Name, model: &str) -> Result<RecordId> {
        let eovr = self.session.eovr();
        let id = model_id(processor, model);
        let kind = eovr.catalog().kind(MODEL)?.clone();
        let command =
            Command::new(ModelAction::Register).set("processor", processor.as_str()).set("model", model);
        let commit = self.session.decide_new(&kind, id, Stamp::national(), None, command)?;
        match eovr.commit(commit).await {
            // It is known.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(id),
            done => done.map(|_| id),
        }
    }

    /// Makes a model known that the software itself is equipped for.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub async fn equip(eovr: &Eovr, processor: &Name, model: &str) -> Result<RecordId> {
        let software = danger::unrestricted("eovr.analyst", "make a model known")?;
        Self::of(&eovr.session(software)).register(processor, model).await
    }

    /// Enters the figures of a comparison.
    ///
    /// # Errors
    /// `InvalidInput` where they contradict each other; `Refused` where the model is no candidate; `Denied`
    /// below tier 5.
    pub async fn examine(&self, id: RecordId, examined: Examined) -> Result<()> {
        let Examined { cases, gain, gain_low, against, report } = examined;
        if report.len() != 64 || !report.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::invalid("`report` is no digest")
                .with_help("SHA-256 of the report, 64 hexadecimal digits"));
        }
        let command = Command::new(ModelAction::Examine)
            .set("cases", i64::from(cases))
            .set("gain", i64::from(gain))
            .set("gain_low", i64::from(gain_low))
            .set("against", against)
            .set("report", report.to_ascii_lowercase());
        self.session.act(MODEL, id, command).await.map(drop)
    }

    /// Compares a model with the house's own scorer on the reports that it has read and people have rated, and
    /// enters the figures.
    ///
    /// # Errors
    /// `InvalidInput` where there is no such report; `Refused` where the model is neither candidate nor on
    /// trial; `Denied` below tier 5.
    pub async fn examine_trial(&self, id: RecordId, subject: &Subject) -> Result<Compared> {
        let record = self.session.load(MODEL, id).await?;
        let text = |name: &str| record.facet(name).and_then(Value::as_text).unwrap_or_default();
        let compared = compare(&self.session, subject, &Name::new(text("processor"))?, text("model")).await?;
        self.examine(id, compared.examined.clone()).await?;
        Ok(compared)
    }

    /// Puts a model on trial, in place of the one that is asked: it reads new reports, and what it says is kept on
    /// the analyses alone, for [`Registry::examine_trial`].
    ///
    /// # Errors
    /// `Refused` where it is no candidate, or nobody says why; `Denied` below tier 5.
    pub async fn put_on_trial(&self, id: RecordId, why: &str) -> Result<()> {
        self.choose(id, Command::new(ModelAction::Try).note(why), why).await
    }

    /// Switches a model on, in place of the one that is on. Every node asks the new one from the next analysis
    /// on. For a moment between the two none is on, and analyses of that moment are withheld.
    ///
    /// # Errors
    /// `Refused` where it was not found to be better, or nobody says why; `Denied` below tier 5.
    pub async fn activate(&self, id: RecordId, why: &str) -> Result<()> {
        self.choose(id, Command::new(ModelAction::Activate).note(why), why).await
    }

    async fn choose(&self, id: RecordId, command: Command, why: &str) -> Result<()> {
        let record = self.session.load(MODEL, id).await?;
        let kind = self.session.eovr().catalog().kind(MODEL)?.clone();
        // Decided once for nothing: what would be refused must not have switched the other one off.
        self.session.decide_on(&kind, &record, command.clone()).await?;
        if let Some(other) = active(&self.session).await?.filter(|other| other.id() != id) {
            let command = Command::new(ModelAction::Retire).note(why).expecting(other.version());
            self.session.act(MODEL, other.id(), command).await?;
        }
        self.session.act(MODEL, id, command).await.map(drop)
    }

    /// Switches a model off. Nothing goes out from the next analysis on.
    ///
    /// # Errors
    /// `Refused` where it is off, or nobody says why; `Denied` below tier 5.
    pub async fn retire(&self, id: RecordId, why: &str) -> Result<()> {
        self.session.act(MODEL, id, Command::new(ModelAction::Retire).note(why)).await.map(drop)
    }

    /// Makes a retired model a candidate again; the figures of its last examination stand.
    ///
    /// # Errors
    /// `Refused` where it is not retired; `Denied` below tier 5.
    pub async fn reconsider(&self, id: RecordId) -> Result<()> {
        self.session.act(MODEL, id, Command::new(ModelAction::Reconsider)).await.map(drop)
    }

    /// Rules a model out for good. It cannot be known again under the same name.
    ///
    /// # Errors
    /// `Refused` where it is asked, or nobody says why; `Denied` below tier 5.
    pub async fn scrap(&self, id: RecordId, why: &str) -> Result<()> {
        self.session.act(MODEL, id, Command::new(ModelAction::Scrap).note(why)).await.map(drop)
    }

    /// Every model, newest first.
    ///
    /// # Errors
    /// `Denied` below tier 5.
    pub async fn models(&self) -> Result<Vec<Record>> {
        let query = Query::of(Name::new(MODEL)?).limit(Query::LARGEST_PAGE);
        Ok(self.session.find(&query).await?.items)
    }
}

/// The model that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its processor.
    pub processor: Name,
    /// Its name there.
    pub model: String,
    /// Whether it is on trial, so that nobody sees what it says.
    pub on_trial: bool,
}

pub(super) async fn chosen(session: &Session) -> Result<Option<Chosen>> {
    let Some(record) = active(session).await? else { return Ok(None) };
    let text = |name: &str| record.facet(name).and_then(Value::as_text).unwrap_or_default();
    Ok(Some(Chosen {
        processor: Name::new(text("processor"))?,
        model: text("model").to_owned(),
        on_trial: *record.state() == ModelState::OnTrial.name(),
    }))
}

async fn active(session: &Session) -> Result<Option<Record>> {
    let asked = [ModelState::Active, ModelState::OnTrial].map(|state| state.name().into());
    let query = Query::of(Name::new(MODEL)?).filter(Column::State, Test::In(asked.into())).limit(1);
    Ok(session.find(&query).await?.items.into_iter().next())
}

/// The id of a model follows from what it is: every node that makes it known makes the same record.
fn model_id(processor: &Name, model: &str) -> RecordId {
    RecordId::derived("eovr.ai_model.v1", &[processor.as_str().as_bytes(), model.as_bytes()])
}
