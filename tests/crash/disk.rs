//! File systems of our own, on a file or in memory, and the end of power for them.
//!
//! A guardian process unmounts each one: when it is no longer needed, and also when the rig itself
//! was killed. It touches nothing but its own mount and directory.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::{
    process::run,
    rig::{Need, red, rig, scratch},
};

/// A file system that loses what was not synced when power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fs {
    Ext4,
    Xfs,
}

impl Fs {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    fn mkfs(self) -> &'static str {
        match self {
            Self::Ext4 => "mkfs.ext4",
            Self::Xfs => "mkfs.xfs",
        }
    }

    /// What a rig needs to cut the power of such a file system.
    pub(crate) fn needs(self) -> [Need; 5] {
        let tools = [Need::Tool(self.mkfs()), Need::Tool("python3")];
        [Need::Root, Need::LoopDevice, Need::FileSystem(self.name()), tools[0], tools[1]]
    }
}

/// A mounted file system; unmounted and removed when dropped.
pub(crate) struct Disk {
    guardian: Guardian,
    cutter: Option<Cutter>,
    dir: PathBuf,
    image: Option<PathBuf>,
    _work: TempDir,
}

impl Disk {
    /// A new file system on a sparse image, whose power can be cut.
    pub(crate) fn image(fs: Fs) -> Result<Self> {
        let mut disk = Self::on_image(fs, 320 << 20)?;
        disk.cutter = Some(Cutter::start()?);
        Ok(disk)
    }

    /// A new file system on an image of a size.
    pub(crate) fn on_image(fs: Fs, bytes: u64) -> Result<Self> {
        let work = scratch()?;
        let image = work.path().join("image");
        File::create(&image)?.set_len(bytes)?;
        run(Command::new(fs.mkfs()).arg("-q").arg(&image))?;
        let disk = Self::prepare(work, Some(image))?;
        disk.mount()?;
        Ok(disk)
    }

    /// A file system in memory.
    pub(crate) fn in_memory(bytes: u64) -> Result<Self> {
        let disk = Self::prepare(scratch()?, None)?;
        let size = format!("size={bytes},mode=700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&disk.dir))?;
        Ok(disk)
    }

    fn prepare(work: TempDir, image: Option<PathBuf>) -> Result<Self> {
        let dir = work.path().join("mounted");
        fs::create_dir(&dir)?;
        let guardian = Guardian::start(&dir, work.path())?;
        Ok(Self { guardian, cutter: None, dir, image, _work: work })
    }

    /// Where the file system is mounted.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn mount(&self) -> Result<()> {
        let image = self.image.as_ref().context("no image")?;
        // Other rigs may have all loop devices for a moment.
        eventually(|| run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.dir)))
    }

    /// Ends all power: nothing reaches the image any more.
    pub(crate) fn cut(&mut self) -> Result<()> {
        self.cutter.as_mut().context("no cutter")?.cut(&self.dir)
    }

    /// Switches on again after a cut; nobody may use the file system by now.
    pub(crate) fn restart(&mut self) -> Result<()> {
        eventually(|| run(Command::new("umount").arg(&self.dir)))?;
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.cutter = None;
        self.guardian.finish();
    }
}

fn eventually(mut attempt: impl FnMut() -> Result<()>) -> Result<()> {
    for _ in 0..100 {
        if attempt().is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    attempt()
}

const GUARD: &str = r#"
read -r line
for _ in $(seq 100); do
    mountpoint -q "$0" || break
    umount "$0" && break
    sleep 0.05
done
mountpoint -q "$0" && umount -l "$0"
rm -rf -- "$1"
"#;

/// The process that unmounts a directory once its input ends.
struct Guardian(Child);

impl Guardian {
    fn start(dir: &Path, work: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).arg(dir).arg(work).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Ok(Self(command.spawn().context("starting a guardian")?))
    }

    fn finish(&mut self) {
        drop(self.0.stdin.take());
        _ = self.0.wait();
    }
}

/// `FS_IOC_SHUTDOWN` without flushing the log, since this crate has no unsafe code.
const CUT: &str = r#"
import fcntl, os, struct, sys
print("ready", flush=True)
for line in sys.stdin:
    fd = os.open(line.rstrip("\n"), os.O_RDONLY)
    fcntl.ioctl(fd, 0x8004587D, struct.pack("I", 2))
    os.close(fd)
    print("cut", flush=True)
"#;

/// A process that stands ready to cut the power.
struct Cutter {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Cutter {
    fn start() -> Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-c", CUT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting python3")?;
        let orders = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut cutter = Self { child, orders, answers };
        cutter.hear("ready")?;
        Ok(cutter)
    }

    fn cut(&mut self, dir: &Path) -> Result<()> {
        writeln!(self.orders, "{}", dir.display())?;
        self.hear("cut")
    }

    fn hear(&mut self, word: &str) -> Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(line.trim() == word, "the cutter failed: {line}");
        Ok(())
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The rig itself: a cut must take what was not synced, and leave what was.
fn a_cut_takes_what_was_not_synced(fs: Fs) -> Result<String> {
    let mut disk = Disk::image(fs)?;
    let content = vec![0x5a_u8; 50_000];
    for round in 0..3 {
        let (lost, kept) = (format!("lost-{round}"), format!("kept-{round}"));
        fs::write(disk.dir().join(&kept), &content)?;
        File::open(disk.dir().join(&kept))?.sync_all()?;
        File::open(disk.dir())?.sync_all()?;
        fs::write(disk.dir().join(&lost), &content)?;
        disk.cut()?;
        if File::create(disk.dir().join("late")).is_ok_and(|late| late.sync_all().is_ok()) {
            bail!("a file was synced after the cut");
        }
        disk.restart()?;
        if fs::read(disk.dir().join(&kept))? != content {
            return Err(red(format!("{kept} was synced, and is not whole")));
        }
        let left = fs::read(disk.dir().join(&lost)).unwrap_or_default();
        ensure!(left.iter().all(|byte| *byte == 0), "{lost} was not synced, and is there");
    }
    Ok("3 of 3 cuts took the file that was not synced, and no other".to_owned())
}

#[test]
fn a_cut_takes_what_was_not_synced_on_ext4() {
    rig("self-test of the power cut, ext4", &Fs::Ext4.needs(), || {
        a_cut_takes_what_was_not_synced(Fs::Ext4)
    });
}

#[test]
fn a_cut_takes_what_was_not_synced_on_xfs() {
    rig("self-test of the power cut, xfs", &Fs::Xfs.needs(), || {
        a_cut_takes_what_was_not_synced(Fs::Xfs)
    });
}
