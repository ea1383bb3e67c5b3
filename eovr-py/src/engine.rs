//! The engine: open a database, bind actors, close.

use std::mem::{forget, take};
use std::sync::{Arc, Mutex, PoisonError};

use eovr_core::incident::{self, Settings};
use eovr_core::kind::{Kind, KindTable};
use eovr_core::org::Org;
use eovr_core::risk::builtin;
use eovr_core::service::EovrBuilder;
use eovr_core::triage::{EmbeddedRules, Scorer};
use eovr_core::{Eovr, Name, export};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zeroize::Zeroizing;

use crate::call::Call;
use crate::check::Callable;
use crate::database::{Database, Keys};
use crate::failure::{Failure, Outcome, config, guarded};
use crate::files::Files;
use crate::inward::{self, KindName, Text, field, optional};
use crate::model::Model;
use crate::outward::Outward;
use crate::receipts::Receipts;
use crate::runtime::RuntimeAccess;
use crate::scorer::Asked;
use crate::session::Session;

/// An engine, and its access to the runtime.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) runtime: RuntimeAccess,
    pub(crate) files: Option<Files>,
    parts: Arc<Parts>,
}

struct Parts {
    runtime: RuntimeAccess,
    /// `None` once the engine is closed.
    open: Mutex<Option<(Eovr, Database)>>,
}

impl Host {
    /// The engine.
    ///
    /// # Errors
    /// `Config` after it was closed, and in a forked process.
    pub(crate) fn eovr(&self) -> Outcome<Eovr> {
        self.runtime.check()?;
        let open = self.parts.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some((eovr, _)) => Ok(eovr.clone()),
            None => Err(config("the engine is closed", "call `Eovr.open` for another one")),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let open = take(self.open.get_mut().unwrap_or_else(PoisonError::into_inner));
        if self.runtime.is_of_this_process() {
            // Drivers need their runtime for cleaning up.
            let _entered = self.runtime.handle().enter();
            drop(open);
        } else {
            // The connections belong to the parent process, so closing them here would close them there.
            forget(open);
        }
    }
}

/// An open engine.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Engine(Host);

struct Opened(Host);

impl Outward for Opened {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Engine(self.0))?.into_any())
    }
}

/// Opens an engine: `parts` is what `Eovr.open` was given, as an object with attributes.
#[pyfunction]
pub(crate) fn open(py: Python<'_>, parts: &Bound<'_, PyAny>) -> Outcome<Call> {
    guarded(|| {
        let runtime = RuntimeAccess::new(py)?;
        let url: Text = field(parts, "url")?;
        let master = Zeroizing::new(field::<Text>(parts, "master_key")?.0);
        let previous = optional::<Text>(parts, "previous_master_key")?.map(|key| Zeroizing::new(key.0));
        let builder = builder(parts)?;
        let files = parts.getattr("files")?;
        let files = (!files.is_none()).then(|| Files::new(files.unbind()));
        let call = Call::new(&runtime.clone(), "open", async move {
            let database = Database::open(&url.0).await?;
            let fitted = async {
                Ok::<_, Failure>(database.fit(builder, Keys { master, previous }).await?.open().await?)
            };
            match fitted.await {
                Ok(eovr) => {
                    let open = Mutex::new(Some((eovr, database)));
                    Ok(Opened(Host {
                        parts: Arc::new(Parts { runtime: runtime.clone(), open }),
                        files,
                        runtime,
                    }))
                }
                Err(failure) => {
                    database.close().await;
                    Err(failure)
                }
            }
        });
        Ok(call)
    })
}

fn builder(parts: &Bound<'_, PyAny>) -> Outcome<EovrBuilder> {
    let org: Text = field(parts, "org")?;
    let org = serde_json::from_str(&org.0).map_err(|error| {
        config(format!("the organisation cannot be read: {error}"), "see `eovr.Eovr.open` for its form")
    })?;
    let (of, rows) = export::actions()?;
    let mut builder = Eovr::builder().org(Org::new(org)?).actions(of, rows);
    if parts.getattr("incidents")?.is_truthy()? {
        builder = builder.kinds(incident::kinds(settings(parts)?)?);
    }
    for table in parts.getattr("kinds")?.try_iter()? {
        let Text(table) = table?.extract()?;
        let table: KindTable = serde_json::from_str(&table).map_err(|error| {
            config(format!("a kind cannot be read: {error}"), "see `eovr.Kind` for its form")
        })?;
        builder = builder.kind(Kind::new(table)?);
    }
    let checks = parts.getattr("checks")?;
    let checks = checks.cast::<PyDict>().map_err(PyErr::from)?;
    for (name, callable) in checks.iter() {
        let name = Name::new(&name.extract::<Text>()?.0)?;
        builder = builder.check(name, Callable(callable.unbind()));
    }
    if parts.getattr("figures_in_memory")?.is_truthy()? {
        builder = builder.figures_in_memory();
    }
    Ok(builder)
}

fn settings(parts: &Bound<'_, PyAny>) -> Outcome<Settings> {
    let mut schemes = Vec::new();
    for name in parts.getattr("schemes")?.try_iter()? {
        let Text(name) = name?.extract()?;
        let known = builtin();
        let accepted: Vec<String> = known.iter().map(|scheme| scheme.id().to_string()).collect();
        let found = known.iter().find(|scheme| scheme.id() == name.as_str()).cloned();
        schemes.push(found.ok_or_else(|| {
            config("no such risk scheme", format!("accepted: `{}`", accepted.join("`, `")))
        })?);
    }
    let scorer = parts.getattr("scorer")?;
    let scorer: Option<Arc<dyn Scorer>> = if scorer.is_none() {
        None
    } else if let Ok(model) = scorer.cast::<Model>() {
        Some(model.get().shared())
    } else if scorer.is_callable() {
        Some(Arc::new(Asked::new(&scorer)?))
    } else if scorer.extract::<Text>()?.0 == "rules" {
        Some(Arc::new(EmbeddedRules))
    } else {
        return Err(config("no such scorer", "accepted: `rules`, a `Model`, a callable, or None"));
    };
    Ok(Settings { schemes, scorer, ..Settings::default() })
}

#[pymethods]
impl Engine {
    /// The engine bound to an actor.
    fn session(&self, actor: &Bound<'_, PyAny>) -> Outcome<Session> {
        guarded(|| {
            let eovr = self.0.eovr()?;
            let actor = inward::actor(&eovr.org(), actor)?;
            Ok(Session::new(self.0.clone(), eovr.session(actor)))
        })
    }

    /// The calls of a receipt's holder.
    fn receipts(&self) -> Receipts {
        Receipts(self.0.clone())
    }

    /// The names of all kinds.
    fn kinds(&self) -> Outcome<Vec<String>> {
        Ok(self.0.eovr()?.catalog().kinds().map(|kind| kind.name().to_string()).collect())
    }

    /// The table of one kind, as JSON.
    fn kind(&self, kind: KindName) -> Outcome<String> {
        let eovr = self.0.eovr()?;
        let table = serde_json::to_string(eovr.catalog().kind(&kind.0)?.table());
        Ok(table.map_err(|error| eovr_core::Error::bug("a kind is always JSON").because(error))?)
    }

    /// The workflow of one kind, as a Mermaid diagram.
    fn diagram(&self, kind: KindName) -> Outcome<String> {
        Ok(self.0.eovr()?.catalog().kind(&kind.0)?.machine().diagram())
    }

    /// The permissions of all actions, as Markdown.
    fn actions(&self) -> Outcome<String> {
        Ok(self.0.eovr()?.catalog().actions().to_markdown())
    }

    /// Whether it was closed.
    fn is_closed(&self) -> bool {
        self.0.runtime.check().is_err()
    }

    /// Closes the engine. What is under way ends with an error or in time; nothing is half written.
    fn close(&self) -> Call {
        let host = self.0.clone();
        let runtime = host.runtime.clone();
        Call::closing(&runtime, async move {
            if host.runtime.is_usable() && host.runtime.shut() {
                let open = take(&mut *host.parts.open.lock().unwrap_or_else(PoisonError::into_inner));
                if let Some((eovr, database)) = open {
                    drop(eovr);
                    database.close().await;
                }
            }
            Ok(())
        })
    }
}
