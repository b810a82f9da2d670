//! A subscription for every engine: what is recorded already, then what comes.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::sync::watch;
use tokio_stream::Stream;

use super::{Chunk, EventStore, GlobalPosition, ReadError};

/// How many events are read ahead at most, to whole chunks.
const PAGE_EVENTS: usize = 4096;

/// Every event after a position, old and new, each exactly once and in order.
///
/// The stream waits at the end of the log for more. It ends when the store is closed, and after
/// an error.
pub fn follow(
    store: Arc<dyn EventStore>,
    after: GlobalPosition,
) -> impl Stream<Item = Result<Chunk, ReadError>> + Send + Unpin {
    let head = store.watch_head();
    Follow { step: Some(Box::pin(next(Cursor { store, head, after, page: VecDeque::new() }))) }
}

struct Cursor {
    store: Arc<dyn EventStore>,
    head: watch::Receiver<GlobalPosition>,
    after: GlobalPosition,
    page: VecDeque<Chunk>,
}

type Step = Option<Result<(Chunk, Cursor), ReadError>>;

async fn next(mut cursor: Cursor) -> Step {
    loop {
        if let Some(chunk) = cursor.page.pop_front() {
            cursor.after = chunk.last();
            return Some(Ok((chunk, cursor)));
        }
        cursor.head.borrow_and_update();
        match cursor.store.read_all(cursor.after, PAGE_EVENTS).await {
            Ok(page) => cursor.page = page.into(),
            Err(ReadError::Closed) => return None,
            Err(other) => return Some(Err(other)),
        }
        if cursor.page.is_empty() {
            cursor.head.changed().await.ok()?;
        }
    }
}

struct Follow {
    step: Option<Pin<Box<dyn Future<Output = Step> + Send>>>,
}

impl Stream for Follow {
    type Item = Result<Chunk, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(step) = self.step.as_mut() else {
            return Poll::Ready(None);
        };
        let outcome = ready!(step.as_mut().poll(context));
        self.step = None;
        Poll::Ready(outcome.map(|result| {
            result.map(|(chunk, cursor)| {
                self.step = Some(Box::pin(next(cursor)));
                chunk
            })
        }))
    }
}
