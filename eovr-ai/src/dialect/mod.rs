//! How each provider is asked, and how it answers. All is pure: JSON in, JSON out.

mod anthropic;
mod chat;
mod google;
mod openai;

use eovr_core::triage::analysis::{NoAnswer, Reason};
use eovr_core::{Error, ErrorKind, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::secret;
use crate::key::Key;

/// The name that the schema is sent under, where a provider wants one.
const SCHEMA_NAME: &str = "eovr_analysis";

/// How a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's Responses.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `generateContent`.
    Google,
    /// OpenAI's Chat Completions, as servers speak it that a hospital runs itself.
    Local,
}

/// A question, before it is put into a provider's form.
///
/// Model, instructions, one message, a schema and a limit: what all of them take. Settings of chance are never
/// sent, as several refuse them.
pub(crate) struct Question<'a> {
    pub(crate) model: &'a str,
    pub(crate) instructions: &'a str,
    pub(crate) question: &'a str,
    pub(crate) schema: Value,
    pub(crate) tokens: u32,
}

/// An answer, out of a provider's form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) tokens_in: Option<u32>,
    pub(crate) tokens_out: Option<u32>,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Google, Self::Local];

    /// The name, under which facilities allow the provider.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
            Self::Local => "local",
        }
    }

    /// Where the provider is, where nothing else is said.
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

    /// The key, in a header: in an address it would stand in logs.
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

    /// What a reply of status 200 says.
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

/// The envelope of a reply. What is none was put there by something between us and the provider.
fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body).map_err(|_| Reason::ServerError.into())
}

/// An answer of these parts; none, where they are empty.
fn said(
    parts: impl Iterator<Item = String>,
    tokens_in: Option<u32>,
    tokens_out: Option<u32>,
) -> Result<Said, NoAnswer> {
    let text: String = parts.collect();
    if text.trim().is_empty() {
        return Err(Reason::InvalidOutput.into());
    }
    Ok(Said { text, tokens_in, tokens_out })
}

#[cfg(test)]
mod tests;
