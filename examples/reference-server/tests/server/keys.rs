//! `eovr-server key`: key management in the name of a person.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eovr_core::access::{Role, danger};
use eovr_core::identity::key_change;
use eovr_core::identity::password::{Password, PasswordCost};
use eovr_core::identity::{self, NewUser, Site, user};
use eovr_core::org::Org;
use eovr_core::record::Query;
use eovr_core::seal::{Entropy, MasterKey};
use eovr_core::{Eovr, Session};
use eovr_store_sql::SqlStore;

use crate::support::{Folder, Run, Tested, run};

const CSV: &str = "text\nThe patient fell from the bed at night\n";
const PASSWORD: &str = "three boats on the nile";
const ORG: &str = r#"[{"id": "A", "title": {"en": "a", "ar": "ا"}, "administrations": [{"id": "B", "title":
    {"en": "b", "ar": "ب"}, "facilities": [{"id": "WN-E-1", "title": {"en": "c", "ar": "ج"},
    "time_zone": "UTC"}]}]}]"#;

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

/// A folder with a sealed report.
fn told() -> Failing<Folder> {
    let folder = Folder::new()?;
    let file = folder.file("told.csv");
    std::fs::write(&file, CSV)?;
    let imported = run(&mut folder.import(&file))?;
    assert_eq!(imported.code, Some(0), "{}", imported.complained);
    Ok(folder)
}

fn key(folder: &Folder, args: &[&str]) -> Command {
    let mut command = folder.command("key");
    command.env_remove("EOVR_PREVIOUS_MASTER_KEY").args(args);
    command
}

fn operator(folder: &Folder, args: &[&str]) -> Failing<Run> {
    run(key(folder, args).args(["--operator", "Mona Zaki"]))
}

/// The keys of this purpose that `key list` shows in this state.
fn listed(folder: &Folder, purpose: &str, state: &str) -> Failing<Vec<String>> {
    let run = run(&mut key(folder, &["list"]))?;
    assert_eq!(run.code, Some(0), "{}", run.complained);
    let rows = run.said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let shown = rows.filter(|row| row.get(1) == Some(&purpose) && row.last() == Some(&state));
    Ok(shown.filter_map(|row| row.first().map(|id| (*id).to_owned())).collect())
}

/// The audit entries of the changes: state, actor and reason of each, the oldest first.
fn entries(folder: &Folder, master: &str) -> Failing<Vec<(String, String, String)>> {
    on_the_store(folder, master, async |session| {
        let page = session.find(&Query::of(key_change::KIND)).await?;
        let mut entries = Vec::new();
        for record in page.items.iter().rev() {
            // The reason of a rotation may have been sealed under the destroyed key; then it is unreadable.
            let reason = session.open(record, "reason").ok().flatten();
            let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
            entries.push((record.state().to_string(), record.envelope().author.to_string(), reason));
        }
        Ok(entries)
    })
}

/// Reads the store without the program.
fn on_the_store<T>(
    folder: &Folder,
    master: &str,
    ask: impl AsyncFnOnce(Session) -> Failing<T>,
) -> Failing<T> {
    let url = format!("sqlite://{}", folder.data().join("eovr.db").display());
    tokio::runtime::Runtime::new()?.block_on(async {
        let store = SqlStore::open(&url).await?;
        let eovr = Eovr::builder()
            .store(store.clone())
            .org(Org::new(serde_json::from_str(ORG)?)?)
            .kinds(identity::kinds()?)
            .master_key(MasterKey::from_base64(master)?)
            .open()
            .await?;
        let asked = ask(eovr.session(danger::unrestricted("test", "look")?)).await;
        store.close().await;
        asked
    })
}

fn master(folder: &Folder) -> Failing<String> {
    Ok(std::fs::read_to_string(folder.data().join("master.key"))?.trim().to_owned())
}

#[test]
fn a_key_is_rotated_and_the_old_one_destroyed_by_an_operator_who_gives_a_name() -> Tested {
    let folder = told()?;
    let unnamed = run(&mut key(&folder, &["rotate"]))?;
    assert_eq!(unnamed.code, Some(2), "{}", unnamed.said);
    unnamed.says(&["the change needs a responsible person", "--operator NAME"])?;
    let old = listed(&folder, "fields", "sealing")?.pop().ok_or("a key that seals")?;
    let refused = operator(&folder, &["destroy", &old, "--reason", "too early"])?;
    assert_eq!(refused.code, Some(1), "the key that seals went: {}", refused.said);
    let rotated = operator(&folder, &["rotate", "--reason", "once a year"])?;
    assert_eq!(rotated.code, Some(0), "{}", rotated.complained);
    let new = listed(&folder, "fields", "sealing")?;
    assert_eq!((new.len(), listed(&folder, "fields", "opening")?), (1, vec![old.clone()]));
    assert!(rotated.said.contains(&new[0]), "{}", rotated.said);

    let silent = operator(&folder, &["destroy", &old])?;
    assert_eq!(silent.code, Some(2), "{}", silent.said);
    let destroyed = operator(&folder, &["destroy", &old, "--reason", "the patient asked for it"])?;
    assert_eq!(destroyed.code, Some(0), "{}", destroyed.complained);
    assert_eq!(listed(&folder, "fields", "destroyed")?, [old]);
    let entries = entries(&folder, &master(&folder)?)?;
    let states: Vec<&str> = entries.iter().map(|(state, ..)| state.as_str()).collect();
    assert_eq!(states, ["failed", "done", "done"]);
    assert!(entries.iter().all(|(_, actor, _)| actor == "eovr-server.operator"), "{entries:?}");
    assert_eq!(entries[2].2, "Mona Zaki, at the command line: the patient asked for it");
    Ok(())
}

#[test]
fn an_account_of_tier_5_proves_itself_at_the_prompt() -> Tested {
    let folder = told()?;
    let master = master(&folder)?;
    on_the_store(&folder, &master, async |session| {
        for (email, role) in [("top@example.org", Role::TopManagement), ("mona@example.org", Role::Staff)] {
            let hash = PasswordCost::default()
                .hash(&Password::typed(PASSWORD)?, &mut Entropy::from_seed(&[3; 32]))?
                .to_string();
            let person = NewUser {
                role,
                email: email.to_owned(),
                display_name: "Mona Zaki".to_owned(),
                password_hash: Some(hash),
                must_change: false,
            };
            let place =
                Site::all(&session.eovr().org()).into_iter().next().ok_or("a facility")?.stamp.facility;
            session.create(&user::KIND, &place, person.command()).await?;
        }
        Ok(())
    })?;
    let typed = |email: &str, password: &str| -> Failing<Run> {
        let mut command = key(&folder, &["rotate", "--as", email, "--reason", "once a year"]);
        let mut running =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        writeln!(running.stdin.take().ok_or("a prompt")?, "{password}")?;
        let output = running.wait_with_output()?;
        let text = |bytes| String::from_utf8(bytes);
        Ok(Run { code: output.status.code(), said: text(output.stdout)?, complained: text(output.stderr)? })
    };
    let wrong = typed("top@example.org", "four boats on the nile")?;
    assert_eq!(wrong.code, Some(1), "{}", wrong.said);
    let low = typed("mona@example.org", PASSWORD)?;
    assert_eq!(low.code, Some(1), "{}", low.said);
    assert_eq!(listed(&folder, "fields", "opening")?, [""; 0], "an account below tier 5 has rotated a key");
    let right = typed("top@example.org", PASSWORD)?;
    assert_eq!(right.code, Some(0), "{}", right.complained);
    assert_eq!(listed(&folder, "fields", "opening")?.len(), 1);
    let entries = entries(&folder, &master)?;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        (entries[0].0.as_str(), entries[0].1.len(), entries[0].2.as_str()),
        ("done", 36, "once a year")
    );
    Ok(())
}

#[test]
fn a_new_master_key_takes_over_and_checkpoints_follow_from_those_before() -> Tested {
    let folder = told()?;
    let (before, now) = (
        master(&folder)?,
        STANDARD.encode([0xA5; 16].iter().chain(&[0x3C; 16]).copied().collect::<Vec<u8>>()),
    );
    let checkpoints = folder.file("checkpoints.txt");
    let checkpoint = |master: &str| -> Failing<String> {
        let mut command = folder.command("checkpoint");
        command.env("EOVR_MASTER_KEY", master).arg("--checkpoints").arg(&checkpoints);
        let run = run(&mut command)?;
        assert_eq!(run.code, Some(0), "{}", run.complained);
        Ok(run.said.lines().find_map(|line| line.strip_prefix("key: ")).ok_or("a key")?.to_owned())
    };
    let old_key = checkpoint(&before)?;
    let rewrap = || {
        let mut command =
            key(&folder, &["rewrap", "--operator", "Mona Zaki", "--reason", "a leaver knew it"]);
        command.env("EOVR_MASTER_KEY", &now).env("EOVR_PREVIOUS_MASTER_KEY", &before);
        command.arg("--checkpoints").arg(&checkpoints);
        run(&mut command)
    };
    let done = rewrap()?;
    assert_eq!(done.code, Some(0), "{}", done.complained);
    let refused = run(&mut key(&folder, &["list"]))?;
    assert_eq!(refused.code, Some(1), "the old master key still opens: {}", refused.said);
    let new_key = checkpoint(&now)?;
    assert_ne!(old_key, new_key);
    // The command may be run again, interrupted or not.
    let again = rewrap()?;
    assert_eq!(again.code, Some(0), "{}", again.complained);
    let log = folder.file("log.ndjson");
    let mut command = folder.command("checkpoint");
    command.env("EOVR_MASTER_KEY", &now).arg("--checkpoints").arg(&checkpoints).arg("--log").arg(&log);
    assert_eq!(run(&mut command)?.code, Some(0));
    let mut verify = Command::new(env!("CARGO_BIN_EXE_eovr-server"));
    verify.arg("verify").arg(&log).arg("--checkpoints").arg(&checkpoints);
    let verified = run(verify.args(["--key", &old_key, "--key", &new_key]))?;
    assert_eq!(verified.code, Some(0), "{}{}", verified.said, verified.complained);
    let entries = entries(&folder, &now)?;
    let states: Vec<&str> = entries.iter().map(|(state, ..)| state.as_str()).collect();
    assert_eq!(states, ["done", "done"]);
    assert_eq!(entries[0].2, "Mona Zaki, at the command line: a leaver knew it");
    Ok(())
}
