//! Recording in bulk.

use std::collections::{BTreeSet, VecDeque};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Desk, Responses,
    convert::{application, receipt, remedy, year},
    refused::{FieldFault, Refused},
};
use crate::{
    ledger::{Entry, Mode, Outcome, RecordError},
    wire::pb::v1::{
        self as pb, intake_service_server::IntakeService, record_rows_request::Command,
        record_rows_response::Result as RowResult,
    },
};

/// How many rows, and how many responses, wait their turn.
const ROWS_WAITING: usize = 1024;
/// How many rows are recorded as one group at most.
const ROWS_PER_GROUP: usize = 256;
/// How many groups are recorded at once.
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
            Command::DeclareFigures(request) => ("declare_figures", year::declare(request)),
        }
    }

    /// Records rows that were read, and tells what became of each; or, of a unit that the log did
    /// not take, why.
    async fn record_rows_together(
        &self,
        rows: Vec<Row>,
        mode: Mode,
    ) -> Result<Vec<pb::RecordRowsResponse>, Status> {
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
        responses: &mpsc::Sender<Result<pb::RecordRowsResponse, Status>>,
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
        let rows = self.read_rows(unit)?;
        send(responses, self.record_rows_together(rows, mode).await?).await;
        Ok(())
    }

    /// Records rows in groups, several of them under way at once.
    async fn record_each(
        self,
        mut arrived: mpsc::Receiver<Result<pb::RecordRowsRequest, Status>>,
        responses: &mpsc::Sender<Result<pb::RecordRowsResponse, Status>>,
    ) -> Result<(), Status> {
        let mut under_way = UnderWay::default();
        let mut group = Vec::new();
        loop {
            tokio::select! {
                biased;
                done = under_way.next(), if !under_way.is_empty() => send(responses, done?).await,
                taken = arrived.recv_many(&mut group, ROWS_PER_GROUP), if !under_way.is_full() => {
                    if taken == 0 {
                        break;
                    }
                    let rows = self.read_rows(std::mem::take(&mut group))?;
                    while under_way.touches(&rows) {
                        send(responses, under_way.next().await?).await;
                    }
                    under_way.begin(self.clone(), rows);
                }
            }
        }
        while !under_way.is_empty() {
            send(responses, under_way.next().await?).await;
        }
        Ok(())
    }

    /// The rows that arrived, read; a broken connection breaks off the whole.
    fn read_rows(
        &self,
        rows: Vec<Result<pb::RecordRowsRequest, Status>>,
    ) -> Result<Vec<Row>, Status> {
        rows.into_iter().map(|row| row.map(|row| self.read_row(row))).collect()
    }
}

/// Groups of rows that are being recorded, in the order in which they arrived.
#[derive(Default)]
struct UnderWay {
    groups: VecDeque<Group>,
}

/// A group of rows that is being recorded.
struct Group {
    /// The streams that it writes to. A row that writes to one of them waits, for it may build on
    /// what this group records.
    subjects: BTreeSet<String>,
    recording: JoinHandle<Result<Vec<pb::RecordRowsResponse>, Status>>,
}

impl UnderWay {
    fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    fn is_full(&self) -> bool {
        self.groups.len() >= GROUPS_UNDER_WAY
    }

    /// Whether a row writes to a stream that a group under way writes to.
    fn touches(&self, rows: &[Row]) -> bool {
        !self.is_empty()
            && rows
                .iter()
                .filter_map(Row::subject)
                .any(|subject| self.groups.iter().any(|group| group.subjects.contains(&subject)))
    }

    fn begin(&mut self, desk: Desk, rows: Vec<Row>) {
        let subjects = rows.iter().filter_map(Row::subject).collect();
        let recording = async move { desk.record_rows_together(rows, Mode::Each).await };
        self.groups.push_back(Group { subjects, recording: tokio::spawn(recording) });
    }

    /// The responses of the oldest group, once it is recorded. Giving up the wait loses nothing.
    async fn next(&mut self) -> Result<Vec<pb::RecordRowsResponse>, Status> {
        let Some(oldest) = self.groups.front_mut() else { return Ok(Vec::new()) };
        let responses = (&mut oldest.recording).await;
        self.groups.pop_front();
        responses.map_err(|_| Refused::shutting_down())?
    }
}

impl Row {
    /// The stream that the row writes to, if it could be read.
    fn subject(&self) -> Option<String> {
        self.entry.as_ref().ok().map(Entry::stream_name)
    }
}

/// Reads rows while those before them are being recorded.
fn read_ahead(
    mut rows: Streaming<pb::RecordRowsRequest>,
    first: pb::RecordRowsRequest,
    read: mpsc::Sender<Result<pb::RecordRowsRequest, Status>>,
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
async fn send(
    responses: &mpsc::Sender<Result<pb::RecordRowsResponse, Status>>,
    rows: Vec<pb::RecordRowsResponse>,
) {
    for row in rows {
        if responses.send(Ok(row)).await.is_err() {
            return;
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
        let (responses, stream) = mpsc::channel(ROWS_WAITING);
        tokio::spawn(async move {
            let rows = request.into_inner();
            if let Err(status) = desk.take_in(rows, &responses).await {
                // Nobody may be listening any more; there is no one else to tell.
                drop(responses.send(Err(status)).await);
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}
