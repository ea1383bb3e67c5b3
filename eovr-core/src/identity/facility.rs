//! The facilities, so that the organisation is in the store and not in a separate file.
//!
//! A facility's record has its own stamp, which names its administration and its governorate. Every facility also
//! stores the titles of these two, because a separate table for them would need a stamp that they do not have.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::decide::Command;
use crate::error::{Error, Result};
use crate::kind::{Complete, Draft, FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::{Column, Query, Record, Test, Value};
use crate::seal::Entropy;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("facility");

labels! {
    /// The states of a facility.
    pub enum State {
        /// Part of the organisation.
        Open = "open",
        /// No longer part of the organisation. Its records keep their place.
        Closed = "closed",
    }
}

labels! {
    /// The actions on a facility.
    pub enum Action {
        /// Register it.
        Register = "register",
        /// Change its titles or its time zone.
        Revise = "revise",
        /// Give it a link for visitors' reports, which replaces an earlier one.
        GiveLink = "give_link",
        /// Remove that link. Visitors can no longer report, from this moment on.
        RevokeLink = "revoke_link",
        /// Name the external processors that may receive narratives of this facility, and give the reason.
        AllowProcessors = "allow_processors",
        /// Remove it from the organisation, and give the reason.
        Close = "close",
    }
}

struct FacilityWorkflow;

impl Workflow for FacilityWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Open;
    const ENDS: &'static [State] = &[State::Closed];
    const CREATE: Action = Action::Register;

    const MAY: &'static [May<Action>] = &[
        May::new(
            Action::Register,
            (5, 5),
            &[
                "code",
                "title_en",
                "title_ar",
                "administration_en",
                "administration_ar",
                "governorate_en",
                "governorate_ar",
                "time_zone",
            ],
        ),
        May::new(
            Action::Revise,
            (5, 5),
            &[
                "title_en",
                "title_ar",
                "administration_en",
                "administration_ar",
                "governorate_en",
                "governorate_ar",
                "time_zone",
            ],
        ),
        May::new(Action::GiveLink, (5, 5), &["link"]).with_proof(),
        May::new(Action::RevokeLink, (5, 5), &["link"]).with_proof(),
        May::new(Action::AllowProcessors, (5, 5), &["processors"]).with_proof(),
        May::new(Action::Close, (5, 5), &[]).with_proof(),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Open], Action::Revise, &[Need::Human]),
        Row::stay(&[State::Open], Action::GiveLink, &[Need::Human, Need::Field("link")]),
        Row::stay(&[State::Open], Action::RevokeLink, &[Need::Human]),
        Row::stay(&[State::Open], Action::AllowProcessors, &[Need::Human, Need::Note]),
        Row::to(&[State::Open], Action::Close, State::Closed, &[Need::Human, Need::Note]),
    ];
}

pub(super) fn kind() -> Result<Kind> {
    let facets = vec![
        FacetSpec::text(name!("code")).required().unique(),
        FacetSpec::text(name!("title_en")).required(),
        FacetSpec::text(name!("title_ar")).required(),
        FacetSpec::text(name!("administration_en")).required(),
        FacetSpec::text(name!("administration_ar")).required(),
        FacetSpec::text(name!("governorate_en")).required(),
        FacetSpec::text(name!("governorate_ar")).required(),
        FacetSpec::text(name!("time_zone")).required(),
        FacetSpec::text(name!("link")).unique(),
        FacetSpec::text(name!("processors")),
    ];
    let kind = Kind::new(KindTable { facets, ..KindTable::new(KIND, Table::of::<FacilityWorkflow>()?) })?;
    Ok(kind.completed_by(Sound))
}

/// Checks values that would do harm later: an unknown time zone would prevent the whole organisation from loading,
/// and a misspelt processor would have no effect.
#[derive(Debug)]
struct Sound;

impl Complete for Sound {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        let processors = draft.facet("processors").into_iter().flat_map(Value::as_codes);
        for name in processors.filter(|name| !name.is_empty()) {
            Name::new(name).map_err(|error| error.with_field("processors"))?;
        }
        match draft.facet("time_zone").and_then(Value::as_text).map(jiff::tz::TimeZone::get) {
            Some(Err(_)) => Err(Error::invalid("`time_zone` is not a time zone")
                .with_field("time_zone")
                .with_help("use an IANA name such as `Africa/Cairo`")),
            _ => Ok(()),
        }
    }
}

/// The link by which visitors report to one facility: a UUID of version 4, as printed on a poster.
///
/// The link is not a secret, because every visitor in the waiting room sees it. It says to which facility a report
/// belongs, and is replaced after misuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportLink(Uuid);

impl ReportLink {
    /// A new random link.
    pub fn draw(entropy: &mut Entropy) -> Self {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }

    /// The command that gives the link to a facility and replaces an earlier one.
    pub fn command(self) -> Command {
        Command::new(Action::GiveLink).set("link", self.to_string())
    }

    /// The command that removes a facility's link.
    pub fn revocation() -> Command {
        Command::new(Action::RevokeLink).clear("link")
    }

    /// The query for the open facility that has this link.
    pub fn find(self) -> Query {
        Query::of(KIND)
            .filter(Column::Facet(name!("link")), Test::Is(self.to_string().into()))
            .filter(Column::State, Test::Is(State::Open.into()))
            .limit(1)
    }
}

impl fmt::Display for ReportLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ReportLink {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let uuid = Uuid::try_parse(text).ok().filter(|uuid| uuid.get_version_num() == 4);
        uuid.map(Self).ok_or_else(|| {
            Error::invalid("not the link of a facility")
                .with_help("a link is a UUID of version 4, as on the poster")
        })
    }
}

/// The command that allows exactly these processors to receive a facility's narratives. An empty list: nothing is
/// sent.
pub fn allowance(processors: &[Name]) -> Command {
    let command = Command::new(Action::AllowProcessors);
    match Value::codes(processors) {
        Some(listed) => command.set("processors", listed),
        None => command.clear("processors"),
    }
}

/// The processors that may receive a facility's narratives. Empty by default.
pub fn processors(record: &Record) -> Vec<Name> {
    if *record.state() != State::Open.name() {
        return Vec::new();
    }
    record.codes("processors").filter_map(|name| Name::new(name).ok()).collect()
}
