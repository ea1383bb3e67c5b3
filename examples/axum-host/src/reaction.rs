//! A transfusion reaction: a record kind of this host.

use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable, NumberSpec};
use eovr_core::workflow::{Label as _, May, Need, Row, Table, Workflow};
use eovr_core::{Name, Result, labels, name};

/// The name of the kind.
pub(crate) const REACTION: Name = Name::from_static("transfusion_reaction");

labels! {
    /// The states of a reaction.
    pub(crate) enum State {
        /// A nurse has reported it.
        Reported = "reported",
        /// The blood bank examines it.
        Investigating = "investigating",
        /// The cause is known.
        Closed = "closed",
    }
}

labels! {
    /// The actions on a reaction.
    pub(crate) enum Action {
        /// Report it.
        Report = "report",
        /// Begin to examine it.
        Investigate = "investigate",
        /// Close it with a finding; not by the person who reported it.
        Close = "close",
    }
}

labels! {
    /// What was transfused.
    pub(crate) enum Product {
        /// Red cells.
        RedCells = "red_cells",
        /// Platelets.
        Platelets = "platelets",
        /// Plasma.
        Plasma = "plasma",
    }
}

struct Reaction;

impl Workflow for Reaction {
    type State = State;
    type Action = Action;

    const START: State = State::Reported;
    const ENDS: &'static [State] = &[State::Closed];
    const CREATE: Action = Action::Report;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Report, (1, 2), &["product", "story"]),
        May::new(Action::Investigate, (2, 2), &[]),
        May::new(Action::Close, (2, 2), &["finding"]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::to(&[State::Reported], Action::Investigate, State::Investigating, &[Need::Human]),
        Row::to(
            &[State::Investigating],
            Action::Close,
            State::Closed,
            &[Need::Human, Need::NotAuthor, Need::Field("finding")],
        ),
    ];
}

/// The kind: the workflow above, the product, and two sealed texts.
pub(crate) fn kind() -> Result<Kind> {
    let product = FacetSpec::choice(name!("product"), Product::ALL.iter().copied()).required();
    let texts = [FieldSpec::text(name!("story"), 10..=10_000), FieldSpec::text(name!("finding"), 5..=10_000)];
    let mut table = KindTable::new(REACTION, Table::of::<Reaction>()?).facets([product]).fields(texts);
    table.number = Some(NumberSpec { prefix: "TR".to_owned(), width: 4 });
    Kind::new(table)
}
