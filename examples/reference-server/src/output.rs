//! What the person at the terminal sees, and how a command says that it failed.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use eovr_core::{Error, ErrorKind};

use crate::table::{LINE, wrapped};

/// Where lines go. Colours only on a terminal, and not where `NO_COLOR` is set.
///
/// A reader that goes away (`| head`) is no failure: the rest is done in silence, because the work
/// matters more than its report.
pub(crate) struct Out {
    to: Box<dyn Write + Send>,
    colour: bool,
    broken: Option<io::Error>,
}

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paint {
    #[default]
    Plain,
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

impl Out {
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { to: Box::new(stdout), colour, broken: None }
    }

    /// Where a test reads it.
    #[cfg(test)]
    pub(crate) fn into(to: impl Write + Send + 'static) -> Self {
        Self { to: Box::new(to), colour: false, broken: None }
    }

    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        if self.broken.is_none() {
            self.broken = writeln!(self.to, "{line}").err();
        }
    }

    /// A heading, with an empty line before it.
    pub(crate) fn heading(&mut self, text: &str) {
        let text = self.paint(text, Paint::Bold);
        self.line(format_args!("\n{text}"));
    }

    /// The text in this colour, where there are colours.
    pub(crate) fn paint(&self, text: &str, paint: Paint) -> String {
        if self.colour && paint != Paint::Plain {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    /// Ends the output.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match self.broken.take().map_or_else(|| self.to.flush(), Err) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::broken(format!("cannot write the output: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// As a shell counts a command that was interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ended early: its exit code, what happened, and what would help.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    /// Of which sort the error was that the engine gave, where it was one of its own.
    kind: Option<ErrorKind>,
    message: String,
    help: Option<String>,
}

impl Failure {
    /// What was asked cannot be done: exit code 2, as for a mistyped option.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: 2, kind: None, message: message.into(), help: Some(help.into()) }
    }

    /// It went wrong on the way: exit code 1.
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self { code: 1, kind: None, message: message.into(), help: None }
    }

    /// Somebody stopped it: exit code 130, as a shell counts a command that was interrupted.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self { code: INTERRUPTED, kind: None, message: message.into(), help: None }
    }

    #[must_use]
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    /// What would help.
    pub(crate) fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Says it on standard error. Where even that is closed there is nobody left to tell.
    pub(crate) fn report(&self) {
        say(&format!("error: {}", self.message), "");
        if let Some(help) = &self.help {
            say(&format!("help: {help}"), "  ");
        }
    }
}

/// Says on standard error what a person should know, and what stops nothing.
pub(crate) fn note(text: &str) {
    say(&format!("note: {text}"), "");
}

fn say(text: &str, left: &str) {
    let mut err = io::stderr().lock();
    for line in wrapped(text, LINE - left.len()) {
        let _ = writeln!(err, "{left}{line}");
    }
}

/// The sentence alone.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (sentence, help) = words(&error);
        let code = if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 };
        Self { code, kind: Some(error.kind()), message: sentence, help }
    }
}

/// An error as people read it: its kind, its sentence and its facts; and what would help.
pub(crate) fn words(error: &Error) -> (String, Option<String>) {
    let facts: Vec<String> =
        error.context().iter().map(|(name, value)| format!("{} {value}", name.replace('_', " "))).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let sentence = format!("{}: {}{facts}", error.kind().name(), error.message());
    (sentence, error.help().map(str::to_owned))
}
