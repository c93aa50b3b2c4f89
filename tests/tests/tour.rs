//! The five-minute tour, as README tells it and from Python.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use rapport_tests::{Engine, Suite, binary};
use tokio::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A tool that `cargo xtask test` installs.
fn tool(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.unwrap_or_else(|| panic!("set {variable} or run `cargo xtask test`"))
        .into()
}

/// The first shell block after this heading of README.
fn snippet(heading: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once(heading).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[tokio::test]
async fn the_tour_of_the_readme_runs_as_it_stands() {
    let suite = Suite::start(Engine::Sqlite).await;
    let address = suite.address().trim_start_matches("http://");
    let grpcurl = tool("RAPPORT_GRPCURL");
    let script = snippet("## A five-minute tour").replace("127.0.0.1:50051", address);
    let script = format!("grpcurl() {{ {} \"$@\"; }}\n{script}", grpcurl.display());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(suite.folder())
        .output();
    let text = text(&output.await.unwrap());
    for expected in [
        "\"email\": \"Ana@example.com\"",
        "\"phone\": \"+41446681800\"",
        "SEARCH_FIELD_NAME",
        "SEARCH_FIELD_PHONE",
        "FailedPrecondition",
        "CHANNEL_REFUSED",
        "INTERACTION_OUTCOME_QUEUED",
        "recentInteractions",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_python_client_generated_from_the_descriptor_set_runs_the_tour() {
    let suite = Suite::start(Engine::Sqlite).await;
    let descriptors = suite.folder().join("rapport.binpb");
    let exported = Command::new(binary())
        .args(["protos", "--out"])
        .arg(&descriptors)
        .status();
    assert!(exported.await.unwrap().success());
    let output = Command::new(tool("RAPPORT_TOOLS_PYTHON"))
        .arg(root().join("tests/tour/tour.py"))
        .args(["--address", suite.address().trim_start_matches("http://")])
        .arg("--token-file")
        .arg(suite.token_file())
        .arg("--descriptors")
        .arg(&descriptors)
        .output()
        .await
        .unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("e-mail refused: CHANNEL_REFUSED open: PHONE"),
        "{text}"
    );
}

#[tokio::test]
async fn the_demo_tells_its_story() {
    let suite = Suite::start(Engine::Sqlite).await;
    let demo = || async {
        let output = Command::new(binary())
            .args([
                "demo",
                "--customers",
                "200",
                "--address",
                suite.address(),
                "--token-file",
            ])
            .arg(suite.token_file())
            .output()
            .await
            .unwrap();
        (output.status.success(), text(&output))
    };
    let (success, story) = demo().await;
    assert!(success, "{story}");
    assert!(story.contains("200 created"), "{story}");
    assert!(
        story.contains("CHANNEL_REFUSED, open instead: PHONE"),
        "{story}"
    );
    let (success, story) = demo().await;
    assert!(success, "told twice on the same suite: {story}");
}
