use crate::error::Result;

/// Stores the progress of a training, so that an interrupted training can be resumed.
///
/// Steps are numbered from 0. A notebook belongs to one training: another set of rows, seed, plan or release of this
/// library needs another notebook. The training repeats a step whose entry it cannot read.
pub trait Notebook {
    /// The stored result of a step; `None` where there is none.
    ///
    /// # Errors
    /// The host's own error, where it cannot read.
    fn look_up(&mut self, step: usize) -> Result<Option<Vec<u8>>>;

    /// Stores the result of a step.
    ///
    /// # Errors
    /// The host's own error, where it cannot store the result. The training then ends.
    fn write_down(&mut self, step: usize, learned: &[u8]) -> Result<()>;
}

/// A notebook that stores nothing.
pub(super) struct Forgets;

impl Notebook for Forgets {
    fn look_up(&mut self, _: usize) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn write_down(&mut self, _: usize, _: &[u8]) -> Result<()> {
        Ok(())
    }
}
