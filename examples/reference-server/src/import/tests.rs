//! Imports that run, grow, stop, are taken back and run again, compared with a simple model.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{Action, KIND, Settings, kinds};
use eovr_core::memory::MemoryStore;
use eovr_core::org::Org;
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Command, Eovr, Session};
use eovr_host::output::{INTERRUPTED, Out};
use eovr_tests::chance::Chance;

use super::{Args, Rows, import, listing, taken_back};
use crate::engine;

type Tested = Result<(), Box<dyn std::error::Error>>;

const ORG: &str = r#"[{"id": "A", "title": {"en": "a", "ar": "ا"}, "administrations": [{"id": "A", "title":
    {"en": "a", "ar": "ا"}, "facilities": [{"id": "A", "title": {"en": "a", "ar": "ا"}, "time_zone": "UTC"}]}]}]"#;

const LIFT: &str = "The lift was stuck.";
const FALL: &str = "The patient fell.";
const PUMP: &str = "The pump stopped.";
const SHORT: &str = "short";

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// The output of a command.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Said {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

struct Worker {
    folder: tempfile::TempDir,
    eovr: Eovr,
    quality: Session,
}

/// The file and the options of an import.
#[derive(Clone, Debug)]
struct List {
    file: &'static str,
    rows: Vec<&'static str>,
    options: Vec<&'static str>,
}

impl List {
    fn new(rows: &[&'static str]) -> Self {
        Self { file: "list.csv", rows: rows.to_vec(), options: Vec::new() }
    }

    fn with(self, options: &[&'static str]) -> Self {
        Self { options: options.to_vec(), ..self }
    }
}

impl Worker {
    async fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let eovr = Eovr::builder()
            .store(MemoryStore::new())
            .org(Org::new(serde_json::from_str(ORG)?)?)
            .kinds(kinds(Settings::default())?)
            .kind(listing()?)
            .master_key(MasterKey::from_bytes(&[7; 32]))
            .open()
            .await?;
        let seat = Seat::Facility(eovr.org().stamps().next().ok_or("no facility")?.clone());
        let quality = eovr.session(Actor::new(ActorId::new("mona")?, Role::QualityAdmin, seat)?);
        Ok(Self { folder: tempfile::tempdir()?, eovr, quality })
    }

    fn asked(&self, list: &List) -> Result<(Args, Rows), Box<dyn std::error::Error>> {
        let path: PathBuf = self.folder.path().join(list.file);
        fs::write(&path, format!("text\n{}\n", list.rows.join("\n")))?;
        let (file, folder) = (path.to_string_lossy(), self.folder.path().to_string_lossy());
        let line = ["import", &file, "--text", "text", "--dir", &folder];
        let args = Line::try_parse_from(line.into_iter().chain(list.options.iter().copied()))?.args;
        let rows =
            Rows::open(&path, "text", None, &args.reading).map_err(|failure| format!("{failure:?}"))?;
        Ok((args, rows))
    }

    /// The name of the import of a list.
    fn name(&self, list: &List) -> Result<String, Box<dyn std::error::Error>> {
        let (args, rows) = self.asked(list)?;
        let facility = engine::facility(&self.eovr, None).map_err(|failure| format!("{failure:?}"))?;
        Ok(rows.of_facility(&facility).name(&args.category))
    }

    async fn import(&self, list: &List) -> Result<String, Box<dyn std::error::Error>> {
        self.import_until(list, u64::MAX).await
    }

    /// Imports a list and stops after this row.
    async fn import_until(&self, list: &List, last: u64) -> Result<String, Box<dyn std::error::Error>> {
        let ((args, rows), said) = (self.asked(list)?, Said::default());
        let done = import(&args, rows, &self.eovr, |row| row > last, &mut Out::into(said.clone())).await;
        let code = done.map_err(|failure| format!("{failure:?}"))?;
        assert_eq!(code == INTERRUPTED, last < list.rows.len() as u64, "{}", said.text());
        Ok(said.text())
    }

    async fn take_back(&self, name: &str) -> Result<String, Box<dyn std::error::Error>> {
        let said = Said::default();
        let done = taken_back::take_back(&self.quality, name, &mut Out::into(said.clone())).await;
        done.map_err(|failure| format!("{failure:?}"))?;
        Ok(said.text())
    }

    /// The narratives of the reports that figures count, in order.
    async fn reports(&self) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let all = engine::all(&self.quality, KIND).await?;
        let there = all.iter().filter(|record| record.facet("disposition").is_none());
        let texts = there.map(|record| self.quality.open(record, "description"));
        let texts = texts.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        let mut texts: Vec<_> = texts.iter().map(|text| text.to_string()).collect();
        texts.sort();
        Ok(texts)
    }
}

#[tokio::test]
async fn a_report_with_the_text_of_an_earlier_import_is_named_with_its_line() -> Tested {
    let worker = Worker::new().await?;
    let (january, february) = (List::new(&[LIFT, FALL]), List::new(&[PUMP, FALL, LIFT]));
    let earlier = worker.name(&january)?;
    assert!(!worker.import(&january).await?.contains("have the text of a report"));
    assert!(
        !worker.import(&january).await?.contains("have the text of a report"),
        "the same file is the same import"
    );
    for _ in 0..2 {
        let said = worker.import(&february).await?;
        assert!(
            said.contains(&format!("2 of them have the text of a report from import {earlier}: lines 3-4\n")),
            "{said}"
        );
        assert!(said.contains("import both lists with `--id COLUMN`"), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_report_of_two_imports_stays_when_one_is_taken_back() -> Tested {
    let worker = Worker::new().await?;
    let (shorter, longer) = (List::new(&[LIFT, FALL]), List::new(&[FALL, PUMP]));
    let (first, second) = (worker.name(&shorter)?, worker.name(&longer)?);
    worker.import(&shorter).await?;
    worker.import(&longer).await?;
    let said = worker.take_back(&first).await?;
    assert!(said.contains("1 reports were set aside as not reportable, 0 had been before"), "{said}");
    assert!(said.contains("1 stay, because other imports list them too"), "{said}");
    assert!(said.contains(&format!("import {second} lists 1 of them")), "{said}");
    assert_eq!(worker.reports().await?, [FALL, PUMP]);
    worker.take_back(&second).await?;
    assert_eq!(worker.reports().await?, [""; 0], "no import lists it any more");
    Ok(())
}

#[tokio::test]
async fn an_import_that_was_taken_back_can_be_imported_again_in_full() -> Tested {
    let worker = Worker::new().await?;
    let list = List::new(&[LIFT, LIFT, FALL]);
    for time in 0..3 {
        let said = worker.import(&list).await?;
        assert!(said.contains("3 accepted, 0 rejected, 0 already there"), "time {time}: {said}");
        let said = worker.import(&list).await?;
        assert!(said.contains("0 accepted, 0 rejected, 3 already there"), "time {time}: {said}");
        assert_eq!(worker.reports().await?, [LIFT, LIFT, FALL]);
        worker.take_back(&worker.name(&list)?).await?;
        assert_eq!(worker.reports().await?, [""; 0]);
    }
    Ok(())
}

#[tokio::test]
async fn a_report_that_an_account_has_set_aside_is_not_created_again() -> Tested {
    let worker = Worker::new().await?;
    let list = List::new(&[LIFT, FALL]);
    worker.import(&list).await?;
    let newest = engine::all(&worker.quality, KIND).await?.swap_remove(0);
    let command = Command::new(Action::Dispose).set("disposition", "not_reportable").note("a drill");
    worker.quality.act(&KIND, newest.id(), command).await?;
    let said = worker.import(&list).await?;
    assert!(said.contains("2 rows: 0 accepted, 0 rejected, 2 already there"), "{said}");
    assert!(said.contains("1 of the existing reports were set aside as not reportable"), "{said}");
    let refused = worker.take_back(&worker.name(&list)?).await;
    assert!(refused.is_err(), "an account has worked on a report");
    assert_eq!(worker.reports().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_interrupted_import_that_was_taken_back_starts_at_its_first_row() -> Tested {
    let worker = Worker::new().await?;
    let list = List::new(&[LIFT, FALL, PUMP]);
    worker.import_until(&list, 2).await?;
    worker.take_back(&worker.name(&list)?).await?;
    let said = worker.import(&list).await?;
    assert!(said.contains("3 rows: 3 accepted"), "{said}");
    assert_eq!(worker.reports().await?, [LIFT, FALL, PUMP]);
    Ok(())
}

#[tokio::test]
async fn after_an_interrupted_take_back_an_import_and_a_take_back_are_complete() -> Tested {
    for goes in [false, true] {
        let worker = Worker::new().await?;
        let list = List::new(&[LIFT, FALL, PUMP]);
        let name = worker.name(&list)?;
        worker.import_until(&list, 2).await?;
        // The interrupted take-back has set one report aside.
        let newest = engine::all(&worker.quality, KIND).await?.swap_remove(0);
        let command = Command::new(Action::Dispose).set("disposition", "not_reportable");
        let command = command.note(format!("import {name} was taken back"));
        worker.quality.act(&KIND, newest.id(), command).await?;
        if goes {
            let said = worker.take_back(&name).await?;
            assert!(said.contains("1 reports were set aside as not reportable, 1 had been before"), "{said}");
            assert_eq!(worker.reports().await?, [""; 0]);
        }
        worker.import(&list).await?;
        assert_eq!(worker.reports().await?, [LIFT, FALL, PUMP]);
    }
    Ok(())
}

#[tokio::test]
async fn an_import_with_other_options_does_not_continue_another() -> Tested {
    let same = ["--category", "clinical_process", "--encoding", "utf-8", "--separator", ","];
    for other in [["--category", "medication"], ["--encoding", "windows-1256"], ["--separator", ";"]] {
        let worker = Worker::new().await?;
        let list = List::new(&[LIFT, FALL, PUMP]);
        worker.import_until(&list, 2).await?;
        let said = worker.import_until(&list.clone().with(&same), 2).await?;
        assert!(said.contains("going on after row 2"), "a detected option equals a given one: {said}");
        let said = worker.import(&list.with(&other)).await?;
        assert!(!said.contains("going on"), "{other:?}: {said}");
        assert!(said.contains("3 rows: 1 accepted, 0 rejected, 2 already there"), "{other:?}: {said}");
    }
    Ok(())
}

/// A report: its text, and its number among the reports of one list with this text.
type Known = (&'static str, usize);

/// The model: which import lists which report, and which import created it.
#[derive(Debug, Default)]
struct Book {
    lists: BTreeMap<String, BTreeSet<Known>>,
    made_by: BTreeMap<Known, String>,
}

impl Book {
    /// The reports of a list, with their lines.
    fn known(list: &List) -> Vec<(Known, u64)> {
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        let rows = list.rows.iter().zip(2..).filter(|(text, _)| **text != SHORT);
        let known = rows.map(|(text, line)| {
            let times = met.entry(text).or_default();
            *times += 1;
            ((*text, *times), line)
        });
        known.collect()
    }

    fn import(&mut self, name: &str, list: &List, last: u64) {
        for (known, line) in Self::known(list) {
            if line <= last.saturating_add(1) {
                self.lists.entry(name.to_owned()).or_default().insert(known);
                self.made_by.entry(known).or_insert_with(|| name.to_owned());
            }
        }
    }

    fn take_back(&mut self, name: &str) {
        self.lists.remove(name);
        let Self { lists, made_by } = self;
        made_by.retain(|known, _| lists.values().any(|list| list.contains(known)));
    }

    fn reports(&self) -> Vec<&str> {
        self.made_by.keys().map(|(text, _)| *text).collect()
    }

    /// The lines of a list whose text is a report of another import, by that import.
    fn by_words(&self, name: &str, list: &List) -> BTreeMap<String, Vec<u64>> {
        let mut lines: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (known, line) in Self::known(list) {
            let is_listed = self.lists.get(name).is_some_and(|list| list.contains(&known));
            if let Some(maker) = self.made_by.get(&known).filter(|maker| is_listed && *maker != name) {
                lines.entry(maker.clone()).or_default().push(line);
            }
        }
        lines
    }
}

fn named(said: &str) -> BTreeMap<String, Vec<u64>> {
    let named = said.lines().filter_map(|line| {
        let (import, lines) =
            line.split_once("have the text of a report from import ")?.1.split_once(": line")?;
        let numbers = lines.trim_start_matches('s').trim().split(", ").flat_map(|stretch| {
            let (first, last) = stretch.split_once('-').unwrap_or((stretch, stretch));
            first.parse::<u64>().unwrap()..=last.parse().unwrap()
        });
        Some((import.to_owned(), numbers.collect()))
    });
    named.collect()
}

#[tokio::test]
async fn each_report_exists_once_whatever_imports_run_stop_and_are_taken_back() -> Tested {
    for seed in 0..50 {
        let (worker, mut chance, mut book) = (Worker::new().await?, Chance::new(seed), Book::default());
        let mut list = List::new(&[LIFT, FALL, LIFT]);
        let (mut before, mut names, mut told) = (Vec::<List>::new(), BTreeSet::new(), Vec::new());
        for _ in 0..16 {
            match chance.below(12) {
                0..=2 => list.rows.push(*chance.pick(&[LIFT, FALL, PUMP, SHORT])),
                3 => list.rows.sort_unstable(),
                4 => list.rows.reverse(),
                5 => list.file = *chance.pick(&["list.csv", "list next.csv"]),
                6 => list.options = chance.pick(&[vec![], vec!["--category", "medication"]]).clone(),
                7 => list = List::new(&[PUMP, *chance.pick(&[LIFT, FALL])]),
                8..=10 if !before.is_empty() => list = chance.pick(&before).clone(),
                _ => {}
            }
            let known: Vec<String> = names.iter().cloned().collect();
            if !known.is_empty() && chance.percent(35) {
                let name = chance.pick(&known);
                told.push(format!("{name} goes"));
                worker.take_back(name).await?;
                book.take_back(name);
            } else {
                let name = worker.name(&list)?;
                let rows = list.rows.len();
                let last = if chance.percent(40) { chance.below(rows) as u64 } else { u64::MAX };
                told.push(format!("{name} comes up to row {last}: {list:?}"));
                let said = worker.import_until(&list, last).await?;
                book.import(&name, &list, last);
                assert_eq!(named(&said), book.by_words(&name, &list), "seed {seed}: {told:#?}\n{said}");
                before.push(list.clone());
                if book.lists.contains_key(&name) {
                    names.insert(name);
                }
            }
            assert_eq!(worker.reports().await?, book.reports(), "seed {seed}: {told:#?}\n{book:#?}");
        }
    }
    Ok(())
}
