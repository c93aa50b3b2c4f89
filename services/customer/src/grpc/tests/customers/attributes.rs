//! Traits and habits by the tenant's own schema.

use std::collections::BTreeMap;

use rapport_platform::on_each_engine;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::AttributeType as Type;
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use tonic::{Code, Status};

use super::{mask, person};
use crate::testing::{Caller, fields, metadata, reason};

fn definition(value_type: Type) -> proto::AttributeDefinition {
    proto::AttributeDefinition {
        display_name: "What it is".to_owned(),
        r#type: value_type.into(),
        category: proto::AttributeCategory::Trait.into(),
        allowed_values: match value_type {
            Type::Enum => vec!["gold".to_owned(), "silver".to_owned()],
            _ => Vec::new(),
        },
        ..Default::default()
    }
}

async fn define(
    caller: &Caller,
    key: &str,
    definition: proto::AttributeDefinition,
) -> Result<proto::AttributeDefinition, Status> {
    let request = proto::CreateAttributeDefinitionRequest {
        attribute_definition_id: key.to_owned(),
        attribute_definition: Some(definition),
        ..Default::default()
    };
    let answer = caller
        .attributes()
        .create_attribute_definition(request)
        .await;
    answer.map(tonic::Response::into_inner)
}

fn carrying<const N: usize>(
    customer: proto::Customer,
    attributes: [(&str, Value); N],
) -> proto::Customer {
    let value = |value| proto::AttributeValue {
        value: Some(value),
        ..Default::default()
    };
    let attributes = attributes.map(|(key, it)| (key.to_owned(), value(it)));
    proto::Customer {
        attributes: BTreeMap::from(attributes),
        ..customer
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

on_each_engine! {
    async fn values_of_every_type_come_back_with_their_recorder(db: Database) {
        let caller = Caller::of(&db).await;
        let values = [
            ("a_text", Type::Text, text("two\nlines")),
            ("an_integer", Type::Integer, Value::Integer(i64::MIN)),
            (
                "a_decimal",
                Type::Decimal,
                Value::Decimal("-12.50".to_owned()),
            ),
            ("a_boolean", Type::Boolean, Value::Boolean(false)),
            (
                "a_date",
                Type::Date,
                Value::Date(Date {
                    year: 2024,
                    month: 2,
                    day: 29,
                }),
            ),
            (
                "an_instant",
                Type::Timestamp,
                Value::Timestamp(caller.ctx.now.into()),
            ),
            ("a_choice", Type::Enum, text("gold")),
        ];
        for (key, value_type, _) in &values {
            define(&caller, key, definition(*value_type)).await.unwrap();
        }
        let ada = carrying(
            person("Ada"),
            values.clone().map(|(key, _, value)| (key, value)),
        );
        let ada = caller.created(ada).await;
        for (key, _, value) in values {
            let kept = &ada.attributes[key];
            assert_eq!(kept.value, Some(value), "{key}");
            assert_eq!(kept.recorder, "employees/ada");
            assert_eq!(kept.record_time, Some(caller.ctx.now.into()));
        }
        assert_eq!(caller.get(&ada.name).await.unwrap(), ada);
    }

    async fn values_that_do_not_fit_their_definition_are_named_by_key(db: Database) {
        let caller = Caller::of(&db).await;
        define(&caller, "age", definition(Type::Integer))
            .await
            .unwrap();
        define(&caller, "tier", definition(Type::Enum))
            .await
            .unwrap();
        let ada = carrying(
            person("Ada"),
            [
                ("age", text("36")),
                ("nothing", text("x")),
                ("tier", text("bronze")),
            ],
        );
        let refused = caller.create(ada).await.unwrap_err();
        assert_eq!(
            fields(&refused),
            [
                "customer.attributes.age",
                "customer.attributes.nothing",
                "customer.attributes.tier",
            ]
        );
    }

    async fn definitions_are_of_one_tenant(db: Database) {
        let caller = Caller::of(&db).await;
        define(&caller, "age", definition(Type::Integer))
            .await
            .unwrap();
        let other = caller.of_another_tenant();
        let refused = other
            .create(carrying(person("Ada"), [("age", Value::Integer(36))]))
            .await;
        assert_eq!(fields(&refused.unwrap_err()), ["customer.attributes.age"]);
        define(&other, "age", definition(Type::Text)).await.unwrap();
    }

    async fn a_mask_sets_and_removes_single_attributes(db: Database) {
        let caller = Caller::of(&db).await;
        for key in ["age", "job", "car"] {
            define(&caller, key, definition(Type::Text)).await.unwrap();
        }
        let ada = carrying(
            person("Ada"),
            [
                ("age", text("36")),
                ("job", text("poet")),
                ("car", text("none")),
            ],
        );
        let ada = caller.created(ada).await;
        let bob = caller
            .colleague("employees/bob")
            .later(std::time::Duration::from_secs(60));

        let patch = carrying(
            proto::Customer {
                name: ada.name.clone(),
                ..person("")
            },
            [("job", text("programmer"))],
        );
        let after = bob
            .update(patch, &["attributes.job", "attributes.car"])
            .await
            .unwrap();

        let keys: Vec<_> = after.attributes.keys().map(String::as_str).collect();
        assert_eq!(keys, ["age", "job"]);
        assert_eq!(after.attributes["age"], ada.attributes["age"]);
        assert_eq!(after.attributes["job"].recorder, "employees/bob");
        assert_eq!(
            after.attributes["job"].record_time,
            Some(bob.ctx.now.into())
        );
    }

    async fn a_value_outlives_its_definition_but_can_no_longer_be_set(db: Database) {
        let caller = Caller::of(&db).await;
        define(&caller, "age", definition(Type::Integer))
            .await
            .unwrap();
        let ada = caller
            .created(carrying(person("Ada"), [("age", Value::Integer(36))]))
            .await;
        let delete = proto::DeleteAttributeDefinitionRequest {
            name: "attributeDefinitions/age".to_owned(),
            ..Default::default()
        };
        caller
            .attributes()
            .delete_attribute_definition(delete)
            .await
            .unwrap();

        let renamed = proto::Customer {
            region_code: "GB".to_owned(),
            ..ada.clone()
        };
        let after = caller.update(renamed, &["*"]).await.unwrap();
        assert_eq!(after.attributes, ada.attributes);
        let set = carrying(ada, [("age", Value::Integer(37))]);
        let set = proto::Customer {
            etag: String::new(),
            ..set
        };
        let refused = caller.update(set, &["attributes.age"]).await.unwrap_err();
        assert_eq!(fields(&refused), ["customer.attributes.age"]);
    }

    async fn a_schema_grows_and_its_types_stay(db: Database) {
        let caller = Caller::of(&db).await;
        let tier = define(&caller, "tier", definition(Type::Enum))
            .await
            .unwrap();
        assert_eq!(tier.name, "attributeDefinitions/tier");
        let update = |patch: proto::AttributeDefinition, paths: &[&str]| {
            proto::UpdateAttributeDefinitionRequest {
                attribute_definition: Some(patch),
                update_mask: mask(paths),
                ..Default::default()
            }
        };
        let service = || caller.attributes();
        let wider = proto::AttributeDefinition {
            allowed_values: vec!["gold".to_owned(), "silver".to_owned(), "bronze".to_owned()],
            ..tier.clone()
        };
        let wider = service()
            .update_attribute_definition(update(wider, &["allowed_values"]))
            .await;
        let wider = wider.unwrap().into_inner();
        assert_eq!(wider.allowed_values.len(), 3);
        let request = proto::GetAttributeDefinitionRequest {
            name: tier.name.clone(),
        };
        assert_eq!(
            service()
                .get_attribute_definition(request)
                .await
                .unwrap()
                .into_inner(),
            wider
        );

        let narrower = proto::AttributeDefinition {
            etag: wider.etag.clone(),
            ..tier.clone()
        };
        let refused = service()
            .update_attribute_definition(update(narrower, &["allowed_values"]))
            .await;
        assert_eq!(
            fields(&refused.unwrap_err()),
            ["attribute_definition.allowed_values"]
        );
        let stale = service()
            .update_attribute_definition(update(tier.clone(), &["display_name"]))
            .await;
        assert_eq!(reason(&stale.unwrap_err()), "ETAG_MISMATCH");
        let retyped = proto::AttributeDefinition {
            r#type: Type::Text.into(),
            allowed_values: Vec::new(),
            ..wider
        };
        let refused = service()
            .update_attribute_definition(update(retyped, &["*"]))
            .await;
        assert_eq!(fields(&refused.unwrap_err()), ["attribute_definition.type"]);
    }

    async fn keys_are_unique_and_listed_in_order(db: Database) {
        let caller = Caller::of(&db).await;
        for key in ["b", "a_2", "a", "z9", "a1"] {
            define(&caller, key, definition(Type::Text)).await.unwrap();
        }
        let again = define(&caller, "b", definition(Type::Text))
            .await
            .unwrap_err();
        assert_eq!(
            (again.code(), metadata(&again, "resource").as_str()),
            (Code::AlreadyExists, "attributeDefinitions/b")
        );
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListAttributeDefinitionsRequest {
                page_size: 2,
                page_token,
            };
            let page = caller
                .attributes()
                .list_attribute_definitions(request)
                .await
                .unwrap()
                .into_inner();
            names.extend(page.attribute_definitions.into_iter().map(|it| it.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let expected =
            ["a", "a1", "a_2", "b", "z9"].map(|key| format!("attributeDefinitions/{key}"));
        assert_eq!(names, expected);
    }

    async fn a_tenant_has_room_for_two_hundred(db: Database) {
        let caller = Caller::of(&db).await;
        for number in 0..200 {
            define(&caller, &format!("k{number}"), definition(Type::Text))
                .await
                .unwrap();
        }
        let refused = define(&caller, "more", definition(Type::Text))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "INVALID_STATE")
        );
        define(&caller.of_another_tenant(), "more", definition(Type::Text))
            .await
            .unwrap();
    }
}
