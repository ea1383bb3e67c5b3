//! The model providers: those of `eovr-ai`, or none if the program was built without the feature `providers`.

#[cfg(feature = "providers")]
pub(crate) use eovr_ai::Dialect;

/// Without the feature `providers` there is no dialect.
#[cfg(not(feature = "providers"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {}

#[cfg(not(feature = "providers"))]
impl Dialect {
    pub(crate) const ALL: [Self; 0] = [];

    pub(crate) const fn name(self) -> &'static str {
        match self {}
    }
}

#[cfg(not(feature = "providers"))]
impl std::str::FromStr for Dialect {
    type Err = eovr_core::Error;

    fn from_str(_: &str) -> eovr_core::Result<Self> {
        Err(eovr_core::Error::invalid("this program was built without providers")
            .with_help("build it with the feature `providers`, or with `full`"))
    }
}
