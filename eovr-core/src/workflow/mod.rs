//! Workflows: the transition table of a kind, as data.
//!
//! A host writes a [`Table`], in Rust with enums ([`Workflow`]) or in JSON. A [`Machine`] is a checked table, and the
//! engine runs only machines. Because the rules are data, the same table draws the diagram ([`Machine::diagram`]) and
//! explains a refusal, and every event stores the digest of the table that allowed it.
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
pub use self::typed::{Label, May, Row, Workflow, unknown_label};
