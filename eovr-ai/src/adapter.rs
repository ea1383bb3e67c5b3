use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use eovr_core::ports::{Analyst, Answered};
use eovr_core::triage::analysis::{Analysis, Cleared, NoAnswer, NoAnswerReason, schema};
use eovr_core::{Error, ErrorKind, Name, Result};
use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::address::address;
use crate::client::Client;
use crate::dialect::{Dialect, Question};
use crate::failure::failure;
use crate::key::Key;
use crate::prompt;

/// The longest model name, in bytes.
const LONGEST_MODEL: usize = 100;

/// The provider, the model limits and the deadline of a request.
#[derive(Clone, Debug)]
pub struct Settings {
    dialect: Dialect,
    key: Key,
    base: String,
    patience: Duration,
    tokens: u32,
}

impl Settings {
    /// A provider at its usual address, with a deadline of one minute and a limit of 4096 tokens per answer. Reasoning
    /// models spend most of these tokens before they begin the answer.
    pub fn new(dialect: Dialect, key: Key) -> Self {
        let base = dialect.usual_address().to_owned();
        Self { dialect, key, base, patience: Duration::from_secs(60), tokens: 4096 }
    }

    /// Sets the provider's address: `https`, or `http` on this machine.
    #[must_use]
    pub fn at(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    /// Sets the deadline for a whole request.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sets the token limit of an answer. The limit is doubled for the retry after a truncated answer.
    #[must_use]
    pub fn tokens(self, tokens: u32) -> Self {
        Self { tokens, ..self }
    }
}

/// An analyst that asks a provider.
pub struct Adapter {
    processor: Name,
    dialect: Dialect,
    base: Url,
    headers: HeaderMap,
    client: Client,
    tokens: u32,
    prompt: String,
}

impl Adapter {
    /// Makes an adapter. It sends nothing.
    ///
    /// # Errors
    /// `Config` where the address is neither `https` nor `http` on this machine, or where the key is unusable.
    pub fn new(settings: Settings) -> Result<Self> {
        let Settings { dialect, key, base, patience, tokens } = settings;
        let base = address(&base)?;
        Ok(Self {
            processor: Name::new(dialect.name())?,
            dialect,
            headers: dialect.headers(&key)?,
            client: Client::new(&base, patience)?,
            base,
            tokens,
            prompt: prompt::version(),
        })
    }

    fn url(&self, model: &str) -> Result<Url> {
        let path = self.dialect.path(model);
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}"))
            .map_err(|_| Error::new(ErrorKind::Config, "the analyst's address is not a URL"))
    }
}

#[async_trait]
impl Analyst for Adapter {
    fn processor(&self) -> &Name {
        &self.processor
    }

    fn prompt(&self) -> &str {
        &self.prompt
    }

    async fn analyse(&self, model: &str, narrative: &Cleared) -> Result<Answered, NoAnswer> {
        // The model name becomes part of a URL.
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/' | '@');
        if model.is_empty()
            || model.len() > LONGEST_MODEL
            || !model.chars().all(known)
            || model.contains("..")
        {
            return Err(NoAnswerReason::UnknownModel.into());
        }
        let url = self.url(model).map_err(|_| NoAnswer::from(NoAnswerReason::UnknownModel))?;
        let again = narrative.attempt() > 1;
        let question = Question {
            model,
            instructions: &prompt::instructions(narrative),
            question: &prompt::question(narrative),
            schema: schema(narrative.factors()),
            tokens: if again { self.tokens.saturating_mul(2) } else { self.tokens },
        };
        let body = self.dialect.body(&question).to_string();
        let reply = self.client.send(url, self.headers.clone(), body).await?;
        if reply.status != 200 {
            return Err(failure(&reply));
        }
        let said = self.dialect.read(&reply.body)?;
        let analysis = Analysis::read(&said.text, narrative)?;
        Ok(Answered { analysis, tokens_in: said.tokens_in, tokens_out: said.tokens_out })
    }
}

/// Prints provider, model and address, but not the key.
impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adapter({} at {})", self.processor, self.base)
    }
}
