//! What takes place about a customer or an opportunity.

use rapport_platform::on_each_engine;

use super::*;
use crate::testing::{fields, reason};

const DEAL: &str = "opportunities/018f0000-0000-7000-8000-00000000000d";

fn about(link: &str, (from, to): (&str, &str)) -> proto::ListLinkedCalendarInstancesRequest {
    proto::ListLinkedCalendarInstancesRequest {
        link: link.to_owned(),
        start_time: time(from),
        end_time: time(to),
        ..Default::default()
    }
}

/// Title and begin of what takes place, read by pages of two.
async fn listed(caller: &Caller, link: &str) -> Vec<(String, String)> {
    let mut request = proto::ListLinkedCalendarInstancesRequest {
        page_size: 2,
        ..about(link, JANUARY)
    };
    let mut all = Vec::new();
    loop {
        let page = answer(
            caller
                .calendars()
                .list_linked_calendar_instances(request.clone())
                .await,
        );
        all.extend(page.calendar_instances);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let titles = all.iter().map(|it| it.title.clone());
    titles.zip(begins(&all)).collect()
}

on_each_engine! {
    async fn what_concerns_an_opportunity_is_found_in_every_calendar(db: Database) {
        let office = Office::open(&db).await;
        let linked = |event: proto::CalendarEvent| proto::CalendarEvent { links: vec![DEAL.to_owned()], ..event };
        office.ann.plan(linked(office.weekly())).await.unwrap();
        let doctor = proto::CalendarEvent {
            title: "Doctor".to_owned(),
            slot: slot("2026-01-06T08:00:00Z", "2026-01-06T09:00:00Z"),
            visibility: proto::CalendarVisibility::Private.into(),
            ..linked(office.with_bob())
        };
        let doctor = office.ann.plan(doctor).await.unwrap();
        office.ann.plan(proto::CalendarEvent { title: "Lunch".to_owned(), ..office.event() }).await.unwrap();
        let row = |title: &str, day: &str| (title.to_owned(), format!("2026-01-{day}T08:00:00Z"));
        let weekly = [row("Talk", "05"), row("Talk", "12"), row("Talk", "19"), row("Talk", "26")];
        let with = |title: &str| [&weekly[..1], &[row(title, "06")], &weekly[1..]].concat();
        assert_eq!(listed(&office.ann, DEAL).await, with("Doctor"));
        // Who manages her, and who does not sell, see only that the private one takes time.
        assert_eq!(listed(&office.meg, DEAL).await, with(""));
        assert_eq!(listed(&office.back, DEAL).await, with(""));
        // Bob takes part in one, and knows of nothing else.
        assert_eq!(listed(&office.bob, DEAL).await, [row("Doctor", "06")]);
        assert!(listed(&office.back.of_another_tenant(), DEAL).await.is_empty());
        assert!(listed(&office.ann, "opportunities/018f0000-0000-7000-8000-00000000000e").await.is_empty());
        office.ann.drop_event(&doctor, None, false).await.unwrap();
        assert_eq!(listed(&office.ann, DEAL).await, weekly);
    }

    async fn a_link_and_a_window_have_bounds(db: Database) {
        let office = Office::open(&db).await;
        for (request, field) in [
            (about("", JANUARY), "link"),
            (about("no name", JANUARY), "link"),
            (about(DEAL, (JANUARY.1, JANUARY.0)), "end_time"),
            (about(DEAL, (JANUARY.0, "2026-06-01T00:00:00Z")), "end_time"),
            (proto::ListLinkedCalendarInstancesRequest { start_time: None, ..about(DEAL, JANUARY) }, "start_time"),
        ] {
            let refused = office.ann.calendars().list_linked_calendar_instances(request).await.unwrap_err();
            assert_eq!(fields(&refused), [field]);
        }
        let forged = proto::ListLinkedCalendarInstancesRequest { page_token: "x".to_owned(), ..about(DEAL, JANUARY) };
        let refused = office.ann.calendars().list_linked_calendar_instances(forged).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN");
    }
}
