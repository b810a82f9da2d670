//! Cells explained: what each is made up of, page by page.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;

use super::{
    Desk,
    convert::cell::{self as convert, CellAsked},
    refused::Refused,
};
use crate::{
    projection::{CellPlace, Reading, deciding_events},
    wire::pb::v1::{self as pb, explain_cell_response::Part},
};

/// How many pages wait for a slow reader.
const PAGES_AHEAD: usize = 2;

type Messages = mpsc::Sender<Result<pb::ExplainCellResponse, Status>>;

/// A list under way.
struct CellList {
    desk: Desk,
    asked: CellAsked,
    reading: Reading,
}

impl Desk {
    /// Begins to explain a cell; pages follow as they are read.
    pub(super) async fn explain_cell(
        &self,
        request: pb::ExplainCellRequest,
    ) -> Result<mpsc::Receiver<Result<pb::ExplainCellResponse, Status>>, Refused> {
        let asked = convert::asked(request)?;
        let report = &asked.of.report;
        let under = |error| Refused::from(error).under("selector");
        let mut reading = self.projection.reading(asked.as_of, report).await.map_err(under)?;
        let question =
            self.projection.ask_at(&mut reading, |register| register.explain_cell(&asked.of));
        let explained = question.await.and_then(|explained| explained).map_err(under)?;
        let explanation = convert::explanation(&asked, explained, reading.position());
        let (messages, responses) = mpsc::channel(PAGES_AHEAD);
        let list = CellList { desk: self.clone(), asked, reading };
        tokio::spawn(list.send(explanation, messages));
        Ok(responses)
    }
}

impl CellList {
    /// Sends the explanation and the pages until there are no more, or nobody listens.
    async fn send(mut self, explanation: pb::CellExplanation, messages: Messages) {
        let mut next = Some(Part::Explanation(explanation));
        let mut is_more = true;
        while let Some(part) = next.take() {
            let message = pb::ExplainCellResponse { part: Some(part) };
            if messages.send(Ok(message)).await.is_err() {
                return;
            }
            if !is_more {
                return;
            }
            match self.page().await {
                Ok(page) => {
                    is_more = !page.next_page_token.is_empty();
                    next = Some(Part::Page(page));
                }
                Err(refused) => {
                    // Nobody may be listening any more; there is no one else to tell.
                    drop(messages.send(Err(refused.into())).await);
                    return;
                }
            }
        }
    }

    async fn page(&mut self) -> Result<pb::CellPage, Refused> {
        let CellAsked { of, after, size, .. } = &self.asked;
        let question = self
            .desk
            .projection
            .ask_at(&mut self.reading, |register| register.cell_entries(of, after.as_ref(), *size));
        let page = question.await??;
        let store = Arc::clone(&self.desk.store);
        let (position, policy) = (self.reading.position(), self.desk.projection.policy());
        let decided = deciding_events(store.as_ref(), of, &page.items, position, policy).await?;
        let next_page_token = page.next_after.unwrap_or_default();
        self.asked.after = page.items.last().map(CellPlace::of);
        let entries = page.items.iter().zip(&decided);
        let entries = entries.map(|(entry, event)| convert::entry(entry, Some(event))).collect();
        Ok(pb::CellPage { entries, next_page_token })
    }
}
