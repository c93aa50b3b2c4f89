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

/// The first shell block after these words of README.
fn snippet(words: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once(words).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// Runs a block of README beside the suite's data, as it stands there. Only what it would fetch or
/// build is here already: `pip` hands the tools' packages to the environment, and refuses outside
/// one, as Debian's does.
async fn run(suite: &Suite, block: &str) -> Output {
    let folder = suite.folder();
    std::os::unix::fs::symlink(root().join("tests"), folder.join("tests")).unwrap();
    let address = suite.address().trim_start_matches("http://");
    let stand_ins = r#"
        grpcurl() { "$RAPPORT_GRPCURL" "$@"; }
        cargo() { shift 3; "$RAPPORT" "$@"; }
        python() { command python "$@" --address "$ADDRESS"; }
        pip() {
            [ -n "$VIRTUAL_ENV" ] || { echo externally-managed-environment; exit 1; }
            "$RAPPORT_TOOLS_PYTHON" -c 'import grpc, os; print(os.path.dirname(grpc.__path__[0]))' \
                > "$(echo .venv/lib/python3*/site-packages)/tools.pth"
        }
    "#;
    let script = format!("{stand_ins}\n{block}").replace("127.0.0.1:50051", address);
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env("RAPPORT", binary())
        .env("ADDRESS", address)
        .env("RAPPORT_GRPCURL", tool("RAPPORT_GRPCURL"))
        .env("RAPPORT_TOOLS_PYTHON", tool("RAPPORT_TOOLS_PYTHON"))
        .output();
    output.await.unwrap()
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
    let text = text(&run(&suite, &snippet("## A five-minute tour")).await);
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
    let output = run(&suite, &snippet("The same from Python")).await;
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
