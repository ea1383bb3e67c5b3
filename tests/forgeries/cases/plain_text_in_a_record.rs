//! A commit carries sealed values only; it accepts no plain text.

use eovr_core::Name;
use eovr_core::decide::{Change, Context};
use eovr_core::record::Record;

fn into_a_record(record: &mut Record, field: Name) {
    record.sealed.insert(field, "plain text".to_owned());
}

fn into_a_change(change: &mut Change, field: Name) {
    change.record.sealed.insert(field, "plain text".to_owned());
}

fn without_a_cipher(context: Context<'_>) -> Context<'_> {
    Context { cipher: None, ..context }
}

fn main() {}
