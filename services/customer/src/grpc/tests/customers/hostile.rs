//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::on_each_engine;
use rapport_platform::testing::hostile::HOSTILE;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use tonic::Code;

use super::{belonging_to, known_as, mask, organisation, person};
use crate::testing::{Caller, reason};

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        let acme = caller.created(organisation("Acme")).await;
        let point = caller.add_email(&ada, "ada@example.com").await;
        let mut calls = 0;
        macro_rules! spoil {
            ($service:ident . $rpc:ident ( $message:expr )) => {
                calls += rapport_platform::spoil!(caller.$service(), $rpc, $message);
            };
        }
        let attribute = proto::AttributeValue {
            value: Some(proto::attribute_value::Value::Text("poet".to_owned())),
            ..Default::default()
        };
        let customer = proto::Customer {
            attributes: [("job".to_owned(), attribute)].into(),
            ..belonging_to(&acme, known_as("erp", "9", organisation("Sub")))
        };
        let postal = proto::PostalAddress {
            address_lines: vec!["Hauptstrasse 1".to_owned()],
            ..Default::default()
        };
        let handle = proto::Handle {
            platform: "signal".to_owned(),
            id: "ada".to_owned(),
        };
        spoil!(customers.create_customer(proto::CreateCustomerRequest {
            customer: Some(customer.clone()),
            ..Default::default()
        }));
        spoil!(customers.create_customer(proto::CreateCustomerRequest {
            customer: Some(person("Eve")),
            ..Default::default()
        }));
        spoil!(customers.update_customer(proto::UpdateCustomerRequest {
            customer: Some(proto::Customer {
                name: acme.name.clone(),
                ..customer
            }),
            update_mask: mask(&["organisation", "external_ids", "attributes.job"]),
            ..Default::default()
        }));
        spoil!(customers.get_customer(proto::GetCustomerRequest {
            name: ada.name.clone()
        }));
        spoil!(
            customers.batch_get_customers(proto::BatchGetCustomersRequest {
                names: vec![ada.name.clone()]
            })
        );
        spoil!(customers.list_customers(proto::ListCustomersRequest {
            filter: "kind = PERSON".to_owned(),
            ..Default::default()
        }));
        for hostile in HOSTILE {
            for filter in [
                format!("primary_employee = \"{hostile}\""),
                format!("region_code = \"{hostile}*\""),
                format!("create_time > \"{hostile}\""),
            ] {
                let request = proto::ListCustomersRequest {
                    filter,
                    ..Default::default()
                };
                if let Err(refused) = caller.customers().list_customers(request).await {
                    assert_eq!(reason(&refused), "INVALID_FILTER", "{refused}");
                }
            }
        }
        spoil!(customers.search_customers(proto::SearchCustomersRequest {
            query: "ada".to_owned(),
            ..Default::default()
        }));
        spoil!(customers.undelete_customer(proto::UndeleteCustomerRequest {
            name: ada.name.clone(),
            ..Default::default()
        }));
        for address in [
            Address::Email("a@b.example".to_owned()),
            Address::Phone("1".to_owned()),
            Address::Postal(postal),
            Address::Handle(handle),
        ] {
            spoil!(
                contact_points.create_contact_point(proto::CreateContactPointRequest {
                    parent: ada.name.clone(),
                    contact_point: Some(proto::ContactPoint {
                        address: Some(address.clone()),
                        ..Default::default()
                    }),
                    ..Default::default()
                })
            );
        }
        spoil!(
            contact_points.update_contact_point(proto::UpdateContactPointRequest {
                contact_point: Some(point.clone()),
                update_mask: mask(&["label"]),
                ..Default::default()
            })
        );
        spoil!(
            contact_points.list_contact_points(proto::ListContactPointsRequest {
                parent: ada.name.clone(),
                ..Default::default()
            })
        );
        spoil!(
            contact_points.delete_contact_point(proto::DeleteContactPointRequest {
                name: point.name.clone(),
                ..Default::default()
            })
        );
        spoil!(roles.create_role(proto::CreateRoleRequest {
            parent: ada.name.clone(),
            role: Some(proto::Role {
                organisation: acme.name.clone(),
                title: "buyer".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }));
        spoil!(
            attributes.create_attribute_definition(proto::CreateAttributeDefinitionRequest {
                attribute_definition_id: "tier".to_owned(),
                attribute_definition: Some(proto::AttributeDefinition {
                    r#type: proto::AttributeType::Enum.into(),
                    category: proto::AttributeCategory::Habit.into(),
                    allowed_values: vec!["gold".to_owned()],
                    ..Default::default()
                }),
                ..Default::default()
            })
        );
        spoil!(
            attributes.get_attribute_definition(proto::GetAttributeDefinitionRequest {
                name: "attributeDefinitions/tier".to_owned()
            })
        );
        assert!(calls > 300, "only {calls} strings were found");
    }

    async fn numbers_at_their_ends_are_no_fault_of_ours(db: Database) {
        let caller = Caller::of(&db).await;
        for extreme in [i32::MIN, -1, i32::MAX] {
            let figures = proto::Organisation {
                legal_name: "Acme".to_owned(),
                employee_count: extreme,
                founding_year: extreme,
                annual_revenue: Some(rapport_proto::google::r#type::Money {
                    currency_code: "CHF".to_owned(),
                    units: i64::from(extreme) << 32,
                    nanos: extreme,
                }),
                ..Default::default()
            };
            let acme = proto::Customer {
                profile: Some(proto::customer::Profile::Organisation(figures)),
                ..Default::default()
            };
            assert_eq!(
                caller.create(acme).await.unwrap_err().code(),
                Code::InvalidArgument
            );
            let born = rapport_proto::google::r#type::Date {
                year: extreme,
                month: extreme,
                day: extreme,
            };
            let ada = proto::Person {
                full_name: "Ada".to_owned(),
                birth_date: Some(born),
                ..Default::default()
            };
            let ada = proto::Customer {
                profile: Some(proto::customer::Profile::Person(ada)),
                ..Default::default()
            };
            assert_eq!(
                caller.create(ada).await.unwrap_err().code(),
                Code::InvalidArgument
            );
        }
    }

    async fn empty_requests_are_refused(db: Database) {
        let caller = Caller::of(&db).await;
        let create = caller
            .customers()
            .create_customer(proto::CreateCustomerRequest::default())
            .await;
        let update = caller
            .customers()
            .update_customer(proto::UpdateCustomerRequest::default())
            .await;
        let batch = caller
            .customers()
            .batch_get_customers(proto::BatchGetCustomersRequest::default())
            .await;
        for code in [
            create.unwrap_err().code(),
            update.unwrap_err().code(),
            batch.unwrap_err().code(),
        ] {
            assert_eq!(code, Code::InvalidArgument);
        }
    }
}
