//! `disclosure export` and `disclosure import-log`.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{
    Failure, Outcome, Output,
    args::{ExportOptions, ImportLogOptions},
    frames::Frames,
    progress::Progress,
    verify,
};
use crate::{
    export::{Export, ExportError, Exported, ImportError, import_log},
    store::{GlobalPosition, LogState},
};

pub(super) async fn run(
    server: &str,
    options: ExportOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let ExportOptions { output: path, data } = options;
    let (state, mut frames) = Frames::after(GlobalPosition::START, server, data.as_deref()).await?;
    let exported = match &path {
        None => write(io::stdout(), &state, &mut frames, output).await?.1,
        Some(path) => {
            let draft = Draft::of(path)?;
            let out = Steady { file: draft.file()?, unsynced: 0 };
            let (out, exported) = write(out, &state, &mut frames, output).await?;
            draft.finish(&out.file)?;
            exported
        }
    };
    frames.close().await?;
    let Exported { events, root, unreadable } = exported;
    let sentence = format!("log {} is exported: {events} events, root {root}", state.log_id);
    match path {
        // Standard output holds the log.
        None => output.note(sentence),
        Some(_) => output.summary(
            sentence,
            &serde_json::json!({
                "log_id": state.log_id, "events": events, "root": root.to_string(),
                "unreadable": unreadable,
            }),
        ),
    }
    if unreadable > 0 {
        output.note(format_args!(
            "{unreadable} events are of kinds that this release does not know; they have no body, \
             but their payload"
        ));
    }
    Ok(Outcome::Done)
}

async fn write<W: Write>(
    out: W,
    state: &LogState,
    frames: &mut Frames,
    output: Output,
) -> Result<(W, Exported), Failure> {
    let mut export = Export::begin(BufWriter::new(out), state).map_err(failure)?;
    let mut progress = Progress::new(state.head.get(), output);
    while let Some(bytes) = frames.next().await? {
        progress.reach(export.take(&bytes).map_err(failure)?.get(), output);
    }
    progress.finish();
    let (out, exported) = export.finish().map_err(failure)?;
    let out = out.into_inner().map_err(|error| failure(error.into_error().into()))?;
    Ok((out, exported))
}

/// A file that is synced as it grows, so that no sync is long: the log may be on the same disk.
struct Steady {
    file: File,
    unsynced: usize,
}

/// After how many bytes it is.
const SYNC_BYTES: usize = 4 << 20;

impl Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced = self.unsynced.saturating_add(written);
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            match self.file.sync_data() {
                // What cannot be synced, a pipe for instance, need not be.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                synced => synced?,
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that gets its name when it is whole.
struct Draft {
    path: PathBuf,
    draft: PathBuf,
}

impl Draft {
    /// For a path that names a file, or nothing yet. What else it may name, a device or a pipe, is
    /// never replaced, but written to as it is.
    fn of(path: &Path) -> Result<Self, Failure> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Ok(Self { draft: path.clone(), path });
        }
        let Some(name) = path.file_name() else {
            return Err(Failure::usage(format!("{} names no file", path.display())));
        };
        let mut name = name.to_owned();
        name.push(".part");
        Ok(Self { draft: path.with_file_name(name), path })
    }

    fn file(&self) -> Result<File, Failure> {
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(true).open(&self.draft);
        file.map_err(|error| Failure::file("create", &self.draft, &error))
    }

    fn finish(&self, file: &File) -> Result<(), Failure> {
        if self.draft == self.path {
            return Ok(());
        }
        let finish = || {
            file.sync_all()?;
            fs::rename(&self.draft, &self.path)?;
            let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        finish().map_err(|error| Failure::file("write", &self.path, &error))
    }
}

fn failure(error: ExportError) -> Failure {
    match error {
        ExportError::Arrival(error) => Failure::broken_off(error.to_string()),
        ExportError::Write(error) => Failure::unreachable("the export cannot be written", &error),
    }
}

pub(super) async fn run_import(
    options: ImportLogOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let ImportLogOptions { from, data } = options;
    let importing = tokio::task::spawn_blocking(move || {
        let read = |error| Failure::file("read", &from, &error);
        let file = File::open(&from).map_err(read)?;
        let bytes = file.metadata().map_err(read)?.len();
        let mut progress = Progress::new(bytes, output);
        let file = BufReader::with_capacity(1 << 20, file);
        let imported = import_log(file, &data, |reached| progress.reach(reached, output));
        progress.finish();
        imported.map_err(|error| match error {
            ImportError::Line { .. } => Failure::damaged(format!("{}: {error}", from.display())),
            ImportError::Read(error) => Failure::file("read", &from, &error),
            ImportError::Ledger(error) => Failure::ledger(&error),
        })
    });
    let imported = importing.await;
    let verified =
        imported.map_err(|error| Failure::unreachable("the log was not taken over", &error))??;
    Ok(verify::tell(&verified, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (old, link) = (dir.path().join("old"), dir.path().join("link"));
        fs::write(&old, "old").unwrap();
        std::os::unix::fs::symlink(&old, &link).unwrap();
        for path in [&old, &link, &dir.path().join("new")] {
            let draft = Draft::of(path).unwrap();
            let mut file = draft.file().unwrap();
            file.write_all(b"new").unwrap();
            draft.finish(&file).unwrap();
            assert_eq!(fs::read(path).unwrap(), b"new");
        }
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        let null = Draft::of(Path::new("/dev/null")).unwrap();
        null.finish(&null.file().unwrap()).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
