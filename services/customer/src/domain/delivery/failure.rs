//! The classes of failures, for programs and charts.

use std::fmt;

use crate::domain::invalid::Invalid;

/// Longest class.
const MAX_CLASS: usize = 60;

/// Why an attempt failed, in a word such as `SMTP_550`: capital letters, digits and `_`. What the
/// other side wrote is never kept; it tends to repeat addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureClass(String);

impl FailureClass {
    /// Reads a class that a connector reported; none when it is empty.
    pub fn parse(raw: &str) -> Result<Option<Self>, Invalid> {
        let known = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
        let first = raw.starts_with(|it: char| it.is_ascii_uppercase());
        match raw {
            "" => Ok(None),
            _ if first && raw.len() <= MAX_CLASS && raw.bytes().all(known) => {
                Ok(Some(Self(raw.to_owned())))
            }
            _ => Err(Invalid::new(
                "is no class of failures: use 1 to 60 capital letters, digits and '_', such as \
                 NUMBER_NOT_ASSIGNED",
            )),
        }
    }

    /// One of ours.
    pub fn known(class: &'static str) -> Self {
        Self(class.to_owned())
    }

    /// A status of the protocol, such as `SMTP_550`.
    pub fn status(protocol: &'static str, status: u16) -> Self {
        Self(format!("{protocol}_{status}"))
    }

    /// A bounce, with the enhanced status code (RFC 3463) where one is known: `BOUNCED_5_1_1`.
    pub fn bounced(status_code: Option<&str>) -> Self {
        let class = match status_code {
            Some(code) => format!("BOUNCED_{}", code.replace('.', "_")),
            None => "BOUNCED".to_owned(),
        };
        Self(class)
    }

    /// The class.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_one_word_in_capitals() {
        assert_eq!(FailureClass::parse(""), Ok(None));
        assert!(FailureClass::parse("NUMBER_NOT_ASSIGNED_2").is_ok());
        for raw in ["busy", "NO SUCH", "_X", "ada@example.com", &"X".repeat(61)] {
            assert!(FailureClass::parse(raw).is_err(), "{raw}");
        }
        assert_eq!(FailureClass::status("SMTP", 550).as_str(), "SMTP_550");
        assert_eq!(
            FailureClass::bounced(Some("5.1.1")).as_str(),
            "BOUNCED_5_1_1"
        );
    }
}
