//! What sellers are to do.

mod lists;

use futures::future::join_all;
use rapport_platform::db::Database;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::answer;
use rapport_platform::time::{Clock, Timestamp};
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::task_service_client::TaskServiceClient;
use tonic::{Code, Response, Status};

use super::{day, mask};
use crate::grpc::calendar::clock::remind;
use crate::testing::{Caller, Link, fields, metadata, reason};
use proto::TaskState as State;

/// Meg manages Ann; Bob sells too. It is noon on a Monday in Berlin.
struct Team {
    ann: Caller,
    meg: Caller,
    bob: Caller,
    back: Caller,
    name: String,
    bobs: String,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

impl Team {
    async fn open(db: &Database) -> Self {
        let caller = Caller::of(db).await;
        let meg = super::sellers::seller(&caller, "meg", "").await;
        let ann = super::sellers::seller(&caller, "ann", &meg.name).await;
        let bob = super::sellers::seller(&caller, "bob", "").await;
        let as_who = |who: &str| {
            let caller = caller.acting_as(&format!("employees/{who}"));
            caller.with(|ctx| ctx.now = at("2026-03-23T11:00:00Z"))
        };
        Self {
            ann: as_who("ann"),
            meg: as_who("meg"),
            bob: as_who("bob"),
            back: as_who("back"),
            name: ann.name,
            bobs: bob.name,
        }
    }

    /// To be done by the end of the day.
    fn task(&self) -> proto::Task {
        proto::Task {
            title: "Call".to_owned(),
            assignee: self.name.clone(),
            due_date: Some(day(2026, 3, 23)),
            time_zone: "Europe/Berlin".to_owned(),
            ..Default::default()
        }
    }
}

impl Caller {
    fn tasks(&self) -> TaskServiceClient<Link> {
        TaskServiceClient::new(self.link())
    }

    async fn note(&self, task: proto::Task) -> Result<proto::Task, Status> {
        let request = proto::CreateTaskRequest {
            task: Some(task),
            ..Default::default()
        };
        inner(self.tasks().create_task(request).await)
    }

    async fn change_task(&self, task: proto::Task, paths: &[&str]) -> Result<proto::Task, Status> {
        let request = proto::UpdateTaskRequest {
            task: Some(task),
            update_mask: mask(paths),
            ..Default::default()
        };
        inner(self.tasks().update_task(request).await)
    }

    async fn read_task(&self, name: &str) -> Result<proto::Task, Status> {
        inner(
            self.tasks()
                .get_task(proto::GetTaskRequest {
                    name: name.to_owned(),
                })
                .await,
        )
    }

    async fn finish(&self, task: &proto::Task) -> Result<proto::Task, Status> {
        let request = proto::CompleteTaskRequest {
            name: task.name.clone(),
            etag: task.etag.clone(),
            ..Default::default()
        };
        inner(self.tasks().complete_task(request).await)
    }

    async fn tasks_that(
        &self,
        assignee: &str,
        link: &str,
        filter: &str,
    ) -> Result<Vec<String>, Status> {
        let mut request = proto::ListTasksRequest {
            assignee: assignee.to_owned(),
            link: link.to_owned(),
            filter: filter.to_owned(),
            page_size: 2,
            ..Default::default()
        };
        let mut titles = Vec::new();
        loop {
            let page = inner(self.tasks().list_tasks(request.clone()).await)?;
            titles.extend(page.tasks.into_iter().map(|it| it.title));
            if page.next_page_token.is_empty() {
                return Ok(titles);
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn overdue(&self, assignee: &str) -> Result<Vec<String>, Status> {
        let tasks = self.due(assignee, None).await?;
        assert!(tasks.iter().all(|it| it.overdue));
        Ok(tasks.into_iter().map(|it| it.title).collect())
    }

    /// What should be done until then, read task by task.
    async fn due(
        &self,
        assignee: &str,
        until: Option<Timestamp>,
    ) -> Result<Vec<proto::Task>, Status> {
        let mut request = proto::ListOverdueTasksRequest {
            assignee: assignee.to_owned(),
            page_size: 1,
            until_time: until.map(Into::into),
            ..Default::default()
        };
        let mut tasks = Vec::new();
        loop {
            let page = inner(self.tasks().list_overdue_tasks(request.clone()).await)?;
            tasks.extend(page.tasks);
            if page.next_page_token.is_empty() {
                return Ok(tasks);
            }
            request.page_token = page.next_page_token;
        }
    }
}

on_each_engine! {
    async fn a_task_is_made_begun_completed_and_opened_again(db: Database) {
        let team = Team::open(&db).await;
        let made = team.ann.note(proto::Task { description: "About\nprices".to_owned(), links: vec!["quotes/1".to_owned()], ..team.task() }).await.unwrap();
        assert_eq!((made.state(), made.priority(), made.author.as_str()), (State::Open, proto::TaskPriority::Normal, "employees/ann"));
        assert_eq!(team.ann.read_task(&made.name).await.unwrap(), made);
        let begin = proto::StartTaskRequest { name: made.name.clone(), etag: made.etag.clone(), ..Default::default() };
        let begun = answer(team.ann.tasks().start_task(begin.clone()).await);
        assert_eq!(begun.state(), State::InProgress);
        assert_eq!(reason(&team.ann.tasks().start_task(begin).await.unwrap_err()), "ETAG_MISMATCH");
        let done = team.meg.finish(&begun).await.unwrap();
        assert_eq!((done.state(), done.closer.as_str(), done.close_time), (State::Completed, "employees/meg", Some(team.meg.ctx.now.into())));
        let changed = proto::Task { name: made.name.clone(), title: "Other".to_owned(), ..Default::default() };
        assert_eq!(metadata(&team.ann.change_task(changed.clone(), &["title"]).await.unwrap_err(), "state"), "COMPLETED");
        let again = proto::ReopenTaskRequest { name: made.name.clone(), ..Default::default() };
        let open = answer(team.ann.tasks().reopen_task(again).await);
        assert_eq!((open.state(), open.closer.as_str(), open.close_time), (State::Open, "", None));
        assert_eq!(team.ann.change_task(changed, &["title"]).await.unwrap().title, "Other");
        let cancel = proto::CancelTaskRequest { name: made.name.clone(), ..Default::default() };
        assert_eq!(answer(team.ann.tasks().cancel_task(cancel).await).state(), State::Cancelled);
        let told = team.ann.announced().await;
        assert_eq!(told[3..], ["TaskCreated", "TaskStateChanged", "TaskStateChanged", "TaskStateChanged", "TaskUpdated", "TaskStateChanged"]);
    }

    async fn sellers_have_their_own_tasks_and_managers_their_teams(db: Database) {
        let team = Team::open(&db).await;
        let made = team.meg.note(team.task()).await.unwrap();
        assert_eq!(team.ann.read_task(&made.name).await.unwrap().title, "Call");
        assert_eq!(reason(&team.bob.read_task(&made.name).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&team.bob.note(team.task()).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&team.bob.finish(&made).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&team.bob.tasks_that(&team.name, "", "").await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&team.bob.overdue(&team.name).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(fields(&team.bob.tasks_that("", "", "").await.unwrap_err()), ["assignee"]);
        // Nor is one given away to somebody whom the giver does not manage.
        let away = proto::Task { name: made.name.clone(), assignee: team.bobs.clone(), ..Default::default() };
        assert_eq!(reason(&team.ann.change_task(away.clone(), &["assignee"]).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(team.back.change_task(away, &["assignee"]).await.unwrap().assignee, team.bobs);
        assert_eq!(team.bob.tasks_that(&team.bobs, "", "").await.unwrap(), ["Call"]);
        let stranger = team.back.of_another_tenant();
        assert_eq!(reason(&stranger.read_task(&made.name).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert!(stranger.tasks_that("", "", "").await.unwrap().is_empty());
    }

    async fn tasks_are_found_by_state_priority_and_what_they_concern(db: Database) {
        let team = Team::open(&db).await;
        for (title, priority, link) in [("a", 1, "quotes/1"), ("b", 3, "quotes/1"), ("c", 3, "quotes/2"), ("d", 3, "quotes/1")] {
            team.ann.note(proto::Task { title: title.to_owned(), priority, links: vec![link.to_owned()], ..team.task() }).await.unwrap();
        }
        let found = async |link: &str, filter: &str| team.back.tasks_that("", link, filter).await.unwrap().concat();
        assert_eq!(found("", "").await, "dcba");
        assert_eq!(found("quotes/1", "").await, "dba");
        assert_eq!(found("quotes/1", "priority = HIGH AND state = OPEN").await, "db");
        assert_eq!(found("", "state = COMPLETED").await, "");
        assert_eq!(fields(&team.back.tasks_that("", "nothing", "").await.unwrap_err()), ["link"]);
    }

    async fn what_should_be_done_by_now_is_listed_the_longest_first(db: Database) {
        let team = Team::open(&db).await;
        let due = |title: &str, time: &str| proto::Task {
            title: title.to_owned(), due_date: None, due_time: Some(at(time).into()), ..team.task()
        };
        team.ann.note(due("noon", "2026-03-23T11:00:00Z")).await.unwrap();
        team.ann.note(due("morning", "2026-03-23T07:00:00Z")).await.unwrap();
        team.ann.note(due("soon", "2026-03-23T11:00:01Z")).await.unwrap();
        team.ann.note(proto::Task { title: "some day".to_owned(), due_date: None, ..team.task() }).await.unwrap();
        let done = team.ann.note(due("done", "2026-03-23T07:00:00Z")).await.unwrap();
        team.ann.finish(&done).await.unwrap();
        let today = team.ann.note(team.task()).await.unwrap();
        assert!(!today.overdue);
        assert_eq!(team.meg.overdue(&team.name).await.unwrap(), ["morning", "noon"]);
        // The day ends at 23:00 in UTC.
        for (now, count) in [("2026-03-23T22:59:59Z", 3), ("2026-03-23T23:00:00Z", 4)] {
            let later = team.ann.with(|ctx| ctx.now = at(now));
            assert_eq!(later.overdue(&team.name).await.unwrap().len(), count);
        }
        let evening = at("2026-03-23T22:59:59Z");
        let due = team.meg.due(&team.name, Some(evening)).await.unwrap();
        let due: Vec<_> = due.iter().map(|it| (it.title.as_str(), it.overdue)).collect();
        assert_eq!(due, [("morning", true), ("noon", true), ("soon", false)], "what is left of the day");
    }

    async fn a_page_token_of_another_day_is_refused(db: Database) {
        let team = Team::open(&db).await;
        for _ in 0..2 {
            team.ann.note(team.task()).await.unwrap();
        }
        let until = |time: &str| proto::ListOverdueTasksRequest {
            assignee: team.name.clone(),
            page_size: 1,
            until_time: Some(at(time).into()),
            ..Default::default()
        };
        let page = inner(team.ann.tasks().list_overdue_tasks(until("2026-03-30T00:00:00Z")).await).unwrap();
        assert!(!page.next_page_token.is_empty());
        let other = proto::ListOverdueTasksRequest { page_token: page.next_page_token, ..until("2026-03-31T00:00:00Z") };
        assert_eq!(reason(&team.ann.tasks().list_overdue_tasks(other).await.unwrap_err()), "INVALID_PAGE_TOKEN");
        let never = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
        let never = proto::ListOverdueTasksRequest { until_time: Some(never), ..until("2026-03-30T00:00:00Z") };
        assert_eq!(fields(&team.ann.tasks().list_overdue_tasks(never).await.unwrap_err()), ["until_time"]);
    }

    async fn what_repeats_comes_again_once_when_it_is_completed(db: Database) {
        let team = Team::open(&db).await;
        let made = team.ann.note(proto::Task {
            recurrence_rule: "FREQ=WEEKLY;COUNT=2".to_owned(),
            remind_time: Some(at("2026-03-23T08:00:00Z").into()),
            links: vec!["quotes/1".to_owned()],
            ..team.task()
        }).await.unwrap();
        let request = proto::CompleteTaskRequest { name: made.name.clone(), request_id: new_id().to_string(), ..Default::default() };
        let done = answer(team.ann.tasks().complete_task(request.clone()).await);
        assert_eq!(answer(team.ann.tasks().complete_task(request).await), done);
        let next = team.ann.read_task(&done.next_task).await.unwrap();
        assert_eq!((next.due_date, next.recurrence_rule.as_str(), next.state()), (Some(day(2026, 3, 30)), "FREQ=WEEKLY;COUNT=1", State::Open));
        // 09:00 in Berlin, before and after the clocks change.
        assert_eq!((next.remind_time, next.links.as_slice()), (Some(at("2026-03-30T07:00:00Z").into()), made.links.as_slice()));
        // Opened and completed again, it has its follower already; the last has none.
        let again = proto::ReopenTaskRequest { name: made.name.clone(), ..Default::default() };
        let open = answer(team.ann.tasks().reopen_task(again).await);
        assert_eq!(team.ann.finish(&open).await.unwrap().next_task, done.next_task);
        assert_eq!(team.ann.finish(&next).await.unwrap().next_task, "");
        assert_eq!(team.ann.tasks_that(&team.name, "", "").await.unwrap().len(), 2);
    }

    async fn what_is_due_when_the_clocks_skip_an_hour_is_due_at_its_own_time_after(db: Database) {
        let team = Team::open(&db).await;
        // Midnight in Cairo, which there is not on the last Friday of April.
        let due = || Some(at("2026-04-22T22:00:00Z").into());
        let made = team.ann.note(proto::Task {
            due_date: None, due_time: due(), remind_time: due(), time_zone: "Africa/Cairo".to_owned(), recurrence_rule: "FREQ=DAILY".to_owned(), ..team.task()
        }).await.unwrap();
        let mut task = made;
        for expected in ["2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"] {
            let done = team.ann.finish(&task).await.unwrap();
            task = team.ann.read_task(&done.next_task).await.unwrap();
            assert_eq!((task.due_time, task.remind_time), (Some(at(expected).into()), Some(at(expected).into())));
            // Another title changes nothing about that.
            task = team.ann.change_task(proto::Task { name: task.name.clone(), title: expected.to_owned(), ..Default::default() }, &["title"]).await.unwrap();
        }
    }

    async fn of_many_who_complete_a_task_one_does_and_one_follows(db: Database) {
        let team = Team::open(&db).await;
        let made = team.ann.note(proto::Task { recurrence_rule: "FREQ=DAILY".to_owned(), ..team.task() }).await.unwrap();
        let done = join_all((0..6).map(|_| team.ann.finish(&made))).await;
        let (done, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 5));
        assert!(refused.iter().all(|it| it.as_ref().unwrap_err().code() == Code::Aborted));
        assert_eq!(team.ann.tasks_that(&team.name, "", "").await.unwrap().len(), 2);
    }

    async fn who_is_to_think_of_a_task_is_reminded_once(db: Database) {
        let team = Team::open(&db).await;
        let remind_time = |text: &str| Some(at(text).into());
        let made = team.ann.note(proto::Task { remind_time: remind_time("2026-03-23T12:00:00Z"), ..team.task() }).await.unwrap();
        let done = team.ann.note(proto::Task { remind_time: remind_time("2026-03-23T12:00:00Z"), ..team.task() }).await.unwrap();
        team.ann.finish(&done).await.unwrap();
        let told = async || team.ann.announced().await.iter().filter(|it| *it == "TaskReminderDue").count();
        let (clock, hands) = Clock::manual(at("2026-03-23T11:59:59Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(told().await, 0);
        // Late, as the process was asleep.
        hands.set(at("2026-03-25T12:00:00Z"));
        for done in join_all((0..4).map(|_| remind(&db, &clock))).await {
            done.unwrap();
        }
        assert_eq!(told().await, 1);
        let titled = proto::Task { name: made.name.clone(), title: "Other".to_owned(), ..Default::default() };
        team.ann.change_task(titled, &["title"]).await.unwrap();
        remind(&db, &clock).await.unwrap();
        assert_eq!(told().await, 1);
        let later = proto::Task { name: made.name.clone(), remind_time: remind_time("2026-03-26T12:00:00Z"), ..Default::default() };
        team.ann.change_task(later, &["remind_time"]).await.unwrap();
        hands.set(at("2026-03-26T12:00:00Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(told().await, 2);
    }

    async fn links_follow_a_merge_and_find_back(db: Database) {
        let team = Team::open(&db).await;
        let [ada, double] = [(); 2].map(|()| format!("customers/{}", new_id()));
        let made = team.ann.note(proto::Task { links: vec![double.clone()], ..team.task() }).await.unwrap();
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()), survivor: ada.clone(), merged: double.clone(), ..Default::default()
        };
        let (name, customer_merge) = (merge.name.clone(), Some(merge));
        team.ann.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        assert_eq!(team.ann.read_task(&made.name).await.unwrap().links, std::slice::from_ref(&ada));
        assert_eq!(team.back.tasks_that("", &ada, "").await.unwrap(), ["Call"]);
        team.ann.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        assert_eq!(team.ann.read_task(&made.name).await.unwrap().links, std::slice::from_ref(&double));
        team.ann.hear(&double, 9, &customer::CustomerErased { customer: double.clone(), ..Default::default() }).await;
        assert!(team.ann.read_task(&made.name).await.unwrap().links.is_empty());
    }

    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let team = Team::open(&db).await;
        let (ann, mut calls) = (&team.ann, 0);
        let task = || proto::Task { description: "d".into(), links: vec!["a/1".into()], recurrence_rule: "FREQ=DAILY".into(), ..team.task() };
        let made = ann.note(task()).await.unwrap();
        let name = || made.name.clone();
        calls += spoil!(ann.tasks(), create_task, CreateTaskRequest { task: Some(task()) });
        calls += spoil!(ann.tasks(), get_task, GetTaskRequest { name: name() });
        calls += spoil!(ann.tasks(), list_tasks, ListTasksRequest { assignee: team.name.clone(), link: "a/1".into(), filter: "state = OPEN".into() });
        calls += spoil!(ann.tasks(), list_overdue_tasks, ListOverdueTasksRequest { assignee: team.name.clone() });
        calls += spoil!(ann.tasks(), update_task, UpdateTaskRequest { task: Some(made.clone()) });
        calls += spoil!(ann.tasks(), start_task, StartTaskRequest { name: name() });
        calls += spoil!(ann.tasks(), complete_task, CompleteTaskRequest { name: name() });
        calls += spoil!(ann.tasks(), cancel_task, CancelTaskRequest { name: name() });
        calls += spoil!(ann.tasks(), reopen_task, ReopenTaskRequest { name: name() });
        assert!(calls > 100, "{calls}");
    }
}
