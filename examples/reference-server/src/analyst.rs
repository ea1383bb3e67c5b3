//! The analyst at work: a model outside, or the hospital's own model, reads new reports if an administrator has enabled
//! it.
//!
//! It runs beside the requests, and no request waits for it. The store holds the active model and the facilities that
//! allow it; the options here only supply the keys. So a server that starts with a key sends nothing by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eovr_core::analyst::{Equipment, Limits, Outcome, Registry, Trained, Worker};
use eovr_core::incident;
use eovr_core::triage::learn::TextModel;
use eovr_core::{Eovr, Name, Result};
use eovr_host::http::auth::Auth;
use eovr_host::output::Failure;
use tokio::task::JoinSet;

use crate::provider::Dialect;

/// The environment variable with the provider's key.
#[cfg(feature = "providers")]
const KEY: &str = "EOVR_AI_KEY";
/// How often the analyst checks for due work.
const LOOK: Duration = Duration::from_secs(1);
/// How many questions are in flight at a time.
const AT_A_TIME: usize = 4;

/// The available models. Secrets are no options: EOVR_AI_KEY holds the key, or EOVR_AI_KEY_OPENAI and so on. Each such
/// key adds its provider, so that one can take over from another.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "analyst")]
pub(crate) struct Args {
    /// The provider that reads new reports once it is activated: openai, anthropic, google, or local for a server with
    /// OpenAI's Chat Completions API. Its key is EOVR_AI_KEY. Without a provider the server asks no model outside
    #[arg(long, value_name = "NAME", env = "EOVR_AI_PROVIDER", requires = "ai_model")]
    ai_provider: Option<Dialect>,
    /// The model of that provider
    #[arg(long, value_name = "NAME", env = "EOVR_AI_MODEL")]
    ai_model: Option<String>,
    /// The URL of that provider, if it is not the usual one
    #[arg(long, value_name = "URL", env = "EOVR_AI_BASE_URL")]
    ai_base_url: Option<String>,
    /// A model of your own that reads new reports inside this server once it is activated: `train` makes one from the
    /// output of `export --format labelled`
    #[arg(long, value_name = "FILE", env = "EOVR_AI_HOUSE_MODEL")]
    ai_house_model: Option<PathBuf>,
    /// The maximum number of questions per facility and day
    #[arg(long, value_name = "NUMBER", env = "EOVR_AI_BUDGET", default_value_t = Limits::default().questions_a_day)]
    ai_budget: u32,
}

/// The analyst of a server.
pub(crate) struct Runner {
    worker: Worker,
}

impl Args {
    /// Whether any model is configured.
    pub(crate) fn is_on(&self) -> bool {
        self.ai_provider.is_some() || self.ai_house_model.is_some()
    }

    /// The configured models, as text; `None` if there are none.
    ///
    /// # Errors
    /// If the key is missing or the connection would not be encrypted.
    pub(crate) fn check(&self) -> Result<Option<String>, Failure> {
        if !self.is_on() {
            return Ok(None);
        }
        self.equipment()?;
        let house = self.house()?;
        let who = self.ai_provider.map(|dialect| dialect.name().to_owned());
        let who: Vec<String> = who.into_iter().chain(house.map(|house| house.name().to_owned())).collect();
        Ok(Some(format!("{}, once a model is switched on", who.join(" and "))))
    }

    #[cfg(not(feature = "providers"))]
    fn equipment(&self) -> Result<Equipment, Failure> {
        Ok(Equipment::default())
    }

    #[cfg(feature = "providers")]
    fn equipment(&self) -> Result<Equipment, Failure> {
        use eovr_ai::{Adapter, Key, Settings};

        let mut equipment = Equipment::default();
        for dialect in Dialect::ALL {
            let own = std::env::var(format!("{KEY}_{}", dialect.name().to_uppercase())).ok();
            let named = self.ai_provider == Some(dialect);
            let key = own.or_else(|| std::env::var(KEY).ok().filter(|_| named));
            let key = match key.as_deref().map(str::trim).filter(|key| !key.is_empty()) {
                Some(key) => Key::new(key),
                // A local server may need no key.
                None if named && dialect == Dialect::Local => Key::new("none"),
                None if named => {
                    return Err(Failure::usage(
                        format!("{KEY} is not set"),
                        "it is the key that the provider gave you",
                    ));
                }
                None => continue,
            };
            let settings = Settings::new(dialect, key).patience(Limits::default().patience);
            let settings = match self.ai_base_url.as_deref().filter(|_| named) {
                Some(url) => settings.at(url),
                None => settings,
            };
            equipment = equipment.with(Arc::new(Adapter::new(settings)?));
        }
        Ok(equipment)
    }

    fn house(&self) -> Result<Option<Trained>, Failure> {
        let Some(path) = &self.ai_house_model else { return Ok(None) };
        let unread = |error: std::io::Error| {
            Failure::usage(format!("{}: {error}", path.display()), "give a file that `train` has made")
        };
        let model = TextModel::from_bytes(&std::fs::read(path).map_err(unread)?)?;
        Ok(Some(Trained::new(model)?))
    }

    /// Registers the configured models and creates the analyst; `None` if no model is configured.
    ///
    /// # Errors
    /// As [`Args::check`], and the store's errors.
    pub(crate) async fn runner(&self, eovr: &Eovr) -> Result<Option<Runner>, Failure> {
        if !self.is_on() {
            return Ok(None);
        }
        let mut equipment = self.equipment()?;
        if let (Some(dialect), Some(model)) = (self.ai_provider, &self.ai_model) {
            Registry::equip(eovr, &Name::new(dialect.name())?, model).await?;
        }
        if let Some(house) = self.house()? {
            Registry::equip(eovr, &Trained::PROCESSOR, house.name()).await?;
            equipment = equipment.with(Arc::new(house));
        }
        let limits = Limits { questions_a_day: self.ai_budget, ..Limits::default() };
        Ok(Some(Runner { worker: Worker::new(eovr, incident::analysed(), equipment, limits)? }))
    }
}

impl Runner {
    pub(crate) fn worker(&self) -> Worker {
        self.worker.clone()
    }

    /// Works until it is dropped.
    pub(crate) async fn work(self, auth: Arc<Auth>) {
        let mut every = tokio::time::interval(LOOK);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.round(&auth).await {
                tracing::warn!(target: "eovr_server::analyst", kind = error.kind().name(), "the worker waits");
                auth.alarm.of(&error);
            }
        }
    }

    async fn round(&self, auth: &Auth) -> Result<()> {
        let mut working = JoinSet::new();
        for id in self.worker.due().await? {
            if working.len() == AT_A_TIME {
                told(working.join_next().await, auth);
            }
            let worker = self.worker.clone();
            working.spawn(async move { worker.work(id).await });
        }
        while let Some(done) = working.join_next().await {
            told(Some(done), auth);
        }
        Ok(())
    }
}

/// Logs the outcome of one question, without naming the report.
fn told(done: Option<std::result::Result<Result<Outcome>, tokio::task::JoinError>>, auth: &Auth) {
    let count = |outcome: &'static str, reason: &'static str| {
        metrics::counter!("eovr_analyses_total", "outcome" => outcome, "reason" => reason).increment(1);
        if !reason.is_empty() {
            tracing::info!(target: "eovr_server::analyst", outcome, reason, "no analysis");
        }
    };
    match done {
        Some(Ok(Ok(Outcome::Answered))) => count("answered", ""),
        Some(Ok(Ok(Outcome::Later(reason)))) => count("later", reason.name()),
        Some(Ok(Ok(Outcome::Parked(reason)))) => count("parked", reason.name()),
        Some(Ok(Ok(Outcome::Withheld(reason)))) => count("withheld", reason.name()),
        Some(Ok(Err(error))) => {
            tracing::warn!(target: "eovr_server::analyst", kind = error.kind().name(), "an analysis waits");
            auth.alarm.of(&error);
        }
        Some(Err(_)) => tracing::error!(target: "eovr_server::analyst", "an analysis broke off"),
        Some(Ok(Ok(Outcome::NotOurs))) | None => {}
    }
}
