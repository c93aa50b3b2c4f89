//! Merges that meet each other and other changes: one wins, and everybody agrees which.

use futures::future::join_all;
use rapport_platform::on_each_engine;

use super::{Desk, REFUSED, reason};

on_each_engine! {
    async fn of_two_merges_that_share_a_customer_one_wins(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
        let c = desk.person("Cleo").await;
        let (one, other) = tokio::join!(desk.try_merge(&a, &b), desk.try_merge(&c, &b));
        assert!(one.is_ok() != other.is_ok());
        let (survivor, refused) = if one.is_ok() { (a, other) } else { (c, one) };
        assert_eq!(reason(refused), "RESOURCE_MERGED");
        assert_eq!(desk.get(&b).await.name, survivor);
    }

    async fn crossed_merges_make_no_circle(db: Database) {
        let desk = Desk::open(&db).await;
        for _ in 0..5 {
            let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
            let (one, other) = tokio::join!(desk.try_merge(&a, &b), desk.try_merge(&b, &a));
            assert!(one.is_ok() != other.is_ok());
            assert_eq!(desk.get(&a).await.name, desk.get(&b).await.name);
        }
    }

    async fn no_message_slips_out_beside_a_merge_with_a_refusal(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
        desk.email(&a, "ada@example.com").await;
        desk.choose(&b, REFUSED).await;
        let sends = (0..8).map(|_| desk.send(&a));
        let (merge, sent) = tokio::join!(desk.try_merge(&a, &b), join_all(sends));
        assert!(merge.is_ok());
        // Whatever was let through was appended before the merge was answered.
        let let_through = sent.into_iter().filter(Result::is_ok).count();
        assert_eq!(desk.timeline(&a).await.len(), let_through);
        assert_eq!(reason(desk.send(&a).await), "CHANNEL_REFUSED");
    }

    async fn a_choice_made_beside_a_merge_is_not_lost(db: Database) {
        let desk = Desk::open(&db).await;
        for _ in 0..5 {
            let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
            let (merge, _) = tokio::join!(desk.try_merge(&a, &b), desk.choose(&b, REFUSED));
            assert!(merge.is_ok());
            assert_eq!(desk.chosen(&a).await, [REFUSED]);
        }
    }
}
