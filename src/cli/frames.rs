//! The recorded frames of a log: of a running server, or of a directory that no server has open.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use tonic::Streaming;

use super::{Failure, client::connect, serve};
use crate::{
    clock::SystemClock,
    integrity::Hash,
    store::{
        Chunk, CloseError, EventStore, GlobalPosition, LogState, ReadError, SledStore, StateError,
        log_state,
    },
    wire::pb::v1::{
        ReadFramesRequest, ReadFramesResponse, admin_service_client::AdminServiceClient,
        read_frames_response::Part,
    },
};

/// How many events are read at once from a directory, to whole frames.
const PAGE_EVENTS: usize = 4096;

/// Where frames come from.
pub(super) enum Frames {
    Server(Box<Streaming<ReadFramesResponse>>),
    Directory { store: Box<SledStore>, reached: GlobalPosition, head: GlobalPosition },
}

impl Frames {
    /// The frames after a position, and where they will end.
    pub(super) async fn after(
        position: GlobalPosition,
        server: &str,
        data: Option<&Path>,
    ) -> Result<(LogState, Self), Failure> {
        match data {
            Some(dir) => Self::of_directory(position, dir).await,
            None => Self::of_server(position, server).await,
        }
    }

    async fn of_server(after: GlobalPosition, server: &str) -> Result<(LogState, Self), Failure> {
        let mut client = AdminServiceClient::new(connect(server).await?);
        let request = ReadFramesRequest { after_position: after.get() };
        let mut parts = client.read_frames(request).await?.into_inner();
        let first = parts.message().await?.and_then(|message| message.part);
        let Some(Part::State(state)) = first else {
            return Err(Failure::broken_off("the server did not say where its log ends"));
        };
        let state = LogState {
            log_id: state.log_id,
            head: GlobalPosition::new(state.head_position),
            root: root(&state.head_root)?,
            after,
            after_root: root(&state.after_root)?,
        };
        Ok((state, Self::Server(Box::new(parts))))
    }

    async fn of_directory(after: GlobalPosition, dir: &Path) -> Result<(LogState, Self), Failure> {
        if !dir.join("LEDGER").exists() {
            return Err(Failure::usage(format!("there is no ledger in {}", dir.display())));
        }
        let store = Box::new(serve::open(dir, Arc::new(SystemClock)).await?);
        let state = log_state(store.as_ref(), after).await.map_err(|error| match error {
            StateError::Read(error) => unreadable(&error),
            StateError::BeyondHead { .. } | StateError::WithinFrame { .. } => {
                Failure::usage(error.to_string())
            }
        })?;
        let head = state.head;
        Ok((state, Self::Directory { store, reached: after, head }))
    }

    /// The next bytes; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Server(parts) => match parts.message().await?.map(|message| message.part) {
                None => Ok(None),
                Some(Some(Part::Frames(frames))) => Ok(Some(frames)),
                Some(Some(Part::State(_)) | None) => {
                    Err(Failure::broken_off("the server sent something else than frames"))
                }
            },
            Self::Directory { store, reached, head } => {
                if reached >= head {
                    return Ok(None);
                }
                let page = store.read_all(*reached, PAGE_EVENTS).await;
                let page = page.map_err(|error| unreadable(&error))?;
                *reached = page.last().map_or(*head, Chunk::last);
                let frames = page.iter().flat_map(|chunk| chunk.frame().iter().copied());
                Ok(Some(frames.collect()))
            }
        }
    }

    /// Lets go of the directory, if it is one.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Directory { store, .. } => store.close().await.map_err(|error: CloseError| {
                Failure::unreachable("the log could not be closed", &error)
            }),
        }
    }
}

fn unreadable(error: &ReadError) -> Failure {
    Failure::unreachable("the log cannot be read", error)
}

/// A root as the wire carries it.
pub(super) fn root(bytes: &[u8]) -> Result<Hash, Failure> {
    let hash = bytes.try_into().map(Hash);
    hash.map_err(|_| Failure::broken_off("the server sent a Merkle root that is none"))
}
