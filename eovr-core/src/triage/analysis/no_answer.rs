/// The reason why there is no analysis. It contains no external text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.name())]
pub struct NoAnswer {
    /// The reason.
    pub reason: NoAnswerReason,
    /// The retry delay that the provider requests, in seconds.
    pub wait_seconds: Option<u32>,
}

impl From<NoAnswerReason> for NoAnswer {
    fn from(reason: NoAnswerReason) -> Self {
        Self { reason, wait_seconds: None }
    }
}

/// The reason why there is no analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoAnswerReason {
    /// The model declined. This is usual for reports of violence or self-harm.
    Refused,
    /// A filter of the provider blocked the question or the answer.
    Blocked,
    /// The answer was truncated.
    Truncated,
    /// The answer does not match the schema.
    InvalidOutput,
    /// The answer contains the canary: the model obeyed an instruction in the narrative.
    Injection,
    /// Too many requests.
    RateLimited,
    /// The provider is overloaded.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// The request timed out.
    Timeout,
    /// The connection failed.
    Network,
    /// The provider rejects the key, or the key lacks the permission.
    Auth,
    /// The provider's account has no credit or quota left.
    Quota,
    /// The provider has no such model.
    UnknownModel,
    /// The provider rejects the request as invalid.
    BadRequest,
    /// The circuit breaker is open after too many failures.
    BreakerOpen,
    /// The facility has used up its daily budget.
    NoBudget,
    /// This process has no key for the provider of the active model.
    NotEquipped,
    /// The facility does not allow this provider.
    NotAllowed,
    /// No model is active.
    SwitchedOff,
    /// The narrative cannot be opened: its key was destroyed.
    Unreadable,
    /// The time limit for retries has passed.
    TooLate,
}

/// Whether a retry makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Yes, with increasing delays.
    Later,
    /// Yes, once.
    Once,
    /// No.
    Never,
}

impl NoAnswerReason {
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

    /// Whether a retry makes sense.
    pub const fn again(self) -> RetryAdvice {
        match self {
            // An administrator can correct the key; the reports of that time should still be analysed.
            Self::Auth | Self::Quota | Self::UnknownModel => RetryAdvice::Later,
            Self::RateLimited | Self::Overloaded | Self::ServerError | Self::Timeout | Self::Network => {
                RetryAdvice::Later
            }
            Self::BreakerOpen | Self::NoBudget | Self::NotEquipped => RetryAdvice::Later,
            Self::Truncated | Self::InvalidOutput => RetryAdvice::Once,
            Self::Refused | Self::Blocked | Self::Injection | Self::BadRequest => RetryAdvice::Never,
            Self::NotAllowed | Self::SwitchedOff | Self::Unreadable | Self::TooLate => RetryAdvice::Never,
        }
    }

    /// Whether the provider or its configuration is at fault, which counts for the circuit breaker. A refusal or an
    /// unreadable answer does not.
    pub const fn is_of_the_provider(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Overloaded | Self::ServerError | Self::Timeout | Self::Network
        ) || self.is_of_the_setup()
    }

    /// Whether an administrator must change the configuration first.
    pub(crate) const fn is_of_the_setup(self) -> bool {
        matches!(self, Self::Auth | Self::Quota | Self::UnknownModel)
    }
}
