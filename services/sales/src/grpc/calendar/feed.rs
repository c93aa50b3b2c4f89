//! Calendars as other programs read them.

use std::collections::HashMap;
use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_platform::key::SecretKey;
use rapport_platform::outbox;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Calendars;
use super::access::{self, View};
use super::read::words;
use crate::domain::calendar::ical::{self, Change, Entry, Guest, Words};
use crate::domain::calendar::slot::Stretch;
use crate::domain::calendar::{CalendarResponse, CalendarVisibility};
use crate::error::{Error, unreadable};
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Said, Who};
use crate::resource::{CALENDAR_FEED, SELLER};
use crate::store::calendar::window::{self, Which};
use crate::store::calendar::{self, feed};
use crate::store::entity::{calendar_attendee, calendar_event, calendar_feed};

/// How long what is over is still told.
const BEHIND: Duration = Duration::from_secs(31 * 86_400);
/// Most events of a calendar that are written.
const MOST_EVENTS: usize = 1_000;
/// Most bytes that are.
const MOST_BYTES: usize = 2 * 1024 * 1024;

impl Calendars {
    pub(super) async fn export(
        &self,
        ctx: Context,
        request: proto::ExportCalendarRequest,
    ) -> Result<proto::CalendarExport, Error> {
        let [id] = SELLER.parse("seller", &request.seller)?;
        let caller = access::reader(&ctx, self.0.db.read(), id).await?;
        self.written(&ctx, id, caller).await
    }

    pub(super) async fn read_feed(
        &self,
        ctx: Context,
        request: proto::ReadCalendarFeedRequest,
    ) -> Result<proto::CalendarExport, Error> {
        // All that is told about a bad token: whoever tries some learns nothing.
        let fault = || {
            Error::invalid(
                "token",
                "is none of our tokens: use the address as it was made",
            )
        };
        let tenant = ctx.tenant.to_string();
        let secret = request.token.strip_prefix(&tenant);
        let secret = secret
            .and_then(|it| it.strip_prefix('.'))
            .ok_or_else(fault)?;
        let row = feed::of_secret(&ctx, self.0.db.read(), &hash(secret)).await?;
        let owner = row.ok_or_else(fault)?.seller_id;
        self.written(&ctx, owner, Some(owner)).await
    }

    /// A seller's calendar, for another or himself.
    async fn written(
        &self,
        ctx: &Context,
        id: Uuid,
        reader: Option<Uuid>,
    ) -> Result<proto::CalendarExport, Error> {
        let db = self.0.db.read();
        let window = Stretch {
            start: ctx.now.saturating_sub(BEHIND),
            end: Timestamp::MAX,
        };
        let limit = MOST_EVENTS as u64 + 1;
        let mut found = window::find(ctx, db, &[id], (window, Which::All), limit).await?;
        let more = found.len() > MOST_EVENTS;
        found.truncate(MOST_EVENTS);
        let ids: Vec<Uuid> = found.iter().map(|it| it.event_id).collect();
        let mut guests: HashMap<Uuid, Vec<calendar_attendee::Model>> = HashMap::new();
        for guest in calendar::attendees(ctx, db, ids.iter().copied()).await? {
            guests.entry(guest.event_id).or_default().push(guest);
        }
        let rows = calendar::rows(ctx, db, ids).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let guests = guests.remove(&row.event_id).unwrap_or_default();
            entries.push(entry(row, &guests, reader)?);
        }
        entries.sort_by_key(|it| (it.series.bounds().end, it.uid.clone()));
        let (content, count) = ical::calendar(&entries, ctx.now, MOST_BYTES);
        Ok(proto::CalendarExport {
            content,
            event_count: i32::try_from(count).unwrap_or(i32::MAX),
            truncated: more || count < entries.len(),
        })
    }

    pub(super) async fn get_feed(
        &self,
        ctx: Context,
        request: proto::GetCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let db = self.0.db.read();
        access::require_own(&ctx, db, id).await?;
        let row = feed::of_seller(&ctx, db, id).await?;
        row.map(to_proto)
            .ok_or_else(|| Error::not_found(request.name))
    }

    pub(super) async fn rotate(
        &self,
        ctx: Context,
        request: proto::RotateCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                access::require_own(ctx, &*txn, id).await?;
                let secret = secret();
                let row = feed::write(ctx, &txn, id, Some(hash(&secret))).await?;
                tell(ctx, &txn, &row).await?;
                let token = format!("{}.{secret}", ctx.tenant);
                let at = self
                    .0
                    .public_url
                    .as_ref()
                    .map(|it| it.at(&format!("/f/{token}.ics")));
                let uri = at.unwrap_or_default();
                Ok(proto::CalendarFeed {
                    token,
                    uri,
                    ..to_proto(row)
                })
            })
            .await
    }

    pub(super) async fn revoke(
        &self,
        ctx: Context,
        request: proto::RevokeCalendarFeedRequest,
    ) -> Result<proto::CalendarFeed, Error> {
        let [id] = CALENDAR_FEED.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                access::require_own(ctx, &*txn, id).await?;
                let row = feed::write(ctx, &txn, id, None).await?;
                tell(ctx, &txn, &row).await?;
                Ok(to_proto(row))
            })
            .await
    }
}

async fn tell(
    ctx: &Context,
    txn: &sea_orm::DatabaseTransaction,
    row: &calendar_feed::Model,
) -> Result<(), Error> {
    let fact = proto::CalendarFeedChanged {
        seller: crate::resource::seller(row.seller_id),
        active: row.secret_hash.is_some(),
    };
    let name = CALENDAR_FEED.format(&[row.seller_id]);
    let event = events::feed_changed(&name, &fact, row.version);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

fn to_proto(row: calendar_feed::Model) -> proto::CalendarFeed {
    proto::CalendarFeed {
        name: CALENDAR_FEED.format(&[row.seller_id]),
        active: row.secret_hash.is_some(),
        token: String::new(),
        uri: String::new(),
        update_time: Some(row.update_time.into()),
    }
}

/// 32 random bytes, as addresses may have them.
fn secret() -> String {
    let key = SecretKey::generate().to_base64();
    key.trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_")
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// An event as it is written for a reader.
fn entry(
    row: &calendar_event::Model,
    guests: &[calendar_attendee::Model],
    reader: Option<Uuid>,
) -> Result<Entry, Error> {
    let said = convert::said(&row.document)?;
    let private = said.document.visibility == CalendarVisibility::Private.number();
    let takes_part = reader.is_some() && guests.iter().any(|it| it.seller_id == reader);
    let view = match takes_part {
        true => View::Full,
        false => View::outside(private),
    };
    let full = view == View::Full;
    let mut attendees = Vec::new();
    for guest in guests.iter().filter(|it| full && it.position > 0) {
        attendees.extend(written_guest(guest)?);
    }
    Ok(Entry {
        uid: format!("{}@rapport", row.event_id),
        words: of(&said.document, full),
        changes: changes(&said, full),
        zone: said.document.time_zone.clone(),
        stamp: row.update_time,
        sequence: row.sequence,
        private,
        free: said.document.free,
        organizer: urn(row.organizer_id),
        attendees,
        reminders: said
            .document
            .reminder_minutes
            .iter()
            .copied()
            .filter(|_| full)
            .collect(),
        series: said.series,
    })
}

fn of(event: &proto::CalendarEvent, full: bool) -> Words {
    match full {
        true => Words {
            title: event.title.clone(),
            description: event.description.clone(),
            location: event.location.clone(),
        },
        false => Words {
            title: "Busy".to_owned(),
            ..Words::default()
        },
    }
}

fn changes(said: &Said, full: bool) -> Vec<Change> {
    let series = &said.series;
    let changes = said.document.changes.iter().filter_map(|change| {
        let original = Timestamp::try_from(change.original_start_time?).ok()?;
        let moved = change.slot.as_ref().and_then(|it| convert::slot(it).ok());
        let own = || {
            Some(
                series
                    .slot()
                    .at(series.time_of(original).ok()?, series.zone()),
            )
        };
        Some(Change {
            original,
            slot: moved.or_else(own)?,
            words: of(&words(said, original), full),
        })
    });
    changes.collect()
}

fn written_guest(row: &calendar_attendee::Model) -> Result<Option<Guest>, Error> {
    let response = CalendarResponse::try_from(i32::from(row.response));
    let response = response.map_err(unreadable("reading a stored answer"))?;
    let address = convert::of_row(row).map(|who| match who {
        Who::Seller(id) | Who::Customer(id) => urn(id),
        Who::Email(email) => format!("mailto:{email}"),
    });
    let optional = row.optional;
    Ok(address.map(|address| Guest {
        address,
        response,
        optional,
    }))
}

fn urn(id: Uuid) -> String {
    format!("urn:uuid:{id}")
}
