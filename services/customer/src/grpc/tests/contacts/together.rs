//! Contacts that callers of one process ask for at the same time.

use std::collections::HashSet;
use std::time::Duration;

use rapport_platform::on_each_engine;
use sea_orm::{ConnectionTrait as _, DbBackend};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Status;

use super::{Desk, answer, id_of};
use crate::error::Error;

const DAY: Duration = Duration::from_hours(24);
const CALLERS: u32 = 60;

impl Desk {
    /// So many customers, each of whom was contacted before.
    async fn known(&self, count: usize) -> Vec<String> {
        let one = self.someone_with_email("Ada Lovelace").await;
        let customers = self.many_like(&one, count).await;
        self.batch(&customers, "").await;
        customers
    }

    /// The permits that all of these get at the same time, one each.
    async fn at_once(&self, customers: &[String]) -> Vec<Result<String, Status>> {
        let mut asking = JoinSet::new();
        for customer in customers {
            let (desk, customer) = (self.clone(), customer.clone());
            asking.spawn(async move {
                let permit = desk.reserve(&customer).await?.into_inner();
                assert!(permit.name.starts_with(&customer), "{}", permit.name);
                Ok(permit.name)
            });
        }
        asking.join_all().await
    }
}

fn distinct(permits: Vec<Result<String, Status>>) -> usize {
    let names: HashSet<String> = permits.into_iter().map(Result::unwrap).collect();
    names.len()
}

on_each_engine! {
    async fn who_asks_at_the_same_time_is_served_together(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(9, DAY)]).await;
        let customers = desk.known(CALLERS as usize).await;

        let at_once = async |desk: &Desk| desk.at_once(&customers).await;
        let (permits, statements) = desk.statements(at_once).await;

        assert_eq!(distinct(permits), customers.len());
        let together = db.backend() == DbBackend::Postgres;
        assert!(!together || statements <= CALLERS / 2, "{statements} statements");
    }

    async fn one_customer_is_granted_as_many_as_it_may(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(4, DAY)]).await;
        let ada = desk.known(1).await.remove(0);

        let permits = desk.at_once(&vec![ada; 8]).await;
        let granted: HashSet<_> = permits.into_iter().filter_map(Result::ok).collect();
        assert_eq!(granted.len(), 3, "one was granted before");
    }

    async fn a_request_that_comes_twice_at_once_is_granted_once(db: Database) {
        let desk = Desk::open(&db).await;
        desk.rule(&[(9, DAY)]).await;
        let customers = desk.known(6).await;
        let request_ids = ["6f1c8a9e-52a9-4b0f-8f5e-0d8d2a3c1b01"; 3];

        let mut asking = JoinSet::new();
        for request_id in request_ids {
            let (desk, ada) = (desk.clone(), customers[0].clone());
            asking.spawn(async move { answer(desk.reserve_once(&ada, request_id).await).name });
        }
        let others = desk.at_once(&customers[1..]).await;

        let names: HashSet<String> = asking.join_all().await.into_iter().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert_eq!(distinct(others), 5);
    }

    async fn nobody_waits_for_a_customer_whom_somebody_holds(db: Database) {
        if db.backend() != DbBackend::Postgres {
            return; // Only one writes there at a time.
        }
        let desk = &Desk::open(&db).await;
        desk.rule(&[(9, DAY)]).await;
        let customers = &desk.known(20).await;
        let (held, others) = customers.split_first().unwrap();

        let hold = format!(
            "UPDATE contact_clearance SET spare = spare WHERE customer_id = '{}'",
            id_of(held)
        );
        let (asking, served) = db.write_txn(|txn| {
            let hold = hold.clone();
            async move {
                txn.execute_unprepared(&hold).await?;
                let (theirs, held) = (desk.clone(), held.clone());
                let asking = tokio::spawn(async move { theirs.reserve(&held).await });
                let others = desk.at_once(others);
                let served = timeout(Duration::from_secs(10), others).await;
                Ok::<_, Error>((asking, served))
            }
        })
        .await
        .unwrap();

        assert_eq!(served.map(distinct), Ok(19), "while the first was held");
        answer(asking.await.unwrap());
    }
}
