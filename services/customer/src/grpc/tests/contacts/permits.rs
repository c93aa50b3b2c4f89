//! Leave to contact customers: no cap is exceeded and no refusal passed over, however many ask.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::reserved_contact::Result as Outcome;
use sea_orm::{DbBackend, EntityTrait as _};
use tokio::task::JoinSet;
use tonic::{Response, Status};
use uuid::Uuid;

use super::{Desk, answer, contact, id_of, message, reason, refused, refuses, welcomes};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::suppression::SuppressionReason;
use crate::domain::contact_point::Address as DomainAddress;
use crate::domain::email::EmailAddress;
use crate::error::Error;
use crate::store::contact::{policy, suppression};
use crate::store::entity::contact_clearance;
use crate::testing::{self, metadata};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Desk {
    /// The same desk at that instant.
    pub(super) fn when(&self, instant: &str) -> Self {
        let mut desk = self.clone();
        desk.0.ctx.now = at(instant);
        desk
    }

    /// Makes `caps`, each a number of contacts and a window, the company's rules.
    pub(super) async fn rule(&self, caps: &[(i32, Duration)]) {
        let caps = caps.iter().map(|(most, window)| proto::ContactCap {
            max_contacts: *most,
            window: Some((*window).try_into().unwrap()),
            ..Default::default()
        });
        let document = &proto::ContactPolicy {
            caps: caps.collect(),
            ..Default::default()
        };
        let (ctx, db) = (&self.ctx, &self.shared.db);
        db.write_txn(|txn| async move {
            let before = policy::current(ctx, &*txn).await?;
            policy::append(ctx, &txn, &before, document).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    }

    pub(super) async fn reserve(
        &self,
        customer: &str,
    ) -> Result<Response<proto::ContactPermit>, Status> {
        self.reserve_once(customer, "").await
    }

    pub(super) async fn reserve_once(
        &self,
        customer: &str,
        request_id: &str,
    ) -> Result<Response<proto::ContactPermit>, Status> {
        let request = proto::ReserveContactRequest {
            contact: Some(contact(customer, Channel::Email, Purpose::Marketing)),
            ttl: None,
            request_id: request_id.to_owned(),
        };
        self.permits().reserve_contact(request).await
    }

    pub(super) async fn confirm(
        &self,
        permit: &proto::ContactPermit,
    ) -> Result<Response<proto::ContactPermit>, Status> {
        let name = permit.name.clone();
        let request = proto::ConfirmContactRequest { name };
        self.permits().confirm_contact(request).await
    }

    pub(super) async fn release(
        &self,
        permit: &proto::ContactPermit,
    ) -> Result<Response<proto::ContactPermit>, Status> {
        let name = permit.name.clone();
        let request = proto::ReleaseContactRequest { name };
        self.permits().release_contact(request).await
    }

    /// E-mails the customer, as far as caps go.
    pub(super) async fn contacts(&self, customer: &str) {
        let permit = answer(self.reserve(customer).await);
        answer(self.confirm(&permit).await);
    }

    pub(super) async fn batch(
        &self,
        customers: &[String],
        request_id: &str,
    ) -> Vec<Option<Outcome>> {
        let request = proto::BatchReserveContactsRequest {
            customers: customers.to_vec(),
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        let results = answer(self.permits().batch_reserve_contacts(request).await).results;
        let names: Vec<_> = results.iter().map(|it| it.customer.clone()).collect();
        assert_eq!(names, customers);
        results.into_iter().map(|it| it.result).collect()
    }

    pub(super) async fn someone_with_email(&self, name: &str) -> String {
        let customer = self.person(name).await;
        self.email(&customer, "someone@example.com").await;
        customer
    }
}

/// How many of so many callers at the same time are granted a contact, and what the others hear.
async fn race(desk: &Desk, customer: &str, callers: usize) -> (usize, Vec<Status>) {
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let (desk, customer) = (desk.clone(), customer.to_owned());
        asking.spawn(async move { desk.reserve(&customer).await });
    }
    let answers = asking.join_all().await;
    let granted = answers.iter().filter(|it| it.is_ok()).count();
    (
        granted,
        answers.into_iter().filter_map(Result::err).collect(),
    )
}

on_each_engine! {
    async fn a_cap_is_exact_however_many_ask(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(2, 7 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.when("2026-06-01T10:00:00Z").contacts(&ada).await;

        let (granted, refusals) = race(&desk.when("2026-06-03T10:00:00Z"), &ada, 20).await;
        assert_eq!(granted, 1);
        for refusal in &refusals {
            assert_eq!(testing::reason(refusal), "CONTACT_CAP_REACHED");
            assert_eq!(metadata(refusal, "earliest_time"), "2026-06-08T10:00:00Z");
        }

        let permits = proto::ListContactPermitsRequest { customer: ada.clone(), ..Default::default() };
        let third = desk.when("2026-06-03T10:01:00Z");
        let permits = answer(third.permits().list_contact_permits(permits).await).contact_permits;
        let reserved = permits.iter().find(|it| it.state() == proto::ContactPermitState::Reserved);
        answer(third.confirm(reserved.unwrap()).await);
        let (too_early, _) = race(&desk.when("2026-06-08T09:59:59.999999Z"), &ada, 3).await;
        let (then, _) = race(&desk.when("2026-06-08T10:00:00Z"), &ada, 20).await;
        assert_eq!((too_early, then), (0, 1));
    }

    async fn a_request_sent_again_counts_once(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(2, 7 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let (once, twice) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());

        let first = answer(desk.reserve_once(&ada, &once).await);
        let again = answer(desk.reserve_once(&ada, &once).await);
        let second = answer(desk.reserve_once(&ada, &twice).await);

        assert_eq!(first.name, again.name);
        assert_ne!(first.name, second.name);
        assert_eq!(reason(desk.reserve(&ada).await), "CONTACT_CAP_REACHED");
        let bob = desk.someone_with_email("Bob").await;
        assert_eq!(reason(desk.reserve_once(&bob, &once).await), "REQUEST_ID_REUSED");
    }

    async fn what_was_not_confirmed_in_time_makes_room(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(1, 7 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;

        let permit = answer(desk.reserve(&ada).await);
        assert_eq!(reason(desk.reserve(&ada).await), "CONTACT_CAP_REACHED");
        let later = desk.later(HOUR);
        let told = refused(later.confirm(&permit).await);
        assert_eq!(testing::reason(&told), "INVALID_STATE");
        assert_eq!(metadata(&told, "state"), "EXPIRED");

        let another = answer(later.reserve(&ada).await);
        answer(later.confirm(&another).await);
        // Not even by a clock that is behind.
        assert_eq!(reason(desk.confirm(&permit).await), "INVALID_STATE");
    }

    async fn what_is_released_makes_room_at_once(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(1, 7 * DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let permit = answer(desk.reserve(&ada).await);

        answer(desk.release(&permit).await);
        answer(desk.release(&permit).await);
        let another = answer(desk.reserve(&ada).await);

        assert_eq!(reason(desk.confirm(&permit).await), "INVALID_STATE");
        answer(desk.confirm(&another).await);
        answer(desk.confirm(&another).await);
        assert_eq!(reason(desk.release(&another).await), "INVALID_STATE");
    }

    async fn her_word_revokes_what_could_be_granted(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.phone(&ada, "+41446681800").await;
        answer(desk.reserve(&ada).await);
        answer(desk.reserve(&ada).await);

        desk.choose(&ada, &[refuses(Channel::Email), welcomes(Channel::Phone, 1)]).await;
        let told = refused(desk.reserve(&ada).await);

        assert_eq!(testing::reason(&told), "CHANNEL_REFUSED");
        assert_eq!(metadata(&told, "open_channels"), "PHONE,CALL_CENTRE");
        assert_eq!(metadata(&told, "earliest_time"), "");
        let asked = proto::ExplainContactRequest {
            subject: Some(proto::explain_contact_request::Subject::ContactPermit(
                metadata(&told, "contact_permit"),
            )),
        };
        let told = answer(desk.permits().explain_contact(asked).await);
        let obstacles = told.decision.unwrap().obstacles;
        assert_eq!(obstacles[0].source, format!("{ada}/preferences"));
        assert_eq!(told.contact_permit.unwrap().refusals, [obstacles[0].reason]);
    }

    async fn a_suppressed_address_is_not_used_whoever_has_it(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        answer(desk.reserve(&ada).await);
        let address = DomainAddress::Email(EmailAddress::parse("someone@example.com").unwrap());
        let (ctx, digest) = (&desk.ctx, &desk.shared.address_key.digest(&address));
        db.write_txn(|txn| async move {
            let new = suppression::NewSuppression {
                digest: digest.clone(),
                reason: SuppressionReason::Complaint,
                stops: SuppressionReason::Complaint.stops(&[]).unwrap(),
                note: None,
            };
            suppression::add(ctx, &txn, new).await
        })
        .await
        .unwrap();
        let bob = desk.someone_with_email("Bob").await;

        for customer in [&ada, &bob] {
            assert_eq!(reason(desk.reserve(customer).await), "SUPPRESSED");
            assert!(desk.check(customer, Channel::Email, Purpose::Transactional).await.allowed);
        }
    }

    async fn a_new_rule_holds_from_its_answer_on(db: Database, storage: &Storage) {
        let desk = Desk::open(&db).await;
        let elsewhere = desk.in_another_process(storage.connect().await);
        let ada = desk.someone_with_email("Ada Lovelace").await;
        answer(desk.reserve(&ada).await);

        elsewhere.rule(&[(1, DAY)]).await;

        assert_eq!(reason(desk.reserve(&ada).await), "CONTACT_CAP_REACHED");
        elsewhere.rule(&[(2, DAY)]).await;
        let permit = answer(desk.reserve(&ada).await);
        assert_eq!(permit.policy_version, 2);
    }

    async fn nights_are_quiet_where_she_lives(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let update = proto::UpdateCustomerRequest {
            customer: Some(proto::Customer {
                name: ada.clone(),
                time_zone: "America/New_York".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(desk.customers().update_customer(update).await);
        let time = |hours| Some(rapport_proto::google::r#type::TimeOfDay { hours, ..Default::default() });
        let times = proto::ContactTimes {
            quiet_hours: vec![proto::QuietHours { start: time(21), end: time(8), ..Default::default() }],
            ..Default::default()
        };
        let request = proto::SetContactTimesRequest {
            name: format!("{ada}/preferences"),
            contact_times: Some(times.clone()),
            ..Default::default()
        };
        let set = answer(desk.preferences().set_contact_times(request).await);
        assert_eq!(set.contact_times, Some(times));

        let evening = desk.when("2026-03-07T20:59:59.999999-05:00");
        answer(evening.reserve(&ada).await);
        let night = desk.when("2026-03-07T23:30:00-05:00");
        let told = refused(night.reserve(&ada).await);
        assert_eq!(testing::reason(&told), "QUIET_HOURS");
        assert_eq!(metadata(&told, "earliest_time"), "2026-03-08T12:00:00Z");
        answer(desk.when("2026-03-08T12:00:00Z").reserve(&ada).await);
        assert!(night.check(&ada, Channel::Email, Purpose::Transactional).await.allowed);
    }

    async fn a_repeated_request_is_refused_what_the_customer_forbade_since(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, bob) = (desk.someone_with_email("Ada").await, desk.someone_with_email("Bob").await);
        let (one, many) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
        let permit = answer(desk.reserve_once(&ada, &one).await);
        let both = [ada.clone(), bob.clone()];
        let first = desk.batch(&both, &many).await;
        assert_eq!(answer(desk.reserve_once(&ada, &one).await), permit);

        desk.choose(&ada, &[refuses(Channel::Email)]).await;
        assert_eq!(reason(desk.reserve_once(&ada, &one).await), "CHANNEL_REFUSED");
        let again = desk.batch(&both, &many).await;
        assert!(matches!(&again[0], Some(Outcome::Refused(it)) if it.refusals == [proto::ContactRefusal::ChannelRefused as i32]));
        assert_eq!(again[1], first[1]);
        assert_eq!(reason(desk.confirm(&permit).await), "INVALID_STATE", "what was granted is taken back");

        desk.choose(&ada, &[welcomes(Channel::Email, 1)]).await;
        let other = answer(desk.reserve_once(&ada, &one).await);
        assert_ne!(other.name, permit.name);
        answer(desk.confirm(&other).await);
        desk.choose(&ada, &[refuses(Channel::Email)]).await;
        assert_eq!(answer(desk.reserve_once(&ada, &one).await).name, other.name, "it was made");
    }

    async fn a_repeated_request_finds_what_a_merged_record_was_granted(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, bob) = (desk.someone_with_email("Ada").await, desk.someone_with_email("Bob").await);
        let request_id = Uuid::now_v7().to_string();
        let permit = answer(desk.reserve_once(&bob, &request_id).await);
        desk.merge_into(&ada, &bob).await;
        assert_eq!(answer(desk.reserve_once(&bob, &request_id).await), permit);
        assert_eq!(answer(desk.reserve_once(&ada, &request_id).await), permit);
        let eve = desk.someone_with_email("Eve").await;
        assert_eq!(reason(desk.reserve_once(&eve, &request_id).await), "REQUEST_ID_REUSED");
    }

    async fn an_audience_gets_an_answer_each(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(1, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let bob = desk.someone_with_email("Bob").await;
        desk.choose(&bob, &[refuses(Channel::Email)]).await;
        let eve = desk.someone_with_email("Eve").await;
        desk.delete(&eve).await;
        let nobody = format!("customers/{}", Uuid::now_v7());
        let everybody = [ada.clone(), bob, eve, nobody];
        let request_id = Uuid::now_v7().to_string();

        let first = desk.batch(&everybody, &request_id).await;
        let again = desk.batch(&everybody, &request_id).await;
        let another = desk.batch(&everybody[..1], "").await;

        let Some(Outcome::ContactPermit(permit)) = &first[0] else {
            panic!("{first:?}");
        };
        assert!(permit.starts_with(&ada));
        let refusals: Vec<_> = first[1..].iter().map(|it| match it {
            Some(Outcome::Refused(refused)) => refused.refusals.clone(),
            other => panic!("{other:?}"),
        }).collect();
        let by_choice = vec![i32::from(proto::ContactRefusal::ChannelRefused)];
        assert_eq!(refusals, [by_choice, vec![], vec![]]);
        assert_eq!(again, first);
        assert!(matches!(&another[0], Some(Outcome::Refused(_))));
    }

    async fn who_is_named_twice_is_not_contacted_twice(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let request = proto::BatchReserveContactsRequest {
            customers: vec![ada.clone(), "customers/1".to_owned(), ada.clone()],
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            ..Default::default()
        };
        let told = refused(desk.permits().batch_reserve_contacts(request).await);
        assert_eq!(testing::fields(&told), ["customers[1]", "customers[2]"]);
    }

    async fn a_message_takes_the_permit_that_was_reserved_for_it(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(1, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let permit = answer(desk.reserve(&ada).await);
        let mut gateway = desk.clone();
        gateway.0.ctx.permit = Some(permit_id(&permit));

        answer(gateway.try_send(message(&ada, Channel::Email, Purpose::Marketing)).await);

        answer(desk.confirm(&permit).await);
        let second = gateway.try_send(message(&ada, Channel::Email, Purpose::Marketing)).await;
        assert_eq!(reason(second), "CONTACT_CAP_REACHED");
    }

    async fn a_refusal_after_the_reservation_wins(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let permit = answer(desk.reserve(&ada).await);
        desk.choose(&ada, &[refuses(Channel::Email)]).await;
        let mut gateway = desk.clone();
        gateway.0.ctx.permit = Some(permit_id(&permit));

        let sent = gateway.try_send(message(&ada, Channel::Email, Purpose::Marketing)).await;

        assert_eq!(reason(sent), "CHANNEL_REFUSED");
        assert!(desk.timeline(&ada).await.is_empty());
    }

    async fn nobodys_clearance_is_kept(db: Database) {
        let desk = Desk::open(&db).await;
        let nobody = format!("customers/{}", Uuid::now_v7());

        assert_eq!(reason(desk.reserve(&nobody).await), "RESOURCE_NOT_FOUND");
        desk.batch(&[nobody], "").await;

        let kept = contact_clearance::Entity::find().all(db.read()).await.unwrap();
        assert!(kept.is_empty(), "{kept:?}");
    }

    async fn most_contacts_are_granted_by_one_statement(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(10, DAY)]).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        answer(desk.reserve(&ada).await);
        let clearance = async || {
            let row = contact_clearance::Entity::find_by_id((desk.ctx.tenant, id_of(&ada)));
            let row = row.one(db.read()).await.unwrap().unwrap();
            (row.spare, row.from_time)
        };
        let (left, cleared) = clearance().await;
        assert_eq!(left, 9);

        let desk = desk.later(Duration::from_secs(1));
        let request_id = Uuid::now_v7().to_string();
        answer(desk.reserve_once(&ada, &request_id).await);
        answer(desk.reserve_once(&ada, &request_id).await);
        desk.batch(std::slice::from_ref(&ada), "").await;

        let (left, cleared_again) = clearance().await;
        assert_eq!(left, 7);
        // Only the engine across a network saves the look at everything.
        let looked_again = cleared_again > cleared;
        assert_eq!(looked_again, db.backend() == DbBackend::Sqlite);
        for _ in 0..7 {
            answer(desk.reserve(&ada).await);
        }
        assert_eq!(reason(desk.reserve(&ada).await), "CONTACT_CAP_REACHED");
    }
}

pub(super) fn permit_id(permit: &proto::ContactPermit) -> Uuid {
    let [_, id] = crate::resource::CONTACT_PERMIT.ids(&permit.name).unwrap();
    id
}
