//! The handles of the engine: each public type that holds an engine or a session, and what each of its operations does
//! to records. A new operation is classified here before it is used.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::{core, files, source};

#[derive(Debug, PartialEq, Eq)]
enum Class {
    /// Touches no record.
    Plain,
    /// Reads through the actor's scope.
    Reads,
    /// Writes through a decision, which takes a permit. A read that the audit trail records is a write.
    Writes,
}

use Class::{Plain, Reads, Writes};

const HANDLES: &[(&str, Class, &[&str])] = &[
    ("Attachments", Plain, &["of", "holds"]),
    ("Attachments", Reads, &["list"]),
    ("Attachments", Writes, &["attach", "attach_as", "read", "remove"]),
    ("Authentication", Plain, &["eovr", "now", "entropy", "limits", "factor_needed", "idle_at"]),
    ("Authentication", Reads, &["logins", "needs_proof", "owner", "owner_of_token", "profile", "open"]),
    (
        "Authentication",
        Writes,
        &[
            "begin",
            "begin_again",
            "login",
            "logout",
            "logout_everywhere",
            "end_login",
            "prove",
            "change_password",
            "replace_password",
            "issue_key",
            "revoke_key",
            "authenticate_key",
            "provision",
            "reset_password",
            "unlock",
            "end_logins",
            "assign",
            "govern",
            "second_step",
            "enrol_factor",
            "confirm_factor",
            "remove_factor",
            "reset_factor",
            "authenticate",
            "authenticate_to_enrol",
            "refresh",
        ],
    ),
    ("ByReceipt", Reads, &["view"]),
    ("ByReceipt", Writes, &["answer", "remark", "correct"]),
    ("Dispatcher", Plain, &["new"]),
    ("Dispatcher", Reads, &["due"]),
    ("Dispatcher", Writes, &["route", "claim", "defer", "sent", "failed"]),
    ("Eovr", Plain, &["by_receipt", "builder", "session", "catalog", "org", "replace_org", "store"]),
    ("Eovr", Reads, &["refresh_keys"]),
    ("FeedReader", Plain, &["kind", "done"]),
    ("FeedReader", Reads, &["open", "next"]),
    ("FeedReader", Writes, &["keep"]),
    ("Inbox", Plain, &["of"]),
    ("Inbox", Reads, &["unread"]),
    ("Inbox", Writes, &["read"]),
    (
        "Incidents",
        Reads,
        &["list", "newest", "of_file", "load", "trail", "summary", "trend", "compare", "follow_ups"],
    ),
    (
        "Incidents",
        Writes,
        &[
            "report",
            "report_as",
            "report_with",
            "act",
            "assess",
            "follow_up",
            "follow_up_as",
            "finish_follow_up",
            "reopen",
        ],
    ),
    ("KeyChanges", Plain, &["of"]),
    ("KeyChanges", Writes, &["begin", "end"]),
    ("Lessons", Plain, &["new"]),
    ("Lessons", Reads, &["follow"]),
    ("LogKeeper", Plain, &["public", "write"]),
    ("LogKeeper", Reads, &["new", "checkpoint"]),
    ("Organisation", Reads, &["follow", "refresh"]),
    ("Pages", Reads, &["next"]),
    ("Parked", Plain, &["of"]),
    ("Parked", Reads, &["list"]),
    ("Parked", Writes, &["retry", "retry_all"]),
    ("Registry", Plain, &["of"]),
    ("Registry", Reads, &["models"]),
    (
        "Registry",
        Writes,
        &[
            "register",
            "equip",
            "examine",
            "examine_trial",
            "put_on_trial",
            "activate",
            "retire",
            "reconsider",
            "scrap",
        ],
    ),
    ("SecurityLog", Plain, &["of"]),
    ("SecurityLog", Writes, &["raise", "add"]),
    ("Session", Plain, &["eovr", "actor", "scope", "incidents", "sealed_is", "open"]),
    (
        "Session",
        Reads,
        &["load", "attested", "inspect", "find", "pages", "list", "tally", "legal", "trail", "data_keys"],
    ),
    (
        "Session",
        Writes,
        &[
            "create",
            "create_as",
            "create_child",
            "create_child_as",
            "act",
            "vouch",
            "rotate_key",
            "destroy_key",
        ],
    ),
    ("Worker", Plain, &["new", "providers"]),
    ("Worker", Reads, &["due", "chosen", "budget_left"]),
    ("Worker", Writes, &["work"]),
];

/// Types that carry a session to their owner and have no operation of their own.
const WITHOUT_OPERATIONS: &[&str] = &["Authenticated", "KeyBearer"];

/// A struct: whether it is public, and the words of its fields.
struct Declared {
    public: bool,
    words: BTreeSet<String>,
}

/// What the core's sources declare: the structs of each file, and the public functions of each type.
#[derive(Default)]
struct Sources {
    structs: Vec<BTreeMap<String, Declared>>,
    functions: BTreeMap<String, BTreeSet<String>>,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn read() -> Sources {
    let mut read = Sources::default();
    for path in files(&core().join("src")) {
        let mut structs = BTreeMap::new();
        let (mut block, mut fields): (Option<String>, Option<String>) = (None, None);
        for line in source(&path).lines() {
            let public = line.strip_prefix("pub struct ");
            let declared = public.or_else(|| line.strip_prefix("struct "));
            let declared = declared.or_else(|| Some(line.strip_prefix("pub(")?.split_once(") struct ")?.1));
            if let Some(rest) = declared {
                let name = words(rest).next().unwrap().to_owned();
                let words = words(rest).skip(1).map(str::to_owned).collect();
                structs.insert(name.clone(), Declared { public: public.is_some(), words });
                fields = rest.ends_with('{').then_some(name);
            } else if line.starts_with('}') {
                (block, fields) = (None, None);
            } else if let Some(name) = &fields {
                structs.get_mut(name).unwrap().words.extend(words(line).map(str::to_owned));
            } else if line.starts_with("impl") && !line.contains(" for ") {
                let of = line.split_once(['>', ' ']).unwrap().1;
                let of = if line.starts_with("impl<") { of } else { line.strip_prefix("impl").unwrap() };
                block = words(of).next().map(str::to_owned);
            }
            let code = line.strip_prefix("    pub ").map(|rest| rest.strip_prefix("async ").unwrap_or(rest));
            let code = code.map(|rest| rest.strip_prefix("const ").unwrap_or(rest));
            if let (Some(of), Some(rest)) = (&block, code.and_then(|code| code.strip_prefix("fn "))) {
                let name = words(rest).next().unwrap().to_owned();
                read.functions.entry(of.clone()).or_default().insert(name);
            }
        }
        read.structs.push(structs);
    }
    read
}

/// The public structs that hold an engine or a session, directly or in a struct within. Where two files have private
/// structs of one name, each counts in its own file only.
fn handles(structs: &[BTreeMap<String, Declared>]) -> BTreeSet<String> {
    let mut count = BTreeMap::new();
    structs.iter().flat_map(BTreeMap::keys).for_each(|name| *count.entry(name).or_insert(0) += 1);
    let everywhere =
        |name: &str, declared: &Declared| declared.public || count.get(&name.to_owned()) == Some(&1);
    let mut holders: BTreeSet<String> = ["Eovr", "Session"].map(str::to_owned).into();
    loop {
        let before = holders.len();
        for file in structs {
            let mut here = holders.clone();
            loop {
                let holds = |declared: &Declared| declared.words.iter().any(|word| here.contains(word));
                let new = file.iter().filter(|(name, declared)| holds(declared) && !here.contains(*name));
                let new: Vec<_> = new.map(|(name, _)| name.clone()).collect();
                if new.is_empty() {
                    break;
                }
                here.extend(new);
            }
            here.retain(|name| file.get(name).is_some_and(|declared| everywhere(name, declared)));
            holders.extend(here);
        }
        if holders.len() == before {
            break;
        }
    }
    let public = |name: &String| structs.iter().any(|file| file.get(name).is_some_and(|one| one.public));
    holders.retain(public);
    holders
}

#[test]
fn each_operation_of_each_handle_is_classified() {
    let Sources { structs, functions } = read();
    let handles = handles(&structs);
    let none = BTreeSet::new();
    let found: BTreeSet<_> = handles
        .iter()
        .flat_map(|of| {
            functions.get(of).unwrap_or(&none).iter().map(move |name| (of.as_str(), name.as_str()))
        })
        .collect();
    let listed: BTreeSet<_> =
        HANDLES.iter().flat_map(|(of, _, names)| names.iter().map(move |name| (*of, *name))).collect();
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(new.is_empty(), "say of these whether they read or write: {new:?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "these are listed and not there: {gone:?}");
    let idle = handles.iter().filter(|name| !functions.contains_key(*name)).map(String::as_str);
    assert_eq!(idle.collect::<Vec<_>>(), WITHOUT_OPERATIONS);
    assert!(HANDLES.iter().any(|(_, class, _)| *class == Reads));
}
