//! Nobody sees, changes or meets what belongs to another company.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use tonic::{Code, Status};

use super::{known_as, organisation, person};
use crate::testing::Caller;

/// What one company has recorded.
struct Belongings {
    person: proto::Customer,
    organisation: proto::Customer,
    point: proto::ContactPoint,
    role: proto::Role,
}

async fn record(caller: &Caller) -> Belongings {
    let person = caller
        .created(known_as("billing", "17", person("Ada")))
        .await;
    let organisation = caller.created(organisation("Acme")).await;
    let point = caller.add_email(&person, "ada@example.com").await;
    let role = proto::CreateRoleRequest {
        parent: person.name.clone(),
        role: Some(proto::Role {
            title: "buyer".to_owned(),
            organisation: organisation.name.clone(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let role = caller.roles().create_role(role).await.unwrap().into_inner();
    let definition = proto::CreateAttributeDefinitionRequest {
        attribute_definition_id: "age".to_owned(),
        attribute_definition: Some(proto::AttributeDefinition {
            display_name: "Age".to_owned(),
            r#type: proto::AttributeType::Integer.into(),
            category: proto::AttributeCategory::Trait.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    caller
        .attributes()
        .create_attribute_definition(definition)
        .await
        .unwrap();
    Belongings {
        person,
        organisation,
        point,
        role,
    }
}

/// Calls every RPC that names a resource, with the names of `theirs`; answers what was said.
async fn touch_everything(
    stranger: &Caller,
    theirs: &Belongings,
) -> Vec<(&'static str, Result<(), Status>)> {
    let Belongings {
        person,
        organisation,
        point,
        role,
    } = theirs;
    let name = || person.name.clone();
    let mut said = Vec::new();
    macro_rules! call {
        ($service:ident . $rpc:ident ( $message:expr )) => {
            let answer = stranger.$service().$rpc($message).await;
            said.push((stringify!($rpc), answer.map(|_| ())));
        };
    }
    call!(customers.get_customer(proto::GetCustomerRequest { name: name() }));
    call!(customers.update_customer(proto::UpdateCustomerRequest {
        customer: Some(person.clone()),
        ..Default::default()
    }));
    call!(customers.delete_customer(proto::DeleteCustomerRequest {
        name: name(),
        ..Default::default()
    }));
    call!(customers.undelete_customer(proto::UndeleteCustomerRequest {
        name: name(),
        ..Default::default()
    }));
    call!(
        contact_points.create_contact_point(proto::CreateContactPointRequest {
            parent: name(),
            contact_point: Some(proto::ContactPoint {
                address: Some(Address::Email("eve@example.com".to_owned())),
                ..Default::default()
            }),
            ..Default::default()
        })
    );
    call!(
        contact_points.get_contact_point(proto::GetContactPointRequest {
            name: point.name.clone()
        })
    );
    call!(
        contact_points.list_contact_points(proto::ListContactPointsRequest {
            parent: name(),
            ..Default::default()
        })
    );
    call!(
        contact_points.update_contact_point(proto::UpdateContactPointRequest {
            contact_point: Some(point.clone()),
            ..Default::default()
        })
    );
    call!(
        contact_points.delete_contact_point(proto::DeleteContactPointRequest {
            name: point.name.clone(),
            ..Default::default()
        })
    );
    call!(
        contact_points.verify_contact_point(proto::VerifyContactPointRequest {
            name: point.name.clone(),
            ..Default::default()
        })
    );
    call!(
        contact_points.report_contact_point_problem(proto::ReportContactPointProblemRequest {
            name: point.name.clone(),
            state: proto::ContactPointState::Bounced.into(),
            ..Default::default()
        })
    );
    call!(roles.create_role(proto::CreateRoleRequest {
        parent: name(),
        role: Some(proto::Role {
            title: "seller".to_owned(),
            organisation: organisation.name.clone(),
            ..Default::default()
        }),
        ..Default::default()
    }));
    call!(roles.get_role(proto::GetRoleRequest {
        name: role.name.clone()
    }));
    call!(roles.list_roles(proto::ListRolesRequest {
        parent: organisation.name.clone(),
        ..Default::default()
    }));
    call!(roles.update_role(proto::UpdateRoleRequest {
        role: Some(role.clone()),
        ..Default::default()
    }));
    call!(roles.delete_role(proto::DeleteRoleRequest {
        name: role.name.clone(),
        ..Default::default()
    }));
    let definition = || "attributeDefinitions/age".to_owned();
    call!(
        attributes
            .get_attribute_definition(proto::GetAttributeDefinitionRequest { name: definition() })
    );
    call!(
        attributes.update_attribute_definition(proto::UpdateAttributeDefinitionRequest {
            attribute_definition: Some(proto::AttributeDefinition {
                name: definition(),
                display_name: "Years".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        })
    );
    call!(
        attributes.delete_attribute_definition(proto::DeleteAttributeDefinitionRequest {
            name: definition(),
            ..Default::default()
        })
    );
    said
}

on_each_engine! {
    async fn what_belongs_to_another_company_does_not_exist(db: Database) {
        let caller = Caller::of(&db).await;
        let theirs = record(&caller).await;
        let stranger = caller.of_another_tenant();

        for (rpc, said) in touch_everything(&stranger, &theirs).await {
            let refused = said.expect_err(rpc);
            assert_eq!(refused.code(), Code::NotFound, "{rpc}: {refused}");
        }

        let names = vec![theirs.person.name.clone(), theirs.organisation.name.clone()];
        let batch = proto::BatchGetCustomersRequest { names };
        let batch = stranger
            .customers()
            .batch_get_customers(batch)
            .await
            .unwrap()
            .into_inner();
        assert!(batch.customers.is_empty());
        assert!(stranger.list("").await.is_empty());
        for query in ["ada", "17", "example.com", "acme"] {
            assert!(stranger.find(query).await.is_empty(), "{query}");
        }
        let definitions = proto::ListAttributeDefinitionsRequest::default();
        let definitions = stranger
            .attributes()
            .list_attribute_definitions(definitions)
            .await
            .unwrap();
        assert!(definitions.into_inner().attribute_definitions.is_empty());

        // And all is as it was.
        assert_eq!(
            caller.get(&theirs.person.name).await.unwrap(),
            theirs.person
        );
        let point = proto::GetContactPointRequest {
            name: theirs.point.name.clone(),
        };
        let point = caller
            .contact_points()
            .get_contact_point(point)
            .await
            .unwrap();
        assert_eq!(point.into_inner(), theirs.point);
    }

    async fn the_owner_may_do_all_of_it(db: Database) {
        let caller = Caller::of(&db).await;
        let ours = record(&caller).await;
        let refused: Vec<_> = touch_everything(&caller, &ours)
            .await
            .into_iter()
            .filter_map(|(rpc, said)| said.err().map(|refused| (rpc, refused.code())))
            .collect();
        // The third call deletes the customer and the fourth brings it back; the etags sent are
        // those before the changes.
        assert!(
            refused
                .iter()
                .all(|(_, code)| *code == Code::Aborted || *code == Code::NotFound),
            "{refused:?}"
        );
        assert!(refused.len() < 4, "{refused:?}");
    }

    async fn companies_may_have_the_same_ids_and_request_ids(db: Database) {
        let caller = Caller::of(&db).await;
        let request = proto::CreateCustomerRequest {
            customer: Some(known_as("billing", "17", person("Ada"))),
            request_id: super::a_request_id(),
        };
        let ours = caller
            .customers()
            .create_customer(request.clone())
            .await
            .unwrap()
            .into_inner();
        let stranger = caller.of_another_tenant();
        let theirs = stranger
            .customers()
            .create_customer(request)
            .await
            .unwrap()
            .into_inner();
        assert_ne!(ours.name, theirs.name);
        assert_eq!(stranger.find("17").await, ["Ada"]);
    }
}
