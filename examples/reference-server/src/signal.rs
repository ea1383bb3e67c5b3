//! How a person or a supervisor says that it is enough.

/// Ready when somebody wants the program to stop: Ctrl-C, or SIGTERM where there are signals. From this call on,
/// not from the first time that somebody waits: a signal before that would end the program at once.
#[cfg(unix)]
pub(crate) fn asked_to_stop() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        match signals {
            [Ok(mut terminated), Ok(mut interrupted)] => {
                tokio::select! {
                    _ = terminated.recv() => {}
                    _ = interrupted.recv() => {}
                }
            }
            // The system takes no handler, and ends the program itself.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn asked_to_stop() -> impl Future<Output = ()> + Send {
    async { drop(tokio::signal::ctrl_c().await) }
}
