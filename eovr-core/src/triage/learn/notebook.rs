use crate::error::Result;

/// Where a training writes down what it has learned so far, so that it can go on after it was stopped.
///
/// Steps are numbered from 0. What is kept belongs to one training: other rows, another seed, plan or release of this
/// library need another notebook. What cannot be read any more, the training learns again.
pub trait Notebook {
    /// What was written down of a step; `None` where nothing was.
    ///
    /// # Errors
    /// The host's own, where it cannot say.
    fn look_up(&mut self, step: usize) -> Result<Option<Vec<u8>>>;

    /// Keeps what was learned in a step.
    ///
    /// # Errors
    /// The host's own, where it cannot be kept. The training ends then.
    fn write_down(&mut self, step: usize, learned: &[u8]) -> Result<()>;
}

/// Keeps nothing.
pub(super) struct Forgets;

impl Notebook for Forgets {
    fn look_up(&mut self, _: usize) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn write_down(&mut self, _: usize, _: &[u8]) -> Result<()> {
        Ok(())
    }
}
