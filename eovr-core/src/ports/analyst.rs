use std::fmt::Debug;

use async_trait::async_trait;

use crate::name::Name;
use crate::triage::analysis::{Analysis, Cleared, NoAnswer};

/// Reads narratives outside the house: a provider's model, or one of the hospital's own on another machine.
///
/// It is handed only what the gateway has let through ([`Cleared`]), and can say only what the schema has
/// ([`Analysis`]). It is tried again, left alone and paid for by [`crate::analyst::Desk`], so an implementation
/// asks once, within the time that it is given, and says what came of it.
///
/// ```compile_fail,E0308
/// async fn tell(analyst: &dyn eovr_core::ports::Analyst, narrative: &str) {
///     let _ = analyst.analyse("a-model", narrative).await;
/// }
/// ```
#[async_trait]
pub trait Analyst: Debug + Send + Sync {
    /// Who processes what is sent, as facilities allow it: `openai`, `local`.
    fn processor(&self) -> &Name;

    /// The version of the instructions that go with a narrative. Without it an old suggestion cannot be
    /// understood.
    fn prompt(&self) -> &str;

    /// Whether it could ask this model. One that is not known is left to another process.
    fn knows(&self, _model: &str) -> bool {
        true
    }

    /// Asks a model about a narrative.
    ///
    /// # Errors
    /// Why there is no analysis. Nothing that the provider wrote may be in it.
    async fn analyse(&self, model: &str, narrative: &Cleared) -> Result<Answered, NoAnswer>;
}

/// What an analyst says, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What it suggests.
    pub analysis: Analysis,
    /// Tokens read, where the provider says so.
    pub tokens_in: Option<u32>,
    /// Tokens written.
    pub tokens_out: Option<u32>,
}
