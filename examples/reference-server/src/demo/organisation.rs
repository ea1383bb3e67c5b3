//! An invented hospital group in two invented governorates, which is also the operator's example file.

use eovr_core::org::Org;
use eovr_core::{Error, Result};

/// The organisation for a new store.
pub(crate) fn planned() -> Result<Org> {
    let tree = serde_json::from_str(include_str!("../../organisation.json"));
    Org::new(tree.map_err(|error| Error::bug("the example is an organisation").because(error))?)
}
