//! External analysts for [`eovr_core::analyst`]: OpenAI, Anthropic, Google, and any server that implements OpenAI's
//! Chat Completions, for example one in the hospital.
//!
//! An [`Adapter`] asks **once**: one request, one deadline, one answer or one [`Reason`]. The core's worker decides about
//! retries, the circuit breaker and the budget, and stores its decisions. The adapter therefore never sleeps, and a
//! crash loses nothing. An adapter sends a [`Cleared`] narrative, which only the core's gateway makes.
//! [`Analysis::read`] parses the answer and keeps no text of it.
//!
//! Each dialect has a file of its own with two pure functions: one makes a request from a question, the other an answer
//! from a reply. [`client`](self) sends the request. It reads at most one mebibyte of a reply. It does not follow a
//! redirect, because the redirect would receive the key. It drops all text that the provider writes, including error
//! messages, because the text may repeat the narrative. Only a reason is kept.
//!
//! ```
//! use eovr_ai::{Adapter, Dialect, Key, Settings};
//!
//! let settings = Settings::new(Dialect::Local, Key::new("none")).at("http://127.0.0.1:8000");
//! let analyst = Adapter::new(settings)?;
//! assert!(!format!("{analyst:?}").contains("none"));
//!
//! // A key is not sent over an unencrypted connection, nor to a URL that contains a user name.
//! let open = Settings::new(Dialect::OpenAi, Key::new("sk-1")).at("http://ai.example.org");
//! assert!(Adapter::new(open).is_err());
//! # Ok::<(), eovr_core::Error>(())
//! ```
//!
//! [`Analysis::read`]: eovr_core::triage::analysis::Analysis::read
//! [`Cleared`]: eovr_core::triage::analysis::Cleared
//! [`Reason`]: eovr_core::triage::analysis::NoAnswerReason

mod adapter;
mod address;
mod client;
mod dialect;
mod failure;
mod key;
mod prompt;

pub use self::adapter::{Adapter, Settings};
pub use self::dialect::Dialect;
pub use self::key::Key;
