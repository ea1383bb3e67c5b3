//! Only a receipt code makes a holder, and only a stated reason makes the system actor.

use eovr_core::Name;
use eovr_core::access::Actor;
use eovr_core::record::ActorId;

fn holder(id: ActorId, facet: Name) -> Actor {
    Actor::holder(id, facet, [0; 32])
}

fn system(id: ActorId) -> Actor {
    Actor::system(id, "because")
}

fn main() {}
