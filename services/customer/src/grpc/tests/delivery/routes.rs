//! By which way messages leave.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Post, Recorder, SECRET, answer, reason, refused, work};
use crate::delivery::Report;
use crate::domain::channel::Channel;
use crate::domain::delivery::{AttemptResult, Connector, DeliveryState, FailureClass, MailServer};
use crate::testing::{self, fields};

const HOOK: &str = "https://hooks.example.com/mail";

fn route(connector: Connector, url: &str, secret: &str) -> proto::DeliveryRoute {
    proto::DeliveryRoute {
        name: "deliveryRoutes/email".to_owned(),
        connector: connector.number(),
        url: url.to_owned(),
        secret: secret.to_owned(),
        ..Default::default()
    }
}

async fn get(post: &Post, name: &str) -> proto::DeliveryRoute {
    let name = name.to_owned();
    let request = proto::GetDeliveryRouteRequest { name };
    answer(post.routes().get_delivery_route(request).await)
}

on_each_engine! {
    async fn every_channel_has_a_route_from_the_start(db: Database) {
        let mut post = Post::open(&db).await;
        let list = proto::ListDeliveryRoutesRequest::default;
        let listed = answer(post.routes().list_delivery_routes(list()).await).delivery_routes;
        assert_eq!(listed.len(), Channel::ALL.len());
        assert!(listed.iter().all(|it| it.connector == Connector::Queue.number()));
        assert_eq!(get(&post, "deliveryRoutes/call_centre").await.channel, Channel::CallCentre.number());
        let request = proto::GetDeliveryRouteRequest { name: "deliveryRoutes/pigeon".into() };
        assert_eq!(reason(post.routes().get_delivery_route(request).await), "RESOURCE_NOT_FOUND");

        post.caller.shared.outbound.mail = MailServer::Configured;
        assert_eq!(get(&post, "deliveryRoutes/email").await.connector, Connector::Smtp.number());
        assert_eq!(get(&post, "deliveryRoutes/sms").await.connector, Connector::Queue.number());
    }

    async fn a_webhook_is_set_and_its_secret_never_shown(db: Database) {
        let post = Post::open(&db).await;
        let set = answer(post.try_route(route(Connector::Webhook, HOOK, SECRET)).await);
        assert_eq!((set.url.as_str(), set.secret.as_str()), (HOOK, ""));

        let moved = proto::DeliveryRoute {
            url: "https://hooks.example.com/other".to_owned(),
            etag: set.etag.clone(),
            ..route(Connector::Webhook, "", "")
        };
        let moved = answer(post.try_route(moved).await);
        assert_eq!(moved.url, "https://hooks.example.com/other", "with the secret that it has");
        let stale = proto::DeliveryRoute { etag: set.etag, ..route(Connector::Queue, "", "") };
        assert_eq!(reason(post.try_route(stale).await), "ETAG_MISMATCH");

        let back = answer(post.try_route(route(Connector::Queue, "", "")).await);
        assert_eq!((back.connector, back.url.as_str()), (Connector::Queue.number(), ""));
        let again = refused(post.try_route(route(Connector::Webhook, HOOK, "")).await);
        assert_eq!(fields(&again), ["delivery_route.secret"], "the secret went with the webhook");
    }

    async fn a_route_that_cannot_work_is_refused(db: Database) {
        let post = Post::open(&db).await;
        for (sent, at) in [
            (route(Connector::Webhook, "", SECRET), "delivery_route.url"),
            (route(Connector::Webhook, "https://10.0.0.1/", SECRET), "delivery_route.url"),
            (route(Connector::Webhook, "http://example.com/", SECRET), "delivery_route.url"),
            (route(Connector::Webhook, HOOK, "short"), "delivery_route.secret"),
            (route(Connector::Queue, HOOK, ""), "delivery_route.url"),
        ] {
            assert_eq!(fields(&refused(post.try_route(sent).await)), [at]);
        }
        let smtp = refused(post.try_route(route(Connector::Smtp, "", "")).await);
        assert_eq!(testing::reason(&smtp), "CONNECTOR_NOT_CONFIGURED");
        let sms = proto::DeliveryRoute {
            name: "deliveryRoutes/sms".to_owned(),
            ..route(Connector::Smtp, "", "")
        };
        assert_eq!(fields(&refused(post.try_route(sms).await)), ["delivery_route.connector"]);
    }

    async fn what_waits_follows_the_route(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(HOOK).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        answer(post.try_route(route(Connector::Queue, "", "")).await);
        let recorder = Recorder::default();

        work(&post.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let moved = post.delivery(&queued.name).await;
        assert_eq!((moved.connector, moved.state), (Connector::Queue.number(), DeliveryState::Queued.number()));
    }

    async fn a_receiver_who_is_gone_gets_nothing_more_until_somebody_mends_the_route(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(HOOK).await;
        let (ada, _) = post.person("ada@example.com").await;
        let first = post.mail(&ada, "Hello").await;
        let gone = Report {
            stopped_url: Some(HOOK.to_owned()),
            ..Report::failed(AttemptResult::FailedPermanently, FailureClass::status("WEBHOOK", 410))
        };
        work(&post.worker(Recorder::answering([gone]))).await;
        assert!(get(&post, "deliveryRoutes/email").await.stop_time.is_some());
        assert_eq!(post.delivery(&first.name).await.failure, "WEBHOOK_410");

        let second = post.mail(&ada, "Hello again").await;
        let recorder = Recorder::default();
        work(&post.worker(recorder.clone())).await;
        assert_eq!(recorder.seen(), []);
        assert_eq!(post.delivery(&second.name).await.failure, "ROUTE_STOPPED");

        post.mail_to_webhook(HOOK).await;
        let retry = proto::RetryDeliveryRequest { name: second.name.clone(), ..Default::default() };
        answer(post.deliveries().retry_delivery(retry).await);
        work(&post.worker(recorder)).await;
        assert_eq!(post.state(&second.name).await, DeliveryState::Sent);
    }

    async fn routes_are_the_companys_own(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(HOOK).await;
        let stranger = post.of_another_tenant();
        assert_eq!(get(&stranger, "deliveryRoutes/email").await.url, "");
        answer(stranger.try_route(route(Connector::Queue, "", "")).await);
        assert_eq!(get(&post, "deliveryRoutes/email").await.url, HOOK);
    }
}
