use std::fmt::Debug;

use async_trait::async_trait;

use crate::name::Name;
use crate::triage::analysis::{Analysis, Cleared, NoAnswer};

/// Analyses narratives with an external model: a provider's, or the hospital's own on another machine.
///
/// An analyst receives only a [`Cleared`] narrative from the gateway and returns only an [`Analysis`] of the schema.
/// [`crate::analyst::Worker`] handles retries, the circuit breaker and the budget. An implementation therefore asks once,
/// within its deadline, and returns the result.
///
/// ```compile_fail,E0308
/// async fn tell(analyst: &dyn eovr_core::ports::Analyst, narrative: &str) {
///     let _ = analyst.analyse("a-model", narrative).await;
/// }
/// ```
#[async_trait]
pub trait Analyst: Debug + Send + Sync {
    /// The provider's name, as it stands in a facility's list of allowed providers: `openai`, `local`.
    fn processor(&self) -> &Name;

    /// The version of the instructions. It is stored because a suggestion cannot be interpreted without it.
    fn prompt(&self) -> &str;

    /// Whether this analyst can ask the model. If not, another process does.
    fn knows(&self, _model: &str) -> bool {
        true
    }

    /// Asks a model about a narrative.
    ///
    /// # Errors
    /// The reason why there is no analysis. It must not contain text of the provider.
    async fn analyse(&self, model: &str, narrative: &Cleared) -> Result<Answered, NoAnswer>;
}

/// An analyst's answer and its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The suggestion.
    pub analysis: Analysis,
    /// Tokens read, where the provider says so.
    pub tokens_in: Option<u32>,
    /// Tokens written.
    pub tokens_out: Option<u32>,
}
