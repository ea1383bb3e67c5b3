//! The reference server's program, as it is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// One of its commands on the data in a folder, with no settings of whoever measures.
pub(crate) fn command(binary: &Path, verb: &str, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_remove("EOVR_MASTER_KEY").env_remove("EOVR_STORE");
    command.arg(verb).arg("--dir").arg(folder.join("data"));
    command
}

/// Built for release, whatever this bench was built for. `EOVR_SERVER` names one that
/// is there already.
pub(crate) fn built() -> Outcome<PathBuf> {
    if let Some(binary) = std::env::var_os("EOVR_SERVER") {
        return Ok(binary.into());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("it is a folder of the target's")?;
    let mut cargo = Command::new(env!("CARGO"));
    // All of the workspace's features, as everything else that is built here: no crate is built twice.
    cargo.args(["build", "--quiet", "--release", "--workspace", "--all-features", "--bin", "eovr-server"]);
    cargo.arg("--target-dir").arg(target);
    if !cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
        return Err("the server could not be built".into());
    }
    Ok(target.join("release").join("eovr-server"))
}
