//! Descriptors to table.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, MessageDescriptor, MethodDescriptor,
};
use rapport_proto::rapport::options::v1::method_rule;
use rapport_proto::rapport::options::v1::{MethodRule, Retry};

use super::error::{Defect, Fault, TableError};
use super::infrastructure::{INFRASTRUCTURE, Infrastructure};
use super::outreach::{OutreachPlan, PathChecker};
use super::reach::reachable;
use super::{Access, Method, Permissions, Request, Table, permission};
use crate::scan::Census;

const RULE: &str = "rapport.options.v1.rule";
const PERSONAL_DATA: &str = "rapport.options.v1.personal_data";
const VALIDATION: &str = "buf.validate";

impl Table {
    /// Compiles the rules of every RPC in `pool`, and those of health and reflection.
    ///
    /// # Errors
    /// Names every RPC whose rule is missing, incomplete or reads fields that are not there.
    pub fn build(pool: &DescriptorPool) -> Result<Self, TableError> {
        let mut faults = Vec::new();
        let mut rules = Vec::new();
        let option = pool.get_extension_by_name(RULE);
        for method in pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
        {
            let mut defects = Vec::new();
            if let Some(rule) = rule_of(&method, option.as_ref(), &mut defects) {
                let outreach = check(&method, &rule, &mut defects);
                rules.push((method.clone(), rule, outreach));
            }
            let subject = method.full_name();
            faults.extend(defects.into_iter().map(|defect| Fault {
                subject: subject.to_owned(),
                defect,
            }));
        }
        TableError::unless_empty(faults)?;

        let permissions = Permissions::new(
            rules
                .iter()
                .filter_map(|(_, rule, _)| asked(rule))
                .collect(),
        );
        let ours = rules.into_iter().map(|(method, rule, outreach)| {
            let access = access(&rule, &permissions);
            compile(&method, rule, access, outreach)
        });
        let methods: Vec<Arc<Method>> = ours
            .chain(INFRASTRUCTURE.iter().map(infrastructure))
            .map(Arc::new)
            .collect();
        Ok(Self::index(methods, permissions))
    }

    fn index(mut by_name: Vec<Arc<Method>>, permissions: Permissions) -> Self {
        by_name.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        let methods: HashMap<String, Arc<Method>> = by_name
            .iter()
            .map(|method| (method.path.clone(), Arc::clone(method)))
            .collect();
        Self {
            methods,
            by_name,
            permissions,
        }
    }
}

fn rule_of(
    method: &MethodDescriptor,
    option: Option<&ExtensionDescriptor>,
    defects: &mut Vec<Defect>,
) -> Option<MethodRule> {
    let options = method.options();
    let Some(option) = option.filter(|option| options.has_extension(option)) else {
        defects.push(Defect::NoRule);
        return None;
    };
    let value = options.get_extension(option);
    let rule = value
        .as_message()
        .map(DynamicMessage::transcode_to::<MethodRule>);
    match rule {
        Some(Ok(rule)) => Some(rule),
        Some(Err(error)) => {
            defects.push(Defect::Unreadable(error.to_string()));
            None
        }
        None => {
            defects.push(Defect::Unreadable("it is not a message".to_owned()));
            None
        }
    }
}

/// Collects the defects of one rule; returns the plan of an RPC that reaches out.
fn check(
    method: &MethodDescriptor,
    rule: &MethodRule,
    defects: &mut Vec<Defect>,
) -> Option<OutreachPlan> {
    let MethodRule {
        access,
        interaction,
        rule_set,
        module,
        retry,
    } = rule;
    match access {
        None => defects.push(Defect::NoAccess),
        Some(method_rule::Access::Public(reason)) if reason.is_empty() => {
            defects.push(Defect::NoReason("public"));
        }
        Some(method_rule::Access::Permission(name)) if !permission::is_well_formed(name) => {
            defects.push(Defect::Permission(name.clone()));
        }
        Some(_) => {}
    }
    if module.is_empty() {
        defects.push(Defect::NoModule);
    }
    if matches!(Retry::try_from(*retry), Err(_) | Ok(Retry::Unspecified)) {
        defects.push(Defect::NoRetry);
    }
    let named = |field| method.input().get_field_by_name(field).is_some();
    if *retry == i32::from(Retry::WithRequestId) && !named("request_id") {
        defects.push(Defect::NoRequestId);
    }
    if let Some(rule_set) = rule_set {
        PathChecker::new(&method.input(), defects).rule_set(rule_set);
    }
    match interaction {
        None => defects.push(Defect::NoInteraction),
        Some(method_rule::Interaction::Exempt(reason)) if reason.is_empty() => {
            defects.push(Defect::NoReason("exempt"));
        }
        Some(method_rule::Interaction::Exempt(_)) => {}
        Some(method_rule::Interaction::Inbound(inbound)) => {
            PathChecker::new(&method.input(), defects).inbound(inbound);
        }
        Some(method_rule::Interaction::Outreach(outreach)) => {
            if method.is_client_streaming() {
                defects.push(Defect::OutreachStream);
            }
            if matches!(access, Some(method_rule::Access::Public(_))) {
                defects.push(Defect::PublicOutreach);
            }
            return PathChecker::new(&method.input(), defects).outreach(outreach);
        }
    }
    None
}

/// The permission that a rule asks for.
fn asked(rule: &MethodRule) -> Option<String> {
    match &rule.access {
        Some(method_rule::Access::Permission(name)) => Some(name.clone()),
        Some(method_rule::Access::Public(_)) | None => None,
    }
}

fn access(rule: &MethodRule, permissions: &Permissions) -> Access {
    match asked(rule).and_then(|name| permissions.id(&name)) {
        Some(id) => Access::Permission(id),
        None => Access::Public,
    }
}

fn compile(
    method: &MethodDescriptor,
    rule: MethodRule,
    access: Access,
    outreach: Option<OutreachPlan>,
) -> Method {
    let service = method.parent_service().full_name().to_owned();
    let message = method.input();
    Method {
        path: format!("/{service}/{}", method.name()),
        full_name: method.full_name().to_owned(),
        service,
        rule,
        access,
        outreach,
        client_streaming: method.is_client_streaming(),
        server_streaming: method.is_server_streaming(),
        personal_data: reachable(&method.input()).iter().any(holds_personal_data)
            || reachable(&method.output()).iter().any(holds_personal_data),
        request: Some(Request {
            census: Census::new(&message),
            has_rules: reachable(&message).iter().any(has_validation),
            message,
        }),
    }
}

fn infrastructure(rpc: &Infrastructure) -> Method {
    Method {
        path: format!("/{}/{}", rpc.service, rpc.method),
        full_name: format!("{}.{}", rpc.service, rpc.method),
        service: rpc.service.to_owned(),
        rule: rpc.rule(),
        access: Access::Public,
        outreach: None,
        request: None,
        client_streaming: rpc.client_streaming,
        server_streaming: rpc.server_streaming,
        personal_data: false,
    }
}

fn holds_personal_data(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| {
        field.options().extensions().any(|(extension, value)| {
            extension.full_name() == PERSONAL_DATA && value.as_bool() == Some(true)
        })
    })
}

fn has_validation(message: &MessageDescriptor) -> bool {
    let declares = |options: DynamicMessage| {
        options
            .extensions()
            .any(|(extension, _)| extension.package_name() == VALIDATION)
    };
    declares(message.options())
        || message.fields().any(|field| declares(field.options()))
        || message.oneofs().any(|oneof| declares(oneof.options()))
}
