//! The domain's enums carry the numbers and names of the protos.

use rapport_platform::testing::values_in_proto;

use super::attributes::{AttributeCategory, AttributeType};
use super::channel::{Channel, Purpose};
use super::channel_effect::EffectDimension;
use super::contact::consent::{ConsentOutcome, ConsentStatus, LegalBasis};
use super::contact::policy::PurposeMode;
use super::contact::refusal::ContactRefusal;
use super::contact::suppression::SuppressionReason;
use super::contact_point::ContactPointState;
use super::conversation::ConversationState;
use super::delivery::{AttemptResult, BounceKind, Connector, DeliveryState, MailReport};
use super::identity::duplicates::MatchReason;
use super::identity::{CandidateState, ScanState};
use super::import::ImportState;
use super::interaction::{Direction, Outcome};
use super::lifecycle::{BehaviourKind, Stage};
use super::names::CustomerKind;
use super::preferences::ChannelChoice;

macro_rules! agree {
    ($( $domain:ty => $proto:literal, )+) => {
        $(
            let domain: Vec<_> = <$domain>::ALL
                .iter()
                .map(|it| (it.number(), it.label().to_owned()))
                .collect();
            assert_eq!(domain, values_in_proto($proto), $proto);
        )+
    };
}

#[test]
fn numbers_and_names_are_those_of_the_protos() {
    agree! {
        Channel => "rapport.type.v1.Channel",
        Purpose => "rapport.type.v1.Purpose",
        EffectDimension => "rapport.customer.v1.EffectDimension",
        CustomerKind => "rapport.customer.v1.CustomerKind",
        AttributeType => "rapport.customer.v1.AttributeType",
        AttributeCategory => "rapport.customer.v1.AttributeCategory",
        ContactPointState => "rapport.customer.v1.ContactPointState",
        ConversationState => "rapport.customer.v1.ConversationState",
        CandidateState => "rapport.customer.v1.CandidateState",
        MatchReason => "rapport.customer.v1.MatchReason",
        ScanState => "rapport.customer.v1.ScanState",
        ImportState => "rapport.customer.v1.ImportState",
        Direction => "rapport.customer.v1.Direction",
        Outcome => "rapport.customer.v1.InteractionOutcome",
        Stage => "rapport.customer.v1.LifecycleStage",
        BehaviourKind => "rapport.customer.v1.BehaviourKind",
        ChannelChoice => "rapport.customer.v1.ChannelChoice",
        ContactRefusal => "rapport.customer.v1.ContactRefusal",
        DeliveryState => "rapport.customer.v1.DeliveryState",
        Connector => "rapport.customer.v1.DeliveryConnector",
        AttemptResult => "rapport.customer.v1.DeliveryResult",
        BounceKind => "rapport.customer.v1.BounceKind",
        MailReport => "rapport.customer.v1.MailReport",
        ConsentStatus => "rapport.customer.v1.ConsentStatus",
        LegalBasis => "rapport.customer.v1.LegalBasis",
        ConsentOutcome => "rapport.customer.v1.ConsentOutcome",
        PurposeMode => "rapport.customer.v1.PurposeMode",
        SuppressionReason => "rapport.customer.v1.SuppressionReason",
    }
}
