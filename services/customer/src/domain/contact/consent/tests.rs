use std::time::Duration;

mod properties;

use super::entry::Subject;
use super::*;
use crate::domain::contact::policy::{PolicyParts, Topic};

const DAY: Duration = Duration::from_hours(24);
const ADA: Uuid = Uuid::from_u128(0xada);
const BOB: Uuid = Uuid::from_u128(0xb0b);
const HOME: Uuid = Uuid::from_u128(1);
const WORK: Uuid = Uuid::from_u128(2);
const EMAIL: ConsentScope = ConsentScope::Channel(Channel::Email);

/// An instant of 2026, such as `06-30T23:59:59Z`.
fn at(rest: &str) -> Timestamp {
    format!("2026-{rest}").parse().unwrap()
}

fn topic(id: &str) -> TopicId {
    TopicId::parse(id).unwrap()
}

/// A policy that orders this about marketing, with one topic that needs an opt-in anyway.
fn policy(mode: PurposeMode, double_opt_in: bool) -> ContactPolicy {
    let marketing = Purpose::Marketing.number();
    let topics = [("news", false), ("health", true)];
    let topics = topics.map(|(id, needs)| Topic::parse(id, marketing, id, needs).unwrap());
    ContactPolicy::parse(PolicyParts {
        purposes: vec![PurposeRule::parse(marketing, mode.number(), double_opt_in).unwrap()],
        topics: topics.to_vec(),
        ..PolicyParts::default()
    })
    .unwrap()
}

fn free() -> ContactPolicy {
    policy(PurposeMode::NonRestrictive, false)
}

fn restrictive() -> ContactPolicy {
    policy(PurposeMode::Restrictive, false)
}

/// Ada's entry about marketing on all channels, captured, effective and recorded at one instant.
fn entry(status: ConsentStatus, when: Timestamp) -> ConsentEvent {
    ConsentEvent {
        id: Uuid::from_u128(u128::try_from(when.as_micros()).unwrap_or_default()),
        member: ADA,
        scope: ConsentScope::All,
        purpose: Some(Purpose::Marketing),
        topic: None,
        status,
        capture_time: when,
        confirmation: Confirmation::NotAsked,
        effective_time: when,
        expire_time: None,
        record_time: when,
    }
}

fn opt_in(when: &str) -> ConsentEvent {
    entry(ConsentStatus::OptIn, at(when))
}

fn opt_out(when: &str) -> ConsentEvent {
    entry(ConsentStatus::OptOut, at(when))
}

fn member(customer: Uuid, joined: Option<&str>) -> Member {
    let joined = joined.map(at);
    Member { customer, joined }
}

fn of_ada(events: &[ConsentEvent]) -> Ledger {
    Ledger::new(events.to_vec(), vec![member(ADA, None)])
}

/// An e-mail about marketing to the address at home.
fn email(topic: Option<&TopicId>) -> ConsentQuestion<'_> {
    ConsentQuestion {
        channel: Channel::Email,
        purpose: Purpose::Marketing,
        topic,
        address: Some(HOME),
    }
}

fn outcome(ledger: &Ledger, policy: &ContactPolicy, when: &str) -> ConsentOutcome {
    ledger.judge(policy, &email(None), at(when)).outcome
}

#[test]
fn who_opted_in_is_opted_out_while_merged_with_one_who_opted_out() {
    let his = ConsentEvent {
        member: BOB,
        ..opt_out("05-03T00:00:00Z")
    };
    let hers = opt_in("05-01T00:00:00Z");
    let joined = vec![member(ADA, None), member(BOB, Some("05-10T00:00:00Z"))];
    let merged = Ledger::new(vec![hers.clone(), his.clone()], joined.clone());
    let policy = restrictive();
    assert_eq!(
        outcome(&merged, &policy, "05-11T00:00:00Z"),
        ConsentOutcome::OptedOut
    );
    // The other way round she would have opted in after him, and still not on his behalf.
    let later = opt_in("05-05T00:00:00Z");
    let merged = Ledger::new(vec![later, his.clone()], joined.clone());
    assert_eq!(
        outcome(&merged, &policy, "05-11T00:00:00Z"),
        ConsentOutcome::OptedOut
    );
    // Once they are known to be one, an opt-in speaks for both.
    let knowing = opt_in("05-12T00:00:00Z");
    let merged = Ledger::new(vec![hers.clone(), his, knowing], joined);
    assert_eq!(
        outcome(&merged, &policy, "05-13T00:00:00Z"),
        ConsentOutcome::OptedIn
    );
    // Before the merge, and after it was undone.
    assert_eq!(
        outcome(
            &merged.known_at(at("05-09T00:00:00Z")),
            &policy,
            "05-09T00:00:00Z"
        ),
        ConsentOutcome::OptedIn
    );
    assert_eq!(
        outcome(&of_ada(&[hers]), &policy, "05-14T00:00:00Z"),
        ConsentOutcome::OptedIn
    );
}

#[test]
fn a_consent_ends_at_the_instant_of_its_expiry() {
    let ledger = of_ada(&[ConsentEvent {
        expire_time: Some(at("07-01T00:00:00Z")),
        ..opt_in("05-01T00:00:00Z")
    }]);
    let policy = restrictive();
    assert_eq!(
        outcome(&ledger, &policy, "06-30T23:59:59.999999Z"),
        ConsentOutcome::OptedIn
    );
    assert_eq!(
        outcome(&ledger, &policy, "07-01T00:00:00Z"),
        ConsentOutcome::Missing
    );
    assert_eq!(
        outcome(&ledger, &free(), "07-01T00:00:00Z"),
        ConsentOutcome::NotNeeded
    );
}

#[test]
fn a_consent_begins_when_it_says() {
    let ledger = of_ada(&[ConsentEvent {
        effective_time: at("06-01T00:00:00Z"),
        ..opt_in("05-01T00:00:00Z")
    }]);
    let policy = restrictive();
    assert_eq!(
        outcome(&ledger, &policy, "05-31T23:59:59Z"),
        ConsentOutcome::Missing
    );
    assert_eq!(
        outcome(&ledger, &policy, "06-01T00:00:00Z"),
        ConsentOutcome::OptedIn
    );
    let from = ledger.permits_from(&policy, &email(None), at("05-02T00:00:00Z"));
    assert_eq!(from, Some(at("06-01T00:00:00Z")));
}

#[test]
fn where_a_confirmation_is_demanded_an_opt_in_alone_is_none() {
    let double = policy(PurposeMode::Restrictive, true);
    let asked = |confirmation| {
        of_ada(&[ConsentEvent {
            confirmation,
            ..opt_in("05-01T00:00:00Z")
        }])
    };
    let of = |confirmation, policy: &ContactPolicy| {
        outcome(&asked(confirmation), policy, "05-02T00:00:00Z")
    };
    assert_eq!(
        of(Confirmation::NotAsked, &double),
        ConsentOutcome::Unconfirmed
    );
    assert_eq!(
        of(Confirmation::Awaited, &double),
        ConsentOutcome::Unconfirmed
    );
    assert_eq!(of(Confirmation::Given, &double), ConsentOutcome::OptedIn);
    // Whoever gave it may not be the customer: it is none under any rule.
    assert_eq!(
        of(Confirmation::Awaited, &restrictive()),
        ConsentOutcome::Unconfirmed
    );
    assert_eq!(
        of(Confirmation::NotAsked, &restrictive()),
        ConsentOutcome::OptedIn
    );
}

#[test]
fn an_opt_out_of_any_scope_outweighs_opt_ins_of_every_other() {
    let scopes = [ConsentScope::All, EMAIL, ConsentScope::ContactPoint(HOME)];
    for out in scopes {
        for given in scopes {
            for policy in [free(), restrictive()] {
                let events = [
                    ConsentEvent {
                        scope: out,
                        ..opt_out("05-01T00:00:00Z")
                    },
                    ConsentEvent {
                        scope: given,
                        ..opt_in("05-02T00:00:00Z")
                    },
                ];
                let expected = match out == given {
                    true => ConsentOutcome::OptedIn,
                    false => ConsentOutcome::OptedOut,
                };
                let told = outcome(&of_ada(&events), &policy, "05-03T00:00:00Z");
                assert_eq!(told, expected, "{out:?} {given:?}");
            }
        }
    }
}

#[test]
fn an_entry_is_about_its_own_channel_address_and_purpose() {
    let elsewhere = [
        ConsentEvent {
            scope: ConsentScope::Channel(Channel::Sms),
            ..opt_out("05-01T00:00:00Z")
        },
        ConsentEvent {
            scope: ConsentScope::ContactPoint(WORK),
            ..opt_out("05-02T00:00:00Z")
        },
        ConsentEvent {
            purpose: Some(Purpose::Sales),
            ..opt_out("05-03T00:00:00Z")
        },
    ];
    assert_eq!(
        outcome(&of_ada(&elsewhere), &free(), "05-04T00:00:00Z"),
        ConsentOutcome::NotNeeded
    );
    let everything = ConsentEvent {
        purpose: None,
        ..opt_out("05-01T00:00:00Z")
    };
    let ledger = of_ada(&[everything]);
    for &purpose in Purpose::ALL {
        let question = ConsentQuestion {
            purpose,
            ..email(None)
        };
        let told = ledger.judge(&free(), &question, at("05-02T00:00:00Z"));
        let obeyed = purpose.obeys_preferences();
        assert_eq!(
            told.outcome == ConsentOutcome::OptedOut,
            obeyed,
            "{purpose}"
        );
    }
}

#[test]
fn an_opt_out_of_the_purpose_beats_an_opt_in_to_a_topic() {
    let news = topic("news");
    let about_news = |event| ConsentEvent {
        topic: Some(news.clone()),
        ..event
    };
    let ledger = of_ada(&[
        opt_out("05-01T00:00:00Z"),
        about_news(opt_in("05-02T00:00:00Z")),
    ]);
    let of = |ledger: &Ledger, topic| {
        let told = ledger.judge(&free(), &email(topic), at("05-03T00:00:00Z"));
        told.outcome
    };
    assert_eq!(of(&ledger, Some(&news)), ConsentOutcome::OptedOut);
    // And an opt-out of a topic leaves the purpose alone.
    let ledger = of_ada(&[about_news(opt_out("05-01T00:00:00Z"))]);
    assert_eq!(of(&ledger, Some(&news)), ConsentOutcome::OptedOut);
    assert_eq!(of(&ledger, None), ConsentOutcome::NotNeeded);
    // One that the policy no longer has may have needed a consent, as the other does.
    for other in [topic("health"), topic("gone")] {
        let told = ledger.judge(&free(), &email(Some(&other)), at("05-03T00:00:00Z"));
        assert_eq!(told.outcome, ConsentOutcome::Missing);
    }
}

#[test]
fn an_opt_in_lifts_an_opt_out_that_was_given_and_recorded_before_it() {
    let out = opt_out("05-02T00:00:00Z");
    let given = |captured: &str, recorded: &str| ConsentEvent {
        capture_time: at(captured),
        ..opt_in(recorded)
    };
    for (captured, recorded, expected) in [
        (
            "05-03T00:00:00Z",
            "05-03T00:00:00Z",
            ConsentOutcome::OptedIn,
        ),
        // A form signed before the opt-out and typed in after it.
        (
            "05-01T00:00:00Z",
            "05-03T00:00:00Z",
            ConsentOutcome::OptedOut,
        ),
        (
            "05-02T00:00:00Z",
            "05-03T00:00:00Z",
            ConsentOutcome::OptedOut,
        ),
        // Recorded before, whatever it says about when it was given.
        (
            "05-03T00:00:00Z",
            "05-01T00:00:00Z",
            ConsentOutcome::OptedOut,
        ),
    ] {
        let ledger = of_ada(&[out.clone(), given(captured, recorded)]);
        let told = outcome(&ledger, &restrictive(), "05-04T00:00:00Z");
        assert_eq!(told, expected, "{captured} {recorded}");
    }
    let awaited = ConsentEvent {
        confirmation: Confirmation::Awaited,
        ..opt_in("05-03T00:00:00Z")
    };
    assert_eq!(
        outcome(&of_ada(&[out, awaited]), &free(), "05-04T00:00:00Z"),
        ConsentOutcome::OptedOut
    );
}

#[test]
fn an_opt_in_that_is_over_lifts_nothing_any_more() {
    let ledger = of_ada(&[
        opt_out("05-01T00:00:00Z"),
        ConsentEvent {
            expire_time: Some(at("06-01T00:00:00Z")),
            ..opt_in("05-02T00:00:00Z")
        },
    ]);
    assert_eq!(
        outcome(&ledger, &free(), "05-31T00:00:00Z"),
        ConsentOutcome::OptedIn
    );
    assert_eq!(
        outcome(&ledger, &free(), "06-01T00:00:00Z"),
        ConsentOutcome::OptedOut
    );
}

#[test]
fn an_opt_out_dated_back_counts_from_when_it_is_known() {
    let ledger = of_ada(&[
        opt_in("05-03T00:00:00Z"),
        ConsentEvent {
            capture_time: at("05-04T00:00:00Z"),
            effective_time: at("05-04T00:00:00Z"),
            ..opt_out("05-10T00:00:00Z")
        },
    ]);
    let asked_then = ledger.known_at(at("05-05T00:00:00Z"));
    assert_eq!(
        outcome(&asked_then, &free(), "05-05T00:00:00Z"),
        ConsentOutcome::OptedIn
    );
    assert_eq!(
        outcome(&ledger, &free(), "05-10T00:00:00Z"),
        ConsentOutcome::OptedOut
    );
}

#[test]
fn a_disabled_purpose_is_closed_to_those_who_opted_in() {
    let disabled = policy(PurposeMode::Disabled, false);
    let ledger = of_ada(&[opt_in("05-01T00:00:00Z")]);
    assert_eq!(
        outcome(&ledger, &disabled, "05-02T00:00:00Z"),
        ConsentOutcome::Disabled
    );
}

#[test]
fn the_verdict_names_the_entries_that_decide() {
    let (out, more) = (opt_out("05-01T00:00:00Z"), opt_out("05-02T00:00:00Z"));
    let told = of_ada(&[opt_in("04-01T00:00:00Z"), out.clone(), more.clone()]).judge(
        &free(),
        &email(None),
        at("05-03T00:00:00Z"),
    );
    assert_eq!(told.events, [out.id, more.id]);
}

#[test]
fn an_opt_out_stands_until_its_own_subject_is_permitted_again() {
    let subject = Subject {
        scope: EMAIL,
        purpose: Some(Purpose::Marketing),
        topic: None,
    };
    let by_email = |event| ConsentEvent {
        scope: EMAIL,
        ..event
    };
    let out = by_email(opt_out("05-01T00:00:00Z"));
    let ledger = |more: &[ConsentEvent]| of_ada(&[std::slice::from_ref(&out), more].concat());
    assert!(ledger(&[]).has_opted_out_of(&subject));
    assert!(ledger(&[opt_in("05-02T00:00:00Z")]).has_opted_out_of(&subject));
    assert!(!ledger(&[by_email(opt_in("05-02T00:00:00Z"))]).has_opted_out_of(&subject));
    assert!(!of_ada(&[opt_out("05-01T00:00:00Z")]).has_opted_out_of(&subject));
}
