//! The reference server, with the demonstration's people and incidents.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use super::connection::Connection;
use super::program::Program;
use super::request;
use crate::Outcome;
use crate::server::{built, command};

/// A running server on a temporary folder.
pub(super) struct Ours {
    pub(super) program: Program,
    place: Place,
}

/// A filled store, and the accounts that can log in.
pub(super) struct Place {
    binary: PathBuf,
    folder: TempDir,
    /// Address and password of each account.
    accounts: Vec<(String, String)>,
}

impl Ours {
    pub(super) fn start() -> Outcome<Self> {
        let place = Place::make()?;
        Ok(Self { program: place.serve()?, place })
    }

    /// The tokens of a reporter, and of an account that sees every incident.
    pub(super) async fn tokens(&self) -> Outcome<(String, String)> {
        Ok((self.token("staff.wn-e-1@eovr.test").await?, self.token("top@eovr.test").await?))
    }

    pub(super) fn accounts(&self) -> &[(String, String)] {
        &self.place.accounts
    }

    /// Logs an account in, and returns its access token.
    async fn token(&self, email: &str) -> Outcome<String> {
        let known = self.place.accounts.iter().find(|(known, _)| known == email);
        let (_, password) = known.ok_or("the demonstration has no such account")?;
        let mut connection = Connection::open(self.program.address).await?;
        let entered: Value =
            serde_json::from_slice(connection.ask(&request::login(email, password)).await?.good()?)?;
        let token = entered.get("access_token").and_then(Value::as_str);
        Ok(token.ok_or("nothing more is asked of a demonstration account")?.to_owned())
    }
}

impl Place {
    /// Builds the server and the demonstration.
    pub(super) fn make() -> Outcome<Self> {
        let binary = built()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let output = command(&binary, "demo", folder.path()).arg("--once").output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let said = String::from_utf8(output.stdout)?;
        let rows = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let accounts = rows.filter_map(|row| match row.as_slice() {
            [_, email, password, ..] if email.ends_with("@eovr.test") => {
                Some(((*email).to_owned(), (*password).to_owned()))
            }
            _ => None,
        });
        Ok(Self { accounts: accounts.collect(), binary, folder })
    }

    /// The default settings, except that the server does not rate-limit clients and discards its log.
    pub(super) fn serve(&self) -> Outcome<Program> {
        let mut command = command(&self.binary, "serve", self.folder.path());
        command.args(["--listen", "127.0.0.1:0", "--requests-per-minute", "0"]);
        Program::start(command.stderr(Stdio::null()))
    }
}
