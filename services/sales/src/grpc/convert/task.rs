//! What sellers are to do.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rapport_platform::etag::Etag;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::link::Link;
use rapport_platform::text as texts;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{day, instant, text, to_day};
use crate::domain::calendar::slot::{self, civil};
use crate::domain::date;
use crate::domain::task::{Due, DueParts, Moment, TaskPriority, TaskState};
use crate::error::{Error, unreadable};
use crate::resource::{self, SELLER, TASK};
use crate::store::entity::activity_link;
use crate::store::entity::task::Model;
use crate::store::link;

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 10] = [
    "title",
    "description",
    "assignee",
    "due_date",
    "due_time",
    "time_zone",
    "recurrence_rule",
    "priority",
    "remind_time",
    "links",
];

/// What somebody wrote.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Draft {
    pub(in crate::grpc) assignee: Uuid,
    pub(in crate::grpc) title: String,
    pub(in crate::grpc) description: Option<String>,
    pub(in crate::grpc) due: Due,
    pub(in crate::grpc) due_date: Option<i32>,
    pub(in crate::grpc) due_time: Option<Timestamp>,
    pub(in crate::grpc) rule: Option<String>,
    pub(in crate::grpc) priority: TaskPriority,
    pub(in crate::grpc) remind: Option<Moment>,
    pub(in crate::grpc) links: Vec<Link>,
}

/// What a message says of a task that was such before.
pub(in crate::grpc) fn draft(
    sent: &proto::Task,
    before: Option<&Model>,
) -> Result<Draft, InvalidFields> {
    // Of times that stay the same it stays known which are meant.
    let same = before.filter(|it| it.time_zone == sent.time_zone);
    let mut faults = InvalidFields::default();
    let title = faults.take("title", texts::line(&sent.title, 200));
    let description = texts::optional_passage(&sent.description, 4_000);
    let description = faults.take("description", description);
    let assignee = faults.take("assignee", resource::required(SELLER, &sent.assignee));
    let due_date = faults.take("due_date", day(sent.due_date.as_ref()));
    let due_time = faults.take("due_time", instant(sent.due_time.as_ref()));
    let times = due_date.zip(due_time);
    let due = times.map(|(date, time)| {
        let (zone, rule) = (sent.time_zone.as_str(), sent.recurrence_rule.as_str());
        Due::parse(DueParts {
            date,
            time,
            meant: same
                .filter(|it| it.due_time == time)
                .and_then(|it| meant(it.due_meant)),
            zone,
            rule,
        })
    });
    let due = due.and_then(|due| faults.take("", due));
    let priority = match sent.priority {
        0 => Ok(TaskPriority::Normal),
        number => TaskPriority::try_from(number),
    };
    let priority = faults.take("priority", priority);
    let remind = faults.take("remind_time", instant(sent.remind_time.as_ref()));
    let remind = remind.map(|it| {
        it.map(|time| Moment {
            time,
            meant: same
                .filter(|it| it.remind_time == Some(time))
                .and_then(|it| meant(it.remind_meant)),
        })
    });
    let links: Vec<&str> = sent.links.iter().map(String::as_str).collect();
    let links = faults.take("links", Link::parse_all(&links));
    let words = title.zip(description).zip(assignee);
    let rest = due.zip(times).zip(priority.zip(remind)).zip(links);
    let rule = Some(sent.recurrence_rule.clone()).filter(|it| !it.is_empty());
    faults.finish(words.zip(rest).map(
        |(((title, description), assignee), (((due, times), (priority, remind)), links))| Draft {
            assignee,
            title,
            description,
            due,
            due_date: times.0.map(date::number),
            due_time: times.1,
            rule,
            priority,
            remind,
            links,
        },
    ))
}

/// A time on the clocks, as a row has it.
fn meant(kept: Option<Timestamp>) -> Option<DateTime> {
    kept.map(|it| civil(&TimeZone::UTC, it))
}

/// The same for a row.
pub(in crate::grpc) fn kept(meant: Option<DateTime>) -> Option<Timestamp> {
    meant.map(|it| slot::instant(&TimeZone::UTC, it))
}

/// When one is to think of the task in a row.
pub(in crate::grpc) fn remind(row: &Model) -> Option<Moment> {
    let meant = meant(row.remind_meant);
    row.remind_time.map(|time| Moment { time, meant })
}

/// When the task in a row is due.
pub(in crate::grpc) fn due(row: &Model) -> Result<Due, Error> {
    const READING: &str = "reading a stored task";
    let date = row.due_date.map(date::from_number).transpose();
    let parts = DueParts {
        date: date.map_err(unreadable(READING))?,
        time: row.due_time,
        meant: meant(row.due_meant),
        zone: &row.time_zone,
        rule: row.recurrence_rule.as_deref().unwrap_or_default(),
    };
    Due::parse(parts).map_err(unreadable(READING))
}

/// The task in a row, at an instant.
pub(in crate::grpc) fn to_proto(
    row: Model,
    links: &[activity_link::Model],
    now: Timestamp,
) -> proto::Task {
    let pending = TaskState::try_from(i32::from(row.state)).is_ok_and(TaskState::is_pending);
    let Model {
        tenant_id: _,
        task_id,
        assignee_id,
        title,
        description,
        due_date,
        due_time,
        due_meant: _,
        over_time,
        time_zone,
        recurrence_rule,
        priority,
        state,
        remind_time,
        remind_meant: _,
        next_reminder_time: _,
        author,
        closer,
        close_time,
        next_task_id,
        version,
        create_time,
        update_time,
    } = row;
    proto::Task {
        name: TASK.format(&[task_id]),
        title,
        description: text(description),
        assignee: resource::seller(assignee_id),
        due_date: due_date.map(to_day),
        due_time: due_time.map(Into::into),
        time_zone,
        recurrence_rule: text(recurrence_rule),
        priority: i32::from(priority),
        remind_time: remind_time.map(Into::into),
        links: link::names(links),
        state: i32::from(state),
        overdue: pending && over_time.is_some_and(|it| it <= now),
        author,
        closer: text(closer),
        close_time: close_time.map(Into::into),
        next_task: text(next_task_id.map(|id| TASK.format(&[id]))),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}
