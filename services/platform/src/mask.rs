//! Update masks (AIP-134, AIP-161): which fields of a resource an update sets.

mod path;

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use prost_types::FieldMask;

use crate::error::PlatformError;
use path::Path;

/// The part of a resource that an update changes.
#[derive(Clone, Debug)]
pub struct Mask {
    message: MessageDescriptor,
    scope: Scope,
    paths: Vec<Path>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Of the paths, only what the patch holds is set; nothing is cleared.
    Populated,
    /// Every path becomes what the patch has there, which may be nothing.
    Replaced,
}

impl Mask {
    /// Reads the mask of an update of `M`, where callers may set the `allowed` paths and
    /// what lies below them.
    ///
    /// An absent or empty mask means every field that the patch holds, down to single
    /// fields of messages and single entries of maps, so that a sparse patch loses nothing.
    /// `*` means everything allowed. A list or a value such as a date is set as a whole; an
    /// entry of a map is `attributes.key`, or `` attributes.`any.key` ``.
    ///
    /// # Errors
    /// `MaskInvalid`, naming the first path that is unknown, not allowed, or leads into a
    /// list or value.
    pub fn parse<M: Name>(
        mask: Option<&FieldMask>,
        allowed: &[&str],
    ) -> Result<Self, PlatformError> {
        let message = descriptor::<M>()?;
        let settable = allowed
            .iter()
            .map(|path| Path::parse(&message, path))
            .collect::<Result<Vec<Path>, _>>()
            .map_err(|why| PlatformError::internal("declaring the fields of an update", why))?;
        let listed = mask.map_or(&[][..], |mask| mask.paths.as_slice());
        let (scope, paths) = match listed {
            [] => (Scope::Populated, settable),
            [star] if star == "*" => (Scope::Replaced, settable),
            _ => (
                Scope::Replaced,
                settable_paths(&message, listed, &settable, allowed)?,
            ),
        };
        Ok(Self {
            message,
            scope,
            paths,
        })
    }

    /// `current` with the masked part taken from `patch`.
    pub fn merge<M>(&self, current: &M, patch: &M) -> Result<M, PlatformError>
    where
        M: Message + Name + Default,
    {
        let mut merged = self.reflect(current)?;
        let patch = self.reflect(patch)?;
        for path in &self.paths {
            match (self.scope, path.get(&patch)) {
                (Scope::Replaced, Some(value)) => path.set(&mut merged, value),
                (Scope::Replaced, None) => path.clear(&mut merged),
                (Scope::Populated, _) => {
                    for (path, value) in path.populated(&patch) {
                        path.set(&mut merged, value);
                    }
                }
            }
        }
        merged
            .transcode_to()
            .map_err(|error| PlatformError::internal("merging an update", error))
    }

    fn reflect<M: Message>(&self, message: &M) -> Result<DynamicMessage, PlatformError> {
        let mut reflected = DynamicMessage::new(self.message.clone());
        reflected
            .transcode_from(message)
            .map_err(|error| PlatformError::internal("reading an update", error))?;
        Ok(reflected)
    }
}

fn descriptor<M: Name>() -> Result<MessageDescriptor, PlatformError> {
    let name = M::full_name();
    rapport_proto::descriptor_pool()
        .get_message_by_name(&name)
        .ok_or_else(|| PlatformError::internal("finding a message's descriptor", name))
}

fn settable_paths(
    message: &MessageDescriptor,
    listed: &[String],
    settable: &[Path],
    allowed: &[&str],
) -> Result<Vec<Path>, PlatformError> {
    let resolve = |text: &String| {
        let path = Path::parse(message, text)?;
        if settable.iter().any(|allowed| path.is_within(allowed)) {
            return Ok(path);
        }
        Err(format!(
            "can't be set here. What can be: {}.",
            allowed.join(", ")
        ))
    };
    listed
        .iter()
        .map(|text| {
            resolve(text).map_err(|why| PlatformError::MaskInvalid {
                path: text.clone(),
                why,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
