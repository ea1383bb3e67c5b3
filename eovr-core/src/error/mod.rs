//! The one error type of eovr.
//!
//! An [`Error`] says what kind of refusal or failure it is, which operation returned it, and what the caller could
//! have sent instead. It contains ids, names and numbers, never the text of a report, because messages end up in
//! logs, and people who may not read reports read logs.

mod refusal;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::refusal::{Refusal, Unmet};

/// The result of every fallible operation in eovr.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error. Hosts match on this; the message is for people. In JSON a kind is its [name](ErrorKind::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value breaks a rule of its kind: too short, outside the scale, unknown name, impossible date.
    InvalidInput,
    /// The workflow does not allow this action now; [`Error::refusal`] lists the allowed ones.
    Refused,
    /// The caller is not authenticated: a password, code or token is wrong, missing, already used, or issued for
    /// another purpose.
    Unauthenticated,
    /// This actor may not do this action in any state.
    Denied,
    /// The record does not exist or lies outside the actor's scope. The caller cannot tell which.
    NotFound,
    /// Another change came first. Load the record and decide again.
    Conflict,
    /// A stored value or an audit chain is not what was written.
    Tampered,
    /// A key is missing, wrong, or destroyed.
    Key,
    /// The store cannot be reached or cannot write. Nothing was changed; retry later.
    Unavailable,
    /// The connection to the store broke during a change, and the change may or may not have been made. Load the
    /// record and check, because a second attempt may make the change twice.
    Uncertain,
    /// The host assembled the engine from parts that do not fit together.
    Config,
    /// eovr broke one of its own guarantees. Please report it.
    Bug,
}

impl ErrorKind {
    /// The kind's stable name, as logs, JSON and Python show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Refused => "refused",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Tampered => "tampered",
            Self::Key => "key",
            Self::Unavailable => "unavailable",
            Self::Uncertain => "uncertain",
            Self::Config => "config",
            Self::Bug => "bug",
        }
    }

    /// The HTTP status for a host that answers over HTTP, as the reference server does.
    ///
    /// | kind | status | the client should |
    /// |---|---|---|
    /// | `InvalidInput` | 422 | correct the value that [`Error::field`] names; [`Error::help`] says what is accepted |
    /// | `Refused` | 400 | offer the actions of [`Error::refusal`] instead |
    /// | `Unauthenticated` | 401 | authenticate again |
    /// | `Denied` | 403 | not offer this to this actor |
    /// | `NotFound` | 404 | treat the record as absent: one out of scope has the same answer |
    /// | `Conflict` | 409 | load the record again, show it, and let the person decide again |
    /// | `Unavailable` | 503 | send the same request again after a few seconds |
    /// | `Uncertain` | 503 | load the record and check, before it sends anything again |
    /// | `Tampered`, `Key`, `Config`, `Bug` | 500 | show no details: they are for the log and the operator |
    ///
    /// ```
    /// use eovr_core::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::Conflict.http_status(), 409);
    /// ```
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidInput => 422,
            Self::Refused => 400,
            Self::Unauthenticated => 401,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Unavailable | Self::Uncertain => 503,
            Self::Tampered | Self::Key | Self::Config | Self::Bug => 500,
        }
    }
}

/// A refusal or a failure, with its reasons.
///
/// `Display` is one line for a log; [`Error::help`] is a sentence that says what the caller could have sent instead.
///
/// ```
/// use eovr_core::{ErrorKind, access::Role};
///
/// let error = "matron".parse::<Role>().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.message(), "not a role");
/// assert!(error.help().is_some_and(|help| help.contains("`quality_admin`")));
/// ```
pub struct Error {
    // Boxed, so that `Result<T>` stays one pointer wide on the success path.
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    operation: Option<&'static str>,
    field: Option<Cow<'static, str>>,
    context: Vec<(&'static str, String)>,
    refusal: Option<Refusal>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind. The message is one lower-case sentence that puts names in backticks.
    ///
    /// Never put text of a report, a name or a key into `message`.
    ///
    /// ```
    /// use eovr_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Unavailable, "the pharmacy does not answer").with("attempts", 3);
    /// assert_eq!(error.to_string(), "unavailable: the pharmacy does not answer attempts=3");
    /// assert!(error.is_retryable());
    /// ```
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                help: None,
                operation: None,
                field: None,
                context: Vec::new(),
                refusal: None,
                source: None,
            }),
        }
    }

    /// Shorthand for [`ErrorKind::InvalidInput`].
    #[cold]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// Shorthand for [`ErrorKind::NotFound`]. The message is the same for an absent record and for one outside the
    /// scope.
    #[cold]
    pub fn not_found(kind: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("no such `{kind}` in your scope"))
    }

    /// Shorthand for [`ErrorKind::Bug`].
    #[cold]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// The workflow's refusal as an error.
    #[cold]
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let mut error = Self::new(ErrorKind::Refused, refusal.to_string());
        error.inner.help = Some(refusal.help());
        error.inner.refusal = Some(refusal);
        error
    }

    /// Adds what the caller could have sent instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.inner.help = Some(help.into());
        self
    }

    /// Adds one fact: an id, a name or a number.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.inner.context.push((name, value.to_string()));
        self
    }

    /// Names the facet, field or argument that the error is about. A host shows the error beside that input.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.inner.field = Some(field.into());
        self
    }

    /// Names the operation that failed. If several callers name it, the outermost name is kept.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.inner.operation = Some(operation);
        self
    }

    /// Keeps the underlying error as the source.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The message alone, without operation and context.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What the caller could have sent instead, where that is known.
    pub fn help(&self) -> Option<&str> {
        self.inner.help.as_deref()
    }

    /// The operation that failed, where a caller named it.
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.operation
    }

    /// The facet, field or argument that the error is about, where one is.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// let (category, description) = ("medication".to_owned(), "A fall".to_owned());
    /// let report = Report { category, description, ..Report::default() };
    /// let error = nurse.incidents().report(&nile, report).await.unwrap_err();
    /// assert_eq!(error.field(), Some("description"));
    /// assert_eq!(error.help(), Some("give 10 to 60000"));
    /// # Ok(()) });
    /// ```
    pub fn field(&self) -> Option<&str> {
        self.inner.field.as_deref()
    }

    /// The added facts, in the order in which they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.inner.context
    }

    /// The workflow's refusal, with the allowed actions and the unmet needs; only for [`ErrorKind::Refused`].
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let error = quality.incidents().act(id, Action::Complete, None).await.unwrap_err();
    /// let refusal = error.refusal().unwrap();
    /// assert_eq!((refusal.action.as_str(), refusal.state.as_str()), ("complete", "created"));
    /// assert!(refusal.legal.contains(&"start".to_owned()));
    /// # Ok(()) });
    /// ```
    pub fn refusal(&self) -> Option<&Refusal> {
        self.inner.refusal.as_ref()
    }

    /// Whether a sealed value can no longer be read, because its key was destroyed or because the stored bytes are
    /// not the ones that were sealed there. The rest of the record is still shown.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Key | ErrorKind::Tampered)
    }

    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Conflict | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, help, operation, field, context, .. } = &*self.inner;
        write!(f, "{}: {message}", kind.name())?;
        if let Some(help) = help {
            write!(f, "; {help}")?;
        }
        if let Some(operation) = operation {
            write!(f, " (during {operation})")?;
        }
        if let Some(field) = field.as_deref().filter(|field| !message.contains(field)) {
            write!(f, " field={field}")?;
        }
        for (name, value) in context {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            write!(f, "\n  caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_name_in_json_and_its_status() {
        let expected = [
            ("invalid_input", 422),
            ("refused", 400),
            ("unauthenticated", 401),
            ("denied", 403),
            ("not_found", 404),
            ("conflict", 409),
            ("tampered", 500),
            ("key", 500),
            ("unavailable", 503),
            ("uncertain", 503),
            ("config", 500),
            ("bug", 500),
        ];
        // The error of serde lists all kinds.
        let unknown = serde_json::from_str::<ErrorKind>(r#""none of them""#).unwrap_err().to_string();
        let names: Vec<_> = unknown.split('`').skip(3).step_by(2).collect();
        assert_eq!(names, expected.map(|(name, _)| name));
        for (name, status) in expected {
            let kind: ErrorKind = serde_json::from_value(name.into()).unwrap();
            assert_eq!((kind.name(), kind.http_status()), (name, status));
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
    }
}
