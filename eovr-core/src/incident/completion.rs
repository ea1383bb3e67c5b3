use crate::access::Standing;
use crate::error::{Error, ErrorKind, Result};
use crate::incident::harm::Harm;
use crate::incident::settings::{FACTORS, Settings};
use crate::incident::workflow::{Action, Disposition};
use crate::incident::{jci, taxonomy};
use crate::kind::{Complete, Draft};
use crate::record::{RecordId, Value};
use crate::risk::{Band, Scheme};
use crate::triage::{Case, EmbeddedRules, Scorer as _, Suggestion};
use crate::typed;
use crate::workflow::Label;

/// Computes facets of an incident: the risk score from the matrix, the scorer's suggestion for a new report, and the
/// disposition that an action sets.
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
                .with_field("risk_scheme")
                .with_help(format!("accepted: `{}`", ids.join("`, `")))
        })
    }

    /// Score and band come from the table; a caller cannot enter them.
    fn rate(&self, draft: &mut Draft<'_>) -> Result<()> {
        let rated = ["severity", "probability", "risk_scheme"].iter().any(|name| draft.changes(name));
        if !rated {
            return Ok(());
        }
        let scheme = text(draft, "risk_scheme").unwrap_or_else(|| self.default_scheme.clone());
        let scheme = self.scheme(&scheme)?;
        let (Some(severity), Some(probability)) = (text(draft, "severity"), text(draft, "probability"))
        else {
            return Err(Error::invalid("`severity` and `probability` go together")
                .with_field("severity")
                .with_help("give both"));
        };
        let assessment = scheme.assess(&severity, &probability)?;
        draft.set("risk_scheme", Some(assessment.scheme.into()))?;
        draft.set("severity", Some(assessment.severity.into()))?;
        draft.set("probability", Some(assessment.probability.into()))?;
        draft.set("risk_score", Some(i64::from(assessment.score).into()))?;
        draft.set("risk_band", Some(assessment.band.name().into()))
    }

    /// Scores a new report. The scorer is pure and fast, so it cannot delay or lose a report.
    fn triage(&self, draft: &mut Draft<'_>) -> Result<()> {
        let (true, Some(scorer)) = (draft.is_new(), &self.settings.scorer) else { return Ok(()) };
        let level =
            |name: &str| text(draft, name).and_then(|code| code.parse::<Harm>().ok()).map(|harm| harm as u8);
        let category = text(draft, "category");
        let case = Case {
            narrative: draft.text("description").unwrap_or_default(),
            category: category.as_deref(),
            actual_harm: level("actual_harm"),
            potential_harm: level("potential_harm"),
            house: Some(draft.facility().as_str()),
        };
        let said = scorer.score(&case);
        if said.model == EmbeddedRules.model() {
            keep(draft, &self.settings.marks.flagged(said))?;
            return Ok(());
        }
        // The rules are the minimum, because a scorer that reads only the text ignores a harm grade of death. A
        // suggestion that cannot be stored is dropped; the report is kept.
        let rules = self.settings.marks.flagged(EmbeddedRules.score(&case));
        if !keep(draft, &said.on_floor(rules.clone()))? {
            keep(draft, &rules)?;
        }
        Ok(())
    }
}

/// Stores a suggestion with the report, completely or not at all.
fn keep(draft: &mut Draft<'_>, suggestion: &Suggestion) -> Result<bool> {
    if suggestion.abstained {
        return Ok(true);
    }
    let facets = [
        ("ai_model", Value::from(suggestion.model.id.as_ref())),
        ("ai_version", suggestion.model.version.as_ref().into()),
        ("ai_score", i64::from(suggestion.score).into()),
        ("ai_band", suggestion.band.name().into()),
        ("ai_high_risk", suggestion.high_risk.into()),
    ];
    let names = facets.each_ref().map(|(name, _)| *name);
    let kept = facets.into_iter().all(|(name, value)| draft.set(name, Some(value)).is_ok())
        && reasons(suggestion).is_none_or(|reasons| draft.write("ai_reasons", reasons).is_ok());
    if !kept {
        names.into_iter().try_for_each(|name| draft.set(name, None))?;
    }
    Ok(kept)
}

impl Complete for Completion {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        in_one_form(draft)?;
        classify(draft)?;
        self.rate(draft)?;
        panel(draft)?;
        dispose(draft)?;
        self.triage(draft)?;
        // Any opinion can make a report urgent. Scorer and analyst can only raise the urgency. A person's override
        // applies to both.
        let human = text(draft, "risk_band")
            .is_some_and(|band| [Band::High, Band::Extreme].iter().any(|high| high.name() == band));
        let raised = |name: &str| draft.facet(name).and_then(Value::as_bool).unwrap_or(false);
        let ai = raised("ai_high_risk") || raised("analyst_high_risk");
        let overridden = text(draft, "ai_review").as_deref() == Some("overridden");
        let high = human || (ai && !overridden);
        if draft.facet("high_risk").and_then(Value::as_bool) != Some(high) {
            draft.set("high_risk", Some(high.into()))?;
        }
        Ok(())
    }
}

/// The fields with names of people.
const PEOPLE: [&str; 3] = ["involved_person", "responsible_manager", "disclosure_responsible"];

/// Normalises numbers, names and places.
fn in_one_form(draft: &mut Draft<'_>) -> Result<()> {
    if let Some(number) = draft.text("medical_file_number").map(typed::file_number) {
        draft.write("medical_file_number", number)?;
    }
    for person in PEOPLE {
        if let Some(name) = draft.text(person).map(typed::name) {
            draft.write(person, name)?;
        }
    }
    if draft.changes("location")
        && let Some(place) = text(draft, "location")
    {
        draft.give("location", typed::place(&place))?;
    }
    Ok(())
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
        && let Some(factors) = draft.facet("factors")
        && !factors.as_codes().all(|factor| FACTORS.contains(&factor))
    {
        return Err(Error::invalid("`factors` has one that is not known")
            .with_field("factors")
            .with_help(format!("accepted, with commas between: `{}`", FACTORS.join("`, `"))));
    }
    if draft.changes("continues") {
        record_id(draft, "continues")?;
    }
    let visitor = matches!(draft.actor().standing(), Standing::Visitor(_));
    if visitor && draft.is_new() && text(draft, "reporter_type").as_deref() == Some("staff") {
        return Err(Error::invalid("`reporter_type` cannot be `staff` without an account")
            .with_field("reporter_type")
            .with_help("accepted: `patient`, `anonymous`"));
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
    let action = Action::named(draft.action());
    let before = draft.before.and_then(|record| record.facet("disposition")).and_then(Value::as_text);
    match (action, before) {
        (Some(Action::Dispose | Action::Reopen), Some(_)) => {
            return Err(Error::invalid("the report has a disposition already")
                .with_help("restore it first; a report that was reopened goes on in the newer one"));
        }
        (Some(Action::Restore), Some("reopened")) => {
            return Err(Error::invalid("a report that was reopened cannot be restored")
                .with_help("its work goes on in the newer one, `continued_in`"));
        }
        _ => {}
    }
    match action {
        Some(Action::Dispose) => match text(draft, "disposition").as_deref() {
            Some("duplicate") => {
                record_id(draft, "duplicate_of")?;
                let own = draft.before.map(|record| record.id().to_string());
                if text(draft, "duplicate_of") == own {
                    return Err(Error::invalid("a report is no duplicate of itself")
                        .with_field("duplicate_of")
                        .with_help("`duplicate_of` is the id of the other report"));
                }
                Ok(())
            }
            Some("not_reportable") => draft.set("duplicate_of", None),
            _ => Err(Error::invalid("`disposition` cannot be set so").with_field("disposition").with_help(
                "accepted: `duplicate`, `not_reportable`; to continue a closed report, reopen it",
            )),
        },
        Some(Action::Restore) => {
            draft.set("duplicate_of", None)?;
            draft.set("disposition", None)
        }
        Some(Action::Reopen) => {
            record_id(draft, "continued_in")?;
            draft.set("disposition", Some(Disposition::Reopened.into()))
        }
        _ => Ok(()),
    }
}

fn record_id(draft: &Draft<'_>, name: &'static str) -> Result<()> {
    let id = text(draft, name).unwrap_or_default();
    id.parse::<RecordId>().map(drop).map_err(|error| error.with_field(name))
}

fn text(draft: &Draft<'_>, name: &str) -> Option<String> {
    draft.facet(name).and_then(Value::as_text).map(str::to_owned)
}

/// The reasons with the most points as JSON: rule, position in the narrative, term, points.
fn reasons(suggestion: &Suggestion) -> Option<String> {
    const MOST: usize = 8;
    let mut heaviest: Vec<_> = suggestion.reasons.iter().collect();
    heaviest.sort_by_key(|reason| std::cmp::Reverse(reason.points.unsigned_abs()));
    heaviest.truncate(MOST);
    serde_json::to_string(&heaviest).ok().filter(|_| !heaviest.is_empty())
}
