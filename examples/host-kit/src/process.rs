//! Process settings: the permissions of new files, and the limit of open files.

/// Makes new files and folders private to their owner: database, its log, attachments, exports.
pub fn keeps_its_files_to_itself() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Raises the limit of open files and connections as far as the system allows, and returns it; `None` if there is no
/// limit, or an unknown one.
#[cfg(unix)]
pub fn open_at_most() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // The usual soft limit of 1024 exists for programs that use `select`.
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// The system has no such limit.
#[cfg(not(unix))]
pub fn open_at_most() -> Option<u64> {
    None
}
