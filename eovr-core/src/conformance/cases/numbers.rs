use std::collections::BTreeSet;

use crate::conformance::fixture::{LABEL, World, pack};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;

pub(super) const CASES: &[Case] = &[Case {
    name: "numbers",
    promise: "each number is the next free one of its own series, with at least the requested number of digits",
    run: |subject| Box::pin(numbers(subject)),
}];

async fn numbers(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let mut seen = BTreeSet::new();
    let mut last: Vec<(String, u64)> = Vec::new();
    for round in 0..60_u8 {
        // Two kinds and two years, because the clock passes into the next year halfway.
        if round == 30 {
            world.clock.pass_days(3);
        }
        let year = if round < 30 { 2026 } else { 2027 };
        let parcel = world.pack("n-1-2", pack()).await?;
        let id = world.new_id();
        let commit = world.decide_label(&parcel, id, Command::new("stick").write("words", "up"))?;
        world.store.commit(commit).await?;
        let label = world.top()?.load(&LABEL, id).await?;
        for (record, prefix, width) in [(&parcel, "PCL", 4), (&label, "LBL", 2)] {
            let number = record.envelope().number.clone().unwrap_or_default();
            check!(seen.insert(number.clone()), "`{number}` was given twice");
            let series = format!("{prefix}-{year}");
            let digits = number.strip_prefix(&series).and_then(|rest| rest.strip_prefix('-'));
            let digits = digits.filter(|digits| digits.len() >= width);
            let count: Option<u64> = digits.and_then(|digits| digits.parse().ok());
            let Some(count) = count else {
                return Err(Failure::new(format!("`{number}` is not of the series `{series}`")));
            };
            let written = format!("{series}-{count:0width$}");
            check!(number == written, "`{number}` should be written `{written}`");
            match last.iter_mut().find(|(known, _)| *known == series) {
                Some((_, before)) if *before < count => *before = count,
                Some((_, before)) => {
                    return Err(Failure::new(format!("`{number}` came after {before} of its series")));
                }
                None => last.push((series, count)),
            }
        }
    }
    Ok(())
}
