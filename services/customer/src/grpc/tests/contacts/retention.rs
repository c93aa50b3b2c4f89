//! How long permits are kept.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::permits::permit_id;
use super::{Desk, answer, id_of, reason, refuses};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::Contact;
use crate::domain::contact::refusal::ContactRefusal;
use crate::retention::{PermitsConfig, ROWS_PER_DELETE, Retention, clear};
use crate::store::contact::permit::{self, Terms};

const DAY: Duration = Duration::from_hours(24);

impl Desk {
    /// Forgets what is due after so many days.
    async fn clear_after(&self, days: u32, config: PermitsConfig) {
        let kept = Retention::new(&config).unwrap();
        let (clock, _) = Clock::manual(self.ctx.now.saturating_add(DAY * days));
        clear(&self.shared.db, &clock, kept).await.unwrap();
    }

    /// The states of the customer's permits, latest first.
    async fn kept(&self, customer: &str) -> Vec<proto::ContactPermitState> {
        let request = proto::ListContactPermitsRequest {
            customer: customer.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let page = answer(self.permits().list_contact_permits(request).await);
        page.contact_permits.iter().map(|it| it.state()).collect()
    }

    /// Keeps so many refusals of the customer.
    async fn was_refused(&self, customer: &str, times: usize) {
        let contact = Contact::plain(Channel::Email, Purpose::Marketing);
        let terms = Terms {
            contact: &contact,
            at: self.ctx.now,
            expires: self.ctx.now.saturating_add(DAY),
            policy_version: 1,
        };
        let refused = || {
            permit::refused(
                &self.ctx,
                terms,
                id_of(customer),
                &[ContactRefusal::CapReached],
            )
        };
        let rows: Vec<_> = std::iter::repeat_with(refused).take(times).collect();
        let (db, rows) = (&self.shared.db, &rows);
        db.write_txn(|txn| async move {
            Ok::<_, crate::error::Error>(permit::insert(&txn, rows.clone()).await?)
        })
        .await
        .unwrap();
    }
}

on_each_engine! {
    async fn what_came_to_nothing_is_forgotten_after_a_while(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let released = answer(desk.reserve(&ada).await);
        answer(desk.release(&released).await);
        answer(desk.reserve(&ada).await);
        desk.choose(&ada, &[refuses(Channel::Email)]).await;
        assert_eq!(reason(desk.reserve(&ada).await), "CHANNEL_REFUSED");

        desk.clear_after(89, PermitsConfig::default()).await;
        assert_eq!(desk.kept(&ada).await.len(), 3);

        desk.clear_after(98, PermitsConfig::default()).await;
        assert!(desk.kept(&ada).await.is_empty());
        let gone = proto::GetContactPermitRequest { name: released.name };
        assert_eq!(reason(desk.permits().get_contact_permit(gone).await), "RESOURCE_NOT_FOUND");
    }

    async fn a_contact_is_on_record_for_three_years(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.contacts(&ada).await;

        desk.clear_after(1_094, PermitsConfig::default()).await;
        assert_eq!(desk.kept(&ada).await, [proto::ContactPermitState::Confirmed]);

        desk.clear_after(1_096, PermitsConfig::default()).await;
        assert!(desk.kept(&ada).await.is_empty());
    }

    async fn what_counts_for_a_cap_is_not_forgotten(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(3, 400 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.contacts(&ada).await;
        answer(desk.send(&ada, Channel::Email, Purpose::Marketing).await);
        let day_399 = desk.later(399 * DAY);
        let reserved = answer(day_399.reserve(&ada).await);
        let shortest = PermitsConfig { keep_unmade_days: 1, keep_made_days: 401 };

        desk.clear_after(399, shortest.clone()).await;
        assert_eq!(reason(day_399.reserve(&ada).await), "CONTACT_CAP_REACHED");
        answer(day_399.confirm(&reserved).await);

        // The message waits to this day, and counts until it leaves.
        desk.clear_after(4_000, shortest).await;
        assert_eq!(desk.kept(&ada).await, [proto::ContactPermitState::Confirmed]);
        let much_later = desk.later(4_000 * DAY);
        much_later.rule(&[(1, DAY)]).await;
        assert_eq!(reason(much_later.reserve(&ada).await), "CONTACT_CAP_REACHED");
    }

    async fn who_wants_keeps_everything(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.contacts(&ada).await;
        desk.was_refused(&ada, 1).await;

        desk.clear_after(9_000, PermitsConfig { keep_unmade_days: 0, keep_made_days: 0 }).await;

        assert_eq!(desk.kept(&ada).await.len(), 2);
    }

    async fn a_long_backlog_goes_by_steps_in_two_processes_at_once(db: Database, storage: &Storage) {
        let desk = Desk::open(&db).await;
        let elsewhere = desk.in_another_process(storage.connect().await);
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let message = answer(desk.send(&ada, Channel::Email, Purpose::Marketing).await);
        desk.was_refused(&ada, 2 * ROWS_PER_DELETE + 1).await;
        desk.later(60 * DAY).was_refused(&ada, 2).await;

        tokio::join!(
            desk.clear_after(100, PermitsConfig::default()),
            elsewhere.clear_after(100, PermitsConfig::default()),
        );

        use proto::ContactPermitState::{Confirmed, Refused};
        let mut kept = desk.kept(&ada).await;
        kept.sort_unstable();
        assert_eq!(kept, [Confirmed, Refused, Refused], "{}", message.name);
    }

    async fn a_request_is_answered_anew_once_its_permit_is_forgotten(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let request_id = Uuid::now_v7().to_string();
        let first = answer(desk.reserve_once(&ada, &request_id).await);

        desk.clear_after(98, PermitsConfig::default()).await;

        let second = answer(desk.later(98 * DAY).reserve_once(&ada, &request_id).await);
        assert_ne!(permit_id(&first), permit_id(&second));
    }
}
