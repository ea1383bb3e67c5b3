//! Lists the public API of the core, as a host sees it with default features, and keeps it from growing unseen.
//!
//! The list comes from rustdoc's JSON, which only the compiler of `RUSTC` writes in the format that `public-api` reads.
//! With another compiler the test says so and ends.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use public_api::Builder;

use crate::workflows::snapshot;

/// The compiler whose format `public-api` reads.
const RUSTC: &str = "rustc 1.95.";

/// The most items that the core may show; lower it with every item that goes: types, traits, functions, methods, constants, without those of traits.
const MOST: usize = 899;

/// Each workflow has its own.
const OF_A_WORKFLOW: [&str; 2] = ["Action", "State"];
/// Types that a host finds at two paths: at the root of the crate, or where another module shows them too.
const SHOWN_TWICE: [&str; 10] =
    ["Cipher", "Command", "Eovr", "Error", "ErrorKind", "Harm", "Name", "NewUser", "Session", "Timestamp"];

#[test]
fn a_public_type_name_means_one_thing() {
    let list =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/surface.txt")).unwrap();
    let mut paths = BTreeMap::<&str, Vec<&str>>::new();
    for line in list.lines() {
        let mut words = line.split(' ').skip_while(|word| *word != "pub").skip(1);
        if matches!(words.next(), Some("struct" | "enum" | "trait" | "type")) {
            let path = words.next().unwrap().split(['<', '(']).next().unwrap();
            if let Some((_, name)) = path.rsplit_once("::") {
                paths.entry(name.trim_end_matches(':')).or_default().push(path);
            }
        }
    }
    assert!(paths.len() > 150, "the list has {} types", paths.len());
    let twice = paths.iter().filter(|(_, paths)| paths.len() > 1).map(|(name, _)| *name);
    let known: BTreeSet<_> = OF_A_WORKFLOW.into_iter().chain(SHOWN_TWICE).collect();
    assert_eq!(twice.collect::<BTreeSet<_>>(), known);
}

#[test]
fn the_public_api_is_as_listed() {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    if !version.starts_with(RUSTC.as_bytes()) {
        eprintln!("the list of the public API is only compared with {RUSTC}");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = root.join("target/api");
    let mut rustdoc = Command::new(env!("CARGO"));
    rustdoc.current_dir(root).env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO_TARGET_DIR");
    rustdoc.args(["rustdoc", "--quiet", "--package", "eovr-core", "--target-dir"]).arg(&target);
    rustdoc.args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"]);
    assert!(rustdoc.status().unwrap().success());
    let json = target.join("doc/eovr_core.json");
    let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    let api = api.omit_auto_derived_impls(true).build().unwrap();

    let (mut lines, mut items, mut of_a_trait) = (String::new(), 0, false);
    for item in api.items() {
        let line = item.to_string();
        let is = |word: &str| line.split(['(', '<', ':']).next().unwrap().split(' ').any(|part| part == word);
        if line.starts_with("impl") {
            of_a_trait = line.contains(" for ");
        } else if ["struct", "enum", "trait", "mod"].into_iter().any(is) {
            of_a_trait = false;
        }
        let counts = ["fn", "struct", "enum", "trait", "const", "type", "macro"].into_iter().any(is);
        items += usize::from(counts && !of_a_trait);
        if !of_a_trait {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    snapshot("surface.txt", &lines);
    assert!(items <= MOST, "{items} public items, and the limit is {MOST}");
}
