//! The cost of a decision alone, without store, task and clock.

use std::collections::BTreeMap;
use std::hint::black_box;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use eovr_core::access::{Actor, Role};
use eovr_core::audit::{Attested, Authenticator, StoredEvent};
use eovr_core::decide::{Change, Context, Target, decide};
use eovr_core::incident::{self, Action, KIND, Settings};
use eovr_core::kind::{Catalog, Kind};
use eovr_core::org::Org;
use eovr_core::ports::EntropySource as _;
use eovr_core::record::{Record, RecordId};
use eovr_core::seal::{Entropy, KeyRing};
use eovr_core::triage::local::LocalLearner;
use eovr_core::triage::{Case, EmbeddedRules, Scorer as _};
use eovr_core::{Command, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::stopwatch::{take_turns, thread_cpu_each};
use crate::table::Line;
use crate::{Outcome, Scale, world};

const QUESTION: &str = "Which of the two vials was taken from the drawer first, and was the second check \
    skipped because nobody was free, or because the label looked right? Please answer before Sunday.";

/// The inputs of a decision, made as the service makes them.
struct Ward {
    catalog: Catalog,
    ring: KeyRing,
    org: Org,
    actor: Actor,
    authenticator: Authenticator,
    entropy: world::Counted,
    now: Timestamp,
}

impl Ward {
    fn new() -> Outcome<Self> {
        let entropy = world::Counted::default();
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        Ok(Self {
            catalog: Catalog::new(incident::kinds(Settings::default())?, &[])?,
            ring: KeyRing::create(
                &world::master_key(),
                ids,
                world::NOW,
                &mut Entropy::from_seed(&entropy.seed()?),
            )?,
            org: world::org()?,
            actor: world::actor(Role::QualityAdmin, &world::stamp(3, 4, 5)?)?,
            authenticator: Authenticator::new([(Uuid::from_u128(3), &[7; 32])], true),
            entropy,
            now: Timestamp::from_micros(world::NOW),
        })
    }

    fn kind(&self) -> Outcome<&Kind> {
        Ok(self.catalog.kind(&KIND)?)
    }

    fn decide(&self, kind: &Kind, target: Target<'_>, command: Command) -> Outcome<Change> {
        let facility = match &target {
            Target::New { stamp, .. } => stamp.facility.clone(),
            Target::Existing { record, .. } => record.envelope().stamp.facility.clone(),
        };
        let mut context = Context {
            actor: &self.actor,
            catalog: &self.catalog,
            cipher: &self.ring,
            authenticator: Some(&self.authenticator),
            now: self.now,
            zone: &self.org.zone(&facility),
            entropy: &mut Entropy::from_seed(&self.entropy.seed()?),
            checks: &BTreeMap::new(),
        };
        let changes = decide(kind, target, command, &mut context)?.into_changes();
        Ok(changes.into_iter().next().ok_or("a decision changes a record")?)
    }

    fn act(&self, record: &Attested, command: Command) -> Outcome<Change> {
        self.decide(self.kind()?, Target::Existing { record, open_children: &BTreeMap::new() }, command)
    }

    /// A report under evaluation, and its events so far.
    fn evaluating(&self) -> Outcome<(Attested, Vec<StoredEvent>)> {
        let stamp = world::stamp(3, 4, 5)?;
        let id = RecordId::from_parts(self.now, [9; 10]);
        let reported = self.decide(self.kind()?, Target::New { id, stamp, parent: None }, full_report())?;
        let mut events = vec![StoredEvent::from(reported.link())];
        let mut record = reported.into_record();
        for action in [Action::Start, Action::Evaluate] {
            let change = self.act(&record, Command::new(action))?;
            events.push(StoredEvent::from(change.link()));
            record = change.into_record();
        }
        Ok((record, events))
    }
}

/// The same fields as [`world::report`], as the command that it becomes.
fn full_report() -> Command {
    let report = world::report(1);
    Command::new(Action::Report)
        .set("category", report.category)
        .set("reporter_type", "staff")
        .set_some("location", report.location)
        .set_some("occurred_at", report.occurred_at)
        .set("receipt", eovr_core::record::Value::Bytes(vec![5; 32]))
        .write("description", report.description)
        .write_some("specific_error", report.specific_error)
        .write_some("involved_person", report.involved_person)
        .write_some("medical_file_number", report.medical_file_number)
        .write_some("immediate_action", report.immediate_action)
}

/// The row `decide`.
pub(crate) fn decide_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let ward = Ward::new()?;
    let kind = ward.kind()?;
    let (record, events) = ward.evaluating()?;
    let last = events.into_iter().last().ok_or("a record has an event")?;
    let floor = Floor::of(&ward.act(&record, Command::new(Action::Ask).note(QUESTION))?)?;
    let count = scale.pick(2000, 200);
    let open_children = BTreeMap::new();
    // As an engine does: it compares the record with its last event.
    let (kept, last) = (Record::clone(&record), last.body);
    let mut transition = || {
        thread_cpu_each(count, |_| {
            let record = Attested::of(kept.clone(), Some(&last), Some(&ward.authenticator))?;
            let target = Target::Existing { record: &record, open_children: &open_children };
            black_box(ward.decide(kind, target, Command::new(Action::Ask).note(QUESTION))?);
            Ok(())
        })
    };
    let mut bare = || thread_cpu_each(count, |index| floor.run(index));
    let mut report = || {
        thread_cpu_each(count, |index| {
            let id = RecordId::from_parts(ward.now, [u8::try_from(index % 256)?; 10]);
            let target = Target::New { id, stamp: world::stamp(3, 4, 5)?, parent: None };
            black_box(ward.decide(kind, target, full_report())?);
            Ok(())
        })
    };
    let costs = take_turns(scale.pick(25, 5), &mut [&mut transition, &mut bare, &mut report])?;
    let [transition, bare, report] = costs.as_slice() else { return Err("three contestants".into()) };
    Ok(vec![
        Line::new("decide: a transition with a sealed note, CPU", format!("{:.1} µs", transition.cpu))
            .floor(format!("{:.1} µs  AES-GCM + SHA-256 + JSON", bare.cpu), transition.cpu / bare.cpu)
            .target("< 20 µs", transition.cpu < 20.0),
        Line::new("decide: a new report, five fields, triage, CPU", format!("{:.1} µs", report.cpu)),
    ])
}

/// The bytes of one decision, processed by cipher, hash and JSON only.
struct Floor {
    cipher: Aes256Gcm,
    note: Vec<u8>,
    binding: Vec<u8>,
    content: Vec<u8>,
    change: Change,
}

impl Floor {
    fn of(change: &Change) -> Outcome<Self> {
        // A change cannot be cloned, so the same decision is made again and yields the same bytes.
        let ward = Ward::new()?;
        let (record, _) = ward.evaluating()?;
        let again = ward.act(&record, Command::new(Action::Ask).note(QUESTION))?;
        if again.link().body().len() != change.link().body().len() {
            return Err("the floor has other bytes".into());
        }
        Ok(Self {
            cipher: Aes256Gcm::new_from_slice(&[3; 32])?,
            note: QUESTION.as_bytes().to_vec(),
            binding: vec![1; 75],
            content: vec![1; content_length(again.record())],
            change: again,
        })
    }

    fn run(&self, index: usize) -> Outcome<()> {
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(index.to_le_bytes()).for_each(|(out, byte)| *out = byte);
        let mut sealed = self.note.clone();
        let tag =
            self.cipher.encrypt_inout_detached((&nonce).into(), &self.binding, sealed.as_mut_slice().into());
        black_box((tag.map_err(|_| "the note is too long")?, sealed));
        black_box(Sha256::digest(&self.content));
        let body = serde_json::to_string(self.change.link().event())?;
        black_box(Sha256::new().chain_update(b"eovr.event.v1\n").chain_update(&body).finalize());
        Ok(())
    }
}

/// How many bytes of a record its digest covers: each part with its length.
fn content_length(record: &Record) -> usize {
    use eovr_core::record::Value;
    let value = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Time(_) => 8,
    };
    let facets: usize =
        record.facets().iter().map(|(name, facet)| 28 + name.as_str().len() + value(facet)).sum();
    let sealed = record.sealed_fields().iter();
    let sealed: usize = sealed.map(|(name, sealed)| 16 + name.as_str().len() + sealed.as_bytes().len()).sum();
    facets + sealed + 240 // the envelope
}

/// The row `verify`.
pub(crate) fn verify_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let ward = Ward::new()?;
    let (mut record, mut events) = ward.evaluating()?;
    while events.len() < 200 {
        let change = ward.act(&record, Command::new(Action::AddRemark).note(QUESTION))?;
        events.push(StoredEvent::from(change.link()));
        record = change.into_record();
    }
    let count = scale.pick(50, 5);
    let mut ours = || {
        thread_cpu_each(count, |_| {
            let verdict = ward.authenticator.verify(ward.kind()?, black_box(&record), black_box(&events));
            if verdict.is_intact() { Ok(()) } else { Err("the chain is broken".into()) }
        })
    };
    let mut floor = || {
        thread_cpu_each(count, |_| {
            for event in &events {
                black_box(Sha256::digest(&event.body));
                black_box(event.read()?);
            }
            Ok(())
        })
    };
    let costs = take_turns(scale.pick(25, 5), &mut [&mut ours, &mut floor])?;
    let [ours, floor] = costs.as_slice() else { return Err("two contestants".into()) };
    let rate = |cost: f64| events.len() as f64 / cost * 1e6;
    Ok(vec![
        Line::new("verify: a chain of 200 events, CPU", format!("{:.0} events/s", rate(ours.cpu)))
            .floor(format!("{:.0} events/s  SHA-256 + reading JSON", rate(floor.cpu)), ours.cpu / floor.cpu),
    ])
}

/// The row `triage`.
pub(crate) fn triage_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let cases = CASES.map(|(narrative, category)| Case { narrative, category, ..Case::default() });
    let bytes: usize = CASES.iter().map(|(narrative, _)| narrative.len()).sum();
    let count = scale.pick(200, 20);
    let mut ours = || {
        thread_cpu_each(count, |_| {
            for case in &cases {
                black_box(EmbeddedRules.score(black_box(case)));
            }
            Ok(())
        })
    };
    let costs = take_turns(scale.pick(25, 5), &mut [&mut ours])?;
    let cost = costs.first().ok_or("one contestant")?.cpu;
    let rate = cases.len() as f64 / cost * 1e6;
    let mean = bytes / cases.len();
    Ok(vec![
        Line::new(
            format!("triage: narratives of {mean} bytes, English and Arabic, CPU"),
            format!("{rate:.0} narratives/s"),
        ),
        learn_row(scale, &cases)?,
    ])
}

/// A hundred reviews for a learner that already knows the hospital: each review is a test and a lesson.
fn learn_row(scale: Scale, cases: &[Case<'_>]) -> Outcome<Line> {
    const REVIEWS: usize = 100;
    const MOST_MS: f64 = 5.0;
    let mut learner = LocalLearner::default();
    let mut review = |count: usize| {
        thread_cpu_each(count, |_| {
            for (case, number) in cases.iter().cycle().zip(0..REVIEWS) {
                learner.review(black_box(case), number % 3 == 0);
            }
            Ok(())
        })
    };
    review(5)?;
    let mut ours = || review(scale.pick(20, 2));
    let costs = take_turns(scale.pick(15, 3), &mut [&mut ours])?;
    let millis = costs.first().ok_or("one contestant")?.cpu / 1000.0;
    Ok(Line::new(format!("triage: {REVIEWS} reviews learned, CPU"), format!("{millis:.2} ms"))
        .target(format!("< {MOST_MS} ms"), millis < MOST_MS))
}

const CASES: [(&str, Option<&str>); 6] = [
    (world::NARRATIVE, Some("medication")),
    ("The patient fell near the bed and died.", None),
    (
        "Near miss: the wrong blood group was almost given, noticed at the second check. No harm.",
        Some("blood"),
    ),
    (
        "سقط المريض من السرير أثناء محاولته الوصول إلى دورة المياه ليلا، ولم يكن حاجز السرير مرفوعا. \
         لم تحدث إصابة ولم يفقد الوعي، وتم إبلاغ الطبيب المناوب والأسرة، ووضعت خطة للمتابعة كل ساعة.",
        Some("fall"),
    ),
    ("تم إعطاء جرعة خاطئة من الدواء وحدث توقف في القلب وتم إنعاش المريض.", Some("medication")),
    ("The lift was out of service for two hours and the porters used the stairs with empty trolleys.", None),
];
