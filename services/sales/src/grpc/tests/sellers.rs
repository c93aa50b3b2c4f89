//! Who sells, and who manages whom.

use prost_types::FieldMask;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use crate::testing::{Caller, fields, metadata, reason};

/// Somebody called so, managed by `manager`.
pub(super) async fn seller(caller: &Caller, id: &str, manager: &str) -> proto::Seller {
    create(caller, id, manager).await.unwrap()
}

async fn create(caller: &Caller, id: &str, manager: &str) -> Result<proto::Seller, Status> {
    let request = proto::CreateSellerRequest {
        seller: Some(proto::Seller {
            display_name: id.to_owned(),
            principal: format!("employees/{id}"),
            manager: manager.to_owned(),
            region: "Central".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = caller.sellers().create_seller(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn move_under(
    caller: &Caller,
    seller: &proto::Seller,
    manager: &str,
) -> Result<proto::Seller, Status> {
    let request = proto::UpdateSellerRequest {
        seller: Some(proto::Seller {
            name: seller.name.clone(),
            manager: manager.to_owned(),
            ..Default::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["manager".to_owned()],
        }),
        ..Default::default()
    };
    let answer = caller.sellers().update_seller(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn list(
    caller: &Caller,
    filter: &str,
    page_size: i32,
    page_token: &str,
) -> proto::ListSellersResponse {
    let request = proto::ListSellersRequest {
        page_size,
        page_token: page_token.to_owned(),
        filter: filter.to_owned(),
    };
    caller
        .sellers()
        .list_sellers(request)
        .await
        .unwrap()
        .into_inner()
}

fn deactivate(seller: &proto::Seller) -> proto::DeactivateSellerRequest {
    proto::DeactivateSellerRequest {
        name: seller.name.clone(),
        etag: seller.etag.clone(),
        ..Default::default()
    }
}

on_each_engine! {
    async fn a_principal_sells_once(db: Database) {
        let caller = Caller::of(&db).await;
        let anna = seller(&caller, "anna", "").await;
        assert_eq!((anna.state(), anna.region.as_str()), (proto::SellerState::Active, "Central"));
        let taken = create(&caller, "anna", "").await.unwrap_err();
        assert_eq!((taken.code(), metadata(&taken, "resource")), (Code::AlreadyExists, anna.name));
        create(&caller.of_another_tenant(), "anna", "").await.unwrap();
    }

    async fn nobody_manages_his_manager(db: Database) {
        let caller = Caller::of(&db).await;
        let boss = seller(&caller, "boss", "").await;
        let lead = seller(&caller, "lead", &boss.name).await;
        let anna = seller(&caller, "anna", &lead.name).await;
        let circle = move_under(&caller, &boss, &anna.name).await.unwrap_err();
        assert_eq!(fields(&circle), ["seller.manager"]);
        let nobody = "sellers/018f0000-0000-7000-8000-000000000000";
        let unknown = move_under(&caller, &anna, nobody).await.unwrap_err();
        assert_eq!(fields(&unknown), ["seller.manager"]);
        assert_eq!(move_under(&caller, &anna, &boss.name).await.unwrap().manager, boss.name);
        assert_eq!(move_under(&caller, &lead, "").await.unwrap().manager, "");
    }

    async fn of_two_who_become_each_others_manager_at_once_one_does(db: Database) {
        let caller = Caller::of(&db).await;
        for pair in 0..10 {
            let one = seller(&caller, &format!("one{pair}"), "").await;
            let other = seller(&caller, &format!("other{pair}"), "").await;
            let (first, second) = tokio::join!(
                move_under(&caller, &one, &other.name),
                move_under(&caller, &other, &one.name),
            );
            assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
        }
    }

    async fn who_left_takes_on_nothing_and_may_come_back(db: Database) {
        let caller = Caller::of(&db).await;
        let anna = seller(&caller, "anna", "").await;
        let gone = caller.sellers().deactivate_seller(deactivate(&anna)).await.unwrap().into_inner();
        assert_eq!(gone.state(), proto::SellerState::Inactive);
        let stale = caller.sellers().deactivate_seller(deactivate(&anna)).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
        let again = caller.sellers().deactivate_seller(deactivate(&gone)).await.unwrap_err();
        assert_eq!((reason(&again).as_str(), metadata(&again, "state").as_str()), ("INVALID_STATE", "INACTIVE"));
        let back = proto::ReactivateSellerRequest { name: anna.name, ..Default::default() };
        let back = caller.sellers().reactivate_seller(back).await.unwrap().into_inner();
        assert_eq!(back.state(), proto::SellerState::Active);
    }

    async fn a_repeated_request_records_one_seller(db: Database) {
        let caller = Caller::of(&db).await;
        let request = proto::CreateSellerRequest {
            seller: Some(proto::Seller {
                display_name: "Anna".to_owned(),
                principal: "employees/anna".to_owned(),
                ..Default::default()
            }),
            request_id: "018f0000-0000-7000-8000-000000000001".to_owned(),
        };
        let first = caller.sellers().create_seller(request.clone()).await.unwrap().into_inner();
        let second = caller.sellers().create_seller(request).await.unwrap().into_inner();
        assert_eq!(first, second);
    }

    async fn lists_are_filtered_paged_and_ones_own(db: Database) {
        let caller = Caller::of(&db).await;
        let boss = seller(&caller, "boss", "").await;
        for id in ["anna", "bob", "carl"] {
            seller(&caller, id, &boss.name).await;
        }
        let team = format!("manager = \"{}\"", boss.name);
        let first = list(&caller, &team, 2, "").await;
        let rest = list(&caller, &team, 2, &first.next_page_token).await;
        let names: Vec<_> = first.sellers.iter().chain(&rest.sellers).map(|it| it.display_name.as_str()).collect();
        assert_eq!((names, rest.next_page_token.as_str()), (vec!["anna", "bob", "carl"], ""));
        assert!(list(&caller.of_another_tenant(), "", 0, "").await.sellers.is_empty());
    }
}
