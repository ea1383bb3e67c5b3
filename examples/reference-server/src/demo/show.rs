//! The current content of the store, as its users see it.

use std::collections::BTreeMap;

use eovr_core::access::Role;
use eovr_core::identity::{facility, user};
use eovr_core::incident::{self, Action, IncidentFacets, State};
use eovr_core::name;
use eovr_core::record::{Column, Query, Record, Tally};
use eovr_core::risk::Band;
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, Error, ErrorKind, Name, Result, Session, Timestamp};
use eovr_host::output::{Out, Paint};
use eovr_host::table::Table;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;

use super::accounts::{Account, Accounts};

pub(super) fn organisation(eovr: &Eovr, out: &mut Out) {
    out.heading("The organisation");
    let mut table = Table::new(&["id", "administration", "facility", ""]);
    for governorate in eovr.org().governorates() {
        for administration in &governorate.administrations {
            for facility in &administration.facilities {
                let title = &facility.title;
                table.row([facility.id.as_str(), &administration.title.en, &title.en, &title.ar]);
            }
        }
    }
    table.print(out);
}

pub(super) fn accounts(eovr: &Eovr, accounts: &Accounts, out: &mut Out) {
    out.heading("The accounts");
    let mut table = Table::new(&["role", "e-mail", "password", "seat"]);
    for account in accounts.iter() {
        let password = account.password.as_ref().map_or("", |password| password.as_str());
        table.row([account.role.name(), &account.email, password, &seat(eovr, account)]);
    }
    table.print(out);
    let note = if accounts.iter().any(|account| account.password.is_some()) {
        "Passwords are shown this once: only their Argon2id hashes are kept, sealed."
    } else {
        "Passwords cannot be shown again: only their Argon2id hashes are kept, sealed."
    };
    let note = out.paint(note, Paint::Dim);
    out.line(note);
}

fn seat(eovr: &Eovr, account: &Account) -> String {
    let stamp = &account.stamp;
    let org = eovr.org();
    let governorates = || org.governorates().iter();
    let title = match account.role {
        Role::TopManagement => return "the whole organisation".to_owned(),
        Role::GovernorateManager => {
            governorates().find(|one| one.id == stamp.governorate).map(|one| &one.title)
        }
        Role::AdminManager => governorates()
            .flat_map(|one| &one.administrations)
            .find(|one| one.id == stamp.administration)
            .map(|one| &one.title),
        Role::QualityAdmin | Role::Staff => org.title(&stamp.facility),
    };
    title.map(|title| title.en.clone()).unwrap_or_default()
}

pub(super) async fn summary(accounts: &Accounts, out: &mut Out) -> Result<()> {
    let top = accounts.top()?;
    let summary = top.incidents().summary().await?;
    out.heading("The figures, as top management sees them");
    let severities = [Some("minor"), Some("moderate"), Some("severe"), None];
    let mut table =
        Table::new(&["state", "minor", "moderate", "severe", "not rated", "all"]).numbers(&[1, 2, 3, 4, 5]);
    for state in State::ALL {
        let count = |severity: Option<Option<&str>>| {
            let cells = summary.cells.iter().filter(|cell| {
                cell.state == state.name()
                    && severity.is_none_or(|severity| cell.severity.as_deref() == severity)
            });
            cells.map(|cell| cell.count).sum::<u64>().to_string()
        };
        let counts = severities.iter().map(|severity| count(Some(*severity)));
        table.row([state.name().to_owned()].into_iter().chain(counts).chain([count(None)]));
    }
    table.print(out);
    out.line(format_args!(
        "{} incidents: {} of high risk and open, {} not looked at yet, {} open for more than {} days",
        summary.total,
        summary.high_risk,
        summary.pending_review,
        summary.overdue,
        incident::Summary::DAYS_TO_COMPLETE
    ));
    let by = Tally::of(incident::KIND).by(Column::Facet(name!("disposition")));
    let disposed: Vec<String> = top
        .tally(&by)
        .await?
        .cells
        .iter()
        .filter_map(|cell| Some(format!("{} {}", cell.key.first()?.as_ref()?.as_text()?, cell.count)))
        .collect();
    if !disposed.is_empty() {
        out.line(format_args!("left out of these figures: {}", disposed.join(", ")));
    }
    Ok(())
}

/// The same query by three users.
pub(super) async fn lists(eovr: &Eovr, accounts: &Accounts, out: &mut Out) -> Result<()> {
    for role in [Role::Staff, Role::AdminManager, Role::TopManagement] {
        let Some(account) = accounts.iter().find(|account| account.role == role) else { continue };
        let what = format!("The newest incidents, as {} of {} sees them", role.name(), seat(eovr, account));
        out.heading(&what);
        let mut table = Table::new(&["number", "state", "severity", "AI", "place", "narrative"]);
        for record in account.session.incidents().newest(5).await?.items {
            let narrative = account.session.open(&record, "description")?.unwrap_or_default();
            let facets = IncidentFacets::of(&record);
            let score = facets.ai_score().map(|score| score.to_string());
            let band = facets.ai_band().and_then(Band::named);
            let paint = match band {
                None => Paint::Dim,
                Some(Band::Low) => Paint::Good,
                Some(Band::Medium) => Paint::Warn,
                Some(Band::High | Band::Extreme) => Paint::Bad,
            };
            let band = band.map_or("–", Band::name);
            let ai = format!("{} {band}", score.unwrap_or_default());
            table.painted([
                (number(&record), Paint::Plain),
                (record.state().to_string(), Paint::Plain),
                (facets.severity().unwrap_or_default().to_owned(), Paint::Plain),
                (ai.trim().to_owned(), paint),
                (record.envelope().stamp.facility.to_string(), Paint::Plain),
                (narrative.to_string(), Paint::Plain),
            ]);
        }
        table.print(out);
    }
    Ok(())
}

/// The incident with the longest trail among the completed ones.
pub(super) async fn one_trail(eovr: &Eovr, accounts: &Accounts, out: &mut Out) -> Result<()> {
    let top = accounts.top()?;
    let query = Query::of(incident::KIND).limit(Query::LARGEST_PAGE);
    let closed = top.incidents().list(Some(State::Completed), query).await?.items;
    let answered = Action::Answer.name();
    let mut longest = None;
    for record in closed {
        // A trail in which the reporter was asked is more instructive.
        let trail = top.incidents().trail(record.id()).await?;
        let asked = trail.entries.iter().any(|entry| entry.event.action == answered);
        let rank = (asked, trail.entries.len());
        if longest.as_ref().is_none_or(|(best, _)| rank > *best) {
            longest = Some((rank, trail));
        }
    }
    let Some((_, trail)) = longest else { return Ok(()) };
    out.heading(&format!("The trail of {}", number(&trail.record)));
    let zone = eovr.org().zone(&trail.record.envelope().stamp.facility);
    let names: BTreeMap<&str, &str> =
        accounts.iter().map(|one| (one.session.actor().id().as_str(), one.name.as_str())).collect();
    let mut table = Table::new(&["when", "who", "as", "what", "state"]);
    for entry in &trail.entries {
        let event = &entry.event;
        table.row([
            local(event.at, &zone),
            names.get(event.actor.as_str()).map_or(event.actor.to_string(), |name| (*name).to_owned()),
            event.capacity.clone(),
            event.action.to_string(),
            event.to.to_string(),
        ]);
        if let Some(note) = &entry.note {
            table.note(note);
        }
    }
    table.print(out);
    let verdict = if trail.verdict.is_intact() { "intact" } else { "BROKEN" };
    out.line(format_args!("its chain of {} events is {verdict}", trail.entries.len()));
    Ok(())
}

/// Verifies every chain in the store.
pub(super) async fn verify(accounts: &Accounts, out: &mut Out) -> Result<()> {
    out.heading("The audit chains");
    let top = accounts.top()?;
    let mut table = Table::new(&["kind", "records", "events", "verdict"]).numbers(&[1, 2]);
    let mut broken = Vec::new();
    for kind in [incident::KIND, incident::FOLLOW_UP, user::KIND, facility::KIND] {
        let checked = check_kind(top, &kind).await?;
        let (verdict, paint) = match checked.broken.is_empty() {
            true => ("all intact".to_owned(), Paint::Good),
            false => (format!("{} BROKEN", checked.broken.len()), Paint::Bad),
        };
        table.painted([
            (kind.to_string(), Paint::Plain),
            (checked.records.to_string(), Paint::Plain),
            (checked.events.to_string(), Paint::Plain),
            (verdict, paint),
        ]);
        broken.extend(checked.broken);
    }
    table.print(out);
    for line in broken.iter().take(20) {
        out.line(line);
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Tampered, "an audit chain is broken").with("chains", broken.len()))
}

#[derive(Default)]
struct Checked {
    records: u64,
    events: u64,
    broken: Vec<String>,
}

async fn check_kind(top: &Session, kind: &Name) -> Result<Checked> {
    let mut checked = Checked::default();
    let mut pages = top.pages(Query::of(kind.clone()).limit(Query::LARGEST_PAGE));
    let bar = ProgressBar::new_spinner();
    while let Some(page) = pages.next().await? {
        // Verifies the two halves of a page in parallel, because reading takes longer than hashing.
        let (left, right) = page.items.split_at(page.items.len() / 2);
        let (left, right) = tokio::try_join!(check_some(top, kind, left), check_some(top, kind, right))?;
        for part in [left, right] {
            checked.records += part.records;
            checked.events += part.events;
            checked.broken.extend(part.broken);
        }
        bar.set_message(format!("{} {kind} chains", checked.records));
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(checked)
}

async fn check_some(top: &Session, kind: &Name, records: &[Record]) -> Result<Checked> {
    let mut checked = Checked::default();
    for record in records {
        let trail = top.trail(kind, record.id()).await?;
        checked.records += 1;
        checked.events += trail.entries.len() as u64;
        if !trail.verdict.is_intact() {
            checked.broken.push(format!("{kind} {}: {:?}", record.id(), trail.verdict));
        }
    }
    Ok(checked)
}

fn number(record: &Record) -> String {
    record.envelope().number.clone().unwrap_or_default()
}

/// The time on the facility's wall clock, to the minute.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}
