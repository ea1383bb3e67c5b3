use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs futures concurrently, without a runtime of its own, and waits for all.
pub(super) async fn join_all<'a, T>(futures: impl IntoIterator<Item = Boxed<'a, T>>) -> Vec<T> {
    let mut running: Vec<Slot<'a, T>> = futures.into_iter().map(Slot::Running).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for slot in &mut running {
            if let Slot::Running(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *slot = Slot::Done(output),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let outputs = running.into_iter().filter_map(|slot| match slot {
        Slot::Done(output) => Some(output),
        Slot::Running(_) => None,
    });
    outputs.collect()
}

enum Slot<'a, T> {
    Running(Boxed<'a, T>),
    Done(T),
}

/// Polls a future at most this many times and then drops it in whatever state it is. `None`: it was not done.
pub(super) async fn poll_at_most<T>(mut future: Boxed<'_, T>, times: usize) -> Option<T> {
    let mut left = times;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}
