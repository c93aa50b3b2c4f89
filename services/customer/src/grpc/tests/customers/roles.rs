//! What persons do in organisations.

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::{Code, Status};

use super::{mask, organisation, person};
use crate::testing::{Caller, fields, metadata, reason};

fn at(second: i64) -> Option<prost_types::Timestamp> {
    Some(Timestamp::from_micros(second * 1_000_000).into())
}

fn role(title: &str, organisation: &proto::Customer) -> proto::Role {
    proto::Role {
        title: title.to_owned(),
        organisation: organisation.name.clone(),
        ..Default::default()
    }
}

async fn appoint(
    caller: &Caller,
    person: &proto::Customer,
    role: proto::Role,
) -> Result<proto::Role, Status> {
    let request = proto::CreateRoleRequest {
        parent: person.name.clone(),
        role: Some(role),
        ..Default::default()
    };
    let answer = caller.roles().create_role(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn titles(caller: &Caller, parent: &proto::Customer) -> Vec<String> {
    let (mut titles, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListRolesRequest {
            parent: parent.name.clone(),
            page_size: 1,
            page_token,
        };
        let page = caller
            .roles()
            .list_roles(request)
            .await
            .unwrap()
            .into_inner();
        titles.extend(page.roles.into_iter().map(|role| role.title));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return titles;
        }
    }
}

on_each_engine! {
    async fn roles_are_listed_from_both_sides(db: Database) {
        let caller = Caller::of(&db).await;
        let (ada, eve) = (
            caller.created(person("Ada")).await,
            caller.created(person("Eve")).await,
        );
        let (acme, zorg) = (
            caller.created(organisation("Acme")).await,
            caller.created(organisation("Zorg")).await,
        );
        let buyer = appoint(&caller, &ada, role("buyer", &acme)).await.unwrap();
        appoint(&caller, &ada, role("board member", &zorg))
            .await
            .unwrap();
        appoint(&caller, &eve, role("head of purchasing", &acme))
            .await
            .unwrap();

        assert_eq!(titles(&caller, &ada).await, ["buyer", "board member"]);
        assert_eq!(
            titles(&caller, &acme).await,
            ["buyer", "head of purchasing"]
        );
        let read = caller
            .roles()
            .get_role(proto::GetRoleRequest {
                name: buyer.name.clone(),
            })
            .await;
        assert_eq!(read.unwrap().into_inner(), buyer);
    }

    async fn only_persons_have_roles_and_only_in_organisations(db: Database) {
        let caller = Caller::of(&db).await;
        let (ada, acme) = (
            caller.created(person("Ada")).await,
            caller.created(organisation("Acme")).await,
        );
        let refused = appoint(&caller, &acme, role("", &ada)).await.unwrap_err();
        assert_eq!(
            fields(&refused),
            ["role", "role.organisation", "role.title"]
        );

        let nobody = proto::Customer {
            name: "customers/0190e5a4-0000-7000-8000-00000000000a".to_owned(),
            ..Default::default()
        };
        let refused = appoint(&caller, &ada, role("buyer", &nobody))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code(), metadata(&refused, "resource")),
            (Code::NotFound, nobody.name)
        );
    }

    async fn one_role_at_a_time(db: Database) {
        let caller = Caller::of(&db).await;
        let (ada, acme) = (
            caller.created(person("Ada")).await,
            caller.created(organisation("Acme")).await,
        );
        let first = proto::Role {
            valid_to_time: at(100),
            ..role("Buyer", &acme)
        };
        let first = appoint(&caller, &ada, first).await.unwrap();
        let overlapping = proto::Role {
            valid_from_time: at(99),
            ..role("BUYER", &acme)
        };
        let refused = appoint(&caller, &ada, overlapping).await.unwrap_err();
        assert_eq!(
            (refused.code(), metadata(&refused, "resource")),
            (Code::AlreadyExists, first.name.clone())
        );
        let second = proto::Role {
            valid_from_time: at(100),
            ..role("Buyer", &acme)
        };
        appoint(&caller, &ada, second).await.unwrap();

        let extended = proto::UpdateRoleRequest {
            role: Some(proto::Role {
                valid_to_time: at(101),
                ..first
            }),
            update_mask: mask(&["valid_to_time"]),
            ..Default::default()
        };
        assert_eq!(
            reason(&caller.roles().update_role(extended).await.unwrap_err()),
            "RESOURCE_EXISTS"
        );
    }

    async fn of_one_role_many_times_at_once_one_is_kept(db: Database) {
        let caller = Caller::of(&db).await;
        let (ada, acme) = (
            caller.created(person("Ada")).await,
            caller.created(organisation("Acme")).await,
        );
        let appointments = (0..8).map(|_| {
            let (caller, ada, role) = (caller.clone(), ada.clone(), role("buyer", &acme));
            tokio::spawn(async move { appoint(&caller, &ada, role).await })
        });
        for appointed in futures::future::join_all(appointments).await {
            if let Err(refused) = appointed.unwrap() {
                assert_eq!(reason(&refused), "RESOURCE_EXISTS");
            }
        }
        assert_eq!(titles(&caller, &ada).await, ["buyer"]);
    }

    async fn a_role_ends_or_is_taken_back(db: Database) {
        let caller = Caller::of(&db).await;
        let (ada, acme) = (
            caller.created(person("Ada")).await,
            caller.created(organisation("Acme")).await,
        );
        let buyer = appoint(&caller, &ada, role("buyer", &acme)).await.unwrap();
        let patch = proto::Role {
            valid_to_time: at(100),
            description: "until the merger".to_owned(),
            ..buyer.clone()
        };
        let update = proto::UpdateRoleRequest {
            role: Some(patch),
            update_mask: mask(&["valid_to_time"]),
            ..Default::default()
        };
        let ended = caller
            .roles()
            .update_role(update.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (ended.valid_to_time, ended.description.as_str()),
            (at(100), "")
        );
        assert_eq!(
            reason(&caller.roles().update_role(update).await.unwrap_err()),
            "ETAG_MISMATCH"
        );

        let delete = |etag: &str| proto::DeleteRoleRequest {
            name: buyer.name.clone(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        let stale = caller
            .roles()
            .delete_role(delete(&buyer.etag))
            .await
            .unwrap_err();
        assert_eq!(reason(&stale), "ETAG_MISMATCH");
        caller
            .roles()
            .delete_role(delete(&ended.etag))
            .await
            .unwrap();
        assert!(titles(&caller, &ada).await.is_empty());
        assert_eq!(
            caller
                .roles()
                .delete_role(delete(""))
                .await
                .unwrap_err()
                .code(),
            Code::NotFound
        );
    }
}
