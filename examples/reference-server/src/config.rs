//! Settings from a file. Every option of a command is a key of the file; an option or an environment variable overrides
//! the file.
//!
//! The parser receives the keys as options, so a new option is a key at once, and each value is validated once. Secrets
//! have no keys; they come from the environment.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use eovr_host::output::Failure;

/// The option that names the file.
const OPTION: &str = "config";

/// The arguments, extended by the options that only the file sets.
///
/// # Errors
/// If the file cannot be read, or has a key that the command does not have.
pub(crate) fn with_file(command: Command, mut args: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    // The parser reports faulty arguments itself, afterwards.
    let lenient = command.clone().ignore_errors(true);
    let Ok(matches) = lenient.try_get_matches_from(&args) else { return Ok(args) };
    let Some((verb, given)) = matches.subcommand() else { return Ok(args) };
    let Some(options) = command.find_subcommand(verb) else { return Ok(args) };
    let file = given.try_get_one::<PathBuf>(OPTION).ok().flatten();
    let Some(file) = file else { return Ok(args) };
    for (key, value) in read(file)? {
        let option = keys(options).find(|option| option.get_long() == Some(key.as_str()));
        let option = option.ok_or_else(|| {
            let known: Vec<_> = keys(options).filter_map(Arg::get_long).collect();
            wrong(
                file,
                &format!("`{key}` is no key of `{verb}`"),
                &format!("there are: {}", known.join(", ")),
            )
        })?;
        if !is_given(given, option) {
            args.extend(as_options(&key, &value, option).ok_or_else(|| {
                wrong(
                    file,
                    &format!("`{key}` cannot have this value"),
                    "write a text, a number, true or false, or a list",
                )
            })?);
        }
    }
    Ok(args)
}

/// A file with every key of a command, each explained and none set.
pub(crate) fn template(command: &Command, verb: &str) -> String {
    let mut text = format!(
        "# Settings of `eovr-server {verb}`: start it with `--config FILE`. An option or an environment variable\n\
         # stands above this file. Secrets do not belong here: see EOVR_MASTER_KEY and the others in SECURITY.md.\n"
    );
    let options = command.find_subcommand(verb).into_iter().flat_map(keys);
    for option in options {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        let variable =
            option.get_env().map(|name| format!(" ({})", name.to_string_lossy())).unwrap_or_default();
        let value = option.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        let value = match (option.get_action(), value) {
            (ArgAction::SetTrue, _) => "false".to_owned(),
            (ArgAction::Append, _) => "[]".to_owned(),
            (_, Some(number)) if number.parse::<u64>().is_ok() => number,
            (_, value) => format!("{:?}", value.unwrap_or_default()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n# {help}{variable}\n# {} = {value}", option.get_long().unwrap_or_default());
    }
    text
}

/// The options that may stand in a file.
fn keys(command: &Command) -> impl Iterator<Item = &Arg> {
    let may =
        |option: &&Arg| option.get_long().is_some_and(|long| ![OPTION, "help", "version"].contains(&long));
    command.get_arguments().filter(may)
}

fn is_given(matches: &ArgMatches, option: &Arg) -> bool {
    let source = matches.value_source(option.get_id().as_str());
    matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

fn as_options(key: &str, value: &Value, option: &Arg) -> Option<Vec<OsString>> {
    let one = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => return None,
        };
        Some(OsString::from(format!("--{key}={text}")))
    };
    match (option.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(yes)) => {
            Some(yes.then(|| format!("--{key}").into()).into_iter().collect())
        }
        (ArgAction::Append, Value::Array(values)) => values.iter().map(one).collect(),
        (ArgAction::Set, value) => one(value).map(|option| vec![option]),
        _ => None,
    }
}

fn read(file: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| wrong(file, &error.to_string(), "name another with --config"))?;
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let place = line.map(|line| format!(" near line {line}")).unwrap_or_default();
        wrong(file, &format!("not TOML{place}: {}", error.message()), "`eovr-server settings` shows one")
    })
}

fn wrong(file: &Path, what: &str, help: &str) -> Failure {
    Failure::usage(format!("{}: {what}", file.display()), help.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::Cli;

    type Tested = Result<(), Box<dyn std::error::Error>>;

    fn with(file: &str, more: &[&str]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("eovr.toml");
        std::fs::write(&path, file).map_err(|error| error.to_string())?;
        let mut args: Vec<OsString> =
            vec!["eovr-server".into(), "serve".into(), "--config".into(), path.into()];
        let before = args.len() + more.len();
        args.extend(more.iter().map(OsString::from));
        let args = with_file(Cli::command(), args).map_err(|failure| failure.to_string())?;
        Ok(args[before..].iter().map(|arg| arg.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn a_key_is_an_option_and_an_option_stands_above_it() -> Tested {
        let file = "listen = '127.0.0.1:9'\nproduction = true\nproxy = ['10.0.0.1', '10.0.0.2']\n\
                    requests-per-minute = 60\n";
        let all = [
            "--listen=127.0.0.1:9",
            "--production",
            "--proxy=10.0.0.1",
            "--proxy=10.0.0.2",
            "--requests-per-minute=60",
        ];
        assert_eq!(with(file, &[])?, all);
        let given = with(file, &["--listen", "127.0.0.1:1", "--production", "--proxy", "10.0.0.3"])?;
        assert_eq!(given, ["--requests-per-minute=60"]);
        assert_eq!(with("production = false", &[])?, [""; 0]);
        Ok(())
    }

    #[test]
    fn an_unknown_setting_is_reported() {
        let refused = |file: &str| with(file, &[]).unwrap_err();
        assert!(refused("listne = 'x'").contains("`listne` is no key of `serve`"));
        assert!(refused("config = 'x'").contains("no key"));
        assert!(refused("production = 'yes'").contains("cannot have this value"));
        assert!(refused("listen = ").contains("near line 1"));
    }

    #[test]
    fn the_template_has_every_key_and_sets_none() -> Tested {
        let command = Cli::command();
        let text = template(&command, "serve");
        let serve = command.find_subcommand("serve").ok_or("there is a command `serve`")?;
        for key in keys(serve).filter_map(Arg::get_long) {
            assert!(text.contains(&format!("\n# {key} = ")), "{key} is not explained:\n{text}");
        }
        assert!(text.parse::<Table>()?.is_empty());
        // Without the comment marks it is TOML.
        let set: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(set.parse::<Table>()?.len() > 10, "{set}");
        Ok(())
    }
}
