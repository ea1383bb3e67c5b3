//! Refusals and their messages: each refused action is tried, and its refusal is printed.

use eovr_core::access::Role;
use eovr_core::decide::Command;
use eovr_core::incident::{self, Action, State};
use eovr_core::record::{Query, Record};
use eovr_core::{Eovr, Error, Result};
use eovr_host::output::{Out, Paint, words};
use eovr_host::table::indented;

use super::accounts::Accounts;

pub(super) async fn show(eovr: &Eovr, accounts: &Accounts, out: &mut Out) -> Result<()> {
    out.heading("What is refused");
    let mut number = 0;
    let mut say = |what: &str, answer: Result<()>| {
        let Err(error) = answer else {
            return Err(Error::bug("the demonstration expected a refusal").with("after", what));
        };
        number += 1;
        let (sentence, help) = words(&error);
        out.line(format_args!("{number}  {what}"));
        indented(&sentence, 3, Paint::Bad, out);
        if let Some(help) = help {
            indented(&format!("help: {help}"), 3, Paint::Dim, out);
        }
        Ok(())
    };

    let top = accounts.top()?;
    let newest = |state| async move {
        let query = Query::of(incident::KIND).limit(Query::LARGEST_PAGE);
        Ok::<_, Error>(top.incidents().list(Some(state), query).await?.items)
    };
    if let Some(fresh) = newest(State::Created).await?.first() {
        let place = &fresh.envelope().stamp;
        let staff = accounts.session(Role::Staff, place)?;
        let answer = staff.incidents().act(fresh.id(), Action::Start, None).await;
        say("a member of staff wants to start the review of a report", answer.map(drop))?;

        let quality = accounts.session(Role::QualityAdmin, place)?;
        let answer = quality.incidents().act(fresh.id(), Action::Complete, None).await;
        say("a quality admin wants to complete a report before its review", answer.map(drop))?;

        let org = eovr.org();
        let elsewhere = org.stamps().find(|stamp| *stamp != place);
        if let Some(elsewhere) = elsewhere {
            let other = accounts.session(Role::QualityAdmin, elsewhere)?;
            let answer = other.incidents().load(fresh.id()).await;
            say("the quality admin of another facility wants to read it", answer.map(drop))?;
        }
    }

    let acted = newest(State::ActionTaken).await?;
    let (mut waits, mut ready) = (None, None);
    for record in &acted {
        let open = is_waiting(top, record).await?;
        let slot = if open { &mut waits } else { &mut ready };
        slot.get_or_insert(record);
    }
    if let Some(record) = waits {
        let quality = accounts.session(Role::QualityAdmin, &record.envelope().stamp)?;
        let answer = quality.incidents().act(record.id(), Action::Complete, None).await;
        say("a quality admin wants to complete an incident with an open follow-up action", answer.map(drop))?;
    }
    if let Some(record) = ready {
        let quality = accounts.session(Role::QualityAdmin, &record.envelope().stamp)?;
        let machine = eovr.session(quality.actor().clone().as_machine());
        let answer = machine.incidents().act(record.id(), Action::Complete, None).await;
        say("an AI model with a quality admin's role wants to complete an incident", answer.map(drop))?;
    }
    if let Some(record) = newest(State::Evaluating).await?.first() {
        let quality = accounts.session(Role::QualityAdmin, &record.envelope().stamp)?;
        let stale = Command::new(Action::TakeAction).expecting(record.version().saturating_sub(1));
        let answer = quality.act(&incident::KIND, record.id(), stale).await;
        say("a quality admin acts on what an old window still shows", answer.map(drop))?;
    }
    Ok(())
}

async fn is_waiting(top: &eovr_core::Session, record: &Record) -> Result<bool> {
    let follow_ups = top.incidents().follow_ups(record.id()).await?;
    Ok(follow_ups.iter().any(|follow_up| *follow_up.state() == "open"))
}
