//! Resource names (AIP-122), such as `customers/{customer}/contactPoints/{contact_point}`,
//! whose variable segments are UUIDs.

use uuid::Uuid;

use crate::problem::FieldViolation;

/// The form of a kind of resource name with `N` variable segments.
///
/// ```
/// use rapport_platform::name::Pattern;
///
/// const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// # let id = uuid::Uuid::from_u128(1);
/// assert_eq!(CUSTOMER.parse("name", &CUSTOMER.format(&[id])), Ok([id]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern<const N: usize> {
    template: &'static str,
}

/// Length of a hyphenated UUID: the only form we write, so the only one we read; else one
/// resource would have several names.
const HYPHENATED: usize = 36;

impl<const N: usize> Pattern<N> {
    /// The pattern of `template`. Meant for constants: a template that has not `N`
    /// variables does not compile there.
    pub const fn new(template: &'static str) -> Self {
        let bytes = template.as_bytes();
        let mut variables = 0;
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'{' {
                variables += 1;
            }
            at += 1;
        }
        assert!(
            variables == N,
            "the template has another number of variables"
        );
        Self { template }
    }

    /// The template, as the protos write it in `google.api.resource`.
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// The ids in `name`; `field` is where the request has it.
    pub fn parse(&self, field: &str, name: &str) -> Result<[Uuid; N], FieldViolation> {
        self.ids(name).ok_or_else(|| {
            let template = self.template;
            let why = format!(
                "must have the form `{template}`, each `{{…}}` a lower-case UUID with hyphens"
            );
            FieldViolation::new(field, why)
        })
    }

    /// The ids in `name`, if it has this form.
    pub fn ids(&self, name: &str) -> Option<[Uuid; N]> {
        let mut ids = [Uuid::nil(); N];
        let mut free = ids.iter_mut();
        let mut segments = name.split('/');
        for expected in self.template.split('/') {
            let segment = segments.next()?;
            if expected.starts_with('{') {
                *free.next()? = parse_id(segment)?;
            } else if segment != expected {
                return None;
            }
        }
        segments.next().is_none().then_some(ids)
    }

    /// The name of the resource with these ids, outermost first.
    pub fn format(&self, ids: &[Uuid; N]) -> String {
        let mut ids = ids.iter();
        let mut name = String::with_capacity(self.template.len() + N * HYPHENATED);
        for (index, segment) in self.template.split('/').enumerate() {
            if index > 0 {
                name.push('/');
            }
            match ids.as_slice() {
                [id, ..] if segment.starts_with('{') => {
                    name.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
                    ids.next();
                }
                _ => name.push_str(segment),
            }
        }
        name
    }
}

fn parse_id(segment: &str) -> Option<Uuid> {
    let canonical =
        segment.len() == HYPHENATED && !segment.bytes().any(|byte| byte.is_ascii_uppercase());
    if canonical {
        Uuid::try_parse(segment).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POINT: Pattern<2> = Pattern::new("customers/{customer}/contactPoints/{contact_point}");
    const ID: &str = "0190e5a4-0000-7000-8000-00000000000a";

    #[test]
    fn other_spellings_of_a_name_are_refused_with_the_expected_form() {
        let simple = ID.replace('-', "");
        for name in [
            String::new(),
            format!("customers/{ID}"),
            format!("/customers/{ID}/contactPoints/{ID}"),
            format!("customers/{ID}/contactPoints/{ID}/"),
            format!("customers/{ID}/ContactPoints/{ID}"),
            format!("customers/{}/contactPoints/{ID}", ID.to_uppercase()),
            format!("customers/{simple}/contactPoints/{ID}"),
            format!("customers/{{{simple}}}/contactPoints/{ID}"),
            format!("customers/-/contactPoints/{ID}"),
        ] {
            let refused = POINT.parse("contact_point.name", &name).unwrap_err();
            assert_eq!(refused.field, "contact_point.name");
            assert!(refused.description.contains(POINT.template()), "{name}");
        }
    }

    #[test]
    fn a_singleton_has_no_ids() {
        const SETTINGS: Pattern<0> = Pattern::new("settings");
        assert_eq!(SETTINGS.parse("name", &SETTINGS.format(&[])), Ok([]));
    }

    proptest! {
        #[test]
        fn a_name_leads_back_to_its_ids(customer: u128, point: u128) {
            let ids = [Uuid::from_u128(customer), Uuid::from_u128(point)];
            prop_assert_eq!(POINT.parse("name", &POINT.format(&ids)), Ok(ids));
        }

        #[test]
        fn no_text_panics(name in "\\PC*") {
            let _ = POINT.ids(&name);
        }
    }
}
