//! A server on the demonstration: a hospital group with accounts.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::served::{Found, Server};
use crate::support::{Folder, run};

/// A running server on the demonstration.
pub(crate) struct Hospital {
    pub(crate) server: Server,
    /// Passwords by address.
    passwords: BTreeMap<String, String>,
    pub(crate) folder: Folder,
}

impl Hospital {
    pub(crate) fn open(options: impl FnOnce(&mut Command)) -> Found<Self> {
        let folder = Folder::new()?;
        let built = run(folder.command("demo").arg("--once"))?;
        let rows = built.said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let shown = rows.filter(|row| row.get(1).is_some_and(|email| email.ends_with("@eovr.test")));
        let passwords =
            shown.filter_map(|row| Some((row.get(1)?.to_string(), row.get(2)?.to_string()))).collect();
        let mut serve = folder.command("serve");
        options(serve.args(["--proxy", "127.0.0.1", "--requests-per-minute", "0"]));
        let server = Server::start(&mut serve)?;
        Ok(Self { server, passwords, folder })
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Found<Value> {
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

    /// The token of an account of the demonstration.
    pub(crate) fn known(&self, email: &str) -> Found<String> {
        self.log_in(email, self.passwords.get(email).ok_or("the demonstration shows a password")?)
    }

    /// The id of the account behind a token.
    pub(crate) fn account(&self, token: &str) -> Found<String> {
        let head = format!("GET /api/auth/me HTTP/1.1\r\nauthorization: Bearer {token}");
        let answer = self.server.ask(&head, "")?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
        text(&serde_json::from_str(body)?, "id")
    }

    /// Creates an account in a hospital, and logs it in; returns the token.
    pub(crate) fn another(&self, by: &str, role: &str, email: &str) -> Found<String> {
        let person = json!({"role": role, "facility": "WN-E-1", "email": email, "name": "Another"});
        let given = self.post("/api/users", by, &person)?;
        let first = text(&given, "first_password")?;
        let step = self.post("/api/auth/login", "", &json!({"email": email, "password": first}))?;
        let replace = json!({"token": text(&step, "token")?, "password": "three boats on the river"});
        let entered = self.post("/api/auth/new-password", "", &replace)?;
        text(&entered, "access_token")
    }
}

/// A member of a response.
pub(crate) fn text(answer: &Value, member: &str) -> Found<String> {
    let found = answer.get(member).and_then(Value::as_str);
    Ok(found.ok_or_else(|| answer.to_string())?.to_owned())
}
