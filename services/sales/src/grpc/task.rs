//! `TaskService`.

pub(crate) mod clock;
mod written;

use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_platform::time::Timestamp;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::calendar::access;
use super::convert::{instant, task as convert};
use super::{SMALL_PAGE, Shared};
use crate::domain::task::{Step, TaskPriority, TaskState};
use crate::error::{Error, faults_of, unreadable};
use crate::events::task as events;
use crate::resource::{self, SELLER, TASK};
use crate::store::entity::activity_link;
use crate::store::entity::task::{Column, Model};
use crate::store::{link, seller, task};
use written::{first, follow, stepped, written};

/// Keeps what sellers are to do.
pub(crate) struct Tasks(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.TaskService" for Tasks {
        create_task(proto::CreateTaskRequest) -> proto::Task = create;
        get_task(proto::GetTaskRequest) -> proto::Task = get;
        list_tasks(proto::ListTasksRequest) -> proto::ListTasksResponse = list;
        list_overdue_tasks(proto::ListOverdueTasksRequest) -> proto::ListOverdueTasksResponse
            = overdue;
        update_task(proto::UpdateTaskRequest) -> proto::Task = update;
        start_task(proto::StartTaskRequest) -> proto::Task = start;
        complete_task(proto::CompleteTaskRequest) -> proto::Task = complete;
        cancel_task(proto::CancelTaskRequest) -> proto::Task = cancel;
        reopen_task(proto::ReopenTaskRequest) -> proto::Task = reopen;
    }
}

const FIELD: &str = "task";

/// What `ListTasks` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = TaskState::ALL.iter().map(|it| (it.label(), it.number()));
    let priorities = TaskPriority::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .enumeration("state", Column::State, states)
        .enumeration("priority", Column::Priority, priorities)
});

impl Tasks {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateTaskRequest,
    ) -> Result<proto::Task, Error> {
        let sent = request.task.as_ref().ok_or_else(|| Error::missing(FIELD))?;
        let draft = &convert::draft(sent, None).map_err(faults_of(FIELD))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                access::reader(ctx, &*txn, draft.assignee).await?;
                let row = written(ctx, first(ctx, draft.assignee), draft, None);
                let links = link::rows(ctx, row.task_id, &draft.links, &[]);
                task::insert(&txn, &row).await?;
                link::replace(ctx, &txn, row.task_id, links.clone()).await?;
                publish(ctx, &txn, row, &links, events::created).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetTaskRequest,
    ) -> Result<proto::Task, Error> {
        let [id] = TASK.parse("name", &request.name)?;
        let db = self.0.db.read();
        let row = task::get(&ctx, db, id).await?;
        access::reader(&ctx, db, row.assignee_id).await?;
        let links = link::of(&ctx, db, [id]).await?;
        Ok(convert::to_proto(row, &links, ctx.now))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListTasksRequest,
    ) -> Result<proto::ListTasksResponse, Error> {
        let db = self.0.db.read();
        let assignee =
            resource::optional(SELLER, &request.assignee).map_err(faults_of("assignee"))?;
        if let Some(id) = assignee {
            access::reader(&ctx, db, id).await?;
        } else {
            let caller = seller::of_principal(&ctx, db, &ctx.actor).await?;
            if caller.is_some() {
                return Err(Error::invalid("assignee", "is required of who sells"));
            }
        }
        let list = ListRequest {
            method: "rapport.sales.v1.TaskService/ListTasks",
            query: Fingerprint::of(&[&request.assignee, &request.link, &request.filter]),
            page_size: request.page_size,
            page_token: &request.page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &request.filter)?;
        let wanted = wanted.add(task::that(&ctx, assignee, &linked(&request.link)?));
        let rows = task::list(&ctx, db, wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.task_id)?;
        let tasks = self.with_links(&ctx, rows).await?;
        Ok(proto::ListTasksResponse {
            tasks,
            next_page_token,
        })
    }

    async fn overdue(
        &self,
        ctx: Context,
        request: proto::ListOverdueTasksRequest,
    ) -> Result<proto::ListOverdueTasksResponse, Error> {
        let [id] = SELLER.parse("assignee", &request.assignee)?;
        let until = instant(request.until_time.as_ref()).map_err(faults_of("until_time"))?;
        let asked = until.map(|it| it.as_micros().to_string());
        let list = ListRequest {
            method: "rapport.sales.v1.TaskService/ListOverdueTasks",
            query: Fingerprint::of(&[&request.assignee, &asked.unwrap_or_default()]),
            page_size: request.page_size,
            page_token: &request.page_token,
        };
        let page = self
            .0
            .page_tokens
            .open::<(Timestamp, Uuid)>(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        access::reader(&ctx, db, id).await?;
        let of = (id, until.unwrap_or(ctx.now));
        let rows = task::overdue(&ctx, db, of, page.after, page.limit()).await?;
        let key = |row: &Model| (row.over_time.unwrap_or(Timestamp::MAX), row.task_id);
        let (rows, next_page_token) = page.finish(rows, key)?;
        let tasks = self.with_links(&ctx, rows).await?;
        Ok(proto::ListOverdueTasksResponse {
            tasks,
            next_page_token,
        })
    }

    async fn with_links(&self, ctx: &Context, rows: Vec<Model>) -> Result<Vec<proto::Task>, Error> {
        let ids = rows.iter().map(|it| it.task_id);
        let mut of = link::by_owner(ctx, self.0.db.read(), ids).await?;
        let task = |row: Model| {
            let links = of.remove(&row.task_id).unwrap_or_default();
            convert::to_proto(row, &links, ctx.now)
        };
        Ok(rows.into_iter().map(task).collect())
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateTaskRequest,
    ) -> Result<proto::Task, Error> {
        let sent = request.task.as_ref().ok_or_else(|| Error::missing(FIELD))?;
        let [id] = TASK.parse("task.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Task>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let (before, links) = of_caller(ctx, &txn, id).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                after(&before, Step::Write)?;
                let merged =
                    mask.merge(&convert::to_proto(before.clone(), &links, ctx.now), sent)?;
                let draft = convert::draft(&merged, Some(&before)).map_err(faults_of(FIELD))?;
                access::reader(ctx, &*txn, draft.assignee).await?;
                let links = link::rows(ctx, id, &draft.links, &links);
                let earlier = before.remind_time;
                let row =
                    task::write(ctx, &txn, written(ctx, before, &draft, Some(earlier))).await?;
                link::replace(ctx, &txn, id, links.clone()).await?;
                publish(ctx, &txn, row, &links, events::updated).await
            })
            .await
    }

    async fn start(
        &self,
        ctx: Context,
        request: proto::StartTaskRequest,
    ) -> Result<proto::Task, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Start).await
    }

    async fn complete(
        &self,
        ctx: Context,
        request: proto::CompleteTaskRequest,
    ) -> Result<proto::Task, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Complete).await
    }

    async fn cancel(
        &self,
        ctx: Context,
        request: proto::CancelTaskRequest,
    ) -> Result<proto::Task, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Cancel).await
    }

    async fn reopen(
        &self,
        ctx: Context,
        request: proto::ReopenTaskRequest,
    ) -> Result<proto::Task, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.step(&ctx, &request, named, Step::Reopen).await
    }

    /// Takes a step of a task, over the version that it was read with.
    async fn step<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        step: Step,
    ) -> Result<proto::Task, Error> {
        let [id] = TASK.parse("name", name)?;
        self.0
            .once(ctx, request, |txn| async move {
                let (before, links) = of_caller(ctx, &txn, id).await?;
                Etag::check(name, etag, before.version)?;
                let state = after(&before, step)?;
                let next = match state {
                    TaskState::Completed if before.next_task_id.is_none() => follow(ctx, &before)?,
                    _ => None,
                };
                if let Some(next) = &next {
                    let links = link::copied(&links, next.task_id);
                    task::insert(&txn, next).await?;
                    link::replace(ctx, &txn, next.task_id, links.clone()).await?;
                    publish(ctx, &txn, next.clone(), &links, events::created).await?;
                }
                let row = task::write(ctx, &txn, stepped(ctx, before, state, next)).await?;
                publish(ctx, &txn, row, &links, events::state_changed).await
            })
            .await
    }
}

/// A task that the caller may write, and what it concerns.
async fn of_caller(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(Model, Vec<activity_link::Model>), Error> {
    let row = task::get(ctx, txn, id).await?;
    access::reader(ctx, txn, row.assignee_id).await?;
    let links = link::of(ctx, txn, [id]).await?;
    Ok((row, links))
}

/// The name of a resource in a request, which may be none.
fn linked(name: &str) -> Result<String, Error> {
    use rapport_platform::link::Link;
    match name {
        "" => Ok(String::new()),
        name => {
            let link = Link::parse(name).map_err(faults_of("link"))?;
            Ok(link.as_str().to_owned())
        }
    }
}

/// The state of a task after a step.
fn after(row: &Model, step: Step) -> Result<TaskState, Error> {
    let state = TaskState::try_from(i32::from(row.state));
    let state = state.map_err(unreadable("reading a stored task"))?;
    state.after(step).map_err(|why| Error::InvalidState {
        resource: TASK.format(&[row.task_id]),
        state: state.label(),
        why,
    })
}

async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    links: &[activity_link::Model],
    tell: events::Tell,
) -> Result<proto::Task, Error> {
    let version = row.version;
    let task = convert::to_proto(row, links, ctx.now);
    outbox::append(txn, ctx, &[tell(task.clone(), version)]).await?;
    Ok(task)
}
