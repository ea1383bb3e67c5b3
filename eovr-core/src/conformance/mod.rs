//! The executable contract of [`Store`]: what its documentation promises, as cases that run.
//!
//! A store brings a factory that gives a fresh, empty store each time. Every case asks for one of its
//! own, so cases share nothing and may run in any order.
//!
//! ```
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let (mut future, waker) = (std::pin::pin!(future), std::task::Waker::noop());
//! #     loop {
//! #         let polled = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
//! #         if let std::task::Poll::Ready(output) = polled { return output; }
//! #     }
//! # }
//! use eovr_core::{conformance, memory::MemoryStore};
//!
//! # block_on(async {
//! conformance::run(async || Ok(MemoryStore::new())).await.assert();
//! # });
//! ```
//!
//! With a runtime the test is one line more than that:
//!
//! ```ignore
//! #[tokio::test]
//! async fn keeps_its_promises() {
//!     eovr_core::conformance::run(async || Ok(MyStore::temporary().await?)).await.assert();
//! }
//! ```
//!
//! [`cases`] lists the promises, for a harness that wants a test each or a document that prints them.
//! The suite uses no runtime, no threads and no timers, and owns its chance: the same seed is the same
//! run. It is not covered by semver: cases are added in minor releases, and the changelog says so.

mod cases;
mod fixture;
mod history;
mod join;
mod random;
mod report;
mod twin;

use std::pin::Pin;
use std::sync::Arc;

pub use self::report::{Failure, Report};
use crate::error::Result;
use crate::ports::Store;

/// The seed of [`run`].
pub const SEED: u64 = 0x0e0b_5eed;

/// One promise, and how it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A short name in snake case; unique.
    pub name: &'static str,
    /// What a store promises.
    pub promise: &'static str,
    run: fn(Subject) -> Running,
}

impl Case {
    /// Tries the promise on a fresh, empty store.
    ///
    /// # Errors
    /// What the store did otherwise.
    pub async fn run(&self, store: impl IntoStore, seed: u64) -> Result<(), Failure> {
        (self.run)(Subject { store: store.into_store(), seed }).await
    }
}

/// A store that is being tried, and the seed of its chance.
#[derive(Debug)]
struct Subject {
    store: Arc<dyn Store>,
    seed: u64,
}

type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What a factory may give: a store, or one that is shared already.
pub trait IntoStore {
    /// The store, shared.
    fn into_store(self) -> Arc<dyn Store>;
}

impl<S: Store + 'static> IntoStore for S {
    fn into_store(self) -> Arc<dyn Store> {
        Arc::new(self)
    }
}

impl IntoStore for Arc<dyn Store> {
    fn into_store(self) -> Arc<dyn Store> {
        self
    }
}

/// Every promise, in the order in which they are best read.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    cases::ALL.iter().copied().flatten()
}

/// Tries every promise, each on a fresh store of the factory.
pub async fn run<S: IntoStore>(factory: impl AsyncFn() -> Result<S>) -> Report {
    run_seeded(SEED, factory).await
}

/// The same with another seed: a nightly run that looks further.
pub async fn run_seeded<S: IntoStore>(seed: u64, factory: impl AsyncFn() -> Result<S>) -> Report {
    let mut report = Report::new(seed);
    for case in cases() {
        let outcome = match factory().await {
            Ok(store) => case.run(store, seed).await,
            Err(error) => Err(Failure::new(format!("the factory gave no store: {error:?}"))),
        };
        report.add(case, outcome);
    }
    report
}
