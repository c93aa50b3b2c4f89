//! Roles, and the permissions they grant.

use std::collections::{BTreeMap, HashMap};

use crate::table::{PermissionSet, Permissions};

/// What each role grants, compiled to sets of the table's permissions.
#[derive(Clone, Debug)]
pub struct Roles {
    granted: HashMap<String, PermissionSet>,
    everybody: PermissionSet,
}

/// A role names what no RPC asks for. Refused at start, because a slip of the pen would
/// otherwise lock people out in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{holder}: `{pattern}` matches no permission of this suite; write `*`, a prefix such as \
     `customer.*`, or a permission such as `customer.customers.get`"
)]
pub struct RoleError {
    /// The role, or `everybody`.
    pub holder: String,
    /// What it names.
    pub pattern: String,
}

impl Roles {
    /// Compiles roles and what everybody may do.
    ///
    /// # Errors
    /// When a pattern matches no permission.
    pub fn compile(
        roles: &BTreeMap<String, Vec<String>>,
        everybody: &[String],
        permissions: &Permissions,
    ) -> Result<Self, RoleError> {
        let granted = roles
            .iter()
            .map(|(role, patterns)| {
                let set = grant(&format!("role `{role}`"), patterns, permissions)?;
                Ok((role.clone(), set))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            granted,
            everybody: grant("`everybody`", everybody, permissions)?,
        })
    }

    /// What somebody with these roles may do. An unknown role grants nothing.
    pub fn permissions(&self, roles: &[String]) -> PermissionSet {
        let mut set = self.everybody.clone();
        for granted in roles.iter().filter_map(|role| self.granted.get(role)) {
            set.extend(granted);
        }
        set
    }
}

fn grant(
    holder: &str,
    patterns: &[String],
    permissions: &Permissions,
) -> Result<PermissionSet, RoleError> {
    let mut set = PermissionSet::default();
    for pattern in patterns {
        let mut any = false;
        for (id, _) in permissions
            .iter()
            .filter(|(_, name)| matches(pattern, name))
        {
            set.insert(id);
            any = true;
        }
        if !any {
            return Err(RoleError {
                holder: holder.to_owned(),
                pattern: pattern.clone(),
            });
        }
    }
    Ok(set)
}

/// `*` is everything, `a.*` everything below `a`, anything else itself.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(prefix) => prefix.ends_with('.') && name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Permissions;

    fn permissions() -> Permissions {
        Permissions::new(
            [
                "customer.customers.get",
                "customer.customers.create",
                "customerx.a.b",
                "gateway.access.get",
            ]
            .map(str::to_owned)
            .into(),
        )
    }

    fn held(patterns: &[&str]) -> Result<Vec<String>, RoleError> {
        let permissions = permissions();
        let patterns = patterns.iter().map(|p| (*p).to_owned()).collect();
        let roles = BTreeMap::from([("r".to_owned(), patterns)]);
        let roles = Roles::compile(&roles, &[], &permissions)?;
        let set = roles.permissions(&["r".to_owned(), "unknown".to_owned()]);
        Ok(permissions
            .iter()
            .filter(|(id, _)| set.contains(*id))
            .map(|(_, name)| name.to_owned())
            .collect())
    }

    #[test]
    fn patterns_grant_what_they_say() {
        assert_eq!(held(&["*"]).unwrap().len(), 4);
        assert_eq!(
            held(&["customer.*"]).unwrap(),
            ["customer.customers.create", "customer.customers.get"]
        );
        assert_eq!(
            held(&["customer.customers.get"]).unwrap(),
            ["customer.customers.get"]
        );
        assert_eq!(held(&[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused() {
        for pattern in ["customer.customer.get", "customer", "sales.*", "cust*", ""] {
            let error = held(&[pattern]).unwrap_err();
            assert_eq!(
                (error.holder.as_str(), error.pattern.as_str()),
                ("role `r`", pattern)
            );
        }
    }

    #[test]
    fn everybody_has_what_everybody_may_do() {
        let permissions = permissions();
        let roles =
            Roles::compile(&BTreeMap::new(), &["gateway.*".to_owned()], &permissions).unwrap();
        let id = permissions.id("gateway.access.get").unwrap();
        assert!(roles.permissions(&[]).contains(id));
    }
}
