//! Pages about the whole library and not about one item.

#[doc = include_str!("docs/ai.md")]
pub mod ai {}

#[doc = include_str!("docs/changing_a_kind.md")]
pub mod changing_a_kind {}

#[doc = include_str!("docs/figures.md")]
pub mod figures {}

#[doc = include_str!("docs/national_scale.md")]
pub mod national_scale {}

#[doc = include_str!("docs/triage.md")]
pub mod triage {}
