//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Post, Recorder, SECRET, message, work};
use crate::domain::channel::Channel;
use crate::domain::delivery::{BounceKind, Connector};

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, _) = post.person("ada@example.com").await;
        let sent = post.mail(&ada, "Hello").await;
        work(&post.worker(Recorder::default())).await;
        macro_rules! spoil {
            ($service:ident . $rpc:ident ( $message:expr )) => {
                let _: usize = rapport_platform::spoil!(post.$service(), $rpc, $message);
            };
        }
        let template = proto::Template {
            display_name: "Order".to_owned(),
            channel: Channel::Email.number(),
            subject: "Order".to_owned(),
            text: "{{ order }}".to_owned(),
            html: "<p>".to_owned(),
            merge_fields: vec![proto::MergeField {
                key: "order".to_owned(),
                description: "Its number".to_owned(),
            }],
            ..Default::default()
        };
        let request = proto::CreateTemplateRequest {
            template_id: "order".to_owned(),
            template: Some(template.clone()),
            ..Default::default()
        };
        post.templates().create_template(request.clone()).await.unwrap();
        spoil!(templates.create_template(request));
        spoil!(templates.update_template(proto::UpdateTemplateRequest {
            template: Some(proto::Template { name: "templates/order".to_owned(), ..template }),
            ..Default::default()
        }));
        spoil!(templates.get_template(proto::GetTemplateRequest::default()));
        spoil!(templates.list_templates(proto::ListTemplatesRequest::default()));
        let merge_fields = [("order".to_owned(), "17".to_owned())];
        spoil!(templates.preview_template(proto::PreviewTemplateRequest {
            name: "templates/order".to_owned(),
            customer: ada.clone(),
            merge_fields: merge_fields.clone().into(),
        }));
        spoil!(interactions.send_message(proto::SendMessageRequest {
            template: "templates/order".to_owned(),
            merge_fields: merge_fields.into(),
            subject: String::new(),
            body: String::new(),
            ..message(&ada, Channel::Email, "")
        }));
        spoil!(deliveries.get_delivery(proto::GetDeliveryRequest::default()));
        spoil!(deliveries.list_deliveries(proto::ListDeliveriesRequest::default()));
        spoil!(deliveries.list_delivery_attempts(proto::ListDeliveryAttemptsRequest {
            parent: sent.name.clone(),
            ..Default::default()
        }));
        spoil!(deliveries.retry_delivery(proto::RetryDeliveryRequest {
            name: sent.name.clone(),
            ..Default::default()
        }));
        spoil!(routes.get_delivery_route(proto::GetDeliveryRouteRequest::default()));
        spoil!(routes.update_delivery_route(proto::UpdateDeliveryRouteRequest {
            delivery_route: Some(proto::DeliveryRoute {
                name: "deliveryRoutes/sms".to_owned(),
                connector: Connector::Webhook.number(),
                url: "https://example.com/".to_owned(),
                secret: SECRET.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }));
        use proto::report_bounce_request::Subject;
        for subject in [
            Subject::Delivery(sent.name.clone()),
            Subject::ProviderMessageId("provider-1".to_owned()),
        ] {
            spoil!(feedback.report_bounce(proto::ReportBounceRequest {
                subject: Some(subject),
                kind: BounceKind::Soft.number(),
                status_code: "4.2.2".to_owned(),
                ..Default::default()
            }));
        }
    }
}
