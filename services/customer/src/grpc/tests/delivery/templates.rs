//! Messages that are written once.

use std::collections::BTreeMap;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::{Response, Status};

use super::{Post, Recorder, answer, message, reason, refused, work};
use crate::domain::channel::Channel;
use crate::testing::fields;

fn confirmation() -> proto::Template {
    proto::Template {
        display_name: "Order confirmation".to_owned(),
        channel: Channel::Email.number(),
        subject: "Order {{ order }}".to_owned(),
        text: "Dear {{ customer.given_name }}, {{ order }} is on its way.".to_owned(),
        html: "<p>Dear {{ customer.display_name }}: {{ order }}</p>".to_owned(),
        merge_fields: vec![proto::MergeField {
            key: "order".to_owned(),
            description: "Its number".to_owned(),
        }],
        ..Default::default()
    }
}

async fn create(
    post: &Post,
    id: &str,
    template: proto::Template,
) -> Result<Response<proto::Template>, Status> {
    let request = proto::CreateTemplateRequest {
        template_id: id.to_owned(),
        template: Some(template),
        ..Default::default()
    };
    post.templates().create_template(request).await
}

fn by_template(customer: &str, values: &[(&str, &str)]) -> proto::SendMessageRequest {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    proto::SendMessageRequest {
        template: "templates/confirmation".to_owned(),
        merge_fields: values.iter().map(pair).collect::<BTreeMap<_, _>>(),
        subject: String::new(),
        body: String::new(),
        ..message(customer, Channel::Email, "")
    }
}

on_each_engine! {
    async fn a_message_is_said_by_its_template(db: Database) {
        let post = Post::open(&db).await;
        answer(create(&post, "confirmation", confirmation()).await);
        let (ada, _) = post.person("ada@example.com").await;

        let sent = answer(post.try_send(by_template(&ada, &[("order", "<17>")])).await);

        assert_eq!(sent.summary, "Order <17>");
        assert_eq!(sent.body, "Dear Ada, <17> is on its way.");
        let preview = proto::PreviewTemplateRequest {
            name: "templates/confirmation".to_owned(),
            customer: ada,
            merge_fields: BTreeMap::from([("order".to_owned(), "<17>".to_owned())]),
        };
        let preview = answer(post.templates().preview_template(preview).await);
        assert_eq!((preview.subject, preview.text), (sent.summary, sent.body));
        assert_eq!(preview.html, "<p>Dear Ada Lovelace: &lt;17&gt;</p>");
    }

    async fn what_is_missing_refuses_the_message_before_anything_is_stored(db: Database) {
        let post = Post::open(&db).await;
        answer(create(&post, "confirmation", confirmation()).await);
        let (ada, _) = post.person("ada@example.com").await;

        let missing = refused(post.try_send(by_template(&ada, &[])).await);
        assert_eq!(fields(&missing), ["merge_fields.order"]);
        let unknown = refused(post.try_send(by_template(&ada, &[("order", "1"), ("x", "2")])).await);
        assert_eq!(fields(&unknown), ["merge_fields"]);
        let both = proto::SendMessageRequest { body: "x".into(), ..by_template(&ada, &[("order", "1")]) };
        assert_eq!(fields(&refused(post.try_send(both).await)), ["body"]);
        let sms = proto::SendMessageRequest { channel: Channel::Phone.number(), ..by_template(&ada, &[("order", "1")]) };
        assert_eq!(fields(&refused(post.try_send(sms).await)), ["template"]);
        let nowhere = proto::SendMessageRequest { template: "templates/none".into(), ..by_template(&ada, &[]) };
        assert_eq!(reason(post.try_send(nowhere).await), "RESOURCE_NOT_FOUND");
        let fields_only = proto::SendMessageRequest { template: String::new(), ..by_template(&ada, &[("order", "1")]) };
        assert_eq!(fields(&refused(post.try_send(fields_only).await)), ["merge_fields"]);

        assert!(post.timeline(&ada).await.is_empty());
        assert!(post.filtered("").await.is_empty());
    }

    async fn a_message_keeps_its_text_when_its_template_changes(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let template = answer(create(&post, "confirmation", confirmation()).await);
        let (ada, _) = post.person("ada@example.com").await;
        answer(post.try_send(by_template(&ada, &[("order", "17")])).await);
        let delete = proto::DeleteTemplateRequest { name: template.name, ..Default::default() };
        answer(post.templates().delete_template(delete).await);

        assert_eq!(work(&post.worker(Recorder::default())).await, 1);
        assert_eq!(post.timeline(&ada).await[0].summary, "Order 17");
    }

    async fn a_template_that_cannot_be_filled_in_is_refused(db: Database) {
        let post = Post::open(&db).await;
        let unread = proto::Template { text: "{{ order".into(), ..confirmation() };
        let told = refused(create(&post, "a", unread).await);
        assert_eq!(fields(&told), ["template.text"]);
        let unknown = proto::Template { subject: "{{ ordr }}".into(), ..confirmation() };
        assert_eq!(fields(&refused(create(&post, "a", unknown).await)), ["template.subject"]);
        assert_eq!(fields(&refused(create(&post, "Not An Id", confirmation()).await)), ["template_id"]);
    }

    async fn templates_are_kept_listed_and_changed(db: Database) {
        let post = Post::open(&db).await;
        let first = answer(create(&post, "b", confirmation()).await);
        answer(create(&post, "a", confirmation()).await);
        assert_eq!(reason(create(&post, "a", confirmation()).await), "RESOURCE_EXISTS");

        let change = |etag: &str, subject: &str| proto::UpdateTemplateRequest {
            template: Some(proto::Template {
                name: first.name.clone(),
                subject: subject.to_owned(),
                etag: etag.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let changed = answer(post.templates().update_template(change(&first.etag, "New {{ order }}")).await);
        assert_eq!((changed.subject.as_str(), &changed.text), ("New {{ order }}", &first.text));
        let stale = post.templates().update_template(change(&first.etag, "x")).await;
        assert_eq!(reason(stale), "ETAG_MISMATCH");
        let broken = refused(post.templates().update_template(change("", "{{")).await);
        assert_eq!(fields(&broken), ["template.subject"]);

        let page = proto::ListTemplatesRequest { page_size: 1, ..Default::default() };
        let page = answer(post.templates().list_templates(page).await);
        assert_eq!(page.templates[0].name, "templates/a");
        let next = proto::ListTemplatesRequest { page_size: 1, page_token: page.next_page_token };
        let next = answer(post.templates().list_templates(next).await);
        assert_eq!((next.templates[0].name.as_str(), next.next_page_token.as_str()), ("templates/b", ""));
    }

    async fn templates_stay_in_the_company(db: Database) {
        let post = Post::open(&db).await;
        let name = answer(create(&post, "confirmation", confirmation()).await).name;
        let stranger = post.of_another_tenant();

        let get = proto::GetTemplateRequest { name: name.clone() };
        assert_eq!(reason(stranger.templates().get_template(get).await), "RESOURCE_NOT_FOUND");
        let delete = proto::DeleteTemplateRequest { name: name.clone(), ..Default::default() };
        assert_eq!(reason(stranger.templates().delete_template(delete).await), "RESOURCE_NOT_FOUND");
        let template = proto::Template { name: name.clone(), subject: "x".into(), ..Default::default() };
        let update = proto::UpdateTemplateRequest { template: Some(template), ..Default::default() };
        assert_eq!(reason(stranger.templates().update_template(update).await), "RESOURCE_NOT_FOUND");
        let (bob, _) = stranger.person("bob@example.com").await;
        let preview = proto::PreviewTemplateRequest { name, customer: bob.clone(), ..Default::default() };
        assert_eq!(reason(stranger.templates().preview_template(preview).await), "RESOURCE_NOT_FOUND");
        let sent = stranger.try_send(by_template(&bob, &[("order", "1")])).await;
        assert_eq!(reason(sent), "RESOURCE_NOT_FOUND");
    }
}
