//! Runs the real program in a folder of its own.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use eovr_core::access::{Actor, danger};
use eovr_core::incident::{self, Settings};
use eovr_core::org::Org;
use eovr_core::record::Tally;
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, Session};
use eovr_store_sql::SqlStore;

pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// A temporary folder.
pub(crate) struct Folder(tempfile::TempDir);

/// The output and the exit code of the program.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) complained: String,
}

impl Folder {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// The data folder of the program.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A file beside it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, without environment variables of the tests.
    pub(crate) fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eovr-server"));
        command.env_remove("EOVR_MASTER_KEY").env_remove("EOVR_STORE").env_remove("EOVR_ORG");
        command.arg(verb).arg("--dir").arg(self.data());
        command
    }

    pub(crate) fn import(&self, file: &Path) -> Command {
        let mut command = self.command("import");
        command.arg(file).args(["--text", "text"]);
        command
    }

    /// How many incidents the store has, read without the program.
    pub(crate) fn incidents(&self) -> Result<u64, Box<dyn Error>> {
        self.with_store(async |session| {
            let cells = session.tally(&Tally::of(incident::KIND)).await?.cells;
            Ok(cells.iter().map(|cell| cell.count).sum())
        })
    }

    /// Works on the store without the program, with all rights.
    pub(crate) fn with_store<T>(
        &self,
        work: impl AsyncFnOnce(Session) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        self.with_store_as(danger::unrestricted("test", "look at the incidents")?, work)
    }

    /// The same with an actor.
    pub(crate) fn with_store_as<T>(
        &self,
        actor: Actor,
        work: impl AsyncFnOnce(Session) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        let org = r#"[{"id": "A", "title": {"en": "a", "ar": "ا"}, "administrations": [{"id": "A", "title":
            {"en": "a", "ar": "ا"}, "facilities": [{"id": "A", "title": {"en": "a", "ar": "ا"},
            "time_zone": "UTC"}]}]}]"#;
        let key = MasterKey::from_base64(&std::fs::read_to_string(self.data().join("master.key"))?)?;
        let url = format!("sqlite://{}", self.data().join("eovr.db").display());
        tokio::runtime::Runtime::new()?.block_on(async {
            let store = SqlStore::open(&url).await?;
            let eovr = Eovr::builder()
                .store(store.clone())
                .org(Org::new(serde_json::from_str(org)?)?)
                .kinds(incident::kinds(Settings::default())?)
                .master_key(key)
                .open()
                .await?;
            let done = work(eovr.session(actor)).await;
            store.close().await;
            done
        })
    }
}

pub(crate) fn run(command: &mut Command) -> Result<Run, Box<dyn Error>> {
    let Output { status, stdout, stderr } = command.output()?;
    Ok(Run { code: status.code(), said: String::from_utf8(stdout)?, complained: String::from_utf8(stderr)? })
}

impl Run {
    /// Fails with the whole output, unless it contains all of these texts.
    pub(crate) fn says(&self, expected: &[&str]) -> Tested {
        // The program wraps lines, at places that depend on the names of folders.
        let unwrapped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let all = [unwrapped(&self.said), unwrapped(&self.complained)];
        match expected.iter().find(|text| !all.iter().any(|said| said.contains(&unwrapped(text)))) {
            Some(missing) => Err(format!("`{missing}` is not in\n{}\n{}", self.said, self.complained).into()),
            None => Ok(()),
        }
    }
}
