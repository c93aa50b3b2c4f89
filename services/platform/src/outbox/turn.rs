//! Events that one consumer meets at the same time, handled in one transaction.
//!
//! A commit costs more than most of what a handler does. So events that come while others are under
//! way wait for them, and then have their effects together; nobody waits who finds nobody before him.
//! Where that fails, each is tried by itself, and none stops the others.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex as Turns, oneshot};
use tracing::Span;

use super::Event;
use super::subscription::{Subscription, Verdict};

/// Most events of a transaction.
const MOST: usize = 100;

/// Who waits, and whose turn it is.
#[derive(Default)]
pub(super) struct Turn {
    waiting: Mutex<VecDeque<Waiting>>,
    turns: Turns<()>,
}

struct Waiting {
    event: Event,
    span: Span,
    answer: oneshot::Sender<Option<Result<(), Verdict>>>,
}

impl Turn {
    /// What comes of handling the event, with those that wait beside it. None when that failed:
    /// then it is to be tried by itself.
    pub(super) async fn first_attempt(
        &self,
        subscription: &Subscription,
        event: &Event,
    ) -> Option<Result<(), Verdict>> {
        let (answer, mut outcome) = oneshot::channel();
        let (event, span) = (event.clone(), Span::current());
        self.waiting().push_back(Waiting {
            event,
            span,
            answer,
        });
        let _turn = self.turns.lock().await;
        loop {
            match outcome.try_recv() {
                Ok(outcome) => return outcome,
                // Whose turn it was went away with it.
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => handle(subscription, self.next()).await,
            }
        }
    }

    /// The first of those that wait. Whose caller went away is forgotten.
    fn next(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        waiting.retain(|it| !it.answer.is_closed());
        let count = waiting.len().min(MOST);
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handle(subscription: &Subscription, batch: Vec<Waiting>) {
    let events: Vec<_> = batch
        .iter()
        .map(|it| (&it.event, it.span.clone()))
        .collect();
    let mut outcome = Some(subscription.attempt(&events).await);
    let alone = batch.len() == 1;
    for it in batch {
        let of_all = match &outcome {
            Some(Ok(())) => Some(Ok(())),
            _ if alone => outcome.take(),
            _ => None,
        };
        // Who went away does not hear it.
        let _ = it.answer.send(of_all);
    }
}
