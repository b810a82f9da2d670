//! The built binary, run as its users run it.
#![cfg(test)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// How a command ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The command, which must have ended so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard output as one JSON object a line.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<Value> {
        objects(&self.stdout)
    }

    /// Standard error as one JSON object a line.
    #[track_caller]
    pub(crate) fn error_objects(&self) -> Vec<Value> {
        objects(&self.stderr)
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub(crate) fn object(&self) -> Value {
        let [object] = &self.objects()[..] else { panic!("not one object: {self:#?}") };
        object.clone()
    }
}

#[track_caller]
fn objects(lines: &str) -> Vec<Value> {
    let read = |line: &str| match serde_json::from_str(line) {
        Ok(object @ Value::Object(_)) => object,
        other => panic!("{line:?} is not a JSON object: {other:?}"),
    };
    lines.lines().map(read).collect()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_disclosure"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

/// Runs the binary to its end, in the directory of the crate.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_on(&[], arguments)
}

fn run_on(host: Host, arguments: &[&str]) -> Ran {
    let output = command(arguments).envs(host.iter().copied()).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a `serve` that must end by itself; one that serves instead is killed.
#[track_caller]
pub(crate) fn run_refused_serve(arguments: &[&str]) -> Ran {
    let mut child =
        command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut stdout).unwrap();
    if !stdout.is_empty() {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Ran { code: output.status.code(), stdout, stderr }
}

/// `disclosure serve` as a process of its own; killed when dropped.
pub(crate) struct ServeProcess {
    child: Child,
    /// Kept open: the server may print more.
    _stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
    host: Host,
}

/// Variables of the environment and their values.
pub(crate) type Host = &'static [(&'static str, &'static str)];

impl ServeProcess {
    /// Starts a server on a free port over the ledger in `data`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_on(&[], data)
    }

    /// The same on a host where these are set in the environment; its commands run there, too.
    pub(crate) fn start_on(host: Host, data: &Path) -> Self {
        let data = data.to_str().unwrap();
        let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--data", data])
            .envs(host.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said = line.trim_end().strip_prefix("serving on ").unwrap_or_default();
        let (url, log) = said.split_once(", log in ").unwrap_or_else(|| panic!("said {line:?}"));
        assert_eq!(log, data);
        Self { child, _stdout: stdout, url: url.to_owned(), host }
    }

    /// Runs another command of the binary against this server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["--server", &self.url];
        all.extend(arguments);
        run_on(self.host, &all)
    }

    /// Tells the server to stop as an operator does; its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Kills the server without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
