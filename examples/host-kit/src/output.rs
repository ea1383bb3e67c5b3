//! Terminal output, and how a command reports its failure.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use eovr_core::{Error, ErrorKind};

use crate::table::{LINE, wrapped};

/// The output of a command. Colours only on a terminal, and not if `NO_COLOR` is set.
///
/// A closed reader (`| head`) is no failure: the command completes its work without output.
pub struct Out {
    to: Box<dyn Write + Send>,
    colour: bool,
    broken: Option<io::Error>,
}

/// The emphasis of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// Bold.
    Bold,
    /// Faint.
    Dim,
    /// Good news.
    Good,
    /// A warning.
    Warn,
    /// Bad news.
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
    /// The standard output.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { to: Box::new(stdout), colour, broken: None }
    }

    /// Where a test reads it.
    pub fn into(to: impl Write + Send + 'static) -> Self {
        Self { to: Box::new(to), colour: false, broken: None }
    }

    /// Writes a line. The first failure is kept, and later lines are dropped.
    pub fn line(&mut self, line: impl fmt::Display) {
        if self.broken.is_none() {
            self.broken = writeln!(self.to, "{line}").err();
        }
    }

    /// A heading, with an empty line before it.
    pub fn heading(&mut self, text: &str) {
        let text = self.paint(text, Paint::Bold);
        self.line(format_args!("\n{text}"));
    }

    /// The text in this colour, if colours are on.
    pub fn paint(&self, text: &str, paint: Paint) -> String {
        if self.colour && paint != Paint::Plain {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    /// Ends the output.
    pub fn finish(&mut self) -> Result<(), Failure> {
        match self.broken.take().map_or_else(|| self.to.flush(), Err) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::broken(format!("cannot write the output: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// The exit code of an interrupted command, as in a shell.
pub const INTERRUPTED: u8 = 130;

/// Why a command ended early: its exit code, the problem, and the remedy.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    /// The kind of the engine's error, if the failure is one.
    kind: Option<ErrorKind>,
    message: String,
    help: Option<String>,
}

impl Failure {
    /// The request is invalid: exit code 2, as for a mistyped option.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: 2, kind: None, message: message.into(), help: Some(help.into()) }
    }

    /// The command failed: exit code 1.
    pub fn broken(message: impl Into<String>) -> Self {
        Self { code: 1, kind: None, message: message.into(), help: None }
    }

    /// The user stopped it: exit code 130, as in a shell.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { code: INTERRUPTED, kind: None, message: message.into(), help: None }
    }

    /// Adds what the operator can do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The kind of the engine's error, if it was one.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    /// The remedy.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Prints it on standard error. If that is closed, the message is lost.
    pub fn report(&self) {
        say(&format!("error: {}", self.message), "");
        if let Some(help) = &self.help {
            say(&format!("help: {help}"), "  ");
        }
    }
}

/// Prints a warning on standard error; the command continues.
pub fn note(text: &str) {
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

/// An error for people: its kind, its message and its context; and the remedy.
pub fn words(error: &Error) -> (String, Option<String>) {
    let facts: Vec<String> =
        error.context().iter().map(|(name, value)| format!("{} {value}", name.replace('_', " "))).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let sentence = format!("{}: {}{facts}", error.kind().name(), error.message());
    (sentence, error.help().map(str::to_owned))
}
