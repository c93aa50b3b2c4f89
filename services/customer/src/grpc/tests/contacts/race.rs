//! A choice and a message that come at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rapport_platform::on_each_engine;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Desk, answer, id_of, refuses, welcomes};
use crate::domain::channel::{Channel, Purpose};
use crate::error::Error;
use crate::store::contact::clearance;

/// Colleagues who e-mail at the same time.
const SENDERS: usize = 4;

on_each_engine! {
    /// The customer's first choice ever, and then one that changes another: rows that are
    /// missing lock differently from rows that are there.
    async fn nothing_is_sent_after_she_was_told_so(db: Database, storage: &Storage) {
        let desk = Desk::open(&db).await;
        let other_process = desk.in_another_process(storage.connect().await);
        for round in 0..6 {
            let ada = desk.person("Ada Lovelace").await;
            desk.email(&ada, "ada@example.com").await;
            if round % 2 == 1 {
                desk.choose(&ada, &[welcomes(Channel::Email, 1)]).await;
            }
            let told = Arc::new(AtomicBool::new(false));
            let mut senders = JoinSet::new();
            for number in 0..SENDERS {
                let desk = if number % 2 == 0 { &desk } else { &other_process };
                senders.spawn(keep_sending(desk.clone(), ada.clone(), told.clone()));
            }
            tokio::time::sleep(Duration::from_millis(40)).await;

            other_process.choose(&ada, &[refuses(Channel::Email)]).await;
            let sent_by_then = desk.timeline(&ada).await.len();
            told.store(true, Ordering::SeqCst);

            senders.join_all().await;
            assert_eq!(desk.timeline(&ada).await.len(), sent_by_then);
            assert!(sent_by_then > 0, "the senders were at work");
        }
    }

    async fn a_refusal_waits_for_a_message_that_is_under_way(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let (id, ctx) = (id_of(&ada), desk.ctx.clone());
        let (decided, commit) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let message = {
            let (db, decided, commit) = (db.clone(), decided.clone(), commit.clone());
            tokio::spawn(async move {
                let (ctx, decided, commit) = (&ctx, &decided, &commit);
                db.write_txn(|txn| async move {
                    clearance::lock(ctx, &txn, &[id]).await?;
                    decided.notify_one();
                    commit.notified().await;
                    Ok::<_, Error>(())
                })
                .await
            })
        };
        decided.notified().await;

        let choices = [refuses(Channel::Email)];
        let mut refusal = Box::pin(desk.try_choose(&ada, &choices));
        assert!(timeout(Duration::from_millis(200), &mut refusal).await.is_err());
        commit.notify_one();
        message.await.unwrap().unwrap();
        answer(refusal.await);
    }
}

/// Sends until the customer refuses, and then a few times more.
async fn keep_sending(desk: Desk, ada: String, told: Arc<AtomicBool>) {
    let mut refused = 0;
    while refused < 5 {
        let after_the_answer = told.load(Ordering::SeqCst);
        let sent = desk.send(&ada, Channel::Email, Purpose::Marketing).await;
        assert!(
            !(after_the_answer && sent.is_ok()),
            "sent after she was told"
        );
        refused += usize::from(after_the_answer);
    }
}
