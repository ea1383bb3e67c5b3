//! The executable contract of [`Store`]: its documented promises as test cases.
//!
//! A store provides a factory that returns a fresh, empty store on each call. Every case uses a store of its own, so
//! cases share nothing and may run in any order.
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
//! With a runtime, a complete test is:
//!
//! ```ignore
//! #[tokio::test]
//! async fn keeps_its_promises() {
//!     eovr_core::conformance::run(async || Ok(MyStore::temporary().await?)).await.assert();
//! }
//! ```
//!
//! [`cases`] lists the promises, for a harness that runs one test for each or a document that prints them. The suite
//! uses no runtime, no threads and no timers, and has its own random generator: the same seed gives the same run.
//! Semver does not cover the list of cases: minor releases add cases, and the changelog names them.

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

/// One promise and its test.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A short name in snake case; unique.
    pub name: &'static str,
    /// The promise of a store.
    pub promise: &'static str,
    run: fn(Subject) -> Running,
}

impl Case {
    /// Tests the promise on a fresh, empty store.
    ///
    /// # Errors
    /// How the store broke the promise.
    pub async fn run(&self, store: impl IntoStore, seed: u64) -> Result<(), Failure> {
        (self.run)(Subject { store: store.into_store(), seed }).await
    }
}

/// The store under test, and the seed of the random generator.
#[derive(Debug)]
struct Subject {
    store: Arc<dyn Store>,
    seed: u64,
}

type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// The return type of a factory: a store, or a shared store.
pub trait IntoStore {
    /// The store, shared.
    fn into_store(self) -> Arc<dyn Store>;
}

impl<S: Store + 'static> IntoStore for S {
    fn into_store(self) -> Arc<dyn Store> {
        Arc::new(self)
    }
}

/// All cases, in a readable order.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    cases::ALL.iter().copied().flatten()
}

/// Tests every promise, each on a fresh store from the factory.
pub async fn run<S: IntoStore>(factory: impl AsyncFn() -> Result<S>) -> Report {
    run_seeded(SEED, factory).await
}

/// The same with another seed, for a nightly run that tries more histories.
pub async fn run_seeded<S: IntoStore>(seed: u64, factory: impl AsyncFn() -> Result<S>) -> Report {
    let mut report = Report::new(seed);
    for case in cases() {
        let outcome = match factory().await {
            Ok(store) => case.run(store, seed).await,
            Err(error) => Err(Failure::new(format!("the factory returned no store: {error:?}"))),
        };
        report.add(case, outcome);
    }
    report
}
