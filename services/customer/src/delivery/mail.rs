//! Messages as e-mails (RFC 5322).

use lettre::Message;
use lettre::address::{Address, Envelope};
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm,
    DkimSigningKey,
};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use rapport_platform::error::PlatformError;

use super::config::SmtpConfig;
use super::dispatch::Outgoing;
use crate::domain::delivery::mail_report::bounce_address;
use crate::resource::DELIVERY;

/// Where a reader unsubscribes (RFC 2369, 3.2).
const UNSUBSCRIBE: &str = "List-Unsubscribe";
/// How one click does it (RFC 8058, 3.1).
const ONE_CLICK: &str = "List-Unsubscribe-Post";
/// The headers under a signature, where they are there. Mail programs show no button to
/// unsubscribe unless its headers are among them (RFC 8058, 4).
const SIGNED: [&str; 7] = [
    "From",
    "Reply-To",
    "Subject",
    "To",
    "Date",
    UNSUBSCRIBE,
    ONE_CLICK,
];

/// What all e-mails have in common.
#[derive(Debug)]
pub(super) struct Letterhead {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    bounces: Option<String>,
    dkim: Option<DkimConfig>,
}

/// An e-mail, ready to be handed to a mail server.
pub(super) struct Mail {
    /// Who sends it, where bounces go, and who gets it.
    pub(super) envelope: Envelope,
    /// The message.
    pub(super) bytes: Vec<u8>,
    /// Its Message-ID, without brackets.
    pub(super) message_id: String,
}

impl Letterhead {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the setting that can't be used.
    pub(super) fn new(config: &SmtpConfig) -> Result<Self, PlatformError> {
        let mailbox = |setting: &'static str, text: &str| {
            text.parse::<Mailbox>()
                .map_err(|fault| PlatformError::internal(setting, fault))
        };
        let from = mailbox("reading the setting customer.smtp.from", &config.from)?;
        let reply_to = (!config.reply_to.is_empty()).then(|| {
            mailbox(
                "reading the setting customer.smtp.reply_to",
                &config.reply_to,
            )
        });
        let bounces = (!config.bounces.is_empty()).then(|| {
            let read = config.bounces.parse::<Address>();
            read.map(|it| it.to_string()).map_err(|fault| {
                PlatformError::internal("reading the setting customer.smtp.bounces", fault)
            })
        });
        Ok(Self {
            from,
            reply_to: reply_to.transpose()?,
            bounces: bounces.transpose()?,
            dkim: dkim(config)?,
        })
    }

    /// The domain that Message-IDs are in.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The e-mail of a delivery; none when it has no address that mail can go to.
    pub(super) fn compose(&self, outgoing: &Outgoing) -> Option<Mail> {
        let id = outgoing.delivery.delivery_id;
        let to: Address = outgoing.point.as_ref()?.address.as_ref()?.parse().ok()?;
        let bounces = match &self.bounces {
            Some(address) => bounce_address(address, id)?.parse().ok()?,
            None => self.from.email.clone(),
        };
        let envelope = Envelope::new(Some(bounces), vec![to.clone()]).ok()?;
        let message_id = format!("{id}@{}", self.domain());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(on_one_line(&outgoing.message.summary))
            .message_id(Some(format!("<{message_id}>")))
            .date_now()
            .envelope(envelope.clone());
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        for (name, value) in extra_headers(outgoing) {
            builder = builder.raw_header(HeaderValue::new(name, value));
        }
        let mut mail = with_text(builder, outgoing)?;
        if let Some(dkim) = &self.dkim {
            mail.sign(dkim);
        }
        Some(Mail {
            envelope,
            bytes: as_it_was_signed(mail.formatted()),
            message_id,
        })
    }
}

/// The mail with its signature's header as it was when it was signed. The library folds that header
/// once more when the signature is filled in, before `b=`, which verifiers who follow the header to
/// the letter take for a change.
fn as_it_was_signed(mut mail: Vec<u8>) -> Vec<u8> {
    const HEADER: &[u8] = b"\r\nDKIM-Signature:";
    const FOLD: &[u8] = b"\r\n b=";
    let find = |wanted: &[u8], from: usize| {
        let windows = mail.get(from..)?.windows(wanted.len());
        Some(from + windows.into_iter().position(|it| it == wanted)?)
    };
    if let Some(fold) = find(HEADER, 0).and_then(|header| find(FOLD, header)) {
        mail.drain(fold..fold + 2);
    }
    mail
}

/// Headers of our own. A message that may have been sent before says so, so that its receiver
/// can tell; its Message-ID is the same too.
fn extra_headers(outgoing: &Outgoing) -> Vec<(HeaderName, String)> {
    let delivery = &outgoing.delivery;
    let mut headers = vec![(
        HeaderName::new_from_ascii_str("X-Rapport-Delivery"),
        DELIVERY.format(&[delivery.delivery_id]),
    )];
    if delivery.possible_duplicate {
        headers.push((
            HeaderName::new_from_ascii_str("X-Rapport-Possible-Duplicate"),
            "true".to_owned(),
        ));
    }
    if let Some(link) = &outgoing.unsubscribe {
        for (name, value) in [
            (UNSUBSCRIBE, &link.list_unsubscribe),
            (ONE_CLICK, &link.list_unsubscribe_post),
        ] {
            headers.push((HeaderName::new_from_ascii_str(name), value.clone()));
        }
    }
    headers
}

fn with_text(builder: MessageBuilder, outgoing: &Outgoing) -> Option<Message> {
    let text = outgoing.message.body.clone().unwrap_or_default();
    let html = outgoing.delivery.html.clone();
    let html = html.map(|html| MultiPart::alternative_plain_html(text.clone(), html));
    let mail = match (html, outgoing.attachments.as_slice()) {
        (Some(texts), []) => builder.multipart(texts),
        (None, []) => builder.singlepart(SinglePart::plain(text)),
        (texts, attached) => {
            let mixed = match texts {
                Some(texts) => MultiPart::mixed().multipart(texts),
                None => MultiPart::mixed().singlepart(SinglePart::plain(text)),
            };
            let mut attached = attached.iter();
            builder.multipart(attached.try_fold(mixed, |mixed, it| {
                let kind = ContentType::parse(&it.media_type).ok()?;
                let part = Attachment::new(it.file_name.clone()).body(it.content.clone(), kind);
                Some(mixed.singlepart(part))
            })?)
        }
    };
    mail.ok()
}

/// Subjects have one line. Whatever could end it becomes a space, so that no text starts a
/// header of its own.
fn on_one_line(subject: &str) -> String {
    let words = subject.split(|it: char| it.is_whitespace() || it.is_control());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn dkim(config: &SmtpConfig) -> Result<Option<DkimConfig>, PlatformError> {
    let dkim = &config.dkim;
    if dkim.selector.is_empty() {
        return Ok(None);
    }
    let key = DkimSigningKey::new(dkim.key.expose(), DkimSigningAlgorithm::Rsa).map_err(|_| {
        PlatformError::internal(
            "reading the setting customer.smtp.dkim.key",
            "it is no RSA key in PKCS #1 PEM",
        )
    })?;
    let signed = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
    let form = DkimCanonicalization {
        header: DkimCanonicalizationType::Simple,
        body: DkimCanonicalizationType::Relaxed,
    };
    let (selector, domain) = (dkim.selector.clone(), dkim.domain.clone());
    Ok(Some(DkimConfig::new(selector, domain, key, signed, form)))
}
