//! Recording in bulk.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Desk, Responses,
    convert::{application, proceeding, receipt, remedy, year},
    refused::{FieldFault, Refused},
};
use crate::{
    ledger::{Entry, Mode, Outcome, RecordError},
    store::StreamId,
    wire::pb::v1::{
        self as pb, intake_service_server::IntakeService, record_rows_request::Command,
        record_rows_response::Result as RowResult,
    },
};

/// How many rows wait their turn.
const ROWS_WAITING: usize = 1024;
/// How many rows are recorded as one group at most.
const ROWS_PER_GROUP: usize = 256;
/// How many groups are read at once, and how many recorded.
const GROUPS_UNDER_WAY: usize = 8;
/// How many rows one unit may hold.
const ROWS_PER_UNIT: usize = 1_000_000;

/// A row as it was read: what to record, or why it cannot be.
struct Row {
    number: u64,
    /// The field of the request that carries what to record.
    field: &'static str,
    entry: Result<Entry, Refused>,
}

/// A row as it arrived.
type Arrived = Result<pb::RecordRowsRequest, Status>;

/// Responses that go out together.
type Answers = Result<Vec<pb::RecordRowsResponse>, Status>;

impl Desk {
    fn read_row(&self, request: pb::RecordRowsRequest) -> Row {
        let Some(command) = request.command else {
            let description = "is required".to_owned();
            let missing = FieldFault { field: "command".to_owned(), description };
            let entry = Err(Refused::invalid_fields(vec![missing]));
            return Row { number: request.row, field: "command", entry };
        };
        let (field, entry) = self.read_command(command);
        let entry = entry.map_err(|refused| refused.under(field));
        Row { number: request.row, field, entry }
    }

    /// The field that carries a command, and the entry that it asks to record.
    #[expect(clippy::too_many_lines, reason = "it is a table, a line or three for each command")]
    fn read_command(&self, command: Command) -> (&'static str, Result<Entry, Refused>) {
        match command {
            Command::ReceiveApplication(request) => {
                ("receive_application", application::receive(request))
            }
            Command::DecideApplication(request) => {
                ("decide_application", application::decide(request))
            }
            Command::WithdrawApplication(request) => {
                ("withdraw_application", application::withdraw(request))
            }
            Command::CorrectApplicationEntry(request) => {
                ("correct_application_entry", application::correct(request, self.clock.today()))
            }
            Command::FileReconsideration(request) => {
                ("file_reconsideration", remedy::file_reconsideration(request))
            }
            Command::ConcludeReconsideration(request) => {
                ("conclude_reconsideration", remedy::conclude_reconsideration(request))
            }
            Command::FileLitigation(request) => {
                ("file_litigation", remedy::file_litigation(request))
            }
            Command::ConcludeLitigation(request) => {
                ("conclude_litigation", remedy::conclude_litigation(request))
            }
            Command::RequestCorrection(request) => {
                ("request_correction", proceeding::request_correction(request))
            }
            Command::AcceptCorrection(request) => {
                ("accept_correction", proceeding::accept_correction(request))
            }
            Command::ConsultThirdParty(request) => {
                ("consult_third_party", proceeding::consult_third_party(request))
            }
            Command::RegisterThirdPartyOpinion(request) => {
                ("register_third_party_opinion", proceeding::register_third_party_opinion(request))
            }
            Command::ConsultAgency(request) => {
                ("consult_agency", proceeding::consult_agency(request))
            }
            Command::RegisterAgencyOpinion(request) => {
                ("register_agency_opinion", proceeding::register_agency_opinion(request))
            }
            Command::ExtendDeadline(request) => {
                ("extend_deadline", proceeding::extend_deadline(request))
            }
            Command::RequestReasons(request) => {
                ("request_reasons", proceeding::request_reasons(request))
            }
            Command::AcceptReasons(request) => {
                ("accept_reasons", proceeding::accept_reasons(request))
            }
            Command::PostponeReply(request) => {
                ("postpone_reply", proceeding::postpone_reply(request))
            }
            Command::NotifyFee(request) => ("notify_fee", proceeding::notify_fee(request)),
            Command::RegisterFeePayment(request) => {
                ("register_fee_payment", proceeding::register_fee_payment(request))
            }
            Command::LapseApplication(request) => ("lapse_application", proceeding::lapse(request)),
            Command::AmendDecision(request) => {
                ("amend_decision", proceeding::amend_decision(request))
            }
            Command::ReopenApplication(request) => {
                ("reopen_application", proceeding::reopen(request))
            }
            Command::VoidApplicationEntry(request) => {
                ("void_application_entry", proceeding::void(request, self.clock.today()))
            }
            Command::DeclareFigures(request) => ("declare_figures", year::declare(request)),
        }
    }

    /// Records rows that were read, and tells what became of each; or, of a unit that the log did
    /// not take, why.
    async fn record_rows_together(&self, rows: Vec<Row>, mode: Mode) -> Answers {
        let unreadable = rows.iter().any(|row| row.entry.is_err());
        let judged = if unreadable && mode == Mode::AllOrNothing { Mode::Validate } else { mode };
        let mut numbers = Vec::with_capacity(rows.len());
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            match row.entry {
                Ok(entry) => {
                    entries.push(entry);
                    numbers.push((row.number, Ok(row.field)));
                }
                Err(refused) => numbers.push((row.number, Err(refused))),
            }
        }
        let mut outcomes = self.ledger.record_all(&entries, judged).await;
        if let (true, Some(failure)) = (mode != Mode::Each, log_failure(&mut outcomes)) {
            return Err(Refused::from(failure).into());
        }
        let mut outcomes = outcomes.into_iter();
        let hold_back = judged != mode;
        let mut respond = |(row, read): (u64, Result<&str, Refused>)| {
            let result = match read {
                Err(refused) => RowResult::Refusal(refused.into_row()),
                Ok(field) => row_result(outcomes.next(), field, hold_back),
            };
            pb::RecordRowsResponse { row, result: Some(result) }
        };
        Ok(numbers.into_iter().map(&mut respond).collect())
    }

    /// Takes rows as they arrive and answers in their order.
    async fn take_in(
        self,
        mut rows: Streaming<pb::RecordRowsRequest>,
        responses: &mpsc::Sender<Answers>,
    ) -> Result<(), Status> {
        let Some(first) = rows.message().await? else { return Ok(()) };
        let mode = mode(first.mode)?;
        let (read, mut arrived) = mpsc::channel(ROWS_WAITING);
        read_ahead(rows, first, read);
        if mode == Mode::Each {
            return self.record_each(arrived, responses).await;
        }
        let mut unit = Vec::new();
        while let Some(row) = arrived.recv().await {
            if unit.len() >= ROWS_PER_UNIT {
                return Err(Refused::too_many_rows(ROWS_PER_UNIT).into());
            }
            unit.push(row);
        }
        let ReadRows { rows, .. } = self.read_rows(unit)?;
        send(responses, self.record_rows_together(rows, mode).await?).await;
        Ok(())
    }

    /// Records rows in groups, several of them under way at once.
    async fn record_each(
        self,
        mut arrived: mpsc::Receiver<Arrived>,
        responses: &mpsc::Sender<Answers>,
    ) -> Result<(), Status> {
        let mut reading = InOrder(VecDeque::new());
        let mut recording =
            Recording { groups: InOrder(VecDeque::new()), subjects: VecDeque::new() };
        let (mut group, mut more) = (Vec::new(), true);
        while more || !reading.is_empty() || !recording.groups.is_empty() {
            tokio::select! {
                biased;
                done = recording.next(), if !recording.groups.is_empty() => {
                    send(responses, done?).await;
                }
                read = reading.next(), if !reading.is_empty() && !recording.groups.is_full() => {
                    let read = read?;
                    while recording.touches(&read) {
                        send(responses, recording.next().await?).await;
                    }
                    recording.begin(self.clone(), read);
                }
                taken = arrived.recv_many(&mut group, ROWS_PER_GROUP),
                    if more && !reading.is_full() =>
                {
                    more = taken > 0;
                    let (desk, rows) = (self.clone(), std::mem::take(&mut group));
                    reading.begin(async move { desk.read_rows(rows) });
                }
            }
        }
        Ok(())
    }

    /// The rows that arrived, read; a broken connection breaks off the whole.
    fn read_rows(&self, rows: Vec<Arrived>) -> Result<ReadRows, Status> {
        let rows = rows.into_iter().map(|row| row.map(|row| self.read_row(row)));
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        let entries = rows.iter().filter_map(|row| row.entry.as_ref().ok());
        let subjects = entries.map(|entry| entry.stream().clone()).collect();
        Ok(ReadRows { rows, subjects })
    }
}

/// Rows that have been read.
struct ReadRows {
    rows: Vec<Row>,
    /// The streams that they write to.
    subjects: HashSet<StreamId>,
}

/// Work on groups of rows, in the order in which they arrived.
struct InOrder<T>(VecDeque<JoinHandle<Result<T, Status>>>);

impl<T: Send + 'static> InOrder<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn is_full(&self) -> bool {
        self.0.len() >= GROUPS_UNDER_WAY
    }

    fn begin(&mut self, work: impl Future<Output = Result<T, Status>> + Send + 'static) {
        self.0.push_back(tokio::spawn(work));
    }

    /// The outcome for the oldest group. Giving up the wait loses nothing.
    async fn next(&mut self) -> Result<T, Status> {
        let ended = || Status::from(Refused::shutting_down());
        let oldest = self.0.front_mut().ok_or_else(ended)?;
        let outcome = oldest.await;
        self.0.pop_front();
        outcome.map_err(|_| ended())?
    }
}

/// Groups of rows that are being recorded.
struct Recording {
    groups: InOrder<Vec<pb::RecordRowsResponse>>,
    /// The streams that each of them writes to. A row that writes to one of them waits, for it may
    /// build on what is being recorded.
    subjects: VecDeque<HashSet<StreamId>>,
}

impl Recording {
    /// Whether a row writes to a stream that is being written to.
    fn touches(&self, read: &ReadRows) -> bool {
        self.subjects.iter().any(|subjects| !subjects.is_disjoint(&read.subjects))
    }

    fn begin(&mut self, desk: Desk, read: ReadRows) {
        let ReadRows { rows, subjects } = read;
        self.subjects.push_back(subjects);
        self.groups.begin(async move { desk.record_rows_together(rows, Mode::Each).await });
    }

    async fn next(&mut self) -> Answers {
        let answers = self.groups.next().await;
        self.subjects.pop_front();
        answers
    }
}

/// Reads rows while those before them are being recorded.
fn read_ahead(
    mut rows: Streaming<pb::RecordRowsRequest>,
    first: pb::RecordRowsRequest,
    read: mpsc::Sender<Arrived>,
) {
    tokio::spawn(async move {
        if read.send(Ok(first)).await.is_err() {
            return;
        }
        while let Some(row) = rows.next().await {
            if read.send(row).await.is_err() {
                return;
            }
        }
    });
}

fn mode(code: i32) -> Result<Mode, Refused> {
    match pb::IntakeMode::try_from(code) {
        Ok(pb::IntakeMode::Each) => Ok(Mode::Each),
        Ok(pb::IntakeMode::AllOrNothing) => Ok(Mode::AllOrNothing),
        Ok(pb::IntakeMode::Validate) => Ok(Mode::Validate),
        Ok(pb::IntakeMode::Unspecified) | Err(_) => {
            Err(Refused::invalid_fields(vec![FieldFault {
                field: "mode".to_owned(),
                description: "is required on the first row".to_owned(),
            }]))
        }
    }
}

/// The failure of the log itself among outcomes, if there is one: it concerns the whole unit.
fn log_failure(outcomes: &mut Vec<Outcome>) -> Option<RecordError> {
    let failed = |outcome: &Outcome| matches!(outcome, Err(RecordError::Append(_)));
    let place = outcomes.iter().position(failed)?;
    outcomes.swap_remove(place).err()
}

fn row_result(outcome: Option<Outcome>, field: &str, hold_back: bool) -> RowResult {
    let outcome = match outcome.unwrap_or(Err(RecordError::Conflicts)) {
        Ok(_) if hold_back => Err(RecordError::NotRecorded),
        outcome => outcome,
    };
    match outcome {
        Ok(recorded) => RowResult::Receipt(receipt(&recorded)),
        Err(error) => RowResult::Refusal(Refused::from(error).under(field).into_row()),
    }
}

/// Sends responses; a caller who no longer listens is not told.
async fn send(responses: &mpsc::Sender<Answers>, rows: Vec<pb::RecordRowsResponse>) {
    _ = responses.send(Ok(rows)).await;
}

/// Responses one by one that were handed over together.
struct OneByOne {
    together: mpsc::Receiver<Answers>,
    rows: std::vec::IntoIter<pb::RecordRowsResponse>,
}

impl Stream for OneByOne {
    type Item = Result<pb::RecordRowsResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            match ready!(self.together.poll_recv(context)) {
                Some(Ok(rows)) => self.rows = rows.into_iter(),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            }
        }
    }
}

#[tonic::async_trait]
impl IntakeService for Desk {
    type RecordRowsStream = Responses<pb::RecordRowsResponse>;

    async fn record_rows(
        &self,
        request: Request<Streaming<pb::RecordRowsRequest>>,
    ) -> Result<Response<Self::RecordRowsStream>, Status> {
        let desk = self.clone();
        let (responses, together) = mpsc::channel(GROUPS_UNDER_WAY);
        tokio::spawn(async move {
            let rows = request.into_inner();
            if let Err(status) = desk.take_in(rows, &responses).await {
                // Nobody may be listening any more; there is no one else to tell.
                drop(responses.send(Err(status)).await);
            }
        });
        Ok(Response::new(Box::pin(OneByOne { together, rows: Vec::new().into_iter() })))
    }
}
