//! What the system lets this process do: who may read the files that it makes, and how many it may open.

/// From now on files and folders that are made are their owner's alone: database, log beside it, attachments, exports.
pub(crate) fn keeps_its_files_to_itself() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Raises how many files and connections may be open as far as the system lets us, and says how far that was; `None`
/// where there is no end, or none that can be seen.
#[cfg(unix)]
pub(crate) fn open_at_most() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // The usual soft limit of 1024 is for programs that ask the system which of their files are ready by `select`.
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// The system does not say.
#[cfg(not(unix))]
pub(crate) fn open_at_most() -> Option<u64> {
    None
}
