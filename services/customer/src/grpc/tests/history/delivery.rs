//! Messages that are delivered: what leaves is judged as if it were asked for then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rapport_platform::identity::TenantId;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::delivery_service_client::DeliveryServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::life::Life;
use super::model::{Leave, Progress};
use super::office::{Office, second};
use super::step::Asked;
use super::{Address, PEOPLE, Record};
use crate::delivery::{Connect, DeliveryWorker, Outgoing, Report};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::permit::PermitState;
use crate::domain::delivery::{AttemptResult, Connector, DeliveryState};
use crate::testing::{answer, delivery_config};

/// A message on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    delivery: String,
    /// Its place among the contacts.
    contact: usize,
    /// Whether it may have left already.
    doubtful: bool,
}

/// What left.
#[derive(Clone, Debug)]
struct Seen {
    address: Address,
    possible_duplicate: bool,
}

/// Stands for the other side.
#[derive(Clone)]
struct Mailbox {
    tenant: TenantId,
    /// How the attempts with these deliveries end.
    ends: HashMap<Uuid, AttemptResult>,
    addresses: HashMap<Uuid, Address>,
    seen: Arc<Mutex<HashMap<Uuid, Seen>>>,
}

impl Connect for Mailbox {
    const CONNECTOR: Connector = Connector::Webhook;

    async fn deliver(&self, outgoing: &Outgoing) -> Report {
        let delivery = &outgoing.delivery;
        // What earlier histories left behind.
        if delivery.tenant_id != self.tenant {
            return Report::of(AttemptResult::FailedPermanently);
        }
        let point = outgoing.point.as_ref().unwrap();
        let seen = Seen {
            address: self.addresses[&point.contact_point_id],
            possible_duplicate: delivery.possible_duplicate,
        };
        let before = self.seen.lock().unwrap().insert(delivery.delivery_id, seen);
        assert!(before.is_none(), "it left twice");
        Report::of(self.ends[&delivery.delivery_id])
    }
}

impl Office {
    async fn send(&self, record: Record, purpose: Purpose) -> Result<proto::Delivery, String> {
        let message = proto::SendMessageRequest {
            customer: self.names[record].clone(),
            channel: Channel::Email.number(),
            purpose: purpose.number(),
            subject: "News".to_owned(),
            body: "There is something new.".to_owned(),
            ..Default::default()
        };
        let mut interactions = InteractionServiceClient::new(self.link());
        let sent = interactions.send_message(message).await;
        let sent = sent.map_err(|status| status.to_string())?.into_inner();
        let (customer, _) = sent.name.split_once("/interactions/").unwrap();
        let request = proto::ListDeliveriesRequest {
            filter: format!("customer = \"{customer}\""),
            ..Default::default()
        };
        let mut deliveries = DeliveryServiceClient::new(self.link());
        let found = answer(deliveries.list_deliveries(request).await).deliveries;
        let mut found = found.into_iter();
        Ok(found.find(|it| it.interaction == sent.name).unwrap())
    }

    async fn delivery(&self, name: &str) -> proto::Delivery {
        let name = name.to_owned();
        let request = proto::GetDeliveryRequest { name };
        let mut deliveries = DeliveryServiceClient::new(self.link());
        answer(deliveries.get_delivery(request).await)
    }

    /// The address of each contact point.
    fn addresses(&self) -> HashMap<Uuid, Address> {
        let named = self.points.iter().zip(PEOPLE);
        let named = named.flat_map(|(points, addresses)| points.iter().zip(addresses));
        named.map(|(point, &it)| (id(point), it)).collect()
    }

    /// Delivers what is due, and tells what left.
    async fn work(&self, ends: HashMap<Uuid, AttemptResult>) -> HashMap<Uuid, Seen> {
        let mailbox = Mailbox {
            tenant: self.ctx.tenant,
            ends,
            addresses: self.addresses(),
            seen: Arc::default(),
        };
        let shared = &self.shared;
        let worker = DeliveryWorker::new(
            mailbox.clone(),
            &delivery_config(),
            &shared.outbound,
            (&shared.db, &shared.clock),
        );
        let stop = CancellationToken::new();
        worker.round(&mut None, &stop).await.unwrap();
        let seen = mailbox.seen.lock().unwrap();
        seen.clone()
    }
}

impl Life {
    pub(super) async fn send(&mut self, record: Record, purpose: Purpose) {
        let asked = Asked {
            channel: Channel::Email,
            purpose,
            news: false,
            point: None,
        };
        let leave = self.model.leave(record, asked);
        let sent = self.office.send(record, purpose).await;
        let story = || format!("{record} {asked:?} is {leave:?} in {:#?}", self.model);
        match sent {
            Ok(delivery) => {
                assert!(!matches!(leave, Leave::Refused(_)), "queued: {}", story());
                let contact = self.count(record, asked, delivery.permit, Progress::Waiting);
                self.parcels.push(Parcel {
                    delivery: delivery.name,
                    contact,
                    doubtful: false,
                });
            }
            Err(refused) => assert!(leave != Leave::Granted, "{refused}: {}", story()),
        }
    }

    /// Delivers what is due; the attempts end as told, and then well.
    pub(super) async fn deliver(&mut self, ends: &[AttemptResult]) {
        let mut due = Vec::new();
        for parcel in std::mem::take(&mut self.parcels) {
            let next = self.office.delivery(&parcel.delivery).await;
            let is_due = second(next.next_attempt_time.as_ref()) <= self.model.clocks.now;
            let list = if is_due { &mut due } else { &mut self.parcels };
            list.push(parcel);
        }
        let ends = ends.iter().copied();
        let ends = ends.chain(std::iter::repeat(AttemptResult::Sent));
        let ends = due.iter().map(|it| id(&it.delivery)).zip(ends);
        let ends: HashMap<Uuid, AttemptResult> = ends.collect();
        let seen = self.office.work(ends.clone()).await;
        assert!(seen.keys().all(|it| ends.contains_key(it)), "{seen:?}");
        for parcel in due {
            let id = id(&parcel.delivery);
            let left = seen.get(&id).map(|seen| (seen, ends[&id]));
            let now = self.office.delivery(&parcel.delivery).await;
            self.judge(&parcel, left.map(|(seen, _)| seen), &now);
            self.follow(parcel, left.map(|(_, end)| end)).await;
        }
    }

    /// Whether it was right that a message left, or did not.
    fn judge(&self, parcel: &Parcel, left: Option<&Seen>, now: &proto::Delivery) {
        let contact = &self.model.contacts.0[parcel.contact];
        let (record, asked) = (contact.record, contact.asked);
        let addressed = || self.office.addresses()[&id(&now.contact_point)];
        let address = left.map_or_else(addressed, |seen| seen.address);
        let leave = self.model.at(record, asked, address);
        let story = || format!("{parcel:?} {contact:?} is {leave:?} in {:#?}", self.model);
        match left {
            Some(seen) => {
                assert!(!matches!(leave, Leave::Refused(_)), "left: {}", story());
                assert_eq!(seen.possible_duplicate, parcel.doubtful, "{}", story());
            }
            None => assert!(leave != Leave::Granted, "kept back: {now:?} {}", story()),
        }
    }

    /// Follows what became of a message, and its permit.
    async fn follow(&mut self, mut parcel: Parcel, end: Option<AttemptResult>) {
        let delivery = self.office.delivery(&parcel.delivery).await;
        let state = DeliveryState::try_from(delivery.state).unwrap();
        parcel.doubtful |= end == Some(AttemptResult::Unknown);
        let now = self.model.clocks.now;
        let gone = if parcel.doubtful {
            Progress::Made(now)
        } else {
            Progress::Gone
        };
        use AttemptResult::{FailedPermanently, FailedTemporarily, Sent, Unknown};
        let progress = match (end, state) {
            (None | Some(FailedTemporarily | Unknown), DeliveryState::Queued) => Progress::Waiting,
            (Some(Sent), DeliveryState::Sent) => Progress::Made(now),
            (None, DeliveryState::Refused) => gone,
            (Some(FailedPermanently | FailedTemporarily | Unknown), DeliveryState::Failed) => gone,
            other => panic!("{parcel:?} ended as {other:?}"),
        };
        let contact = &mut self.model.contacts.0[parcel.contact];
        let permit = self.office.permit(&contact.permit).await;
        let made = permit.contact_time.is_some();
        let state = PermitState::try_from(permit.state).unwrap();
        contact.progress = match progress {
            Progress::Made(_) if made => Progress::Made(second(permit.contact_time.as_ref())),
            progress => progress,
        };
        match progress {
            Progress::Waiting => assert_eq!((state, made), (PermitState::Confirmed, false)),
            Progress::Made(_) => assert_eq!((state, made), (PermitState::Confirmed, true)),
            Progress::Gone | Progress::Granted(_) => {
                assert_eq!((state, made), (PermitState::Released, false));
            }
        }
        if progress == Progress::Waiting {
            self.parcels.push(parcel);
        }
    }
}

/// The id at the end of a name.
fn id(name: &str) -> Uuid {
    name.rsplit('/').next().unwrap().parse().unwrap()
}
