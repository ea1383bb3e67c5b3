//! Records which imports list a report. The import that created the report lists it without a record; each later import
//! has a record of the kind `listing`.
//!
//! A report stays as long as at least one import lists it. If two files share a report, the report therefore stays
//! after one import is taken back, in any order.

use std::collections::BTreeSet;

use eovr_core::access::Tiers;
use eovr_core::kind::{FacetSpec, Kind, KindTable};
use eovr_core::name;
use eovr_core::org::OrgId;
use eovr_core::record::{Column, Query, Record, RecordId, Test, Value};
use eovr_core::workflow::{Label as _, May, Need, Row, Table, Workflow};
use eovr_core::{Command, Error, ErrorKind, Name, Session, labels};

use super::AUTHOR;
use crate::engine;

const KIND: Name = Name::from_static("listing");

labels! {
    enum State {
        Listed = "listed",
        // The import was taken back. A repeated import creates a new listing.
        Withdrawn = "withdrawn",
    }
}

labels! {
    enum Action {
        List = "list",
        Withdraw = "withdraw",
    }
}

struct ListingWorkflow;

impl Workflow for ListingWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Listed;
    const ENDS: &'static [State] = &[State::Withdrawn];
    const CREATE: Action = Action::List;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::List, (2, 5), &["incident", "import", "made_by", "row", "line"]),
        May::new(Action::Withdraw, (2, 5), &[]),
    ];

    const RULES: &'static [Row<State, Action>] =
        &[Row::to(&[State::Listed], Action::Withdraw, State::Withdrawn, &[Need::Human])];
}

/// The kind. The roles that may dispose of an incident can read it, because they must see which other imports list it.
pub(crate) fn kind() -> Result<Kind, Error> {
    let mut table = KindTable::new(KIND, Table::of::<ListingWorkflow>()?).facets([
        FacetSpec::text(name!("incident")).required().indexed(),
        FacetSpec::text(name!("import")).required().indexed(),
        FacetSpec::text(name!("made_by")).required(),
        FacetSpec::int(name!("row")),
        FacetSpec::int(name!("line")),
    ]);
    table.readers = Tiers::new(2, 5)?;
    table.internal = true;
    Kind::new(table)
}

/// A report in the list of an import.
pub(super) struct Listing {
    id: RecordId,
    pub(super) incident: RecordId,
    pub(super) import: String,
    /// The import that created the report.
    pub(super) made_by: String,
    /// The number of the row in the file.
    pub(super) row: u64,
    pub(super) line: u64,
    is_withdrawn: bool,
}

impl Listing {
    fn of(record: &Record) -> Result<Self, Error> {
        let text = |name| record.text(name).unwrap_or_default().to_owned();
        let place = |name| record.int(name).unwrap_or_default().unsigned_abs();
        Ok(Self {
            id: record.id(),
            incident: text("incident").parse()?,
            import: text("import"),
            made_by: text("made_by"),
            row: place("row"),
            line: place("line"),
            is_withdrawn: *record.state() == State::Withdrawn.name(),
        })
    }

    /// Records that this import lists the report, unless that is already recorded.
    pub(super) async fn enter(
        session: &Session,
        report: &Record,
        import: &str,
        at: (u64, u64),
    ) -> Result<(), Error> {
        let made_by = maker(report);
        let mut id = first(report, import);
        loop {
            match session.load(&KIND, id).await {
                Ok(record) if *record.state() == State::Withdrawn.name() => {
                    id = RecordId::derived("eovr.import.listing.again.v1", &[id.as_bytes()]);
                }
                Ok(_) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Err(_) if made_by == import && id == first(report, import) => return Ok(()),
                Err(_) => return list(session, report, import, id, Some(at)).await,
            }
        }
    }

    /// All listings of an import, including the withdrawn ones.
    pub(super) async fn all_of(session: &Session, import: &str) -> Result<Vec<Self>, Error> {
        find(session, name!("import"), import.into()).await
    }

    /// Whether the import was taken back from any report.
    pub(super) async fn is_any_withdrawn(session: &Session, import: &str) -> Result<bool, Error> {
        let withdrawn = Test::Is(State::Withdrawn.into());
        let query = of(name!("import"), import.into()).filter(Column::State, withdrawn).limit(1);
        Ok(!session.find(&query).await?.items.is_empty())
    }

    pub(super) fn stands(&self) -> bool {
        !self.is_withdrawn
    }
}

/// The imports that list a report.
pub(super) async fn imports(session: &Session, report: &Record) -> Result<BTreeSet<String>, Error> {
    let listings = find(session, name!("incident"), report.id().into()).await?;
    let made_by = maker(report);
    let is_withdrawn = listings.iter().any(|one| one.import == made_by && one.is_withdrawn);
    let standing = listings.into_iter().filter(Listing::stands).map(|one| one.import);
    Ok(standing.chain((!is_withdrawn).then(|| made_by.to_owned())).collect())
}

/// Records that an import no longer lists a report.
pub(super) async fn withdraw(session: &Session, report: &Record, import: &str) -> Result<(), Error> {
    let mut ours = find(session, name!("incident"), report.id().into()).await?;
    ours.retain(|one| one.import == import);
    let standing = match ours.is_empty() {
        // The import created the report, so there is no listing record yet.
        true => {
            let id = first(report, import);
            list(session, report, import, id, None).await?;
            Some(id)
        }
        false => ours.iter().find(|one| one.stands()).map(|one| one.id),
    };
    if let Some(id) = standing {
        session.act(&KIND, id, Command::new(Action::Withdraw)).await?;
    }
    Ok(())
}

/// The import that created a report.
pub(super) fn maker(report: &Record) -> &str {
    let author = report.envelope().author.as_str();
    author.strip_prefix(AUTHOR).and_then(|name| name.strip_prefix('-')).unwrap_or(author)
}

fn first(report: &Record, import: &str) -> RecordId {
    RecordId::derived("eovr.import.listing.v1", &[report.id().as_bytes(), import.as_bytes()])
}

async fn list(
    session: &Session,
    report: &Record,
    import: &str,
    id: RecordId,
    at: Option<(u64, u64)>,
) -> Result<(), Error> {
    let facility: &OrgId = &report.envelope().stamp.facility;
    let place = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
    let command = Command::new(Action::List)
        .set("incident", report.id())
        .set("import", import)
        .set("made_by", maker(report))
        .set_some("row", at.map(|(row, _)| place(row)))
        .set_some("line", at.map(|(_, line)| place(line)));
    match session.create_as(&KIND, facility, id, command).await {
        // Another process has created the same listing.
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
        done => done.map(drop),
    }
}

async fn find(session: &Session, facet: Name, value: Value) -> Result<Vec<Listing>, Error> {
    engine::every(session, of(facet, value)).await?.iter().map(Listing::of).collect()
}

fn of(facet: Name, value: Value) -> Query {
    Query::of(KIND).filter(Column::Facet(facet), Test::Is(value))
}
