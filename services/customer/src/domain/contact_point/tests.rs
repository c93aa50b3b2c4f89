use super::*;
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::phone::PhoneNumber;
use crate::domain::postal::{PostalAddress, PostalAddressParts};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn phone(number: &str) -> Address {
    Address::Phone(PhoneNumber::parse(number, None).unwrap())
}

fn email(address: &str) -> Address {
    Address::Email(EmailAddress::parse(address).unwrap())
}

fn handle(platform: &str) -> Address {
    Address::Handle(Handle::parse(platform, "ada").unwrap())
}

fn postal() -> Address {
    let parts = PostalAddressParts {
        region_code: "CH",
        address_lines: vec!["Hauptstrasse 1"],
        ..PostalAddressParts::default()
    };
    Address::Postal(PostalAddress::parse(&parts).unwrap())
}

fn point(address: Address, parts: UsageParts<'_>) -> ContactPoint {
    let usage = Usage::parse(&address, parts).unwrap();
    ContactPoint::new(address, usage, at(0))
}

fn plain(address: Address) -> ContactPoint {
    point(address, UsageParts::default())
}

const MOBILE: &str = "+41791234567";
const FIXED: &str = "+41446681800";

#[test]
fn an_address_serves_what_is_usual_for_its_kind() {
    for (address, usual) in [
        (email("ada@example.com"), &[Channel::Email][..]),
        (
            phone(MOBILE),
            &[Channel::Phone, Channel::CallCentre, Channel::Sms],
        ),
        (phone(FIXED), &[Channel::Phone, Channel::CallCentre]),
        (
            phone("+16502530000"),
            &[Channel::Phone, Channel::CallCentre, Channel::Sms],
        ),
        (postal(), &[Channel::Post]),
        (handle("whatsapp"), &[Channel::InstantMessage]),
        (handle("fcm"), &[Channel::Push]),
    ] {
        let served = plain(address).usage().channels();
        assert!(served.iter().eq(usual.iter().copied()), "{served:?}");
    }
}

#[test]
fn what_is_said_about_an_address_goes_before_what_is_usual() {
    let fax = point(
        phone(FIXED),
        UsageParts {
            channels: &[Channel::Fax],
            ..UsageParts::default()
        },
    );

    assert!(fax.usage().channels().iter().eq([Channel::Fax]));
}

#[test]
fn an_address_cannot_serve_every_channel() {
    let parts = UsageParts {
        label: &"x".repeat(101),
        channels: &[Channel::Email, Channel::Sms, Channel::Phone],
        rank: 1_001,
        valid_from_time: Some(at(5)),
        valid_to_time: Some(at(5)),
    };

    let refused = Usage::parse(&email("ada@example.com"), parts).unwrap_err();

    let violations = refused.at("contact_point");
    let fields: Vec<_> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "contact_point.label",
            "contact_point.channels[1]",
            "contact_point.channels[2]",
            "contact_point.rank",
            "contact_point.valid_to_time",
        ]
    );
    assert!(
        violations[1]
            .description
            .contains("of kind EMAIL: choose from EMAIL")
    );
}

#[test]
fn spellings_of_one_address_have_one_identity() {
    for (one, other) in [
        (email("Ada@Müller.de"), email("ada@xn--mller-kva.de")),
        (phone("+41 79 123 45 67"), phone("tel:+41-79-123-4567")),
    ] {
        assert_eq!(one.identity(), other.identity());
    }
    assert_ne!(
        phone("+41446681800 ext. 1").identity(),
        phone("+41446681800").identity()
    );
    assert_ne!(handle("whatsapp").identity(), handle("signal").identity());
}

#[test]
fn an_address_is_usable_while_it_is_valid_and_works() {
    let mut point = point(
        email("ada@example.com"),
        UsageParts {
            valid_from_time: Some(at(10)),
            valid_to_time: Some(at(20)),
            ..UsageParts::default()
        },
    );
    assert_eq!(
        [9, 10, 19, 20].map(|now| point.usable_at(at(now))),
        [false, true, true, false]
    );

    point.report(AddressProblem::Bounced, at(12));
    assert!(!point.usable_at(at(13)));
    assert_eq!(point.state_time(), at(12));

    point.verify(at(14));
    assert!(point.usable_at(at(15)));
    assert_eq!(
        (point.state_time(), point.verify_time()),
        (at(14), Some(at(14)))
    );
}

#[test]
fn a_complaint_outlasts_everything_else() {
    let mut point = plain(email("ada@example.com"));

    point.report(AddressProblem::Bounced, at(1));
    point.report(AddressProblem::Complained, at(2));
    point.report(AddressProblem::Bounced, at(3));
    point.verify(at(4));

    assert_eq!(
        (point.state(), point.state_time()),
        (ContactPointState::Complained, at(2))
    );
    assert!(!point.usable_at(at(5)));
}

#[test]
fn a_second_bounce_changes_nothing() {
    let mut point = plain(email("ada@example.com"));

    point.report(AddressProblem::Bounced, at(1));
    point.report(AddressProblem::Bounced, at(2));

    assert_eq!(point.state_time(), at(1));
}

#[test]
fn the_best_address_is_the_first_usable_one_by_rank() {
    let ranked = |number: &str, rank| {
        point(
            phone(number),
            UsageParts {
                rank,
                ..UsageParts::default()
            },
        )
    };
    let mut points = [
        ranked("+41791234561", 0),
        ranked("+41791234562", 2),
        ranked("+41791234563", 1),
        ranked("+41791234564", 1),
        point(
            email("ada@example.com"),
            UsageParts {
                rank: 1,
                ..UsageParts::default()
            },
        ),
    ];
    let best = |points: &[ContactPoint]| {
        best_for(Channel::Sms, points, at(1)).map(|it| it.address().identity())
    };

    assert_eq!(best(&points).as_deref(), Some("+41791234563"));
    points[2].report(AddressProblem::Bounced, at(1));
    points[3].report(AddressProblem::Bounced, at(1));
    assert_eq!(best(&points).as_deref(), Some("+41791234562"));
    assert_eq!(best(&points[..0]), None);
}

#[test]
fn a_customer_is_reachable_where_some_address_works() {
    let mut points = [
        plain(email("ada@example.com")),
        plain(phone(MOBILE)),
        plain(postal()),
    ];
    points[0].report(AddressProblem::Complained, at(1));

    let channels = reachable(&points, at(2));

    assert!(channels.iter().eq([
        Channel::Phone,
        Channel::CallCentre,
        Channel::Sms,
        Channel::Post
    ]));
}
