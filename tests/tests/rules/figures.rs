//! Each figure equals a plain count, record by record.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::incident::{Action, Apart, Comparison, KIND, Level, Months, OfMonth, OfPlace, State, Summary};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Clock as _;
use eovr_core::record::{Query, Record, Value};
use eovr_core::workflow::Label as _;
use eovr_core::{Command, Eovr, ErrorKind, Session};
use eovr_tests::chance::Chance;
use eovr_tests::{TestClock, actor, hospital, id, report};

const FACILITIES: [&str; 4] = ["CAI-1-1", "CAI-1-2", "CAI-2-1", "ALX-1-1"];
const DAY: i64 = 24 * 3600;

/// More than half a year of reports: some rated, some in progress, some completed, some disposed of.
async fn world(seed: u64) -> (Eovr, TestClock) {
    let (eovr, clock) = hospital(Arc::new(MemoryStore::new())).await;
    let mut chance = Chance::new(seed);
    for number in 0..90 {
        if number == 45 {
            clock.pass_seconds(70 * DAY); // a whole month without a report
        }
        clock.pass_seconds(3600 + i64::try_from(chance.below(4 * 24 * 3600)).unwrap());
        let place = *chance.pick(&FACILITIES);
        let grave = chance.percent(30);
        let words = if grave { "Ten times the dose, and the heart stopped." } else { "A tray came late." };
        let staff = eovr.session(actor("nurse", Role::Staff, place));
        let made = staff.incidents().report(&id(place), report(words)).await.unwrap().written.id;
        let quality = eovr.session(actor("quality", Role::QualityAdmin, place));
        let incidents = quality.incidents();
        if chance.percent(60) {
            let (severity, probability) = (*chance.pick(&["1", "2", "3"]), *chance.pick(&["1", "2", "3"]));
            incidents.assess(made, None, severity, probability).await.unwrap();
        }
        if chance.percent(20) {
            let verdict = *chance.pick(&["accepted", "overridden"]);
            let said = Command::new(Action::ReviewAi).set("ai_review", verdict).note("looked at it");
            quality.act(&KIND, made, said).await.unwrap();
        }
        if chance.percent(10) {
            let away = Command::new(Action::Dispose).set("disposition", "not_reportable").note("a test");
            quality.act(&KIND, made, away).await.unwrap();
        } else if chance.percent(60) {
            quality.act(&KIND, made, Command::new(Action::Start)).await.unwrap();
            if chance.percent(50) {
                quality.act(&KIND, made, Command::new(Action::Evaluate)).await.unwrap();
                quality.act(&KIND, made, Command::new(Action::TakeAction)).await.unwrap();
                let done = Command::new(Action::CompleteEarly).note("it was nothing");
                let manager = eovr.session(actor("manager", Role::AdminManager, place));
                manager.act(&KIND, made, done).await.unwrap();
            }
        }
    }
    (eovr, clock)
}

/// Every record that this session may read.
async fn seen(session: &Session) -> Vec<Record> {
    let mut query = Query::of(KIND).limit(Query::LARGEST_PAGE);
    let mut all = Vec::new();
    loop {
        let page = session.find(&query).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => return all,
        }
    }
}

fn counts(record: &Record) -> bool {
    record.facet("disposition").is_none()
}

/// The sessions that may query figures, with their tiers.
fn sessions(eovr: &Eovr) -> Vec<(u8, Session)> {
    let roles = [Role::QualityAdmin, Role::AdminManager, Role::GovernorateManager, Role::TopManagement];
    let people = (2..).zip(roles);
    let people = people.flat_map(|(tier, role)| FACILITIES.map(|at| (tier, actor("reader", role, at))));
    people.map(|(tier, person)| (tier, eovr.session(person))).collect()
}

fn value(record: &Record, apart: Option<Apart>) -> Option<Value> {
    match apart? {
        Apart::State => Some(Value::from(record.state().as_str())),
        Apart::Severity => record.facet("severity").cloned(),
        Apart::HighRisk => record.facet("high_risk").cloned(),
    }
}

#[tokio::test]
async fn a_summary_counts_what_it_says() {
    let (eovr, clock) = world(11).await;
    let now = clock.now();
    for (_, session) in sessions(&eovr) {
        let all: Vec<_> = seen(&session).await.into_iter().filter(counts).collect();
        let summary = session.incidents().summary().await.unwrap();
        let open = |record: &&Record| *record.state() != State::Completed.name();
        let high = |record: &&Record| record.facet("high_risk") == Some(&Value::Bool(true));
        let late = |record: &&Record| {
            let age = now.as_micros() - record.envelope().created_at.as_micros();
            age > Summary::DAYS_TO_COMPLETE * DAY * 1_000_000
        };
        assert_eq!(summary.total, all.len() as u64);
        assert_eq!(summary.high_risk, all.iter().filter(open).filter(high).count() as u64);
        assert_eq!(summary.overdue, all.iter().filter(open).filter(late).count() as u64);
        let new = all.iter().filter(|record| *record.state() == "created").count() as u64;
        assert_eq!(summary.pending_review, new);
        let mut cells = BTreeMap::new();
        for record in &all {
            let severity = record.text("severity").map(str::to_owned);
            *cells.entry((record.state().to_string(), severity)).or_insert(0_u64) += 1;
        }
        let got: BTreeMap<_, _> =
            summary.cells.into_iter().map(|cell| ((cell.state, cell.severity), cell.count)).collect();
        assert_eq!(got, cells);
    }
}

#[tokio::test]
async fn a_trend_has_no_values_before_the_first_data_and_none_for_the_future() {
    let (eovr, clock) = world(12).await;
    let this = clock.now().month(&jiff::tz::TimeZone::UTC);
    let mut zeros = 0;
    for (tier, session) in sessions(&eovr) {
        let all = seen(&session).await;
        for apart in [None, Some(Apart::State), Some(Apart::Severity), Some(Apart::HighRisk)] {
            let asked = Months { from: Some(202_510), to: Some(202_802) };
            let asked_in_vain = session.incidents().trend(asked, apart).await;
            if tier < 3 {
                assert_eq!(asked_in_vain.unwrap_err().kind(), ErrorKind::Denied);
                continue;
            }
            let trend = asked_in_vain.unwrap();
            let since = all.iter().map(|record| record.envelope().month).min();
            assert_eq!(trend.since, since);
            let months: BTreeSet<u32> = trend.months.iter().map(|cell| cell.month).collect();
            let wanted = (2025..=2028).flat_map(|year| (1..=12).map(move |month| year * 100 + month));
            assert!(months.into_iter().eq(wanted.filter(|month| (202_510..=202_802).contains(month))));
            for OfMonth { month, value: of, count } in &trend.months {
                let there = all.iter().filter(|record| record.envelope().month == *month);
                let there: Vec<_> = there.filter(|record| counts(record)).collect();
                let plain =
                    match (there.is_empty(), since.is_some_and(|since| (since..=this).contains(month))) {
                        (_, false) => None,
                        (true, true) => Some(0),
                        (false, true) => {
                            Some(there.iter().filter(|record| value(record, apart) == *of).count() as u64)
                        }
                    };
                assert_eq!(*count, plain, "{month} {of:?}");
                zeros += u32::from(plain == Some(0));
            }
            let counted: u64 = trend.months.iter().filter_map(|cell| cell.count).sum();
            assert_eq!(counted, all.iter().filter(|record| counts(record)).count() as u64);
        }
    }
    assert!(zeros > 0, "no month was without a report");
}

#[tokio::test]
async fn a_trend_that_is_open_goes_from_the_first_report_to_this_month() {
    let (eovr, clock) = hospital(Arc::new(MemoryStore::new())).await;
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let none = top.incidents().trend(Months::default(), None).await.unwrap();
    assert_eq!((none.since, none.months), (None, Vec::new()));
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    nurse.incidents().report(&id("CAI-1-1"), report("A tray came late.")).await.unwrap();
    let month = clock.now().month(&jiff::tz::TimeZone::UTC);
    clock.pass_seconds(70 * DAY);
    let trend = top.incidents().trend(Months::default(), None).await.unwrap();
    let counts: Vec<_> = trend.months.iter().map(|cell| cell.count).collect();
    assert!(counts.len() >= 3 && counts[0] == Some(1) && counts[1..].iter().all(|count| *count == Some(0)));
    assert_eq!(trend.since, Some(month));
    for (from, to) in [(202_613, 202_612), (190_001, 202_612)] {
        let wrong = top.incidents().trend(Months { from: Some(from), to: Some(to) }, None).await;
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidInput, "{from}");
    }
}

#[tokio::test]
async fn a_comparison_has_its_denominators_and_lists_places_without_reports() {
    let (eovr, _) = world(13).await;
    for (tier, session) in sessions(&eovr) {
        let all: Vec<_> = seen(&session).await.into_iter().filter(counts).collect();
        for level in [Level::Governorate, Level::Administration, Level::Facility] {
            let place = |record: &Record| {
                let stamp = &record.envelope().stamp;
                match level {
                    Level::Governorate => stamp.governorate.to_string(),
                    Level::Administration => stamp.administration.to_string(),
                    Level::Facility => stamp.facility.to_string(),
                }
            };
            for apart in [None, Some(Apart::HighRisk)] {
                let months = Months { from: Some(202_700), to: None };
                let wrong = session.incidents().compare(level, months, apart).await.unwrap_err();
                let denied = tier < 4;
                let months = Months { from: Some(202_701), to: None };
                let compared = session.incidents().compare(level, months, apart).await;
                if denied {
                    assert_eq!(compared.unwrap_err().kind(), ErrorKind::Denied);
                    continue;
                }
                assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
                let compared = compared.unwrap();
                let within: Vec<_> = all.iter().filter(|record| record.envelope().month >= 202_701).collect();
                for OfPlace { place: of, value: apart_by, count, of: denominator } in &compared.places {
                    let there: Vec<_> = within.iter().filter(|record| place(record) == *of).collect();
                    assert_eq!(*denominator, there.len() as u64, "{of}");
                    let same = there.iter().filter(|record| value(record, apart) == *apart_by);
                    assert_eq!(*count, same.count() as u64, "{of} {apart_by:?}");
                }
                let places: BTreeSet<_> = compared.places.iter().map(|cell| cell.place.as_str()).collect();
                assert!(within.iter().all(|record| places.contains(place(record).as_str())));
                if level == Level::Facility && tier == 5 {
                    assert_eq!(places.len(), eovr.org().stamps().count(), "a silent place is missing");
                    assert!(compared.places.iter().any(|cell| cell.of == 0));
                }
            }
        }
    }
    assert!(Comparison::NOTE.0.contains("not a ranking") && Comparison::NOTE.1.contains("ليست ترتيب"));
}
