//! A hundred incidents, and one with a long history, as each contestant receives them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eovr_core::Session;
use eovr_core::access::Role;
use eovr_core::export::columns::{COLUMNS, Cell};
use eovr_core::export::{Lang, Opened};
use eovr_core::incident::{Action, Report};
use eovr_core::memory::MemoryStore;
use eovr_core::record::RecordId;
use eovr_core::service::Trail;
use serde_json::{Value, json};

use crate::{Outcome, world};

const ARABIC: &str = "أُعطيت المريضة 20 mg من Morphine بدلًا من 2 mg في 2026-11-21 الساعة 08:45، وكان ضغط الدم 90/60 \
    وتشبع الأكسجين SpO2 ≥ 90 % طوال 5-10 دقائق. سقطت المريضة بعد ذلك بجوار السرير رقم (12) في قسم ICU-2، وتم إبلاغ \
    الطبيب المناوب على الرقم +20 2 2345 6789. لاحظت الممرضة أن العبوتين متشابهتان تمامًا، وأن درجة الحرارة كانت 37.5 °C.";

/// The events of the long history.
const EVENTS: usize = 45;

pub(super) struct Content {
    pub(super) incidents: Vec<Opened>,
    session: Session,
    long: RecordId,
    runtime: tokio::runtime::Runtime,
}

impl Content {
    pub(super) fn new() -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
        let eovr = runtime.block_on(world::engine(Arc::new(MemoryStore::default())))?;
        let place = world::stamp(0, 0, 0)?;
        let session = eovr.session(world::actor(Role::QualityAdmin, &place)?);
        let incidents = session.incidents();
        let mut ids = Vec::new();
        for number in 0..100 {
            let arabic = number % 2 == 0;
            let mut report = Report { notes: Some("=cmd|' /C calc'!A0".to_owned()), ..world::report(number) };
            if arabic {
                ARABIC.clone_into(&mut report.description);
            }
            ids.push(runtime.block_on(incidents.report(&place.facility, report))?.written.id);
        }
        let long = ids.first().copied().ok_or("there are some")?;
        runtime.block_on(async {
            incidents.act(long, Action::Start, None).await?;
            incidents.act(long, Action::Evaluate, None).await?;
            incidents.assess(long, None, "severe", "occasional").await?;
            for number in 4..EVENTS {
                let note = if number % 2 == 0 { ARABIC } else { world::NARRATIVE };
                let note: String = note.chars().take(90).collect();
                incidents.act(long, Action::AddRemark, Some(&note)).await?;
            }
            Ok::<_, eovr_core::Error>(())
        })?;
        let opened = ids.iter().map(|id| -> Outcome<Opened> {
            Ok(Opened::of(&session, runtime.block_on(incidents.load(*id))?)?)
        });
        let incidents = opened.collect::<Outcome<_>>()?;
        Ok(Self { incidents, session, long, runtime })
    }

    /// The complete incident with the long history.
    pub(super) fn report(&self) -> Outcome<(Opened, Vec<Opened>, Trail)> {
        let incidents = self.session.incidents();
        let record = self.runtime.block_on(incidents.load(self.long))?;
        let trail = self.runtime.block_on(incidents.trail(self.long))?;
        Ok((Opened::of(&self.session, record)?, Vec::new(), trail))
    }

    /// The rows of the list as JSON, one row a line, column names first.
    pub(super) fn rows_file(&self, folder: &Path) -> Outcome<PathBuf> {
        let path = folder.join("rows.json");
        let mut file = BufWriter::new(File::create(&path)?);
        let names: Vec<_> = COLUMNS.iter().map(|column| column.title(Lang::Ar)).collect();
        writeln!(file, "{}", json!(names))?;
        for incident in &self.incidents {
            let cells: Vec<Value> = COLUMNS
                .iter()
                .map(|column| match column.read(incident) {
                    Cell::Empty | Cell::Unreadable | Cell::Bytes(_) => Value::Null,
                    Cell::Text(text) => json!(text),
                    Cell::Code(code) => json!(column.words(incident, &code, Lang::Ar)),
                    Cell::Int(int) => json!(int),
                    Cell::Bool(bool) => json!(bool),
                    Cell::Time(at) => json!({"time": at.to_string().trim_end_matches('Z').get(..19)}),
                })
                .collect();
            writeln!(file, "{}", json!(cells))?;
        }
        file.flush()?;
        Ok(path)
    }

    /// The report as JSON: title, facts, texts, the rows of the trail with their header, and fonts.
    pub(super) fn document_file(&self, folder: &Path) -> Outcome<PathBuf> {
        let (incident, _, trail) = self.report()?;
        let words = |cell: Cell<'_>| match cell {
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Int(int) => Some(int.to_string()),
            Cell::Time(at) => Some(at.to_string().get(..16).unwrap_or_default().replace('T', " ")),
            Cell::Bool(bool) => Some(if bool { "نعم" } else { "لا" }.to_owned()),
            Cell::Code(_) | Cell::Empty | Cell::Unreadable | Cell::Bytes(_) => None,
        };
        let mut facts = Vec::new();
        let mut texts = Vec::new();
        for column in COLUMNS {
            let title = column.title(Lang::Ar);
            match column.read(&incident) {
                Cell::Code(code) => facts.push(json!([title, column.words(&incident, &code, Lang::Ar)])),
                Cell::Text(text) if text.chars().count() > 60 => texts.push(json!(text)),
                cell => facts.extend(words(cell).map(|value| json!([title, value]))),
            }
        }
        let mut rows = vec![json!(["م", "الوقت", "من", "الحدث", "الحالة", "الملاحظة"])];
        for entry in &trail.entries {
            let event = &entry.event;
            let note = entry.note.as_ref().map(|note| note.to_string()).unwrap_or_default();
            let at = event.at.to_string().get(..16).unwrap_or_default().replace('T', " ");
            let row = [
                event.seq.to_string(),
                at,
                event.actor.to_string(),
                event.action.to_string(),
                event.to.to_string(),
                note,
            ];
            rows.push(json!(row));
        }
        let fonts =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../eovr-core/src/export/pdf/fonts").canonicalize()?;
        let document = json!({
            "title": "تقرير حدث عارض",
            "facts": facts,
            "texts": texts,
            "rows": rows,
            "fonts": {"regular": fonts.join("Amiri-Regular.ttf"), "bold": fonts.join("Amiri-Bold.ttf")},
        });
        let path = folder.join("document.json");
        std::fs::write(&path, document.to_string())?;
        Ok(path)
    }
}
