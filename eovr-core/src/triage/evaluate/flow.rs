use serde::Serialize;

/// The number of rows at each step, from the file to the evaluated cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Rows in the file.
    pub read: u64,
    /// Omitted rows, with the reason.
    pub dropped: Vec<(String, u64)>,
    /// Rows of the training set.
    pub train: u64,
    /// Rows of the validation set.
    pub valid: u64,
    /// Evaluated rows.
    pub evaluated: u64,
    /// Evaluated rows whose text occurs in another evaluated row. They are counted like the others.
    pub repeated: u64,
}
