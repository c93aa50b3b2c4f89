use super::*;

const WEEK: Duration = Duration::from_hours(7 * 24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cap(most: i32, window: Duration) -> Cap {
    Cap::parse(most, Some(window), Reach::everything(), false).unwrap()
}

fn email(since: &str, progress: Progress) -> CountedContact {
    CountedContact {
        channel: Channel::Email,
        purpose: Purpose::Marketing,
        campaign: None,
        since: at(since),
        progress,
    }
}

#[test]
fn a_contact_counts_until_a_window_after_it_was_made() {
    let cap = cap(1, WEEK);
    let sent = [email("2026-06-01T10:00:00Z", Progress::Made)];

    let before = cap.refuses(&sent, None, at("2026-06-08T09:59:59.999999Z"));
    let then = cap.refuses(&sent, None, at("2026-06-08T10:00:00Z"));

    assert_eq!(before.unwrap().until, Some(at("2026-06-08T10:00:00Z")));
    assert_eq!(then, None);
}

#[test]
fn a_granted_contact_counts_until_it_expires_and_is_expected_to_be_made() {
    let cap = cap(1, WEEK);
    let expires = at("2026-06-03T10:10:00Z");
    let granted = [email("2026-06-03T10:00:00Z", Progress::Granted { expires })];

    let meanwhile = cap.refuses(&granted, None, at("2026-06-03T10:05:00Z"));

    assert_eq!(meanwhile.unwrap().until, Some(at("2026-06-10T10:00:00Z")));
    assert_eq!(cap.refuses(&granted, None, expires), None);
}

#[test]
fn what_is_in_delivery_counts_however_long_it_takes() {
    let cap = cap(1, WEEK);
    let queued = [email("2026-06-01T10:00:00Z", Progress::InDelivery)];

    let refusal = cap.refuses(&queued, None, at("2026-07-01T10:00:00Z"));

    assert_eq!(refusal, Some(Refusal { until: None }));
}

#[test]
fn of_several_contacts_the_one_that_makes_room_tells_when() {
    let cap = cap(2, WEEK);
    let sent = [
        email("2026-06-03T10:00:00Z", Progress::Made),
        email("2026-06-01T10:00:00Z", Progress::Made),
        email("2026-06-02T10:00:00Z", Progress::Made),
    ];

    let refusal = cap.refuses(&sent, None, at("2026-06-04T10:00:00Z"));

    // Three used a cap of two: two must go before another may come.
    assert_eq!(refusal.unwrap().until, Some(at("2026-06-09T10:00:00Z")));
}

#[test]
fn a_cap_per_campaign_counts_each_campaign_by_itself() {
    let cap = Cap::parse(1, Some(WEEK), Reach::everything(), true).unwrap();
    let in_spring = CountedContact {
        campaign: Some("campaigns/spring".to_owned()),
        ..email("2026-06-01T10:00:00Z", Progress::Made)
    };
    let sent = [in_spring, email("2026-06-01T10:00:00Z", Progress::Made)];
    let now = at("2026-06-02T10:00:00Z");

    assert!(cap.refuses(&sent, Some("campaigns/spring"), now).is_some());
    assert_eq!(cap.refuses(&sent, Some("campaigns/summer"), now), None);
    assert!(!cap.is_about(Channel::Email, Purpose::Marketing, None));
}

#[test]
fn a_cap_that_was_not_filled_in_is_refused() {
    for (most, window) in [
        (0, Some(WEEK)),
        (-1, Some(WEEK)),
        (1_001, Some(WEEK)),
        (1, None),
        (1, Some(Duration::ZERO)),
        (1, Some(Duration::from_millis(60_500))),
        (1, Some(LONGEST_WINDOW + Duration::from_secs(1))),
    ] {
        let parsed = Cap::parse(most, window, Reach::everything(), false);
        assert!(parsed.is_err(), "{most} {window:?}");
    }
}
