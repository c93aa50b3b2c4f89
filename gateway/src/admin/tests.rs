//! What callers learn about their own access.

use rapport_platform::identity::{Actor, TenantId};
use rapport_platform::key::SecretKey;
use rapport_platform::time::Timestamp;

use super::*;
use crate::table::PermissionSet;

fn admin() -> AccessAdmin {
    let table = Table::build(rapport_proto::descriptor_pool()).unwrap();
    let page_tokens = PageTokens::new(&SecretKey::generate());
    let (clock, _) = Clock::manual(Timestamp::EPOCH);
    AccessAdmin::new(Arc::new(table), page_tokens, clock)
}

fn holding(admin: &AccessAdmin, permissions: &[&str]) -> Identity {
    let mut set = PermissionSet::default();
    for permission in permissions {
        set.insert(admin.table.permissions().id(permission).unwrap());
    }
    Identity {
        tenant: TenantId::EMBEDDED,
        actor: Actor::parse("employees/7").unwrap(),
        roles: vec!["clerk".to_owned()],
        permissions: set,
        expires: Some(Timestamp::EPOCH),
    }
}

fn list(
    admin: &AccessAdmin,
    service: &str,
    page_size: i32,
    page_token: &str,
) -> Result<ListMethodRulesResponse, Problem> {
    let request = ListMethodRulesRequest {
        service: service.to_owned(),
        page_size,
        page_token: page_token.to_owned(),
    };
    admin.list_method_rules(&holding(admin, &[]), &request)
}

#[test]
fn a_caller_learns_who_he_is() {
    let admin = admin();
    let me = admin.who_am_i(&holding(
        &admin,
        &["gateway.access.list", "gateway.access.get"],
    ));
    assert_eq!(me.tenant, "tenants/00000000-0000-7000-8000-000000000001");
    assert_eq!(
        (me.actor.as_str(), me.roles.as_slice()),
        ("employees/7", &["clerk".to_owned()][..])
    );
    assert_eq!(
        me.permissions,
        ["gateway.access.get", "gateway.access.list"]
    );
    assert_eq!(me.expire_time, Some(prost_types::Timestamp::default()));
}

#[test]
fn every_rpc_is_listed_once_however_it_is_paged() {
    let admin = admin();
    let all = list(&admin, "", 1_000, "").unwrap();
    assert_eq!(all.method_rules.len(), admin.table.methods().len());
    assert_eq!(all.next_page_token, "");

    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(&admin, "", 7, &token).unwrap();
        names.extend(page.method_rules.into_iter().map(|rule| rule.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = all.method_rules.into_iter().map(|rule| rule.name).collect();
    assert_eq!(names, expected);
    assert!(names.is_sorted());
}

#[test]
fn a_list_is_narrowed_to_a_service_or_a_package() {
    let admin = admin();
    let service = list(&admin, "rapport.gateway.v1.AccessService", 0, "")
        .unwrap()
        .method_rules;
    let names: Vec<&str> = service.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "methodRules/rapport.gateway.v1.AccessService.CheckAccess",
            "methodRules/rapport.gateway.v1.AccessService.ListMethodRules",
            "methodRules/rapport.gateway.v1.AccessService.WhoAmI",
        ]
    );
    let rule = service[2].rule.as_ref().unwrap();
    assert_eq!(
        (service[2].path.as_str(), rule.module.as_str()),
        ("/rapport.gateway.v1.AccessService/WhoAmI", "gateway")
    );
    assert_eq!(
        list(&admin, "rapport.gateway.v1", 0, "")
            .unwrap()
            .method_rules,
        service
    );
    assert!(
        list(&admin, "rapport.gateway.v1.Access", 0, "")
            .unwrap()
            .method_rules
            .is_empty()
    );
}

#[test]
fn a_page_token_fits_its_own_list_only() {
    let admin = admin();
    let token = list(&admin, "", 1, "").unwrap().next_page_token;
    for (service, token) in [("rapport.gateway.v1", token.as_str()), ("", "forged")] {
        assert_eq!(
            list(&admin, service, 1, token).unwrap_err().reason_name(),
            "INVALID_PAGE_TOKEN"
        );
    }
}

#[test]
fn a_caller_learns_what_is_in_his_way() {
    let admin = admin();
    let name = "methodRules/rapport.gateway.v1.AccessService.WhoAmI";
    let allowed = admin
        .check_access(&holding(&admin, &["gateway.access.get"]), name)
        .unwrap();
    assert_eq!(
        allowed,
        CheckAccessResponse {
            allowed: true,
            ..Default::default()
        }
    );

    let denied = admin.check_access(&holding(&admin, &[]), name).unwrap();
    assert!(!denied.allowed);
    let [obstacle] = &denied.obstacles[..] else {
        panic!("{denied:?}")
    };
    assert_eq!(obstacle.reason(), ErrorReason::PermissionDenied);
    assert_eq!(obstacle.metadata["permission"], "gateway.access.get");

    let public = admin.check_access(
        &holding(&admin, &[]),
        "methodRules/grpc.health.v1.Health.Check",
    );
    assert!(public.unwrap().allowed);

    let unknown = admin
        .check_access(&holding(&admin, &[]), "methodRules/a.B.C")
        .unwrap_err();
    assert_eq!(unknown.reason_name(), "RESOURCE_NOT_FOUND");
}
