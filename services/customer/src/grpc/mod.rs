//! One file per proto service. A handler reads the message into the domain, runs one
//! transaction over the store, and writes the answer: rules live in the domain, statements in
//! the store.

mod attribute;
mod channel_effect;
pub(crate) mod consent;
mod contact_point;
mod contact_policy;
mod conversation;
pub(crate) mod convert;
mod customer;
mod delivery;
mod delivery_feedback;
mod delivery_queue;
mod delivery_route;
pub(crate) mod duplicate;
mod import;
mod interaction;
mod lifecycle;
pub(crate) mod link;
mod merge;
mod message;
pub(crate) mod permit;
mod preference;
mod privacy;
mod role;
pub(crate) mod suppression;
mod template;
#[cfg(test)]
mod tests;
mod view;
mod write;

use rapport_platform::db::Database;
use rapport_platform::paging::PageTokens;
use rapport_platform::server::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1::{
    attribute_service_server::{self, AttributeServiceServer},
    channel_effect_service_server::{self, ChannelEffectServiceServer},
    consent_service_server::{self, ConsentServiceServer},
    contact_permit_service_server::{self, ContactPermitServiceServer},
    contact_point_service_server::{self, ContactPointServiceServer},
    contact_policy_service_server::{self, ContactPolicyServiceServer},
    conversation_service_server::{self, ConversationServiceServer},
    customer_service_server::{self, CustomerServiceServer},
    delivery_feedback_service_server::{self, DeliveryFeedbackServiceServer},
    delivery_queue_service_server::{self, DeliveryQueueServiceServer},
    delivery_route_service_server::{self, DeliveryRouteServiceServer},
    delivery_service_server::{self, DeliveryServiceServer},
    duplicate_service_server::{self, DuplicateServiceServer},
    import_service_server::{self, ImportServiceServer},
    interaction_service_server::{self, InteractionServiceServer},
    lifecycle_service_server::{self, LifecycleServiceServer},
    merge_service_server::{self, MergeServiceServer},
    preference_service_server::{self, PreferenceServiceServer},
    privacy_service_server::{self, PrivacyServiceServer},
    role_service_server::{self, RoleServiceServer},
    suppression_service_server::{self, SuppressionServiceServer},
    template_service_server::{self, TemplateServiceServer},
    view_service_server::{self, ViewServiceServer},
};
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

use attribute::Attributes;
use channel_effect::ChannelEffects;
use consent::Consents;
use contact_point::ContactPoints;
use contact_policy::ContactPolicies;
use conversation::Conversations;
use customer::Customers;
use delivery::Deliveries;
use delivery_feedback::DeliveryFeedback;
use delivery_queue::DeliveryQueue;
use delivery_route::DeliveryRoutes;
use duplicate::Duplicates;
use import::Imports;
use interaction::Interactions;
use lifecycle::Lifecycle;
use link::Links;
use merge::Merges;
use permit::{ContactPermits, Policies};
use preference::PreferencesOfCustomers;
use privacy::Privacy;
use role::Roles;
use suppression::Suppressions;
use template::Templates;
use view::Views;

use crate::delivery::Outbound;
use crate::domain::region::Region;
use crate::store::contact_point::AddressKey;

/// What every handler works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The service's rows.
    pub(crate) db: Database,
    /// Makes and reads page tokens.
    pub(crate) page_tokens: PageTokens,
    /// Tells the time to work that outlasts its call's first moment.
    pub(crate) clock: Clock,
    /// The region of local phone numbers when nothing else tells.
    pub(crate) default_region: Region,
    /// How messages leave.
    pub(crate) outbound: Outbound,
    /// Recognises addresses.
    pub(crate) address_key: AddressKey,
    /// Makes and reads the links that customers get.
    pub(crate) links: Links,
    /// The tenants' contact policies that were read last.
    pub(crate) policies: Policies,
}

/// Full names of the proto services in [`routes`].
pub(crate) const PROTO_SERVICES: [&str; 23] = [
    attribute_service_server::SERVICE_NAME,
    channel_effect_service_server::SERVICE_NAME,
    consent_service_server::SERVICE_NAME,
    contact_permit_service_server::SERVICE_NAME,
    contact_point_service_server::SERVICE_NAME,
    contact_policy_service_server::SERVICE_NAME,
    conversation_service_server::SERVICE_NAME,
    customer_service_server::SERVICE_NAME,
    duplicate_service_server::SERVICE_NAME,
    delivery_feedback_service_server::SERVICE_NAME,
    delivery_queue_service_server::SERVICE_NAME,
    delivery_route_service_server::SERVICE_NAME,
    delivery_service_server::SERVICE_NAME,
    import_service_server::SERVICE_NAME,
    interaction_service_server::SERVICE_NAME,
    lifecycle_service_server::SERVICE_NAME,
    merge_service_server::SERVICE_NAME,
    preference_service_server::SERVICE_NAME,
    privacy_service_server::SERVICE_NAME,
    role_service_server::SERVICE_NAME,
    suppression_service_server::SERVICE_NAME,
    template_service_server::SERVICE_NAME,
    view_service_server::SERVICE_NAME,
];

/// Every RPC of the service, without the layers that stand before them.
pub(crate) fn routes(shared: &Shared) -> Routes {
    /// A generated server with the suite's limits. Reads what callers compressed; answers are
    /// compressed, if at all, where they leave the suite.
    macro_rules! server {
        ($server:ident, $handlers:expr) => {
            $server::new($handlers)
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_RESPONSE_BYTES)
                .accept_compressed(CompressionEncoding::Gzip)
        };
    }
    let shared = || shared.clone();
    Routes::default()
        .add_service(server!(AttributeServiceServer, Attributes(shared())))
        .add_service(server!(
            ChannelEffectServiceServer,
            ChannelEffects(shared())
        ))
        .add_service(server!(ConsentServiceServer, Consents(shared())))
        .add_service(server!(
            ContactPermitServiceServer,
            ContactPermits(shared())
        ))
        .add_service(server!(ContactPointServiceServer, ContactPoints(shared())))
        .add_service(server!(
            ContactPolicyServiceServer,
            ContactPolicies(shared())
        ))
        .add_service(server!(ConversationServiceServer, Conversations(shared())))
        .add_service(server!(CustomerServiceServer, Customers(shared())))
        .add_service(server!(DuplicateServiceServer, Duplicates(shared())))
        .add_service(server!(
            DeliveryFeedbackServiceServer,
            DeliveryFeedback(shared())
        ))
        .add_service(server!(DeliveryQueueServiceServer, DeliveryQueue(shared())))
        .add_service(server!(
            DeliveryRouteServiceServer,
            DeliveryRoutes(shared())
        ))
        .add_service(server!(DeliveryServiceServer, Deliveries(shared())))
        .add_service(server!(ImportServiceServer, Imports(shared())))
        .add_service(server!(InteractionServiceServer, Interactions(shared())))
        .add_service(server!(LifecycleServiceServer, Lifecycle(shared())))
        .add_service(server!(MergeServiceServer, Merges(shared())))
        .add_service(server!(
            PreferenceServiceServer,
            PreferencesOfCustomers(shared())
        ))
        .add_service(server!(PrivacyServiceServer, Privacy(shared())))
        .add_service(server!(RoleServiceServer, Roles(shared())))
        .add_service(server!(SuppressionServiceServer, Suppressions(shared())))
        .add_service(server!(TemplateServiceServer, Templates(shared())))
        .add_service(server!(ViewServiceServer, Views(shared())))
}
