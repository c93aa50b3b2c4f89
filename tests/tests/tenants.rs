//! No tenant sees or changes what belongs to another, through any RPC.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::collections::BTreeSet;

use rapport_tests::{Dynamic, Tenant, on_each_engine};
use serde_json::{Value, json};
use tonic::Code;

const PACKAGE: &str = "rapport.customer.v1";
/// Stands in everything that tenant A records, so that a leak can be seen.
const MARK: &str = "Zauberwort";

/// One of each resource of a tenant, by name.
struct Belongings {
    customer: String,
    organisation: String,
    contact_point: String,
    role: String,
    definition: String,
    conversation: String,
    interaction: String,
    merge: String,
    scan: String,
    template: String,
    delivery: String,
}

async fn call(caller: &Dynamic, method: &str, request: Value) -> Value {
    let answer = caller.call(&format!("{PACKAGE}.{method}"), request).await;
    answer.unwrap_or_else(|status| panic!("{method}: {status}"))
}

fn name(resource: &Value) -> String {
    resource["name"].as_str().unwrap().to_owned()
}

impl Belongings {
    async fn of(owner: &Dynamic) -> Self {
        let person = json!({"customer": {
            "person": {"fullName": MARK},
            "externalIds": [{"system": "crm", "id": MARK}],
        }});
        let customer = name(&call(owner, "CustomerService/CreateCustomer", person).await);
        let organisation = json!({"customer": {"organisation": {"legalName": MARK}}});
        let organisation = name(&call(owner, "CustomerService/CreateCustomer", organisation).await);
        let point =
            json!({"parent": customer, "contactPoint": {"email": "zauberwort@example.com"}});
        let contact_point =
            name(&call(owner, "ContactPointService/CreateContactPoint", point).await);
        let role =
            json!({"parent": customer, "role": {"organisation": organisation, "title": MARK}});
        let role = name(&call(owner, "RoleService/CreateRole", role).await);
        let definition = json!({"attributeDefinitionId": "zauberwort", "attributeDefinition": {
            "displayName": MARK, "type": "ATTRIBUTE_TYPE_TEXT", "category": "ATTRIBUTE_CATEGORY_TRAIT",
        }});
        let definition = name(
            &call(
                owner,
                "AttributeService/CreateAttributeDefinition",
                definition,
            )
            .await,
        );
        let conversation = json!({"parent": customer, "conversation": {"subject": MARK}});
        let conversation = name(
            &call(
                owner,
                "ConversationService/CreateConversation",
                conversation,
            )
            .await,
        );
        let interaction = json!({"parent": customer, "interaction": {
            "channel": "CHANNEL_PHONE", "direction": "DIRECTION_INBOUND", "summary": MARK,
            "conversation": conversation, "links": ["quotes/zauberwort"],
            "externalId": {"system": "crm", "id": MARK},
        }});
        let interaction =
            name(&call(owner, "InteractionService/LogInteraction", interaction).await);
        let template = json!({"templateId": "zauberwort", "template": {
            "displayName": MARK, "channel": "CHANNEL_EMAIL", "subject": MARK,
        }});
        let template = name(&call(owner, "TemplateService/CreateTemplate", template).await);
        let message = json!({"customer": customer, "channel": "CHANNEL_EMAIL",
            "purpose": "PURPOSE_SERVICE", "template": template});
        call(owner, "InteractionService/SendMessage", message).await;
        let deliveries = call(owner, "DeliveryService/ListDeliveries", json!({})).await;
        let delivery = name(&deliveries["deliveries"][0]);
        let preferences = json!({"name": format!("{customer}/preferences"), "entries": [
            {"channel": "CHANNEL_EMAIL", "choice": "CHANNEL_CHOICE_REFUSED"},
        ]});
        call(owner, "PreferenceService/SetPreferences", preferences).await;
        let behaviour = json!({"parent": customer, "behaviourEvent": {
            "kind": "BEHAVIOUR_KIND_VISIT", "subject": MARK,
        }});
        call(owner, "LifecycleService/RecordBehaviour", behaviour).await;
        let double = json!({"customer": {"person": {"fullName": MARK}}});
        let double = name(&call(owner, "CustomerService/CreateCustomer", double).await);
        let double = json!({"name": customer, "merged": double, "reason": MARK});
        let merge = name(&call(owner, "MergeService/MergeCustomers", double).await);
        let scan = name(&call(owner, "DuplicateService/StartDuplicateScan", json!({})).await);
        Self {
            customer,
            organisation,
            contact_point,
            role,
            definition,
            conversation,
            interaction,
            merge,
            scan,
            template,
            delivery,
        }
    }

    /// Every unary RPC of the service, aimed at these resources.
    fn attempts(&self) -> Vec<(&'static str, Value)> {
        let Self {
            customer,
            organisation,
            contact_point,
            role,
            definition,
            conversation,
            interaction,
            merge,
            scan,
            template,
            delivery,
        } = self;
        let pair = "duplicateCandidates/018f0000-0000-7000-8000-000000000000";
        let preferences = format!("{customer}/preferences");
        let permit = format!("{customer}/contactPermits/018f0000-0000-7000-8000-000000000000");
        let contact =
            json!({"customer": customer, "channel": "CHANNEL_EMAIL", "purpose": "PURPOSE_SERVICE"});
        let run = "importRuns/018f0000-0000-7000-8000-000000000000";
        let stolen = json!({"name": customer, "person": {"fullName": "Stolen"}});
        vec![
            (
                "CustomerService/CreateCustomer",
                json!({"customer": {"organisation": {"legalName": "B"}, "parent": organisation}}),
            ),
            ("CustomerService/GetCustomer", json!({"name": customer})),
            (
                "CustomerService/BatchGetCustomers",
                json!({"names": [customer, organisation]}),
            ),
            (
                "CustomerService/UpdateCustomer",
                json!({"customer": stolen, "updateMask": "person.fullName"}),
            ),
            (
                "CustomerService/ListCustomers",
                json!({"showDeleted": true}),
            ),
            ("CustomerService/SearchCustomers", json!({"query": MARK})),
            ("CustomerService/DeleteCustomer", json!({"name": customer})),
            (
                "CustomerService/UndeleteCustomer",
                json!({"name": customer}),
            ),
            (
                "ContactPointService/CreateContactPoint",
                json!({"parent": customer, "contactPoint": {"email": "b@example.com"}}),
            ),
            (
                "ContactPointService/GetContactPoint",
                json!({"name": contact_point}),
            ),
            (
                "ContactPointService/ListContactPoints",
                json!({"parent": customer}),
            ),
            (
                "ContactPointService/UpdateContactPoint",
                json!({"contactPoint": {"name": contact_point, "label": "B"}, "updateMask": "label"}),
            ),
            (
                "ContactPointService/DeleteContactPoint",
                json!({"name": contact_point}),
            ),
            (
                "ContactPointService/VerifyContactPoint",
                json!({"name": contact_point}),
            ),
            (
                "ContactPointService/ReportContactPointProblem",
                json!({"name": contact_point, "state": "CONTACT_POINT_STATE_BOUNCED"}),
            ),
            (
                "RoleService/CreateRole",
                json!({"parent": customer, "role": {"organisation": organisation, "title": "B"}}),
            ),
            ("RoleService/GetRole", json!({"name": role})),
            ("RoleService/ListRoles", json!({"parent": organisation})),
            (
                "RoleService/UpdateRole",
                json!({"role": {"name": role, "title": "B"}, "updateMask": "title"}),
            ),
            ("RoleService/DeleteRole", json!({"name": role})),
            (
                "AttributeService/CreateAttributeDefinition",
                json!({"attributeDefinitionId": "other", "attributeDefinition": {
                "displayName": "B", "type": "ATTRIBUTE_TYPE_TEXT", "category": "ATTRIBUTE_CATEGORY_TRAIT"}}),
            ),
            (
                "AttributeService/GetAttributeDefinition",
                json!({"name": definition}),
            ),
            ("AttributeService/ListAttributeDefinitions", json!({})),
            (
                "AttributeService/UpdateAttributeDefinition",
                json!({"attributeDefinition": {"name": definition, "displayName": "B"}, "updateMask": "displayName"}),
            ),
            (
                "AttributeService/DeleteAttributeDefinition",
                json!({"name": definition}),
            ),
            (
                "LifecycleService/MoveCustomerStage",
                json!({"name": customer, "stage": "LIFECYCLE_STAGE_ACQUISITION", "reason": "B"}),
            ),
            (
                "LifecycleService/ListStageChanges",
                json!({"parent": customer}),
            ),
            (
                "LifecycleService/RecordBehaviour",
                json!({"parent": customer, "behaviourEvent": {"kind": "BEHAVIOUR_KIND_VISIT"}}),
            ),
            (
                "LifecycleService/ListBehaviourEvents",
                json!({"parent": customer}),
            ),
            (
                "PreferenceService/GetPreferences",
                json!({"name": preferences}),
            ),
            (
                "PreferenceService/SetPreferences",
                json!({"name": preferences, "entries": [
                {"channel": "CHANNEL_EMAIL", "choice": "CHANNEL_CHOICE_ALLOWED"}]}),
            ),
            (
                "PreferenceService/SetContactTimes",
                json!({"name": preferences, "contactTimes": {}}),
            ),
            ("ContactPermitService/CheckContact", contact.clone()),
            (
                "ContactPermitService/ReserveContact",
                json!({"contact": contact}),
            ),
            (
                "ContactPermitService/BatchReserveContacts",
                json!({"customers": [organisation], "channel": "CHANNEL_EMAIL", "purpose": "PURPOSE_SERVICE"}),
            ),
            (
                "ContactPermitService/ConfirmContact",
                json!({"name": permit}),
            ),
            (
                "ContactPermitService/ReleaseContact",
                json!({"name": permit}),
            ),
            (
                "ContactPermitService/GetContactPermit",
                json!({"name": permit}),
            ),
            (
                "ContactPermitService/ListContactPermits",
                json!({"customer": customer}),
            ),
            (
                "ContactPermitService/ExplainContact",
                json!({"contact": contact}),
            ),
            (
                "ContactPolicyService/GetContactPolicy",
                json!({"name": "contactPolicy"}),
            ),
            (
                "ContactPolicyService/UpdateContactPolicy",
                json!({"contactPolicy": {"name": "contactPolicy", "timeZone": "Europe/Zurich"}}),
            ),
            (
                "ConsentService/RecordConsent",
                json!({"parent": customer, "consentEvent": {"status": "CONSENT_STATUS_OPT_OUT", "source": "test"}}),
            ),
            (
                "ConsentService/ListConsentEvents",
                json!({"parent": customer}),
            ),
            (
                "ConsentService/GetConsentState",
                json!({"customer": customer}),
            ),
            (
                "ConsentService/RequestOptIn",
                json!({"parent": customer, "consentEvent": {"status": "CONSENT_STATUS_OPT_IN", "source": "test"}}),
            ),
            ("ConsentService/DescribeOptIn", json!({"token": "theirs"})),
            ("ConsentService/ConfirmOptIn", json!({"token": "theirs"})),
            (
                "ConsentService/CreateUnsubscribeLink",
                json!({"customer": customer, "contactPoint": contact_point, "purpose": "PURPOSE_SALES"}),
            ),
            (
                "ConsentService/DescribeUnsubscribeLink",
                json!({"token": "theirs"}),
            ),
            ("ConsentService/Unsubscribe", json!({"token": "theirs"})),
            (
                "ChannelEffectService/QueryChannelEffect",
                json!({"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-12-31T00:00:00Z"}),
            ),
            (
                "ChannelEffectService/CreateChannelCost",
                json!({"channelCost": {
                    "channel": "CHANNEL_SMS", "perContact": {"currencyCode": "EUR", "nanos": 7},
                    "effectiveTime": "2026-01-01T00:00:00Z",
                }}),
            ),
            ("ChannelEffectService/ListChannelCosts", json!({})),
            (
                "ChannelEffectService/DeleteChannelCost",
                json!({"name": "channelCosts/018f0000-0000-7000-8000-000000000000"}),
            ),
            (
                "SuppressionService/SuppressAddress",
                json!({"address": {"email": "b@example.com"}, "reason": "SUPPRESSION_REASON_MANUAL"}),
            ),
            (
                "SuppressionService/FindSuppressions",
                json!({"address": {"email": "b@example.com"}}),
            ),
            ("SuppressionService/ListSuppressions", json!({})),
            (
                "SuppressionService/LiftSuppression",
                json!({"name": "suppressions/018f0000-0000-7000-8000-000000000000", "reason": "B"}),
            ),
            (
                "ConversationService/CreateConversation",
                json!({"parent": customer, "conversation": {"subject": "B"}}),
            ),
            (
                "ConversationService/GetConversation",
                json!({"name": conversation}),
            ),
            (
                "ConversationService/ListConversations",
                json!({"parent": customer}),
            ),
            (
                "ConversationService/CloseConversation",
                json!({"name": conversation, "resolution": "B"}),
            ),
            (
                "InteractionService/LogInteraction",
                json!({"parent": customer, "interaction": {
                "channel": "CHANNEL_PHONE", "direction": "DIRECTION_INBOUND", "summary": "B"}}),
            ),
            (
                "InteractionService/SendMessage",
                json!({"customer": customer, "channel": "CHANNEL_EMAIL",
                "purpose": "PURPOSE_SALES", "subject": "B"}),
            ),
            (
                "InteractionService/GetInteraction",
                json!({"name": interaction}),
            ),
            (
                "InteractionService/ListInteractions",
                json!({"parent": customer}),
            ),
            (
                "InteractionService/ListLinkedInteractions",
                json!({"resource": "quotes/zauberwort"}),
            ),
            (
                "ViewService/GetCustomerContext",
                json!({"customer": customer}),
            ),
            ("ViewService/GetCustomer360", json!({"customer": customer})),
            ("DeliveryService/GetDelivery", json!({"name": delivery})),
            ("DeliveryService/ListDeliveries", json!({})),
            (
                "DeliveryService/ListDeliveryAttempts",
                json!({"parent": delivery}),
            ),
            ("DeliveryService/CancelDelivery", json!({"name": delivery})),
            ("DeliveryService/RetryDelivery", json!({"name": delivery})),
            (
                "DeliveryRouteService/GetDeliveryRoute",
                json!({"name": "deliveryRoutes/email"}),
            ),
            ("DeliveryRouteService/ListDeliveryRoutes", json!({})),
            (
                "DeliveryRouteService/UpdateDeliveryRoute",
                json!({"deliveryRoute": {"name": "deliveryRoutes/email",
                "connector": "DELIVERY_CONNECTOR_QUEUE"}}),
            ),
            (
                "DeliveryFeedbackService/ReportBounce",
                json!({"delivery": delivery, "kind": "BOUNCE_KIND_HARD"}),
            ),
            (
                "DeliveryFeedbackService/ReportComplaint",
                json!({"delivery": delivery}),
            ),
            (
                "DeliveryFeedbackService/ReportDelivered",
                json!({"delivery": delivery}),
            ),
            (
                "DeliveryFeedbackService/IngestMail",
                json!({"message": "SGVsbG8="}),
            ),
            (
                "TemplateService/CreateTemplate",
                json!({"templateId": "b", "template": {"displayName": "B",
                "channel": "CHANNEL_EMAIL", "subject": "B"}}),
            ),
            ("TemplateService/GetTemplate", json!({"name": template})),
            ("TemplateService/ListTemplates", json!({})),
            (
                "TemplateService/UpdateTemplate",
                json!({"template": {"name": template, "subject": "Stolen"}}),
            ),
            ("TemplateService/DeleteTemplate", json!({"name": template})),
            (
                "TemplateService/PreviewTemplate",
                json!({"name": template, "customer": customer}),
            ),
            ("ImportService/GetImportRun", json!({"name": run})),
            ("ImportService/ListImportRuns", json!({})),
            ("ImportService/ListImportErrors", json!({"parent": run})),
            ("ImportService/UndoImportRun", json!({"name": run})),
            (
                "MergeService/MergeCustomers",
                json!({"name": organisation, "merged": customer}),
            ),
            ("MergeService/UndoCustomerMerge", json!({"name": merge})),
            ("MergeService/GetCustomerMerge", json!({"name": merge})),
            (
                "MergeService/ListCustomerMerges",
                json!({"customer": customer}),
            ),
            (
                "DuplicateService/FindDuplicates",
                json!({"customer": customer}),
            ),
            ("DuplicateService/StartDuplicateScan", json!({})),
            ("DuplicateService/GetDuplicateScan", json!({"name": scan})),
            ("DuplicateService/ListDuplicateCandidates", json!({})),
            (
                "DuplicateService/DismissDuplicateCandidate",
                json!({"name": pair}),
            ),
            (
                "DuplicateService/GetDuplicatePolicy",
                json!({"name": "duplicatePolicy"}),
            ),
            (
                "DuplicateService/SetDuplicatePolicy",
                json!({"duplicatePolicy": {"autoMerge": true}}),
            ),
            ("PrivacyService/EraseCustomer", json!({"name": customer})),
        ]
    }
}

/// Full names of the service's unary RPCs, without the package.
fn unary_rpcs() -> BTreeSet<String> {
    let services = rapport_proto::descriptor_pool().services();
    services
        .filter(|service| service.full_name().starts_with(PACKAGE))
        .flat_map(|service| {
            let unary = service
                .methods()
                .filter(|one| !one.is_client_streaming() && !one.is_server_streaming());
            unary
                .map(|one| format!("{}/{}", one.parent_service().name(), one.name()))
                .collect::<Vec<_>>()
        })
        .collect()
}

async fn all_about(owner: &Dynamic, belongings: &Belongings) -> Vec<Value> {
    vec![
        call(
            owner,
            "ViewService/GetCustomer360",
            json!({"customer": belongings.customer}),
        )
        .await,
        call(
            owner,
            "ViewService/GetCustomer360",
            json!({"customer": belongings.organisation}),
        )
        .await,
        call(
            owner,
            "AttributeService/ListAttributeDefinitions",
            json!({}),
        )
        .await,
        call(owner, "TemplateService/ListTemplates", json!({})).await,
        call(owner, "DeliveryService/ListDeliveries", json!({})).await,
    ]
}

on_each_engine! {
    async fn another_tenant_finds_nothing_and_changes_nothing(suite: &mut Suite) {
        let provider = suite.provider();
        let owner = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let stranger = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let belongings = Belongings::of(&owner).await;
        // The behaviour that was recorded moves the customer's stage soon; not later.
        tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
        let before = all_about(&owner, &belongings).await;

        let attempts = belongings.attempts();
        let tried: BTreeSet<_> = attempts.iter().map(|(method, _)| (*method).to_owned()).collect();
        assert_eq!(tried, unary_rpcs(), "every RPC is tried");
        for (method, request) in attempts {
            match stranger.call(&format!("{PACKAGE}.{method}"), request).await {
                Ok(answer) => {
                    let answer = answer.to_string();
                    assert!(!answer.contains(MARK), "{method} shows {answer}");
                    assert!(!answer.contains(&belongings.customer), "{method} shows {answer}");
                }
                Err(status) => {
                    let expected = [Code::NotFound, Code::InvalidArgument];
                    assert!(expected.contains(&status.code()), "{method}: {status}");
                    assert!(!status.message().contains(MARK), "{method}: {status}");
                }
            }
        }
        assert_eq!(all_about(&owner, &belongings).await, before);
    }

    async fn whoever_lacks_the_permission_is_refused_by_name(suite: &mut Suite) {
        let token = suite.provider().token(Tenant::new(), "employees/7", &["nobody"]);
        let caller = suite.dynamic(&token).await;
        for method in unary_rpcs() {
            let refused = caller.send(&format!("{PACKAGE}.{method}"), Vec::new().into()).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{method}");
            assert!(rapport_tests::metadata(&refused, "permission").starts_with("customer."), "{method}");
        }
    }
}
