//! Unsubscribing with one click.

use std::time::Duration;

use rapport_platform::key::SecretKey;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Response, Status};
use uuid::Uuid;

use super::{Keeper, answer, fields, on, opt_in, opt_out, outcome, refused};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentOutcome;
use crate::grpc::consent::unsubscribe_link;
use crate::grpc::link::Links;
use crate::resource::{CONTACT_POINT, CUSTOMER};
use crate::store::contact_point;
use crate::store::entity::{consent_event, customer};
use crate::testing::{self, metadata};

const YEARS: Duration = Duration::from_hours(5 * 365 * 24);
const MINUTE: Duration = Duration::from_mins(1);

impl Keeper {
    async fn link(&self, contact_point: &str, topic: &str) -> proto::UnsubscribeLink {
        answer(self.try_link(contact_point, topic).await)
    }

    async fn try_link(
        &self,
        contact_point: &str,
        topic: &str,
    ) -> Result<Response<proto::UnsubscribeLink>, Status> {
        let [customer, _] = CONTACT_POINT.ids(contact_point).unwrap();
        let request = proto::CreateUnsubscribeLinkRequest {
            customer: CUSTOMER.format(&[customer]),
            contact_point: contact_point.to_owned(),
            purpose: Purpose::Marketing.number(),
            topic: topic.to_owned(),
        };
        self.consents().create_unsubscribe_link(request).await
    }

    async fn describe(&self, token: &str) -> proto::UnsubscribeLinkDescription {
        let token = token.to_owned();
        let request = proto::DescribeUnsubscribeLinkRequest { token };
        answer(self.consents().describe_unsubscribe_link(request).await)
    }

    async fn click(&self, token: &str) -> proto::UnsubscribeLinkDescription {
        answer(self.try_click(token).await).description.unwrap()
    }

    async fn try_click(&self, token: &str) -> Result<Response<proto::UnsubscribeResponse>, Status> {
        let token = token.to_owned();
        let request = proto::UnsubscribeRequest { token };
        self.consents().unsubscribe(request).await
    }

    /// Removes a customer as an erasure does.
    async fn erase(&self, name: &str) {
        let [id] = CUSTOMER.ids(name).unwrap();
        let erased = self.shared.db.write_txn(|txn| async move {
            for table in [
                "contact_point",
                "contact_clearance",
                "consent_event",
                "search_term",
            ] {
                let sql = format!("DELETE FROM {table}");
                txn.execute_unprepared(&sql).await?;
            }
            customer::Entity::delete_many()
                .filter(customer::Column::CustomerId.eq(id))
                .exec(&*txn)
                .await?;
            Ok::<_, crate::error::Error>(())
        });
        erased.await.unwrap();
    }
}

on_each_engine! {
    async fn a_marketing_email_carries_the_way_out(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let link = keeper.link(&home, "").await;
        assert_eq!(link.uri, format!("https://contact.example.com/u/{}", link.token));
        assert_eq!(link.list_unsubscribe, format!("<{}>", link.uri));
        assert_eq!(link.list_unsubscribe_post, "List-Unsubscribe=One-Click");
        assert!(link.uri.len() < 400, "it fits into a header: {}", link.uri.len());

        let row = contact_point::get(&keeper.ctx, db.read(), CONTACT_POINT.ids(&home).unwrap());
        let (row, marketing) = (row.await.unwrap(), Purpose::Marketing);
        let of_message = |keeper: &Keeper| {
            unsubscribe_link(&keeper.shared.links, &keeper.ctx, &row, marketing, None).unwrap()
        };
        let link = of_message(&keeper).unwrap();
        assert_eq!(link.list_unsubscribe, format!("<{}>", link.uri));
        assert!(keeper.click(&link.token).await.unsubscribed);
        let nowhere = keeper.with_links(Links::new(&SecretKey::generate(), None));
        assert_eq!(of_message(&nowhere), None);
    }

    async fn looking_at_the_link_changes_nothing(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let link = keeper.link(&home, "").await;
        let seen = keeper.describe(&link.token).await;
        assert_eq!((seen.purpose, seen.unsubscribed), (Purpose::Marketing.number(), false));
        assert!(keeper.ledger(&ada).await.is_empty());
        assert!(keeper.suppressions_of("ada@example.com").await.is_empty());
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);
    }

    async fn one_click_ends_it_and_a_second_changes_nothing(db: Database, storage: &Storage) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);

        let other = keeper.in_another_process(storage.connect().await);
        let (one, two) = tokio::join!(keeper.click(&token), other.click(&token));
        assert!(one.unsubscribed && two.unsubscribed);
        assert_eq!(keeper.later(MINUTE).click(&token).await, one);
        assert!(!keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Service).await);

        let [entry] = keeper.ledger(&ada).await.try_into().unwrap();
        assert_eq!(entry.status(), proto::ConsentStatus::OptOut);
        assert_eq!(entry.scope, on(Channel::Email));
        assert_eq!(entry.purpose, Purpose::Marketing.number());
        assert_eq!(entry.source, "unsubscribe-link");
        let [suppression] = keeper.suppressions_of("ada@example.com").await.try_into().unwrap();
        assert_eq!(suppression.reason(), proto::SuppressionReason::Unsubscribe);
        assert_eq!(suppression.purposes, [Purpose::Marketing.number()]);
        assert_eq!(keeper.events("ConsentRecorded").await.len(), 1);
        assert_eq!(keeper.events("SuppressionChanged").await.len(), 1);
        assert_eq!(keeper.describe(&token).await, one);
    }

    async fn who_leaves_while_two_records_are_one_has_left_when_they_come_apart(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let (ada, bob) = (keeper.person("Ada Lovelace").await, keeper.person("Ada Lovelace").await);
        let home = keeper.email(&ada, "ada@example.com").await;
        let work = keeper.email(&bob, "ada@example.org").await;
        let home = keeper.link(&home, "product-news").await.token;
        let work = keeper.link(&work, "product-news").await.token;
        let mut merges = MergeServiceClient::new(keeper.0.link());
        let request = proto::MergeCustomersRequest { name: ada.clone(), merged: bob.clone(), ..Default::default() };
        let merge = answer(merges.merge_customers(request).await);
        keeper.click(&home).await;
        keeper.click(&work).await;
        assert_eq!(keeper.later(MINUTE).click(&work).await.topic_display_name, "All <about> product-news");
        assert_eq!(keeper.ledger(&ada).await.len(), 2, "each under its own name, once");

        let undo = proto::UndoCustomerMergeRequest { name: merge.name, ..Default::default() };
        answer(merges.undo_customer_merge(undo).await);
        for customer in [&ada, &bob] {
            let [entry] = keeper.ledger(customer).await.try_into().unwrap();
            assert_eq!((entry.status(), entry.topic.as_str()), (proto::ConsentStatus::OptOut, "product-news"));
        }
    }

    async fn who_leaves_one_newsletter_keeps_the_other(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let news = keeper.link(&home, "product-news").await.token;
        let events = keeper.link(&home, "events").await.token;
        assert_eq!(keeper.click(&news).await.topic_display_name, "All <about> product-news");
        assert!(keeper.describe(&news).await.unsubscribed);
        assert!(!keeper.describe(&events).await.unsubscribed);
        assert!(keeper.suppressions_of("ada@example.com").await.is_empty());
        let request = proto::GetConsentStateRequest { customer: ada, ..Default::default() };
        let state = answer(keeper.consents().get_consent_state(request).await);
        let of = |topic| outcome(&state, Purpose::Marketing, Channel::Email, topic);
        assert_eq!(of("product-news"), ConsentOutcome::OptedOut);
        assert_eq!(of(""), ConsentOutcome::NotNeeded);

        let unknown = keeper.try_link(&home, "cats").await;
        assert_eq!(fields(unknown), ["topic"]);
    }

    async fn who_opted_out_elsewhere_is_told_so(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        keeper.record(&ada, opt_out(Purpose::Marketing)).await;
        assert!(keeper.describe(&token).await.unsubscribed);
    }

    async fn who_came_back_may_leave_again(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        keeper.click(&token).await;
        let back = proto::ConsentEvent { scope: on(Channel::Email), ..opt_in(Purpose::Marketing) };
        keeper.later(MINUTE).record(&ada, back).await;
        keeper.later(2 * MINUTE).click(&token).await;
        let outcome = keeper.later(2 * MINUTE).outcome(&ada, Purpose::Marketing).await;
        assert_eq!(outcome, ConsentOutcome::OptedOut);
        assert_eq!(keeper.ledger(&ada).await.len(), 3);
    }

    async fn the_link_in_an_old_message_works(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        assert!(keeper.later(YEARS).click(&token).await.unsubscribed);
    }

    async fn a_deleted_customer_stays_unsubscribed_when_it_comes_back(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        keeper.delete(&ada).await;
        assert!(keeper.click(&token).await.unsubscribed);
        assert_eq!(keeper.ledger(&ada).await.len(), 1);
    }

    async fn of_an_erased_customer_the_address_is_suppressed(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "product-news").await.token;
        keeper.erase(&ada).await;

        assert!(!keeper.describe(&token).await.unsubscribed);
        assert!(keeper.click(&token).await.unsubscribed);
        let entries = consent_event::Entity::find().all(db.read()).await.unwrap();
        assert!(entries.is_empty(), "nobody is brought back");
        let [suppression] = keeper.suppressions_of("ada@example.com").await.try_into().unwrap();
        assert_eq!(suppression.purposes, [Purpose::Marketing.number()]);
        let bob = keeper.person("Bob").await;
        keeper.email(&bob, "ada@example.com").await;
        assert!(!keeper.may_write(&bob, Purpose::Marketing).await);
    }

    async fn a_link_that_went_to_a_phone_is_about_that_phone(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let mobile = keeper.address(&ada, Address::Phone("+41791234567".into())).await;
        let token = keeper.link(&mobile, "").await.token;
        assert!(keeper.click(&token).await.unsubscribed);
        let [entry] = keeper.ledger(&ada).await.try_into().unwrap();
        let scope = proto::consent_event::Scope::ContactPoint(mobile);
        assert_eq!(entry.scope, Some(scope));
    }

    async fn other_tokens_end_nothing_and_all_look_alike(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let token = keeper.link(&home, "").await.token;
        let elsewhere = keeper.of_another_tenant();
        let other_tenant = token.replacen(
            &keeper.ctx.tenant.to_string(),
            &elsewhere.ctx.tenant.to_string(),
            1,
        );
        let foreign = keeper.with_links(Links::new(&SecretKey::generate(), None));
        let mut told = vec![
            refused(elsewhere.try_click(&token).await),
            refused(elsewhere.try_click(&other_tenant).await),
            refused(foreign.try_click(&token).await),
        ];
        for altered in ["", "token", &token[..token.len() - 1], &format!("{token}A")] {
            told.push(refused(keeper.try_click(altered).await));
        }
        for told in &told {
            assert_eq!(testing::fields(told), ["token"]);
            assert_eq!(told.message(), refused(keeper.try_click("x").await).message());
        }
        assert!(keeper.ledger(&ada).await.is_empty());
    }

    async fn links_need_an_address_and_a_place(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let nowhere = keeper.with_links(Links::new(&SecretKey::generate(), None));
        let told = refused(nowhere.try_link(&home, "").await);
        assert_eq!(testing::reason(&told), "INVALID_STATE");
        assert_eq!(metadata(&told, "state"), "NO_PUBLIC_ADDRESS");
        let gone = format!("{ada}/contactPoints/{}", Uuid::from_u128(9));
        let told = refused(keeper.try_link(&gone, "").await);
        assert_eq!(testing::reason(&told), "RESOURCE_NOT_FOUND");
    }
}
