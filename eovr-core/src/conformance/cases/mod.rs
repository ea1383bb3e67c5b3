//! The promises, by subject.

mod commits;
mod durable;
mod numbers;
mod outbox;
mod paging;
mod races;
mod reading;
mod trail;
mod uniques;
mod values;

use crate::conformance::Case;

pub(super) const ALL: &[&[Case]] = &[
    commits::CASES,
    uniques::CASES,
    numbers::CASES,
    values::CASES,
    reading::CASES,
    paging::CASES,
    trail::CASES,
    outbox::CASES,
    races::CASES,
    durable::CASES,
];
