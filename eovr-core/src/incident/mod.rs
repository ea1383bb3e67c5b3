//! The incident: reported, triaged, reviewed and closed.
//!
//! The first product on the engine: a kind with a workflow ([`State`], [`Action`]), a taxonomy, a harm scale, an
//! accreditation panel, follow-up actions, and [`Incidents`] with typed methods. The engine does not depend on it.
//!
//! In addition to its state, a report may have a **disposition**: it duplicates another report, it is not reportable,
//! or its work continues in a newer report. A disposition does not change the state. Figures exclude disposed reports.

mod analysed;
mod completion;
mod figures;
mod follow_up;
pub mod harm;
mod incidents;
pub mod jci;
mod kind;
#[cfg(feature = "training")]
mod lessons;
mod notices;
mod receipt;
mod report;
mod settings;
mod summary;
pub mod taxonomy;
mod view;
mod workflow;

#[cfg(feature = "export")]
pub(crate) use self::analysed::PEOPLE;
use crate::name::Name;

pub use self::analysed::{analysed, analysis_rule};
pub use self::figures::{Apart, Comparison, Level, Months, OfMonth, OfPlace, Trend};
pub use self::follow_up::{FollowUp, FollowUpKind, Strength};
pub use self::harm::Harm;
pub use self::incidents::Incidents;
pub use self::kind::kinds;
#[cfg(feature = "training")]
pub use self::lessons::Lessons;
pub use self::notices::{NOTICES, notice_actions, notice_rules};
pub use self::receipt::{ByReceipt, Exchange, ReceiptCode, ReceiptView};
pub use self::report::{Report, Reported, Reporter};
pub use self::settings::{FACTORS, Settings};
pub use self::summary::{StateBySeverity, Summary};
pub use self::view::IncidentFacets;
pub use self::workflow::{Action, Disposition, IncidentWorkflow, State};

/// The name of the incident kind.
pub const KIND: Name = Name::from_static("incident");

/// The name of the kind of its follow-up actions.
pub const FOLLOW_UP: Name = Name::from_static("follow_up");

/// The name of the kind of its files ([`crate::attachment`]).
#[cfg(feature = "attachments")]
pub const ATTACHMENT: Name = Name::from_static("attachment");
