//! The domain's enums carry the numbers and names of the protos.

use rapport_platform::testing::values_in_proto;

use super::price::{BookVerdict, PriceVerdict, TaxTreatment};
use super::seller::SellerState;

macro_rules! agree {
    ($( $domain:ty => $proto:literal, )+) => {
        $(
            let domain: Vec<_> = <$domain>::ALL
                .iter()
                .map(|it| (it.number(), it.label().to_owned()))
                .collect();
            assert_eq!(domain, values_in_proto($proto), $proto);
        )+
    };
}

#[test]
fn numbers_and_names_are_those_of_the_protos() {
    agree! {
        BookVerdict => "rapport.sales.v1.PriceBookVerdict",
        PriceVerdict => "rapport.sales.v1.PriceVerdict",
        TaxTreatment => "rapport.sales.v1.TaxTreatment",
        SellerState => "rapport.sales.v1.SellerState",
    }
}
