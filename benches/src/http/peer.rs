//! The Python service.

use std::process::Command;

use tempfile::TempDir;

use super::program::Program;
use crate::Outcome;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/service.py");

/// A running service on a temporary folder.
pub(super) struct Peer {
    pub(super) program: Program,
    _folder: TempDir,
}

impl Peer {
    pub(super) fn start(processes: usize) -> Outcome<Self> {
        let how = "`. tests/tools; need_python` installs what is missing and sets it";
        let python =
            std::env::var_os("EOVR_PYTHON").ok_or_else(|| format!("EOVR_PYTHON is not set: {how}"))?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut command = Command::new(python);
        // Without `.pyc` files beside the sources.
        command.args(["-B", SCRIPT]).arg(folder.path().join("service.db")).arg(processes.to_string());
        Ok(Self { program: Program::start(&mut command)?, _folder: folder })
    }
}
