//! `PATCH …/jci-fields`: the accreditation panel.

use eovr_core::incident::{Action, KIND};
use eovr_host::http::body::{Json, Seen};
use eovr_host::http::caller::Caller;
use eovr_host::http::reply::{Answered, Changed};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::values;
use super::edit::{Changes, Patch};
use crate::http::path::Incident;

/// What an incident says about the standards of Joint Commission International.
#[derive(Deserialize, ToSchema)]
#[schema(as = PanelChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct Panel {
    /// `jci6`, `jci7` or `jci8`; the eighth where a chapter is set and none is named.
    #[serde(default)]
    #[schema(value_type = Option<values::Edition>)]
    edition: Patch<String>,
    /// The code of a chapter of that edition.
    #[serde(default)]
    #[schema(value_type = Option<values::Chapter>)]
    chapter: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    standard: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::ShortCode>)]
    element: Patch<String>,
    /// `met`, `partially_met`, `not_met` or `not_applicable`.
    #[serde(default)]
    #[schema(value_type = Option<values::Compliance>)]
    status: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    evidence: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    gap: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<values::Prose>)]
    plan: Patch<String>,
}

pub(super) async fn fill(
    Caller(session): Caller,
    Incident(id): Incident,
    Seen(seen): Seen,
    Json(panel): Json<Panel>,
) -> Answered {
    let command = Changes::of(Action::EditJci, seen)
        .facet("jci_edition", panel.edition)
        .facet("jci_chapter", panel.chapter)
        .facet("jci_standard", panel.standard)
        .facet("jci_element", panel.element)
        .facet("jci_status", panel.status)
        .text("jci_evidence", panel.evidence)
        .text("jci_gap", panel.gap)
        .text("jci_plan", panel.plan)
        .command()?;
    Changed::answer(session.act(&KIND, id, command).await?)
}
