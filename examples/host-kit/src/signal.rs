//! The stop signals of a user or a supervisor.

/// Ready when the program is asked to stop: Ctrl-C, or SIGTERM on Unix. The handler is installed by this call and not
/// by the first poll, because an earlier signal would otherwise end the program at once.
#[cfg(unix)]
pub fn asked_to_stop() -> impl Future<Output = ()> + Send {
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
            // The system accepts no handler, and ends the program itself.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
pub fn asked_to_stop() -> impl Future<Output = ()> + Send {
    async { drop(tokio::signal::ctrl_c().await) }
}
