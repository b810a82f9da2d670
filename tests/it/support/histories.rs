//! Random registers: what a clerk records over some years, and what the cases then are.
#![cfg(test)]

use disclosure_ledger::{
    domain::{
        self, AgencyId, ApplicantKind, ApplicationId, CaseId, Disposition, LegalDate, ShortText,
        application::{
            self, AgencyOpinion, AmendmentBasis, Application, CorrectEntry, CorrectionReceived,
            CorrectionRequested, DeadlineExtended, Decide, DecisionAmended, Delivery,
            DeliveryMethod, EntryVoided, FeeNotified, FeePaid, Lapse, LapseCause, Opinion,
            OpinionReceived, OpinionRequested, Proceeding, ReasonsReceived, ReasonsRequested,
            Receive, Reopened, ReplyPostponed, ThirdPartyOpinion, Withdraw,
        },
        deadline::Consulted,
        fee::FeeBasis,
        remedy::{self, Conclude, File, RemedyKind, RemedyResult},
    },
    ledger::{Entry, WriteMeta, request_key},
    wire::pb::{
        event::v1::{self as events, CivilDate},
        v1::{self as pb, record_rows_request::Command},
    },
};

use super::{Random, fresh};
use crate::oracle::{Case, Ending, KINDS, LEAVES, Remedy};

/// Why an entry is put right, taken up again or void.
const EXPLANATION: &str = "录入错误";

/// Year, month, day.
pub(crate) type Date = (i16, i8, i8);

/// What a clerk records. Applications and cases go by their numbers.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Receive { id: usize, kind: &'static str, on: Date },
    Decide { id: usize, leaf: &'static str, on: Date, delivered: Option<Date> },
    Lapse { id: usize, leaf: &'static str, on: Date },
    Proceed { id: usize, step: Proceeding },
    Reopen { id: usize, on: Date },
    Void { id: usize, on: Date },
    Withdraw { id: usize, on: Date },
    Correct { id: usize, correction: Correction },
    File { id: usize, kind: &'static str, about: Option<usize>, on: Date },
    Conclude { id: usize, kind: &'static str, result: &'static str, on: Date },
}

/// What a correction puts right.
#[derive(Debug, Clone, Default)]
pub(crate) struct Correction {
    kind: Option<&'static str>,
    received: Option<Date>,
    concluded: Option<Date>,
    leaf: Option<&'static str>,
}

/// What was recorded in which order, and the cases as they stand at the end.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) acts: Vec<Act>,
    pub(crate) applications: Vec<Case>,
    /// Of each application, what else is known of its end.
    pub(crate) endings: Vec<Ending>,
    pub(crate) remedies: Vec<Remedy>,
}

/// Every day from the first of 2018 to the middle of 2024.
struct Days(Vec<Date>);

impl Days {
    fn new() -> Self {
        let mut days = Vec::new();
        let mut day = jiff::civil::date(2018, 1, 1);
        while day < jiff::civil::date(2024, 7, 1) {
            days.push((day.year(), day.month(), day.day()));
            day = day.tomorrow().unwrap();
        }
        Self(days)
    }

    /// A day of 2018 to 2023, often close to the turn of a year.
    fn any(random: &mut Random) -> usize {
        if random.percent(40) {
            let turn = 365 * (1 + random.below(5)) + 1;
            return turn - 10 + random.below(20);
        }
        random.below(365 * 6)
    }

    /// A day not before `first`: mostly soon after, now and then much later.
    fn not_before(&self, first: usize, random: &mut Random) -> usize {
        let within = if random.percent(20) { 900 } else { 35 };
        (first + random.below(within)).min(self.0.len() - 1)
    }

    fn at(&self, place: usize) -> Date {
        self.0[place]
    }
}

impl History {
    /// A history with up to so many applications.
    pub(crate) fn random(random: &mut Random, applications: usize) -> Self {
        let days = Days::new();
        let mut threads = Vec::new();
        let (mut cases, mut endings) = (Vec::new(), Vec::new());
        for id in 0..random.below(applications + 1) {
            let (acts, case, ending) = application(id, &days, random);
            threads.push(acts);
            cases.push(case);
            endings.push(ending);
        }
        let mut remedies = Vec::new();
        for id in 0..random.below(applications / 3 + 1) {
            let (acts, case) = remedy(id, cases.len(), &days, random);
            threads.push(acts);
            remedies.push(case);
        }
        Self { acts: interleaved(threads, random), applications: cases, endings, remedies }
    }
}

/// One case's acts stay in order; those of different cases mix.
fn interleaved(mut threads: Vec<Vec<Act>>, random: &mut Random) -> Vec<Act> {
    for acts in &mut threads {
        acts.reverse();
    }
    let mut mixed = Vec::new();
    while !threads.is_empty() {
        let place = random.below(threads.len());
        match threads[place].pop() {
            Some(act) => mixed.push(act),
            None => drop(threads.swap_remove(place)),
        }
    }
    mixed
}

/// One application's acts, and what it is after them.
struct Thread<'a> {
    id: usize,
    days: &'a Days,
    acts: Vec<Act>,
    state: Option<Application>,
    ending: Ending,
}

impl Thread<'_> {
    /// Takes an act if it is legal.
    fn offer(&mut self, act: Act) -> bool {
        let command = act.command().expect("an act upon an application");
        match application::decide(self.state.as_ref(), command) {
            Ok(events) => {
                self.state = events.iter().fold(self.state.take(), application::evolve);
                self.acts.push(act);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes an act that is legal.
    fn push(&mut self, act: Act) {
        let said = format!("{act:?} after {:?}", self.acts);
        assert!(self.offer(act), "{said}");
    }

    /// Some steps of the procedure between two days; those that are not legal are left out.
    fn proceed(&mut self, first: usize, last: usize, random: &mut Random) {
        for _ in 0..random.below(5) {
            let day = |random: &mut Random| legal(self.days.at(between(first, last, random)));
            let step = step(day(random), day(random), random);
            let redone = match &step {
                Proceeding::DecisionAmended(step) => step.disposition.map(|now| {
                    let date = step.amendment_date.date();
                    ((date.year(), date.month(), date.day()), now.key())
                }),
                _ => None,
            };
            let recorded = self.state.as_ref().map(|state| state.proceedings().amendments.len());
            if self.offer(Act::Proceed { id: self.id, step }) {
                let now = self.state.as_ref().map(|state| state.proceedings().amendments.len());
                self.ending.redone.extend(redone.filter(|_| now > recorded));
            }
        }
    }

    /// Concludes it on a day with a result, in one of the ways in which that can be.
    fn conclude(&mut self, leaf: &'static str, on: usize, random: &mut Random) -> &'static str {
        let (id, day) = (self.id, self.days.at(on));
        if random.percent(12) {
            self.push(Act::Withdraw { id, on: day });
            return "other.misc";
        }
        for lapsed in ["other.correction_overdue", "other.fee_overdue"] {
            if random.percent(40) && self.offer(Act::Lapse { id, leaf: lapsed, on: day }) {
                return lapsed;
            }
        }
        if random.percent(30) {
            let received = self.state.as_ref().unwrap().receipt_date;
            let decided = self.days.at(on.saturating_sub(random.below(4)));
            let decided = if legal(decided) < received { day } else { decided };
            self.ending.decided = Some(decided);
            self.push(Act::Decide { id, leaf, on: decided, delivered: Some(day) });
        } else {
            self.push(Act::Decide { id, leaf, on: day, delivered: None });
        }
        leaf
    }

    fn has_steps(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::Proceed { .. } | Act::Reopen { .. }))
    }
}

fn between(first: usize, last: usize, random: &mut Random) -> usize {
    first + random.below(last.saturating_sub(first) + 1)
}

/// A step of the procedure on a day; another day is what else it may name.
fn step(on: LegalDate, other: LegalDate, random: &mut Random) -> Proceeding {
    let number = u16::try_from(1 + random.below(3)).unwrap();
    let later = Some(other).filter(|other| *other >= on);
    let text =
        |random: &mut Random| ShortText::parse(random.of(&["", "理由", "内容不明确"])).unwrap();
    match random.below(11) {
        0 => CorrectionRequested { notice_date: on, due_date: later, explanation: text(random) }
            .into(),
        1 => CorrectionReceived { corrected_date: on }.into(),
        2 => OpinionRequested {
            number,
            consulted: random.of(Consulted::ALL),
            sent_date: on,
            delivery_date: later,
        }
        .into(),
        3 => {
            let opinion = if random.percent(50) {
                Opinion::ThirdParty(random.of(ThirdPartyOpinion::ALL))
            } else {
                Opinion::Agency(random.of(AgencyOpinion::ALL))
            };
            OpinionReceived { number, opinion, answer_date: on }.into()
        }
        4 => DeadlineExtended {
            notice_date: on,
            working_days: 10 * number,
            explanation: text(random),
        }
        .into(),
        5 => ReasonsRequested { notice_date: on, explanation: text(random) }.into(),
        6 => ReplyPostponed {
            notice_date: on,
            due_date: later.unwrap_or(on),
            explanation: text(random),
        }
        .into(),
        7 => FeeNotified {
            notice_date: on,
            delivery_date: later,
            amount_fen: 14_000,
            basis: Some(random.of(FeeBasis::ALL)),
        }
        .into(),
        8 => FeePaid { payment_date: on }.into(),
        9 => ReasonsReceived { answer_date: on }.into(),
        _ => DecisionAmended {
            amendment_date: on,
            basis: random.of(AmendmentBasis::ALL),
            case_id: Some(CaseId::parse("R001").unwrap()),
            disposition: Disposition::from_key(random.of(&LEAVES)),
            document_no: text(random),
            explanation: text(random),
        }
        .into(),
    }
}

fn application(id: usize, days: &Days, random: &mut Random) -> (Vec<Act>, Case, Ending) {
    let mut kind = random.of(&KINDS);
    let mut received = Days::any(random);
    let mut thread = Thread { id, days, acts: Vec::new(), state: None, ending: Ending::default() };
    thread.push(Act::Receive { id, kind, on: days.at(received) });
    let mut correction = Correction::default();
    if random.percent(15) {
        kind = random.of(&KINDS);
        correction.kind = Some(kind);
    }
    if random.percent(15) {
        received = Days::any(random);
        correction.received = Some(days.at(received));
    }
    if correction.kind.or(correction.received.map(|_| "")).is_some() {
        thread.push(Act::Correct { id, correction });
    }

    let mut concluded = None;
    let mut first = received;
    let with_steps = random.percent(50);
    while random.percent(85) {
        let on = days.not_before(first, random);
        if with_steps {
            thread.proceed(first, on, random);
        }
        let leaf = thread.conclude(random.of(&LEAVES), on, random);
        concluded = Some((on, leaf));
        if with_steps {
            // Also what comes late, and what is recorded late.
            let late = days.not_before(on, random);
            thread.proceed(first, late, random);
        }
        if random.percent(8) {
            // Too late to be a result.
            let on = days.at(days.not_before(received, random));
            thread.offer(Act::Withdraw { id, on });
        }
        if !random.percent(15) {
            break;
        }
        first = days.not_before(on, random);
        thread.push(Act::Reopen { id, on: days.at(first) });
        concluded = None;
        thread.ending = Ending::default();
    }
    if concluded.is_none() && with_steps {
        thread.proceed(first, days.not_before(first, random), random);
    }
    if let Some((on, leaf)) = &mut concluded
        && random.percent(25)
    {
        let mut correction = Correction { leaf: Some(random.of(&LEAVES)), ..Default::default() };
        *leaf = correction.leaf.unwrap();
        if random.percent(50) {
            kind = random.of(&KINDS);
            correction.kind = Some(kind);
        }
        if random.percent(50) && !thread.has_steps() {
            received = Days::any(random);
            correction.received = Some(days.at(received));
            *on = days.not_before(received, random);
            correction.concluded = Some(days.at(*on));
            // A decision after the day on which it took effect was not on the day stated either.
            let decided = thread.ending.decided;
            thread.ending.decided = decided.filter(|decided| *decided <= days.at(*on));
        }
        thread.push(Act::Correct { id, correction });
    }
    let voided = random.percent(6);
    if voided {
        thread.push(Act::Void { id, on: days.at(days.not_before(received, random)) });
    }
    let concluded = concluded.map(|(on, leaf)| (days.at(on), leaf));
    let case = Case { kind, received: days.at(received), concluded, voided };
    (thread.acts, case, thread.ending)
}

fn remedy(id: usize, applications: usize, days: &Days, random: &mut Random) -> (Vec<Act>, Remedy) {
    let kind = random.of(&["review", "suit_direct", "suit_after_review"]);
    let filed = Days::any(random);
    let about = random.percent(60).then(|| random.below(applications + 1));
    let mut acts = vec![Act::File { id, kind, about, on: days.at(filed) }];
    let mut concluded = None;
    if random.percent(70) {
        let on = days.at(days.not_before(filed, random));
        let result = random.of(&["upheld", "corrected", "other"]);
        acts.push(Act::Conclude { id, kind, result, on });
        concluded = Some((on, result));
    }
    (acts, Remedy { kind, filed: days.at(filed), concluded })
}

impl Act {
    /// The act as the ledger takes it, under a request of its own.
    pub(crate) fn entry(&self, agency_id: &AgencyId, request: usize) -> Entry {
        let act = match *self {
            Self::File { id, kind, about, on } => remedy::Command::File(File {
                kind: RemedyKind::from_key(kind).unwrap(),
                filing_date: legal(on),
                application_id: about.map(|id| ApplicationId::parse(&number("A", id)).unwrap()),
            })
            .of(id),
            Self::Conclude { id, result, on, .. } => remedy::Command::Conclude(Conclude {
                kinds: RemedyKind::ALL,
                result: RemedyResult::from_key(result).unwrap(),
                conclusion_date: legal(on),
                document_no: ShortText::default(),
            })
            .of(id),
            Self::Receive { id, .. }
            | Self::Decide { id, .. }
            | Self::Lapse { id, .. }
            | Self::Withdraw { id, .. }
            | Self::Correct { id, .. }
            | Self::Proceed { id, .. }
            | Self::Reopen { id, .. }
            | Self::Void { id, .. } => self.command().unwrap().of(id),
        };
        let request_key = request_key(agency_id, &format!("history-{request}"));
        let meta = WriteMeta {
            request_key,
            fingerprint: request_key,
            expected_version: None,
            actor: ShortText::default(),
        };
        Entry::new(agency_id.clone(), act, meta).unwrap()
    }

    /// What the act is upon: an application or a case, and its number.
    pub(crate) fn subject(&self) -> (char, usize) {
        match *self {
            Self::File { id, .. } | Self::Conclude { id, .. } => ('R', id),
            Self::Receive { id, .. }
            | Self::Decide { id, .. }
            | Self::Lapse { id, .. }
            | Self::Withdraw { id, .. }
            | Self::Correct { id, .. }
            | Self::Proceed { id, .. }
            | Self::Reopen { id, .. }
            | Self::Void { id, .. } => ('A', id),
        }
    }

    /// The act as a command upon an application; `None` if it is upon a case.
    fn command(&self) -> Option<application::Command> {
        let explanation = || ShortText::parse(EXPLANATION).unwrap();
        Some(match *self {
            Self::Receive { kind, on, .. } => application::Command::Receive(Receive {
                applicant_kind: ApplicantKind::from_key(kind).unwrap(),
                receipt_date: Some(legal(on)),
                channel: None,
                applicant_ref: ShortText::default(),
                arrival: None,
                still_open: false,
            }),
            Self::Decide { leaf, on, delivered, .. } => application::Command::Decide(Decide {
                disposition: Disposition::from_key(leaf).unwrap(),
                decision_date: legal(on),
                document_no: ShortText::default(),
                delivery: Delivery {
                    method: delivered.map(|_| DeliveryMethod::Postal),
                    date: delivered.map(legal),
                },
            }),
            Self::Lapse { leaf, on, .. } => application::Command::Lapse(Lapse {
                cause: LapseCause::from_key(leaf.strip_prefix("other.").unwrap()).unwrap(),
                lapse_date: legal(on),
                document_no: ShortText::default(),
            }),
            Self::Withdraw { on, .. } => {
                application::Command::Withdraw(Withdraw { withdrawal_date: legal(on) })
            }
            Self::Correct { ref correction, .. } => {
                application::Command::CorrectEntry(CorrectEntry {
                    correction_date: legal((2024, 1, 2)),
                    applicant_kind: correction.kind.and_then(ApplicantKind::from_key),
                    receipt_date: correction.received.map(legal),
                    channel: None,
                    conclusion_date: correction.concluded.map(legal),
                    disposition: correction.leaf.and_then(Disposition::from_key),
                    document_no: None,
                    explanation: explanation(),
                })
            }
            Self::Proceed { ref step, .. } => application::Command::Proceed(step.clone()),
            Self::Reopen { on, .. } => application::Command::Reopen(Reopened {
                reopening_date: legal(on),
                explanation: explanation(),
            }),
            Self::Void { on, .. } => application::Command::VoidEntry(EntryVoided {
                void_date: legal(on),
                explanation: explanation(),
            }),
            Self::File { .. } | Self::Conclude { .. } => return None,
        })
    }

    /// The act as a request.
    pub(crate) fn request(&self, agency_id: &str) -> Command {
        let (write, agency_id) = (fresh(), agency_id.to_owned());
        match *self {
            Self::Receive { id, kind, on } => {
                Command::ReceiveApplication(pb::ReceiveApplicationRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    applicant_kind: applicant_kind(kind),
                    receipt_date: civil(on),
                    ..Default::default()
                })
            }
            Self::Decide { id, leaf, on, delivered } => {
                Command::DecideApplication(pb::DecideApplicationRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    disposition: disposition(leaf),
                    decision_date: civil(on),
                    delivery: delivered.map(|date| pb::Delivery {
                        method: events::DeliveryMethod::Postal.into(),
                        delivery_date: civil(date),
                    }),
                    ..Default::default()
                })
            }
            Self::Lapse { id, leaf, on } => {
                let name = leaf.strip_prefix("other.").unwrap().to_uppercase();
                let cause = pb::LapseCause::from_str_name(&format!("LAPSE_CAUSE_{name}")).unwrap();
                Command::LapseApplication(pb::LapseApplicationRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    cause: cause.into(),
                    lapse_date: civil(on),
                    ..Default::default()
                })
            }
            Self::Proceed { id, ref step } => {
                super::steps::request(step, write, agency_id, number("A", id))
            }
            Self::Reopen { id, on } => Command::ReopenApplication(pb::ReopenApplicationRequest {
                write,
                agency_id,
                application_id: number("A", id),
                reopening_date: civil(on),
                explanation: EXPLANATION.to_owned(),
            }),
            Self::Void { id, on } => {
                Command::VoidApplicationEntry(pb::VoidApplicationEntryRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    void_date: civil(on),
                    explanation: EXPLANATION.to_owned(),
                })
            }
            Self::Withdraw { id, on } => {
                Command::WithdrawApplication(pb::WithdrawApplicationRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    withdrawal_date: civil(on),
                })
            }
            Self::Correct { id, ref correction } => {
                let correction = pb::ApplicationCorrection {
                    applicant_kind: correction.kind.map_or(0, applicant_kind),
                    receipt_date: correction.received.and_then(civil),
                    conclusion_date: correction.concluded.and_then(civil),
                    disposition: correction.leaf.map_or(0, disposition),
                    explanation: EXPLANATION.to_owned(),
                    ..Default::default()
                };
                Command::CorrectApplicationEntry(pb::CorrectApplicationEntryRequest {
                    write,
                    agency_id,
                    application_id: number("A", id),
                    correction: Some(correction),
                })
            }
            Self::File { id, kind, about, on } => file(write, agency_id, (id, kind, about), on),
            Self::Conclude { id, kind, result, on } => {
                conclude(write, agency_id, (id, kind, result), on)
            }
        }
    }
}

fn file(
    write: Option<pb::WriteOptions>,
    agency_id: String,
    (id, kind, about): (usize, &str, Option<usize>),
    on: Date,
) -> Command {
    let case_id = number("R", id);
    let application_id = about.map(|id| number("A", id)).unwrap_or_default();
    let route = match kind {
        "suit_direct" => pb::LitigationRoute::Direct,
        "suit_after_review" => pb::LitigationRoute::AfterReview,
        _ => {
            return Command::FileReconsideration(pb::FileReconsiderationRequest {
                write,
                agency_id,
                case_id,
                filing_date: civil(on),
                application_id,
            });
        }
    };
    Command::FileLitigation(pb::FileLitigationRequest {
        write,
        agency_id,
        case_id,
        route: route.into(),
        filing_date: civil(on),
        application_id,
    })
}

fn conclude(
    write: Option<pb::WriteOptions>,
    agency_id: String,
    (id, kind, result): (usize, &str, &str),
    on: Date,
) -> Command {
    let case_id = number("R", id);
    let name = format!("REMEDY_RESULT_{}", result.to_uppercase());
    let result = events::RemedyResult::from_str_name(&name).unwrap().into();
    let (conclusion_date, document_no) = (civil(on), String::new());
    if kind == "review" {
        Command::ConcludeReconsideration(pb::ConcludeReconsiderationRequest {
            write,
            agency_id,
            case_id,
            result,
            conclusion_date,
            document_no,
        })
    } else {
        Command::ConcludeLitigation(pb::ConcludeLitigationRequest {
            write,
            agency_id,
            case_id,
            result,
            conclusion_date,
            document_no,
        })
    }
}

/// An act upon the application or case of a number.
trait Of {
    fn of(self, id: usize) -> disclosure_ledger::ledger::Act;
}

impl Of for application::Command {
    fn of(self, id: usize) -> disclosure_ledger::ledger::Act {
        let id = ApplicationId::parse(&number("A", id)).unwrap();
        disclosure_ledger::ledger::Act::Application(id, self)
    }
}

impl Of for remedy::Command {
    fn of(self, id: usize) -> disclosure_ledger::ledger::Act {
        let id = CaseId::parse(&number("R", id)).unwrap();
        disclosure_ledger::ledger::Act::Remedy(id, self)
    }
}

fn number(letter: &str, id: usize) -> String {
    format!("{letter}{id:03}")
}

fn legal((year, month, day): Date) -> LegalDate {
    domain::LegalDate::new(jiff::civil::date(year, month, day)).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as the fields of requests have it")]
fn civil((year, month, day): Date) -> Option<CivilDate> {
    Some(CivilDate { year: year.into(), month: month.into(), day: day.into() })
}

fn applicant_kind(key: &str) -> i32 {
    let name = format!("APPLICANT_KIND_{}", key.to_uppercase());
    events::ApplicantKind::from_str_name(&name).unwrap().into()
}

fn disposition(key: &str) -> i32 {
    let name = format!("DISPOSITION_{}", key.to_uppercase().replace('.', "_"));
    events::Disposition::from_str_name(&name).unwrap().into()
}
