//! A test runs every code block of the README.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The code blocks of a file in one language.
fn blocks(file: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_rust_block_is_the_quickstart() {
    let quickstart = std::fs::read_to_string(root().join("examples/quickstart/src/main.rs")).unwrap();
    assert_eq!(blocks("README.md", "rust"), [quickstart], "README.md and examples/quickstart differ");
}

/// `workflows.rs` keeps that file equal to the diagram of the table.
#[test]
fn the_diagram_is_drawn_from_the_table() {
    let drawn = std::fs::read_to_string(root().join("tests/data/incident.mmd")).unwrap();
    assert_eq!(blocks("README.md", "mermaid"), [drawn]);
}

#[test]
fn the_quickstart_fits_on_a_page() {
    let quickstart = std::fs::read_to_string(root().join("examples/quickstart/src/main.rs")).unwrap();
    assert!(quickstart.lines().count() <= 40);
}

/// `tests/run` and the tests of the server run these commands; a new command must be added there first.
#[test]
fn the_commands_are_ones_that_are_run() {
    let known = ["cargo run --release -p eovr-server -- demo", "tests/run"];
    let commands: Vec<String> =
        blocks("README.md", "sh").iter().flat_map(|block| block.lines().map(str::to_owned)).collect();
    let words = |line: &str| line.split(" #").next().unwrap().trim().to_owned();
    let unknown: Vec<_> =
        commands.iter().map(|line| words(line)).filter(|line| !known.contains(&line.as_str())).collect();
    assert!(unknown.is_empty(), "README.md has commands that no test runs: {unknown:?}");
    assert!(!commands.is_empty());
}

/// Every path that a document names exists.
#[test]
fn the_documents_name_existing_paths() {
    for paper in ["README.md", "ARCHITECTURE.md", "DESIGN.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(root().join(paper)).unwrap();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if !target.contains("://") {
                assert!(
                    root().join(target.split('#').next().unwrap()).exists(),
                    "{paper} points at `{target}`"
                );
            }
        }
    }
}

/// A row of the security pages is only as good as the test that it names.
#[test]
fn the_tests_that_the_security_pages_name_are_there() {
    let pages = ["SECURITY.md", "examples/reference-server/ASVS.md"];
    let page = pages.map(|page| std::fs::read_to_string(root().join(page)).unwrap()).concat();
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        // `Type::method` begins with a capital letter.
        .filter(|code| code.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|code| code.rsplit_once("::").map(|(_, name)| name.trim_end_matches('…')))
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .collect();
    assert!(named.len() > 150, "{named:?}");
    let mut sources = String::new();
    for folder in [
        "eovr-core/src",
        "eovr-ai/tests",
        "examples/host-kit/src",
        "examples/reference-server",
        "tests/tests",
    ] {
        read(&root().join(folder), &mut sources);
    }
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !["fn", "mod"].iter().any(|sort| sources.contains(&format!("{sort} {name}"))))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// The first table of ASVS.md counts the rows of the others, of level 1 and 2, by their result.
#[test]
fn the_security_pages_count_what_they_have() {
    let page = std::fs::read_to_string(root().join("examples/reference-server/ASVS.md")).unwrap();
    let (mut said, mut counted) = (Vec::new(), Vec::<(&str, [usize; 5])>::new());
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let Some(chapter) = line.strip_prefix("## V") {
            counted.push((chapter, [0; 5]));
        } else if let [chapter, counts @ ..] = cells.as_slice()
            && let Some(chapter) = chapter.strip_prefix('V')
            && counts.len() == 5
        {
            said.push((chapter, counts.iter().map(|count| count.parse().unwrap()).collect::<Vec<usize>>()));
        } else if let [row, "1" | "2", what, test] = cells.as_slice()
            && row.split('.').count() == 3
            && let Some((_, counts)) = counted.last_mut()
        {
            let of = if what.starts_with("does not apply") {
                3
            } else if what.contains("**not met") {
                4
            } else if test.split('`').any(|code| code.contains("::")) {
                1
            } else {
                2
            };
            counts[0] += 1;
            counts[of] += 1;
        }
    }
    assert_eq!(said.len(), 16, "{said:?}");
    let counted: Vec<_> = counted.iter().map(|(chapter, counts)| (*chapter, counts.to_vec())).collect();
    assert_eq!(said, counted);
}

fn read(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
