//! Outbound delivery: takes what waits, asks the customer's choice once more, hands the message
//! to a connector and records what it says.
//!
//! The order is what keeps the promise that nothing is sent twice without saying so: the attempt
//! is committed *before* the connector gets the message, its end *after* the connector answered.
//! Whoever takes up a delivery whose last attempt has no end marks it as a possible duplicate, in
//! the row and in the message, and sends it under the same id.

mod config;
mod dispatch;
pub(crate) mod fault;
mod housekeeping;
mod mail;
mod metrics;
mod report;
mod smtp;
mod webhook;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;

pub use config::{DeliveryConfig, DkimConfig, SmtpConfig, SmtpTls};
pub(crate) use dispatch::{Outgoing, end, finish, retry, start};
pub(crate) use report::Report;
pub(crate) use smtp::SmtpConnector;
pub(crate) use webhook::WebhookConnector;
pub(crate) use worker::DeliveryWorker;
#[cfg(test)]
pub(crate) use {housekeeping::clear, worker::Connect};

use crate::domain::delivery::webhook::PrivateHosts;
use crate::domain::delivery::{MailServer, RetryPolicy};
use crate::grpc::link::Links;
use crate::grpc::permit::Policies;
use metrics::DeliveryMetrics;

/// What everybody knows who has to do with deliveries. Clones share it.
#[derive(Clone)]
pub(crate) struct Outbound {
    /// When to try again.
    pub(crate) retry: RetryPolicy,
    /// Whether there is a mail server.
    pub(crate) mail: MailServer,
    /// Where webhooks may lead inside our network.
    pub(crate) private_hosts: Arc<PrivateHosts>,
    /// How often to look for what is due.
    pub(crate) poll_interval: Duration,
    /// The tenants' contact policies that were read last.
    pub(crate) policies: Policies,
    /// Makes the links by which readers unsubscribe.
    pub(crate) links: Links,
    metrics: DeliveryMetrics,
}

impl Outbound {
    /// What the settings say.
    pub(crate) fn new(
        delivery: &DeliveryConfig,
        smtp: &SmtpConfig,
        (policies, links): (&Policies, &Links),
    ) -> Self {
        let hosts = delivery.private_webhook_hosts.iter().cloned();
        Self {
            retry: delivery.retry(),
            mail: smtp.server(),
            private_hosts: Arc::new(PrivateHosts::new(hosts)),
            poll_interval: delivery.poll_interval,
            policies: policies.clone(),
            links: links.clone(),
            metrics: DeliveryMetrics::new(),
        }
    }
}

/// The workers that send what waits, and one that forgets old attempts.
///
/// # Errors
/// When a setting of the mail server can't be used.
pub(crate) fn workers(
    delivery: &DeliveryConfig,
    smtp: &SmtpConfig,
    outbound: &Outbound,
    (db, clock): (&Database, &Clock),
) -> Result<Vec<Worker>, PlatformError> {
    let mut workers = Vec::new();
    if outbound.mail == MailServer::Configured {
        let connector = SmtpConnector::new(smtp)?;
        let worker = DeliveryWorker::new(connector, delivery, outbound, (db, clock));
        workers.push(worker.named("customer.delivery.smtp"));
    }
    let connector = WebhookConnector::new(delivery, outbound, clock);
    let worker = DeliveryWorker::new(connector, delivery, outbound, (db, clock));
    workers.push(worker.named("customer.delivery.webhook"));
    workers.push(housekeeping::worker(db, clock, delivery));
    Ok(workers)
}
