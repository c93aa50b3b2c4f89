//! The five-minute tour, as README tells it and from Python.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::ffi::OsStr;
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

/// Runs a tool in `folder`; returns what it says.
async fn succeed(folder: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).output().await;
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_written_descriptor_set_is_all_that_tools_need() {
    let suite = Suite::start(Engine::Sqlite).await;
    let folder = suite.folder();
    succeed(folder, binary(), &["protos", "--out", "rapport.binpb"]).await;

    // grpcurl calls with it, without reflection.
    let token = std::fs::read_to_string(suite.token_file()).unwrap();
    let header = format!("authorization: Bearer {}", token.trim());
    let address = suite.address().trim_start_matches("http://");
    let method = "rapport.gateway.v1.AccessService/WhoAmI";
    let grpcurl = [
        "-plaintext",
        "-use-reflection=false",
        "-protoset",
        "rapport.binpb",
        "-H",
        &header,
    ];
    let asked = [&grpcurl[..], &[address, method]].concat();
    let answer = succeed(folder, tool("RAPPORT_GRPCURL"), &asked).await;
    assert!(answer.contains("gateway.access.get"), "{answer}");

    // buf reads it as a module and generates from it.
    let buf = tool("RAPPORT_BUF");
    succeed(
        folder,
        &buf,
        &["build", "rapport.binpb", "-o", "again.binpb"],
    )
    .await;
    std::fs::write(folder.join("buf.gen.yaml"), buf_template()).unwrap();
    succeed(folder, &buf, &["generate", "rapport.binpb"]).await;
    assert!(
        folder
            .join("generated/rapport/sales/v1/quote_service_pb2.py")
            .exists()
    );

    // So does protoc, as it comes with grpcio-tools.
    std::fs::create_dir(folder.join("python")).unwrap();
    let protoc = [
        "-m",
        "grpc_tools.protoc",
        "--descriptor_set_in=rapport.binpb",
        "--python_out=python",
        "--grpc_python_out=python",
        "rapport/customer/v1/customer_service.proto",
    ];
    succeed(folder, tool("RAPPORT_TOOLS_PYTHON"), &protoc).await;
    let stubs = folder.join("python/rapport/customer/v1/customer_service_pb2_grpc.py");
    assert!(
        std::fs::read_to_string(stubs)
            .unwrap()
            .contains("CustomerServiceStub")
    );
}

/// A `buf.gen.yaml` that needs no network: protoc's own Python plugin.
fn buf_template() -> String {
    let python = tool("RAPPORT_TOOLS_PYTHON");
    format!(
        "version: v2\nplugins:\n  - protoc_builtin: python\n    protoc_path: [{python:?}, -m, \
         grpc_tools.protoc]\n    out: generated\n"
    )
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
