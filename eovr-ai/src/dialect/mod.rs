//! The request and reply format of each provider. The functions are pure: JSON in, JSON out.

mod anthropic;
mod chat;
mod google;
mod openai;

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use eovr_core::{Error, ErrorKind, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::secret;
use crate::key::Key;

/// The name of the JSON schema, for providers that require one.
const SCHEMA_NAME: &str = "eovr_analysis";

/// The API of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's Responses.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `generateContent`.
    Google,
    /// OpenAI's Chat Completions, as self-hosted servers implement it.
    Local,
}

/// A question, independent of the provider's format.
///
/// It holds what every provider accepts: model, instructions, one message, a schema and a token limit. Sampling
/// parameters (temperature …) are never sent, because several providers reject them.
pub(crate) struct Question<'a> {
    pub(crate) model: &'a str,
    pub(crate) instructions: &'a str,
    pub(crate) question: &'a str,
    pub(crate) schema: Value,
    pub(crate) tokens: u32,
}

/// An answer, independent of the provider's format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) tokens_in: Option<u32>,
    pub(crate) tokens_out: Option<u32>,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Google, Self::Local];

    /// The provider's name, as it stands in a facility's list of allowed providers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
            Self::Local => "local",
        }
    }

    /// The provider's default address.
    pub const fn usual_address(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Google => "https://generativelanguage.googleapis.com",
            Self::Local => "http://127.0.0.1:8000",
        }
    }

    pub(crate) fn path(self, model: &str) -> String {
        match self {
            Self::OpenAi => "/v1/responses".to_owned(),
            Self::Anthropic => "/v1/messages".to_owned(),
            Self::Google => format!("/v1/models/{model}:generateContent"),
            Self::Local => "/v1/chat/completions".to_owned(),
        }
    }

    /// The key as a header. A key in the URL would appear in logs.
    pub(crate) fn headers(self, key: &Key) -> Result<HeaderMap> {
        let key = key.reveal();
        let key = match self {
            Self::OpenAi | Self::Local => secret("authorization", &format!("Bearer {key}"))?,
            Self::Anthropic => secret("x-api-key", key)?,
            Self::Google => secret("x-goog-api-key", key)?,
        };
        let version =
            (HeaderName::from_static("anthropic-version"), HeaderValue::from_static(anthropic::VERSION));
        Ok([key].into_iter().chain((self == Self::Anthropic).then_some(version)).collect())
    }

    pub(crate) fn body(self, question: &Question<'_>) -> Value {
        match self {
            Self::OpenAi => openai::body(question),
            Self::Anthropic => anthropic::body(question),
            Self::Google => google::body(question),
            Self::Local => chat::body(question),
        }
    }

    /// Reads a reply of status 200.
    pub(crate) fn read(self, body: &[u8]) -> Result<Said, NoAnswer> {
        match self {
            Self::OpenAi => openai::read(body),
            Self::Anthropic => anthropic::read(body),
            Self::Google => google::read(body),
            Self::Local => chat::read(body),
        }
    }
}

impl std::str::FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::Config, "no such provider")
                .with_help(format!("accepted: `{}`", Self::ALL.map(Self::name).join("`, `")))
        })
    }
}

/// Parses a reply's envelope. A reply of another shape comes from a proxy between us and the provider.
fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body).map_err(|_| NoAnswerReason::ServerError.into())
}

/// Joins the parts of an answer. `None` where they are empty.
fn said(
    parts: impl Iterator<Item = String>,
    tokens_in: Option<u32>,
    tokens_out: Option<u32>,
) -> Result<Said, NoAnswer> {
    let text: String = parts.collect();
    if text.trim().is_empty() {
        return Err(NoAnswerReason::InvalidOutput.into());
    }
    Ok(Said { text, tokens_in, tokens_out })
}

#[cfg(test)]
mod tests;
