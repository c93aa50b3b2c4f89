//! What holds of every ledger.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn scopes() -> impl Strategy<Value = ConsentScope> {
    select(vec![
        ConsentScope::All,
        EMAIL,
        ConsentScope::Channel(Channel::Sms),
        ConsentScope::ContactPoint(HOME),
        ConsentScope::ContactPoint(WORK),
    ])
}

/// Entries of either customer in any order of giving, recorded one after the other.
fn entries() -> impl Strategy<Value = Vec<ConsentEvent>> {
    let subject = (
        scopes(),
        select(vec![None, Some(Purpose::Marketing), Some(Purpose::Sales)]),
        select(vec![None, Some("news"), Some("health")]),
    );
    let said = (
        select(vec![ConsentStatus::OptIn, ConsentStatus::OptOut]),
        select(vec![
            Confirmation::NotAsked,
            Confirmation::Awaited,
            Confirmation::Given,
        ]),
        select(vec![ADA, BOB]),
    );
    let times = (0..30u32, 0..30u32, prop::option::of(1..30u32));
    let entry = (subject, said, times);
    prop::collection::vec(entry, 0..8).prop_map(|all| {
        let entry = |(index, (subject, said, times)): (usize, _)| {
            let (scope, purpose, topic): (_, Option<Purpose>, Option<&str>) = subject;
            let (status, confirmation, member) = said;
            let (captured, wait, term): (u32, u32, Option<u32>) = times;
            let begin = at("05-01T00:00:00Z");
            let capture_time = begin.saturating_add(DAY * captured);
            let effective_time = capture_time.saturating_add(DAY * wait);
            ConsentEvent {
                id: Uuid::from_u128(index as u128),
                member,
                scope,
                purpose,
                topic: purpose.and(topic).map(self::topic),
                status,
                capture_time,
                confirmation,
                effective_time,
                expire_time: term.map(|term| effective_time.saturating_add(DAY * term)),
                record_time: begin.saturating_add(DAY * (index as u32)),
            }
        };
        all.into_iter().enumerate().map(entry).collect()
    })
}

fn members() -> Vec<Member> {
    vec![member(ADA, None), member(BOB, Some("05-04T00:00:00Z"))]
}

fn policies() -> impl Strategy<Value = ContactPolicy> {
    select(vec![
        free(),
        restrictive(),
        policy(PurposeMode::Restrictive, true),
        policy(PurposeMode::Disabled, false),
    ])
}

proptest! {
    #[test]
    fn more_opt_outs_never_widen(
        events in entries(), policy in policies(), scope in scopes(), day in 0..60u32, out in 0..60u32
    ) {
        let news = topic("news");
        let when = at("05-01T00:00:00Z").saturating_add(DAY * day);
        let opted_out = ConsentEvent {
            id: Uuid::from_u128(99),
            scope,
            ..entry(ConsentStatus::OptOut, at("05-01T00:00:00Z").saturating_add(DAY * out))
        };
        let with = Ledger::new([events.clone(), vec![opted_out]].concat(), members());
        let without = Ledger::new(events, members());
        for topic in [None, Some(&news)] {
            let permits = |ledger: &Ledger| {
                ledger.judge(&policy, &email(topic), when).outcome.permits()
            };
            prop_assert!(!permits(&with) || permits(&without));
        }
    }

    #[test]
    fn what_was_known_then_is_not_changed_by_what_is_recorded_later(
        events in entries(), policy in policies(), day in 0..60u32, cut in 0..8usize
    ) {
        let early: Vec<_> = events.iter().take(cut).cloned().collect();
        let last = early.last().map_or(Timestamp::MIN, |it| it.record_time);
        let asked = last.saturating_add(Duration::from_hours(1));
        let when = at("05-01T00:00:00Z").saturating_add(DAY * day);
        let then = Ledger::new(early, members()).known_at(asked);
        let now = Ledger::new(events, members()).known_at(asked);
        prop_assert_eq!(
            then.state(&policy, Some(HOME), when),
            now.state(&policy, Some(HOME), when)
        );
    }

    #[test]
    fn the_order_in_which_entries_are_read_does_not_matter(
        (events, shuffled) in entries().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        policy in policies(),
        day in 0..60u32
    ) {
        let when = at("05-01T00:00:00Z").saturating_add(DAY * day);
        let told = |events: Vec<ConsentEvent>| {
            let mut told = Ledger::new(events, members()).judge(&policy, &email(None), when);
            told.events.sort_unstable();
            told
        };
        prop_assert_eq!(told(events), told(shuffled));
    }

    #[test]
    fn a_merge_never_widens(events in entries(), policy in policies(), day in 10..60u32) {
        // From before the merge alone: what each said without knowing of the other.
        let events: Vec<_> = events.into_iter().take(3).collect();
        let when = at("05-01T00:00:00Z").saturating_add(DAY * day);
        let opted_out = |events: Vec<ConsentEvent>, members: Vec<Member>| {
            let told = Ledger::new(events, members).judge(&policy, &email(None), when);
            told.outcome == ConsentOutcome::OptedOut
        };
        let alone = |customer: Uuid| {
            let own = events.iter().filter(|it| it.member == customer).cloned();
            opted_out(own.collect(), vec![member(customer, None)])
        };
        let merged = opted_out(events.clone(), members());
        prop_assert!(merged || !(alone(ADA) || alone(BOB)));
    }
}
