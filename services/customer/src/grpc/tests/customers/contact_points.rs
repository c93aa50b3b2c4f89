//! Addresses of customers.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::ContactPointState as State;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::r#type::v1::Channel;
use tonic::Code;

use super::{mask, person};
use crate::testing::{Caller, fields, metadata, reason};

fn phone(number: &str) -> Address {
    Address::Phone(number.to_owned())
}

fn email(address: &str) -> Address {
    Address::Email(address.to_owned())
}

fn office() -> Address {
    Address::Postal(proto::PostalAddress {
        region_code: "CH".to_owned(),
        postal_code: "8002".to_owned(),
        locality: "Zürich".to_owned(),
        address_lines: vec!["Brandschenkestrasse 110".to_owned()],
        ..Default::default()
    })
}

fn messenger() -> Address {
    Address::Handle(proto::Handle {
        platform: "whatsapp".to_owned(),
        id: "ada.l".to_owned(),
    })
}

async fn labels(caller: &Caller, customer: &proto::Customer) -> Vec<String> {
    let (mut labels, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListContactPointsRequest {
            parent: customer.name.clone(),
            page_size: 2,
            page_token,
        };
        let page = caller
            .contact_points()
            .list_contact_points(request)
            .await
            .unwrap()
            .into_inner();
        labels.extend(page.contact_points.into_iter().map(|point| point.label));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return labels;
        }
    }
}

on_each_engine! {
    async fn addresses_are_normalised(db: Database) {
        let caller = Caller::of(&db).await;
        let swiss = caller.created(person("Ada")).await;
        let briton = caller
            .created(proto::Customer {
                region_code: "GB".to_owned(),
                ..person("Eve")
            })
            .await;
        for (customer, sent, kept) in [
            (
                &swiss,
                phone("044 668 18 00 ext. 12"),
                phone("+41446681800;ext=12"),
            ),
            (&briton, phone("020 7946 0958"), phone("+442079460958")),
            (
                &swiss,
                email("Käthe@MÜLLER.example"),
                email("Käthe@xn--mller-kva.example"),
            ),
            (&swiss, office(), office()),
            (&swiss, messenger(), messenger()),
        ] {
            let added = caller.add(customer, sent).await.unwrap();
            assert_eq!(added.address, Some(kept));
            let request = proto::GetContactPointRequest {
                name: added.name.clone(),
            };
            let read = caller
                .contact_points()
                .get_contact_point(request)
                .await
                .unwrap();
            assert_eq!(read.into_inner(), added);
        }
    }

    async fn a_new_address_serves_what_is_usual(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let added = caller.add(&ada, phone("+41 79 123 45 67")).await.unwrap();
        let channels: Vec<_> = added.channels().collect();
        assert_eq!(
            channels,
            [Channel::Phone, Channel::CallCentre, Channel::Sms]
        );
        assert_eq!((added.state(), added.verify_time), (State::Active, None));
        assert_eq!(added.create_time, Some(caller.ctx.now.into()));
        assert_eq!(
            caller.announced().await,
            ["CustomerCreated", "ContactPointChanged"]
        );
    }

    async fn a_wrong_address_says_what_is_wrong(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        for (address, field) in [
            (Some(phone("12")), "contact_point.phone"),
            (Some(email("ada")), "contact_point.email"),
            (
                Some(Address::Postal(proto::PostalAddress::default())),
                "contact_point.postal.region_code",
            ),
            (
                Some(Address::Handle(proto::Handle::default())),
                "contact_point.handle.platform",
            ),
            (None, "contact_point.address"),
        ] {
            let point = proto::ContactPoint {
                address,
                ..Default::default()
            };
            let refused = caller.add_point(&ada, point).await.unwrap_err();
            assert_eq!(
                (refused.code(), fields(&refused)[0].as_str()),
                (Code::InvalidArgument, field)
            );
        }
        let unusable = proto::ContactPoint {
            address: Some(email("ada@example.com")),
            channels: vec![Channel::Email.into(), Channel::Post.into()],
            rank: 1_001,
            valid_from_time: Some(caller.ctx.now.into()),
            valid_to_time: Some(caller.ctx.now.into()),
            ..Default::default()
        };
        let refused = caller.add_point(&ada, unusable).await.unwrap_err();
        assert_eq!(
            fields(&refused),
            [
                "contact_point.channels[1]",
                "contact_point.rank",
                "contact_point.valid_to_time",
            ]
        );
    }

    async fn a_customer_has_each_address_once(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let eve = caller.created(person("Eve")).await;
        let first = caller.add(&ada, email("ada@example.com")).await.unwrap();
        let again = caller
            .add(&ada, email("ADA@Example.COM"))
            .await
            .unwrap_err();
        assert_eq!(
            (again.code(), metadata(&again, "resource")),
            (Code::AlreadyExists, first.name)
        );
        caller.add(&eve, email("ada@example.com")).await.unwrap();
        assert_eq!(caller.find("ada@example.com").await, ["Ada", "Eve"]);
    }

    async fn of_one_address_many_times_at_once_one_is_kept(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let additions = (0..8).map(|_| {
            let (caller, ada) = (caller.clone(), ada.clone());
            tokio::spawn(async move { caller.add(&ada, email("ada@example.com")).await })
        });
        let mut kept = 0;
        for added in futures::future::join_all(additions).await {
            match added.unwrap() {
                Ok(_) => kept += 1,
                Err(refused) => assert_eq!(reason(&refused), "RESOURCE_EXISTS"),
            }
        }
        assert_eq!(kept, 1);
    }

    async fn the_best_addresses_come_first(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        for (rank, label) in [
            (0, "fifth"),
            (2, "third"),
            (1, "first"),
            (0, "sixth"),
            (1, "second"),
            (1_000, "fourth"),
        ] {
            let point = proto::ContactPoint {
                address: Some(email(&format!("{label}@example.com"))),
                label: label.to_owned(),
                rank,
                ..Default::default()
            };
            assert_eq!(caller.add_point(&ada, point).await.unwrap().rank, rank);
        }
        assert_eq!(
            labels(&caller, &ada).await,
            ["first", "second", "third", "fourth", "fifth", "sixth"]
        );
    }

    async fn the_use_of_an_address_changes_and_the_address_does_not(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let point = caller.add(&ada, phone("+41 79 123 45 67")).await.unwrap();
        let update =
            |patch: proto::ContactPoint, paths: &[&str]| proto::UpdateContactPointRequest {
                contact_point: Some(patch),
                update_mask: mask(paths),
                ..Default::default()
            };
        let patch = proto::ContactPoint {
            label: "mobile".to_owned(),
            channels: vec![Channel::Sms.into()],
            ..point.clone()
        };
        let service = || caller.contact_points();
        let changed = service()
            .update_contact_point(update(patch.clone(), &["label", "channels"]))
            .await;
        let changed = changed.unwrap().into_inner();
        assert_eq!(
            (changed.label.as_str(), changed.channels.len()),
            ("mobile", 1)
        );
        assert_eq!(changed.address, point.address);

        let stale = service()
            .update_contact_point(update(patch.clone(), &["label"]))
            .await;
        assert_eq!(reason(&stale.unwrap_err()), "ETAG_MISMATCH");
        let address = service()
            .update_contact_point(update(patch, &["phone"]))
            .await;
        assert_eq!(reason(&address.unwrap_err()), "INVALID_UPDATE_MASK");
    }

    async fn bounces_complaints_and_proofs_are_remembered(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let point = caller.add(&ada, email("ada@example.com")).await.unwrap();
        let later = caller.later(std::time::Duration::from_secs(60));
        let report = |state: State| proto::ReportContactPointProblemRequest {
            name: point.name.clone(),
            state: state.into(),
            ..Default::default()
        };
        let service = || later.contact_points();
        let bounced = service()
            .report_contact_point_problem(report(State::Bounced))
            .await;
        let bounced = bounced.unwrap().into_inner();
        assert_eq!(
            (bounced.state(), bounced.state_time),
            (State::Bounced, Some(later.ctx.now.into()))
        );

        let verify = proto::VerifyContactPointRequest {
            name: point.name.clone(),
            ..Default::default()
        };
        let verified = service()
            .verify_contact_point(verify)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (verified.state(), verified.verify_time),
            (State::Active, Some(later.ctx.now.into()))
        );

        let wrong = service()
            .report_contact_point_problem(report(State::Active))
            .await;
        assert_eq!(fields(&wrong.unwrap_err()), ["state"]);
    }

    async fn a_customer_has_room_for_a_hundred(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        for number in 0..100 {
            caller
                .add_email(&ada, &format!("a{number}@example.com"))
                .await;
        }
        let refused = caller
            .add(&ada, email("more@example.com"))
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "INVALID_STATE")
        );
    }

    async fn a_deleted_address_is_announced_and_gone(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let point = caller.add(&ada, email("ada@example.com")).await.unwrap();
        let request = proto::DeleteContactPointRequest {
            name: point.name.clone(),
            etag: point.etag,
            request_id: super::a_request_id(),
        };
        let service = || caller.contact_points();
        service()
            .delete_contact_point(request.clone())
            .await
            .unwrap();
        service().delete_contact_point(request).await.unwrap();
        let gone = service()
            .get_contact_point(proto::GetContactPointRequest { name: point.name })
            .await;
        assert_eq!(gone.unwrap_err().code(), Code::NotFound);
        assert_eq!(
            caller.announced().await.last().unwrap(),
            "ContactPointDeleted"
        );
        caller.add(&ada, email("ada@example.com")).await.unwrap();
    }
}
