//! Analysts outside the house, for [`eovr_core::analyst`]: OpenAI, Anthropic, Google, and any server that speaks
//! like OpenAI's Chat Completions, such as one in the hospital itself.
//!
//! An [`Adapter`] asks **once**: one request, one deadline, one answer or one [`Reason`]. When to ask again, whom
//! to leave alone and what may be spent the core's desk decides, and writes down; so nothing here sleeps, and
//! nothing is lost with the process. What goes out is a [`Cleared`] narrative, which only the core's gateway
//! makes; what comes back is read by [`Analysis::read`], which keeps no word of it.
//!
//! Each dialect is two pure functions, from a question to a request and from a reply to an answer, in a file of
//! its own; [`client`](self) sends the one and takes the other. A reply is taken up to a mebibyte, a redirect is
//! not followed (the key would go with it), and whatever a provider writes (errors above all) is dropped: it may
//! repeat the narrative. Only a reason is left.
//!
//! ```
//! use eovr_ai::{Adapter, Dialect, Key, Settings};
//!
//! let settings = Settings::new(Dialect::Local, Key::new("none")).at("http://127.0.0.1:8000");
//! let analyst = Adapter::new(settings)?;
//! assert!(!format!("{analyst:?}").contains("none"));
//!
//! // A key does not go over an open line, and not to an address with a name in it.
//! let open = Settings::new(Dialect::OpenAi, Key::new("sk-1")).at("http://ai.example.org");
//! assert!(Adapter::new(open).is_err());
//! # Ok::<(), eovr_core::Error>(())
//! ```
//!
//! [`Analysis::read`]: eovr_core::triage::analysis::Analysis::read
//! [`Cleared`]: eovr_core::triage::analysis::Cleared
//! [`Reason`]: eovr_core::triage::analysis::Reason

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
