use crate::access::{ActionRow, Actor, Scope, Standing};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::org::Stamp;

/// Proof that this actor may do this action in this place. Every commit requires one.
#[derive(Debug)]
pub struct Permit {
    actor: Actor,
    action: Name,
}

impl Permit {
    /// Checks the action table and the scope.
    ///
    /// A place outside the scope is `NotFound`, the same as an absent one. A place inside the scope where the action
    /// is not allowed is `Denied`. An allowed action whose actor authenticated too long ago is `Unauthenticated`.
    pub(crate) fn of(actor: &Actor, of: &Name, row: &ActionRow, place: Place<'_>) -> Result<Self> {
        let inside = match place {
            Place::Seen => true,
            Place::New(stamp) => match actor.standing() {
                Standing::Visitor(own) => own == stamp,
                _ => Scope::of(actor).covers(stamp),
            },
        };
        if !inside {
            return Err(Error::not_found("facility").with_help("name a facility that you work in or lead"));
        }
        if !row.allows(actor) {
            let (lowest, highest) = row.tiers.into();
            return Err(Error::new(
                ErrorKind::Denied,
                format!("`{}` may not `{}` on `{of}`", actor.capacity(), row.name),
            )
            .with_help(format!("tiers {} to {} may", lowest.number(), highest.number())));
        }
        row.proven(actor)?;
        Ok(Self { actor: actor.clone(), action: row.name.clone() })
    }

    /// The actor that holds the permit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The action that the permit allows.
    pub fn action(&self) -> &Name {
        &self.action
    }
}

/// The place for which a permit is requested.
pub(crate) enum Place<'a> {
    /// A record that was read through the actor's own scope.
    Seen,
    /// A record to be created here.
    New(&'a Stamp),
}
