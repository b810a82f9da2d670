//! What entries would record, judged in order before anything is appended.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Act, Entry, Ledger, Outcome, RecordError, Standing,
    reader::{Last, Loaded},
};
use crate::{
    domain::{
        AgencyId, Body, Event, State, agency, application, calendar, narrative, proactive,
        publication, remedy,
    },
    store::{
        AppendError, Appended, ExpectedVersion, GlobalPosition, NewEvent, Request, StreamAppend,
        StreamId, StreamVersion,
    },
    wire,
};

/// What became of an entry that was not refused.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The subject as the entry left it.
    pub state: Arc<State>,
    /// Its version; `None` if nothing of it is recorded (a validation, say).
    pub version: Option<StreamVersion>,
    /// The position of the last event that says so; 0 if none is recorded.
    pub position: GlobalPosition,
    /// When that was recorded.
    pub record_time: Option<Timestamp>,
    /// Whether the entry recorded nothing, because it says again what is recorded.
    pub unchanged: bool,
}

impl Recorded {
    fn nothing_new(state: Arc<State>, last: Option<Last>) -> Self {
        Self {
            state,
            version: last.map(|last| last.version),
            position: last.map_or(GlobalPosition::START, |last| last.position),
            record_time: last.map(|last| last.record_time),
            unchanged: true,
        }
    }
}

/// Entries judged so far, over what is recorded and what they themselves would record.
pub(super) struct Plan<'a> {
    ledger: &'a Ledger,
    subjects: BTreeMap<StreamId, Subject>,
    requests: BTreeMap<[u8; 16], ([u8; 16], usize)>,
    appends: Vec<StreamAppend>,
    /// The agencies that it acts upon.
    pub(super) agencies_changed: Vec<AgencyId>,
    verdicts: Vec<Verdict>,
}

/// A subject that entries of the plan act upon.
struct Subject {
    state: Arc<State>,
    last: Option<Last>,
    /// The last append of the plan that changes it.
    changed_by: Option<usize>,
}

enum Verdict {
    /// To be recorded by the append at this place; leaves the subject so.
    Append { append: usize, state: Arc<State> },
    /// Nothing to record.
    Unchanged(Recorded),
    /// Says again what the append at this place, of an earlier entry, records.
    Repeats { append: usize, state: Arc<State> },
    /// Refused.
    Refused(RecordError),
}

impl<'a> Plan<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            subjects: BTreeMap::new(),
            requests: BTreeMap::new(),
            appends: Vec::new(),
            agencies_changed: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Judges one more entry.
    pub(super) async fn judge(&mut self, entry: &Entry) {
        let verdict = match self.verdict(entry).await {
            Ok(verdict) => verdict,
            Err(refusal) => Verdict::Refused(refusal),
        };
        self.verdicts.push(verdict);
    }

    async fn verdict(&mut self, entry: &Entry) -> Result<Verdict, RecordError> {
        if let Some(first_answer) = self.first_answer(entry).await? {
            return Ok(first_answer);
        }
        let standing = match &entry.agency_id {
            Some(agency_id) if !matches!(entry.act, Act::Agency(_)) => {
                self.ledger.succession_of(agency_id).await?
            }
            Some(_) | None => Standing::default(),
        };
        self.load(entry).await?;
        let Some(subject) = self.subjects.get(entry.stream()) else {
            return Err(RecordError::Conflicts);
        };
        subject.check_expected(entry.meta.expected_version)?;
        let bodies = match (&entry.act, &entry.agency_id) {
            (Act::Agency(command), Some(id)) => self.decide_on_agency(id, command.clone()).await?,
            (act, _) => decide(&subject.state, act.clone())?,
        };
        if let (Standing(Some(succession)), Some(agency_id)) = (&standing, &entry.agency_id) {
            bodies.iter().try_for_each(|body| succession.check(agency_id, body))?;
        }
        Ok(self.accept(entry, bodies))
    }

    /// The first answer to a request that was recorded before, or is earlier in this plan.
    async fn first_answer(&self, entry: &Entry) -> Result<Option<Verdict>, RecordError> {
        let fingerprint = entry.meta.fingerprint;
        if let Some(&(recorded, verdict)) = self.requests.get(&entry.meta.request_key) {
            if recorded != fingerprint {
                return Err(RecordError::RequestReused { position: GlobalPosition::START });
            }
            return Ok(self.verdicts.get(verdict).and_then(Verdict::repeated));
        }
        match self.ledger.store.find_request(&entry.meta.request_key).await? {
            None => Ok(None),
            Some(recorded) if recorded.fingerprint != fingerprint => {
                Err(RecordError::RequestReused { position: recorded.position })
            }
            Some(recorded) => {
                let initial = entry.act.initial_state();
                let loaded =
                    self.ledger.load(entry.stream(), initial, Some(recorded.version)).await?;
                let last = Last {
                    version: recorded.version,
                    position: recorded.position,
                    record_time: recorded.record_time,
                };
                Ok(Some(Verdict::Unchanged(Recorded::nothing_new(loaded.state.into(), Some(last)))))
            }
        }
    }

    async fn load(&mut self, entry: &Entry) -> Result<(), RecordError> {
        let stream = entry.stream();
        if !self.subjects.contains_key(stream) {
            let initial = entry.act.initial_state();
            let Loaded { state, last } = match self.ledger.store.stream_head(stream).await? {
                None => Loaded { state: initial, last: None },
                Some(_) => self.ledger.load(stream, initial, None).await?,
            };
            let subject = Subject { state: state.into(), last, changed_by: None };
            self.subjects.insert(stream.clone(), subject);
        }
        Ok(())
    }

    async fn decide_on_agency(
        &self,
        id: &AgencyId,
        command: agency::Command,
    ) -> Result<Vec<Body>, RecordError> {
        let mut named = vec![id.clone()];
        match &command {
            agency::Command::Register(register) => named.extend(register.parent.clone()),
            agency::Command::Reparent(reparent) => named.extend(reparent.parent.clone()),
            agency::Command::Succeed(succession) => {
                named.extend(succession.successors().cloned());
            }
        }
        let directory = self.ledger.agencies_above(named).await?;
        let events = agency::decide(&directory, id, command)?;
        for event in &events {
            if let agency::Event::Succeeded(succession) = event {
                self.ledger.check_handovers(id, succession).await?;
            }
        }
        Ok(events.into_iter().map(Body::Agency).collect())
    }

    /// Takes the events of an entry into the plan.
    fn accept(&mut self, entry: &Entry, bodies: Vec<Body>) -> Verdict {
        let Some(subject) = self.subjects.get_mut(entry.stream()) else {
            return Verdict::Refused(RecordError::Conflicts);
        };
        if bodies.is_empty() {
            return subject.unchanged();
        }
        let expected = subject.expected();
        let before = State::clone(&subject.state);
        subject.state = bodies.iter().fold(before, State::evolve).into();
        if let (Act::Agency(_), Some(id)) = (&entry.act, &entry.agency_id) {
            self.agencies_changed.push(id.clone());
        }
        let append = self.appends.len();
        subject.changed_by = Some(append);
        let state = Arc::clone(&subject.state);
        let request = Request { key: entry.meta.request_key, fingerprint: entry.meta.fingerprint };
        let events = bodies.into_iter().map(|body| new_event(entry, body)).collect();
        self.requests.insert(request.key, (request.fingerprint, self.verdicts.len()));
        let stream = entry.stream().clone();
        self.appends.push(StreamAppend { stream, expected, events, request: Some(request) });
        Verdict::Append { append, state }
    }

    pub(super) fn has_refusals(&self) -> bool {
        self.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Refused(_)))
    }

    pub(super) fn take_appends(&mut self) -> Vec<StreamAppend> {
        std::mem::take(&mut self.appends)
    }

    /// The outcomes once everything accepted is recorded.
    pub(super) fn into_outcomes(self, appended: &Appended) -> Vec<Outcome> {
        let recorded =
            |append: usize, state: Arc<State>, repeats: bool| match appended.streams.get(append) {
                Some(one) => Ok(Recorded {
                    state,
                    version: Some(one.version),
                    position: one.position,
                    record_time: Some(one.record_time),
                    unchanged: repeats || one.replayed,
                }),
                None => Err(RecordError::Conflicts),
            };
        let outcome = |verdict| match verdict {
            Verdict::Append { append, state } => recorded(append, state, false),
            Verdict::Repeats { append, state } => recorded(append, state, true),
            Verdict::Unchanged(unchanged) => Ok(unchanged),
            Verdict::Refused(error) => Err(error),
        };
        self.verdicts.into_iter().map(outcome).collect()
    }

    /// The outcomes when nothing is recorded: what would be, or, held back, that nothing was.
    pub(super) fn into_outcomes_unrecorded(self, hold_back: bool) -> Vec<Outcome> {
        let outcome = |verdict| match verdict {
            Verdict::Refused(error) => Err(error),
            Verdict::Append { .. } | Verdict::Repeats { .. } | Verdict::Unchanged(_)
                if hold_back =>
            {
                Err(RecordError::NotRecorded)
            }
            Verdict::Unchanged(unchanged) => Ok(unchanged),
            Verdict::Repeats { state, .. } => Ok(Recorded::nothing_new(state, None)),
            Verdict::Append { state, .. } => {
                Ok(Recorded { unchanged: false, ..Recorded::nothing_new(state, None) })
            }
        };
        self.verdicts.into_iter().map(outcome).collect()
    }

    /// The outcomes when the store failed to record what was accepted.
    pub(super) fn into_failures(self, error: &AppendError) -> Vec<Outcome> {
        let outcome = |verdict| match verdict {
            Verdict::Refused(error) => Err(error),
            Verdict::Unchanged(unchanged) => Ok(unchanged),
            Verdict::Append { .. } | Verdict::Repeats { .. } => {
                Err(RecordError::Append(error.clone()))
            }
        };
        self.verdicts.into_iter().map(outcome).collect()
    }
}

impl Verdict {
    /// The verdict on an entry that repeats the one judged so.
    fn repeated(&self) -> Option<Self> {
        match self {
            Self::Append { append, state } | Self::Repeats { append, state } => {
                Some(Self::Repeats { append: *append, state: state.clone() })
            }
            Self::Unchanged(recorded) => Some(Self::Unchanged(recorded.clone())),
            Self::Refused(_) => None,
        }
    }
}

impl Subject {
    fn check_expected(&self, expected: Option<StreamVersion>) -> Result<(), RecordError> {
        let actual = self.last.map(|last| last.version);
        match expected {
            Some(expected) if self.changed_by.is_some() || actual != Some(expected) => {
                Err(RecordError::StaleVersion { expected, actual })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What the append must find: what was loaded, or what the plan itself put there.
    fn expected(&self) -> ExpectedVersion {
        match self.last {
            _ if self.changed_by.is_some() => ExpectedVersion::StreamExists,
            Some(last) => ExpectedVersion::Exact(last.version),
            None => ExpectedVersion::NoStream,
        }
    }

    fn unchanged(&self) -> Verdict {
        let state = Arc::clone(&self.state);
        match self.changed_by {
            Some(append) => Verdict::Repeats { append, state },
            None => Verdict::Unchanged(Recorded::nothing_new(state, self.last)),
        }
    }
}

fn new_event(entry: &Entry, body: Body) -> NewEvent {
    let event_type = wire::event_type(&body).into();
    let event = Event { agency_id: entry.agency_id.clone(), actor: entry.meta.actor.clone(), body };
    NewEvent { event_type, payload: Bytes::from(wire::encode(&event)) }
}

/// What an act upon a subject other than an agency gives rise to.
fn decide(state: &State, act: Act) -> Result<Vec<Body>, RecordError> {
    Ok(match (state, act) {
        (State::Application(state), Act::Application(id, command)) => {
            let events = application::decide(state.as_ref(), command)?;
            events.into_iter().map(|event| Body::Application(id.clone(), event)).collect()
        }
        (State::Remedy(state), Act::Remedy(id, command)) => {
            let events = remedy::decide(state.as_ref(), command)?;
            events.into_iter().map(|event| Body::Remedy(id.clone(), event)).collect()
        }
        (State::Figures(figures), Act::Figures(declared)) => {
            proactive::declare(figures, declared).into_iter().map(Body::Figures).collect()
        }
        (State::Narrative(sections), Act::Section(set)) => {
            narrative::set(sections, set).into_iter().map(Body::Section).collect()
        }
        (State::Publications(publications), Act::Publication(command)) => {
            let events = publication::decide(publications, *command)?;
            events.into_iter().map(Body::Publication).collect()
        }
        (State::Calendar(notices), Act::Notice(record)) => {
            let notice = calendar::decide(notices, *record)?;
            notice.into_iter().map(|notice| Body::Notice(Box::new(notice))).collect()
        }
        (
            State::Agency(_)
            | State::Application(_)
            | State::Remedy(_)
            | State::Figures(_)
            | State::Narrative(_)
            | State::Publications(_)
            | State::Calendar(_),
            _,
        ) => return Err(RecordError::Conflicts),
    })
}
