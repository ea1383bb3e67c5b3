use proptest::prelude::*;

use super::super::{builtin, three_by_three};
use super::*;

fn table(edit: impl FnOnce(&mut SchemeTable)) -> SchemeTable {
    let mut table = three_by_three().table().clone();
    edit(&mut table);
    table
}

/// Sets one cell; positions count from 0.
fn put(table: &mut SchemeTable, severity: usize, probability: usize, score: u8, band: Band) {
    if let Some(cell) = table.cells.get_mut(severity).and_then(|row| row.get_mut(probability)) {
        *cell = MatrixCell { score, band };
    }
}

/// The message of `Scheme::new` for an edited copy of the default, without kind and scheme id.
fn refused(edit: impl FnOnce(&mut SchemeTable)) -> String {
    let error = Scheme::new(table(edit)).err();
    error.map_or("accepted".to_owned(), |error| {
        error.help().map_or(error.message().to_owned(), |help| format!("{}; {help}", error.message()))
    })
}

#[test]
fn a_refused_table_names_the_cell() {
    let falls = refused(|table| put(table, 1, 2, 3, Band::High));
    assert_eq!(
        falls,
        "cell `moderate` × `frequent` scores `3`, milder than `moderate` × `occasional` with `4`; \
         scores may not fall as risk rises"
    );
    let band = refused(|table| put(table, 1, 2, 6, Band::Low));
    assert_eq!(
        band,
        "cell `moderate` × `frequent` is `low`, milder than `moderate` × `occasional` with `medium`; \
         bands may not fall as risk rises"
    );
    let product = refused(|table| put(table, 2, 0, 3, Band::Medium));
    assert_eq!(
        product,
        "cell `severe` × `rare` is `medium`, below the floor `high`; \
         the worst severity may not fall below the floor: raise the band or lower the floor"
    );
    let flipped = refused(|table| table.direction = Direction::LowerIsWorse);
    assert_eq!(
        flipped,
        "cell `minor` × `occasional` scores `2`, milder than `minor` × `rare` with `1`; \
         lower is worse: scores may not grow as risk rises"
    );
}

#[test]
fn a_refused_table_names_the_step() {
    let twice = refused(|table| table.severities.iter_mut().for_each(|step| step.code = "minor".into()));
    assert_eq!(twice, "severity step `minor` stands twice; each code stands once on its axis");

    let number = refused(|table| table.probabilities.iter_mut().for_each(|step| step.code = "1".into()));
    assert_eq!(number, format!("probability step 1 has no proper code; {CODE_RULE}"));

    let untitled = refused(|table| table.severities.iter_mut().for_each(|step| step.title = " ".into()));
    assert_eq!(untitled, "severity step `minor` has no title");

    let short = refused(|table| table.severities.truncate(1));
    assert_eq!(short, "the severity axis has `1` steps; an axis has 2 to 10 steps");

    let rows = refused(|table| table.cells.truncate(2));
    assert_eq!(rows, "`2` rows of cells for `3` severities; give one row for each severity, mildest first");

    let ragged = refused(|table| table.cells.iter_mut().skip(1).for_each(|row| row.truncate(2)));
    assert_eq!(
        ragged,
        "row `moderate` has `2` cells for `3` probabilities; give one cell for each probability, rarest first"
    );

    assert_eq!(refused(|table| table.title.clear()), "the scheme has no title");
    assert_eq!(
        refused(|table| table.id = "Ward 7".into()),
        format!("the scheme's id is not a code; {CODE_RULE}")
    );
}

#[test]
fn an_answer_off_the_scale_lists_the_accepted_ones() {
    let scheme = three_by_three();
    let check = |severity: AxisStep<'_>, probability: AxisStep<'_>, expected: &str| {
        let error = scheme.assess(severity, probability).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(expected));
    };
    let severities = "accepted: `minor`, `moderate`, `severe`, or 1 to 3";
    for seven in [AxisStep::Number(7), AxisStep::Code("7")] {
        check(seven, 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
    }
    check(0.into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
    check("huge".into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
    check(
        1.into(),
        "frequnt".into(),
        "invalid_input: probability is off the scale; \
         accepted: `rare`, `occasional`, `frequent`, or 1 to 3",
    );
    // A narrative that a form sent in the wrong field must not appear in an error or a log.
    let narrative = "Mr Hassan fell in the bathroom";
    check(narrative.into(), 1.into(), &format!("invalid_input: severity is off the scale; {severities}"));
}

#[test]
fn an_assessment_explains_itself() -> Result<()> {
    let rated = three_by_three().assess("severe", "1")?;
    assert_eq!((rated.severity.as_str(), rated.severity_level), ("severe", 3));
    assert_eq!((rated.probability.as_str(), rated.probability_level), ("rare", 1));
    assert_eq!(
        rated.why,
        "severity `severe` (3 of 3) meets probability `rare` (1 of 3) in `eovr-3x3`: \
         score 3 (higher is worse), band high; the worst severity is never below high"
    );
    let rated = super::super::nsw_sac().assess("minor", "likely")?;
    assert_eq!(
        rated.why,
        "severity `minor` (2 of 5) meets probability `likely` (4 of 5) in `nsw-sac`: \
         score 3 (lower is worse), band medium"
    );
    Ok(())
}

#[test]
fn json_goes_round_and_is_checked_on_the_way_in() -> Result<(), serde_json::Error> {
    for scheme in builtin() {
        let json = serde_json::to_string(scheme)?;
        assert_eq!(serde_json::from_str::<Scheme>(&json)?, *scheme);
    }
    let broken = serde_json::to_string(&table(|table| table.floor = Band::Extreme))?;
    let error = serde_json::from_str::<Scheme>(&broken).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("`severe` × `rare` is `high`, below the floor")));

    let unknown = serde_json::to_string(&three_by_three())?.replace("\"floor\"", "\"flor\"");
    assert!(serde_json::from_str::<Scheme>(&unknown).is_err());
    Ok(())
}

#[test]
fn an_assessment_is_kept_and_read_back() -> Result<(), Box<dyn std::error::Error>> {
    let rated = three_by_three().assess(2, 2)?;
    let json = serde_json::to_string(&rated)?;
    assert_eq!(serde_json::from_str::<Assessment>(&json)?, rated);
    assert!(json.contains(r#""scheme":"eovr-3x3","severity":"moderate","severity_level":2"#), "{json}");
    Ok(())
}

fn bands() -> impl Strategy<Value = Band> {
    proptest::sample::select(Band::ALL.to_vec())
}

fn steps(axis: &str, count: usize) -> Vec<Step> {
    let step = |number| Step {
        code: format!("{axis}{number}"),
        title: format!("{axis} {number}"),
        title_ar: String::new(),
        meaning: String::new(),
    };
    (1..=count).map(step).collect()
}

fn cells(count: usize) -> impl Strategy<Value = Vec<MatrixCell>> {
    let cell = (0u8..6, bands()).prop_map(|(score, band)| MatrixCell { score, band });
    proptest::collection::vec(cell, count)
}

/// Tables of every size. Cells are sorted so that they rise along rows and columns, and then at most one is changed.
/// Such tables are sound or nearly sound.
fn tables() -> impl Strategy<Value = SchemeTable> {
    let direction = prop_oneof![Just(Direction::HigherIsWorse), Just(Direction::LowerIsWorse)];
    let floor = prop_oneof![3 => Just(Band::Low), 1 => bands()];
    (2usize..=4, 2usize..=4, direction, floor).prop_flat_map(|(rows, columns, direction, floor)| {
        let count = rows * columns;
        let change = proptest::option::of((0..count, cells(1)));
        (cells(count), change).prop_map(move |(cells, change)| {
            let mut scores: Vec<_> = cells.iter().map(|cell| cell.score).collect();
            scores.sort_unstable();
            if direction == Direction::LowerIsWorse {
                scores.reverse();
            }
            let mut bands: Vec<_> = cells.iter().map(|cell| cell.band).collect();
            bands.sort_unstable();
            let mut cells: Vec<_> =
                scores.into_iter().zip(bands).map(|(score, band)| MatrixCell { score, band }).collect();
            if let Some((at, with)) = change {
                cells.splice(at..=at, with);
            }
            SchemeTable {
                id: "random".into(),
                title: "Random".into(),
                direction,
                severities: steps("s", rows),
                probabilities: steps("p", columns),
                cells: cells.chunks(columns).map(<[MatrixCell]>::to_vec).collect(),
                floor,
            }
        })
    })
}

/// A naive version of the rule: compares every cell with every other.
fn sound(table: &SchemeTable) -> bool {
    let rows = table.cells.iter().enumerate();
    let cells: Vec<_> =
        rows.flat_map(|(s, row)| row.iter().enumerate().map(move |(p, cell)| (s, p, cell))).collect();
    let risk = |cell: &MatrixCell| match table.direction {
        Direction::HigherIsWorse => i16::from(cell.score),
        Direction::LowerIsWorse => -i16::from(cell.score),
    };
    let rises = cells.iter().all(|(s, p, cell)| {
        let graver = cells.iter().filter(|(s2, p2, _)| s2 >= s && p2 >= p);
        graver.into_iter().all(|(_, _, other)| risk(other) >= risk(cell) && other.band >= cell.band)
    });
    let worst = table.severities.len() - 1;
    rises && cells.iter().filter(|(s, ..)| *s == worst).all(|(_, _, cell)| cell.band >= table.floor)
}

proptest! {
    #[test]
    fn a_table_is_accepted_if_and_only_if_it_is_sound(table in tables()) {
        prop_assert_eq!(Scheme::new(table.clone()).is_ok(), sound(&table));
    }

    #[test]
    fn an_accepted_scheme_answers_exactly_its_own_steps(
        table in tables().prop_filter("sound", sound),
        beyond in 5u8..,
    ) {
        let scheme = Scheme::new(table.clone())?;
        for (s, row) in (1u8..).zip(&table.cells) {
            for (p, cell) in (1u8..).zip(row) {
                let rated = scheme.assess(s, p)?;
                prop_assert_eq!((rated.score, rated.band), (cell.score, cell.band));
                prop_assert_eq!(&scheme.assess(&rated.severity, &rated.probability)?, &rated);
            }
        }
        prop_assert!(scheme.assess(beyond, 1).is_err());
        prop_assert!(scheme.assess(1, beyond).is_err());
    }

    #[test]
    fn assess_never_panics_on_any_text(severity in ".*", probability in ".*") {
        for scheme in builtin() {
            let _ = scheme.assess(severity.as_str(), probability.as_str());
        }
    }
}
