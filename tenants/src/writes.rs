//! Whether something was handed over to be written while a piece of work ran. Whoever is told "not at the moment" must know
//! whether nothing was done, or whether it may have been.

use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static WRITTEN: Cell<bool>;
}

/// Runs it, and tells whether it handed over anything to be written. What it leaves to other tasks does not count.
pub async fn watched<F: Future>(work: F) -> (F::Output, bool) {
    WRITTEN
        .scope(Cell::new(false), async move {
            let output = work.await;
            (output, WRITTEN.with(Cell::get))
        })
        .await
}

/// Notes that something was handed over. From then on it may be done, whatever becomes of the answer.
pub fn note() {
    // Nobody watches most of the time.
    let _ = WRITTEN.try_with(|written| written.set(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_within_is_told_and_nothing_else() {
        note();
        assert_eq!(watched(async { 1 }).await, (1, false));
        let (inner, outer) = watched(async {
            tokio::task::yield_now().await;
            note();
            watched(async {}).await
        })
        .await;
        assert_eq!((inner, outer), (((), false), true));
    }
}
