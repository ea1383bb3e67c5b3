use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::access::{Actor, Role, Scope, Seat};
use crate::analytics::Cube;
use crate::analytics::counts::{Counts, Step};
use crate::error::ErrorKind;
use crate::incident::{self, Settings};
use crate::kind::Kind;
use crate::name::Name;
use crate::org::{OrgId, Stamp};
use crate::ports::{Census, Posted};
use crate::record::{ActorId, Column, Tally, TallyCell, Test, Value};

type Model = BTreeMap<(u32, u32), u64>;

fn entries(counts: &Counts) -> Vec<(u32, u32, u64)> {
    let lists = counts.months();
    lists.flat_map(|(month, list)| list.map(move |(of, count)| (month, of, count))).collect()
}

fn check(counts: &Counts, model: &Model) {
    let mut found = entries(counts);
    found.sort_unstable();
    let wanted: Vec<_> = model.iter().map(|((month, of), count)| (*month, *of, *count)).collect();
    assert_eq!(found, wanted);
    let mut whole: BTreeMap<u32, u64> = BTreeMap::new();
    model.iter().for_each(|((_, of), count)| *whole.entry(*of).or_default() += count);
    assert_eq!(counts.whole().collect::<BTreeMap<_, _>>(), whole);
    assert_eq!(counts.whole().count(), whole.len(), "a combination is listed twice");
    assert_eq!(counts.total(), whole.values().sum::<u64>());
}

proptest! {
    #[test]
    fn counts_equal_a_plain_count(
        start in prop::collection::vec((0..5_u32, 0..300_u32, 1..100_000_u64), 0..40),
        steps in prop::collection::vec((0..6_u32, 0..300_u32, any::<bool>()), 0..120),
    ) {
        let mut model = Model::new();
        start.iter().for_each(|(month, of, count)| *model.entry((*month, *of)).or_default() += count);
        let mut counts = Counts::new(start);
        check(&counts, &model);
        // Some steps use existing records, so that counts reach zero.
        let there: Vec<_> = model.keys().copied().collect();
        for (index, (month, of, up)) in steps.into_iter().enumerate() {
            let key = there.get(index * 7 % 120).copied().filter(|_| !up).unwrap_or((month, of));
            let step = if up { Step::Up } else { Step::Down };
            let done = counts.step(key.0, key.1, step).is_some();
            let known = model.get(&key).copied().unwrap_or(0);
            prop_assert_eq!(done, up || known > 0);
            match (up, known) {
                (true, _) => drop(model.insert(key, known + 1)),
                (false, 0) => {}
                (false, 1) => drop(model.remove(&key)),
                (false, _) => drop(model.insert(key, known - 1)),
            }
            check(&counts, &model);
        }
    }
}

#[test]
fn counting_down_to_zero_leaves_no_entry() {
    let mut counts = Counts::default();
    for of in 0..200 {
        counts.step(of % 7, of, Step::Up).unwrap();
    }
    for of in (0..200).rev() {
        counts.step(of % 7, of, Step::Down).unwrap();
        assert!(counts.step(of % 7, of, Step::Down).is_none());
    }
    assert_eq!((counts.months().count(), counts.whole().count()), (0, 0));
}

fn incident() -> Kind {
    incident::kinds(Settings::default()).unwrap().remove(0)
}

fn key() -> Vec<Option<Value>> {
    let text = |text: &str| Some(Value::from(text));
    vec![text("CAI"), text("CAI-1"), text("CAI-1-1"), Some(202_611.into()), text("created"), None, None, None]
}

fn cube() -> Cube {
    let cells = vec![TallyCell { key: key(), count: 1 }];
    Cube::new(&incident(), Census { position: 4, cells }).unwrap()
}

fn message() -> serde_json::Value {
    serde_json::json!({
        "topic": "incident.start", "record": "r", "version": 2, "from": "created", "to": "in_progress",
        "governorate": "CAI", "administration": "CAI-1", "facility": "CAI-1-1", "month": 202_611,
        "before": {"disposition": null, "severity": null, "high_risk": null},
        "after": {"disposition": null, "severity": "minor", "high_risk": null},
    })
}

#[test]
fn a_message_moves_a_count_once() {
    let mut cube = cube();
    let posted = Posted { position: 5, message: message().to_string() };
    cube.apply(&posted).unwrap();
    // The same message again is ignored. Applying it would fail, because the count is zero.
    cube.apply(&posted).unwrap();
    assert_eq!(cube.position(), 5);
    let again = Posted { position: 6, ..posted };
    assert_eq!(cube.apply(&again).unwrap_err().kind(), ErrorKind::Bug);
}

#[test]
fn a_message_of_another_kind_changes_only_the_position() {
    let mut cube = cube();
    let other = Posted { position: 5, message: message().to_string().replace("incident.", "incidents.") };
    cube.apply(&other).unwrap();
    assert_eq!(cube.position(), 5);
    cube.apply(&Posted { position: 6, message: message().to_string() }).unwrap();
}

/// A node that tallies fewer facets does not mention the others, which differs from "not set".
#[test]
fn a_facet_missing_in_a_message_is_not_treated_as_unset() {
    let mut told = message();
    told["after"].as_object_mut().unwrap().remove("high_risk");
    let refused = cube().apply(&Posted { position: 5, message: told.to_string() }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Bug);
}

#[test]
fn an_inconsistent_message_is_not_applied() {
    let changed = |key: &str, value: serde_json::Value| {
        let mut message = message();
        message[key] = value;
        message.to_string()
    };
    use serde_json::json;
    let garbage = [
        String::new(),
        "incident".to_owned(),
        "{}".to_owned(),
        changed("topic", json!("incident")),
        changed("from", json!(null)),
        changed("before", json!(null)),
        changed("from", json!("evaluating")),
        changed("before", json!({"severity": "minor"})),
        changed("after", json!({"severity": 1})),
        changed("after", json!({"high_risk": "yes"})),
        changed("after", json!({"category": "medication"})),
        changed("facility", json!("CAI-1-2")),
        changed("administration", json!("CAI-2")),
        changed("governorate", json!("ALX")),
        changed("month", json!(202_612)),
        changed("month", json!("202611")),
    ];
    for message in garbage {
        let wrong = cube().apply(&Posted { position: 5, message: message.clone() });
        assert_eq!(wrong.map_err(|error| error.kind()), Err(ErrorKind::Bug), "{message}");
    }
    let gap = cube().apply(&Posted { position: 6, message: message().to_string() });
    assert!(gap.unwrap_err().to_string().contains("leaves out"));
}

#[test]
fn a_census_with_other_columns_is_rejected() {
    let wrong: [fn(&mut Vec<Option<Value>>); 6] = [
        |key| drop(key.pop()),
        |key| key.push(None),
        |key| key[2] = None,
        |key| key[3] = Some(Value::from("202611")),
        |key| key[4] = None,
        |key| key[7] = Some(1.into()),
    ];
    for (index, wrong) in wrong.into_iter().enumerate() {
        let mut key = key();
        wrong(&mut key);
        let census = Census { position: 4, cells: vec![TallyCell { key, count: 1 }] };
        assert_eq!(Cube::new(&incident(), census).unwrap_err().kind(), ErrorKind::Bug, "{index}");
    }
}

const STATES: [&str; 3] = ["created", "evaluating", "completed"];
const SEVERITIES: [Option<&str>; 3] = [Some("severe"), None, Some("minor")];

/// Three ids of a place, month, state, severity.
type Drawn = ([usize; 3], u32, usize, usize);

fn drawn(most: usize) -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec(([0..3_usize, 0..3, 0..3], 202_601..202_605_u32, 0..3_usize, 0..3_usize), 0..most)
}

/// The same ids occur in different governorates and administrations, because hospitals move and leave records in
/// their old place.
fn drawn_stamp(numbers: [usize; 3]) -> Stamp {
    let [governorate, administration, facility] =
        numbers.map(|number| OrgId::new(["M", "C", "X"][number]).unwrap());
    Stamp { governorate, administration, facility }
}

fn drawn_key((place, month, state, severity): Drawn) -> Vec<Option<Value>> {
    let Stamp { governorate, administration, facility } = drawn_stamp(place);
    let places = [governorate, administration, facility].map(|id| Some(Value::from(id.as_str())));
    let [governorate, administration, facility] = places;
    let (month, state) = (Some(Value::from(i64::from(month))), Some(Value::from(STATES[state])));
    let severity = SEVERITIES[severity].map(Value::from);
    vec![governorate, administration, facility, month, state, None, severity, None]
}

fn drawn_message(drawn: Drawn) -> String {
    let (place, month, state, severity) = drawn;
    let stamp = drawn_stamp(place);
    serde_json::json!({
        "topic": "incident.report", "record": "r", "version": 1, "to": STATES[state], "month": month,
        "governorate": stamp.governorate.as_str(), "administration": stamp.administration.as_str(),
        "facility": stamp.facility.as_str(),
        "after": {"disposition": null, "severity": SEVERITIES[severity], "high_risk": null},
    })
    .to_string()
}

fn seats() -> Vec<(Role, Seat)> {
    let stamp = drawn_stamp([1, 2, 0]);
    let Stamp { governorate, administration, .. } = stamp.clone();
    vec![
        (Role::TopManagement, Seat::Country),
        (Role::GovernorateManager, Seat::Governorate(governorate.clone())),
        (Role::AdminManager, Seat::Administration { governorate, administration }),
        (Role::QualityAdmin, Seat::Facility(stamp)),
    ]
}

fn test(column: usize, key: &[Option<Value>]) -> Test {
    let value = key[column].clone();
    match (column, value) {
        (3, Some(month)) => Test::From(month),
        (_, Some(value)) => Test::Not(value),
        (_, None) => Test::Absent,
    }
}

proptest! {
    /// The cube gives the same answer as counting the records one by one, for any order of arrival and any columns.
    #[test]
    fn an_answer_equals_a_plain_count(
        census in drawn(40), later in drawn(20), by in prop::collection::vec(0..7_usize, 0..5),
        tested in prop::collection::vec(0..7_usize, 0..3),
    ) {
        let kind = incident();
        let cells = census.iter().map(|drawn| TallyCell { key: drawn_key(*drawn), count: 1 }).collect();
        let mut cube = Cube::new(&kind, Census { position: 0, cells }).unwrap();
        for (position, drawn) in (1..).zip(&later) {
            cube.apply(&Posted { position, message: drawn_message(*drawn) }).unwrap();
        }
        let columns = Cube::columns(&kind);
        let wanted = drawn_key(([0, 2, 1], 202_602, 1, 2));
        let clauses: Vec<_> = tested.iter().map(|column| (*column, test(*column, &wanted))).collect();
        let all = Tally { by: by.iter().map(|column| columns[*column].clone()).collect(), ..Tally::of(kind.name().clone()) };
        let tally = clauses.iter().fold(all, |tally, (column, test)| tally.filter(columns[*column].clone(), test.clone()));
        for (ids, (role, seat)) in (0..).zip(seats()) {
            let scope = Scope::of(&Actor::new(ActorId::new("nurse").unwrap(), role, seat).unwrap());
            let place = drawn_key(([1, 2, 0], 202_601, 0, 0));
            let mut counted = BTreeMap::new();
            for key in census.iter().chain(&later).map(|drawn| drawn_key(*drawn)) {
                let passes = clauses.iter().all(|(column, test)| test.holds(key[*column].as_ref()));
                if passes && key[..ids] == place[..ids] {
                    *counted.entry(by.iter().map(|column| key[*column].clone()).collect()).or_default() += 1;
                }
            }
            let counted: Vec<_> = counted.into_iter().map(|(key, count)| TallyCell { key, count }).collect();
            prop_assert_eq!(cube.answer(&scope, &tally).unwrap(), counted);
        }
    }
}

#[test]
fn a_cube_leaves_other_tallies_to_the_store() {
    let stamp = |facility: &str| Stamp {
        governorate: OrgId::new("CAI").unwrap(),
        administration: OrgId::new("CAI-1").unwrap(),
        facility: OrgId::new(facility).unwrap(),
    };
    let name = |text: &str| Name::new(text).unwrap();
    let author = ActorId::new("nurse").unwrap();
    let member = Actor::new(author.clone(), Role::QualityAdmin, Seat::Facility(stamp("CAI-1-1"))).unwrap();
    let (cube, kind, all) = (cube(), incident(), Tally::of(name("incident")));
    let answer = |actor: &Actor, tally: &Tally| {
        let scope = Scope::of(actor);
        let answer = cube.answer(&scope, tally);
        assert_eq!(answer.is_some(), Cube::answers(&kind, &scope, tally), "{actor:?}, {tally:?}");
        answer.map(|cells| cells.iter().map(|cell| cell.count).sum::<u64>())
    };
    assert_eq!(answer(&member, &all), Some(1));
    let visitor = Actor::visitor(author.clone(), stamp("CAI-1-1"));
    assert_eq!(answer(&visitor, &all), Some(0));
    let elsewhere = Actor::new(author.clone(), Role::QualityAdmin, Seat::Facility(stamp("CAI-1-2"))).unwrap();
    assert_eq!(answer(&elsewhere, &all), Some(0));
    // A cube does not count by author.
    assert_eq!(answer(&member.clone().own_records_only(), &all), None);
    assert_eq!(answer(&Actor::holder(author, name("receipt"), [0; 32]), &all), None);
    let others =
        [Column::Number, Column::Author, Column::Parent, Column::Created, Column::Facet(name("category"))];
    for column in others {
        assert_eq!(answer(&member, &all.clone().by(column.clone())), None);
        assert_eq!(answer(&member, &all.clone().filter(column, Test::Absent)), None);
    }
    assert_eq!(answer(&member, &Tally::of(name("follow_up"))), None);
    // More columns than a tally may have.
    let many = (0..=Tally::MOST_COLUMNS).fold(all, |tally, _| tally.by(Column::State));
    assert_eq!(answer(&member, &many), None);
}
