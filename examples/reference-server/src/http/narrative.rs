//! `POST /api/narratives/look`: checks a draft narrative for names, for words that blame, and for coded findings,
//! before the reporter sends it. The server stores nothing of it.

use axum::extract::State;
use eovr_core::Error;
use eovr_core::triage::narrative::{What, analyse};
use eovr_host::http::auth::Category;
use eovr_host::http::body::Json;
use eovr_host::http::reply::{Answered, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::app::App;
use super::values;

/// The same limit as for a report.
const MOST_CHARACTERS: usize = 60_000;

/// A narrative that is not sent yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// As far as it is written: at most 60,000 characters.
    #[schema(value_type = values::Wording)]
    narrative: Zeroizing<String>,
}

/// What was found in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Look {
    /// In the order of the text.
    findings: Vec<Found>,
}

/// One thing that was found, and where.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// What it tells: `type`, `factor`, `drug`, `device`, `person`, `body_site`, `time`; or what may be better left
    /// out: `name`, `blame`.
    #[schema(value_type = String)]
    what: What,
    /// What is meant; of a time of day `HH:MM`, of a name always `name`.
    code: String,
    /// Where it begins, as browsers count: in UTF-16 units.
    start: usize,
    /// Where it ends.
    end: usize,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    routes.add(
        Endpoint::post(
            "/api/narratives/look",
            Access::Public,
            "Points at names and blame before a report is sent",
        )
        .takes::<Draft>()
        .gives::<Look>()
        .counted(Category::Draft)
        .secret(),
        look,
    )
}

async fn look(State(app): State<App>, Json(Draft { narrative }): Json<Draft>) -> Answered {
    if narrative.chars().count() > MOST_CHARACTERS {
        let error = Error::invalid("`narrative` has too many characters").with_field("narrative");
        return Err(error.with_help(format!("send {MOST_CHARACTERS} at most")).into());
    }
    let (findings, _) = app.looks.turn("").await?.work(move || found(&narrative)).await?;
    json(&Look { findings })
}

fn found(narrative: &str) -> Vec<Found> {
    let mut places = Places { narrative, byte: 0, unit: 0 };
    let found = analyse(narrative).into_iter().map(|one| Found {
        what: one.what,
        start: places.unit_at(one.span.start),
        end: places.unit_at(one.span.end),
        code: one.code.into_owned(),
    });
    found.collect()
}

/// Converts byte offsets to UTF-16 offsets. Offsets in ascending order cost one pass in total.
struct Places<'a> {
    narrative: &'a str,
    byte: usize,
    unit: usize,
}

impl Places<'_> {
    fn unit_at(&mut self, byte: usize) -> usize {
        let units = |text: Option<&str>| text.unwrap_or_default().encode_utf16().count();
        if byte >= self.byte {
            self.unit += units(self.narrative.get(self.byte..byte));
        } else {
            self.unit -= units(self.narrative.get(byte..self.byte));
        }
        self.byte = byte;
        self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_utf_16_offsets() {
        let narrative = "🩺 The careless nurse Fatima gave heparin.";
        let units: Vec<u16> = narrative.encode_utf16().collect();
        let cut = |one: &Found| String::from_utf16_lossy(&units[one.start..one.end]);
        let found: Vec<_> = found(narrative).iter().map(|one| (one.what, cut(one))).collect();
        for (what, text) in [(What::Blame, "careless"), (What::Name, "Fatima"), (What::Drug, "heparin")] {
            assert!(found.contains(&(what, text.to_owned())), "{found:?}");
        }
    }
}
