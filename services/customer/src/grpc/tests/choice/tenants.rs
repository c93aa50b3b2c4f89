//! What customers of one company chose is nothing to another.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Keeper, answer, opt_out, reason};
use crate::domain::channel::Purpose;
use crate::domain::contact::suppression::SuppressionReason;

on_each_engine! {
    async fn nothing_is_seen_or_changed_from_elsewhere(db: Database) {
        let keeper = Keeper::of(&db).await;
        let elsewhere = keeper.of_another_tenant();
        let ada = keeper.person("Ada Lovelace").await;
        keeper.email(&ada, "ada@example.com").await;
        keeper.order(&[]).await;
        keeper.record(&ada, opt_out(Purpose::Sales)).await;
        let request = proto::SuppressAddressRequest {
            address: Some(proto::SuppressedAddress {
                address: Some(proto::suppressed_address::Address::Email("ada@example.com".into())),
            }),
            reason: SuppressionReason::Legal.number(),
            ..Default::default()
        };
        let suppression = answer(keeper.suppressions().suppress_address(request).await);

        let policy = proto::GetContactPolicyRequest { name: "contactPolicy".into() };
        let policy = answer(elsewhere.policies().get_contact_policy(policy).await);
        assert_eq!(policy.version, 0);
        let recorded = elsewhere.try_record(&ada, opt_out(Purpose::Sales)).await;
        assert_eq!(reason(recorded), "RESOURCE_NOT_FOUND");
        let list = proto::ListConsentEventsRequest { parent: ada.clone(), ..Default::default() };
        let list = elsewhere.consents().list_consent_events(list).await;
        assert_eq!(reason(list), "RESOURCE_NOT_FOUND");
        let state = proto::GetConsentStateRequest { customer: ada, ..Default::default() };
        let state = elsewhere.consents().get_consent_state(state).await;
        assert_eq!(reason(state), "RESOURCE_NOT_FOUND");
        assert!(elsewhere.suppressions_of("ada@example.com").await.is_empty());
        let all = proto::ListSuppressionsRequest::default();
        let all = answer(elsewhere.suppressions().list_suppressions(all).await);
        assert!(all.suppressions.is_empty());
        let lift = proto::LiftSuppressionRequest {
            name: suppression.name,
            reason: "ours".to_owned(),
            ..Default::default()
        };
        let lifted = elsewhere.suppressions().lift_suppression(lift).await;
        assert_eq!(reason(lifted), "RESOURCE_NOT_FOUND");
        let bob = elsewhere.person("Bob").await;
        elsewhere.email(&bob, "ada@example.com").await;
        assert!(elsewhere.may_write(&bob, Purpose::Sales).await);
    }
}
