use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use eovr_core::ports::{Analyst, Answered};
use eovr_core::triage::analysis::{Analysis, Cleared, NoAnswer, Reason, schema};
use eovr_core::{Error, ErrorKind, Name, Result};
use reqwest::Url;
use reqwest::header::HeaderMap;

use crate::address::address;
use crate::client::Client;
use crate::dialect::{Dialect, Question};
use crate::failure::failure;
use crate::key::Key;
use crate::prompt;

/// How long a name of a model may be.
const LONGEST_MODEL: usize = 100;

/// Which provider, and how it is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    dialect: Dialect,
    key: Key,
    base: String,
    patience: Duration,
    tokens: u32,
}

impl Settings {
    /// The provider of a dialect at its usual address; a minute for a question, 4096 tokens for an answer, of
    /// which models that think aloud spend most before they begin.
    pub fn new(dialect: Dialect, key: Key) -> Self {
        let base = dialect.usual_address().to_owned();
        Self { dialect, key, base, patience: Duration::from_secs(60), tokens: 4096 }
    }

    /// At another address: `https`, or `http` on this machine.
    #[must_use]
    pub fn at(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    /// All that a question takes must be over after so long.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// So many tokens for an answer; twice as many where one was cut off.
    #[must_use]
    pub fn tokens(self, tokens: u32) -> Self {
        Self { tokens, ..self }
    }
}

/// A provider, as an analyst.
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
    /// Sets one up. Nothing is sent.
    ///
    /// # Errors
    /// `Config` where the address is an open line or the key is none.
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
            .map_err(|_| Error::new(ErrorKind::Config, "the address of the analyst is no URL"))
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
        // It becomes part of an address.
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/' | '@');
        if model.is_empty()
            || model.len() > LONGEST_MODEL
            || !model.chars().all(known)
            || model.contains("..")
        {
            return Err(Reason::UnknownModel.into());
        }
        let url = self.url(model).map_err(|_| NoAnswer::from(Reason::UnknownModel))?;
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

/// Says who and where, and nothing of the key.
impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adapter({} at {})", self.processor, self.base)
    }
}
