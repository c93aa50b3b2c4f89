//! From a draft to the customer's answer.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Channel;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use tonic::{Code, Status};

use super::{Company, DAY, content, inner};
use crate::grpc::quote::sweep;
use crate::store::entity::quote;
use crate::store::quote::Due;
use crate::testing::{Caller, fields, metadata, reason};

fn not_binding(refused: &Status) -> (Code, String, String) {
    (refused.code(), reason(refused), metadata(refused, "state"))
}

fn unbound(state: &str) -> (Code, String, String) {
    (
        Code::FailedPrecondition,
        "QUOTE_NOT_BINDING".to_owned(),
        state.to_owned(),
    )
}

on_each_engine! {
    async fn a_quote_goes_from_draft_to_accepted(db: Database) {
        let company = Company::open(&db).await;
        let sent = company.sent(150_000).await;
        assert_eq!((sent.state(), sent.send_channel(), sent.binding), (proto::QuoteState::Sent, Channel::Email, true));
        let accepted = company.sven.accept(&sent).await.unwrap();
        assert_eq!((accepted.state(), accepted.binding), (proto::QuoteState::Accepted, true));
        let announced: Vec<_> = company.sven.announced().await.into_iter().filter(|it| it.starts_with("Quote")).collect();
        assert_eq!(announced, ["QuoteCreated", "QuoteSubmitted", "QuoteDecided", "QuoteMessageSubmitted", "QuoteSent", "QuoteAccepted"]);
        for refused in [
            company.sven.revise(&accepted, content(0)).await,
            company.sven.accept(&accepted).await,
            company.sven.reject(&accepted).await,
            company.sven.submit(&accepted).await,
            company.sven.send(&accepted).await,
        ] {
            assert_eq!(reason(&refused.unwrap_err()), "INVALID_STATE");
        }
    }

    async fn only_a_binding_quote_is_sent(db: Database) {
        let company = Company::open(&db).await;
        let draft = company.quote(150_000).await;
        assert_eq!(not_binding(&company.sven.send(&draft).await.unwrap_err()), unbound("DRAFT"));
        let pending = company.sven.submit(&draft).await.unwrap();
        assert_eq!(not_binding(&company.sven.send(&pending).await.unwrap_err()), unbound("PENDING"));
        let approved = company.mona.approve(&pending).await.unwrap();
        let old = proto::Quote { revision: 7, ..approved.clone() };
        assert_eq!(company.sven.send(&old).await.unwrap_err().code(), Code::Aborted);
        let unasked = company.sven.quotes().send_quote(Caller::sending(&approved)).await.unwrap_err();
        assert_eq!(unasked.code(), Code::Internal, "the gateway asks the customer first");
        let stranger = proto::Quote { customer: company.another_customer().await, ..approved.clone() };
        assert_eq!(fields(&company.sven.send(&stranger).await.unwrap_err()), ["customer"]);
        let sent = company.sven.send(&approved).await.unwrap();
        let again = company.sven.later(DAY).send(&sent).await.unwrap();
        assert_eq!(again.send_time, Some(company.sven.ctx.now.saturating_add(DAY).into()));
    }

    async fn a_refused_quote_can_be_revised_and_is_a_draft_again(db: Database) {
        let company = Company::open(&db).await;
        let sent = company.sent(150_000).await;
        let rejected = company.sven.reject(&sent).await.unwrap();
        assert_eq!((rejected.state(), rejected.binding), (proto::QuoteState::Rejected, false));
        assert_eq!(rejected.reject_reason, "Too dear");
        let draft = company.sven.revise(&rejected, content(150_000)).await.unwrap();
        assert_eq!((draft.state(), draft.binding, draft.reject_reason.as_str()), (proto::QuoteState::Draft, false, ""));
    }

    async fn what_is_over_binds_nobody_from_that_instant_on(db: Database) {
        let company = Company::open(&db).await;
        let until = company.sven.ctx.now.saturating_add(DAY);
        let dated = proto::QuoteContent { expire_time: Some(until.into()), ..content(100_000) };
        let quote = company.sven.create(&company.customer, dated, 100_000).await.unwrap();
        let sent = company.sven.send(&company.sven.submit(&quote).await.unwrap()).await.unwrap();
        let late = company.sven.later(DAY);
        assert!(sent.binding && !late.read(&sent).await.unwrap().binding);
        assert_eq!(not_binding(&late.accept(&sent).await.unwrap_err()), unbound("SENT"));
        assert_eq!(not_binding(&late.send(&sent).await.unwrap_err()), unbound("SENT"));

        let (clock, hands) = Clock::manual(company.sven.ctx.now);
        assert_eq!(sweep(&db, &clock, Due::Expiry).await.unwrap(), 0);
        hands.set(until);
        assert_eq!(sweep(&db, &clock, Due::Expiry).await.unwrap(), 1);
        assert_eq!(sweep(&db, &clock, Due::Expiry).await.unwrap(), 0, "once");
        let expired = late.read(&sent).await.unwrap();
        assert_eq!((expired.state(), expired.binding), (proto::QuoteState::Expired, false));
        assert_eq!(company.sven.announced().await.last().unwrap(), "QuoteExpired");
        let draft = late.revise(&expired, content(100_000)).await.unwrap();
        assert_eq!(draft.state(), proto::QuoteState::Draft);
    }

    async fn quotes_that_cannot_be_ended_hold_up_no_other(db: Database) {
        let company = Company::open(&db).await;
        let until = company.sven.ctx.now.saturating_add(DAY);
        let dated = proto::QuoteContent { expire_time: Some(until.into()), ..content(100_000) };
        let quote = company.sven.create(&company.customer, dated, 100_000).await.unwrap();
        let row = quote::Entity::find().one(db.read()).await.unwrap().unwrap();
        // More than are looked at in one go, all without what they say.
        let broken = (0..101).map(|_| quote::Model {
            quote_id: new_id(),
            expire_time: Some(row.create_time),
            ..row.clone()
        }.into_active_model());
        let broken: Vec<_> = broken.collect();
        db.write_txn(|txn| {
            let broken = broken.clone();
            async move { Ok::<_, crate::Error>(quote::Entity::insert_many(broken).exec_without_returning(&*txn).await?) }
        })
        .await
        .unwrap();

        let (clock, _hands) = Clock::manual(until.saturating_add(DAY));
        assert_eq!(sweep(&db, &clock, Due::Expiry).await.unwrap(), 1);
        let expired = company.sven.later(2 * DAY).read(&quote).await.unwrap();
        assert_eq!(expired.state(), proto::QuoteState::Expired);
    }

    async fn nothing_is_submitted_or_approved_too_late(db: Database) {
        let company = Company::open(&db).await;
        let until = company.sven.ctx.now.saturating_add(DAY);
        let dated = proto::QuoteContent { expire_time: Some(until.into()), ..content(150_000) };
        let draft = company.sven.create(&company.customer, dated, 150_000).await.unwrap();
        let late = company.sven.later(DAY).submit(&draft).await.unwrap_err();
        assert_eq!((reason(&late).as_str(), metadata(&late, "state").as_str()), ("INVALID_STATE", "EXPIRED"));
        let pending = company.sven.submit(&draft).await.unwrap();
        let late = company.mona.later(DAY).approve(&pending).await.unwrap_err();
        assert_eq!(metadata(&late, "state"), "EXPIRED");
    }

    async fn another_quote_takes_the_place_of_one(db: Database) {
        let company = Company::open(&db).await;
        let (old, new) = (company.sent(150_000).await, company.quote(0).await);
        let foreign = company.sven.create(&company.another_customer().await, content(0), 0).await.unwrap();
        for wrong in [&old, &foreign, &proto::Quote { name: format!("quotes/{}", new_id()), ..new.clone() }] {
            assert_eq!(fields(&company.sven.supersede(&old, wrong).await.unwrap_err()), ["successor"]);
        }
        let superseded = company.sven.supersede(&old, &new).await.unwrap();
        assert_eq!((superseded.state(), superseded.binding), (proto::QuoteState::Superseded, false));
        assert_eq!(superseded.successor, new.name);
        assert_eq!(fields(&company.sven.supersede(&new, &old).await.unwrap_err()), ["successor"], "no circles");
        assert_eq!(reason(&company.sven.accept(&old).await.unwrap_err()), "INVALID_STATE");
    }

    async fn a_repeated_request_has_one_effect(db: Database) {
        let company = Company::open(&db).await;
        let approved = company.approved(150_000).await;
        let accept = |quote: &proto::Quote, request_id: &str| proto::AcceptQuoteRequest {
            name: quote.name.clone(), revision: 1, request_id: request_id.to_owned(), ..Default::default()
        };
        let sent = company.sven.send(&approved).await.unwrap();
        let id = new_id().to_string();
        let first = inner(company.sven.quotes().accept_quote(accept(&sent, &id)).await).unwrap();
        let second = inner(company.sven.quotes().accept_quote(accept(&sent, &id)).await).unwrap();
        assert_eq!(first, second);
        let announced = company.sven.announced().await;
        assert_eq!(announced.iter().filter(|it| *it == "QuoteAccepted").count(), 1);
        let reused = company.sven.quotes().accept_quote(accept(&approved, &new_id().to_string())).await.unwrap_err();
        assert_eq!(reason(&reused), "INVALID_STATE");
    }
}
