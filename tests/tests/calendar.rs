//! A seller's calendar program reads his calendar.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::calendar_feed_service_client::CalendarFeedServiceClient;
use rapport_proto::rapport::sales::v1::calendar_service_client::CalendarServiceClient;
use rapport_proto::rapport::sales::v1::seller_service_client::SellerServiceClient;
use rapport_tests::{PUBLIC_URL, Suite, on_each_engine};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One request over HTTP/1.1, and everything that is answered.
async fn ask(suite: &Suite, request: &str) -> String {
    let mut stream = TcpStream::connect(suite.pages()).await.unwrap();
    let request = format!("{request}\r\nhost: contact.example.com\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

on_each_engine! {
    async fn a_program_reads_the_feed_until_it_is_revoked(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let request = proto::CreateSellerRequest {
            seller: Some(proto::Seller {
                display_name: "Ann".to_owned(),
                principal: "employees/ann".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let seller = SellerServiceClient::new(caller.clone()).create_seller(request).await;
        let seller = seller.unwrap().into_inner().name;
        let mut calendars = CalendarServiceClient::new(caller.clone());
        let day = |day| Some(rapport_proto::google::r#type::Date { year: 2199, month: 1, day });
        let request = proto::CreateCalendarEventRequest {
            calendar_event: Some(proto::CalendarEvent {
                organizer: seller.clone(),
                title: "Far away".to_owned(),
                slot: Some(proto::CalendarSlot { start_date: day(1), end_date: day(2), ..Default::default() }),
                time_zone: "Europe/Berlin".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        calendars.create_calendar_event(request).await.unwrap();
        let name = format!("{seller}/calendarFeed");
        let request = proto::RotateCalendarFeedRequest { name: name.clone(), ..Default::default() };
        let mut feeds = CalendarFeedServiceClient::new(caller.clone());
        let feed = feeds.rotate_calendar_feed(request).await.unwrap().into_inner();
        let path = feed.uri.strip_prefix(PUBLIC_URL).unwrap();

        let read = ask(suite, &format!("GET {path} HTTP/1.1")).await;
        assert!(read.starts_with("HTTP/1.1 200 "), "{read}");
        assert!(read.contains("content-type: text/calendar; charset=utf-8\r\n"), "{read}");
        assert!(read.contains("cache-control: private, max-age=300\r\n"), "{read}");
        assert!(read.contains("SUMMARY:Far away\r\n"), "{read}");
        let tag = read.lines().find_map(|it| it.strip_prefix("etag: ")).unwrap();
        let again = ask(suite, &format!("GET {path} HTTP/1.1\r\nif-none-match: {tag}")).await;
        assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
        assert!(!again.contains("VCALENDAR"), "{again}");
        for (request, status) in [
            (format!("POST {path} HTTP/1.1\r\ncontent-length: 0"), 405),
            (format!("GET {}a.ics HTTP/1.1", path.trim_end_matches(".ics")), 404),
            ("GET /f/a.ics HTTP/1.1".to_owned(), 404),
        ] {
            let refused = ask(suite, &request).await;
            assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{refused}");
        }

        // The address outlives the process, and ends when its owner says so.
        suite.kill_and_restart().await;
        let read = ask(suite, &format!("GET {path} HTTP/1.1")).await;
        assert!(read.starts_with("HTTP/1.1 200 "), "{read}");
        let caller = suite.administrator().await;
        let request = proto::RevokeCalendarFeedRequest { name, ..Default::default() };
        CalendarFeedServiceClient::new(caller).revoke_calendar_feed(request).await.unwrap();
        let ended = ask(suite, &format!("GET {path} HTTP/1.1")).await;
        assert!(ended.starts_with("HTTP/1.1 404 "), "{ended}");
    }
}
