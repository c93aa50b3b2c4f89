//! A path to a field, or to an entry of a map, and what can be done there.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Resources are not nested deeper; a path that is leads nowhere.
const MAX_DEPTH: usize = 16;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// The messages on the way, outermost first.
    parents: Vec<FieldDescriptor>,
    field: FieldDescriptor,
    /// The entry, when the field is a map and the path goes into it.
    key: Option<String>,
}

impl Path {
    /// Resolves `text` from `message`; the error completes the sentence "`text` …".
    pub(super) fn parse(message: &MessageDescriptor, text: &str) -> Result<Self, String> {
        let segments = segments(text).ok_or("is not a path of field names joined by dots.")?;
        if segments.len() > MAX_DEPTH {
            return Err("is nested too deep.".to_owned());
        }
        let mut message = message.clone();
        let mut parents = Vec::new();
        let mut segments = segments.into_iter().peekable();
        while let Some(segment) = segments.next() {
            let field = message
                .get_field_by_name(segment)
                .ok_or_else(|| format!("names no field of `{}`.", message.name()))?;
            let Some(next) = segments.peek() else {
                return Ok(Self {
                    parents,
                    field,
                    key: None,
                });
            };
            if has_text_keys(&field) {
                let key = Some((*next).to_owned());
                segments.next();
                return match segments.next() {
                    None => Ok(Self {
                        parents,
                        field,
                        key,
                    }),
                    Some(_) => Err("leads into an entry of a map; set the whole entry.".to_owned()),
                };
            }
            message = nested(&field).ok_or_else(|| {
                format!(
                    "leads into `{}`, which can only be set as a whole.",
                    field.name()
                )
            })?;
            parents.push(field);
        }
        Err("is empty.".to_owned())
    }

    /// Whether this is `other` or lies below it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let own = self.parents.iter().chain([&self.field]);
        let starts_with = other
            .parents
            .iter()
            .chain([&other.field])
            .zip(own)
            .all(|(theirs, own)| theirs == own);
        starts_with
            && self.parents.len() >= other.parents.len()
            && (other.key.is_none() || other.key == self.key)
    }

    /// What `message` holds here, if anything.
    pub(super) fn get(&self, message: &DynamicMessage) -> Option<Value> {
        let mut value = None;
        for field in self.parents.iter().chain([&self.field]) {
            let holder = match &value {
                None => message,
                Some(Value::Message(inner)) => inner,
                Some(_) => return None,
            };
            if !holder.has_field(field) {
                return None;
            }
            value = Some(holder.get_field(field).into_owned());
        }
        match &self.key {
            None => value,
            Some(key) => value?.as_map()?.get(&MapKey::String(key.clone())).cloned(),
        }
    }

    /// Puts `value` here; messages on the way come into being.
    pub(super) fn set(&self, message: &mut DynamicMessage, value: Value) {
        let mut holder = message;
        for parent in &self.parents {
            match holder.get_field_mut(parent) {
                Value::Message(inner) => holder = inner,
                _ => return,
            }
        }
        match &self.key {
            None => holder.set_field(&self.field, value),
            Some(key) => {
                if let Some(entries) = holder.get_field_mut(&self.field).as_map_mut() {
                    entries.insert(MapKey::String(key.clone()), value);
                }
            }
        }
    }

    /// Removes what is here; never brings a message on the way into being, which could
    /// displace another member of its oneof.
    pub(super) fn clear(&self, message: &mut DynamicMessage) {
        let mut holder = message;
        for parent in &self.parents {
            if !holder.has_field(parent) {
                return;
            }
            match holder.get_field_mut(parent) {
                Value::Message(inner) => holder = inner,
                _ => return,
            }
        }
        if !holder.has_field(&self.field) {
            return;
        }
        match &self.key {
            None => holder.clear_field(&self.field),
            Some(key) => {
                if let Some(entries) = holder.get_field_mut(&self.field).as_map_mut() {
                    entries.remove(&MapKey::String(key.clone()));
                }
            }
        }
    }

    /// Every single field and map entry that `message` holds at or below this path.
    pub(super) fn populated(&self, message: &DynamicMessage) -> Vec<(Self, Value)> {
        let mut found = Vec::new();
        if let Some(value) = self.get(message) {
            self.collect(value, &mut found);
        }
        found
    }

    fn collect(&self, value: Value, found: &mut Vec<(Self, Value)>) {
        match value {
            Value::Message(inner) if self.key.is_none() && nested(&self.field).is_some() => {
                let fields = inner
                    .fields()
                    .map(|(field, value)| (self.child(field), value));
                let fields: Vec<_> = fields.map(|(path, value)| (path, value.clone())).collect();
                if fields.is_empty() {
                    found.push((self.clone(), Value::Message(inner)));
                }
                for (path, value) in fields {
                    path.collect(value, found);
                }
            }
            Value::Map(entries) if has_text_keys(&self.field) => {
                for (key, value) in entries {
                    let key = key.as_str().map(str::to_owned);
                    found.push((
                        Self {
                            key,
                            ..self.clone()
                        },
                        value,
                    ));
                }
            }
            value => found.push((self.clone(), value)),
        }
    }

    fn child(&self, field: FieldDescriptor) -> Self {
        let mut parents = self.parents.clone();
        parents.push(self.field.clone());
        Self {
            parents,
            field,
            key: None,
        }
    }
}

/// Field names between dots; a segment in backquotes may hold dots.
fn segments(text: &str) -> Option<Vec<&str>> {
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        let (segment, after) = match rest.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if segment.is_empty() {
            return None;
        }
        segments.push(segment);
        if after.is_empty() {
            return Some(segments);
        }
        rest = after.strip_prefix('.')?;
    }
}

fn has_text_keys(field: &FieldDescriptor) -> bool {
    field.is_map()
        && matches!(field.kind(), Kind::Message(entry)
            if entry.map_entry_key_field().kind() == Kind::String)
}

/// The message that a path may lead into. Google's common types are values: half a date or
/// a third of an amount of money makes no sense.
fn nested(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message)
            if !field.is_list()
                && !field.is_map()
                && !message.full_name().starts_with("google.") =>
        {
            Some(message)
        }
        _ => None,
    }
}
