//! A laboratory order, written in Rust: a state that is misspelt does not compile.

use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use eovr_core::name;
use eovr_core::workflow::{May, Need, Row, Table, Workflow};
use eovr_core::{Result, labels};

labels! {
    /// Where an order stands.
    pub(crate) enum State {
        /// Asked for.
        Ordered = "ordered",
        /// The specimen is in the laboratory.
        Collected = "collected",
        /// There is a result.
        Resulted = "resulted",
        /// A second person has looked at the result.
        Verified = "verified",
        /// Taken back.
        Cancelled = "cancelled",
    }
}

labels! {
    /// The actions on an order.
    pub(crate) enum Action {
        /// Ask for a test.
        Order = "order",
        /// Take the specimen.
        Collect = "collect",
        /// Enter the result.
        Result = "result",
        /// Release the result; not by the person who ordered.
        Verify = "verify",
        /// Take the order back, and say why.
        Cancel = "cancel",
    }
}

struct LabOrder;

impl Workflow for LabOrder {
    type State = State;
    type Action = Action;

    const START: State = State::Ordered;
    const ENDS: &'static [State] = &[State::Verified, State::Cancelled];
    const CREATE: Action = Action::Order;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Order, (1, 2), &["test", "urgent"]),
        May::new(Action::Collect, (1, 2), &[]),
        May::new(Action::Result, (1, 2), &["value"]),
        May::new(Action::Verify, (1, 2), &[]),
        May::new(Action::Cancel, (1, 2), &[]),
    ];

    const RULES: &'static [Row<State, Action>] = {
        use State::{Cancelled, Collected, Ordered, Resulted, Verified};
        &[
            Row::to(&[Ordered], Action::Collect, Collected, &[]),
            Row::to(&[Collected], Action::Result, Resulted, &[Need::Field("value")]),
            Row::to(&[Resulted], Action::Verify, Verified, &[Need::Human, Need::NotAuthor]),
            Row::to(&[Ordered, Collected], Action::Cancel, Cancelled, &[Need::Human, Need::Note]),
        ]
    };
}

/// The kind: the workflow above, two facets, and a result that is sealed.
pub(crate) fn kind() -> Result<Kind> {
    let table = KindTable::new(name!("lab_order"), Table::of::<LabOrder>()?);
    let facets = [FacetSpec::text(name!("test")).required(), FacetSpec::bool(name!("urgent"))];
    Kind::new(table.facets(facets).fields([FieldSpec::new(name!("value"))]))
}
