//! What mail systems write back: delivery status notifications (RFC 3464) and feedback reports
//! (RFC 5965). Anybody may have written them, so nothing in them is believed but the id of a
//! delivery, which cannot be guessed.

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use uuid::Uuid;

use super::MailReport;

/// Most fields that are read of a report.
const MAX_FIELDS: usize = 1_000;

/// What a mail says about one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFinding {
    /// The delivery.
    pub delivery: Uuid,
    /// What became of it.
    pub report: MailReport,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub status_code: Option<String>,
}

/// Reads a mail; none when it is no report, or names no delivery.
pub fn read(mail: &[u8]) -> Option<MailFinding> {
    let mail = MessageParser::default().parse(mail)?;
    let (report, status_code) = verdict(&mail)?;
    let delivery = addressee(&mail).or_else(|| mentioned(&mail))?;
    Some(MailFinding {
        delivery,
        report,
        status_code,
    })
}

/// The bounce address of a delivery: `bounces@example.com` becomes `bounces+{id}@example.com`.
pub fn bounce_address(address: &str, delivery: Uuid) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}+{delivery}@{domain}"))
}

/// The delivery in an address made by [`bounce_address`] or in a Message-ID of ours.
pub fn delivery_in(address: &str) -> Option<Uuid> {
    let (local, _) = address.trim_matches(['<', '>', ' ']).rsplit_once('@')?;
    let id = local.rsplit('+').next()?;
    // Of all the ways to write a UUID only the one that we write.
    let id = Uuid::try_parse(id).ok().filter(|_| id.len() == 36)?;
    (id.get_version_num() == 7).then_some(id)
}

fn verdict(mail: &Message<'_>) -> Option<(MailReport, Option<String>)> {
    mail.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        let subtype = kind.subtype().unwrap_or_default();
        if !kind.ctype().eq_ignore_ascii_case("message") {
            return None;
        }
        let text = String::from_utf8_lossy(part.contents());
        if subtype.eq_ignore_ascii_case("delivery-status")
            || subtype.eq_ignore_ascii_case("global-delivery-status")
        {
            status(&text)
        } else if subtype.eq_ignore_ascii_case("feedback-report") {
            complaint(&text)
        } else {
            None
        }
    })
}

/// Name and value of each field, names in lower case. Continued lines are left out: nothing that
/// matters here is that long.
fn fields(text: &str) -> impl Iterator<Item = (String, &str)> {
    text.lines()
        .take(MAX_FIELDS)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
}

/// The first action that is said of a recipient: each message of ours has one.
fn status(text: &str) -> Option<(MailReport, Option<String>)> {
    let value = |wanted: &str| {
        let mut fields = fields(text);
        fields.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    let action = value("action")?.to_ascii_lowercase();
    let code = value("status").and_then(status_code);
    let report = match action.as_str() {
        "delivered" => MailReport::Delivered,
        "delayed" => MailReport::SoftBounce,
        "failed" if code.as_deref().is_none_or(is_for_good) => MailReport::HardBounce,
        "failed" => MailReport::SoftBounce,
        _ => return None,
    };
    Some((report, code))
}

/// An enhanced status code (RFC 3463), without the comment that may follow it.
pub fn status_code(value: &str) -> Option<String> {
    let code = value.split([' ', '(', '\t']).next()?;
    let digits =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
    let parts: Vec<&str> = code.split('.').collect();
    let well_formed = matches!(parts.as_slice(), [class, subject, detail]
        if ["2", "4", "5"].contains(class) && digits(subject) && digits(detail));
    well_formed.then(|| code.to_owned())
}

/// Whether a code says that the address itself is at fault. A full mailbox, a refused text and a
/// broken server are permanent for the message, not for the address.
pub fn is_for_good(code: &str) -> bool {
    let Some(rest) = code.strip_prefix("5.") else {
        return false;
    };
    matches!(rest.split('.').next(), Some("0" | "1")) || matches!(rest, "2.1" | "4.4")
}

fn complaint(text: &str) -> Option<(MailReport, Option<String>)> {
    let mut fields = fields(text);
    let kind = fields.find_map(|(name, value)| (name == "feedback-type").then_some(value))?;
    // `not-spam` takes a complaint back, which does not make a message welcome.
    let against = ["abuse", "fraud", "virus", "other", "opt-out"];
    against
        .iter()
        .any(|it| kind.eq_ignore_ascii_case(it))
        .then_some((MailReport::Complaint, None))
}

/// The delivery in the address that the mail was sent to.
fn addressee(mail: &Message<'_>) -> Option<Uuid> {
    let listed = mail.to().into_iter().flat_map(|to| to.iter());
    let listed = listed.filter_map(|it| it.address()).find_map(delivery_in);
    listed.or_else(|| {
        ["Delivered-To", "X-Original-To", "Envelope-To"]
            .into_iter()
            .find_map(|name| delivery_in(mail.header_raw(name)?.trim()))
    })
}

/// The delivery that the returned message, or what the report says of it, is about.
fn mentioned(mail: &Message<'_>) -> Option<Uuid> {
    mail.parts.iter().find_map(|part| match &part.body {
        PartType::Message(returned) => returned.message_id().and_then(delivery_in),
        PartType::Text(text) | PartType::Html(text) => named_in(text),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            named_in(&String::from_utf8_lossy(bytes))
        }
        PartType::Multipart(_) => None,
    })
}

fn named_in(text: &str) -> Option<Uuid> {
    let known = ["message-id", "original-message-id", "original-mail-from"];
    fields(text)
        .filter(|(name, _)| known.contains(&name.as_str()))
        .find_map(|(_, value)| delivery_in(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0192f0c1-7d3a-7000-8000-000000000001";

    fn bounce(to: &str, action: &str, status: &str, returned: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.com\r\nTo: <{to}>\r\nSubject: Returned\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.com\r\n\r\n\
             Final-Recipient: rfc822; ada@example.com\r\nAction: {action}\r\n\
             Status: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n\
             --b\r\nContent-Type: {returned}\r\n\r\n\
             Message-ID: <{ID}@crm.example.com>\r\nSubject: Hello\r\n\r\n--b--\r\n"
        )
    }

    fn found(mail: &str) -> Option<(Uuid, MailReport, Option<String>)> {
        read(mail.as_bytes()).map(|it| (it.delivery, it.report, it.status_code))
    }

    #[test]
    fn a_bounce_tells_which_delivery_came_back_and_why() {
        let id = Uuid::try_parse(ID).unwrap();
        let verp = bounce_address("bounces@crm.example.com", id).unwrap();
        for (to, returned) in [
            (verp.as_str(), "text/plain"),
            ("bounces@crm.example.com", "message/rfc822"),
            ("bounces@crm.example.com", "text/rfc822-headers"),
        ] {
            let mail = bounce(to, "failed", "5.1.1 (no such user)", returned);
            let code = Some("5.1.1".to_owned());
            assert_eq!(
                found(&mail),
                Some((id, MailReport::HardBounce, code)),
                "{to} {returned}"
            );
        }
    }

    #[test]
    fn only_the_fault_of_an_address_is_held_against_it() {
        for (action, status, report) in [
            ("failed", "5.1.1", MailReport::HardBounce),
            ("failed", "5.2.1", MailReport::HardBounce),
            ("failed", "5.0.0", MailReport::HardBounce),
            ("failed", "5.2.2", MailReport::SoftBounce),
            ("failed", "5.7.1", MailReport::SoftBounce),
            ("failed", "4.4.7", MailReport::SoftBounce),
            ("Delayed", "4.4.1", MailReport::SoftBounce),
            ("delivered", "2.0.0", MailReport::Delivered),
        ] {
            let mail = bounce("x@crm.example.com", action, status, "message/rfc822");
            assert_eq!(found(&mail).unwrap().1, report, "{action} {status}");
        }
        let mail = bounce("x@crm.example.com", "expanded", "2.0.0", "message/rfc822");
        assert_eq!(found(&mail), None);
    }

    #[test]
    fn a_complaint_names_the_message_it_is_about() {
        let mail = format!(
            "From: fbl@isp.example\r\nTo: abuse@crm.example.com\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/feedback-report\r\n\r\n\
             Feedback-Type: abuse\r\nUser-Agent: Isp/1\r\nVersion: 1\r\n\
             Original-Mail-From: <bounces+{ID}@crm.example.com>\r\n\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Hello\r\n\r\nHello\r\n--b--\r\n"
        );
        assert_eq!(found(&mail).unwrap().1, MailReport::Complaint);
        assert_eq!(
            found(&mail.replace("abuse\r\nUser", "not-spam\r\nUser")),
            None
        );
    }

    #[test]
    fn other_mail_is_no_report() {
        let letter = format!("From: a@b.c\r\nTo: bounces+{ID}@d.e\r\n\r\nHello");
        for mail in ["", "Hello", &letter] {
            assert_eq!(found(mail), None);
        }
        let foreign = bounce("x@y.z", "failed", "5.1.1", "message/rfc822");
        assert_eq!(found(&foreign.replace(ID, "17")), None);
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_spoiled_bounce_does_harm(at: prop::sample::Index, with in "\\PC{0,20}") {
            let mut mail = bounce("x@y.z", "failed", "5.1.1", "message/rfc822");
            let at = at.index(mail.len());
            if mail.is_char_boundary(at) {
                mail.insert_str(at, &with);
            }
            let _ = read(mail.as_bytes());
        }
    }
}
