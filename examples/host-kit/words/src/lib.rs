//! The words of a host's pages. A build script turns two message files into functions:
//!
//! ```no_run
//! // in `main` of build.rs
//! eovr_host_words::build("i18n", "eovr_host::ui");
//! ```
//!
//! `i18n/en.ftl` and `i18n/ar.ftl` are [Fluent](https://projectfluent.org) files. A message without arguments becomes a
//! function that returns `&'static str`, a message with arguments one that returns `String`:
//!
//! ```fluent
//! save = Save
//! overdue = { $count ->
//!     [one] One report is overdue
//!    *[other] { NUMBER($count) } reports are overdue
//! }
//! ```
//!
//! The build fails where a message is missing in one language, is written twice, or takes an argument as a number in one
//! language and as text in the other. A message that the host does not use is a warning of the compiler.
//!
//! Of Fluent's syntax a message may use text, `{ $name }`, `{ NUMBER($count) }` and plural forms. The generated code needs
//! no library when it runs.

mod code;
mod messages;

use std::fs;
use std::path::Path;

/// Reads `en.ftl` and `ar.ftl` in a folder beside the build script and writes `words.rs` into `OUT_DIR`, with a type
/// `Words`. `kit` is the path of the page kit, whose `Language` and `Plural` the type uses. Each flaw is an error of the
/// build.
#[expect(clippy::print_stdout, reason = "a build script talks to cargo")]
pub fn build(folder: &str, kit: &str) {
    let mut flaws = Vec::new();
    let [english, arabic] = ["en", "ar"].map(|name| {
        let path = format!("{folder}/{name}.ftl");
        println!("cargo::rerun-if-changed={path}");
        match fs::read_to_string(&path) {
            Ok(text) => messages::read(&path, &text, &mut flaws),
            Err(error) => {
                flaws.push(format!("{path} cannot be read: {error}"));
                messages::Messages::new()
            }
        }
    });
    messages::compare(folder, &english, &arabic, &mut flaws);
    let written = std::env::var_os("OUT_DIR")
        .map(|out| fs::write(Path::new(&out).join("words.rs"), code::generated(kit, &english, &arabic)));
    if !matches!(written, Some(Ok(()))) {
        flaws.push("words.rs cannot be written into `OUT_DIR`".to_owned());
    }
    for flaw in flaws {
        println!("cargo::error={flaw}");
    }
}
