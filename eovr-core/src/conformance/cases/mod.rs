//! The cases, by subject.

mod commits;
mod durable;
mod feed;
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
    feed::CASES,
    races::CASES,
    durable::CASES,
];
