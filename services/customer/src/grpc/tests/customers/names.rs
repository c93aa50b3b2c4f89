//! Customers are called what they call themselves.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::customer::Profile;
use tonic::Code;

use super::{organisation, person};
use crate::testing::{Caller, fields, reason};

on_each_engine! {
    async fn names_in_every_script_come_back_as_written(db: Database) {
        let caller = Caller::of(&db).await;
        let long = "👩‍👩‍👧".repeat(100) + &"王".repeat(100);
        for name in ["王小明", "José Núñez", "محمد بن سلمان", "Łódź", &long] {
            let created = caller.created(person(name)).await;
            assert_eq!(caller.get(&created.name).await.unwrap(), created);
            assert_eq!(created.display_name, name);
        }
        let longer = person(&"王".repeat(201));
        let refused = caller.create(longer).await.unwrap_err();
        assert_eq!(fields(&refused), ["customer.person.full_name"]);
    }

    async fn a_new_customer_is_complete_and_announced(db: Database) {
        let caller = Caller::of(&db).await;

        let ada = caller
            .created(proto::Customer {
                language_code: "en-gb".to_owned(),
                region_code: "GB".to_owned(),
                time_zone: "europe/london".to_owned(),
                primary_employee: "employees/17".to_owned(),
                ..person("Ada Lovelace")
            })
            .await;

        let now = Some(caller.ctx.now.into());
        assert_eq!(
            (ada.create_time, ada.update_time, ada.delete_time),
            (now, now, None)
        );
        assert_eq!(
            (ada.language_code.as_str(), ada.time_zone.as_str()),
            ("en-GB", "Europe/London")
        );
        assert_eq!(ada.lifecycle_stage(), proto::LifecycleStage::Awareness);
        assert!(!ada.etag.is_empty());
        assert_eq!(caller.announced().await, ["CustomerCreated"]);
    }

    async fn an_organisation_is_kept_with_its_figures(db: Database) {
        let caller = Caller::of(&db).await;
        let figures = proto::Organisation {
            legal_name: "Acme Holding AG".to_owned(),
            trading_name: "Acme".to_owned(),
            industry: "medical".to_owned(),
            employee_count: 120,
            founding_year: 1996,
            annual_revenue: Some(rapport_proto::google::r#type::Money {
                currency_code: "CHF".to_owned(),
                units: 1_100,
                nanos: 40_000_000,
            }),
        };
        let acme = caller
            .created(proto::Customer {
                profile: Some(Profile::Organisation(figures.clone())),
                ..Default::default()
            })
            .await;
        assert_eq!(acme.display_name, "Acme");
        assert_eq!(
            caller.get(&acme.name).await.unwrap().profile,
            Some(Profile::Organisation(figures))
        );
    }

    async fn a_birthday_is_kept_without_its_year(db: Database) {
        let caller = Caller::of(&db).await;
        for (year, month, day) in [(1815, 12, 10), (0, 2, 29)] {
            let date = rapport_proto::google::r#type::Date { year, month, day };
            let profile = proto::Person {
                full_name: "Ada".to_owned(),
                birth_date: Some(date),
                ..Default::default()
            };
            let profile = Some(Profile::Person(profile));
            let ada = caller
                .created(proto::Customer {
                    profile: profile.clone(),
                    ..Default::default()
                })
                .await;
            assert_eq!(caller.get(&ada.name).await.unwrap().profile, profile);
        }
    }

    async fn every_fault_of_a_customer_is_named_at_once(db: Database) {
        let caller = Caller::of(&db).await;
        let revenue = rapport_proto::google::r#type::Money {
            currency_code: "ZZZ".to_owned(),
            ..Default::default()
        };
        let acme = proto::Organisation {
            annual_revenue: Some(revenue),
            ..Default::default()
        };
        let refused = caller
            .create(proto::Customer {
                profile: Some(Profile::Organisation(acme)),
                parent: "customers/1".to_owned(),
                region_code: "Switzerland".to_owned(),
                ..Default::default()
            })
            .await
            .unwrap_err();

        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), "INVALID_FIELD");
        assert_eq!(
            fields(&refused),
            [
                "customer.organisation.annual_revenue",
                "customer.organisation.legal_name",
                "customer.region_code",
                "customer.parent",
            ]
        );
        assert!(caller.announced().await.is_empty());
    }

    async fn several_are_read_in_the_order_asked_for(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await.name;
        let acme = caller.created(organisation("Acme")).await.name;
        let nobody = "customers/0190e5a4-0000-7000-8000-00000000000a".to_owned();

        let request = proto::BatchGetCustomersRequest {
            names: vec![acme, nobody, ada],
        };
        let answer = caller
            .customers()
            .batch_get_customers(request)
            .await
            .unwrap()
            .into_inner();

        let names: Vec<_> = answer
            .customers
            .iter()
            .map(|it| it.display_name.as_str())
            .collect();
        assert_eq!(names, ["Acme", "Ada"]);
    }
}
