//! Children, and what they say.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    model::Report,
    rig::{red, time_limit},
};

/// The length of a short segment, in bytes.
pub(crate) const SHORT_SEGMENT: u64 = 16 << 10;

/// How to start a child.
#[derive(Clone, Default)]
pub(crate) struct Spec {
    pub(crate) store: PathBuf,
    pub(crate) generation: u32,
    /// How many tasks append at the same time.
    pub(crate) tasks: u32,
    /// How often each task appends; without end if `None`.
    pub(crate) limit: Option<u64>,
    /// How many milliseconds a task rests after each append.
    pub(crate) pause: Option<u64>,
    /// The size of every event; varied if `None`.
    pub(crate) size: Option<usize>,
    /// The length of a segment of the journal; the usual one if `None`.
    pub(crate) segment: Option<u64>,
    /// After how many events a checkpoint is written; the usual number if `None`.
    pub(crate) checkpoint: Option<u64>,
    /// Whether the disk may be too full to close the store.
    pub(crate) full: bool,
    /// The bug that the engine is to have.
    pub(crate) bug: Option<&'static str>,
    /// The command that runs the child, `strace` for instance.
    pub(crate) wrapper: Vec<OsString>,
}

impl Spec {
    pub(crate) fn new(store: &Path, bug: Option<&'static str>) -> Self {
        Self { store: store.to_owned(), tasks: 8, bug, ..Self::default() }
    }

    /// Every other time with segments and checkpoints so short that a short run has many.
    pub(crate) fn in_parts(self, time: u64) -> Self {
        let many = time % 2 == 1;
        let (segment, checkpoint) = (many.then_some(SHORT_SEGMENT), many.then_some(100));
        Self { segment, checkpoint, ..self }
    }

    /// Starts a child that appends.
    pub(crate) fn write(&self) -> Result<Running> {
        self.start("write")
    }

    /// Lets a child say what the store holds.
    pub(crate) fn read(&self) -> Result<Reading> {
        let mut child = self.start("read")?;
        let mut report = Report::default();
        loop {
            let Some(line) = child.line(time_limit())? else { break };
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["REFUSED", name, ..] => {
                    return Ok(Reading::Refused { name: name.to_owned(), text: line });
                }
                ["UNCLEAN", ..] if self.full => {}
                ["WRONG" | "UNCLEAN", ..] => return Err(red(line)),
                ["CHUNKS", chunks] => report.chunks = chunks.parse()?,
                ["HEAD", head] => report.head = Some(head.parse()?),
                ["EVENT", generation, task, n, position] => {
                    let events = report.tasks.entry((generation.parse()?, task.parse()?));
                    let events: &mut Vec<u64> = events.or_default();
                    if events.len() as u64 != n.parse::<u64>()? {
                        return Err(red(format!("gap or wrong order: {line}")));
                    }
                    events.push(position.parse()?);
                }
                _ => {}
            }
        }
        let said = child.stderr();
        let status = child.wait()?;
        if report.head.is_none() || !status.success() {
            return Err(red(format!("opening and reading ended with {status}: {said}")));
        }
        Ok(Reading::Holds(report))
    }

    fn start(&self, role: &str) -> Result<Running> {
        let exe = env::current_exe()?;
        let mut command = match &self.wrapper[..] {
            [] => Command::new(exe),
            [wrapper, args @ ..] => {
                let mut command = Command::new(wrapper);
                command.args(args).arg(exe);
                command
            }
        };
        command.args(["child::child_process", "--exact", "--ignored", "--nocapture", "--quiet"]);
        command.env("CRASH_CHILD", role).env("CRASH_STORE", &self.store);
        command.env("CRASH_GENERATION", self.generation.to_string());
        command.env("CRASH_TASKS", self.tasks.to_string());
        let own = ["CRASH_LIMIT", "CRASH_PAUSE", "CRASH_SIZE", "CRASH_SEGMENT", "CRASH_CHECKPOINT"];
        for name in own.into_iter().chain(["DISCLOSURE_PLANTED_BUG"]) {
            command.env_remove(name);
        }
        let limit = self.limit.map(|limit| ("CRASH_LIMIT", limit.to_string()));
        let pause = self.pause.map(|pause| ("CRASH_PAUSE", pause.to_string()));
        let size = self.size.map(|size| ("CRASH_SIZE", size.to_string()));
        let segment = self.segment.map(|bytes| ("CRASH_SEGMENT", bytes.to_string()));
        let checkpoint = self.checkpoint.map(|every| ("CRASH_CHECKPOINT", every.to_string()));
        let bug = self.bug.map(|bug| ("DISCLOSURE_PLANTED_BUG", bug.to_owned()));
        command.envs([limit, pause, size, segment, checkpoint, bug].into_iter().flatten());
        Running::start(command)
    }
}

/// What a child said about the store.
pub(crate) enum Reading {
    Holds(Report),
    Refused { name: String, text: String },
}

impl Reading {
    /// What the store holds, where a refusal is a fault.
    pub(crate) fn held(self) -> Result<Report> {
        match self {
            Self::Holds(report) => Ok(report),
            Self::Refused { text, .. } => Err(red(text)),
        }
    }
}

/// A child at work; it is killed when this is dropped, with whatever wraps it.
pub(crate) struct Running {
    child: Child,
    /// The child ends when this is closed.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<thread::JoinHandle<String>>,
}

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).spawn().context("starting a child")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let stdout = stdout.context("no stdout")?;
        let mut stderr = child.stderr.take().context("no stderr")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                // What was not said to the end was not said.
                if line.pop() == Some(b'\n') {
                    _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
                line.clear();
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self { child, stdin, lines, stderr: Some(stderr) })
    }

    /// The next line; `None` after the last. Red if it takes too long: then the child hangs.
    pub(crate) fn line(&mut self, limit: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(red(format!("a child hung for {limit:?}"))),
        }
    }

    /// Reads on until a line begins with one of these; gives that line, and those before it.
    pub(crate) fn until(&mut self, begins: &[&str]) -> Result<(String, Vec<String>)> {
        let mut before = Vec::new();
        let end = Instant::now() + time_limit();
        while let Some(line) = self.line(end.saturating_duration_since(Instant::now()))? {
            if Instant::now() > end {
                return Err(red(format!("a child never said {begins:?}")));
            }
            if begins.iter().any(|begin| line.starts_with(begin)) {
                return Ok((line, before));
            }
            before.push(line);
        }
        Err(red(format!("a child ended before {begins:?}: {}", self.stderr())))
    }

    /// Everything that is said until the child ends.
    pub(crate) fn rest(&mut self) -> Result<Vec<String>> {
        let mut rest = Vec::new();
        while let Some(line) = self.line(time_limit())? {
            rest.push(line);
        }
        Ok(rest)
    }

    /// Tells the child that there is room.
    pub(crate) fn tell(&mut self) -> Result<()> {
        Ok(writeln!(self.stdin.as_mut().context("no stdin")?, "room")?)
    }

    /// Ends the child at once and gives what it had said that was not read yet.
    pub(crate) fn kill(mut self) -> Result<Vec<String>> {
        self.stop()
    }

    /// The same, for a child that is looked at afterwards.
    pub(crate) fn stop(&mut self) -> Result<Vec<String>> {
        self.end();
        self.rest()
    }

    fn end(&mut self) {
        _ = self.child.kill();
        let group = format!("-{}", self.child.id());
        // A wrapper's child does not end with it.
        _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        _ = self.child.wait();
    }

    /// What was said on the side.
    pub(crate) fn stderr(&mut self) -> String {
        let text = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        text.trim().to_owned()
    }

    /// Waits for the child, which has said everything.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let end = Instant::now() + time_limit();
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(red("a child does not end".to_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The program that operators run.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    /// The bug that it is to have.
    pub(crate) bug: Option<&'static str>,
}

impl Program {
    /// Starts a command with places: of `backup` and `verify` those that it names in this order, of
    /// the others from where and to where.
    pub(crate) fn start(self, command: &[&str], places: &[&Path]) -> Result<Ran> {
        let after = match command {
            ["backup", "--data"] => vec!["", "--to"],
            ["backup", ..] => vec!["--to"],
            ["export", ..] => vec!["", "--output"],
            ["restore" | "import-log"] => vec!["--from", "--data"],
            _ => vec![""],
        };
        let mut line = Command::new(env!("CARGO_BIN_EXE_disclosure"));
        line.arg("--json").args(command).env_remove("DISCLOSURE_PLANTED_BUG");
        for (option, place) in after.into_iter().zip(places) {
            if !option.is_empty() {
                line.arg(option);
            }
            line.arg(place);
        }
        line.envs(self.bug.map(|bug| ("DISCLOSURE_PLANTED_BUG", bug)));
        Ok(Ran { running: Running::start(line)?, said: Vec::new() })
    }

    /// A server on a free port, and its URL.
    pub(crate) fn serve(self, data: &Path) -> Result<(Ran, String)> {
        let mut ran = self.start(&["serve", "--listen", "127.0.0.1:0", "--data"], &[data])?;
        let (line, _) = ran.running.until(&["serving on "])?;
        let url = line.strip_prefix("serving on ").and_then(|rest| rest.split(',').next());
        Ok((ran, url.context("no URL")?.to_owned()))
    }
}

/// A command under way, or at its end.
pub(crate) struct Ran {
    running: Running,
    said: Vec<String>,
}

impl Ran {
    /// Waits for the end; the exit code and what was said on the side.
    pub(crate) fn finish(&mut self) -> Result<(Option<i32>, String)> {
        self.said.extend(self.running.rest()?);
        let said = self.running.stderr();
        Ok((self.running.wait()?.code(), said))
    }

    /// The object that a command prints last, which must have succeeded.
    pub(crate) fn object(&mut self) -> Result<serde_json::Value> {
        let (code, said) = self.finish()?;
        if code != Some(0) {
            return Err(red(format!("ended with {code:?}: {} {said}", self.said.join(" "))));
        }
        Ok(serde_json::from_str(self.said.last().context("nothing was said")?)?)
    }

    /// Ends it at once; whether it had succeeded by then.
    pub(crate) fn kill(&mut self) -> Result<bool> {
        let rest = self.running.stop()?;
        self.said.extend(rest);
        Ok(self.running.wait()?.code() == Some(0))
    }
}

/// Runs a tool to its end; an error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
