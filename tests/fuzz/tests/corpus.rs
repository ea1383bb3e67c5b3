//! Replays the inputs that the fuzzer found, in every test run.

use std::fs;
use std::path::{Path, PathBuf};

use eovr_fuzz::{TARGETS, seeds};

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

/// The corpus has no folder without a target.
#[test]
fn every_folder_is_of_a_reader() {
    let folders = fs::read_dir(corpus("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = folders.map(|name| name.into_string().unwrap()).collect();
    let unknown: Vec<_> = names.iter().filter(|name| eovr_fuzz::target(name).is_none()).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?}");
}
