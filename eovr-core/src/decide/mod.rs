//! The core: a command goes in, and its complete effect comes out as one value.
//!
//! [`decide`] is pure. It reads no clock and draws no random number, because the [`Context`] brings the time and the
//! entropy. The result is a [`Commit`]: the new record, its audit event, its outbox message, and the version that it
//! replaces. A store applies all of it or nothing. Because a decision has no other effect, a decision that lost a
//! race is simply made again on the newer record.

mod command;
mod commit;
mod context;
mod effect;
mod needs;

pub use self::command::Command;
pub use self::commit::{Change, Commit, Guard, NumberRequest};
pub use self::context::{Context, Parent, Target};
use self::effect::Effect;
pub(crate) use self::effect::note_field;
use crate::access::{ActionRow, Actor, Permit, Place, Tiers};
use crate::audit::Attested;
pub use crate::audit::message::{Facets, Headline, Message, Tallied};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::kind::{Draft, Kind, VOUCH};
use crate::name::Name;
use crate::org::Stamp;
use crate::record::Record;
use crate::workflow::{Need, Rule};

/// Decides one command.
///
/// # Errors
/// - `Denied`: this actor may not do this action. `NotFound`: the place is outside the actor's scope.
/// - `Refused`: the workflow does not allow the action now; the refusal lists the allowed actions.
/// - `Conflict`: the command expected another version.
/// - `InvalidInput`: a value breaks a rule of the kind.
/// - `Key`: the cipher cannot seal.
pub fn decide(
    kind: &Kind,
    target: Target<'_>,
    command: Command,
    context: &mut Context<'_>,
) -> Result<Commit> {
    match target {
        Target::New { id, stamp, parent } => {
            let row = create_row(kind, &command)?;
            let permit = Permit::of(context.actor, kind.name(), row, Place::New(&stamp))?;
            let mut commit = Commit::new();
            let state = kind.machine().table().start.clone();
            let checked = command.checked(kind, row, context.now)?;
            let draft = draft(kind, &stamp, None, &permit, checked, context)?;
            command::check_required(kind, &draft.0)?;
            let parent_id = parent.map(|parent| parent.record.id());
            let effect = Effect { kind, permit: &permit, before: None, to: state, note: draft.1 };
            commit.push(effect.create(id, stamp, parent_id, draft.0, context)?);
            if let Some(parent) = parent {
                commit.push(adopt(kind, parent, context)?);
            } else if let Some(of) = &kind.table().parent {
                return Err(Error::invalid(format!("a `{}` belongs to a record", kind.name()))
                    .with_help(format!("name the `{}` that it belongs to", of.kind)));
            }
            Ok(commit)
        }
        Target::Existing { record, open_children } => {
            if VOUCH == *command.action {
                return vouch(kind, record, context);
            }
            // The permission check comes first, so that a denied actor learns neither state nor version.
            let row = kind.machine().action(&command.action);
            let row = row.ok_or_else(|| refusal(kind, record, &command.action, context.actor))?;
            let permit = Permit::of(context.actor, kind.name(), row, Place::Seen)?;
            if let Some(expected) = command.expected.filter(|expected| *expected != record.version()) {
                return Err(Error::new(ErrorKind::Conflict, "the record has changed since you read it")
                    .with_help("load it again and decide again")
                    .with("expected_version", expected)
                    .with("current_version", record.version()));
            }
            let rule = kind
                .machine()
                .step(record.state().as_str(), &command.action)
                .ok_or_else(|| refusal(kind, record, &command.action, context.actor))?;
            let refuse = |unmet, actor| {
                Error::refused(Refusal { unmet, ..refused(kind, record, row.name.as_str(), actor) })
            };
            let lacking = needs::lacking(kind, record, &command);
            let unmet = needs::unmet(rule, record, open_children, &command, context);
            if !unmet.is_empty() {
                return Err(refuse(needs::with(unmet, lacking), context.actor));
            }
            let to = rule.to.clone().unwrap_or_else(|| record.state().clone());
            let checked = command.checked(kind, row, context.now)?;
            let draft = draft(kind, &record.envelope.stamp, Some(record), &permit, checked, context)?;
            // The kind's computation may have set what the record lacked.
            match command::check_required(kind, &draft.0) {
                Err(_) if !lacking.is_empty() => return Err(refuse(lacking, context.actor)),
                checked => checked?,
            }
            let mut commit = Commit::new();
            let effect = Effect { kind, permit: &permit, before: Some(record), to, note: draft.1 };
            commit.push(effect.change(record, draft.0, context)?);
            Ok(commit)
        }
    }
}

/// The actions that this actor could do with a record now: each action that the state allows and the actor may do,
/// with its unmet needs. A screen can draw its buttons from this. A required value that the record lacks is an unmet
/// need `field` of every action.
pub fn legal(
    kind: &Kind,
    record: &Record,
    open_children: &std::collections::BTreeMap<Name, u64>,
    context: &Context<'_>,
) -> Vec<(Name, Vec<crate::error::Unmet>)> {
    let probe = Command::new("");
    let lacking = needs::lacking(kind, record, &probe);
    known(kind, record, context.actor)
        .filter(|rule| {
            kind.machine().action(rule.action.as_str()).is_some_and(|row| row.allows(context.actor))
        })
        .map(|rule| {
            let unmet = needs::unmet(rule, record, open_children, &probe, context);
            (rule.action.clone(), needs::with(unmet, lacking.clone()))
        })
        .collect()
}

fn create_row<'k>(kind: &'k Kind, command: &Command) -> Result<&'k ActionRow> {
    let create = kind.machine().create();
    if command.action != create.as_str() {
        return Err(Error::invalid(format!("a `{}` is not created that way", kind.name()))
            .with_help(format!("use the action `{create}`")));
    }
    kind.machine()
        .action(create.as_str())
        .ok_or_else(|| Error::bug("a checked machine has a row for its create action"))
}

type Drafted<'a> = (Draft<'a>, Option<zeroize::Zeroizing<String>>);

fn draft<'a>(
    kind: &'a Kind,
    stamp: &Stamp,
    before: Option<&'a Record>,
    permit: &'a Permit,
    command: command::Checked,
    context: &Context<'_>,
) -> Result<Drafted<'a>> {
    let command::Checked { facets, texts, note } = command;
    let mut draft = Draft {
        kind,
        actor: permit.actor(),
        action: permit.action(),
        facility: stamp.facility.clone(),
        now: context.now,
        before,
        facets,
        texts,
    };
    kind.complete(&mut draft)?;
    Ok((draft, note))
}

/// The parent's side of a new child: an event in the parent's chain and a new version. So an action that requires all
/// children to be closed cannot win a race against a child that is being added.
fn adopt(child: &Kind, parent: Parent<'_>, context: &mut Context<'_>) -> Result<Change> {
    let Parent { record: parent, open } = parent;
    let Some(spec) = &child.table().parent else {
        return Err(Error::invalid(format!("a `{}` belongs to no other record", child.name())));
    };
    if spec.kind != parent.envelope.kind {
        return Err(Error::invalid(format!("a `{}` belongs to a `{}`", child.name(), spec.kind)));
    }
    if spec.most.is_some_and(|most| open >= u64::from(most)) {
        let most = spec.most.unwrap_or_default();
        return Err(Error::invalid(format!("it has as many `{}` records as it may", child.name()))
            .with_help(format!("at most {most} may be open at a time")));
    }
    let kind = context.catalog.kind(&spec.kind)?.clone();
    let command = Command::new(spec.action.as_str());
    let target = Target::Existing { record: parent, open_children: &std::collections::BTreeMap::new() };
    let adopted = decide(&kind, target, command, context)?;
    adopted.into_changes().into_iter().next().ok_or_else(|| Error::bug("a decision changes its record"))
}

/// An event with a code that changes nothing else. It authenticates the events before it.
fn vouch(kind: &Kind, record: &Attested, context: &mut Context<'_>) -> Result<Commit> {
    let row = ActionRow::new(VOUCH, Tiers::new(5, 5)?);
    let permit = Permit::of(context.actor, kind.name(), &row, Place::Seen)?;
    if context.authenticator.is_none() {
        return Err(Error::new(ErrorKind::Key, "without a key no event can be authenticated"));
    }
    let command = Command::new(&VOUCH).checked(kind, &row, context.now)?;
    let (draft, note) = draft(kind, &record.envelope.stamp, Some(record), &permit, command, context)?;
    let effect = Effect { kind, permit: &permit, before: Some(record), to: record.state().clone(), note };
    let mut change = effect.change(record, draft, context)?;
    change.posted = false;
    let mut commit = Commit::new();
    commit.push(change);
    Ok(commit)
}

/// The rules of a state. For a person it leaves out the actions that only software does.
fn known<'k>(kind: &'k Kind, record: &Record, actor: &Actor) -> impl Iterator<Item = &'k Rule> {
    let human = actor.is_human();
    let rules = kind.machine().legal(record.state().as_str());
    rules.filter(move |rule| !human || !rule.needs.contains(&Need::Software))
}

fn refused(kind: &Kind, record: &Record, action: &str, actor: &Actor) -> Refusal {
    Refusal {
        kind: kind.name().to_string(),
        state: record.state().to_string(),
        action: action.to_owned(),
        legal: known(kind, record, actor).map(|rule| rule.action.to_string()).collect(),
        unmet: Vec::new(),
        is_known: kind.machine().has_state(record.state().as_str()),
    }
}

fn refusal(kind: &Kind, record: &Record, action: &str, actor: &Actor) -> Error {
    // The error does not repeat an unknown action, because a caller may have sent words of a report in its place.
    let known = if kind.machine().action(action).is_some() { action } else { "?" };
    Error::refused(refused(kind, record, known, actor))
}
