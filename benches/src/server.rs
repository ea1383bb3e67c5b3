//! The reference server's release program.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// A command of the program on the data in a folder, without settings from the environment.
pub(crate) fn command(binary: &Path, verb: &str, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_remove("EOVR_MASTER_KEY").env_remove("EOVR_STORE");
    command.arg(verb).arg("--dir").arg(folder.join("data"));
    command
}

/// Builds the program in the profile of `cargo bench`, whatever the profile of this run. `EOVR_SERVER` names an existing one.
pub(crate) fn built() -> Outcome<PathBuf> {
    if let Some(binary) = std::env::var_os("EOVR_SERVER") {
        return Ok(binary.into());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("it is a folder of the target's")?;
    let mut cargo = Command::new(env!("CARGO"));
    // All features of the workspace, as in every other build, so that no crate is built twice.
    cargo.args([
        "build",
        "--quiet",
        "--profile",
        "bench",
        "--workspace",
        "--all-features",
        "--bin",
        "eovr-server",
    ]);
    cargo.arg("--target-dir").arg(target);
    if !cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
        return Err("the server could not be built".into());
    }
    Ok(target.join("release").join("eovr-server"))
}
