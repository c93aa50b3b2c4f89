//! Contacts with many customers at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::counted;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::customer::v1::reserved_contact::Result as Outcome;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use tonic::{Response, Status};
use uuid::Uuid;

use super::permits::permit_id;
use super::{Desk, answer, id_of, reason};
use crate::domain::channel::{Channel, Purpose};
use crate::error::Error;
use crate::resource;
use crate::store::entity::{contact_point, customer};

const DAY: Duration = Duration::from_hours(24);
/// The most that one request may name.
const AUDIENCE: usize = 10_000;

impl Desk {
    /// Records so many customers like this one, with its address.
    pub(super) async fn many_like(&self, one: &str, count: usize) -> Vec<String> {
        let (db, id) = (&self.shared.db, id_of(one));
        let life = customer::Entity::find_by_id((self.ctx.tenant, id));
        let life = life.one(db.read()).await.unwrap().unwrap();
        let points = contact_point::Entity::find().all(db.read()).await.unwrap();
        let point = points.into_iter().find(|it| it.customer_id == id).unwrap();
        let ids: Vec<Uuid> = std::iter::repeat_with(new_id).take(count).collect();
        for some in ids.chunks(1_000) {
            let lives = some.iter().map(|&customer_id| customer::Model {
                customer_id,
                ..life.clone()
            });
            let points = some.iter().map(|&customer_id| contact_point::Model {
                customer_id,
                contact_point_id: new_id(),
                ..point.clone()
            });
            let lives: Vec<_> = lives.map(|row| row.into_active_model()).collect();
            let points: Vec<_> = points.map(|row| row.into_active_model()).collect();
            let rows = &(lives, points);
            db.write_txn(|txn| async move {
                let (lives, points) = rows.clone();
                let lives = customer::Entity::insert_many(lives);
                lives.exec_without_returning(&*txn).await?;
                let points = contact_point::Entity::insert_many(points);
                points.exec_without_returning(&*txn).await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        }
        ids.into_iter().map(resource::customer).collect()
    }

    /// The same desk, and how many statements it takes to do something there.
    pub(super) async fn statements<T>(&self, work: impl AsyncFn(&Self) -> T) -> (T, u32) {
        let (db, count) = counted(&self.shared.db);
        let done = work(&self.in_another_process(db)).await;
        (done, count.load(Ordering::Relaxed))
    }

    pub(super) async fn merge_into(&self, survivor: &str, merged: &str) {
        let mut merges = MergeServiceClient::new(self.link());
        let request = proto::MergeCustomersRequest {
            name: survivor.to_owned(),
            merged: merged.to_owned(),
            ..Default::default()
        };
        answer(merges.merge_customers(request).await);
    }

    async fn try_batch(
        &self,
        customers: &[String],
        channel: Channel,
        request_id: &str,
    ) -> Result<Response<proto::BatchReserveContactsResponse>, Status> {
        let request = proto::BatchReserveContactsRequest {
            customers: customers.to_vec(),
            channel: channel.number(),
            purpose: Purpose::Marketing.number(),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        self.permits().batch_reserve_contacts(request).await
    }
}

fn granted(outcomes: &[Option<Outcome>]) -> Vec<&str> {
    let granted = outcomes.iter().filter_map(|it| match it {
        Some(Outcome::ContactPermit(name)) => Some(name.as_str()),
        _ => None,
    });
    granted.collect()
}

on_each_engine! {
    async fn ten_thousand_are_asked_for_in_a_handful_of_statements(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(2, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let everybody = desk.many_like(&ada, AUDIENCE).await;

        let batch = async |desk: &Desk| desk.batch(&everybody, "").await;
        let (judged, first) = desk.statements(batch).await;
        let (cleared, second) = desk.statements(batch).await;
        let (refused, third) = desk.statements(batch).await;

        let counts = [judged, cleared, refused].map(|it| granted(&it).len());
        assert_eq!(counts, [AUDIENCE, AUDIENCE, 0]);
        // Each of two halves is judged in a transaction, whatever its size.
        for count in [first, second, third] {
            let some = (1..=30).contains(&count);
            assert!(some, "{first}, {second}, {third} statements");
        }
    }

    async fn old_names_are_resolved_in_a_handful_of_statements(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(25, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let others = desk.many_like(&ada, 40).await;
        for pair in others.chunks(2) {
            desk.merge_into(&pair[0], &pair[1]).await;
        }
        let old_names: Vec<String> = others.chunks(2).map(|pair| pair[1].clone()).collect();

        let (one, for_one) = desk.statements(async |desk| desk.batch(&old_names[..1], "").await).await;
        let (all, for_all) = desk.statements(async |desk| desk.batch(&old_names, "").await).await;

        assert_eq!(granted(&one).len(), 1);
        let granted = granted(&all);
        assert_eq!(granted.len(), 20);
        for (permit, survivor) in granted.iter().zip(others.iter().step_by(2)) {
            assert!(permit.starts_with(survivor), "{permit} is not of {survivor}");
        }
        assert!(for_one > 1 && for_all <= for_one + 1, "{for_one} statements for one, {for_all} for 20");
    }

    async fn who_has_several_names_has_one_cap(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(2, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let names = [ada.clone(), desk.person("A. L.").await, desk.person("Ada L.").await];
        for name in &names[1..] {
            desk.merge_into(&ada, name).await;
        }
        let request_id = Uuid::now_v7().to_string();

        let first = desk.batch(&names, &request_id).await;
        let again = desk.batch(&names, &request_id).await;

        assert_eq!(granted(&first).len(), 2);
        assert_eq!(granted(&again), granted(&first));
        assert_eq!(reason(desk.reserve(&ada).await), "CONTACT_CAP_REACHED");
    }

    async fn an_old_name_of_someone_deleted_is_refused_without_a_reason(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let other = desk.person("A. Lovelace").await;
        desk.merge_into(&ada, &other).await;
        desk.delete(&ada).await;

        let outcomes = desk.batch(&[other], "").await;

        assert_eq!(outcomes, [Some(Outcome::Refused(proto::RefusedContact::default()))]);
    }

    async fn a_batch_sent_again_gets_new_permits_for_those_that_expired(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(1, 7 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let request_id = Uuid::now_v7().to_string();
        let first = desk.batch(std::slice::from_ref(&ada), &request_id).await;

        let later = desk.later(DAY);
        let second = later.batch(std::slice::from_ref(&ada), &request_id).await;

        assert_ne!(granted(&first), granted(&second));
        let name = granted(&second)[0].to_owned();
        let permit = answer(desk.permits().get_contact_permit(proto::GetContactPermitRequest { name }).await);
        answer(later.confirm(&permit).await);
        assert_eq!(permit_id(&permit).get_version_num(), 7);
    }

    async fn a_batch_of_another_kind_needs_another_request_id(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let request_id = Uuid::now_v7().to_string();
        desk.batch(std::slice::from_ref(&ada), &request_id).await;

        let by_phone = desk.try_batch(std::slice::from_ref(&ada), Channel::Phone, &request_id).await;

        assert_eq!(reason(by_phone), "REQUEST_ID_REUSED");
    }
}
