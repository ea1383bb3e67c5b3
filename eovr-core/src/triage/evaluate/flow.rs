use serde::Serialize;

/// What became of the rows of a file, so that a reader can count them down to the cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Rows in the file.
    pub read: u64,
    /// Rows that were left out, each with the reason.
    pub dropped: Vec<(String, u64)>,
    /// Rows that the training learned from.
    pub train: u64,
    /// Rows that the training chose by.
    pub valid: u64,
    /// Rows that were evaluated.
    pub evaluated: u64,
    /// Of those: rows whose text another evaluated row has as well. They are counted like the others.
    pub repeated: u64,
}
