use std::fmt;

/// That there is no analysis, and why. It holds no word that came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Why.
    pub reason: Reason,
    /// How long the provider asks to be left alone, in seconds, where it says so.
    pub wait_seconds: Option<u32>,
}

impl From<Reason> for NoAnswer {
    fn from(reason: Reason) -> Self {
        Self { reason, wait_seconds: None }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.name())
    }
}

impl std::error::Error for NoAnswer {}

/// Why there is no analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The model declined. Reports of violence or self-harm make it, so it is nothing unusual.
    Refused,
    /// A filter of the provider kept the question or the answer back.
    Blocked,
    /// The answer stopped in the middle.
    Truncated,
    /// What came is not what was asked for.
    InvalidOutput,
    /// The answer repeats the secret word of the instructions: a narrative gave orders, and was obeyed.
    Injection,
    /// Too many requests.
    RateLimited,
    /// The provider has too much to do.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// Nothing came in time.
    Timeout,
    /// The connection failed, or broke.
    Network,
    /// The provider does not know our key, or may not serve it.
    Auth,
    /// The provider's account has no money or no allowance left.
    Quota,
    /// The provider has no such model.
    UnknownModel,
    /// The provider says that our request is wrong.
    BadRequest,
    /// The provider failed too often of late, and is left alone.
    BreakerOpen,
    /// The facility has asked as often today as it may.
    NoBudget,
    /// This process has no key for the provider whose model is switched on.
    NotEquipped,
    /// The facility does not allow that anything goes to this provider.
    NotAllowed,
    /// No model is switched on.
    SwitchedOff,
    /// The narrative does not open any more: its key was destroyed.
    Unreadable,
    /// It was tried for as long as makes sense.
    TooLate,
}

/// Whether it makes sense to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Yes, after a pause that grows.
    Later,
    /// Yes, one more time.
    Once,
    /// No.
    Never,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 21] = [
        Self::Refused,
        Self::Blocked,
        Self::Truncated,
        Self::InvalidOutput,
        Self::Injection,
        Self::RateLimited,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::Network,
        Self::Auth,
        Self::Quota,
        Self::UnknownModel,
        Self::BadRequest,
        Self::BreakerOpen,
        Self::NoBudget,
        Self::NotEquipped,
        Self::NotAllowed,
        Self::SwitchedOff,
        Self::Unreadable,
        Self::TooLate,
    ];

    /// The reason's stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Blocked => "blocked",
            Self::Truncated => "truncated",
            Self::InvalidOutput => "invalid_output",
            Self::Injection => "injection",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::UnknownModel => "unknown_model",
            Self::BadRequest => "bad_request",
            Self::BreakerOpen => "breaker_open",
            Self::NoBudget => "no_budget",
            Self::NotEquipped => "not_equipped",
            Self::NotAllowed => "not_allowed",
            Self::SwitchedOff => "switched_off",
            Self::Unreadable => "unreadable",
            Self::TooLate => "too_late",
        }
    }

    /// Whether it makes sense to ask again.
    pub const fn again(self) -> Again {
        match self {
            // A key can be put right: reports of that hour should not be left without.
            Self::Auth | Self::Quota | Self::UnknownModel => Again::Later,
            Self::RateLimited | Self::Overloaded | Self::ServerError | Self::Timeout | Self::Network => {
                Again::Later
            }
            Self::BreakerOpen | Self::NoBudget | Self::NotEquipped => Again::Later,
            Self::Truncated | Self::InvalidOutput => Again::Once,
            Self::Refused | Self::Blocked | Self::Injection | Self::BadRequest => Again::Never,
            Self::NotAllowed | Self::SwitchedOff | Self::Unreadable | Self::TooLate => Again::Never,
        }
    }

    /// Whether the provider itself is not well, or not well set up: it counts for its breaker. A model that
    /// declines or babbles is well.
    pub const fn is_of_the_provider(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Overloaded | Self::ServerError | Self::Timeout | Self::Network
        ) || self.is_of_the_setup()
    }

    /// Whether somebody has to put something right before it can work again.
    pub const fn is_of_the_setup(self) -> bool {
        matches!(self, Self::Auth | Self::Quota | Self::UnknownModel)
    }
}
