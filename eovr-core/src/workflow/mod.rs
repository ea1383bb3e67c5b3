//! What may happen next: the transition table of one kind, as data.
//!
//! A [`Table`] is what people write: in Rust with enums ([`Workflow`]), or in JSON. A [`Machine`] is a
//! table that was checked; the engine runs nothing else. Because the rules are data, the same table
//! draws the diagram ([`Machine::diagram`]), explains a refusal, and is named by its digest in every
//! event it allowed.
//!
//! ```
//! use eovr_core::workflow::{Machine, Table};
//!
//! let table: Table = serde_json::from_str(r#"{
//!     "start": "open", "create": "raise",
//!     "states": [{"name": "open"}, {"name": "closed", "end": true}],
//!     "actions": [{"name": "raise", "tiers": [1, 5]}, {"name": "close", "tiers": [2, 5]}],
//!     "rules": [{"from": ["open"], "action": "close", "to": "closed", "needs": ["human", "note"]}]
//! }"#)?;
//! let machine = Machine::new(table)?;
//! assert_eq!(machine.legal("open").map(|rule| rule.action.as_str()).collect::<Vec<_>>(), ["close"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diagram;
mod machine;
mod table;
mod typed;

pub use self::machine::Machine;
pub use self::table::{Need, Rule, StateRow, Table};
pub use self::typed::{Label, May, Row, Workflow};
