//! The gateway starts with complete rules and safe settings, or not at all.

use std::os::unix::fs::PermissionsExt as _;

use rapport_gateway::GatewayError;
use tonic::service::Routes;

use crate::kit::Setting;

fn ready() -> Setting {
    let mut setting = Setting::new();
    setting.link("test.v1", Routes::default());
    setting.link("rapport.customer.v1", Routes::default());
    setting
}

fn refused(change: impl FnOnce(&mut Setting)) -> GatewayError {
    let mut setting = ready();
    change(&mut setting);
    setting.build().unwrap_err()
}

#[test]
fn a_complete_setting_starts() {
    let gateway = ready().build().unwrap();
    assert!(gateway.listen_address().ip().is_loopback());
    assert_eq!(
        gateway.workers().len(),
        1,
        "the provider's keys are watched"
    );
}

#[test]
fn an_rpc_without_rule_is_named() {
    let error = refused(|setting| {
        setting.proto += "service Careless { rpc Forgotten(Note) returns (Note); }";
    });
    let GatewayError::Table(faults) = &error else {
        panic!("{error}")
    };
    assert_eq!(faults.faults().len(), 1);
    assert!(
        error.to_string().contains("test.v1.Careless.Forgotten"),
        "{error}"
    );
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let error = refused(|setting| setting.config.listen = "0.0.0.0:50051".parse().unwrap());
    assert!(
        error
            .to_string()
            .contains("TLS and a real identity provider"),
        "{error}"
    );
}

#[test]
fn a_service_that_nobody_serves_is_named() {
    let error = refused(|setting| drop(setting.links.remove("test.v1")));
    assert!(
        matches!(&error, GatewayError::NoLink(service) if service == "test.v1.Notes"),
        "{error}"
    );
}

#[test]
fn a_role_that_names_no_permission_is_refused() {
    let error = refused(|setting| {
        let roles = &mut setting.config.roles;
        roles.insert("clerk".to_owned(), vec!["test.note.echo".to_owned()]);
    });
    assert!(
        error.to_string().contains("role `clerk`: `test.note.echo`"),
        "{error}"
    );
}

#[test]
fn a_token_file_that_others_can_read_is_refused() {
    let error = refused(|setting| {
        let file = &setting.config.local_token.file;
        std::fs::write(file, "token").unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    });
    assert!(matches!(error, GatewayError::LocalToken(_)), "{error}");
}

#[test]
fn a_gateway_that_believes_nobody_is_refused() {
    let error = refused(|setting| {
        setting.config.local_token.enabled = false;
        setting.config.provider = None;
    });
    assert!(matches!(error, GatewayError::Nobody(_)), "{error}");
    let error = refused(|setting| drop(setting.config.roles.remove("admin")));
    assert!(matches!(error, GatewayError::NoAdministrator), "{error}");
}

#[test]
fn settings_are_read_back_as_they_were_written() {
    let config = ready().config;
    let text = toml::to_string(&config).unwrap();
    let again: rapport_gateway::GatewayConfig = toml::from_str(&text).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), text);
}
