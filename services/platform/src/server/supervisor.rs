//! Keeps workers running until the drain, whatever happens to one of them.

use std::time::Duration;

use tokio::task::{AbortHandle, JoinError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::drain::Drain;
use super::service::Worker;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A worker that ran this long was well; its next fault starts at the first pause again.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// Runs workers, starts those that panic or return again after a growing pause, and stops
/// them all when the process drains.
#[derive(Debug)]
pub struct Supervisor {
    drain: Drain,
    workers: TaskTracker,
}

impl Supervisor {
    /// A supervisor whose workers stop when `drain` closes.
    pub fn new(drain: Drain) -> Self {
        Self {
            drain,
            workers: TaskTracker::new(),
        }
    }

    /// Starts a worker.
    pub fn start(&self, worker: Worker) {
        let supervised = supervise(worker, self.drain.stop_token(), self.drain.clone());
        self.workers.spawn(supervised);
    }

    /// Completes when the process drains and every worker has stopped, by itself or with
    /// the end of the drain.
    pub async fn stopped(self) {
        self.workers.close();
        self.workers.wait().await;
    }
}

async fn supervise(worker: Worker, stop: CancellationToken, drain: Drain) {
    let mut pause = FIRST_PAUSE;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let ended = run_once(&worker, &stop, &drain).await;
        if stop.is_cancelled() {
            return;
        }
        match ended {
            // The panic hook has told where.
            Err(_) => tracing::error!(
                worker = worker.name(),
                ?pause,
                "worker panicked; starting it again"
            ),
            Ok(()) => tracing::warn!(
                worker = worker.name(),
                ?pause,
                "worker returned; starting it again"
            ),
        }
        if begun.elapsed() >= WELL_AFTER {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Runs the worker in a task of its own, so that a panic ends nothing else.
async fn run_once(
    worker: &Worker,
    stop: &CancellationToken,
    drain: &Drain,
) -> Result<(), JoinError> {
    struct AbortOnDrop(AbortHandle);
    impl Drop for AbortOnDrop {
        fn drop(&mut self) {
            self.0.abort();
        }
    }

    let (work, stop) = (worker.clone(), stop.clone());
    let task = tokio::spawn(async move { work.run(stop).await });
    let _abort = AbortOnDrop(task.abort_handle());
    tokio::select! {
        ended = task => ended,
        () = drain.aborted() => {
            tracing::warn!(worker = worker.name(), "worker did not stop in time");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::server::drain::DrainConfig;

    fn drain() -> Drain {
        Drain::new(DrainConfig::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_is_started_again_after_growing_pauses() {
        let starts = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&starts);
        let drain = drain();
        let supervisor = Supervisor::new(drain.clone());
        supervisor.start(Worker::new("faulty", move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            async { panic!("a fault") }
        }));

        sleep(Duration::from_millis(50)).await;
        assert_eq!(starts.load(Ordering::Relaxed), 1);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(starts.load(Ordering::Relaxed), 2, "after 100 ms");
        sleep(Duration::from_secs(600)).await;
        let many = starts.load(Ordering::Relaxed);
        assert!(
            (20..40).contains(&many),
            "every 30 s in the end, not {many} times"
        );

        drain.begin();
        supervisor.stopped().await;
    }

    #[tokio::test(start_paused = true)]
    async fn workers_finish_what_they_are_at_when_the_process_drains() {
        let finished = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&finished);
        let drain = drain();
        let supervisor = Supervisor::new(drain.clone());
        supervisor.start(Worker::new("relay", move |stop: CancellationToken| {
            let count = Arc::clone(&count);
            async move {
                stop.cancelled().await;
                sleep(Duration::from_secs(3)).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
        sleep(Duration::from_secs(1)).await;
        drain.begin();
        supervisor.stopped().await;
        assert_eq!(
            finished.load(Ordering::Relaxed),
            1,
            "finished once and not started again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_does_not_stop_ends_with_the_drain() {
        let drain = drain();
        let supervisor = Supervisor::new(drain.clone());
        supervisor.start(Worker::new("deaf", |_| std::future::pending()));
        sleep(Duration::from_secs(1)).await;
        drain.begin();
        let begun = Instant::now();
        supervisor.stopped().await;
        assert_eq!(begun.elapsed(), DrainConfig::default().timeout);
    }
}
