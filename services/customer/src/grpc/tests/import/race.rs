//! Imports beside each other and beside everything else.

use rapport_platform::on_each_engine;
use tokio::task::JoinSet;

use super::{Importer, Row, emails, firm, last, refuses, row};
use crate::domain::channel::Channel;

/// Rows 2 to 41 in batches of five, each about a customer of its own.
fn batches() -> Vec<Vec<Row>> {
    let rows: Vec<Row> = (2..42)
        .map(|line| {
            let id = line.to_string();
            row(line, &id, "Ada")
                .email(&format!("{id}@example.com"))
                .call(&id)
        })
        .collect();
    rows.chunks(5).map(<[Row]>::to_vec).collect()
}

on_each_engine! {
    async fn two_clients_on_one_run_bring_each_row_in_once(db: Database, storage: &Storage) {
        let importer = Importer::of(&db).await;
        let other = importer.in_another_process(storage.connect().await);
        let run = importer.begin(&[row(1, "1", "Ada")]).await;
        let mut clients = JoinSet::new();
        for client in [importer.clone(), other] {
            let run = run.clone();
            clients.spawn(async move {
                for batch in batches() {
                    client.go_on(&run, &batch).await;
                }
            });
        }
        clients.join_all().await;
        let run = importer.complete(&run).await;
        assert_eq!((run.created_count, run.updated_count, run.unchanged_count), (41, 0, 0));
        assert_eq!((run.interaction_count, run.last_line), (40, 41));
        let all = importer.export().await;
        assert_eq!(all.len(), 41);
        assert!(all.iter().all(|one| emails(one).len() <= 1));
    }

    async fn two_runs_of_the_same_rows_make_each_customer_once(db: Database, storage: &Storage) {
        let importer = Importer::of(&db).await;
        let other = importer.in_another_process(storage.connect().await);
        let mut runs = JoinSet::new();
        for client in [importer.clone(), other] {
            runs.spawn(async move {
                let mut run = client.begin(&[row(1, "1", "Ada")]).await;
                for batch in batches() {
                    run = client.go_on(&run, &batch).await;
                }
                client.complete(&run).await
            });
        }
        let runs = runs.join_all().await;
        assert_eq!(runs.iter().map(|run| run.created_count).sum::<i64>(), 41);
        assert_eq!(runs.iter().map(|run| run.unchanged_count).sum::<i64>(), 41);
        assert_eq!(runs.iter().map(|run| run.interaction_count).sum::<i64>(), 40);
        assert_eq!(importer.export().await.len(), 41);
    }

    async fn only_one_of_two_ends_a_run(db: Database, storage: &Storage) {
        let importer = Importer::of(&db).await;
        let other = importer.in_another_process(storage.connect().await);
        for round in 0..4 {
            let rows = [firm(1, &format!("a{round}"), "A"), firm(2, &format!("b{round}"), "B").under("a0")];
            let run = importer.begin(&rows).await;
            let (one, two) = tokio::join!(importer.try_to_complete(&run), other.try_to_complete(&run));
            let ends = [one, two].into_iter().flatten().map(last);
            assert_eq!(ends.map(|run| run.failed_count).collect::<Vec<_>>(), [0]);
        }
    }

    /// Whatever comes first: a customer that was told something stays, and one that goes was
    /// told nothing.
    async fn nothing_that_was_acknowledged_goes_with_an_undone_run(db: Database, storage: &Storage) {
        let importer = Importer::of(&db).await;
        let other = importer.in_another_process(storage.connect().await);
        for round in 0..8 {
            let id = round.to_string();
            let run = importer.import(&[row(2, &id, "Ada").choosing(refuses(Channel::Sms))]).await;
            let ada = importer.name_of(&id).await;
            let renaming = {
                let (other, ada) = (other.clone(), ada.clone());
                tokio::spawn(async move { other.rename(&ada, "Countess").await })
            };
            let undone = importer.undo(&run).await;
            let renamed = renaming.await.is_ok();
            assert_eq!(undone.kept_count == 1, renamed);
            assert_eq!(importer.names().await.len(), usize::from(renamed));
            if renamed {
                importer.delete(&ada).await;
            }
        }
    }
}
