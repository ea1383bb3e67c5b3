//! An operator's own hospital group: its facilities from a file, and its first account.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::hospital::Hospital;
use crate::served::Server;
use crate::support::{Folder, Tested, run};

fn organisation(folder: &Folder, facilities: &[(&str, &str)]) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let title = |text: &str| json!({"en": text, "ar": "مستشفى"});
    let mut administrations: Vec<Value> = Vec::new();
    for (administration, facility) in facilities {
        let facility = json!({"id": facility, "title": title(facility), "time_zone": "Africa/Tripoli"});
        administrations
            .push(json!({"id": administration, "title": title(administration), "facilities": [facility]}));
    }
    let tree = json!([{"id": "TRP", "title": title("Tripoli"), "administrations": administrations}]);
    let path = folder.file("organisation.json");
    fs::write(&path, tree.to_string())?;
    Ok(path)
}

fn say(server: &Server, path: &str, body: &Value) -> Result<(String, Value), Box<dyn std::error::Error>> {
    let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json");
    let answer = server.ask(&head, &body.to_string())?;
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    Ok((answer.lines().next().unwrap_or_default().to_owned(), serde_json::from_str(body)?))
}

#[test]
fn the_operators_group_is_entered_and_its_first_account_logs_in() -> Tested {
    let folder = Folder::new()?;
    let org = organisation(&folder, &[("TRP-A", "TRP-A-1")])?;
    let account = |email: &str| {
        let mut command = folder.command("account");
        command.args(["--email", email, "--name", "Dr Mona Zaki"]);
        command
    };
    let made = run(account("mona@hospital.example").arg("--org").arg(&org))?;
    assert_eq!(made.code, Some(0), "{}", made.complained);
    made.says(&["top_management of TRP-A-1: mona@hospital.example"])?;
    let first = made.said.lines().find_map(|line| line.strip_prefix("first password: "));
    let first = first.ok_or("no password was said")?;

    // Now the database has the organisation: the file is not needed, and the invented one is not entered.
    let again = run(&mut account("mona@hospital.example"))?;
    assert_eq!(again.code, Some(2), "{}", again.said);
    again.says(&["there is an account with this address already"])?;
    let elsewhere = run(account("other@hospital.example").args(["--facility", "WN-E-1"]))?;
    elsewhere.says(&["there is no such facility", "this organisation has `TRP-A-1`"])?;

    // One more facility is entered beside it; a moved facility is refused.
    let more = organisation(&folder, &[("TRP-A", "TRP-A-1"), ("TRP-B", "TRP-B-1")])?;
    let quality = run(account("sami@hospital.example")
        .args(["--role", "quality_admin", "--facility", "TRP-B-1", "--org"])
        .arg(&more))?;
    quality.says(&["quality_admin of TRP-B-1: sami@hospital.example"])?;
    let moved = organisation(&folder, &[("TRP-C", "TRP-A-1")])?;
    let refused = run(account("third@hospital.example").arg("--org").arg(&moved))?;
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    refused.says(&["facility `TRP-A-1` has another place in the database"])?;

    let server = Server::start(&mut folder.command("serve"))?;
    let login = json!({"email": "mona@hospital.example", "password": first});
    let (status, answer) = say(&server, "/api/auth/login", &login)?;
    assert!(status.contains("200") && answer["status"] == "new_password", "{status} {answer}");
    server.terminate()?;
    assert!(server.end()?.0.success());
    Ok(())
}

/// A facility that another process enters is known to a running server within seconds, without a restart.
#[test]
fn a_running_server_follows_the_organisation() -> Tested {
    let hospital = Hospital::open(|_| {})?;
    let token = hospital.known("top@eovr.test")?;
    let head = format!("GET /api/auth/me HTTP/1.1\r\nauthorization: Bearer {token}");
    let known =
        || Ok::<_, Box<dyn std::error::Error>>(hospital.server.ask(&head, "")?.contains("\"TRP-A-1\""));
    assert!(!known()?);
    let org = organisation(&hospital.folder, &[("TRP-A", "TRP-A-1")])?;
    let mut command = hospital.folder.command("account");
    let quality =
        command.args(["--email", "sami@hospital.example", "--name", "Sami", "--role", "quality_admin"]);
    let made = run(quality.args(["--facility", "TRP-A-1", "--org"]).arg(&org))?;
    assert_eq!(made.code, Some(0), "{}", made.complained);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !known()? {
        assert!(Instant::now() < deadline, "the server does not know the facility");
        std::thread::yield_now();
    }
    hospital.server.terminate()
}

#[test]
fn a_file_that_is_no_organisation_is_refused_before_anything_is_made() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("organisation.json");
    for (text, wrong) in [
        ("not JSON", "is no organisation"),
        ("[]", "the organisation has no facility"),
        (r#"[{"id": "A", "name": "a"}]"#, "unknown field `name`"),
    ] {
        fs::write(&file, text)?;
        let mut command = folder.command("account");
        let refused = run(command.args(["--email", "a@b.example", "--name", "A", "--org"]).arg(&file))?;
        assert!(matches!(refused.code, Some(1 | 2)), "{text}: {}", refused.said);
        refused.says(&[wrong])?;
    }
    let mut command = folder.command("account");
    let missing = run(command.args(["--email", "a@b.example", "--name", "A", "--org", "nowhere.json"]))?;
    missing.says(&["`nowhere.json`", "cannot be read"])?;
    assert!(!folder.data().exists());
    // The server creates no account in an invented hospital.
    let mut command = folder.command("account");
    let forgotten = run(command.args(["--email", "a@b.example", "--name", "A"]))?;
    forgotten.says(&["the database has no facility yet", "--org FILE"])
}

/// In production the server enters no invented facility.
#[test]
fn a_server_for_real_has_an_organisation_of_its_own() -> Tested {
    let folder = Folder::new()?;
    let key = STANDARD.encode(std::array::from_fn::<u8, 32, _>(|at| (at as u8).wrapping_mul(89) ^ 0x5A));
    let serve = || {
        let mut command = folder.command("serve");
        command.args(["--production", "--no-proxy"]).env("EOVR_PUBLIC_URL", "https://reports.example.org");
        command.env("EOVR_MASTER_KEY", &key);
        command
    };
    fs::create_dir_all(folder.data())?;
    let refused = run(serve().args(["--listen", "127.0.0.1:0"]))?;
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    refused.says(&["the database has no facility yet", "--org FILE"])?;
    let org = organisation(&folder, &[("TRP-A", "TRP-A-1")])?;
    let server = Server::start(serve().env("EOVR_ORG", &org))?;
    assert!(server.ask("GET /ready HTTP/1.1", "")?.starts_with("HTTP/1.1 200"));
    server.terminate()?;
    assert!(server.end()?.0.success());
    // The database has the organisation now.
    let server = Server::start(&mut serve())?;
    server.terminate()?;
    assert!(server.end()?.0.success());
    Ok(())
}
