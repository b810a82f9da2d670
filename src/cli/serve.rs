//! `disclosure serve`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::TcpListener;

use super::{Failure, Outcome, Output, args::ServeOptions};
use crate::{
    clock::SystemClock,
    config::{FontFiles, Settings},
    render::{FontPurpose, OperatorFonts, UnreadableFont},
    server::{ServeError, ServeSettings, serve},
    store::SledStore,
    telemetry,
};

pub(super) async fn run(options: ServeOptions, output: Output) -> Result<Outcome, Failure> {
    let settings = settings(options)?;
    telemetry::install(
        std::env::var_os("DISCLOSURE_LOG").and_then(|v| v.into_string().ok()).as_deref(),
    );
    let fonts = read_fonts(&settings.fonts)?;
    let clock = Arc::new(SystemClock);
    let store = open(&settings.data, clock.clone()).await?;
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
        Failure::unreachable(format_args!("cannot listen on {}", settings.listen), &error)
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::unreachable("the listening address cannot be read", &error))?;
    let stop = stop_signal()?;
    output.line(format_args!("serving on http://{address}, log in {}", settings.data.display()));
    let policy = settings.policy.counting();
    let how = ServeSettings { reflection: settings.reflection, policy, fonts };
    let served = serve(Arc::new(store), clock, listener, how, stop).await;
    served.map_err(|error| {
        if let ServeError::Font(unreadable) = error {
            unusable(&settings.fonts, unreadable)
        } else {
            Failure::unreachable("the server stopped", &error)
        }
    })?;
    Ok(Outcome::Done)
}

/// Reads the font files that the settings name.
fn read_fonts(files: &FontFiles) -> Result<OperatorFonts, Failure> {
    let read = |files: &[PathBuf]| {
        let read = files
            .iter()
            .map(|file| std::fs::read(file).map_err(|error| Failure::file("read", file, &error)));
        read.collect::<Result<Vec<_>, _>>()
    };
    Ok(OperatorFonts {
        body: read(&files.body)?,
        headings: read(&files.headings)?,
        fallback: read(&files.fallback)?,
    })
}

/// A file that the settings name as a font, and that is none.
fn unusable(files: &FontFiles, unreadable: UnreadableFont) -> Failure {
    let files = match unreadable.purpose {
        FontPurpose::Body => &files.body,
        FontPurpose::Headings => &files.headings,
        FontPurpose::Fallback => &files.fallback,
    };
    let named = files.get(unreadable.index).map(|file| file.display().to_string());
    Failure::usage(format!("{} {unreadable}", named.unwrap_or_default()))
}

/// What was typed, over what the file says, over the defaults.
fn settings(options: ServeOptions) -> Result<Settings, Failure> {
    let mut settings = match &options.config {
        None => Settings::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::file("read", path, &error))?;
            Settings::parse(&text).map_err(|error| {
                Failure::usage(format!("{}: {}", path.display(), error.message()))
            })?
        }
    };
    settings.data = options.data.unwrap_or(settings.data);
    settings.listen = options.listen.unwrap_or(settings.listen);
    settings.reflection |= options.reflection;
    Ok(settings)
}

/// Opens the log, away from the tasks that must not wait.
pub(super) async fn open(data: &Path, clock: Arc<SystemClock>) -> Result<SledStore, Failure> {
    let dir = data.to_owned();
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&dir, clock)).await;
    let opened =
        opened.map_err(|error| Failure::unreachable("the log cannot be opened", &error))?;
    opened.map_err(|error| Failure::unreachable("the log cannot be opened", &error))
}

/// Completes when the process is told to stop.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::unreachable("signals cannot be received", &error))
    };
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
