//! `PATCH …/risk` and `POST …/ai-review`: a person's rating of the risk.

use eovr_core::incident::{Action, Harm, KIND};
use eovr_host::http::body::{Json, Seen};
use eovr_host::http::caller::Caller;
use eovr_host::http::reply::{Answered, Changed};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::values;
use super::edit::{Changes, Patch, harm};
use crate::http::path::Incident;

/// A rating. Score and band follow from the scheme's table.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// The scheme; the one in use where none is named.
    #[serde(default)]
    #[schema(value_type = Option<values::Scheme>)]
    scheme: Patch<String>,
    /// The severity: a code of the scheme, or a position from 1. Together with `probability`.
    #[serde(default)]
    #[schema(value_type = Option<values::Severity>)]
    severity: Patch<String>,
    /// The probability: a code of the scheme, or a position from 1.
    #[serde(default)]
    #[schema(value_type = Option<values::Probability>)]
    probability: Patch<String>,
    /// What harm it did, `unsafe_condition` to `death`.
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    actual_harm: Patch<Harm>,
    /// What harm it could have done.
    #[serde(default)]
    #[schema(value_type = Option<values::Harm>)]
    potential_harm: Patch<Harm>,
}

/// What a person makes of the scorer's suggestion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    verdict: Opinion,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    note: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Opinion {
    Accepted,
    Overridden,
}

pub(super) async fn rate(
    Caller(session): Caller,
    Incident(id): Incident,
    Seen(seen): Seen,
    Json(rating): Json<Rating>,
) -> Answered {
    let command = Changes::of(Action::Assess, seen)
        .facet("risk_scheme", rating.scheme)
        .facet("severity", rating.severity)
        .facet("probability", rating.probability)
        .facet("actual_harm", harm(rating.actual_harm))
        .facet("potential_harm", harm(rating.potential_harm))
        .command()?;
    Changed::answer(session.act(&KIND, id, command).await?)
}

pub(super) async fn review(
    Caller(session): Caller,
    Incident(id): Incident,
    Seen(seen): Seen,
    Json(review): Json<Review>,
) -> Answered {
    let verdict = match review.verdict {
        Opinion::Accepted => "accepted",
        Opinion::Overridden => "overridden",
    };
    let command =
        Changes::of(Action::ReviewAi, seen).note(review.note).facet("ai_review", Patch::Set(verdict));
    Changed::answer(session.act(&KIND, id, command.command()?).await?)
}
