//! A PostgreSQL server of our own, with temporary data, that never outlives us.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::{env, fs, io};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use crate::{apt, process};

/// Starts the server and ends it when its standard input ends; see there for why.
const SCRIPT: &str = include_str!("postgres.sh");

/// Room that temporary data may need; less in memory, and the disk is taken.
const ROOM: u64 = 4 << 30;

#[derive(Args)]
pub(crate) struct Options {
    /// Keep every acknowledged write on disk, as in production: for measuring and crash tests.
    #[arg(long)]
    durable: bool,
}

/// What a server does with a write it acknowledged.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Durability {
    /// May forget it in a crash: data in memory if there is room, no fsync. For tests.
    Fast,
    /// Keeps it, on disk, with PostgreSQL's own defaults. For measuring and crash tests.
    Durable,
}

impl Durability {
    pub(crate) fn of(durable: bool) -> Self {
        if durable { Self::Durable } else { Self::Fast }
    }
}

/// A running server; dropping it stops the server and removes its data.
pub(crate) struct Postgres {
    port: u16,
    programs: PathBuf,
    script: Child,
    /// The script ends the server when this end of its input closes, by drop or by our death.
    lifeline: Option<ChildStdin>,
}

impl Postgres {
    /// Starts a server on a free port of the loopback interface.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let programs = match find() {
            Some(programs) => programs,
            None => {
                apt::install("postgresql", "the PostgreSQL server")?;
                find().context("the package postgresql brought no server")?
            }
        };
        // Somebody may take the free port before the server does: once more, then.
        launch(&programs, durability).or_else(|_| launch(&programs, durability))
    }

    /// Where an administrator connects.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Folder of `pgbench`, `psql` and the other programs of this server's version.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // There is nobody to tell if this fails.
        let _ = self.script.wait();
    }
}

/// The task `postgres`: a server for working by hand.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = Postgres::start(Durability::of(options.durable))?;
    println!("export RAPPORT_TEST_POSTGRES={}", server.url());
    println!("# runs until Ctrl-C or the end of the input");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// The newest PostgreSQL on this machine. Debian keeps servers out of the search path.
fn find() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, programs)| is_server(programs))
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs).or_else(|| {
        env::split_paths(&env::var_os("PATH")?).find(|folder| is_server(folder.as_path()))
    })
}

fn is_server(programs: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|program| programs.join(program).is_file())
}

fn launch(programs: &Path, durability: Durability) -> Result<Postgres> {
    let port = free_port()?;
    let mut command = Command::new("sh");
    command
        .args(["-c", SCRIPT, "postgres.sh"])
        .arg(programs)
        .arg(data_parent(durability)?)
        .args(settings(port, durability))
        // Ours may be closed to the user who runs the server.
        .current_dir("/")
        // Ctrl-C on the terminal is for us; the script sees our end and tidies up.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if apt::is_root()? {
        let user = |kind| -> Result<u32> {
            let id = process::line(Command::new("id").args([kind, "postgres"]))?;
            Ok(id.parse()?)
        };
        command.uid(user("-u")?).gid(user("-g")?);
    }
    let mut script = command.spawn().context("start PostgreSQL")?;

    let mut answer = String::new();
    let output = script.stdout.take().ok_or_else(|| anyhow!("no output"))?;
    BufReader::new(output).read_line(&mut answer)?;
    let mut server = Postgres {
        port,
        programs: programs.to_owned(),
        lifeline: script.stdin.take(),
        script,
    };
    if answer.trim() != "ready" {
        drop(server.lifeline.take());
        bail!("PostgreSQL did not start: see its log above");
    }
    Ok(server)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn settings(port: u16, durability: Durability) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses = '127.0.0.1'".to_owned(),
        format!("port = {port}"),
        // Every test has pools of its own.
        "max_connections = 500".to_owned(),
    ];
    if durability == Durability::Fast {
        settings.extend(
            ["fsync", "synchronous_commit", "full_page_writes"]
                .map(|setting| format!("{setting} = off")),
        );
    }
    settings
}

/// Where the data go: memory when nothing must last, else a place that is on disk everywhere.
fn data_parent(durability: Durability) -> Result<PathBuf> {
    let memory = Path::new("/dev/shm");
    if durability == Durability::Durable {
        return Ok(PathBuf::from("/var/tmp"));
    }
    if memory.is_dir() && room(memory)? >= ROOM {
        return Ok(memory.to_owned());
    }
    Ok(env::temp_dir())
}

/// Free bytes at `folder`. Containers often have 64 MiB of shared memory.
fn room(folder: &Path) -> Result<u64> {
    let mut command = Command::new("df");
    command
        .args(["--output=avail", "--block-size=1"])
        .arg(folder);
    let table = process::line(&mut command)?;
    let bytes = table
        .lines()
        .last()
        .context("df told nothing")?
        .trim()
        .parse()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_dropped_server_is_gone() {
        let server = Postgres::start(Durability::Fast).unwrap();
        let address = ("127.0.0.1", server.port);
        assert!(TcpStream::connect(address).is_ok());

        drop(server);

        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn only_the_fast_server_may_forget() {
        let forgets = |durability| {
            settings(1, durability)
                .iter()
                .any(|line| line.contains("fsync"))
        };
        assert!(forgets(Durability::Fast));
        assert!(!forgets(Durability::Durable));
    }
}
