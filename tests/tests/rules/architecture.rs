//! The shape of the core: the modules that each module may name, and the core's dependencies.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each module, and the modules of the core that it may name. Every module may name `error`. A module must not name a
/// module further down this list.
const ARROWS: &[(&str, &[&str])] = &[
    ("docs", &[]),
    ("error", &[]),
    ("name", &[]),
    ("time", &[]),
    ("org", &["name"]),
    ("seal", &[]),
    ("risk", &[]),
    // Normalises typed text.
    ("typed", &[]),
    ("triage", &["risk", "typed"]),
    // A record holds sealed fields and needs nothing else of `seal`.
    ("record", &["name", "time", "org", "seal::Sealed"]),
    ("access", &["name", "org", "record"]),
    ("workflow", &["name", "record::Value", "access"]),
    ("kind", &["name", "time", "org::OrgId", "record", "access", "workflow", "seal::Mode", "typed"]),
    // A verifier needs the workflow of a kind, and the list of values that no event holds.
    ("audit", &["name", "time", "record", "kind", "seal::Sealed"]),
    ("decide", &["name", "time", "org", "record", "access", "workflow", "seal", "audit", "kind", "typed"]),
    (
        "ports",
        &[
            "name",
            "time",
            "record",
            "access",
            "seal::Cipher",
            "seal::Sealed",
            "audit",
            "kind",
            "decide",
            // The data that an outside analyst receives, and the answers that the core accepts from it.
            "triage::analysis",
        ],
    ),
    ("analytics", &["name", "org", "record", "access", "kind", "decide::Facets", "ports"]),
    (
        "service",
        &[
            "name",
            "time",
            "org",
            "record",
            "access",
            "workflow",
            "seal",
            "audit",
            "kind",
            "decide",
            "ports",
            "analytics",
        ],
    ),
    ("memory", &["name", "time", "record", "access", "seal::Sealed", "audit", "kind", "decide", "ports"]),
    ("attachment", &["name", "record", "access", "workflow", "seal", "kind", "decide", "ports", "service"]),
    (
        "conformance",
        &[
            "name", "time", "org", "record", "access", "seal", "audit", "kind", "decide", "ports", "service",
            "memory", "typed",
        ],
    ),
    // Accounts draw random passwords and codes and need nothing else of `seal`. `identity` builds on `login`.
    (
        "identity",
        &[
            "name",
            "time",
            "org",
            "record",
            "access",
            "workflow",
            "seal::Entropy",
            "audit::Attested",
            "audit::Hex",
            "kind",
            "decide",
            "ports",
            "service",
            "typed",
        ],
    ),
    // A facility's record holds its allowed processors; a level is one of the bands.
    (
        "analyst",
        &[
            "name",
            "time",
            "org",
            "record",
            "access",
            "workflow",
            "risk::Band",
            "seal::Entropy",
            "audit::Attested",
            "audit::Hex",
            "kind",
            "decide",
            "ports",
            "service",
            "identity",
            "triage::analysis",
            "triage::learn",
            "triage::metrics",
            "triage::Scorer",
        ],
    ),
    (
        "notice",
        &[
            "analyst", "name", "time", "org", "record", "access", "workflow", "kind", "decide", "ports",
            "service", "identity",
        ],
    ),
    (
        "incident",
        &[
            "analyst",
            "attachment",
            "notice",
            "name",
            "time",
            "org",
            "record",
            "access",
            "workflow",
            "risk",
            "seal::Entropy",
            "kind",
            "decide",
            "ports",
            "service",
            "analytics::Source",
            "triage",
            "typed",
        ],
    ),
    // Exports read the records and trails that the caller passes in, and query no store.
    (
        "export",
        &[
            "name",
            "time",
            "org",
            "record",
            "access",
            "workflow",
            "risk",
            "audit",
            // A record is what the caller receives.
            "kind",
            "decide",
            "service",
            "incident",
            "triage::analysis",
        ],
    ),
    ("testing", &["time", "org", "record", "access", "seal", "ports", "memory", "service", "incident"]),
];

pub(super) fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../eovr-core")
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The source without comments and without tests, because those may name any module.
pub(super) fn source(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The names in a source after `crate::`: `seal`, and `seal::Sealed` for each item; nested braces are expanded.
fn named(source: &str) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for rest in source.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        let module = word(rest);
        let items = match rest[module.len()..].strip_prefix("::") {
            Some(group) if group.starts_with('{') => {
                let inside = group[1..].split('}').next().unwrap_or_default();
                inside.split(',').map(|item| word(item.trim())).filter(|item| !item.is_empty()).collect()
            }
            Some(item) => vec![word(item)],
            None => Vec::new(),
        };
        all.push((module, items));
    }
    all
}

fn may(allowed: &[&str], module: &str, items: &[String]) -> bool {
    if allowed.contains(&module) {
        return true;
    }
    let one = |item: &String| allowed.contains(&format!("{module}::{item}").as_str());
    !items.is_empty() && items.iter().all(one)
}

#[test]
fn every_arrow_points_up() {
    let known: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let src = core().join("src");
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for path in files(&src) {
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let module = inside.iter().next().unwrap().to_str().unwrap().to_owned();
        let in_tests =
            inside.iter().any(|part| part == "tests") || inside.to_string_lossy().ends_with("_tests");
        if module == "lib" || in_tests {
            continue;
        }
        let Some(allowed) = known.get(module.as_str()) else {
            wrong.push(format!("module `{module}` stands in no list"));
            continue;
        };
        for (named, items) in named(&source(&path)) {
            // The crate's own short names for `error` and the macro.
            let always = ["error", "Error", "ErrorKind", "Result", "labels"].contains(&named.as_str());
            if always || named == module || may(allowed, &named, &items) {
                seen.insert((module.clone(), named));
            } else {
                wrong.push(format!("{}: names `{named}::{}`", inside.display(), items.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point back:\n  {}", wrong.join("\n  "));
    assert!(seen.len() > 60, "the sources were not read: {}", seen.len());
    for (module, allowed) in ARROWS {
        for arrow in *allowed {
            let to = arrow.split("::").next().unwrap();
            let place = |module: &str| ARROWS.iter().position(|(known, _)| *known == module);
            assert!(place(to) < place(module), "the list itself points back: {module} to {to}");
        }
    }
}

#[test]
fn arrows_are_read_as_they_are_written() {
    let source =
        "use crate::seal::{Mode, Sealed};\nlet x = crate::time::Timestamp::now();\nuse crate::Error;";
    let named = named(source);
    assert_eq!(named[0], ("seal".to_owned(), vec!["Mode".to_owned(), "Sealed".to_owned()]));
    assert_eq!(named[1], ("time".to_owned(), vec!["Timestamp".to_owned()]));
    assert_eq!(named[2], ("Error".to_owned(), Vec::new()));
    assert!(may(&["seal::Sealed"], "seal", &["Sealed".to_owned()]));
    assert!(!may(&["seal::Sealed"], "seal", &["Mode".to_owned(), "Sealed".to_owned()]));
    assert!(!may(&["seal::Sealed"], "seal", &[]));
}

/// The dependencies of the core, with their features. A pull request that adds one adds a line here and gives the
/// reason.
const BUILT_ON: &[&str] = &[
    "aes",
    "aes-gcm",
    "aes-siv",
    "argon2",
    "async-trait",
    "base64",
    "cbc",
    "chrono",
    "csv",
    "ed25519-dalek",
    "flate2",
    "getrandom",
    "harfrust",
    "skrifa",
    "hmac",
    "img-parts",
    "jiff",
    "jsonwebtoken",
    "kamadak-exif",
    "krilla",
    "libm",
    "lopdf",
    "parquet",
    "printpdf",
    "qrcode",
    "rust_xlsxwriter",
    "rustc-hash",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "smol_str",
    "subsetter",
    "subtle",
    "thiserror",
    "totp-rs",
    "tracing",
    "unicode-bidi",
    "unicode-linebreak",
    "unicode-normalization",
    "uuid",
    "zeroize",
];

/// Crates that reach outside the process: runtimes, drivers, sockets, clients, random sources.
const NEVER: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "futures",
    "mio",
    "socket2",
    "sqlx",
    "sqlx-core",
    "rusqlite",
    "libsqlite3-sys",
    "mongodb",
    "reqwest",
    "hyper",
    "ureq",
    "rand",
    "chrono",
    "time",
    "rayon",
    "crossbeam",
    "tracing",
    "log",
];

/// Dependencies of the features `pdf`, `xlsx` and `parquet` that eovr never calls: the log of the PDF writer and of the
/// workbook packer, Parquet's calendar. eovr passes in files, dates and ids, so two exports of the same moment are equal
/// byte for byte.
const WITH_EXPORTS: &[&str] = &["log", "chrono"];
/// The same of `printpdf`: its date type, and lopdf's reader of encrypted files.
const WITH_PRINTPDF: &[&str] = &["time", "rand"];
/// The feature `tracing` tells the host's subscriber, and reaches nothing itself.
const WITH_TRACING: &[&str] = &["tracing"];

fn tree(more: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(core())
        .args(["tree", "-p", "eovr-core", "-e", "normal", "--prefix", "none"])
        .args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_core_is_built_on_nothing_that_reaches_the_world() {
    let all = tree(&["--all-features"]);
    let is_in = |tree: &[String], name: &str| tree.iter().any(|known| known == name);
    let known = |name: &&&str| WITH_EXPORTS.contains(*name);
    let bad: Vec<_> = NEVER
        .iter()
        .filter(|name| is_in(&all, name) && !known(name) && !WITH_PRINTPDF.contains(name))
        .filter(|name| !WITH_TRACING.contains(name))
        .collect();
    assert!(bad.is_empty(), "the core is built on {bad:?}");
    let exports = tree(&["--features", "pdf,xlsx,parquet"]);
    let bad: Vec<_> = NEVER.iter().filter(|name| is_in(&exports, name) && !known(name)).collect();
    assert!(bad.is_empty(), "the core is built on {bad:?}");
    let without = tree(&["--features", "attachments,checkpoints,conformance,csfle,export,login"]);
    let bad: Vec<_> = NEVER.iter().filter(|name| is_in(&without, name)).collect();
    assert!(bad.is_empty(), "the core is built on {bad:?}");
    let direct: BTreeSet<_> = tree(&["--all-features", "--depth", "1"]).into_iter().skip(1).collect();
    let wanted: BTreeSet<_> = BUILT_ON.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(direct, wanted);
    let plain = tree(&["--no-default-features"]);
    assert!(!plain.contains(&"getrandom".to_owned()), "without `system` there is no source of chance");
}

/// Time and chance come in as values. Two files may ask the system, and each says why.
#[test]
fn two_files_read_a_clock() {
    let src = core().join("src");
    let reads = |path: &PathBuf| {
        let source = source(path);
        ["SystemTime::now()", "Instant::now()", "Zoned::now()", "Timestamp::now()"]
            .iter()
            .any(|clock| source.contains(clock))
    };
    let found: Vec<_> = files(&src).into_iter().filter(reads).collect();
    let found: Vec<_> = found.iter().map(|path| path.strip_prefix(&src).unwrap()).collect();
    assert_eq!(found, [Path::new("ports/observe.rs"), Path::new("service/system.rs")]);
}
