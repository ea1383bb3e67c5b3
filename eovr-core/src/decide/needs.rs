use std::collections::BTreeMap;

use crate::decide::{Command, Context};
use crate::error::Unmet;
use crate::kind::Kind;
use crate::name::Name;
use crate::record::Record;
use crate::workflow::{Need, Rule};

/// The needs of a rule that are not met.
pub(super) fn unmet(
    rule: &Rule,
    record: &Record,
    open_children: &BTreeMap<Name, u64>,
    command: &Command,
    context: &Context<'_>,
) -> Vec<Unmet> {
    let met = |need: &Need| match need {
        Need::Human => context.actor.is_human(),
        Need::Software => !context.actor.is_human(),
        Need::Author => is_author(record, context),
        Need::NotAuthor => !is_author(record, context),
        Need::Note => command.has_note(),
        Need::Field(name) => {
            let name = name.as_str();
            command.sets(name) || record.facet(name).is_some() || record.sealed(name).is_some()
        }
        Need::WithinMinutes(minutes) => {
            context.now <= record.envelope.created_at.plus_seconds(i64::from(*minutes) * 60)
        }
        Need::ChildrenClosed(kind) => open_children.get(kind).is_some_and(|open| *open == 0),
        Need::Check(name) => context.checks.get(name).copied().unwrap_or(false),
    };
    rule.needs.iter().filter(|need| !met(need)).map(tell).collect()
}

/// The required values that a record lacks, because its kind did not require them when it was created, and that this
/// command does not set. Such a record takes no action without them.
pub(super) fn lacking(kind: &Kind, record: &Record, command: &Command) -> Vec<Unmet> {
    // The kind's computation may still set what it computes.
    let facets = kind.facets().filter(|facet| facet.required && !facet.computed);
    let facets = facets.filter(|facet| record.facet(facet.name.as_str()).is_none()).map(|facet| &facet.name);
    let fields = kind.fields().filter(|field| field.required);
    let fields = fields.filter(|field| record.sealed(field.name.as_str()).is_none()).map(|field| &field.name);
    let lacking = facets.chain(fields).filter(|name| !command.sets(name.as_str()));
    lacking.map(|name| tell(&Need::Field(name.clone()))).collect()
}

/// Both, each need once: a rule may also need what the kind requires.
pub(super) fn with(mut unmet: Vec<Unmet>, lacking: Vec<Unmet>) -> Vec<Unmet> {
    let new: Vec<_> = lacking.into_iter().filter(|one| !unmet.contains(one)).collect();
    unmet.extend(new);
    unmet
}

fn tell(need: &Need) -> Unmet {
    Unmet { need: need.name().to_owned(), wants: need.wants() }
}

/// A holder of the receipt code is the record's author, even if the holder's id is different today.
fn is_author(record: &Record, context: &Context<'_>) -> bool {
    match context.actor.standing() {
        crate::access::Standing::Holder { .. } => true,
        _ => record.envelope.author == *context.actor.id(),
    }
}
