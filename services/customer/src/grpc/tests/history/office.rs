//! The service as those use it who look after customers and contact them.

use std::ops::Deref;
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::id::new_id;
use rapport_platform::identity::TenantId;
use rapport_platform::time::{Clock, ManualClock, Timestamp};
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope as ProtoScope;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::delivery_route_service_client::DeliveryRouteServiceClient;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::suppressed_address;
use rapport_proto::rapport::customer::v1::suppression_service_client::SuppressionServiceClient;
use tonic::{Response, Status};
use uuid::Uuid;

use super::step::{Asked, Consent, Scope, Times, Wish, Word};
use super::{Address, CAPS, Limit, OWN_CAP, PEOPLE, Record, TTL, channel_of};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentStatus;
use crate::domain::contact::policy::PurposeMode;
use crate::domain::delivery::Connector;
use crate::domain::preferences::ChannelChoice;
use crate::testing::{Caller, Link, answer};

const BEGIN: &str = "2026-03-10T09:00:00Z";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Everything is done from here, by a clock that goes as the history says.
pub(super) struct Office {
    caller: Caller,
    hand: ManualClock,
    /// The records' names.
    pub(super) names: Vec<String>,
    /// The names of their contact points, as in [`PEOPLE`].
    pub(super) points: Vec<Vec<String>>,
}

impl Deref for Office {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Office {
    pub(super) async fn open(db: &Database, seed: u8, restrictive: bool) -> Self {
        let mut caller = Caller::of(db).await;
        caller.ctx.tenant = TenantId::new(Uuid::from_u128(100 + u128::from(seed)));
        caller.ctx.now = BEGIN.parse().unwrap();
        let (clock, hand) = Clock::manual(caller.ctx.now);
        caller.shared.clock = clock;
        let mut office = Self {
            caller,
            hand,
            names: Vec::new(),
            points: Vec::new(),
        };
        office.order(policy(restrictive)).await;
        office.mail_to_webhook().await;
        for addresses in PEOPLE {
            office.add_record(addresses).await;
        }
        office
    }

    async fn mail_to_webhook(&self) {
        let route = proto::DeliveryRoute {
            name: "deliveryRoutes/email".to_owned(),
            connector: Connector::Webhook.number(),
            url: "http://127.0.0.1:9/".to_owned(),
            secret: SECRET.to_owned(),
            ..Default::default()
        };
        let request = proto::UpdateDeliveryRouteRequest {
            delivery_route: Some(route),
            ..Default::default()
        };
        let mut routes = DeliveryRouteServiceClient::new(self.link());
        answer(routes.update_delivery_route(request).await);
    }

    async fn add_record(&mut self, addresses: &[Address]) {
        let person = proto::Person {
            full_name: format!("Person {}", self.names.len()),
            ..Default::default()
        };
        let request = proto::CreateCustomerRequest {
            customer: Some(proto::Customer {
                profile: Some(Profile::Person(person)),
                ..Default::default()
            }),
            ..Default::default()
        };
        let name = answer(self.customers().create_customer(request).await).name;
        let mut points = Vec::new();
        for address in addresses {
            let request = proto::CreateContactPointRequest {
                parent: name.clone(),
                contact_point: Some(proto::ContactPoint {
                    address: Some(at(address)),
                    ..Default::default()
                }),
                ..Default::default()
            };
            points.push(answer(self.contact_points().create_contact_point(request).await).name);
        }
        self.names.push(name);
        self.points.push(points);
    }

    /// Sets the clock, in seconds since the history began.
    pub(super) fn set(&mut self, second: i64) {
        let begin: Timestamp = BEGIN.parse().unwrap();
        let now = begin.saturating_add(Duration::from_secs(u64::try_from(second).unwrap()));
        self.caller.ctx.now = now;
        self.hand.set(now);
    }

    pub(super) fn permits(&self) -> ContactPermitServiceClient<Link> {
        ContactPermitServiceClient::new(self.link())
    }

    pub(super) fn consents(&self) -> ConsentServiceClient<Link> {
        ConsentServiceClient::new(self.link())
    }

    pub(super) fn preferences(&self) -> PreferenceServiceClient<Link> {
        PreferenceServiceClient::new(self.link())
    }

    fn merges(&self) -> MergeServiceClient<Link> {
        MergeServiceClient::new(self.link())
    }

    fn suppressions(&self) -> SuppressionServiceClient<Link> {
        SuppressionServiceClient::new(self.link())
    }

    /// One of a record's own contact points.
    pub(super) fn point(&self, record: Record, point: usize) -> String {
        let points = &self.points[record];
        points[point % points.len()].clone()
    }

    pub(super) async fn record_consent(&self, it: &Consent) {
        let scope = match it.scope {
            Scope::All => None,
            Scope::Channel(channel) => Some(ProtoScope::Channel(channel.number())),
            Scope::Point(point) => Some(ProtoScope::ContactPoint(self.point(it.record, point))),
        };
        let status = match it.opt_in {
            true => ConsentStatus::OptIn,
            false => ConsentStatus::OptOut,
        };
        let until = it
            .lasts
            .map(|minutes| Duration::from_mins(minutes.unsigned_abs()));
        let ago = Duration::from_mins(it.ago.unsigned_abs());
        let said = (it.ago > 0).then(|| self.ctx.now.saturating_sub(ago));
        let request = proto::RecordConsentRequest {
            parent: self.names[it.record].clone(),
            consent_event: Some(proto::ConsentEvent {
                scope,
                purpose: it.purpose.map_or(0, Purpose::number),
                topic: topic(it.news),
                status: status.number(),
                source: "phone".to_owned(),
                capture_time: said.map(Into::into),
                expire_time: until.map(|it| self.ctx.now.saturating_add(it).into()),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.consents().record_consent(request).await);
    }

    pub(super) async fn prefer(&self, wish: Wish) {
        let choice = match wish.word {
            Word::Allowed => ChannelChoice::Allowed.number(),
            Word::Refused => ChannelChoice::Refused.number(),
            Word::Withdrawn => 0,
        };
        let request = proto::SetPreferencesRequest {
            name: format!("{}/preferences", self.names[wish.record]),
            entries: vec![proto::Preference {
                purpose: wish.purpose.map_or(0, Purpose::number),
                channel: wish.channel.number(),
                choice,
                ..Default::default()
            }],
            ..Default::default()
        };
        answer(self.preferences().set_preferences(request).await);
    }

    pub(super) async fn set_times(&self, times: Times) {
        let pause = times.pause.map(|it| {
            let after = |minutes: i64| {
                let after = Duration::from_mins(minutes.unsigned_abs());
                Some(self.ctx.now.saturating_add(after).into())
            };
            proto::Pause {
                start_time: after(it.begins),
                end_time: after(it.begins + it.lasts),
                purposes: it.purpose.map(Purpose::number).into_iter().collect(),
                channels: it.channel.map(Channel::number).into_iter().collect(),
            }
        });
        let request = proto::SetContactTimesRequest {
            name: format!("{}/preferences", self.names[times.record]),
            contact_times: Some(proto::ContactTimes {
                pauses: pause.into_iter().collect(),
                caps: times.seldom.then(|| cap(OWN_CAP)).into_iter().collect(),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.preferences().set_contact_times(request).await);
    }

    pub(super) async fn suppress(&self, address: Address, purpose: Option<Purpose>) -> String {
        let suppressed = match channel_of(address) {
            Channel::Email => suppressed_address::Address::Email(address.to_owned()),
            _ => suppressed_address::Address::Phone(address.to_owned()),
        };
        let request = proto::SuppressAddressRequest {
            address: Some(proto::SuppressedAddress {
                address: Some(suppressed),
            }),
            reason: proto::SuppressionReason::Unsubscribe.into(),
            purposes: purpose.map(Purpose::number).into_iter().collect(),
            ..Default::default()
        };
        answer(self.suppressions().suppress_address(request).await).name
    }

    pub(super) async fn lift(&self, suppression: &str) {
        let request = proto::LiftSuppressionRequest {
            name: suppression.to_owned(),
            reason: "the customer asked for it".to_owned(),
            ..Default::default()
        };
        answer(self.suppressions().lift_suppression(request).await);
    }

    pub(super) async fn merge(&self, survivor: Record, merged: Record) -> String {
        let request = proto::MergeCustomersRequest {
            name: self.names[survivor].clone(),
            merged: self.names[merged].clone(),
            ..Default::default()
        };
        answer(self.merges().merge_customers(request).await).name
    }

    pub(super) async fn undo(&self, merge: &str) -> Result<(), Status> {
        let request = proto::UndoCustomerMergeRequest {
            name: merge.to_owned(),
            ..Default::default()
        };
        let undone = self.merges().undo_customer_merge(request).await;
        undone.map(|_| ())
    }

    fn contact(&self, record: Record, asked: Asked) -> proto::CheckContactRequest {
        proto::CheckContactRequest {
            customer: self.names[record].clone(),
            channel: asked.channel.number(),
            purpose: asked.purpose.number(),
            topic: topic(asked.news),
            contact_point: asked
                .point
                .map(|it| self.point(record, it))
                .unwrap_or_default(),
            ..Default::default()
        }
    }

    pub(super) async fn check(&self, record: Record, asked: Asked) -> proto::ContactDecision {
        let contact = self.contact(record, asked);
        answer(self.permits().check_contact(contact).await)
    }

    /// Asks for a contact, as often as it takes: the same request each time.
    pub(super) async fn reserve(
        &self,
        record: Record,
        asked: Asked,
        request_id: Uuid,
    ) -> Result<proto::ContactPermit, Status> {
        let contact = self.contact(record, asked);
        let request = proto::ReserveContactRequest {
            contact: Some(contact),
            request_id: request_id.to_string(),
            ..Default::default()
        };
        let reserved = self.permits().reserve_contact(request).await;
        reserved.map(Response::into_inner)
    }

    pub(super) async fn reserve_many(
        &self,
        records: &[Record],
        asked: Asked,
    ) -> Vec<proto::ReservedContact> {
        let request = proto::BatchReserveContactsRequest {
            customers: records.iter().map(|&it| self.names[it].clone()).collect(),
            channel: asked.channel.number(),
            purpose: asked.purpose.number(),
            topic: topic(asked.news),
            request_id: new_id().to_string(),
            ..Default::default()
        };
        answer(self.permits().batch_reserve_contacts(request).await).results
    }

    pub(super) async fn permit(&self, name: &str) -> proto::ContactPermit {
        let name = name.to_owned();
        let request = proto::GetContactPermitRequest { name };
        answer(self.permits().get_contact_permit(request).await)
    }
}

fn policy(restrictive: bool) -> proto::ContactPolicy {
    let mode = match restrictive {
        true => PurposeMode::Restrictive,
        false => PurposeMode::NonRestrictive,
    };
    proto::ContactPolicy {
        caps: CAPS.into_iter().map(cap).collect(),
        purposes: vec![proto::PurposeRule {
            purpose: Purpose::Marketing.number(),
            mode: mode.number(),
            double_opt_in: false,
        }],
        topics: vec![proto::Topic {
            id: topic(true),
            purpose: Purpose::Marketing.number(),
            display_name: "News".to_owned(),
            restrictive: false,
        }],
        reservation_ttl: Some(duration(TTL)),
        ..Default::default()
    }
}

fn cap(limit: Limit) -> proto::ContactCap {
    proto::ContactCap {
        max_contacts: i32::try_from(limit.most).unwrap(),
        window: Some(duration(limit.window)),
        channels: limit.channel.map(Channel::number).into_iter().collect(),
        purposes: limit.purpose.map(Purpose::number).into_iter().collect(),
        per_campaign: false,
    }
}

fn duration(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn topic(news: bool) -> String {
    if news {
        "news".to_owned()
    } else {
        String::new()
    }
}

fn at(address: Address) -> contact_point::Address {
    match channel_of(address) {
        Channel::Email => contact_point::Address::Email(address.to_owned()),
        _ => contact_point::Address::Phone(address.to_owned()),
    }
}

/// The instant in seconds since the history began: what a clock that was behind made later by
/// microseconds counts as the same second.
pub(super) fn second(instant: Option<&prost_types::Timestamp>) -> i64 {
    let begin: Timestamp = BEGIN.parse().unwrap();
    instant.unwrap().seconds - begin.as_micros() / 1_000_000
}
