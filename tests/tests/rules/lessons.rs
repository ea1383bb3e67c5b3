//! A scorer that learns from the reviews of its suggestions.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::incident::harm::Harm;
use eovr_core::incident::{Action, Lessons, Report, Settings};
use eovr_core::memory::MemoryStore;
use eovr_core::record::{Query, Record, RecordId};
use eovr_core::triage::local::LocalScorer;
use eovr_core::triage::{Case, Model, Scorer, Suggestion};
use eovr_core::{Command, Eovr, incident};
use eovr_tests::{TestClock, TestEntropy, actor, id, master_key, org, report};

const HERE: &str = "CAI-1-1";
const ELSEWHERE: &str = "CAI-1-2";

/// An engine with this scorer.
async fn house(scorer: &Arc<impl Scorer + 'static>) -> Eovr {
    let settings = Settings { scorer: Some(scorer.clone() as Arc<dyn Scorer>), ..Settings::default() };
    let eovr = Eovr::builder().store(MemoryStore::new()).org(org()).kinds(incident::kinds(settings).unwrap());
    let eovr = eovr.master_key(master_key()).clock(TestClock::new()).entropy(TestEntropy::default());
    eovr.open().await.unwrap()
}

/// A report at a facility, either of the blue pump, which only this hospital has learned as a risk, or of the soup. No
/// word list knows the pump.
async fn told(eovr: &Eovr, at: &str, number: usize, grave: bool) -> RecordId {
    let what = if grave { "blue pump stood" } else { "soup came late" };
    let nurse = eovr.session(actor("nurse", Role::Staff, at));
    let told = report(&format!("The {what} in room {number} again, says the night shift."));
    nurse.incidents().report(&id(at), told).await.unwrap().written.id
}

/// A quality admin rates the incident and marks the suggestion as wrong.
async fn overridden(eovr: &Eovr, at: &str, incident: RecordId, grave: bool) {
    let quality = eovr.session(actor("quality", Role::QualityAdmin, at));
    let (severity, probability) = if grave { ("severe", "frequent") } else { ("minor", "rare") };
    quality.incidents().assess(incident, None, severity, probability).await.unwrap();
    review(eovr, at, incident, "overridden").await;
}

async fn review(eovr: &Eovr, at: &str, incident: RecordId, verdict: &str) {
    let quality = eovr.session(actor("quality", Role::QualityAdmin, at));
    let said = Command::new(Action::ReviewAi).set("ai_review", verdict);
    quality.act(&incident::KIND, incident, said).await.unwrap();
}

async fn load(eovr: &Eovr, at: &str, incident: RecordId) -> Record {
    eovr.session(actor("quality", Role::QualityAdmin, at)).incidents().load(incident).await.unwrap()
}

fn text<'r>(record: &'r Record, facet: &str) -> &'r str {
    record.text(facet).unwrap_or_default()
}

#[tokio::test]
async fn a_house_learns_from_its_own_reviews_and_no_other_house_does() {
    let scorer = Arc::<LocalScorer>::default();
    let eovr = house(&scorer).await;
    let mut lessons = Lessons::new(&eovr, scorer.clone()).unwrap();
    for number in 0..200 {
        let grave = number % 3 == 0;
        let incident = told(&eovr, HERE, number, grave).await;
        assert_eq!(text(&load(&eovr, HERE, incident).await, "ai_model"), "eovr-rules");
        overridden(&eovr, HERE, incident, grave).await;
    }
    assert_eq!(lessons.follow().await.unwrap(), 200);
    assert_eq!(lessons.follow().await.unwrap(), 0, "a report is a lesson once");
    let standing = scorer.standing(HERE);
    assert!(standing.in_charge && standing.reviews == 200 && standing.lead > Some(0.0), "{standing:?}");
    let here = load(&eovr, HERE, told(&eovr, HERE, 1000, true).await).await;
    assert_eq!((text(&here, "ai_model"), here.facet("high_risk")), ("eovr-local", Some(&true.into())));
    let there = load(&eovr, ELSEWHERE, told(&eovr, ELSEWHERE, 1000, true).await).await;
    assert_eq!((text(&there, "ai_model"), there.facet("high_risk")), ("eovr-rules", Some(&false.into())));
    assert_eq!(scorer.standing(ELSEWHERE).reviews, 0);
    // A new instance learns the same from the same feed, although the reports have changed since.
    let quality = eovr.session(actor("quality", Role::QualityAdmin, HERE));
    let newest = Query::of(incident::KIND).limit(20);
    let newest = quality.incidents().list(None, newest).await.unwrap().items;
    for record in &newest {
        quality.incidents().assess(record.id(), None, "severe", "frequent").await.unwrap();
    }
    let again = Arc::<LocalScorer>::default();
    Lessons::new(&eovr, again.clone()).unwrap().follow().await.unwrap();
    assert!(again.learner(HERE) == scorer.learner(HERE) && again.learner(HERE).is_some());
}

#[tokio::test]
async fn only_human_reviews_are_lessons() {
    let scorer = Arc::<LocalScorer>::default();
    let eovr = house(&scorer).await;
    let mut lessons = Lessons::new(&eovr, scorer.clone()).unwrap();
    let quality = eovr.session(actor("quality", Role::QualityAdmin, HERE));
    let (rated, accepted, overridden) = (
        told(&eovr, HERE, 1, true).await,
        told(&eovr, HERE, 2, false).await,
        told(&eovr, HERE, 3, true).await,
    );
    let rate = async |incident| {
        quality.incidents().assess(incident, None, "severe", "frequent").await.unwrap();
    };
    rate(rated).await;
    review(&eovr, HERE, overridden, "overridden").await;
    assert_eq!(lessons.follow().await.unwrap(), 0, "rated but not reviewed, reviewed but not rated");
    review(&eovr, HERE, accepted, "accepted").await;
    assert_eq!(lessons.follow().await.unwrap(), 1);
    rate(overridden).await;
    review(&eovr, HERE, rated, "accepted").await;
    rate(accepted).await;
    assert_eq!(lessons.follow().await.unwrap(), 2, "each once");
}

/// A scorer of the host, which receives the words alone.
#[derive(Debug)]
struct Calm {
    version: &'static str,
    chance: Option<f64>,
    flags: bool,
}

impl Scorer for Calm {
    fn model(&self) -> Model {
        Model { id: "calm".into(), version: self.version.into() }
    }

    fn score(&self, _: &Case<'_>) -> Suggestion {
        Suggestion::of_chance(self.model(), self.chance, self.flags)
    }
}

/// The rules are the floor of every scorer, so no model can call a death harmless.
#[tokio::test]
async fn a_scorer_of_the_host_raises_and_never_lowers() {
    let facets = |record: &Record| {
        let score = record.int("ai_score").unwrap();
        let flag = record.bool("ai_high_risk").unwrap();
        (text(record, "ai_model").to_owned(), score, text(record, "ai_band").to_owned(), flag)
    };
    let died = Report { actual_harm: Some(Harm::Death), ..report("It was found in the morning round.") };
    let calm = |chance, flags| Calm { version: "1", chance, flags };
    let cases = [
        // The scorer suggests less; the rules overrule it.
        (calm(Some(0.03), false), died.clone(), ("eovr-rules", 100, "extreme", true)),
        // The scorer has no suggestion; the rules decide alone.
        (calm(None, false), died.clone(), ("eovr-rules", 100, "extreme", true)),
        // The scorer's answer cannot be stored.
        (Calm { version: "", ..calm(Some(1.0), true) }, died.clone(), ("eovr-rules", 100, "extreme", true)),
        // The scorer suggests more than the rules.
        (
            calm(Some(0.9), true),
            report("The form of the night shift came late."),
            ("calm", 90, "extreme", true),
        ),
    ];
    for (scorer, report, (model, score, band, high)) in cases {
        let eovr = house(&Arc::new(scorer)).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, HERE));
        let incident = nurse.incidents().report(&id(HERE), report).await.unwrap().written.id;
        let record = load(&eovr, HERE, incident).await;
        assert_eq!(facets(&record), (model.to_owned(), score, band.to_owned(), high));
        assert_eq!(record.bool("high_risk"), Some(high));
    }
}
