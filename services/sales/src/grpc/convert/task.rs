//! What sellers are to do.

use rapport_platform::etag::Etag;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::link::Link;
use rapport_platform::text as texts;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{day, instant, text, to_day};
use crate::domain::date;
use crate::domain::task::{Due, DueParts, TaskPriority, TaskState};
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
    pub(in crate::grpc) remind: Option<Timestamp>,
    pub(in crate::grpc) links: Vec<Link>,
}

/// What a message says of a task.
pub(in crate::grpc) fn draft(sent: &proto::Task) -> Result<Draft, InvalidFields> {
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

/// When the task in a row is due.
pub(in crate::grpc) fn due(row: &Model) -> Result<Due, Error> {
    const READING: &str = "reading a stored task";
    let date = row.due_date.map(date::from_number).transpose();
    let parts = DueParts {
        date: date.map_err(unreadable(READING))?,
        time: row.due_time,
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
        over_time,
        time_zone,
        recurrence_rule,
        priority,
        state,
        remind_time,
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
