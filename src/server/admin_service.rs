//! What operators ask of the log: its frames as recorded, and whether it is whole.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, mpsc, watch},
    task::JoinHandle,
    time::sleep,
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{Responses, refused::Refused};
use crate::{
    integrity::Hash,
    store::{EventStore, Fault, GlobalPosition, LogState, ReadError, Verified, follow, log_state},
    wire::pb::v1::{
        self as pb, admin_service_server::AdminService, read_frames_response::Part,
        verify_log_response::News,
    },
};

/// How many bytes of frames go in one message, at most.
const PIECE_BYTES: usize = 1 << 20;
/// How many messages wait for a slow reader.
const MESSAGES_AHEAD: usize = 4;
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// The operators' window.
#[derive(Clone)]
pub(crate) struct Admin {
    store: Arc<dyn EventStore>,
    /// Held by the one verification under way, which needs memory of its own.
    verifying: Arc<Mutex<()>>,
}

impl Admin {
    pub(crate) fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, verifying: Arc::default() }
    }
}

type Frames = mpsc::Sender<Result<pb::ReadFramesResponse, Status>>;
type Verification = mpsc::Sender<Result<pb::VerifyLogResponse, Status>>;

fn frames_part(part: Part) -> pb::ReadFramesResponse {
    pb::ReadFramesResponse { part: Some(part) }
}

fn hash(hash: Hash) -> Bytes {
    Bytes::copy_from_slice(&hash.0)
}

/// Sends the state and the frames up to its end, unless nobody listens any more.
async fn send_frames(store: Arc<dyn EventStore>, state: LogState, messages: &Frames) -> Option<()> {
    let LogState { log_id, head, root, after, after_root } = state;
    let state = pb::LogState {
        log_id,
        head_position: head.get(),
        head_root: hash(root),
        after_root: hash(after_root),
    };
    messages.send(Ok(frames_part(Part::State(state)))).await.ok()?;
    let mut chunks = follow(store, after);
    let (mut reached, mut gathered) = (after, BytesMut::new());
    while reached < head {
        let chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            () = messages.closed() => return None,
        };
        let chunk = match chunk.unwrap_or(Err(ReadError::Closed)) {
            Ok(chunk) => chunk,
            Err(error) => return messages.send(Err(Refused::from(error).into())).await.ok(),
        };
        reached = chunk.last();
        gathered.extend_from_slice(chunk.frame());
        while gathered.len() >= PIECE_BYTES {
            let piece = gathered.split_to(PIECE_BYTES).freeze();
            messages.send(Ok(frames_part(Part::Frames(piece)))).await.ok()?;
        }
    }
    if !gathered.is_empty() {
        messages.send(Ok(frames_part(Part::Frames(gathered.freeze())))).await.ok()?;
    }
    Some(())
}

fn verify_news(news: News) -> pb::VerifyLogResponse {
    pb::VerifyLogResponse { news: Some(news) }
}

fn fault(fault: Fault) -> pb::LogFault {
    let Fault { part, position, what } = fault;
    pb::LogFault { part: part.to_owned(), position: position.get(), description: what }
}

/// Tells how a verification comes along, and how it ends, unless nobody listens any more.
async fn send_verification(
    verification: JoinHandle<Result<Verified, ReadError>>,
    reached: watch::Receiver<GlobalPosition>,
    head: GlobalPosition,
    messages: &Verification,
    _turn: OwnedMutexGuard<()>,
) -> Option<()> {
    while !verification.is_finished() {
        let position = reached.borrow().get();
        let progress = pb::VerificationProgress { position, head_position: head.get() };
        messages.send(Ok(verify_news(News::Progress(progress)))).await.ok()?;
        sleep(PROGRESS_EVERY).await;
    }
    let verified = match verification.await {
        Ok(Ok(verified)) => verified,
        Ok(Err(error)) => return messages.send(Err(Refused::from(error).into())).await.ok(),
        Err(_) => return messages.send(Err(Refused::shutting_down().into())).await.ok(),
    };
    let Verified { log_id, events, root, sled_lacks, faults } = verified;
    let result = pb::VerificationResult {
        log_id,
        events,
        root: hash(root),
        sled_lacks,
        faults: u32::try_from(faults.len()).unwrap_or(u32::MAX),
    };
    for found in faults {
        messages.send(Ok(verify_news(News::Fault(fault(found))))).await.ok()?;
    }
    messages.send(Ok(verify_news(News::Result(result)))).await.ok()
}

#[tonic::async_trait]
impl AdminService for Admin {
    type ReadFramesStream = Responses<pb::ReadFramesResponse>;
    type VerifyLogStream = Responses<pb::VerifyLogResponse>;

    async fn read_frames(
        &self,
        request: Request<pb::ReadFramesRequest>,
    ) -> Result<Response<Self::ReadFramesStream>, Status> {
        let after = GlobalPosition::new(request.into_inner().after_position);
        let state = log_state(self.store.as_ref(), after).await.map_err(Refused::from)?;
        let (messages, responses) = mpsc::channel(MESSAGES_AHEAD);
        let store = self.store.clone();
        tokio::spawn(async move { send_frames(store, state, &messages).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(responses))))
    }

    async fn verify_log(
        &self,
        _: Request<pb::VerifyLogRequest>,
    ) -> Result<Response<Self::VerifyLogStream>, Status> {
        let turn = Arc::clone(&self.verifying).try_lock_owned();
        let turn = turn.map_err(|_| Refused::verification_under_way())?;
        let (head, store) = (self.store.head(), self.store.clone());
        let (progress, reached) = watch::channel(GlobalPosition::START);
        let verification = tokio::spawn(async move { store.verify(progress).await });
        let (messages, responses) = mpsc::channel(MESSAGES_AHEAD);
        tokio::spawn(async move {
            send_verification(verification, reached, head, &messages, turn).await
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(responses))))
    }
}
