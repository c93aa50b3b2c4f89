//! Events whose customers do not stay who they were.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customer;

use super::super::quotes::Company;
use super::*;
use crate::testing::fields;

/// The customers in an event: who takes part, and whom it concerns.
fn customers(event: &proto::CalendarEvent) -> (Vec<String>, Vec<String>) {
    let guests = event.attendees.iter().filter_map(|it| match &it.attendee {
        Some(Named::Customer(name)) => Some(name.clone()),
        _ => None,
    });
    let links = event.links.iter().filter(|it| it.starts_with("customers/"));
    (guests.collect(), links.cloned().collect())
}

on_each_engine! {
    async fn guests_and_links_follow_a_merge_find_back_and_are_forgotten(db: Database) {
        let company = Company::open(&db).await;
        let office = Office::of(company.sven.clone()).await;
        // The customer service believes nobody who was signed for long ago.
        let ann = &office.ann.with(|ctx| ctx.now = company.sven.ctx.now);
        let (double, ada) = (company.customer.clone(), company.another_customer().await);
        let unknown = format!("customers/{}", new_id());
        let with = |names: &[&String]| proto::CalendarEvent {
            attendees: names.iter().map(|it| invited(Named::Customer((*it).clone()))).collect(),
            links: names.iter().map(|it| (*it).clone()).chain(["opportunities/1".to_owned()]).collect(),
            ..office.event()
        };
        assert_eq!(fields(&ann.plan(with(&[&unknown])).await.unwrap_err()), ["calendar_event.attendees[0].customer"]);
        let made = ann.plan(with(&[&double])).await.unwrap();
        let both = ann.plan(with(&[&ada, &double])).await.unwrap();
        let of = async |event: &proto::CalendarEvent| customers(&ann.look_at(&event.name).await.unwrap());
        let one = |name: &String| (vec![name.clone()], vec![name.clone()]);

        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()),
            survivor: ada.clone(),
            merged: double.clone(),
            ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        ann.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        assert_eq!((of(&made).await, of(&both).await), (one(&ada), one(&ada)));
        // Somebody changes the event meanwhile: it is found back all the same.
        let titled = proto::CalendarEvent { name: made.name.clone(), title: "Other".to_owned(), ..Default::default() };
        ann.replan(titled, &["title"]).await.unwrap();
        ann.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        assert_eq!(of(&made).await, one(&double));
        assert_eq!(of(&both).await, (vec![ada.clone(), double.clone()], vec![ada.clone(), double.clone()]));

        ann.hear(&double, 9, &customer::CustomerErased { customer: double.clone(), ..Default::default() }).await;
        assert_eq!((of(&made).await, of(&both).await), ((vec![], vec![]), one(&ada)));
        let titled = proto::CalendarEvent { name: made.name.clone(), title: "Alone".to_owned(), ..Default::default() };
        assert_eq!(ann.replan(titled, &["title"]).await.unwrap().links, ["opportunities/1"]);
    }
}
