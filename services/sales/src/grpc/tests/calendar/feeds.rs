//! Calendars as other programs read them: `icalendar` and `dateutil`, in the Python that
//! `RAPPORT_TOOLS_PYTHON` names.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;

use super::*;
use crate::testing::{fields, reason};

/// The instances from 2026 to 2027 in UTC, with what they are called; reckoned by the rules of the
/// zones in the file, whatever the program knows of zones itself.
const READ: &str = "
import sys, datetime as d
from icalendar import Calendar
from dateutil.rrule import rrulestr
calendar = Calendar.from_ical(sys.stdin.buffer.read())
zones = {str(z['TZID']): z.to_tz(lookup_tzid=False) for z in calendar.walk('VTIMEZONE')}
utc = d.timezone.utc
def instant(prop):
    value = prop.dt
    if not isinstance(value, d.datetime):
        return value
    zone = zones[prop.params['TZID']] if 'TZID' in prop.params else utc
    return value.replace(tzinfo=None), zone
def shown(value):
    if isinstance(value, tuple):
        local, zone = value
        return local.replace(tzinfo=zone).astimezone(utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    return value.isoformat()
found = []
events = list(calendar.walk('VEVENT'))
changed = {(str(e['UID']), shown(instant(e['RECURRENCE-ID']))) for e in events if 'RECURRENCE-ID' in e}
for e in events:
    start, title = instant(e['DTSTART']), str(e['SUMMARY'])
    if 'RRULE' not in e:
        found.append((shown(start), title)); continue
    gone = e.get('EXDATE', [])
    gone = gone if isinstance(gone, list) else [gone]
    gone = {shown((x.dt.replace(tzinfo=None), start[1]) if isinstance(x.dt, d.datetime) else x.dt) for g in gone for x in g.dts}
    days = not isinstance(start, tuple)
    first = d.datetime.combine(start, d.time()) if days else start[0]
    rule = rrulestr(e['RRULE'].to_ical().decode(), dtstart=first, ignoretz=True)
    for at in rule.between(d.datetime(2026, 1, 1), d.datetime(2027, 1, 1), inc=True):
        at = shown(at.date() if days else (at, start[1]))
        if at not in gone and (str(e['UID']), at) not in changed:
            found.append((at, title))
print('\\n'.join(' '.join(it) for it in sorted(found)))
";

fn read_back(calendar: &str) -> Vec<String> {
    let python = std::env::var("RAPPORT_TOOLS_PYTHON")
        .expect("RAPPORT_TOOLS_PYTHON names a Python with icalendar: run `cargo xtask test`");
    let mut child = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(calendar.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{calendar}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

impl Caller {
    async fn exported(&self, seller: &str) -> Result<proto::CalendarExport, Status> {
        let request = proto::ExportCalendarRequest {
            seller: seller.to_owned(),
        };
        inner(self.calendars().export_calendar(request).await)
    }

    async fn feed(&self, seller: &str) -> Result<proto::CalendarFeed, Status> {
        let request = proto::RotateCalendarFeedRequest {
            name: format!("{seller}/calendarFeed"),
            ..Default::default()
        };
        inner(self.feeds().rotate_calendar_feed(request).await)
    }

    async fn read_feed(&self, token: &str) -> Result<proto::CalendarExport, Status> {
        let request = proto::ReadCalendarFeedRequest {
            token: token.to_owned(),
        };
        inner(self.feeds().read_calendar_feed(request).await)
    }
}

on_each_engine! {
    async fn another_program_finds_the_same_instances(db: Database) {
        let office = Office::open(&db).await;
        let zoned = |title: &str, zone: &str, times: (&str, &str), rule: &str| proto::CalendarEvent {
            title: title.to_owned(),
            time_zone: zone.to_owned(),
            slot: slot(times.0, times.1),
            recurrence_rule: rule.to_owned(),
            ..office.event()
        };
        for event in [
            zoned("berlin", "Europe/Berlin", ("2026-03-16T08:00:00Z", "2026-03-16T09:00:00Z"), "FREQ=MONTHLY;BYDAY=3MO"),
            zoned("york", "America/New_York", ("2026-03-06T14:00:00Z", "2026-03-06T15:00:00Z"), "FREQ=WEEKLY;COUNT=40"),
            zoned("howe", "Australia/Lord_Howe", ("2026-03-31T22:00:00Z", "2026-03-31T23:00:00Z"), "FREQ=WEEKLY;UNTIL=20261101T000000Z"),
            zoned("last day", "Europe/Berlin", ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z"), "FREQ=MONTHLY;BYMONTHDAY=31"),
            zoned("utc", "UTC", ("2026-03-30T08:00:00Z", "2026-03-30T09:00:00Z"), "FREQ=MONTHLY;COUNT=3"),
            zoned("second pass", "Europe/Berlin", ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"), ""),
        ] {
            office.ann.plan(event).await.unwrap();
        }
        let weekly = office.ann.plan(office.weekly()).await.unwrap();
        office.ann.drop_event(&weekly, Some("2026-03-30T07:00:00Z"), false).await.unwrap();
        let moved = proto::ChangeCalendarInstanceRequest {
            name: weekly.name.clone(),
            original_start_time: time("2026-04-06T07:00:00Z"),
            change: Some(proto::CalendarInstanceChange { title: "moved".to_owned(), slot: slot("2026-04-07T10:00:00Z", "2026-04-07T11:00:00Z"), ..Default::default() }),
            ..Default::default()
        };
        answer(office.ann.calendars().change_calendar_instance(moved).await);
        let mut ours = Vec::new();
        for quarter in [
            ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"), ("2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"),
            ("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"), ("2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let listed = office.ann.agenda(&office.names[0], quarter).await.unwrap();
            ours.extend(begins(&listed).into_iter().zip(listed).map(|(start, it)| format!("{start} {}", it.title)));
        }
        ours.sort();
        let exported = office.ann.exported(&office.names[0]).await.unwrap();
        assert_eq!((exported.event_count, exported.truncated), (7, false));
        assert_eq!(read_back(&exported.content), ours);
    }

    async fn a_feed_is_read_by_whoever_has_its_address_until_it_ends(db: Database) {
        let office = Office::open(&db).await;
        office.ann.plan(proto::CalendarEvent { visibility: proto::CalendarVisibility::Private.into(), ..office.event() }).await.unwrap();
        let ann = office.names[0].clone();
        let program = office.ann.acting_as("systems/calendar-feed");
        let name = format!("{ann}/calendarFeed");
        let of = || proto::GetCalendarFeedRequest { name: name.clone() };
        assert_eq!(reason(&office.ann.feeds().get_calendar_feed(of()).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        for other in [&office.bob, &office.meg] {
            assert_eq!(reason(&other.feed(&ann).await.unwrap_err()), "NOT_SUBORDINATE");
        }
        let feed = office.ann.feed(&ann).await.unwrap();
        assert_eq!(feed.uri, format!("https://contact.example.com/f/{}.ics", feed.token));
        let read = program.read_feed(&feed.token).await.unwrap();
        assert!(read.content.contains("SUMMARY:Talk"), "{}", read.content);
        assert_eq!(read, program.read_feed(&feed.token).await.unwrap(), "the same while nothing changes");
        let known = answer(office.ann.feeds().get_calendar_feed(of()).await);
        assert_eq!((known.active, known.token.as_str(), known.uri.as_str()), (true, "", ""));

        let newer = office.ann.feed(&ann).await.unwrap();
        assert_eq!(fields(&program.read_feed(&feed.token).await.unwrap_err()), ["token"]);
        assert!(program.read_feed(&newer.token).await.is_ok());
        let stranger = program.of_another_tenant();
        for (reader, token) in [
            (&stranger, newer.token.clone()),
            (&stranger, newer.token.replace(&program.ctx.tenant.to_string(), &stranger.ctx.tenant.to_string())),
            (&program, newer.token[..newer.token.len() - 1].to_owned()),
            (&program, format!("{}.", program.ctx.tenant)),
            (&program, String::new()),
        ] {
            assert_eq!(fields(&reader.read_feed(&token).await.unwrap_err()), ["token"]);
        }
        let revoke = proto::RevokeCalendarFeedRequest { name, ..Default::default() };
        assert!(!answer(office.ann.feeds().revoke_calendar_feed(revoke).await).active);
        assert_eq!(fields(&program.read_feed(&newer.token).await.unwrap_err()), ["token"]);
        let told = office.ann.announced().await;
        assert_eq!(told.iter().filter(|it| *it == "CalendarFeedChanged").count(), 3);
    }

    async fn a_repeated_request_has_one_address(db: Database) {
        let office = Office::open(&db).await;
        let request = proto::RotateCalendarFeedRequest { name: format!("{}/calendarFeed", office.names[0]), request_id: new_id().to_string() };
        let first = answer(office.ann.feeds().rotate_calendar_feed(request.clone()).await);
        let again = answer(office.ann.feeds().rotate_calendar_feed(request).await);
        assert_eq!(first, again);
        assert!(office.ann.read_feed(&first.token).await.is_ok());
        // And it is kept nowhere.
        let secret = first.token.split_once('.').unwrap().1;
        for query in ["SELECT response FROM idempotency", "SELECT payload FROM outbox", "SELECT secret_hash FROM calendar_feed"] {
            assert!(!holds(&kept(&db, query).await, secret), "{query}");
        }
    }

    async fn who_is_given_a_feed_by_another_reads_nothing_private_in_it(db: Database) {
        let office = Office::open(&db).await;
        office.ann.plan(proto::CalendarEvent { title: "Doctor".to_owned(), visibility: proto::CalendarVisibility::Private.into(), ..office.event() }).await.unwrap();
        office.ann.plan(office.weekly()).await.unwrap();
        let ann = office.names[0].clone();
        let minted = office.back.feed(&ann).await.unwrap();
        let read = office.back.read_feed(&minted.token).await.unwrap().content;
        assert!(!read.contains("Doctor") && read.contains("SUMMARY:Talk"), "{read}");
        assert!(read.contains("ORGANIZER;CN=\"ann\":urn:uuid:"), "{read}");
        let own = office.ann.feed(&ann).await.unwrap();
        assert!(office.back.read_feed(&own.token).await.unwrap().content.contains("Doctor"));
    }

    async fn a_feed_ends_with_its_owners_work(db: Database) {
        let office = Office::open(&db).await;
        let ann = office.names[0].clone();
        let feed = office.ann.feed(&ann).await.unwrap();
        let leave = proto::DeactivateSellerRequest { name: ann.clone(), ..Default::default() };
        answer(office.back.sellers().deactivate_seller(leave).await);
        assert_eq!(fields(&office.back.read_feed(&feed.token).await.unwrap_err()), ["token"]);
        let told = office.ann.announced().await;
        assert_eq!(told[told.len() - 2..], ["CalendarFeedChanged", "SellerStateChanged"]);
        // One that is made meanwhile can be read when its owner is back, and the old one never.
        let early = office.back.feed(&ann).await.unwrap();
        assert_eq!(fields(&office.back.read_feed(&early.token).await.unwrap_err()), ["token"]);
        let back = proto::ReactivateSellerRequest { name: ann, ..Default::default() };
        answer(office.back.sellers().reactivate_seller(back).await);
        assert!(office.back.read_feed(&early.token).await.is_ok());
        assert_eq!(fields(&office.back.read_feed(&feed.token).await.unwrap_err()), ["token"]);
    }

    async fn managers_export_what_they_may_read(db: Database) {
        let office = Office::open(&db).await;
        office.ann.plan(proto::CalendarEvent {
            title: "Doctor".to_owned(), visibility: proto::CalendarVisibility::Private.into(), ..office.with_bob()
        }).await.unwrap();
        let hers = office.meg.exported(&office.names[0]).await.unwrap().content;
        assert!(hers.contains("SUMMARY:Busy") && !hers.contains("Doctor") && !hers.contains("ATTENDEE"), "{hers}");
        let own = office.bob.exported(&office.names[2]).await.unwrap().content;
        assert!(own.contains("SUMMARY:Doctor"), "{own}");
        assert_eq!(reason(&office.bob.exported(&office.names[0]).await.unwrap_err()), "NOT_SUBORDINATE");
    }
}
