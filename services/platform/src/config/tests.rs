use std::time::Duration;

use serde::Deserialize;

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: String,
    #[serde(with = "super::duration")]
    timeout: Duration,
    database: Database,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    url: Secret<String>,
    connections: u32,
    schema: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let database = Database {
            url: Secret::new("sqlite:here.db".into()),
            connections: 8,
            schema: None,
        };
        Self {
            listen: "127.0.0.1:1".into(),
            timeout: Duration::from_secs(30),
            database,
        }
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect()
}

fn refused(toml: &str, environment: &[(&str, &str)]) -> (String, tempfile::NamedTempFile) {
    let file = file(toml);
    let error = load_with::<Settings>(Some(file.path()), variables(environment)).unwrap_err();
    (error.to_string(), file)
}

#[test]
fn defaults_stand_when_nothing_is_given() {
    assert_eq!(
        load_with::<Settings>(None, HashMap::new()).unwrap(),
        Settings::default()
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = file("timeout = '5m'\n[database]\nconnections = 2\nschema = 'crm'\n");
    let environment = variables(&[("RAPPORT__DATABASE__CONNECTIONS", "3")]);

    let settings: Settings = load_with(Some(file.path()), environment).unwrap();

    assert_eq!(settings.timeout, Duration::from_secs(300));
    assert_eq!(settings.database.connections, 3);
    assert_eq!(settings.database.schema.as_deref(), Some("crm"));
    assert_eq!(
        settings.database.url,
        Settings::default().database.url,
        "siblings stay"
    );
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let environment = variables(&[("RAPPORT__LISTEN", "")]);
    assert_eq!(
        load_with::<Settings>(None, environment).unwrap(),
        Settings::default()
    );
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_the_file() {
    let (message, file) = refused("[database]\nconections = 2\n", &[]);
    assert!(
        message.contains("database") && message.contains("conections"),
        "{message}"
    );
    assert!(
        message.contains(&file.path().display().to_string()),
        "{message}"
    );
}

#[test]
fn an_unknown_key_in_the_environment_is_named_with_the_environment() {
    let (message, _) = refused("", &[("RAPPORT__LISTENS", "x")]);
    assert!(
        message.contains("listens") && message.contains("the environment"),
        "{message}"
    );
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key_and_source() {
    let (message, _) = refused("", &[("RAPPORT__DATABASE__CONNECTIONS", "many")]);
    assert!(message.contains("database.connections"), "{message}");
    assert!(message.contains("the environment"), "{message}");

    let (message, file) = refused("timeout = 'soon'\n", &[]);
    assert!(message.contains("timeout"), "{message}");
    assert!(
        message.contains(&file.path().display().to_string()),
        "{message}"
    );
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let path = Path::new("/nowhere/rapport.toml");
    let error = load_with::<Settings>(Some(path), HashMap::new()).unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/rapport.toml"),
        "{error}"
    );
}

#[test]
fn a_secret_is_read_from_the_file_it_names() {
    let secret = file("postgres://u:p@h/db\n");
    let path = secret.path().display().to_string();
    for settings in [
        load_with::<Settings>(None, variables(&[("RAPPORT__DATABASE__URL__FILE", &path)])),
        load_with(
            Some(file(&format!("[database]\nurl = {{ file = '{path}' }}")).path()),
            HashMap::new(),
        ),
    ] {
        assert_eq!(
            settings.unwrap().database.url.expose(),
            "postgres://u:p@h/db"
        );
    }
}

#[test]
fn an_unreadable_secret_names_the_key_and_the_path() {
    let (message, _) = refused("", &[("RAPPORT__DATABASE__URL__FILE", "/nowhere/url")]);
    assert!(
        message.contains("database.url") && message.contains("/nowhere/url"),
        "{message}"
    );
}

#[test]
fn a_secret_of_the_wrong_kind_is_not_repeated() {
    for wrong in ["4711", "47.11", "true"] {
        let (message, _file) = refused(&format!("[database]\nurl = {wrong}\n"), &[]);
        assert!(
            message.contains("database.url") && !message.contains(wrong),
            "{message}"
        );
    }
}

#[test]
fn secrets_are_shown_nowhere() {
    let settings = Settings::default();
    assert!(!format!("{settings:?}").contains("here.db"));

    let printed = to_toml_redacted(&settings).unwrap();
    assert!(
        printed.contains("url = \"***\"") && !printed.contains("here.db"),
        "{printed}"
    );
    assert!(printed.contains("timeout = \"30s\""), "{printed}");
}

#[test]
fn secrets_stay_hidden_after_loading() {
    let settings: Settings = load_with(None, HashMap::new()).unwrap();
    assert!(!to_toml_redacted(&settings).unwrap().contains("here.db"));
}
