//! Tasks as somebody writes them, and what becomes of them.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::domain::date;
use crate::domain::task::{TaskPriority, TaskState};
use crate::error::Error;
use crate::grpc::convert::task::{self as convert, Draft};
use crate::store::entity::task::Model;

/// A task of which nothing is written yet.
pub(super) fn first(ctx: &Context, assignee: Uuid) -> Model {
    Model {
        tenant_id: ctx.tenant,
        task_id: new_id(),
        assignee_id: assignee,
        title: String::new(),
        description: None,
        due_date: None,
        due_time: None,
        due_meant: None,
        over_time: None,
        time_zone: String::new(),
        recurrence_rule: None,
        priority: TaskPriority::Normal.code(),
        state: TaskState::Open.code(),
        remind_time: None,
        remind_meant: None,
        next_reminder_time: None,
        author: ctx.actor.to_string(),
        closer: None,
        close_time: None,
        next_task_id: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

/// The task as it was written; of a reminder that stays the same, nobody is reminded again.
pub(super) fn written(
    ctx: &Context,
    row: Model,
    draft: &Draft,
    earlier: Option<Option<Timestamp>>,
) -> Model {
    let remind = draft.remind.map(|it| it.time);
    let same = earlier == Some(remind);
    Model {
        assignee_id: draft.assignee,
        title: draft.title.clone(),
        description: draft.description.clone(),
        due_date: draft.due_date,
        due_time: draft.due_time,
        due_meant: convert::kept(draft.due.meant()),
        over_time: draft.due.over(),
        time_zone: draft.due.zone().to_owned(),
        recurrence_rule: draft.rule.clone(),
        priority: draft.priority.code(),
        remind_time: remind,
        remind_meant: convert::kept(draft.remind.and_then(|it| it.meant)),
        next_reminder_time: if same { row.next_reminder_time } else { remind },
        update_time: ctx.now,
        ..row
    }
}

/// The task after a step.
pub(super) fn stepped(ctx: &Context, row: Model, state: TaskState, next: Option<Model>) -> Model {
    let pending = state.is_pending();
    let ahead = row.remind_time.filter(|it| *it > ctx.now);
    Model {
        state: state.code(),
        closer: (!pending).then(|| ctx.actor.to_string()),
        close_time: (!pending).then_some(ctx.now),
        next_reminder_time: match (pending, row.close_time) {
            (false, _) => None,
            (true, Some(_)) => ahead,
            (true, None) => row.next_reminder_time,
        },
        next_task_id: next.map(|it| it.task_id).or(row.next_task_id),
        ..row
    }
}

/// The task that follows a task that is completed, if it repeats.
pub(super) fn follow(ctx: &Context, row: &Model) -> Result<Option<Model>, Error> {
    let next = convert::due(row)?.next(convert::remind(row));
    let Some(next) = next else {
        return Ok(None);
    };
    let remind = next.remind.map(|it| it.time);
    let row = Model {
        title: row.title.clone(),
        description: row.description.clone(),
        due_date: next.date.map(date::number),
        due_time: next.time.map(|it| it.time),
        due_meant: convert::kept(next.time.and_then(|it| it.meant)),
        time_zone: row.time_zone.clone(),
        recurrence_rule: Some(next.rule),
        priority: row.priority,
        remind_time: remind,
        remind_meant: convert::kept(next.remind.and_then(|it| it.meant)),
        next_reminder_time: remind,
        author: row.author.clone(),
        ..first(ctx, row.assignee_id)
    };
    let over_time = convert::due(&row)?.over();
    Ok(Some(Model { over_time, ..row }))
}
