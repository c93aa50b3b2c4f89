//! Names that customers have in messengers, on sites and of devices.

use super::channel::Channel;
use super::external_id::lower_case_name;
use super::invalid::{Invalid, InvalidFields};
use super::text;

/// Longest name or token, in characters.
const MAX_ID: usize = 500;
/// Platforms that deliver notifications to a device rather than messages to a person.
const PUSH_PLATFORMS: [&str; 3] = ["apns", "fcm", "web-push"];

/// A customer's name or device token on a platform. Compared as it is: platforms disagree about
/// case, and a token is not text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    platform: String,
    id: String,
}

impl Handle {
    /// Reads a platform such as `whatsapp` and the name or token there, 1 to 500 characters.
    pub fn parse(platform: &str, id: &str) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let named = lower_case_name(platform).ok_or_else(|| {
            Invalid::new(
                "is no name of a platform: use 1 to 63 lower case letters, digits, '_' and '-', \
                 with a letter first, such as whatsapp",
            )
        });
        let platform = faults.take("platform", named);
        let id = faults.take("id", text::line(id, MAX_ID));
        faults.finish(platform.zip(id).map(|(platform, id)| Self { platform, id }))
    }

    /// Where the name is known.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The name or token there.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The channel that such a platform usually serves.
    pub fn usual_channel(&self) -> Channel {
        if PUSH_PLATFORMS.contains(&self.platform.as_str()) {
            Channel::Push
        } else {
            Channel::InstantMessage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_a_name_on_a_platform() {
        let handle = Handle::parse("whatsapp", " @Ada_王 ").unwrap();

        assert_eq!((handle.platform(), handle.id()), ("whatsapp", "@Ada_王"));
    }

    #[test]
    fn device_tokens_are_for_push_and_names_for_messages() {
        for (platform, channel) in [
            ("fcm", Channel::Push),
            ("apns", Channel::Push),
            ("whatsapp", Channel::InstantMessage),
            ("signal", Channel::InstantMessage),
        ] {
            assert_eq!(
                Handle::parse(platform, "x").unwrap().usual_channel(),
                channel
            );
        }
    }

    #[test]
    fn malformed_handles_are_refused_field_by_field() {
        let refused = Handle::parse("WhatsApp", " ").unwrap_err();

        let fields: Vec<_> = refused
            .at("handle")
            .into_iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(fields, ["handle.platform", "handle.id"]);
    }
}
