use super::*;

const CALLER: &str = "employees/7";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn call() -> InteractionParts<'static> {
    InteractionParts {
        channel: Channel::Phone.number(),
        direction: Direction::Inbound.number(),
        summary: "Asked about plan A",
        ..InteractionParts::default()
    }
}

fn parse(parts: &InteractionParts<'_>) -> Result<NewInteraction, InvalidFields> {
    NewInteraction::parse(parts, CALLER, at(1_000))
}

fn refused_field(parts: &InteractionParts<'_>) -> String {
    let violations = parse(parts).unwrap_err().at("interaction");
    assert_eq!(violations.len(), 1);
    violations[0].field.clone()
}

#[test]
fn what_is_not_said_is_the_callers_and_now() {
    let interaction = parse(&call()).unwrap();

    assert_eq!(interaction.agent(), CALLER);
    assert_eq!(interaction.occur_time(), at(1_000));
    assert_eq!(
        (
            interaction.body(),
            interaction.outcome(),
            interaction.duration()
        ),
        (None, None, None)
    );
}

#[test]
fn a_contact_keeps_everything_that_was_told() {
    let conversation = Uuid::from_u128(1);
    let interaction = parse(&InteractionParts {
        direction: Direction::Outbound.number(),
        purpose: Purpose::Sales.number(),
        conversation: Some(conversation),
        agent: "systems/dialler",
        body: " verbatim\u{7} ",
        outcome: Outcome::NoAnswer.number(),
        occur_time: Some(at(10)),
        duration: Some((90, 0)),
        links: vec!["quotes/1", "assets/2"],
        external_id: Some(("dialler", "call-1")),
        ..call()
    })
    .unwrap();

    assert_eq!(interaction.purpose(), Some(Purpose::Sales));
    assert_eq!(interaction.conversation(), Some(conversation));
    assert_eq!(interaction.agent(), "systems/dialler");
    assert_eq!(interaction.body(), Some(" verbatim\u{7} "));
    assert_eq!(interaction.outcome(), Some(Outcome::NoAnswer));
    assert_eq!(interaction.occur_time(), at(10));
    assert_eq!(interaction.duration(), Some(Duration::from_secs(90)));
    assert_eq!(interaction.links().len(), 2);
    assert_eq!(
        interaction.external_id().map(ExternalId::id),
        Some("call-1")
    );
}

#[test]
fn a_clock_may_run_five_minutes_ahead_and_no_more() {
    for (second, accepted) in [(0, true), (1_000, true), (1_300, true), (1_301, false)] {
        let parts = InteractionParts {
            occur_time: Some(at(second)),
            ..call()
        };
        assert_eq!(parse(&parts).is_ok(), accepted, "{second}");
    }
}

#[test]
fn only_the_company_has_a_purpose() {
    let parts = InteractionParts {
        purpose: Purpose::Sales.number(),
        ..call()
    };

    assert_eq!(refused_field(&parts), "interaction.purpose");
}

#[test]
fn each_limit_is_named_at_its_field() {
    let long = "x".repeat(2_001);
    let body = "x".repeat(65_537);
    for (parts, field) in [
        (
            InteractionParts {
                channel: 0,
                ..call()
            },
            "interaction.channel",
        ),
        (
            InteractionParts {
                direction: 0,
                ..call()
            },
            "interaction.direction",
        ),
        (
            InteractionParts {
                purpose: 6,
                ..call()
            },
            "interaction.purpose",
        ),
        (
            InteractionParts {
                outcome: 9,
                ..call()
            },
            "interaction.outcome",
        ),
        (
            InteractionParts {
                summary: " ",
                ..call()
            },
            "interaction.summary",
        ),
        (
            InteractionParts {
                summary: &long,
                ..call()
            },
            "interaction.summary",
        ),
        (
            InteractionParts {
                body: &body,
                ..call()
            },
            "interaction.body",
        ),
        (
            InteractionParts {
                body: "a\0b",
                ..call()
            },
            "interaction.body",
        ),
        (
            InteractionParts {
                agent: "Anna",
                ..call()
            },
            "interaction.agent",
        ),
        (
            InteractionParts {
                agent: "employees/",
                ..call()
            },
            "interaction.agent",
        ),
        (
            InteractionParts {
                duration: Some((-1, 0)),
                ..call()
            },
            "interaction.duration",
        ),
        (
            InteractionParts {
                duration: Some((1, 5)),
                ..call()
            },
            "interaction.duration",
        ),
        (
            InteractionParts {
                duration: Some((604_801, 0)),
                ..call()
            },
            "interaction.duration",
        ),
        (
            InteractionParts {
                links: vec!["quotes"],
                ..call()
            },
            "interaction.links[0]",
        ),
        (
            InteractionParts {
                external_id: Some(("crm", "")),
                ..call()
            },
            "interaction.external_id.id",
        ),
    ] {
        assert_eq!(refused_field(&parts), field);
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let violations = parse(&InteractionParts::default())
        .unwrap_err()
        .at("interaction");

    let fields: Vec<_> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "interaction.channel",
            "interaction.direction",
            "interaction.summary"
        ]
    );
}

#[test]
fn a_message_is_an_outbound_contact_that_has_yet_to_arrive() {
    let parts = MessageParts {
        channel: Channel::Email.number(),
        purpose: Purpose::Marketing.number(),
        subject: "Our spring offer",
        body: "Dear Ada …",
        links: vec!["campaigns/1"],
        ..MessageParts::default()
    };

    let message = NewInteraction::message(&parts, CALLER, at(5))
        .unwrap()
        .by_way_of(Uuid::max());

    assert_eq!(message.direction(), Direction::Outbound);
    assert_eq!(message.purpose(), Some(Purpose::Marketing));
    assert_eq!(message.outcome(), Some(Outcome::Queued));
    assert_eq!(message.summary(), "Our spring offer");
    assert_eq!((message.occur_time(), message.agent()), (at(5), CALLER));
    assert_eq!(message.contact_point(), Some(Uuid::max()));
}

#[test]
fn a_message_needs_a_channel_a_purpose_and_a_subject() {
    let refused = NewInteraction::message(&MessageParts::default(), CALLER, at(5)).unwrap_err();

    let fields: Vec<_> = refused.at("").into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["channel", "purpose", "subject"]);
}
