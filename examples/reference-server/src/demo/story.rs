//! A year of incidents through the public API: each step by the responsible user, at its own time, in order of time.

use std::collections::BTreeMap;

use eovr_core::access::{Actor, Role};
use eovr_core::decide::Command;
use eovr_core::incident::jci::{self, Edition};
use eovr_core::incident::{self, Action, FACTORS, FollowUp, ReceiptCode, Report, Reported, Reporter};
use eovr_core::org::Stamp;
use eovr_core::record::{ActorId, Column, RecordId, Tally, Test};
use eovr_core::{Eovr, Error, Result, Session, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};

use super::accounts::Accounts;
use super::clock::DemoClock;
use super::words::{self, pick};
use crate::archetypes::{self, DemoReport};
use crate::engine;

/// How many reports are filed, before some of them are reopened.
pub(super) const COUNT: usize = 240;
const SEED: u64 = 2026;
const DAY: i64 = 24 * 3600;

/// The number of incidents that were not imported.
pub(super) async fn told(eovr: &Eovr) -> Result<u64> {
    let setup = engine::setup(eovr)?;
    let mut count = 0;
    // The author of an import is `import`, or `import-` with a name, so two ranges of names exclude it.
    for others in
        [Test::Before(crate::import::AUTHOR.into()), Test::From(format!("{}.", crate::import::AUTHOR).into())]
    {
        let tally = Tally::of(incident::KIND).filter(Column::Author, others);
        count += setup.tally(&tally).await?.cells.iter().map(|cell| cell.count).sum::<u64>();
    }
    Ok(count)
}

/// Before the first incident: the day on which the accounts are created.
pub(super) fn first_day(now: Timestamp) -> Timestamp {
    now.plus_seconds(-400 * DAY)
}

#[derive(Clone, Copy)]
enum Step {
    Report,
    Start,
    Amend,
    Evaluate,
    Ask,
    Answer,
    Assess,
    ReviewAi,
    Panel,
    Open,
    TakeAction,
    Remark,
    Finish,
    Complete,
    CompleteEarly,
    Duplicate,
    NotReportable,
    Reopen,
}

/// Steps, with the hours between the report and each.
type Plot = &'static [(i64, Step)];

use Step::{
    Amend, Answer, Ask, Assess, Complete, CompleteEarly, Duplicate, Evaluate, Finish, NotReportable, Open,
    Panel, Remark, Reopen, ReviewAi, Start, TakeAction,
};

const UNTOUCHED: Plot = &[];
const STARTED: Plot = &[(2, Start)];
const AMENDED: Plot = &[(2, Start), (3, Amend), (8, Evaluate), (9, Assess)];
const EVALUATING: Plot = &[(3, Start), (9, Evaluate), (10, Assess), (11, ReviewAi)];
const WAITING: Plot = &[(2, Start), (6, Evaluate), (7, Assess), (8, Ask)];
const ACTING: Plot = &[(2, Start), (6, Evaluate), (7, Assess), (9, Open), (10, Open), (20, TakeAction)];
const READY: Plot = &[(2, Start), (6, Evaluate), (7, Assess), (9, Open), (20, TakeAction), (30, Finish)];
const WHOLE: Plot = &[
    (3, Start),
    (20, Evaluate),
    (22, Assess),
    (23, ReviewAi),
    (26, Open),
    (27, Open),
    (48, Panel),
    (72, TakeAction),
    (200, Finish),
    (210, Finish),
    (240, Complete),
];
const ASKED: Plot = &[
    (3, Start),
    (20, Evaluate),
    (21, Ask),
    (40, Answer),
    (44, Assess),
    (46, Open),
    (60, Panel),
    (72, TakeAction),
    (90, Remark),
    (190, Finish),
    (220, Complete),
];
const EARLY: Plot =
    &[(4, Start), (26, Evaluate), (27, Assess), (30, Open), (80, TakeAction), (500, CompleteEarly)];
const DOUBLE: Plot = &[(5, Start), (6, Duplicate)];
const NOTHING: Plot = &[(5, NotReportable)];
const AGAIN: Plot = &[
    (3, Start),
    (20, Evaluate),
    (22, Assess),
    (26, Open),
    (72, TakeAction),
    (100, Finish),
    (120, Complete),
    (300, Reopen),
];

/// The histories of reports that are older than two months, and of newer ones.
const OLD: [Plot; 20] = [
    WHOLE, ASKED, WHOLE, AGAIN, WHOLE, ASKED, DOUBLE, WHOLE, EARLY, WHOLE, ASKED, WHOLE, NOTHING, WHOLE,
    ACTING, WHOLE, ASKED, AGAIN, WHOLE, EVALUATING,
];
const NEW: [Plot; 20] = [
    WHOLE, WAITING, STARTED, ASKED, UNTOUCHED, ACTING, WHOLE, EVALUATING, DOUBLE, WAITING, READY, WHOLE,
    AMENDED, ACTING, STARTED, ASKED, WAITING, UNTOUCHED, EVALUATING, READY,
];

/// One report in progress.
struct Case {
    index: usize,
    place: Stamp,
    reporter: Reporter,
    told: DemoReport,
    reported: Option<Reported>,
    open: Vec<RecordId>,
}

struct Story<'a> {
    eovr: &'a Eovr,
    accounts: &'a Accounts,
    now: Timestamp,
    newest: BTreeMap<String, (RecordId, DemoReport)>,
}

/// Tells the story up to the present; later steps are omitted.
pub(super) async fn tell(eovr: &Eovr, accounts: &Accounts, clock: &DemoClock) -> Result<()> {
    let now = clock.system();
    let places: Vec<Stamp> = eovr.org().stamps().cloned().collect();
    let mut cases = Vec::with_capacity(COUNT);
    let mut due = BTreeMap::new();
    for (index, told) in archetypes::generate(SEED, COUNT).into_iter().enumerate() {
        let at = now.plus_seconds(-i64::from(told.reported_minutes_ago) * 60);
        let plot = plot(index, &told);
        due.insert((at, index, 0), Step::Report);
        for (order, (hours, step)) in (1_usize..).zip(plot) {
            // Real work has no fixed pace, so each delay is two thirds to four thirds of its plan.
            let pace = i64::try_from(index * 37 % 61).unwrap_or(0) + 70;
            let at = at.plus_seconds(hours * 36 * pace);
            if at < now {
                due.insert((at, index, order), *step);
            }
        }
        if let Some(place) = places.get((index * 5 + index / 8) % places.len().max(1)) {
            let reporter = match index % 24 {
                7 | 19 => Reporter::Patient,
                3 | 11 | 16 => Reporter::Anonymous,
                _ => Reporter::Staff,
            };
            cases.push(Case {
                index,
                place: place.clone(),
                reporter,
                told,
                reported: None,
                open: Vec::new(),
            });
        }
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} steps")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(due.len() as u64).with_style(style);
    let mut story = Story { eovr, accounts, now, newest: BTreeMap::new() };
    for ((at, index, _), step) in due {
        clock.pretend(at);
        if let Some(case) = cases.get_mut(index) {
            story.play(case, step, at).await?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

impl Story<'_> {
    async fn play(&mut self, case: &mut Case, step: Step, at: Timestamp) -> Result<()> {
        if let Step::Report = step {
            return self.report(case).await;
        }
        let reported = case.reported.as_ref().ok_or_else(|| Error::bug("a case begins with its report"))?;
        let (id, receipt) = (reported.written.id, &reported.receipt);
        let (index, language, place) = (case.index, case.told.language, &case.place);
        let quality = self.accounts.session(Role::QualityAdmin, place)?;
        let say = |from: &'static [words::Both]| pick(from, index, language);
        let incidents = quality.incidents();
        match step {
            Step::Report => {}
            Start => drop(incidents.act(id, Action::Start, None).await?),
            Amend => {
                let command = Command::new(Action::Amend).note(say(words::AMENDED));
                let ward = if language == "ar" { "قسم الطوارئ" } else { "Emergency department" };
                quality.act(&incident::KIND, id, command.set("location", ward)).await?;
            }
            Evaluate => drop(incidents.act(id, Action::Evaluate, None).await?),
            Ask => drop(incidents.act(id, Action::Ask, Some(say(words::QUESTIONS))).await?),
            Answer => self.answer(case, receipt, id, say(words::ANSWERS)).await?,
            Assess => {
                let (severity, probability) =
                    (case.told.severity.to_string(), case.told.probability.to_string());
                incidents.assess(id, None, &severity, &probability).await?;
            }
            ReviewAi => self.review(quality, id, case.told.severity).await?,
            Panel => drop(quality.act(&incident::KIND, id, panel(case)?).await?),
            Open => {
                let follow_up = follow_up(case, self.accounts.session(Role::Staff, place)?, at);
                let opened = incidents.follow_up(id, follow_up).await?.id;
                case.open.push(opened);
            }
            TakeAction => drop(incidents.act(id, Action::TakeAction, None).await?),
            Remark => {
                let above = [Role::AdminManager, Role::GovernorateManager, Role::TopManagement];
                let role = above.get(index % 3).copied().unwrap_or(Role::AdminManager);
                let who = self.accounts.session(role, place)?;
                who.incidents().act(id, Action::AddRemark, Some(say(words::REMARKS))).await?;
            }
            Finish => {
                if let Some(task) = case.open.pop() {
                    let evidence = task_of(index + case.open.len()).evidence.of(language);
                    incidents.finish_follow_up(task, evidence).await?;
                }
            }
            Complete => drop(incidents.act(id, Action::Complete, None).await?),
            CompleteEarly => {
                let manager = self.accounts.session(Role::AdminManager, place)?;
                manager.incidents().act(id, Action::CompleteEarly, Some(say(words::EARLY))).await?;
            }
            Duplicate => {
                if let Some((original, _)) =
                    self.newest.get(place.facility.as_str()).filter(|(of, _)| *of != id)
                {
                    let command = Command::new(Action::Dispose).note(say(words::DUPLICATE));
                    let command = command.set("disposition", "duplicate").set("duplicate_of", *original);
                    quality.act(&incident::KIND, id, command).await?;
                }
            }
            NotReportable => {
                let command = Command::new(Action::Dispose).note(say(words::NOT_REPORTABLE));
                quality.act(&incident::KIND, id, command.set("disposition", "not_reportable")).await?;
            }
            Reopen => {
                let more = Report {
                    category: case.told.category.to_owned(),
                    description: say(words::STILL).to_owned(),
                    ..Report::default()
                };
                incidents.reopen(id, say(words::REOPENED), more).await?;
            }
        }
        Ok(())
    }

    async fn report(&mut self, case: &mut Case) -> Result<()> {
        let place = &case.place;
        let key = place.facility.to_string();
        // A fresh duplicate that is not yet marked would look like an error of this program.
        let double = case.told.reported_minutes_ago > 12 * 60
            && plot(case.index, &case.told).iter().any(|(_, step)| matches!(step, Duplicate));
        if let Some((_, original)) = self.newest.get(&key).filter(|_| double) {
            // Another person reports the same incident later.
            let reported_minutes_ago = case.told.reported_minutes_ago;
            case.told = DemoReport { reported_minutes_ago, ..original.clone() };
        }
        let session = match case.reporter {
            Reporter::Patient => {
                let poster = ActorId::new(&format!("qr-poster-{}", place.facility))?;
                self.eovr.session(Actor::visitor(poster, place.clone()))
            }
            Reporter::Staff | Reporter::Anonymous => self.accounts.session(Role::Staff, place)?.clone(),
        };
        let report = self.form(case);
        let reported = session.incidents().report(&place.facility, report).await?;
        if !double {
            self.newest.insert(key, (reported.written.id, case.told.clone()));
        }
        case.reported = Some(reported);
        Ok(())
    }

    /// The form as this reporter fills it in; a patient knows less.
    fn form(&self, case: &Case) -> Report {
        let told = &case.told;
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let short = Report {
            category: told.category.to_owned(),
            description: told.narrative.clone(),
            occurred_at: Some(self.now.plus_seconds(-i64::from(told.occurred_minutes_ago) * 60)),
            location: filled(&told.ward),
            reporter: case.reporter,
            ..Report::default()
        };
        if case.reporter == Reporter::Patient {
            return short;
        }
        let factor = |shift: usize| {
            FACTORS.get((case.index + shift) % FACTORS.len()).map(|factor| (*factor).to_owned())
        };
        Report {
            subtype: filled(told.subtype),
            specific_error: filled(&told.specific_error),
            involved_person: filled(&told.involved_person),
            medical_file_number: filled(&told.medical_file_number),
            immediate_action: filled(&told.immediate_action),
            responsible_manager: filled(&told.responsible_manager),
            disclosed: Some(told.disclosed_to_patient),
            disclosure_responsible: filled(&told.disclosure_responsible),
            notes: filled(&told.notes),
            factors: factor(0).into_iter().chain(factor(4)).take(1 + case.index % 2).collect(),
            actual_harm: Some(told.actual_harm),
            potential_harm: Some(told.potential_harm),
            ..short
        }
    }

    /// A reporter without an account answers with the receipt code; other reporters sometimes do so, too.
    async fn answer(&self, case: &Case, receipt: &ReceiptCode, id: RecordId, answer: &str) -> Result<()> {
        if case.reporter != Reporter::Staff || case.index.is_multiple_of(2) {
            self.eovr.by_receipt(receipt).answer(answer).await.map(drop)
        } else {
            let staff = self.accounts.session(Role::Staff, &case.place)?;
            staff.incidents().act(id, Action::Answer, Some(answer)).await.map(drop)
        }
    }

    /// A person reviews the scorer's suggestion, if there is one.
    async fn review(&self, quality: &Session, id: RecordId, severity: u8) -> Result<()> {
        let record = quality.incidents().load(id).await?;
        let flagged = record.facet("ai_high_risk").and_then(|value| value.as_bool());
        let Some(flagged) = flagged else { return Ok(()) };
        let verdict = if flagged && severity == 1 { "overridden" } else { "accepted" };
        let command = Command::new(Action::ReviewAi).set("ai_review", verdict);
        quality.act(&incident::KIND, id, command).await.map(drop)
    }
}

fn plot(index: usize, told: &DemoReport) -> Plot {
    let old = i64::from(told.reported_minutes_ago) * 60 > 60 * DAY;
    let plots = if old { &OLD } else { &NEW };
    plots.get((index + index / 8) % plots.len()).copied().unwrap_or(UNTOUCHED)
}

fn panel(case: &Case) -> Result<Command> {
    let (index, language) = (case.index, case.told.language);
    let chapter = jci::propose(Edition::default(), case.told.category, Some(case.told.subtype))?;
    Ok(Command::new(Action::EditJci)
        .set("jci_edition", Edition::default().code())
        .set("jci_chapter", chapter.code)
        .set("jci_status", if index.is_multiple_of(3) { "not_met" } else { "partially_met" })
        .write("jci_gap", pick(words::GAPS, index, language))
        .write("jci_plan", pick(words::PLANS, index, language)))
}

fn follow_up(case: &Case, owner: &Session, at: Timestamp) -> FollowUp {
    let task = task_of(case.index + case.open.len());
    FollowUp {
        task: task.task.of(case.told.language).to_owned(),
        owner: owner.actor().id().as_str().to_owned(),
        due_at: at.plus_seconds(14 * DAY),
        kind: task.kind,
        strength: Some(task.strength),
    }
}

fn task_of(index: usize) -> &'static words::Task {
    let [first, ..] = words::TASKS;
    words::TASKS.get(index % words::TASKS.len()).unwrap_or(first)
}
