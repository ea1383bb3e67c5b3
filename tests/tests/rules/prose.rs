//! Checks the words of comments and documents: each sentence names its agent.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::{Path, PathBuf};

/// Words that stand for an unnamed agent.
const VAGUE: [&str; 3] = ["nobody", "somebody", "whoever"];

/// The limit for the words in narratives of examples and tests, and in the name of the Unix account.
const IN_NARRATIVES: usize = 60;

#[test]
fn sentences_name_their_agent() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    read(root, &mut files);
    let mut places = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            let words = line.split(|c: char| !c.is_alphanumeric());
            let vague = words.filter(|word| VAGUE.iter().any(|vague| word.eq_ignore_ascii_case(vague)));
            places.extend(vague.map(|word| format!("{}:{number}: {word}", path.display())));
        }
    }
    assert!(
        places.len() < IN_NARRATIVES,
        "{} places with a vague word, and the limit is {IN_NARRATIVES}: {places:#?}",
        places.len()
    );
}

/// The sources and documents below a folder.
fn read(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                read(&path, files);
            }
        } else if name.ends_with(".rs") || name.ends_with(".md") {
            files.push(path);
        }
    }
}
