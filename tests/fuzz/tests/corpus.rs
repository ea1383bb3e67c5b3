//! Replays the inputs that the fuzzer found, and mutates kinds, in every test run.

#![expect(clippy::indexing_slicing, reason = "a test that panics has done its work")]

use std::fs;
use std::path::{Path, PathBuf};

use eovr_core::kind::{Kind, KindTable};
use eovr_fuzz::{TARGETS, seeds};
use serde_json::Value;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

/// Runs each file through its parser, which panics if an invariant fails.
#[test]
fn the_corpus_still_passes() {
    for target in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(corpus(target.name)).unwrap() {
            (target.check)(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "`{}` has nothing to begin with", target.name);
    }
}

/// The parsers also read the values that eovr writes. `EOVR_UPDATE=1` adds them to the corpus.
#[test]
fn our_own_seeds_pass_too() {
    for (number, (name, bytes)) in seeds().into_iter().enumerate() {
        let target = eovr_fuzz::target(name).unwrap();
        if std::env::var_os("EOVR_UPDATE").is_some() {
            fs::create_dir_all(corpus(name)).unwrap();
            fs::write(corpus(name).join(format!("ours-{number:02}")), &bytes).unwrap();
        }
        (target.check)(&bytes);
    }
}

/// Mutated kinds: none panics, and each accepted one can create a record and take each of its actions.
#[test]
fn every_accepted_kind_works() {
    let seeds: Vec<Value> = seeds()
        .iter()
        .filter(|(name, _)| *name == "kind")
        .map(|(_, bytes)| serde_json::from_slice(bytes).unwrap())
        .collect();
    let target = eovr_fuzz::target("kind").unwrap();
    let (mut chance, mut accepted) = (Chance(0x0E0B_2026), 0);
    for _ in 0..MUTANTS {
        let mut mutant = chance.pick(&seeds).clone();
        for _ in 0..=chance.below(2) {
            let part = part(chance.pick(&seeds), &mut chance);
            mutate(&mut mutant, part, &mut chance);
        }
        let bytes = mutant.to_string().into_bytes();
        (target.check)(&bytes);
        let kind = serde_json::from_slice::<KindTable>(&bytes).ok().and_then(|table| Kind::new(table).ok());
        accepted += usize::from(kind.is_some());
    }
    assert!(accepted > MUTANTS / 10, "only {accepted} of {MUTANTS} mutants were accepted: little was tried");
}

const MUTANTS: usize = 1500;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A part of a kind: one of its values, or a value that may not fit.
fn part(of: &Value, chance: &mut Chance) -> Value {
    let odd = [
        Value::Null,
        true.into(),
        0.into(),
        5.into(),
        (-1).into(),
        i64::MAX.into(),
        "human".into(),
        "software".into(),
        "author".into(),
        "not_author".into(),
        "events".into(),
        "xmin".into(),
        "".into(),
    ];
    match chance.below(3) {
        0 => chance.pick(&odd).clone(),
        _ => inside(of, chance).clone(),
    }
}

fn inside<'v>(of: &'v Value, chance: &mut Chance) -> &'v Value {
    let parts: Vec<&Value> = match of {
        Value::Array(parts) => parts.iter().collect(),
        Value::Object(parts) => parts.values().collect(),
        _ => return of,
    };
    if parts.is_empty() || chance.below(5) == 0 {
        return of;
    }
    let part = *chance.pick(&parts);
    inside(part, chance)
}

/// Replaces, adds or removes one part.
fn mutate(value: &mut Value, part: Value, chance: &mut Chance) {
    match value {
        Value::Array(parts) if !parts.is_empty() => {
            let at = chance.below(parts.len());
            match chance.below(6) {
                0 => drop(parts.remove(at)),
                1 => parts.push(part),
                2 => parts.push(parts[at].clone()),
                _ => mutate(&mut parts[at], part, chance),
            }
        }
        Value::Object(parts) if !parts.is_empty() => {
            let keys: Vec<String> = parts.keys().cloned().collect();
            let key = chance.pick(&keys).clone();
            match chance.below(8) {
                0 => drop(parts.remove(&key)),
                _ => mutate(&mut parts[&key], part, chance),
            }
        }
        _ => *value = part,
    }
}

/// The corpus has no folder without a target.
#[test]
fn every_folder_is_of_a_reader() {
    let folders = fs::read_dir(corpus("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = folders.map(|name| name.into_string().unwrap()).collect();
    let unknown: Vec<_> = names.iter().filter(|name| eovr_fuzz::target(name).is_none()).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?}");
}
