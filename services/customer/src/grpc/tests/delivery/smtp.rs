//! E-mails, by a mail server in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use rapport_platform::config::Secret;
use rapport_platform::key::SecretKey;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::{LEASE, Post, answer, message, reason, work};
use crate::delivery::{DeliveryWorker, DkimConfig, SmtpConfig, SmtpConnector, SmtpTls};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::{Connector, DeliveryState, MailServer};
use crate::grpc::link::Links;

/// Names a Python that has `aiosmtpd` and `dkimpy`; `cargo xtask test` sets it.
const PYTHON: &str = "RAPPORT_TOOLS_PYTHON";
const SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/grpc/tests/delivery/smtpd.py"
);

/// The mail server; it ends when this is dropped.
pub(super) struct MailProcess {
    port: u16,
    mails: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl MailProcess {
    async fn start() -> Self {
        Self::protected(SmtpTls::None).await
    }

    /// One whose connections are protected so.
    pub(super) async fn protected(tls: SmtpTls) -> Self {
        let kind = match tls {
            SmtpTls::None => "none",
            SmtpTls::Starttls => "starttls",
            SmtpTls::Implicit => "implicit",
        };
        let mut process = Command::new(python())
            .args([SERVER, kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut mails = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = mails.next_line().await.unwrap().unwrap().parse().unwrap();
        Self {
            port,
            mails,
            process,
        }
    }

    pub(super) async fn mail(&mut self) -> Value {
        let line = timeout(Duration::from_secs(20), self.mails.next_line()).await;
        serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap()
    }

    /// Nothing came that was not looked at; the server is told to end, so that this is certain.
    pub(super) async fn has_nothing_more(mut self) -> bool {
        drop(self.process.stdin.take());
        self.mails.next_line().await.unwrap().is_none()
    }

    fn worker(&self, post: &Post) -> DeliveryWorker<SmtpConnector> {
        post.worker(SmtpConnector::new(&self.config()).unwrap())
    }

    pub(super) fn config(&self) -> SmtpConfig {
        SmtpConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: SmtpTls::None,
            from: "Shop <shop@crm.example.com>".to_owned(),
            reply_to: "help@crm.example.com".to_owned(),
            bounces: "bounces@crm.example.com".to_owned(),
            timeout: Duration::from_secs(5),
            ..SmtpConfig::default()
        }
    }
}

impl Post {
    pub(super) async fn with_mail_server(db: &rapport_platform::db::Database) -> Self {
        let mut post = Self::open(db).await;
        post.caller.shared.outbound.mail = MailServer::Configured;
        post
    }
}

pub(super) fn python() -> String {
    std::env::var(PYTHON).unwrap_or_else(|_| panic!("set {PYTHON} or run `cargo xtask test`"))
}

pub(super) fn dkim() -> DkimConfig {
    DkimConfig {
        selector: "s1".to_owned(),
        domain: "crm.example.com".to_owned(),
        key: Secret::new(include_str!("dkim.pem").to_owned()),
    }
}

/// The lines of a mail's head, unfolded.
fn head(mail: &Value) -> String {
    let content = mail["content"].as_str().unwrap();
    let (head, _) = content.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").replace("\r\n\t", " ")
}

on_each_engine! {
    async fn an_email_arrives_with_what_its_receiver_needs(db: Database) {
        let mut server = MailProcess::start().await;
        let post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Grüße\r\nBcc: eve@example.com").await;
        assert_eq!(queued.connector, Connector::Smtp.number());

        work(&server.worker(&post)).await;

        let mail = server.mail().await;
        let id = queued.name.strip_prefix("deliveries/").unwrap();
        assert_eq!(mail["from"], format!("bounces+{id}@crm.example.com"));
        assert_eq!(mail["to"], serde_json::json!(["ada@example.com"]));
        let head = head(&mail);
        for line in [
            format!("Message-ID: <{id}@crm.example.com>"),
            "From: Shop <shop@crm.example.com>".to_owned(),
            "To: ada@example.com".to_owned(),
            "Reply-To: help@crm.example.com".to_owned(),
            format!("X-Rapport-Delivery: deliveries/{id}"),
        ] {
            assert!(head.lines().any(|it| it == line), "{line} in\n{head}");
        }
        assert!(!head.lines().any(|it| it.starts_with("Bcc:")), "{head}");
        assert!(head.contains("Subject: =?utf-8?"), "{head}");
        assert!(!head.contains("X-Rapport-Possible-Duplicate"), "{head}");
        assert!(mail["content"].as_str().unwrap().contains("Your order is on its way."));
        let sent = post.delivery(&queued.name).await;
        assert_eq!(sent.state, DeliveryState::Sent.number());
        assert_eq!(sent.provider_message_id, format!("{id}@crm.example.com"));
    }

    async fn readers_of_marketing_unsubscribe_with_one_click(db: Database) {
        let mut server = MailProcess::start().await;
        let mut post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let offer = || proto::SendMessageRequest {
            purpose: Purpose::Marketing.number(),
            ..message(&ada, Channel::Email, "Spring offer")
        };
        answer(post.try_send(offer()).await);
        let mut config = server.config();
        config.dkim = dkim();
        work(&post.worker(SmtpConnector::new(&config).unwrap())).await;
        let of_marketing = head(&server.mail().await);
        let line = |name: &str| of_marketing.lines().find(|it| it.starts_with(name)).unwrap();
        let token = line("List-Unsubscribe:")
            .strip_prefix("List-Unsubscribe: <https://contact.example.com/u/")
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap();
        assert_eq!(line("List-Unsubscribe-Post:"), "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
        assert!(line("DKIM-Signature:").contains(":List-Unsubscribe:List-Unsubscribe-Post"));

        post.mail(&ada, "Your order").await;
        work(&server.worker(&post)).await;
        let of_service = head(&server.mail().await);
        assert!(!of_service.contains("List-Unsubscribe"), "{of_service}");

        let request = proto::UnsubscribeRequest { token: token.to_owned() };
        answer(ConsentServiceClient::new(post.link()).unsubscribe(request).await);
        assert_eq!(reason(post.try_send(offer()).await), "OPTED_OUT");

        post.caller.shared.outbound.links = Links::new(&SecretKey::generate(), None);
        let (bob, _) = post.person("bob@example.com").await;
        answer(post.try_send(proto::SendMessageRequest { customer: bob, ..offer() }).await);
        work(&server.worker(&post)).await;
        let without_a_page = head(&server.mail().await);
        assert!(!without_a_page.contains("List-Unsubscribe"), "{without_a_page}");
    }

    async fn what_the_server_says_decides_what_comes_next(db: Database) {
        let server = MailProcess::start().await;
        let post = Post::with_mail_server(&db).await;
        for (address, state, failure) in [
            ("busy@example.com", DeliveryState::Queued, "SMTP_451"),
            ("unknown@example.com", DeliveryState::Failed, "SMTP_550"),
        ] {
            let (customer, _) = post.person(address).await;
            let queued = post.mail(&customer, "Hello").await;
            work(&server.worker(&post)).await;
            let answered = post.delivery(&queued.name).await;
            assert_eq!((answered.state, answered.failure.as_str()), (state.number(), failure));
            assert!(!answered.possible_duplicate, "it was told");
        }
    }

    async fn a_connection_that_breaks_after_the_mail_leaves_a_doubt_that_is_told(db: Database) {
        let mut server = MailProcess::start().await;
        let post = Post::with_mail_server(&db).await;
        let (customer, _) = post.person("broken@example.com").await;
        let queued = post.mail(&customer, "Hello").await;

        work(&server.worker(&post)).await;
        let first = server.mail().await;
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.state, waiting.possible_duplicate), (DeliveryState::Queued.number(), true));
        post.hand.advance(LEASE);
        work(&server.worker(&post)).await;
        let second = server.mail().await;

        let id = |mail: &Value| {
            let head = head(mail);
            head.lines().find(|it| it.starts_with("Message-ID:")).unwrap().to_owned()
        };
        assert_eq!(id(&first), id(&second));
        assert!(!head(&first).contains("X-Rapport-Possible-Duplicate"));
        assert!(head(&second).contains("X-Rapport-Possible-Duplicate: true"));
    }

    async fn a_server_that_is_away_has_sent_nothing(db: Database) {
        let mut server = MailProcess::start().await;
        let post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let port = std::mem::replace(&mut server.port, 9);

        work(&server.worker(&post)).await;
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.failure.as_str(), waiting.possible_duplicate), ("SMTP_CONNECTION", false));
        server.port = port;
        post.hand.advance(LEASE);
        work(&server.worker(&post)).await;
        assert_eq!(post.state(&queued.name).await, DeliveryState::Sent);
    }

    async fn an_email_from_a_template_has_both_forms_and_a_signature(db: Database) {
        let mut server = MailProcess::start().await;
        let post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let template = proto::Template {
            display_name: "Greeting".to_owned(),
            channel: Channel::Email.number(),
            subject: "Hello".to_owned(),
            text: "Hello {{ customer.given_name }}".to_owned(),
            html: "<p>Hello {{ customer.given_name }}</p>".to_owned(),
            ..Default::default()
        };
        let request = proto::CreateTemplateRequest {
            template_id: "greeting".to_owned(),
            template: Some(template),
            ..Default::default()
        };
        answer(post.templates().create_template(request).await);
        let message = proto::SendMessageRequest {
            template: "templates/greeting".to_owned(),
            body: String::new(),
            ..message(&ada, Channel::Email, "")
        };
        answer(post.try_send(message).await);
        let mut config = server.config();
        config.dkim = dkim();

        work(&post.worker(SmtpConnector::new(&config).unwrap())).await;

        let mail = server.mail().await;
        let content = mail["content"].as_str().unwrap();
        assert!(content.contains("multipart/alternative"), "{content}");
        assert!(content.contains("\r\nHello Ada\r\n"), "{content}");
        assert!(content.contains("<p>Hello Ada</p>"), "{content}");
        let head = head(&mail);
        let signature = head.lines().find(|it| it.starts_with("DKIM-Signature:")).unwrap();
        assert!(signature.contains("d=crm.example.com; s=s1"), "{signature}");
    }

    async fn without_a_mail_server_mails_wait_to_be_pulled(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        answer(post.try_send(message(&ada, Channel::Email, "Hello")).await);
        assert_eq!(post.latest(&ada).await.connector, Connector::Queue.number());
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let good = SmtpConfig {
        host: "mail.example.com".to_owned(),
        from: "shop@example.com".to_owned(),
        ..SmtpConfig::default()
    };
    assert!(SmtpConnector::new(&good).is_ok());
    let nobody = SmtpConfig {
        from: String::new(),
        ..good.clone()
    };
    let refused = SmtpConnector::new(&nobody).err().unwrap();
    assert!(refused.to_string().contains("customer.smtp.from"));
    let mut unsigned = good;
    unsigned.dkim.selector = "s1".to_owned();
    let refused = SmtpConnector::new(&unsigned).err().unwrap();
    assert!(refused.to_string().contains("customer.smtp.dkim.key"));
}
