//! What can go wrong in a store, one enum per operation.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::{ExpectedVersion, GlobalPosition, StreamId, StreamVersion};

/// An append that was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The stream is not as the appender believed.
    #[error(
        "stream {stream} was expected to have {expected}, but has {}",
        .actual.map_or_else(|| "no event".to_owned(), |version| format!("version {version}"))
    )]
    VersionConflict {
        /// The stream.
        stream: StreamId,
        /// What was believed.
        expected: ExpectedVersion,
        /// The version of its latest event.
        actual: Option<StreamVersion>,
    },
    /// The request key has been used for something else.
    #[error("request key was already used, for other content, at position {position}")]
    RequestReused {
        /// Where the earlier request ended.
        position: GlobalPosition,
    },
    /// The append, or a part of it, holds no event.
    #[error("append holds a part without events")]
    Empty,
    /// An event has no type, or one longer than 65,535 bytes.
    #[error("event type is {length} bytes long, not 1 to 65535")]
    EventType {
        /// The length of the type.
        length: usize,
    },
    /// The append is larger than one frame may be.
    #[error("append of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// The size of the append.
        bytes: usize,
        /// The largest that is taken.
        limit: usize,
    },
    /// The stream has as many events as a version can count.
    #[error("stream {stream} is full")]
    StreamFull {
        /// The stream.
        stream: StreamId,
    },
    /// The disk is full; nothing was recorded, and a later attempt may succeed.
    #[error(
        "disk is full but for a reserve; nothing was recorded, and a later attempt may succeed"
    )]
    DiskFull,
    /// What was recorded before could not be read, so the append could not be judged.
    #[error("record that the append must be judged by cannot be read: {reason}")]
    Unreadable {
        /// What is in the way.
        reason: String,
    },
    /// A write failed, in this append or before it; no append is taken until the store is opened
    /// again. Whether this one was recorded is not known until then.
    #[error("store no longer takes appends: {reason}")]
    Failed {
        /// The failure.
        reason: String,
    },
    /// The store has been closed.
    #[error("store is closed")]
    Closed,
}

/// Bytes that are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Corrupt {
    /// What is wrong with them.
    pub reason: &'static str,
}

/// A read that could not be answered.
#[derive(Debug, Error)]
pub enum ReadError {
    /// What is stored is not what was recorded.
    #[error("record at position {position} is damaged: {reason}")]
    Corrupt {
        /// Where.
        position: GlobalPosition,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The engine failed.
    #[error("storage engine failed: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
    /// The store has been closed.
    #[error("store is closed")]
    Closed,
}

/// A store that could not be opened; no recorded event was given up.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The directory holds something else.
    #[error("{} is neither empty nor a ledger", .dir.display())]
    NotOurs {
        /// The directory.
        dir: PathBuf,
    },
    /// The ledger was written by a later release.
    #[error("ledger has format {found}, this program knows {known}")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The latest format known.
        known: u32,
    },
    /// The directory is to take in a log, and holds something.
    #[error("directory {} is not empty; nothing is ever restored over what is there", .dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// A log was being restored into the directory, and the end of it has not come.
    #[error(
        "directory {} holds a log that was not restored to its end; begin the restoring again",
        .dir.display()
    )]
    RestoreUnfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// Someone else has the ledger open.
    #[error("ledger in {} is in use by {holder}", .dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The other process.
        holder: String,
    },
    /// The directory cannot be written to.
    #[error("directory {} cannot be written to", .dir.display())]
    ReadOnly {
        /// The directory.
        dir: PathBuf,
    },
    /// Recorded events are lost from the journal, and no second copy holds them.
    #[error("journal is damaged at position {position} and no copy can repair it: {reason}")]
    Damaged {
        /// The first position that cannot be read.
        position: GlobalPosition,
        /// What is wrong there.
        reason: &'static str,
    },
    /// An operation on a file failed.
    #[error("cannot {what} {}", .path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The failure.
        source: io::Error,
    },
    /// The engine failed.
    #[error("storage engine failed: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
}

/// A store that stopped, but not as it should have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("store did not stop cleanly: {reason}")]
pub struct CloseError {
    /// What went wrong, at closing or before.
    pub reason: String,
}
