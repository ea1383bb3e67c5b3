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
use crate::record::{ActorId, Cell, Column, Tally, Test, Value};

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
    assert_eq!(counts.whole().count(), whole.len(), "a combination stands twice");
}

proptest! {
    #[test]
    fn counts_are_what_was_counted(
        start in prop::collection::vec((0..5_u32, 0..300_u32, 1..100_000_u64), 0..40),
        steps in prop::collection::vec((0..6_u32, 0..300_u32, any::<bool>()), 0..120),
    ) {
        let mut model = Model::new();
        start.iter().for_each(|(month, of, count)| *model.entry((*month, *of)).or_default() += count);
        let mut counts = Counts::new(start);
        check(&counts, &model);
        // Some steps go where something is, so that counts fall to nothing.
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
fn what_is_counted_down_to_nothing_leaves_nothing() {
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
    let cells = vec![Cell { key: key(), count: 1 }];
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
    // The same again is passed over: with the count gone, applying it would fail.
    cube.apply(&posted).unwrap();
    assert_eq!(cube.position(), 5);
    let again = Posted { position: 6, ..posted };
    assert_eq!(cube.apply(&again).unwrap_err().kind(), ErrorKind::Bug);
}

#[test]
fn a_message_of_another_kind_moves_the_position_alone() {
    let mut cube = cube();
    let other = Posted { position: 5, message: message().to_string().replace("incident.", "incidents.") };
    cube.apply(&other).unwrap();
    assert_eq!(cube.position(), 5);
    cube.apply(&Posted { position: 6, message: message().to_string() }).unwrap();
}

/// A node that counts by fewer facets says nothing of the others: that is not the same as "not set".
#[test]
fn what_is_not_told_is_not_taken_for_nothing() {
    let mut told = message();
    told["after"].as_object_mut().unwrap().remove("high_risk");
    let refused = cube().apply(&Posted { position: 5, message: told.to_string() }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Bug);
}

#[test]
fn what_does_not_fit_is_not_applied() {
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
fn a_census_of_other_columns_makes_no_cube() {
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
        let census = Census { position: 4, cells: vec![Cell { key, count: 1 }] };
        assert_eq!(Cube::new(&incident(), census).unwrap_err().kind(), ErrorKind::Bug, "{index}");
    }
}

#[test]
fn what_is_not_its_own_a_cube_leaves_to_the_store() {
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
    // Whose records they are is not counted.
    assert_eq!(answer(&member.clone().own_records_only(), &all), None);
    assert_eq!(answer(&Actor::holder(author, name("receipt"), [0; 32]), &all), None);
    let others =
        [Column::Number, Column::Author, Column::Parent, Column::Created, Column::Facet(name("category"))];
    for column in others {
        assert_eq!(answer(&member, &all.clone().by(column.clone())), None);
        assert_eq!(answer(&member, &all.clone().filter(column, Test::Absent)), None);
    }
    assert_eq!(answer(&member, &Tally::of(name("follow_up"))), None);
}
