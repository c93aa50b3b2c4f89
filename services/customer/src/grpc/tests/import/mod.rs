//! Customers that come in by the thousand, and go again.

mod colleagues;
mod everything;
mod hostile;
mod kept;
mod parents;
mod race;
mod random;
mod regions;
mod rows;
mod undo;

use std::ops::Deref;

use rapport_platform::db::Database;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use tonic::{Response, Status};

use crate::domain::channel::Channel;
use crate::domain::preferences::ChannelChoice;
use crate::testing::{Caller, Link, answer as answered};

/// Somebody who brings customers in.
#[derive(Clone)]
struct Importer(Caller);

impl Deref for Importer {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Importer {
    async fn of(db: &Database) -> Self {
        Self(Caller::of(db).await)
    }

    fn in_another_process(&self, db: Database) -> Self {
        Self(Caller {
            shared: self.shared.on(db),
            ..self.0.clone()
        })
    }

    fn imports(&self) -> ImportServiceClient<Link> {
        ImportServiceClient::new(self.link())
    }

    fn interactions(&self) -> InteractionServiceClient<Link> {
        InteractionServiceClient::new(self.link())
    }

    /// One call with these steps; what it was answered.
    async fn call(
        &self,
        start: proto::ImportStart,
        steps: Vec<Step>,
    ) -> Result<Vec<proto::ImportCustomersResponse>, Status> {
        let steps = std::iter::once(Step::Start(start)).chain(steps);
        let requests = steps.map(|step| proto::ImportCustomersRequest { step: Some(step) });
        let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
        let mut answers = self
            .imports()
            .import_customers(requests)
            .await?
            .into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }

    /// Imports the rows as a whole run, in one batch.
    async fn import(&self, rows: &[Row]) -> proto::ImportRun {
        let steps = vec![batch(rows), Step::Complete(proto::ImportComplete {})];
        last(self.call(start(), steps).await.unwrap())
    }

    /// Imports the rows in a run that stays open.
    async fn begin(&self, rows: &[Row]) -> proto::ImportRun {
        last(self.call(start(), vec![batch(rows)]).await.unwrap())
    }

    async fn dry_run(&self, rows: &[Row]) -> proto::ImportRun {
        let start = proto::ImportStart {
            dry_run: true,
            ..start()
        };
        last(self.call(start, vec![batch(rows)]).await.unwrap())
    }

    /// Imports further rows in a run.
    async fn go_on(&self, run: &proto::ImportRun, rows: &[Row]) -> proto::ImportRun {
        last(self.try_to_go_on(run, rows).await.unwrap())
    }

    async fn try_to_go_on(
        &self,
        run: &proto::ImportRun,
        rows: &[Row],
    ) -> Result<Vec<proto::ImportCustomersResponse>, Status> {
        self.call(resume(run), vec![batch(rows)]).await
    }

    async fn complete(&self, run: &proto::ImportRun) -> proto::ImportRun {
        last(self.try_to_complete(run).await.unwrap())
    }

    async fn try_to_complete(
        &self,
        run: &proto::ImportRun,
    ) -> Result<Vec<proto::ImportCustomersResponse>, Status> {
        let steps = vec![Step::Complete(proto::ImportComplete {})];
        self.call(resume(run), steps).await
    }

    /// Takes a run back to its end.
    async fn undo(&self, run: &proto::ImportRun) -> proto::ImportRun {
        loop {
            let step = self.undo_step(run).await.unwrap();
            if step.state() == proto::ImportState::Undone {
                return step;
            }
        }
    }

    async fn undo_step(&self, run: &proto::ImportRun) -> Result<proto::ImportRun, Status> {
        let name = run.name.clone();
        let answer = self
            .imports()
            .undo_import_run(proto::UndoImportRunRequest { name })
            .await;
        answer.map(Response::into_inner)
    }

    /// Lines and fields of the rows that failed.
    async fn errors(&self, run: &proto::ImportRun) -> Vec<(i64, String)> {
        let request = proto::ListImportErrorsRequest {
            parent: run.name.clone(),
            ..Default::default()
        };
        let page = answered(self.imports().list_import_errors(request).await);
        let errors = page.errors.into_iter();
        errors.map(|error| (error.line, error.field)).collect()
    }

    /// Everybody who is not deleted, by their names.
    async fn export(&self) -> Vec<proto::ExportedCustomer> {
        let request = proto::ExportCustomersRequest::default();
        let mut answers = answered(self.imports().export_customers(request).await);
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await.unwrap() {
            all.extend(answer.customers);
        }
        all.sort_by_key(|one| display_name(one).to_owned());
        all
    }

    async fn names(&self) -> Vec<String> {
        let all = self.export().await;
        all.iter().map(|one| display_name(one).to_owned()).collect()
    }

    /// The customer whom our shop knows by this id.
    async fn known_as(&self, id: &str) -> proto::ExportedCustomer {
        let all = self.export().await;
        let known = |one: &proto::ExportedCustomer| {
            let ids = &one.customer.as_ref().unwrap().external_ids;
            ids.iter().any(|it| it.system == SHOP && it.id == id)
        };
        all.into_iter().find(known).unwrap()
    }

    /// The customer's name as a resource.
    async fn name_of(&self, id: &str) -> String {
        self.known_as(id).await.customer.unwrap().name
    }

    /// The summaries of a customer's timeline, latest first.
    async fn timeline(&self, customer: &str) -> Vec<String> {
        let request = proto::ListInteractionsRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        let page = answered(self.interactions().list_interactions(request).await);
        page.interactions.into_iter().map(|it| it.summary).collect()
    }

    /// The display names of those found.
    async fn find(&self, query: &str) -> Vec<String> {
        let request = proto::SearchCustomersRequest {
            query: query.to_owned(),
            ..Default::default()
        };
        let results = answered(self.customers().search_customers(request).await).results;
        let names = results
            .into_iter()
            .map(|it| it.customer.unwrap().display_name);
        names.collect()
    }
}

/// The system whose ids the rows carry.
const SHOP: &str = "shop";

/// A row as these stories tell it.
#[derive(Clone, Debug)]
struct Row(proto::ImportRow);

/// A row about a person.
fn row(line: i64, id: &str, full_name: &str) -> Row {
    Row::of(line, id, person(full_name))
}

/// A row about an organisation.
fn firm(line: i64, id: &str, legal_name: &str) -> Row {
    Row::of(line, id, organisation(legal_name))
}

impl Row {
    fn of(line: i64, id: &str, customer: proto::Customer) -> Self {
        let customer = proto::Customer {
            external_ids: vec![external(SHOP, id)],
            ..customer
        };
        Self(proto::ImportRow {
            line,
            customer: Some(customer),
            ..Default::default()
        })
    }

    /// Tells something of the customer itself.
    fn with(mut self, tell: impl FnOnce(&mut proto::Customer)) -> Self {
        tell(self.0.customer.as_mut().unwrap());
        self
    }

    fn known_as(self, system: &str, id: &str) -> Self {
        self.with(|customer| customer.external_ids.push(external(system, id)))
    }

    fn email(mut self, address: &str) -> Self {
        self.0.contact_points.push(proto::ContactPoint {
            address: Some(Address::Email(address.to_owned())),
            ..Default::default()
        });
        self
    }

    /// A call that the shop knows by this id.
    fn call(mut self, id: &str) -> Self {
        self.0.interactions.push(proto::Interaction {
            channel: Channel::Phone.number(),
            direction: proto::Direction::Inbound.into(),
            summary: format!("call {id}"),
            external_id: Some(external(SHOP, id)),
            ..Default::default()
        });
        self
    }

    fn choosing(mut self, entry: proto::Preference) -> Self {
        self.0.preferences.push(entry);
        self
    }

    fn under(mut self, parent: &str) -> Self {
        self.0.parent_external_id = Some(external(SHOP, parent));
        self
    }
}

fn person(full_name: &str) -> proto::Customer {
    let person = proto::Person {
        full_name: full_name.to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Person(person)),
        ..Default::default()
    }
}

fn organisation(legal_name: &str) -> proto::Customer {
    let organisation = proto::Organisation {
        legal_name: legal_name.to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Organisation(organisation)),
        ..Default::default()
    }
}

fn external(system: &str, id: &str) -> proto::ExternalId {
    proto::ExternalId {
        system: system.to_owned(),
        id: id.to_owned(),
    }
}

fn refuses(channel: Channel) -> proto::Preference {
    proto::Preference {
        channel: channel.number(),
        choice: ChannelChoice::Refused.number(),
        ..Default::default()
    }
}

fn welcomes(channel: Channel) -> proto::Preference {
    proto::Preference {
        choice: ChannelChoice::Allowed.number(),
        ..refuses(channel)
    }
}

fn start() -> proto::ImportStart {
    proto::ImportStart {
        source: "customers.csv".to_owned(),
        ..Default::default()
    }
}

fn resume(run: &proto::ImportRun) -> proto::ImportStart {
    proto::ImportStart {
        resume: run.name.clone(),
        ..Default::default()
    }
}

fn batch(rows: &[Row]) -> Step {
    let rows = rows.iter().map(|row| row.0.clone()).collect();
    Step::Batch(proto::ImportBatch { rows })
}

fn last(answers: Vec<proto::ImportCustomersResponse>) -> proto::ImportRun {
    answers.into_iter().last().unwrap().run.unwrap()
}

fn display_name(one: &proto::ExportedCustomer) -> &str {
    &one.customer.as_ref().unwrap().display_name
}

/// The customer's addresses, sorted.
fn emails(one: &proto::ExportedCustomer) -> Vec<String> {
    let points = one.contact_points.iter();
    let mut emails: Vec<String> = points
        .filter_map(|point| match &point.address {
            Some(Address::Email(address)) => Some(address.clone()),
            _ => None,
        })
        .collect();
    emails.sort();
    emails
}
