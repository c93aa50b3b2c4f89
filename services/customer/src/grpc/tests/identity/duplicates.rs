//! Customers that were recorded more than once are found.

use std::slice::from_ref;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::duplicate_service_client::DuplicateServiceClient;
use rapport_proto::rapport::customer::v1::find_duplicates_request::Of;
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::{Response, Status};

use super::{Desk, answer, born, person, reason};
use crate::error::Error;
use crate::grpc::duplicate::DuplicateScanner;
use crate::testing::Link;

impl Desk {
    fn duplicates(&self) -> DuplicateServiceClient<Link> {
        DuplicateServiceClient::new(self.link())
    }

    async fn like(&self, of: Of) -> Vec<proto::DuplicateMatch> {
        let request = proto::FindDuplicatesRequest {
            of: Some(of),
            ..Default::default()
        };
        answer(self.duplicates().find_duplicates(request).await).matches
    }

    async fn like_customer(&self, customer: &str) -> Vec<String> {
        let matches = self.like(Of::Customer(customer.to_owned())).await;
        let customers = matches.into_iter().filter_map(|it| it.customer);
        customers.map(|customer| customer.name).collect()
    }

    async fn scan(&self) -> proto::DuplicateScan {
        let request = proto::StartDuplicateScanRequest::default();
        let started = answer(self.duplicates().start_duplicate_scan(request).await);
        let scanner = DuplicateScanner::new(&self.shared);
        while scanner.round().await.unwrap() {}
        let request = proto::GetDuplicateScanRequest { name: started.name };
        answer(self.duplicates().get_duplicate_scan(request).await)
    }

    async fn queue(&self) -> Vec<proto::DuplicateCandidate> {
        let (mut queue, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListDuplicateCandidatesRequest {
                page_size: 1,
                page_token,
                ..Default::default()
            };
            let page = answer(self.duplicates().list_duplicate_candidates(request).await);
            queue.extend(page.duplicate_candidates);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return queue;
            }
        }
    }

    async fn dismiss(
        &self,
        pair: &proto::DuplicateCandidate,
    ) -> Result<Response<proto::DuplicateCandidate>, Status> {
        let request = proto::DismissDuplicateCandidateRequest {
            name: pair.name.clone(),
            ..Default::default()
        };
        self.duplicates().dismiss_duplicate_candidate(request).await
    }

    async fn set_policy(
        &self,
        policy: proto::DuplicatePolicy,
    ) -> Result<Response<proto::DuplicatePolicy>, Status> {
        let request = proto::SetDuplicatePolicyRequest {
            duplicate_policy: Some(policy),
            ..Default::default()
        };
        self.duplicates().set_duplicate_policy(request).await
    }
}

/// A name that has no like among those of other numbers.
fn unlike_any_other(number: u64) -> String {
    let mixed = |it: u64| (it + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{:x} {:x}", mixed(number) >> 16, mixed(mixed(number)) >> 16)
}

/// Two records of one person, the second mistyped, and one of another.
async fn three(desk: &Desk) -> [String; 3] {
    let ada = desk.record(born("Ada Lovelace", 1815, 12, 10)).await;
    let again = desk.record(born("Lovelase Ada", 1815, 10, 12)).await;
    let bob = desk.record(born("Bob Byron", 1788, 1, 22)).await;
    desk.email(&ada, "ada@example.com").await;
    desk.email(&again, "ada@example.com").await;
    desk.email(&bob, "bob@example.com").await;
    [ada, again, bob]
}

on_each_engine! {
    async fn a_customer_recorded_twice_is_found_with_reasons(db: Database) {
        let desk = Desk::open(&db).await;
        let [ada, again, _] = three(&desk).await;
        let matches = desk.like(Of::Customer(ada.clone())).await;
        let [found] = matches.as_slice() else { panic!("{matches:?}") };
        assert_eq!(found.customer.as_ref().unwrap().name, again);
        assert!(found.score > 0.95);
        let reasons: Vec<_> = found.reasons().collect();
        use proto::MatchReason::{SameEmail, SimilarBirthDate, SimilarName};
        assert_eq!(reasons, [SimilarName, SimilarBirthDate, SameEmail]);
        assert!(Desk(desk.of_another_tenant()).queue().await.is_empty());
    }

    async fn what_is_typed_in_is_compared_before_it_is_recorded(db: Database) {
        let desk = Desk::open(&db).await;
        let [ada, again, bob] = three(&desk).await;
        let typed = |name: &str, email: &str| Of::Traits(proto::NewCustomerTraits {
            customer: Some(person(name)),
            contact_points: vec![proto::ContactPoint {
                address: Some(Address::Email(email.to_owned())),
                ..Default::default()
            }],
        });
        let names = |matches: Vec<proto::DuplicateMatch>| {
            let customers = matches.into_iter().filter_map(|it| it.customer);
            customers.map(|customer| customer.name).collect::<Vec<_>>()
        };
        let mut found = names(desk.like(typed("A. Lovelace", "ADA@example.com")).await);
        found.sort();
        let mut both = [ada, again];
        both.sort();
        assert_eq!(found, both);
        assert_eq!(names(desk.like(typed("Robert Byron", "bob@example.com")).await), [bob]);
        assert!(desk.like(typed("Carl Gauss", "carl@example.com")).await.is_empty());
        let request = proto::FindDuplicatesRequest {
            of: Some(typed("", "nobody")),
            ..Default::default()
        };
        assert_eq!(reason(desk.duplicates().find_duplicates(request).await), "INVALID_FIELD");
    }

    async fn keys_follow_every_change(db: Database) {
        let desk = Desk::open(&db).await;
        let [ada, again, bob] = three(&desk).await;
        let renamed = proto::Customer { name: bob.clone(), ..born("Ada Lovelace", 1815, 12, 10) };
        desk.update(renamed, "person").await;
        assert_eq!(desk.like_customer(&bob).await.len(), 2);
        desk.delete(&again).await;
        assert_eq!(desk.like_customer(&bob).await, from_ref(&ada));
        let point = desk.points(&ada).await.remove(0);
        let delete = proto::DeleteContactPointRequest { name: point, ..Default::default() };
        answer(desk.contact_points().delete_contact_point(delete).await);
        let undelete = proto::UndeleteCustomerRequest { name: again.clone(), ..Default::default() };
        answer(desk.customers().undelete_customer(undelete).await);
        assert!(desk.like_customer(&again).await.contains(&ada));
        let merge = desk.merge(&ada, &again).await;
        // What either record says leads to the survivor.
        assert_eq!(desk.like_customer(&bob).await, from_ref(&ada));
        desk.undo(&merge).await;
        assert_eq!(desk.like_customer(&bob).await.len(), 2);
    }

    async fn a_search_fills_the_queue_once(db: Database) {
        let desk = Desk::open(&db).await;
        let [ada, again, _] = three(&desk).await;
        let scan = desk.scan().await;
        assert_eq!(scan.state(), proto::ScanState::Completed);
        assert_eq!((scan.examined_count, scan.candidate_count, scan.merged_count), (3, 1, 0));
        let queue = desk.queue().await;
        let [pair] = queue.as_slice() else { panic!("{queue:?}") };
        assert_eq!((&pair.customer, &pair.other), (&ada, &again));
        assert_eq!(desk.scan().await.candidate_count, 0);

        answer(desk.dismiss(pair).await);
        assert!(desk.queue().await.is_empty());
        assert_eq!(desk.scan().await.candidate_count, 0);
        assert!(desk.queue().await.is_empty());
    }

    async fn customers_recorded_before_there_were_keys_are_found(db: Database) {
        let desk = Desk::open(&db).await;
        for index in 0..60 {
            desk.record(person(&unlike_any_other(index))).await;
        }
        three(&desk).await;
        let forget = &Statement::from_string(db.backend(), "DELETE FROM blocking_key");
        let forgotten = db.write_txn(|txn| async move {
            txn.execute_raw(forget.clone()).await?;
            Ok::<_, Error>(())
        });
        forgotten.await.unwrap();
        let scan = desk.scan().await;
        assert_eq!((scan.examined_count, scan.candidate_count), (63, 1));
        assert_eq!(desk.queue().await.len(), 1);
    }

    async fn sure_pairs_are_merged_only_where_the_company_wants_it(db: Database) {
        let desk = Desk::open(&db).await;
        let [ada, again, _] = three(&desk).await;
        let policy = proto::DuplicatePolicy { auto_merge: true, ..Default::default() };
        let set = answer(desk.set_policy(policy.clone()).await);
        assert_eq!((set.review_score, set.auto_score, set.auto_merge), (0.5, 0.9, true));
        let stale = proto::DuplicatePolicy { etag: "7".to_owned(), ..policy };
        assert_eq!(reason(desk.set_policy(stale).await), "ETAG_MISMATCH");
        let crossed = proto::DuplicatePolicy {
            review_score: 0.9,
            auto_score: 0.8,
            ..Default::default()
        };
        assert_eq!(reason(desk.set_policy(crossed).await), "INVALID_FIELD");

        assert_eq!(desk.scan().await.merged_count, 1);
        assert_eq!(desk.get(&again).await.name, ada);
        assert!(desk.queue().await.is_empty());
        let merges = proto::ListCustomerMergesRequest::default();
        let merges = answer(desk.merges().list_customer_merges(merges).await).customer_merges;
        desk.undo(&merges[0]).await;
        let queue = desk.queue().await;
        assert_eq!(queue.len(), 1);
        let merge = desk.merge(&ada, &again).await;
        assert_eq!(reason(desk.dismiss(&queue[0]).await), "INVALID_STATE");
        desk.undo(&merge).await;
    }

    async fn what_everybody_shares_leads_nowhere(db: Database) {
        let desk = Desk::open(&db).await;
        // Twins by name, who share an address with ever more others.
        let one = desk.record(born("Ada Lovelace", 1815, 12, 10)).await;
        desk.email(&one, "info@example.com").await;
        for index in 0..200 {
            let name = desk.record(person(&unlike_any_other(index))).await;
            desk.email(&name, "info@example.com").await;
        }
        let typed = || Of::Traits(proto::NewCustomerTraits {
            customer: Some(person("A. Lovelace")),
            contact_points: vec![proto::ContactPoint {
                address: Some(Address::Email("info@example.com".to_owned())),
                ..Default::default()
            }],
        });
        assert!(desk.like(typed()).await.is_empty());
        let last = desk.find("info").await.pop().unwrap();
        let point = desk.points(&last).await.remove(0);
        let delete = proto::DeleteContactPointRequest { name: point, ..Default::default() };
        answer(desk.contact_points().delete_contact_point(delete).await);
        assert_eq!(desk.like(typed()).await.len(), 1);
    }
}
