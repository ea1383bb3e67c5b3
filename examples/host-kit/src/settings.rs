//! The location of the data, and its key.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eovr_core::org::{Governorate, Org};
use zeroize::Zeroizing;

use crate::database::{Config, KeyText};
use crate::files::Files;
use crate::output::{Failure, Out};

/// The environment variable with the master key.
pub const KEY: &str = "EOVR_MASTER_KEY";

/// The environment variable with the previous master key.
pub const PREVIOUS_KEY: &str = "EOVR_PREVIOUS_MASTER_KEY";

/// The options that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// A file with settings (TOML), whose keys are the names of these options
    #[arg(long, value_name = "FILE", env = "EOVR_CONFIG")]
    config: Option<PathBuf>,
    /// The folder for the database, the key and other files of a command
    #[arg(long, default_value = "eovr-demo")]
    dir: PathBuf,
    /// The database: sqlite://FILE, postgres://…, mysql://…, mongodb://… [default: sqlite://DIR/eovr.db]
    #[arg(long, value_name = "URL", env = "EOVR_STORE", hide_env_values = true)]
    store: Option<String>,
    /// The hospital group (JSON): missing facilities are entered [default: an invented one]
    #[arg(long, value_name = "FILE", env = "EOVR_ORG")]
    org: Option<PathBuf>,
    /// The storage for attachments: a folder, or s3://BUCKET/PREFIX [default: DIR/files]
    #[arg(long, value_name = "PLACE", env = "EOVR_FILES")]
    files: Option<String>,
}

impl Place {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Creates the folder if it is missing.
    pub fn make_dir(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.dir).map_err(|error| {
            Failure::usage(
                format!("cannot make the folder `{}`: {error}", self.dir.display()),
                "name another with --dir",
            )
        })
    }

    /// The database of these settings.
    pub fn database(&self) -> Result<Config, Failure> {
        match &self.store {
            Some(url) => Config::from_url(url),
            None => Ok(Config::Sqlite(self.dir.join("eovr.db"))),
        }
    }

    /// The operator's own organisation, if a file describes one.
    pub fn organisation(&self) -> Result<Option<Org>, Failure> {
        let Some(path) = &self.org else { return Ok(None) };
        let help = "a list of governorates, each with `id`, `title` (`en`, `ar`) and `administrations`, and those with \
                    `facilities`, which have a `time_zone`: as in organisation.json of the reference server";
        let wrong = |why: String| Failure::usage(format!("`{}`: {why}", path.display()), help);
        let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let tree: Vec<Governorate> =
            serde_json::from_str(&text).map_err(|error| wrong(format!("is no organisation: {error}")))?;
        Ok(Some(Org::new(tree)?))
    }

    /// Existing paths that only the server's own account may read or enter, each with its required permissions.
    pub fn private(&self) -> Result<Vec<(PathBuf, &'static str)>, Failure> {
        let database = self.database()?.file().map(|file| (file.to_owned(), "600"));
        let files = match self.files.as_deref() {
            None => Some(self.dir.join("files")),
            Some(place) => (!place.starts_with("s3://")).then(|| PathBuf::from(place)),
        };
        let all = database.into_iter().chain(files.map(|folder| (folder, "700")));
        Ok(all.filter(|(path, _)| path.exists()).collect())
    }

    /// The storage for attachments.
    pub fn files(&self) -> Result<Files, Failure> {
        match &self.files {
            Some(place) => Files::at(place),
            None => Files::in_folder(&self.dir.join("files")),
        }
    }

    /// The previous master key, if the environment has one.
    pub fn previous_master_key(&self, config: &Config) -> Result<Option<KeyText>, Failure> {
        from_environment(PREVIOUS_KEY, config)
    }

    /// The master key: from the environment, else from the folder. A new store gets a new key in the folder.
    pub fn master_key(&self, config: &Config, out: &mut Out) -> Result<KeyText, Failure> {
        if let Some(key) = from_environment(KEY, config)? {
            return Ok(key);
        }
        let path = self.dir.join("master.key");
        match fs::read_to_string(&path) {
            Ok(text) => KeyText::new(text, config),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(config, &path, out),
            Err(error) => Err(Failure::broken(format!("cannot read `{}`: {error}", path.display()))),
        }
    }
}

fn from_environment(name: &str, config: &Config) -> Result<Option<KeyText>, Failure> {
    let Some(text) = std::env::var_os(name) else { return Ok(None) };
    let text = text.into_string().map_err(|_| {
        Failure::broken(format!("key: {name} is not text"))
            .with_help(format!("{} bytes in base64", config.key_bytes()))
    })?;
    KeyText::new(text, config).map(Some)
}

fn make_key(config: &Config, path: &Path, out: &mut Out) -> Result<KeyText, Failure> {
    if let Config::Sqlite(file) = config
        && file.exists()
    {
        return Err(Failure::broken(format!(
            "key: `{}` exists, but its master key is missing",
            file.display()
        ))
        .with_help(format!("set {KEY}, or put `{}` back", path.display())));
    }
    let mut bytes = Zeroizing::new(vec![0; config.key_bytes()]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| Failure::broken(format!("the system gives no randomness: {error}")))?;
    let text = KeyText::new(STANDARD.encode(bytes.as_slice()), config)?;
    let written = private(path).and_then(|mut file| {
        writeln!(file, "{}", text.as_str())?;
        file.sync_all()
    });
    written.map_err(|error| Failure::broken(format!("cannot write `{}`: {error}", path.display())))?;
    out.line(format_args!(
        "made a master key in {} (for the demonstration; elsewhere set {KEY})",
        path.display()
    ));
    Ok(text)
}

/// A new file that only its owner may read; never an existing one.
pub fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
