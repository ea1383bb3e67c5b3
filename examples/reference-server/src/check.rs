//! `check`: whether these settings are fit for production, before users depend on the server.
//!
//! It prints one line for each check; any failed check makes the command fail. `serve --production` runs the same
//! checks first, and does not start if one fails.

use crate::serve::Serving;
use eovr_host::database::{Config, KeyText};
use eovr_host::output::{Failure, Out, Paint};
use eovr_host::settings::{KEY, Place};

/// Options of `check`, the same as those of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    serving: Serving,
}

/// A warning: the setting is allowed, but it lacks a protection.
pub(crate) const NO_CHECKPOINTS: &str = "checkpoints: none are made, so nothing outside of the database vouches for its \
    history; name a file that is kept elsewhere with --checkpoints";

/// Another warning.
pub(crate) const NO_SECOND_FACTOR: &str = "second factor: not required; --second-factor-from 4 requires it from tier 4 on, \
    --second-factor-from 1 for every account";

/// The result of one check: passed, or a problem with its remedy.
struct Finding {
    what: &'static str,
    found: Found,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<u8, Failure> {
    let findings = all(&args.place, &args.serving).await;
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
    if !args.serving.log.kept.is_on() {
        let mark = out.paint("warn", Paint::Warn);
        out.line(format_args!("{mark}  {NO_CHECKPOINTS}"));
    }
    if !args.serving.demands_a_second_factor() {
        let mark = out.paint("warn", Paint::Warn);
        out.line(format_args!("{mark}  {NO_SECOND_FACTOR}"));
    }
    Ok(u8::from(failed > 0))
}

/// Fails with every problem found.
pub(crate) async fn for_real(place: &Place, serving: &Serving) -> Result<(), Failure> {
    let findings = all(place, serving).await;
    let wrong: Vec<String> = findings
        .into_iter()
        .filter_map(|Finding { what, found }| {
            found.err().map(|(wrong, help)| format!("{what}: {wrong}; {help}"))
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(wrong.join("\n"), "`eovr-server check` shows every check"))
}

/// Passed, or a problem with its remedy.
type Found = Result<String, (String, String)>;

async fn all(place: &Place, serving: &Serving) -> Vec<Finding> {
    let mut findings = vec![
        Finding { what: "address", found: address(serving.public_url.as_deref()) },
        Finding { what: "proxy", found: serving.behind.check() },
    ];
    findings.extend(serving.lies_open().map(|listen| Finding { what: "line", found: Err(open(listen)) }));
    match place.database() {
        Ok(config) => {
            findings.push(Finding { what: "key", found: key(&config) });
            findings.push(Finding { what: "database", found: database(config).await });
        }
        Err(failure) => findings.push(Finding { what: "database", found: Err(told(&failure)) }),
    }
    findings.extend(exposed(place).map(|wrong| Finding { what: "files", found: Err(wrong) }));
    let provider = serving.provider().map(|provider| provider.map(|_| "described".to_owned()));
    let rest = [
        ("mail", serving.delivery.check()),
        ("identity provider", provider),
        ("analyst", serving.analyst.check()),
    ];
    for (what, found) in rest {
        match found {
            Ok(None) => {}
            Ok(Some(well)) => findings.push(Finding { what, found: Ok(well) }),
            Err(failure) => findings.push(Finding { what, found: Err(told(&failure)) }),
        }
    }
    findings
}

fn open(listen: std::net::SocketAddr) -> (String, String) {
    (
        format!("{listen} can be reached from outside, and the server itself speaks no TLS"),
        "put a proxy with a certificate before it and name it with --proxy, or listen on 127.0.0.1"
            .to_owned(),
    )
}

fn told(failure: &Failure) -> (String, String) {
    let help = failure.help().unwrap_or("see `eovr-server serve --help`");
    (failure.to_string(), help.to_owned())
}

/// Files that other accounts of this machine may read. New files of the server are private; older ones may not be.
#[cfg(unix)]
fn exposed(place: &Place) -> Option<(String, String)> {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS: u32 = 0o007;
    let all = place.private().unwrap_or_default();
    let open = |path: &std::path::Path| path.metadata().is_ok_and(|found| found.mode() & OTHERS != 0);
    let (path, rights) = all.into_iter().find(|(path, _)| open(path))?;
    let path = path.display();
    Some((format!("every account of this machine may enter `{path}`"), format!("`chmod {rights} {path}`")))
}

#[cfg(not(unix))]
fn exposed(_: &Place) -> Option<(String, String)> {
    None
}

fn address(url: Option<&str>) -> Found {
    match url {
        Some(url) if url.starts_with("https://") && url.len() > "https://".len() => Ok(url.to_owned()),
        _ => Err((
            "it is not set, or is not https".to_owned(),
            "set EOVR_PUBLIC_URL to what people type, such as `https://reports.example.org`".to_owned(),
        )),
    }
}

/// A key beside the data protects nothing if both are stolen, so production needs a key from outside.
fn key(config: &Config) -> Found {
    let make = format!("`openssl rand -base64 {}` makes one; keep it in a secret store", config.key_bytes());
    let Some(text) = std::env::var_os(KEY) else {
        return Err((format!("{KEY} is not set"), make));
    };
    let text = text.into_string().map_err(|_| (format!("{KEY} is not text"), make.clone()))?;
    let key = KeyText::new(text, config).map_err(|failure| {
        // The line already names its subject.
        let sentence = failure.to_string();
        (sentence.strip_prefix("key: ").unwrap_or(&sentence).to_owned(), make.clone())
    })?;
    match key.weakness() {
        Some(weakness) => Err((weakness.to_owned(), make)),
        None => Ok(format!("{} bytes, from {KEY}", config.key_bytes())),
    }
}

/// Whether the server can log in to it. The server itself creates missing tables when it starts.
async fn database(config: Config) -> Found {
    let name = config.to_string();
    if !config.is_protected() {
        return Err((
            format!("{name} is reached over a connection that others can read or change"),
            "add `sslmode=verify-full` to the URL (MariaDB, MySQL: `ssl-mode=VERIFY_IDENTITY`, MongoDB: `tls=true`)"
                .to_owned(),
        ));
    }
    let opened = config.open().await.map_err(|failure| {
        (failure.to_string(), "see that it runs and that user and password are right".to_owned())
    })?;
    opened.close().await;
    Ok(name)
}
