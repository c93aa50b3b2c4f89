//! Documents that go with messages.

use super::invalid::{Invalid, InvalidFields};
use super::text;

/// Longest file name, in characters.
const MAX_FILE_NAME: usize = 200;
/// Longest media type.
const MAX_MEDIA_TYPE: usize = 100;
/// Most documents of one message.
const MOST: usize = 5;
/// Bytes of all documents of one message.
const MAX_SIZE: usize = 800 * 1024;

/// A document that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    file_name: String,
    media_type: String,
    content: Vec<u8>,
}

impl Attachment {
    /// Reads what goes with one message: name, media type and content of each.
    ///
    /// # Errors
    /// Every document at fault.
    pub fn parse_all(
        sent: impl IntoIterator<Item = (String, String, Vec<u8>)>,
    ) -> Result<Vec<Self>, InvalidFields> {
        let mut faults = InvalidFields::default();
        let mut attachments = Vec::new();
        for (index, (file_name, media_type, content)) in sent.into_iter().enumerate() {
            let parsed = Self::parse(&file_name, media_type, content);
            attachments.extend(faults.take(&format!("[{index}]"), parsed));
        }
        let size: usize = attachments.iter().map(|it| it.content.len()).sum();
        if attachments.len() > MOST || size > MAX_SIZE {
            let why = "are too many or too large: at most 5, of 800 KiB in all";
            faults.push("", Invalid::new(why));
        }
        faults.finish(Some(attachments))
    }

    fn parse(file_name: &str, media_type: String, content: Vec<u8>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = faults.take("file_name", self::file_name(file_name));
        let kind = faults.take("media_type", self::media_type(media_type));
        faults.finish(name.zip(kind).map(|(file_name, media_type)| Self {
            file_name,
            media_type,
            content,
        }))
    }

    /// Its name for the reader.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// What it is.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The document.
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

/// A name and no path: mail programs write files by it.
fn file_name(raw: &str) -> Result<String, Invalid> {
    let name = text::line(raw, MAX_FILE_NAME)?;
    if name.contains(['/', '\\', ':', '"']) || name.starts_with('.') {
        return Err(Invalid::new(
            "is no file name: write one such as Proposal-3.pdf",
        ));
    }
    Ok(name)
}

/// A type, a subtype and no parameters (RFC 6838).
fn media_type(raw: String) -> Result<String, Invalid> {
    let part = |part: &str| {
        let known = |it: u8| it.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&it);
        !part.is_empty() && part.bytes().all(known)
    };
    match raw.split_once('/') {
        Some((of, sub)) if raw.len() <= MAX_MEDIA_TYPE && part(of) && part(sub) => Ok(raw),
        _ => Err(Invalid::new(
            "is no media type: write one such as application/pdf",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, kind: &str, size: usize) -> Result<Vec<Attachment>, InvalidFields> {
        Attachment::parse_all([(name.to_owned(), kind.to_owned(), vec![0; size])])
    }

    #[test]
    fn documents_have_a_name_and_a_type() {
        assert!(parse("Offerte für Zoë.pdf", "application/pdf", MAX_SIZE).is_ok());
        assert!(parse("a.xlsx", "application/vnd.ms-excel", 0).is_ok());
        for (name, kind, size) in [
            ("../a.pdf", "application/pdf", 1),
            (".profile", "text/plain", 1),
            ("", "text/plain", 1),
            ("a\r\nBcc: eve@example.com", "text/plain", 1),
            ("a", "text", 1),
            ("a", "text/plain; charset=utf-8\r\nX: y", 1),
            ("a", "text/plain", MAX_SIZE + 1),
        ] {
            assert!(parse(name, kind, size).is_err(), "{name} {kind}");
        }
        let six = vec![("a".to_owned(), "text/plain".to_owned(), Vec::new()); 6];
        assert!(Attachment::parse_all(six).is_err());
    }
}
