//! `check`: whether a server could be started for real with these settings, before anybody relies on it.
//!
//! One line for each thing that is looked at; any that is not well makes the command fail. `serve
//! --production` looks at the same first, and does not start where it fails.

use crate::analyst;
use crate::checkpoint::Kept;
use crate::database::{Config, KeyText};
use crate::output::{Failure, Out, Paint};
use crate::settings::{KEY, Place};

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Where the server is found from outside
    #[arg(long, value_name = "URL", env = "EOVR_PUBLIC_URL")]
    public_url: Option<String>,
    #[command(flatten)]
    analyst: analyst::Args,
    #[command(flatten)]
    kept: Kept,
}

/// What is not wrong, and leaves a promise unkept.
pub(crate) const NO_CHECKPOINTS: &str = "checkpoints: none are made, so nothing outside of the database vouches for its \
    history; name a file that is kept elsewhere with --checkpoints";

/// What was looked at, and how it is: well, or what is wrong and what would help.
struct Finding {
    what: &'static str,
    found: Result<String, (String, String)>,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<u8, Failure> {
    let findings = all(&args.place, args.public_url.as_deref(), &args.analyst).await;
    let mut failed = 0;
    for Finding { what, found } in &findings {
        match found {
            Ok(well) => {
                let mark = out.paint("ok", Paint::Good);
                out.line(format_args!("{mark}    {what}: {well}"));
            }
            Err((wrong, help)) => {
                failed += 1;
                let mark = out.paint("FAIL", Paint::Bad);
                out.line(format_args!("{mark}  {what}: {wrong}; {help}"));
            }
        }
    }
    if !args.kept.is_on() {
        let mark = out.paint("warn", Paint::Warn);
        out.line(format_args!("{mark}  {NO_CHECKPOINTS}"));
    }
    Ok(u8::from(failed > 0))
}

/// Fails with everything that is wrong.
pub(crate) async fn for_real(
    place: &Place,
    public_url: Option<&str>,
    analyst: &analyst::Args,
) -> Result<(), Failure> {
    let findings = all(place, public_url, analyst).await;
    let wrong: Vec<String> = findings
        .into_iter()
        .filter_map(|Finding { what, found }| {
            found.err().map(|(wrong, help)| format!("{what}: {wrong}; {help}"))
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(wrong.join("\n"), "`eovr-server check` shows all that is looked at"))
}

async fn all(place: &Place, public_url: Option<&str>, analyst: &analyst::Args) -> Vec<Finding> {
    let mut findings = vec![Finding { what: "address", found: address(public_url) }];
    match place.database() {
        Ok(config) => {
            findings.push(Finding { what: "key", found: key(&config) });
            findings.push(Finding { what: "database", found: database(config).await });
        }
        Err(failure) => {
            let wrong = (failure.to_string(), "see `eovr-server serve --help`".to_owned());
            findings.push(Finding { what: "database", found: Err(wrong) });
        }
    }
    match analyst.check() {
        Ok(None) => {}
        Ok(Some(well)) => findings.push(Finding { what: "analyst", found: Ok(well) }),
        Err(failure) => {
            let wrong = (failure.to_string(), "see `eovr-server serve --help`".to_owned());
            findings.push(Finding { what: "analyst", found: Err(wrong) });
        }
    }
    findings
}

fn address(url: Option<&str>) -> Result<String, (String, String)> {
    match url {
        Some(url) if url.starts_with("https://") && url.len() > "https://".len() => Ok(url.to_owned()),
        _ => Err((
            "it is not said, or is not https".to_owned(),
            "set EOVR_PUBLIC_URL to what people type, such as `https://reports.example.org`".to_owned(),
        )),
    }
}

/// A key that lies beside the data opens them for whoever takes both: for real it comes from outside.
fn key(config: &Config) -> Result<String, (String, String)> {
    let make = format!("`openssl rand -base64 {}` makes one; keep it in a secret store", config.key_bytes());
    let Some(text) = std::env::var_os(KEY) else {
        return Err((format!("{KEY} is not set"), make));
    };
    let text = text.into_string().map_err(|_| (format!("{KEY} is not text"), make.clone()))?;
    let key = KeyText::new(text, config).map_err(|failure| {
        // The line says already what it is about.
        let sentence = failure.to_string();
        (sentence.strip_prefix("key: ").unwrap_or(&sentence).to_owned(), make.clone())
    })?;
    match key.weakness() {
        Some(weakness) => Err((weakness.to_owned(), make)),
        None => Ok(format!("{} bytes, from {KEY}", config.key_bytes())),
    }
}

/// Whether it lets us in. Tables are the server's to make, when it starts.
async fn database(config: Config) -> Result<String, (String, String)> {
    let name = config.to_string();
    let opened = config.open().await.map_err(|failure| {
        (failure.to_string(), "see that it runs and that user and password are right".to_owned())
    })?;
    opened.close().await;
    Ok(name)
}
