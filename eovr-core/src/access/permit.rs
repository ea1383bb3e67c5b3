use crate::access::{ActionRow, Actor, Scope, Standing};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::org::Stamp;

/// Proof that this actor may do this action in this place. A commit cannot be made without one.
#[derive(Debug)]
pub struct Permit {
    actor: Actor,
    action: Name,
}

impl Permit {
    /// Asks the table and the scope.
    ///
    /// Out of scope is `NotFound`, the same as absent; in scope but not allowed is `Denied`; allowed, but too
    /// long after the actor has proved who it is, is `Unauthenticated`.
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

    /// Who holds it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What for.
    pub fn action(&self) -> &Name {
        &self.action
    }
}

/// What a permit is asked for.
pub(crate) enum Place<'a> {
    /// A record that was read through the actor's own scope.
    Seen,
    /// A record to be created here.
    New(&'a Stamp),
}
