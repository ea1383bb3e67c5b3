use crate::error::{Error, ErrorKind, Result};
use crate::incident::harm::Harm;
use crate::incident::settings::{FACTORS, Settings};
use crate::incident::workflow::{Action, Disposition};
use crate::incident::{jci, taxonomy};
use crate::kind::{Complete, Draft};
use crate::record::{RecordId, Value};
use crate::risk::{Band, Scheme};
use crate::triage::{Case, Suggestion};
use crate::workflow::Label;

/// What an incident works out by itself: the risk score from the matrix, the scorer's suggestion for a
/// new report, the disposition that an action stands for.
#[derive(Debug)]
pub(super) struct Completion {
    settings: Settings,
    default_scheme: String,
}

impl Completion {
    pub(super) fn new(settings: Settings) -> Result<Self> {
        let default = settings.schemes.first().map(|scheme| scheme.id().to_owned());
        let default_scheme = default.ok_or_else(|| {
            Error::new(ErrorKind::Config, "no risk scheme was given").with_help("give at least one")
        })?;
        Ok(Self { settings, default_scheme })
    }

    fn scheme(&self, id: &str) -> Result<&Scheme> {
        self.settings.schemes.iter().find(|scheme| scheme.id() == id).ok_or_else(|| {
            let ids: Vec<_> = self.settings.schemes.iter().map(Scheme::id).collect();
            Error::invalid("no such `risk_scheme` here")
                .with_help(format!("accepted: `{}`", ids.join("`, `")))
        })
    }

    /// The score and the band are read from the table, never typed in.
    fn rate(&self, draft: &mut Draft<'_>) -> Result<()> {
        let rated = ["severity", "probability", "risk_scheme"].iter().any(|name| draft.changes(name));
        if !rated {
            return Ok(());
        }
        let scheme = text(draft, "risk_scheme").unwrap_or_else(|| self.default_scheme.clone());
        let scheme = self.scheme(&scheme)?;
        let (Some(severity), Some(probability)) = (text(draft, "severity"), text(draft, "probability"))
        else {
            return Err(Error::invalid("`severity` and `probability` go together").with_help("give both"));
        };
        let assessment = scheme.assess(&severity, &probability)?;
        draft.set("risk_scheme", Some(assessment.scheme.into()))?;
        draft.set("severity", Some(assessment.severity.into()))?;
        draft.set("probability", Some(assessment.probability.into()))?;
        draft.set("risk_score", Some(i64::from(assessment.score).into()))?;
        draft.set("risk_band", Some(assessment.band.name().into()))
    }

    /// Reads a new report. Pure and quick, so it cannot delay or lose one.
    fn triage(&self, draft: &mut Draft<'_>) -> Result<()> {
        let (true, Some(scorer)) = (draft.is_new(), &self.settings.scorer) else { return Ok(()) };
        let level =
            |name: &str| text(draft, name).and_then(|code| code.parse::<Harm>().ok()).map(|harm| harm as u8);
        let category = text(draft, "category");
        let suggestion = scorer.score(&Case {
            narrative: draft.text("description").unwrap_or_default(),
            category: category.as_deref(),
            actual_harm: level("actual_harm"),
            potential_harm: level("potential_harm"),
        });
        if suggestion.abstained {
            return Ok(());
        }
        draft.set("ai_reasons", reasons(&suggestion).map(Value::from))?;
        draft.set("ai_model", Some(suggestion.model.id.as_ref().into()))?;
        draft.set("ai_version", Some(suggestion.model.version.as_ref().into()))?;
        draft.set("ai_score", Some(i64::from(suggestion.score).into()))?;
        draft.set("ai_band", Some(suggestion.band.name().into()))?;
        draft.set("ai_high_risk", Some(suggestion.high_risk.into()))
    }
}

impl Complete for Completion {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        classify(draft)?;
        self.rate(draft)?;
        panel(draft)?;
        dispose(draft)?;
        self.triage(draft)?;
        // Either opinion makes a report urgent; the scorer can raise, never lower.
        let human = text(draft, "risk_band")
            .is_some_and(|band| [Band::High, Band::Extreme].iter().any(|high| high.name() == band));
        let ai = draft.facet("ai_high_risk").and_then(Value::as_bool).unwrap_or(false);
        let overridden = text(draft, "ai_review").as_deref() == Some("overridden");
        let high = human || (ai && !overridden);
        if draft.facet("high_risk").and_then(Value::as_bool) != Some(high) {
            draft.set("high_risk", Some(high.into()))?;
        }
        Ok(())
    }
}

fn classify(draft: &mut Draft<'_>) -> Result<()> {
    if draft.changes("category") || draft.changes("subtype") {
        let category = text(draft, "category").unwrap_or_default();
        match text(draft, "subtype") {
            Some(subtype) => drop(taxonomy::find_subtype(&category, &subtype)?),
            None => drop(taxonomy::find(&category)?),
        }
    }
    if draft.changes("factors")
        && let Some(factors) = text(draft, "factors")
        && !factors.split(',').all(|factor| FACTORS.contains(&factor))
    {
        return Err(Error::invalid("`factors` has one that is not known")
            .with_help(format!("accepted, with commas between: `{}`", FACTORS.join("`, `"))));
    }
    if draft.changes("continues") {
        record_id(draft, "continues")?;
    }
    Ok(())
}

fn panel(draft: &mut Draft<'_>) -> Result<()> {
    if !draft.changes("jci_chapter") && !draft.changes("jci_edition") {
        return Ok(());
    }
    let edition: jci::Edition = match text(draft, "jci_edition") {
        Some(code) => code.parse()?,
        None => jci::Edition::default(),
    };
    if let Some(chapter) = text(draft, "jci_chapter") {
        edition.chapter(&chapter)?;
    }
    draft.set("jci_edition", Some(edition.code().into()))
}

fn dispose(draft: &mut Draft<'_>) -> Result<()> {
    let action = Action::ALL.iter().find(|action| action.name() == draft.action());
    match action {
        Some(Action::Dispose) => match text(draft, "disposition").as_deref() {
            Some("duplicate") => {
                record_id(draft, "duplicate_of")?;
                let own = draft.before.map(|record| record.id().to_string());
                if text(draft, "duplicate_of") == own {
                    return Err(Error::invalid("a report is no duplicate of itself")
                        .with_help("`duplicate_of` is the id of the other report"));
                }
                Ok(())
            }
            Some("not_reportable") => draft.set("duplicate_of", None),
            _ => Err(Error::invalid("`disposition` cannot be set so").with_help(
                "accepted: `duplicate`, `not_reportable`; to continue a closed report, reopen it",
            )),
        },
        Some(Action::Restore) => {
            draft.set("duplicate_of", None)?;
            draft.set("disposition", None)
        }
        Some(Action::Reopen) => draft.set("disposition", Some(Disposition::Reopened.name().into())),
        _ => Ok(()),
    }
}

fn record_id(draft: &Draft<'_>, name: &'static str) -> Result<()> {
    let id = text(draft, name).unwrap_or_default();
    id.parse::<RecordId>().map(drop).map_err(|error| error.with("facet", name))
}

fn text(draft: &Draft<'_>, name: &str) -> Option<String> {
    draft.facet(name).and_then(Value::as_text).map(str::to_owned)
}

/// The rules that led to a score, heaviest first, as far as they fit: `fall:12 fracture:10`. Rules and
/// terms of the word list only, never words of the report.
fn reasons(suggestion: &Suggestion) -> Option<String> {
    const LONGEST: usize = 200;
    let mut heaviest: Vec<_> = suggestion.reasons.iter().filter(|reason| reason.points != 0).collect();
    heaviest.sort_by_key(|reason| std::cmp::Reverse(reason.points.unsigned_abs()));
    let mut text = String::new();
    for reason in heaviest {
        let more = format!("{}:{}", reason.rule, reason.points);
        if text.len() + 1 + more.len() > LONGEST {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&more);
    }
    (!text.is_empty()).then_some(text)
}
