//! What was, and what is to be so again.

use std::collections::BTreeMap;

use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;

use super::Record;
use super::life::Life;
use super::model::Second;
use super::office::Office;
use crate::testing::answer;

/// Rows of one page: more than a history makes.
const PAGE: i32 = 1_000;

/// What the ledger was said to say at an instant.
#[derive(Debug)]
pub(super) struct Remembered {
    record: Record,
    pub(super) as_of: Second,
    at: prost_types::Timestamp,
    point: String,
    answer: proto::ConsentState,
    /// The record that stood for the customer, and since when the others were one with it.
    root: Record,
    joined: BTreeMap<Record, usize>,
}

/// Everything of a customer that a merge may touch.
#[derive(Debug, PartialEq)]
struct Snapshot {
    customer: proto::Customer,
    points: Vec<proto::ContactPoint>,
    preferences: proto::Preferences,
    consents: Vec<proto::ConsentEvent>,
    states: Vec<proto::ConsentState>,
    permits: Vec<proto::ContactPermit>,
    timeline: Vec<proto::Interaction>,
}

impl Office {
    async fn state(
        &self,
        record: Record,
        as_of: Option<prost_types::Timestamp>,
        point: &str,
    ) -> proto::ConsentState {
        let request = proto::GetConsentStateRequest {
            customer: self.names[record].clone(),
            as_of,
            contact_point: point.to_owned(),
        };
        answer(self.consents().get_consent_state(request).await)
    }

    pub(super) async fn customer(&self, record: Record) -> proto::Customer {
        let name = self.names[record].clone();
        let request = proto::GetCustomerRequest { name };
        let customer = answer(self.customers().get_customer(request).await);
        // A merge and its undo are changes, whatever they leave.
        proto::Customer {
            etag: String::new(),
            update_time: None,
            ..customer
        }
    }

    async fn snapshot(&self, record: Record) -> Snapshot {
        let name = &self.names[record];
        let mut states = vec![self.state(record, None, "").await];
        for point in &self.points[record] {
            states.push(self.state(record, None, point).await);
        }
        let points = proto::ListContactPointsRequest {
            parent: name.clone(),
            page_size: PAGE,
            ..Default::default()
        };
        let preferences = proto::GetPreferencesRequest {
            name: format!("{name}/preferences"),
        };
        let consents = proto::ListConsentEventsRequest {
            parent: name.clone(),
            page_size: PAGE,
            ..Default::default()
        };
        let permits = proto::ListContactPermitsRequest {
            customer: name.clone(),
            page_size: PAGE,
            ..Default::default()
        };
        let timeline = proto::ListInteractionsRequest {
            parent: name.clone(),
            page_size: PAGE,
            ..Default::default()
        };
        let mut interactions = InteractionServiceClient::new(self.link());
        let points = answer(self.contact_points().list_contact_points(points).await);
        let preferences = answer(self.preferences().get_preferences(preferences).await);
        Snapshot {
            customer: self.customer(record).await,
            points: points.contact_points,
            preferences: proto::Preferences {
                etag: String::new(),
                update_time: None,
                ..preferences
            },
            consents: answer(self.consents().list_consent_events(consents).await).consent_events,
            states,
            permits: answer(self.permits().list_contact_permits(permits).await).contact_permits,
            timeline: answer(interactions.list_interactions(timeline).await).interactions,
        }
    }
}

impl Life {
    /// Merges two customers and takes that back at once: nothing shows that they were one.
    pub(super) async fn there_and_back(&self, survivor: Record, merged: Record) {
        let groups = &self.model.groups;
        let (survivor, merged) = (groups.root(survivor), groups.root(merged));
        if survivor == merged {
            return;
        }
        let office = &self.office;
        let before = [
            office.snapshot(survivor).await,
            office.snapshot(merged).await,
        ];
        let merge = office.merge(survivor, merged).await;
        assert_eq!(
            office.customer(merged).await,
            office.customer(survivor).await
        );
        office.undo(&merge).await.unwrap();
        let after = [
            office.snapshot(survivor).await,
            office.snapshot(merged).await,
        ];
        assert_eq!(after, before);
    }

    /// Asks what the ledger said a second ago, and again whatever was asked before.
    pub(super) async fn ask(&mut self, record: Record, point: Option<usize>) {
        self.ask_again().await;
        let as_of = self.model.clocks.now - 1;
        if as_of < 0 {
            return;
        }
        let second_ago = self.office.ctx.now.as_micros() - 1_000_000;
        let at: prost_types::Timestamp = Timestamp::from_micros(second_ago).into();
        let point = point.map(|it| self.office.point(record, it));
        let point = point.unwrap_or_default();
        let answer = self.office.state(record, Some(at), &point).await;
        self.remembered.push(Remembered {
            record,
            as_of,
            at,
            point,
            answer,
            root: self.model.groups.root(record),
            joined: self.joined(record),
        });
    }

    /// The answer about a past instant holds, whatever joins the customer later, for as long as
    /// the records that were the customer are.
    pub(super) async fn ask_again(&self) {
        for it in &self.remembered {
            let joined = self.joined(it.record);
            let mut then = it.joined.iter();
            let same = then.all(|(record, since)| joined.get(record) == Some(since));
            if same && self.model.groups.root(it.record) == it.root {
                let again = self.office.state(it.record, Some(it.at), &it.point).await;
                assert_eq!(again, it.answer, "{it:?}");
            }
        }
    }

    fn joined(&self, record: Record) -> BTreeMap<Record, usize> {
        let groups = &self.model.groups;
        let members = groups.members(record).into_iter();
        members.map(|it| (it, groups.joined(it))).collect()
    }
}
