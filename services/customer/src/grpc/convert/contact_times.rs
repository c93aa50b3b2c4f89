//! When and how often customers want to be contacted, and what policies say about the same.

use std::time::Duration;

use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type::TimeOfDay;
use rapport_proto::rapport::customer::v1 as proto;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::cap::Cap;
use crate::domain::contact::pause::Pause;
use crate::domain::contact::quiet::{QuietHours, TimeOfDayParts};
use crate::domain::contact::reach::Reach;
use crate::domain::invalid::{Invalid, InvalidFields};

/// When and how often a customer wants to be contacted.
#[derive(Default)]
pub(crate) struct Times {
    /// Hours of the day without contacts.
    pub(crate) quiet_hours: Vec<QuietHours>,
    /// Stretches of time without contacts.
    pub(crate) pauses: Vec<Pause>,
    /// How often it may be contacted.
    pub(crate) caps: Vec<Cap>,
}

/// Reads what a customer says.
pub(crate) fn parse(times: &proto::ContactTimes) -> Result<Times, InvalidFields> {
    let proto::ContactTimes {
        quiet_hours,
        pauses,
        caps,
    } = times;
    let mut faults = InvalidFields::default();
    let quiet_hours = faults.take("quiet_hours", each(quiet_hours, parse_quiet_hours));
    let pauses = faults.take("pauses", each(pauses, parse_pause));
    let caps = faults.take("caps", each(caps, parse_own_cap));
    let complete = quiet_hours.zip(pauses).zip(caps);
    faults.finish(complete.map(|((quiet_hours, pauses), caps)| Times {
        quiet_hours,
        pauses,
        caps,
    }))
}

/// Reads every item, or collects the faults of all.
pub(in crate::grpc) fn each<P, T>(
    items: &[P],
    parse: impl Fn(&P) -> Result<T, InvalidFields>,
) -> Result<Vec<T>, InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut parsed = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        parsed.extend(faults.take(&format!("[{index}]"), parse(item)));
    }
    faults.finish(Some(parsed))
}

/// Reads a period of the day.
pub(in crate::grpc) fn parse_quiet_hours(
    quiet: &proto::QuietHours,
) -> Result<QuietHours, InvalidFields> {
    let proto::QuietHours {
        start,
        end,
        days,
        channels,
    } = quiet;
    let mut faults = InvalidFields::default();
    let start = faults.take("start", time_of_day(start.as_ref()));
    let end = faults.take("end", time_of_day(end.as_ref()));
    let complete = start.zip(end);
    let quiet = complete
        .and_then(|(start, end)| faults.take("", QuietHours::parse(start, end, days, channels)));
    faults.finish(quiet)
}

/// Writes a period of the day.
pub(in crate::grpc) fn write_quiet_hours(quiet: &QuietHours) -> proto::QuietHours {
    let time = |minute: i32| {
        Some(TimeOfDay {
            hours: minute / 60,
            minutes: minute % 60,
            seconds: 0,
            nanos: 0,
        })
    };
    proto::QuietHours {
        start: time(quiet.start()),
        end: time(quiet.end()),
        days: quiet.named_days(),
        channels: channels(quiet.reach()),
    }
}

/// Reads a cap.
pub(in crate::grpc) fn parse_cap(cap: &proto::ContactCap) -> Result<Cap, InvalidFields> {
    let proto::ContactCap {
        max_contacts,
        window,
        channels,
        purposes,
        per_campaign,
    } = cap;
    let mut faults = InvalidFields::default();
    let window = faults.take("window", window.as_ref().map(duration).transpose());
    let reach = faults.take("", Reach::parse(channels, purposes));
    let complete = window.zip(reach);
    let cap = complete.and_then(|(window, reach)| {
        faults.take("", Cap::parse(*max_contacts, window, reach, *per_campaign))
    });
    faults.finish(cap)
}

/// Writes a cap.
pub(in crate::grpc) fn write_cap(cap: &Cap) -> proto::ContactCap {
    proto::ContactCap {
        max_contacts: i32::try_from(cap.most()).unwrap_or(i32::MAX),
        window: Some(proto_duration(cap.window())),
        channels: channels(cap.reach()),
        purposes: purposes(cap.reach()),
        per_campaign: cap.per_campaign(),
    }
}

/// Writes what a customer said.
pub(in crate::grpc) fn write(times: &Times) -> proto::ContactTimes {
    let Times {
        quiet_hours,
        pauses,
        caps,
    } = times;
    proto::ContactTimes {
        quiet_hours: quiet_hours.iter().map(write_quiet_hours).collect(),
        pauses: pauses.iter().map(write_pause).collect(),
        caps: caps.iter().map(write_cap).collect(),
    }
}

/// A length of time from a request.
pub(in crate::grpc) fn duration(proto: &prost_types::Duration) -> Result<Duration, Invalid> {
    Duration::try_from(*proto)
        .map_err(|_| Invalid::new("is no length of time: it must not be negative"))
}

/// A length of time for an answer.
pub(in crate::grpc) fn proto_duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    }
}

fn parse_own_cap(cap: &proto::ContactCap) -> Result<Cap, InvalidFields> {
    let cap = parse_cap(cap)?;
    match cap.per_campaign() {
        false => Ok(cap),
        true => Err(
            Invalid::new("is for the contact policy: a customer's cap counts all")
                .within("per_campaign")
                .into(),
        ),
    }
}

fn parse_pause(pause: &proto::Pause) -> Result<Pause, InvalidFields> {
    let proto::Pause {
        start_time,
        end_time,
        purposes,
        channels,
    } = pause;
    let mut faults = InvalidFields::default();
    let start = faults.take("start_time", instant(start_time.as_ref()));
    let end = faults.take("end_time", instant(end_time.as_ref()));
    let reach = faults.take("", Reach::parse(channels, purposes));
    let complete = start.zip(end).zip(reach);
    let pause =
        complete.and_then(|((start, end), reach)| faults.take("", Pause::parse(start, end, reach)));
    faults.finish(pause)
}

fn write_pause(pause: &Pause) -> proto::Pause {
    proto::Pause {
        start_time: Some(pause.start().into()),
        end_time: Some(pause.end().into()),
        purposes: purposes(pause.reach()),
        channels: channels(pause.reach()),
    }
}

fn instant(proto: Option<&prost_types::Timestamp>) -> Result<Timestamp, Invalid> {
    super::instant(proto)?.ok_or_else(|| Invalid::new("is required"))
}

fn time_of_day(time: Option<&TimeOfDay>) -> Result<TimeOfDayParts, Invalid> {
    let Some(time) = time else {
        return Err(Invalid::new("is required"));
    };
    let TimeOfDay {
        hours,
        minutes,
        seconds,
        nanos,
    } = *time;
    Ok(TimeOfDayParts {
        hours,
        minutes,
        seconds,
        nanos,
    })
}

fn channels(reach: Reach) -> Vec<i32> {
    let named = reach.named_channels().into_iter();
    named.map(Channel::number).collect()
}

fn purposes(reach: Reach) -> Vec<i32> {
    let named = reach.named_purposes().into_iter();
    named.map(Purpose::number).collect()
}
