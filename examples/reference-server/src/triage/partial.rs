//! The intermediate results of a training: a folder beside the model, removed when the model is complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use eovr_core::triage::learn::Notebook;
use eovr_core::{Error, ErrorKind};
use eovr_host::output::Failure;

use super::write;

/// The folder, and its file that identifies the training.
pub(super) struct Partial {
    folder: PathBuf,
    /// The number of steps loaded from it.
    pub(super) known: usize,
}

const OF: &str = "training";

impl Partial {
    /// Opens the folder for a model; a folder of another training is emptied.
    pub(super) fn open(out: &Path, training: &str) -> Result<Self, Failure> {
        let mut folder = out.as_os_str().to_owned();
        folder.push(".partial");
        let partial = Self { folder: folder.into(), known: 0 };
        let of = partial.folder.join(OF);
        if fs::read_to_string(&of).is_ok_and(|of| of == training) {
            return Ok(partial);
        }
        if partial.folder.exists() && !of.exists() {
            return Err(Failure::usage(
                format!("`{}` exists and does not belong to a training", partial.folder.display()),
                "move it away, or name another place with --out",
            ));
        }
        partial.remove().and_then(|()| fs::create_dir_all(&partial.folder)).map_err(|error| {
            Failure::usage(
                format!("cannot make `{}`: {error}", partial.folder.display()),
                "name another place with --out",
            )
        })?;
        write(&of, training.as_bytes())?;
        Ok(partial)
    }

    /// Removes the folder, because the model is complete.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn step(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step}"))
    }
}

impl Notebook for Partial {
    fn look_up(&mut self, step: usize) -> Result<Option<Vec<u8>>, Error> {
        // An unreadable step is computed again.
        let kept = fs::read(self.step(step)).ok();
        self.known += usize::from(kept.is_some());
        Ok(kept)
    }

    fn write_down(&mut self, step: usize, learned: &[u8]) -> Result<(), Error> {
        write(&self.step(step), learned).map_err(|failure| {
            Error::new(ErrorKind::Unavailable, "the intermediate results cannot be saved")
                .with_help("make room, or name another place with --out, and train again")
                .because(failure.to_string())
        })
    }
}
