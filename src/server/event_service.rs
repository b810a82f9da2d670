//! The log itself.

use std::sync::Arc;

use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    Desk, Responses,
    convert::{Fields, event as convert},
    refused::Refused,
};
use crate::{
    domain::AgencyId,
    projection::QueryError,
    store::{Chunk, EventStore, GlobalPosition, StreamId, follow},
    wire::pb::{
        event::v1::EventEnvelope,
        v1::{self as pb, event_service_server::EventService},
    },
};

/// How many events of a stream go in one message, at most.
const EVENTS_PER_MESSAGE: usize = 256;
/// How many bytes they have together, unless one has more by itself.
const BYTES_PER_MESSAGE: usize = 512 * 1024;
/// How many messages wait for a slow reader.
const MESSAGES_AHEAD: usize = 8;

/// What a reader of the log wants to see.
struct Selection {
    after: GlobalPosition,
    up_to: Option<GlobalPosition>,
    agency_id: Option<AgencyId>,
}

impl Selection {
    fn read(after: u64, agency_id: &str) -> Result<Self, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.optional_id("agency_id", agency_id, AgencyId::parse);
        let agency_id = fields.finish(Some(agency_id))?;
        Ok(Self { after: GlobalPosition::new(after), up_to: None, agency_id })
    }

    /// The events of a chunk that are wanted.
    fn of(&self, chunk: &Chunk) -> Result<Vec<pb::RecordedEvent>, Refused> {
        let mut events = Vec::new();
        for event in chunk.events() {
            if self.up_to.is_some_and(|up_to| event.position > up_to) {
                break;
            }
            let envelope = EventEnvelope::decode(event.payload).map_err(|source| {
                QueryError::Unreadable { position: event.position, source: source.into() }
            })?;
            let wanted = |id: &AgencyId| id.as_str() == envelope.agency_id;
            if self.agency_id.as_ref().is_none_or(wanted) {
                events.push(convert::recorded_ref(&event, envelope));
            }
        }
        Ok(events)
    }

    /// Sends the events wanted until there are no more, or nobody listens.
    async fn send<T: From<Vec<pb::RecordedEvent>>>(
        self,
        store: Arc<dyn EventStore>,
        messages: mpsc::Sender<Result<T, Status>>,
    ) {
        let mut reached = self.after;
        let mut chunks = follow(store, self.after);
        while self.up_to.is_none_or(|up_to| reached < up_to) {
            let chunk = tokio::select! {
                chunk = chunks.next() => chunk,
                () = messages.closed() => return,
            };
            let Some(chunk) = chunk else { return };
            let events = chunk.map_err(Refused::from).and_then(|chunk| {
                reached = chunk.last();
                self.of(&chunk)
            });
            let sent = match events {
                Ok(events) => send_in_parts(&messages, events).await,
                Err(refused) => {
                    // Nobody may be listening any more; there is no one else to tell.
                    drop(messages.send(Err(refused.into())).await);
                    return;
                }
            };
            if sent.is_none() {
                return;
            }
        }
    }
}

async fn send_in_parts<T: From<Vec<pb::RecordedEvent>>>(
    messages: &mpsc::Sender<Result<T, Status>>,
    events: Vec<pb::RecordedEvent>,
) -> Option<()> {
    for part in in_parts(events) {
        messages.send(Ok(T::from(part))).await.ok()?;
    }
    Some(())
}

/// Events in as many messages as they need.
fn in_parts(events: Vec<pb::RecordedEvent>) -> Vec<Vec<pb::RecordedEvent>> {
    let (mut parts, mut bytes) = (Vec::<Vec<_>>::new(), 0_usize);
    for event in events {
        let size = event.payload.len();
        bytes = bytes.saturating_add(size);
        match parts.last_mut() {
            Some(part) if part.len() < EVENTS_PER_MESSAGE && bytes <= BYTES_PER_MESSAGE => {
                part.push(event);
            }
            Some(_) | None => {
                bytes = size;
                parts.push(vec![event]);
            }
        }
    }
    parts
}

macro_rules! message_of_events {
    ($($message:ident),+) => {
        $(impl From<Vec<pb::RecordedEvent>> for pb::$message {
            fn from(events: Vec<pb::RecordedEvent>) -> Self {
                Self { events }
            }
        })+
    };
}

message_of_events!(ReadStreamResponse, ReadAllResponse, SubscribeResponse);

impl Desk {
    fn send_log<T>(&self, selection: Selection) -> Response<Responses<T>>
    where
        T: From<Vec<pb::RecordedEvent>> + Send + 'static,
    {
        let (messages, responses) = mpsc::channel(MESSAGES_AHEAD);
        tokio::spawn(selection.send(self.store.clone(), messages));
        Response::new(Box::pin(ReceiverStream::new(responses)))
    }
}

#[tonic::async_trait]
impl EventService for Desk {
    type ReadStreamStream = Responses<pb::ReadStreamResponse>;
    type ReadAllStream = Responses<pb::ReadAllResponse>;
    type SubscribeStream = Responses<pb::SubscribeResponse>;

    async fn read_stream(
        &self,
        request: Request<pb::ReadStreamRequest>,
    ) -> Result<Response<Self::ReadStreamStream>, Status> {
        let id = request.into_inner().stream_id;
        let mut fields = Fields::default();
        let stream = fields.id("stream_id", &id, StreamId::parse);
        let stream = fields.finish(stream)?;
        let events = self.store.read_stream(&stream, None).await.map_err(Refused::from)?;
        if events.is_empty() {
            return Err(Refused::from(QueryError::NotFound { what: "stream", id }).into());
        }
        let events = events.iter().map(convert::recorded).collect();
        let messages: Vec<_> = in_parts(events).into_iter().map(|part| Ok(part.into())).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
    }

    async fn read_all(
        &self,
        request: Request<pb::ReadAllRequest>,
    ) -> Result<Response<Self::ReadAllStream>, Status> {
        let request = request.into_inner();
        let mut selection = Selection::read(request.after_position, &request.agency_id)?;
        selection.up_to = Some(self.store.head());
        Ok(self.send_log(selection))
    }

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        let selection = Selection::read(request.after_position, &request.agency_id)?;
        Ok(self.send_log(selection))
    }
}
