//! Local phone numbers are those of the company's own country.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::duplicate_service_client::DuplicateServiceClient;
use rapport_proto::rapport::customer::v1::suppressed_address::Address as Suppressed;
use rapport_proto::rapport::customer::v1::suppression_service_client::SuppressionServiceClient;

use super::{Importer, Row, answered, person, row};
use crate::domain::contact::suppression::SuppressionReason;

/// A number as people of Zürich and of Lyon may both write it.
const LOCAL: &str = "044 668 18 00";
const SWISS: &str = "+41446681800";
const FRENCH: &str = "+33446681800";

impl Row {
    fn phone(mut self, number: &str) -> Self {
        self.0.contact_points.push(phone(number));
        self
    }
}

fn phone(number: &str) -> proto::ContactPoint {
    proto::ContactPoint {
        address: Some(Address::Phone(number.to_owned())),
        ..Default::default()
    }
}

impl Importer {
    async fn is_at_home_in(&self, region: &str) {
        self.order(proto::ContactPolicy {
            default_region_code: region.to_owned(),
            ..Default::default()
        })
        .await;
    }

    /// How the customer's numbers are kept.
    async fn numbers(&self, id: &str) -> Vec<String> {
        let points = self.known_as(id).await.contact_points.into_iter();
        let number = |point: proto::ContactPoint| match point.address {
            Some(Address::Phone(number)) => number,
            other => panic!("{other:?}"),
        };
        points.map(number).collect()
    }

    /// How a number is kept that somebody enters by hand.
    async fn enters(&self, id: &str, number: &str) -> proto::ContactPoint {
        let request = proto::CreateContactPointRequest {
            parent: self.name_of(id).await,
            contact_point: Some(phone(number)),
            ..Default::default()
        };
        answered(self.contact_points().create_contact_point(request).await)
    }

    async fn never_calls(&self, number: &str) {
        let request = proto::SuppressAddressRequest {
            address: Some(proto::SuppressedAddress {
                address: Some(Suppressed::Phone(number.to_owned())),
            }),
            reason: SuppressionReason::Legal.number(),
            ..Default::default()
        };
        let mut service = SuppressionServiceClient::new(self.link());
        answered(service.suppress_address(request).await);
    }

    /// How often a number is on the list of those that are not called.
    async fn listed(&self, number: &str) -> usize {
        let request = proto::FindSuppressionsRequest {
            address: Some(proto::SuppressedAddress {
                address: Some(Suppressed::Phone(number.to_owned())),
            }),
        };
        let mut service = SuppressionServiceClient::new(self.link());
        answered(service.find_suppressions(request).await)
            .suppressions
            .len()
    }

    /// How many customers are like a newcomer with this number.
    async fn like(&self, full_name: &str, number: &str) -> usize {
        let traits = proto::NewCustomerTraits {
            customer: Some(person(full_name)),
            contact_points: vec![phone(number)],
        };
        let request = proto::FindDuplicatesRequest {
            of: Some(proto::find_duplicates_request::Of::Traits(traits)),
            ..Default::default()
        };
        let mut service = DuplicateServiceClient::new(self.link());
        answered(service.find_duplicates(request).await)
            .matches
            .len()
    }
}

on_each_engine! {
    async fn one_local_number_is_two_numbers_in_two_countries(db: Database) {
        let zurich = Importer::of(&db).await;
        let lyon = Importer(zurich.of_another_tenant());
        lyon.is_at_home_in("FR").await;
        for company in [&zurich, &lyon] {
            company.import(&[row(2, "1", "Ana Müller").phone(LOCAL), row(3, "2", "Bob Berger")]).await;
        }
        assert_eq!(zurich.numbers("1").await, [SWISS], "by the operators' setting");
        assert_eq!(lyon.numbers("1").await, [FRENCH]);

        let entered = lyon.enters("2", LOCAL).await;
        assert_eq!(entered.address, Some(Address::Phone(FRENCH.to_owned())));
        let entered = zurich.enters("2", LOCAL).await;
        assert_eq!(entered.address, Some(Address::Phone(SWISS.to_owned())));

        let foreign = row(4, "3", "Cem Demir").with(|it| it.region_code = "CH".to_owned());
        lyon.import(&[foreign.phone(LOCAL)]).await;
        assert_eq!(lyon.numbers("3").await, [SWISS], "his own country comes first");
    }

    async fn numbers_are_recognised_by_the_companys_country(db: Database) {
        let lyon = Importer::of(&db).await;
        lyon.is_at_home_in("FR").await;
        lyon.import(&[row(2, "1", "Ana Müller").phone(FRENCH)]).await;
        assert_eq!(lyon.like("Ana Müller", LOCAL).await, 1);

        lyon.never_calls(LOCAL).await;
        assert_eq!((lyon.listed(FRENCH).await, lyon.listed(SWISS).await), (1, 0));
    }

    async fn a_company_that_moves_reads_new_numbers_only_in_another_way(db: Database) {
        let company = Importer::of(&db).await;
        company.import(&[row(2, "1", "Ana Müller").phone(LOCAL)]).await;
        company.is_at_home_in("FR").await;
        company.import(&[row(2, "2", "Bob Berger").phone(LOCAL)]).await;
        assert_eq!(company.numbers("1").await, [SWISS]);
        assert_eq!(company.numbers("2").await, [FRENCH]);
    }
}
