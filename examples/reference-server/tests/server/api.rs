//! The description of the API against the API: Schemathesis reads the one and asks the other, with all of
//! its checks, and finds no difference.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::served::{Found, Server};
use crate::support::{Folder, Tested, run};

/// What it draws follows from this number.
const SEED: u32 = 20_261_122;

/// For each route and phase. More find more, and take longer.
const EXAMPLES: &str = "6";

/// Routes that end a login, or that count attempts to guess a password: each has a login of its own.
const OWN: &[&str] = &[
    "/api/auth/logout",
    "/api/auth/logout-everywhere",
    "/api/auth/change-password",
    "/api/auth/prove",
    "/api/auth/mfa/setup",
    "/api/auth/mfa/enable",
    "/api/auth/mfa/disable",
    "/api/auth/sessions",
    "/api/auth/sessions/{id}",
];

/// The demonstration, served.
struct Hospital {
    server: Server,
    /// Passwords by address.
    passwords: BTreeMap<String, String>,
    folder: Folder,
}

impl Hospital {
    fn open() -> Found<Self> {
        let folder = Folder::new()?;
        let built = run(folder.command("demo").arg("--once"))?;
        let rows = built.said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let shown = rows.filter(|row| row.get(1).is_some_and(|email| email.ends_with("@eovr.test")));
        let passwords =
            shown.filter_map(|row| Some((row.get(1)?.to_string(), row.get(2)?.to_string()))).collect();
        let mut serve = folder.command("serve");
        let server = Server::start(serve.args(["--proxy", "127.0.0.1", "--requests-per-minute", "0"]))?;
        Ok(Self { server, passwords, folder })
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Found<Value> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json"
        );
        let answer = self.server.ask(&head, &body.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
        serde_json::from_str(body).map_err(|error| format!("{error}: {answer}").into())
    }

    fn log_in(&self, email: &str, password: &str) -> Found<String> {
        let entered = self.post("/api/auth/login", "", &json!({"email": email, "password": password}))?;
        text(&entered, "access_token")
    }

    /// Somebody of the demonstration.
    fn known(&self, email: &str) -> Found<String> {
        self.log_in(email, self.passwords.get(email).ok_or("the demonstration shows a password")?)
    }

    /// The id of the account behind a token.
    fn account(&self, token: &str) -> Found<String> {
        let head = format!("GET /api/auth/me HTTP/1.1\r\nauthorization: Bearer {token}");
        let answer = self.server.ask(&head, "")?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
        text(&serde_json::from_str(body)?, "id")
    }

    /// Another account of the same role, for one route: what is done to it is done to nobody else.
    fn another(&self, by: &str, role: &str, number: usize) -> Found<String> {
        let email = format!("another-{number}@eovr.test");
        let person = json!({"role": role, "facility": "WN-E-1", "email": email, "name": "Another"});
        let given = self.post("/api/users", by, &person)?;
        let first = text(&given, "first_password")?;
        let step = self.post("/api/auth/login", "", &json!({"email": email, "password": first}))?;
        let replace = json!({"token": text(&step, "token")?, "password": "three boats on the river"});
        let entered = self.post("/api/auth/new-password", "", &replace)?;
        text(&entered, "access_token")
    }
}

/// A member of an answer.
fn text(answer: &Value, member: &str) -> Found<String> {
    let found = answer.get(member).and_then(Value::as_str);
    Ok(found.ok_or_else(|| answer.to_string())?.to_owned())
}

fn as_described(email: &str, role: &str) -> Tested {
    let hospital = Hospital::open()?;
    let top = hospital.known("top@eovr.test")?;
    let token = hospital.known(email)?;
    let mut tokens = BTreeMap::from([("", token.clone())]);
    for (number, path) in OWN.iter().enumerate() {
        tokens.insert(path, hospital.another(&top, role, number)?);
    }
    let spared = tokens.values().map(|token| hospital.account(token)).collect::<Found<Vec<_>>>()?;

    let python = std::env::var_os("EOVR_PYTHON").ok_or("EOVR_PYTHON names a Python with schemathesis")?;
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/api_hooks.py");
    let ran = run(Command::new(python)
        .args(["-m", "schemathesis.cli", "--no-color", "run", "--checks", "all", "--workers", "1"])
        .args(["--seed", &SEED.to_string(), "--max-examples", EXAMPLES, "--generation-database", "none"])
        .args(["--request-timeout", "20", "--continue-on-failure", "--suppress-health-check", "all"])
        // A stream of events ends when its login does, and not before.
        .args(["--exclude-path", "/api/auth/events"])
        .arg(format!("http://{}/api/openapi.json", hospital.server.address))
        .env("SCHEMATHESIS_HOOKS", hooks)
        .env("EOVR_API", json!({"tokens": tokens, "spared": spared}).to_string())
        .current_dir(hospital.folder.data()))?;
    assert_eq!(ran.code, Some(0), "seed {SEED}:\n{}\n{}", ran.said, ran.complained);
    // Who was let in still is: what was asked was answered to somebody.
    hospital.account(&token)?;
    Ok(())
}

#[test]
fn the_top_gets_what_is_described() -> Tested {
    as_described("top@eovr.test", "top_management")
}

#[test]
fn a_quality_admin_gets_what_is_described() -> Tested {
    as_described("quality.wn-e-1@eovr.test", "quality_admin")
}
