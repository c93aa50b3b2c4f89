//! E-mails that can be trusted: over TLS to the server that is meant, under a signature that others
//! can check.

use std::process::Stdio;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::smtp::{MailProcess, dkim, python};
use super::{LEASE, Post, answer, message, work};
use crate::delivery::{SmtpConfig, SmtpConnector, SmtpTls};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::DeliveryState;

const PROTECTED: [SmtpTls; 2] = [SmtpTls::Starttls, SmtpTls::Implicit];
/// The server's certificate, for 127.0.0.1, signed by itself.
const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/grpc/tests/delivery/smtpd.crt.pem"
);
const VERIFIER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/grpc/tests/delivery/dkim_verify.py"
);
/// What DNS would answer about the key in `dkim.pem`.
const RECORD: &str = concat!(
    "v=DKIM1; k=rsa; p=",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoFEE0PZcy4fWZY7xT+VHabUWKXa/v+tG",
    "Cw/ADucFFmWWC8ZnHkZqbCHBmZoSwRVPOjDNd0+/ghaOh/dVUDyIBElQ4M2IHSGa28tXpFYovezg",
    "PX731MdvXgFlKBJmGNqdYsDRZTLiEcUK3AMpkprzM9bY/06ITeMY+YXkGXrG8eTAFUnDFDzDcSws",
    "TsQ4yZPAg9z4dmg1euhjWfD7X48VtnjjldC/COZPQi0sl2HSyDNPkczA8WhQ8evQv3X6mCZZf6j1",
    "PBGcJp6wn94EnBMy2YHSDh2KyMd0uOr0+6SzoBTDGvPoyvRimwbDUFb1bM+tiF+L9BDcnKSWutVV",
    "0elpMQIDAQAB",
);

impl MailProcess {
    /// Settings that trust it.
    fn trusted(&self, tls: SmtpTls) -> SmtpConfig {
        SmtpConfig {
            tls,
            ca_file: AUTHORITY.to_owned(),
            ..self.config()
        }
    }
}

impl Post {
    /// Sends what is due by the mail server in the settings.
    async fn posts(&self, config: &SmtpConfig) {
        work(&self.worker(SmtpConnector::new(config).unwrap())).await;
    }
}

/// What an independent verifier says of a mail's signature.
async fn verdict(mail: &str) -> String {
    let mut process = Command::new(python())
        .args([VERIFIER, RECORD])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(mail.as_bytes()).await.unwrap();
    drop(input);
    let output = process.wait_with_output().await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

on_each_engine! {
    async fn a_mail_leaves_over_tls_to_a_server_that_the_settings_trust(db: Database) {
        for tls in PROTECTED {
            let mut server = MailProcess::protected(tls).await;
            let post = Post::with_mail_server(&db).await;
            let (ada, _) = post.person("ada@example.com").await;
            let queued = post.mail(&ada, "Hello").await;

            post.posts(&server.trusted(tls)).await;

            assert_eq!(server.mail().await["tls"], true, "{tls:?}");
            assert_eq!(post.state(&queued.name).await, DeliveryState::Sent);
        }
    }

    async fn a_server_that_is_not_the_one_that_is_meant_gets_nothing(db: Database) {
        for tls in PROTECTED {
            let mut server = MailProcess::protected(tls).await;
            let post = Post::with_mail_server(&db).await;
            let (ada, _) = post.person("ada@example.com").await;
            let queued = post.mail(&ada, "Hello").await;
            let trusted = server.trusted(tls);
            let unknown = SmtpConfig { ca_file: String::new(), ..trusted.clone() };
            let of_another_name = SmtpConfig { host: "localhost".to_owned(), ..trusted.clone() };
            for wrong in [unknown, of_another_name] {
                post.posts(&wrong).await;
                let waiting = post.delivery(&queued.name).await;
                assert_eq!(waiting.state, DeliveryState::Queued.number());
                assert_eq!((waiting.failure.as_str(), waiting.possible_duplicate), ("SMTP_TLS", false));
                post.hand.advance(LEASE);
            }

            post.posts(&trusted).await;

            assert_eq!(post.delivery(&queued.name).await.attempt_count, 3);
            let first = server.mail().await;
            assert_eq!(first["tls"], true);
            assert!(server.has_nothing_more().await, "the others came to nothing");
        }
    }

    async fn a_server_that_offers_no_tls_gets_nothing(db: Database) {
        let server = MailProcess::protected(SmtpTls::None).await;
        let post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        for tls in PROTECTED {
            post.posts(&server.trusted(tls)).await;
            post.hand.advance(LEASE);
        }
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.state, waiting.attempt_count), (DeliveryState::Queued.number(), 2));
        assert!(server.has_nothing_more().await);
    }

    async fn the_signature_of_every_kind_of_mail_verifies(db: Database) {
        let mut server = MailProcess::protected(SmtpTls::None).await;
        let config = SmtpConfig { dkim: dkim(), ..server.config() };
        let post = Post::with_mail_server(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let request = proto::CreateTemplateRequest {
            template_id: "greeting".to_owned(),
            template: Some(proto::Template {
                display_name: "Greeting".to_owned(),
                channel: Channel::Email.number(),
                subject: "Hello".to_owned(),
                text: "Hello {{ customer.given_name }}".to_owned(),
                html: "<p>Grüezi {{ customer.given_name }}</p>".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(post.templates().create_template(request).await);
        let plain = message(&ada, Channel::Email, "Your order");
        let long = "Grüße aus Zürich, und noch viel mehr, was in eine Zeile nicht passt ".repeat(3);
        for sent in [
            proto::SendMessageRequest { subject: long, ..plain.clone() },
            proto::SendMessageRequest { body: "  two  spaces \r\n\r\n.\r\n\r\n".to_owned(), ..plain.clone() },
            proto::SendMessageRequest { purpose: Purpose::Marketing.number(), ..plain.clone() },
            proto::SendMessageRequest {
                template: "templates/greeting".to_owned(),
                subject: String::new(),
                body: String::new(),
                ..plain
            },
        ] {
            answer(post.try_send(sent).await);
            post.posts(&config).await;
            let mail = server.mail().await;
            let content = mail["content"].as_str().unwrap();
            assert_eq!(verdict(content).await, "good", "{content}");
            let forged = content.replacen("From: Shop", "From: Another shop", 1);
            assert_eq!(verdict(&forged).await, "bad");
            assert_eq!(verdict(&format!("{content}More.\r\n")).await, "bad");
        }
    }
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_named() {
    let good = SmtpConfig {
        host: "mail.example.com".to_owned(),
        from: "shop@example.com".to_owned(),
        ca_file: AUTHORITY.to_owned(),
        ..SmtpConfig::default()
    };
    assert!(SmtpConnector::new(&good).is_ok());
    for file in ["/nowhere/ca.pem", VERIFIER] {
        let bad = SmtpConfig {
            ca_file: file.to_owned(),
            ..good.clone()
        };
        let refused = SmtpConnector::new(&bad).err().unwrap();
        assert!(
            refused.to_string().contains("customer.smtp.ca_file"),
            "{file}"
        );
    }
}
