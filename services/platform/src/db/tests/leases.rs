use std::time::Duration;

use crate::db::{Lease, platform_migrations};
use crate::on_each_engine;

const LONG: Duration = Duration::from_secs(600);

on_each_engine! {
    async fn one_of_two_candidates_holds_the_job_until_it_gives_up(db: Database, storage: &Storage) {
        db.migrate(platform_migrations()).await.unwrap();
        let first = Lease::new(&db, "job", LONG);
        let second = Lease::new(&storage.connect().await, "job", LONG);
        assert!(first.acquire().await.unwrap());
        assert!(!second.acquire().await.unwrap());
        assert!(first.acquire().await.unwrap(), "the holder renews");

        second.release().await.unwrap();
        assert!(!second.acquire().await.unwrap(), "who does not hold it can't release it");
        first.release().await.unwrap();
        assert!(second.acquire().await.unwrap());
    }

    async fn jobs_do_not_exclude_each_other(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        assert!(Lease::new(&db, "one", LONG).acquire().await.unwrap());
        assert!(Lease::new(&db, "other", LONG).acquire().await.unwrap());
    }

    async fn the_job_of_a_holder_that_vanished_is_taken_over(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let lasts = Duration::from_millis(200);
        assert!(Lease::new(&db, "job", lasts).acquire().await.unwrap());
        let successor = Lease::new(&db, "job", LONG);
        assert!(!successor.acquire().await.unwrap());
        tokio::time::sleep(lasts).await;
        assert!(successor.acquire().await.unwrap());
    }
}
