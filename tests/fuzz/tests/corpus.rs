//! What the search has found of interest, read again by every run of the tests.

use std::fs;
use std::path::{Path, PathBuf};

use eovr_fuzz::{TARGETS, seeds};

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

/// Each file is read by its reader, which panics where something does not hold.
#[test]
fn what_was_found_of_interest_still_holds() {
    for target in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(corpus(target.name)).unwrap() {
            (target.check)(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "`{}` has nothing to begin with", target.name);
    }
}

/// What eovr writes itself is read by its readers as well. `EOVR_UPDATE=1` puts it among the rest.
#[test]
fn what_we_write_holds_too() {
    for (number, (name, bytes)) in seeds().into_iter().enumerate() {
        let target = eovr_fuzz::target(name).unwrap();
        if std::env::var_os("EOVR_UPDATE").is_some() {
            fs::create_dir_all(corpus(name)).unwrap();
            fs::write(corpus(name).join(format!("ours-{number:02}")), &bytes).unwrap();
        }
        (target.check)(&bytes);
    }
}

/// The search takes nothing for granted that is no file of a reader.
#[test]
fn every_folder_is_of_a_reader() {
    let folders = fs::read_dir(corpus("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = folders.map(|name| name.into_string().unwrap()).collect();
    let unknown: Vec<_> = names.iter().filter(|name| eovr_fuzz::target(name).is_none()).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?}");
}
