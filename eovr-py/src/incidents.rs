//! Incidents: typed verbs over the general ones, and reports as Python passes them.

use std::str::FromStr;

use eovr_core::Error;
use eovr_core::incident::{FollowUp, FollowUpKind, Harm, Report, Strength};
use eovr_core::org::OrgId;
use eovr_core::record::Page;
use pyo3::prelude::*;

use crate::call::Call;
use crate::engine::Host;
use crate::failure::{Outcome, guarded};
use crate::files::{Read, attachments};
use crate::imported::Rows;
use crate::inward::{Id, Moment, Text, field, optional};

/// The incidents of one actor.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Incidents {
    host: Host,
    session: eovr_core::Session,
}

impl Incidents {
    pub(crate) fn new(host: Host, session: eovr_core::Session) -> Self {
        Self { host, session }
    }

    fn ask(&self) -> Outcome<eovr_core::Session> {
        self.host.runtime.check()?;
        Ok(self.session.clone())
    }
}

#[pymethods]
impl Incidents {
    #[pyo3(signature = (facility, report, id))]
    fn report(&self, facility: Text, report: &Bound<'_, PyAny>, id: Option<Id>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let facility = OrgId::new(&facility.0)?;
            let report = self::report(report)?;
            Ok(Call::new(&self.host.runtime, "report", async move {
                let incidents = session.incidents();
                Ok(match id {
                    Some(Id(id)) => incidents.report_as(&facility, id, report).await?,
                    None => incidents.report(&facility, report).await?,
                })
            }))
        })
    }

    fn import_narratives(
        &self,
        facility: Text,
        table: &Bound<'_, PyAny>,
        category: Text,
        name: Text,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let facility = OrgId::new(&facility.0)?;
            let rows = Rows::of(table, category.0, name.0)?;
            Ok(Call::new(&self.host.runtime, "import_narratives", async move {
                Ok(rows.report(session, facility).await?)
            }))
        })
    }

    #[pyo3(signature = (id, severity, probability, scheme))]
    fn assess(&self, id: Id, severity: Text, probability: Text, scheme: Option<Text>) -> Outcome<Call> {
        let session = self.ask()?;
        Ok(Call::new(&self.host.runtime, "assess", async move {
            let scheme = scheme.as_ref().map(|scheme| scheme.0.as_str());
            Ok(session.incidents().assess(id.0, scheme, &severity.0, &probability.0).await?)
        }))
    }

    #[pyo3(signature = (id, follow_up, follow_up_id))]
    fn follow_up(&self, id: Id, follow_up: &Bound<'_, PyAny>, follow_up_id: Option<Id>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let follow_up = self::follow_up(follow_up)?;
            Ok(Call::new(&self.host.runtime, "follow_up", async move {
                let incidents = session.incidents();
                Ok(match follow_up_id {
                    Some(Id(own)) => incidents.follow_up_as(id.0, own, follow_up).await?,
                    None => incidents.follow_up(id.0, follow_up).await?,
                })
            }))
        })
    }

    fn finish_follow_up(&self, follow_up: Id, evidence: Text) -> Outcome<Call> {
        let session = self.ask()?;
        Ok(Call::new(&self.host.runtime, "finish_follow_up", async move {
            Ok(session.incidents().finish_follow_up(follow_up.0, &evidence.0).await?)
        }))
    }

    fn follow_ups(&self, id: Id) -> Outcome<Call> {
        let session = self.ask()?;
        Ok(Call::new(&self.host.runtime, "follow_ups", async move {
            Ok(session.incidents().follow_ups(id.0).await?)
        }))
    }

    #[pyo3(signature = (id, name, data, attachment_id))]
    fn attach(&self, id: Id, name: Text, data: Vec<u8>, attachment_id: Option<Id>) -> Outcome<Call> {
        let (session, files) = (self.ask()?, self.host.files.clone());
        Ok(Call::new(&self.host.runtime, "attach", async move {
            let files = attachments(&session, files.as_ref())?;
            Ok(match attachment_id {
                Some(own) => files.attach_as(id.0, own.0, &name.0, &data).await?,
                None => files.attach(id.0, &name.0, &data).await?,
            })
        }))
    }

    fn attachments(&self, id: Id) -> Outcome<Call> {
        let (session, files) = (self.ask()?, self.host.files.clone());
        Ok(Call::new(&self.host.runtime, "attachments", async move {
            Ok(attachments(&session, files.as_ref())?.list(id.0).await?)
        }))
    }

    fn read_attachment(&self, id: Id, attachment: Id) -> Outcome<Call> {
        let (session, files) = (self.ask()?, self.host.files.clone());
        Ok(Call::new(&self.host.runtime, "read_attachment", async move {
            Ok(Read(attachments(&session, files.as_ref())?.read(id.0, attachment.0).await?))
        }))
    }

    fn remove_attachment(&self, id: Id, attachment: Id, reason: Text) -> Outcome<Call> {
        let (session, files) = (self.ask()?, self.host.files.clone());
        Ok(Call::new(&self.host.runtime, "remove_attachment", async move {
            Ok(attachments(&session, files.as_ref())?.remove(id.0, attachment.0, &reason.0).await?)
        }))
    }

    fn reopen(&self, closed: Id, reason: Text, report: &Bound<'_, PyAny>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let report = self::report(report)?;
            Ok(Call::new(&self.host.runtime, "reopen", async move {
                Ok(session.incidents().reopen(closed.0, &reason.0, report).await?)
            }))
        })
    }

    fn of_file(&self, number: Text) -> Outcome<Call> {
        let session = self.ask()?;
        Ok(Call::new(&self.host.runtime, "of_file", async move {
            let page: Page<_> = session.incidents().of_file(&number.0).await?;
            Ok(page)
        }))
    }

    fn summary(&self) -> Outcome<Call> {
        let session = self.ask()?;
        Ok(Call::new(&self.host.runtime, "summary", async move { Ok(session.incidents().summary().await?) }))
    }
}

fn report(object: &Bound<'_, PyAny>) -> Outcome<Report> {
    let text = |name: &str| optional::<Text>(object, name).map(|text| text.map(|text| text.0));
    let disclosed = object.getattr("disclosed")?;
    let mut factors = Vec::new();
    for factor in object.getattr("factors")?.try_iter()? {
        factors.push(factor?.extract::<Text>()?.0);
    }
    Ok(Report {
        category: field::<Text>(object, "category")?.0,
        subtype: text("subtype")?,
        description: field::<Text>(object, "description")?.0,
        specific_error: text("specific_error")?,
        occurred_at: optional::<Moment>(object, "occurred_at")?.map(|at| at.0),
        location: text("location")?,
        reporter: label(field(object, "reporter")?)?,
        involved_person: text("involved_person")?,
        medical_file_number: text("medical_file_number")?,
        immediate_action: text("immediate_action")?,
        responsible_manager: text("responsible_manager")?,
        disclosed: if disclosed.is_none() { None } else { Some(disclosed.extract()?) },
        disclosure_responsible: text("disclosure_responsible")?,
        notes: text("notes")?,
        factors,
        actual_harm: harm(optional(object, "actual_harm")?)?,
        potential_harm: harm(optional(object, "potential_harm")?)?,
    })
}

fn follow_up(object: &Bound<'_, PyAny>) -> Outcome<FollowUp> {
    Ok(FollowUp {
        task: field::<Text>(object, "task")?.0,
        owner: field::<Text>(object, "owner")?.0,
        due_at: field::<Moment>(object, "due_at")?.0,
        kind: label::<FollowUpKind>(field(object, "kind")?)?,
        strength: optional(object, "strength")?.map(label::<Strength>).transpose()?,
    })
}

fn harm(code: Option<Text>) -> Outcome<Option<Harm>> {
    Ok(code.map(|code| code.0.parse()).transpose()?)
}

/// One of a few names.
fn label<T: FromStr<Err = Error>>(name: Text) -> Outcome<T> {
    Ok(name.0.parse()?)
}
