//! A machine is a table that the engine has checked.

use eovr_core::kind::{Kind, KindTable};
use eovr_core::workflow::{Machine, Table};

fn unchecked(table: Table) -> Machine {
    table.into()
}

fn kind(table: KindTable) -> Kind {
    table.into()
}

fn main() {}
