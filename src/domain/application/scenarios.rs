//! Histories of one application as text: what is recorded of them, what is refused, what follows.

use super::{
    AgencyOpinion, AmendmentBasis, Application, ArrivalDates, Command, CorrectEntry,
    CorrectionReceived, CorrectionRequested, DeadlineExtended, Decide, DecisionAmended, Delivery,
    DeliveryMethod, EntryVoided, Event, FeeNotified, FeePaid, Lapse, LapseCause, Opinion,
    OpinionReceived, OpinionRequested, Proceeding, ReasonsReceived, ReasonsRequested, Receive,
    Reopened, ReplyPostponed, ThirdPartyOpinion, Withdraw, decide, evolve,
};
use crate::domain::{
    ApplicantKind, CaseId, Channel, Disposition, LegalDate, Refusal, ShortText,
    calendar::Notices,
    deadline::{Consulted, Policy, ReceiptRule, script},
    fee::FeeBasis,
};

const CASES: &str = include_str!("../../../tests/fixtures/applications/acts.txt");

/// The words of a line: first the act, then what it says.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn at(&self, place: usize) -> &'a str {
        self.0.get(place).unwrap_or_else(|| panic!("{:?} says too little", self.0))
    }

    fn day(&self, place: usize) -> LegalDate {
        script::day(self.at(place))
    }

    fn after(&self, word: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|found| *found == word)?;
        Some(self.at(place + 1))
    }

    fn day_after(&self, word: &str) -> Option<LegalDate> {
        self.after(word).map(script::day)
    }

    /// The first word that is a key of a list.
    fn key<T>(&self, from_key: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|word| from_key(word))
    }

    fn because(&self) -> ShortText {
        ShortText::parse(self.after("because").unwrap_or_default()).unwrap()
    }

    fn command(&self) -> Command {
        let date = |place| self.day(place);
        match self.at(0) {
            "receive" => self.receive(),
            "decide" => Command::Decide(Decide {
                disposition: self.key(Disposition::from_key).unwrap(),
                decision_date: date(1),
                document_no: ShortText::default(),
                delivery: Delivery {
                    method: self.key(DeliveryMethod::from_key),
                    date: self.day_after("delivered"),
                },
            }),
            "withdraw" => Command::Withdraw(Withdraw { withdrawal_date: date(1) }),
            "lapse" => Command::Lapse(Lapse {
                cause: self.key(LapseCause::from_key).unwrap(),
                lapse_date: date(1),
                document_no: ShortText::default(),
            }),
            "reopen" => {
                Command::Reopen(Reopened { reopening_date: date(1), explanation: self.because() })
            }
            "void" => {
                let explanation = self.because();
                Command::VoidEntry(EntryVoided { void_date: date(1), explanation })
            }
            "correct-entry" => Command::CorrectEntry(CorrectEntry {
                correction_date: script::day("2026-01-01"),
                applicant_kind: None,
                receipt_date: self.day_after("receipt"),
                channel: None,
                conclusion_date: self.day_after("conclusion"),
                disposition: None,
                document_no: None,
                explanation: ShortText::parse("录入错误").unwrap(),
            }),
            _ => Command::Proceed(self.step()),
        }
    }

    fn receive(&self) -> Command {
        let arrival = ArrivalDates {
            is_misaddressed: false,
            submission_date: self.day_after("submitted"),
            arrival_date: self.day_after("arrived"),
            confirmation_date: self.day_after("confirmed"),
        };
        let stated = ["submitted", "arrived", "confirmed"].iter().any(|word| self.0.contains(word));
        Command::Receive(Receive {
            applicant_kind: ApplicantKind::NaturalPerson,
            receipt_date: (self.at(1) != "-").then(|| self.day(1)),
            channel: self.after("by").map(|key| Channel::from_key(key).unwrap()),
            applicant_ref: ShortText::default(),
            arrival: stated.then_some(arrival),
            still_open: false,
        })
    }

    fn step(&self) -> Proceeding {
        let number = |place| self.at(place).parse().unwrap();
        let (date, explanation) = (|| self.day(1), self.because());
        match self.at(0) {
            "ask-correction" => {
                let due_date = self.day_after("due");
                CorrectionRequested { notice_date: date(), due_date, explanation }.into()
            }
            "corrected" => CorrectionReceived { corrected_date: date() }.into(),
            "consult" => OpinionRequested {
                number: number(1),
                consulted: Consulted::from_key(self.at(2)).unwrap(),
                sent_date: self.day(3),
                delivery_date: self.day_after("delivered"),
            }
            .into(),
            "opinion" => {
                let opinion = match self.at(2) {
                    "agency" => Opinion::Agency(AgencyOpinion::from_key(self.at(3)).unwrap()),
                    _ => Opinion::ThirdParty(ThirdPartyOpinion::from_key(self.at(3)).unwrap()),
                };
                OpinionReceived { number: number(1), opinion, answer_date: self.day(4) }.into()
            }
            "extend" => {
                DeadlineExtended { notice_date: date(), working_days: number(2), explanation }
                    .into()
            }
            "ask-reasons" => ReasonsRequested { notice_date: date(), explanation }.into(),
            "reasons" => ReasonsReceived { answer_date: date() }.into(),
            "postpone" => {
                let due_date = self.day_after("until").unwrap();
                ReplyPostponed { notice_date: date(), due_date, explanation }.into()
            }
            "fee" => FeeNotified {
                notice_date: date(),
                delivery_date: self.day_after("delivered"),
                amount_fen: number(2).into(),
                basis: self.key(FeeBasis::from_key),
            }
            .into(),
            "paid" => FeePaid { payment_date: date() }.into(),
            "amend" => DecisionAmended {
                amendment_date: date(),
                basis: self.key(AmendmentBasis::from_key).unwrap(),
                case_id: self.after("case").map(|id| CaseId::parse(id).unwrap()),
                disposition: self.key(Disposition::from_key),
                document_no: ShortText::default(),
                explanation,
            }
            .into(),
            act => panic!("{act}"),
        }
    }
}

/// What an act gives rise to, or what is said of it instead.
fn act(state: Option<&Application>, line: &str) -> Result<Vec<Event>, String> {
    let words = Words(line.split_whitespace().collect());
    match decide(state, words.command()) {
        Ok(events) if events.is_empty() => Err("unchanged".to_owned()),
        Ok(events) => Ok(events),
        Err(refusal) => Err(format!("{} at {}: {refusal}", refusal.reason(), refusal.field())),
    }
}

fn counted(application: &Application) -> String {
    let conclusion = application.conclusion.as_ref();
    match conclusion {
        _ if application.voided.is_some() => "counts nowhere".to_owned(),
        None => format!("counts {}, open", application.receipt_date.year()),
        Some(found) => {
            let (received, ended) = (application.receipt_date.year(), found.date.year());
            format!("counts {received}, {ended} {}", found.disposition)
        }
    }
}

/// What follows from the acts, one line each.
fn found(application: &Application, today: LegalDate) -> Vec<String> {
    let facts = application.facts();
    let mut lines = vec![application.stage().to_string()];
    if facts.receipt.rule != ReceiptRule::Stated {
        lines.push(format!("received by {}", facts.receipt.rule));
    }
    lines.push(counted(application));
    let case = script::Case {
        name: String::new(),
        facts,
        policy: Policy::default(),
        calendar: Notices::built_in().calendar(),
        today,
        expected: Vec::new(),
    };
    lines.extend(case.found());
    lines
}

#[test]
fn what_is_recorded_refused_and_follows() {
    let text: Vec<_> = CASES.lines().filter(|line| !line.starts_with('#')).collect();
    let mut cases = 0;
    for case in text.join("\n").split("\n\n").filter(|case| !case.trim().is_empty()) {
        let lines: Vec<_> = case.trim().lines().collect();
        let (expected, acts): (Vec<_>, Vec<_>) =
            lines[1..].iter().copied().partition(|line| line.starts_with("= "));
        let mut state: Option<Application> = None;
        let mut today = None;
        for line in acts {
            let (said, outcome) = match line.split_once(" -> ") {
                Some((said, outcome)) => (said, Some(outcome.to_owned())),
                None => (line, None),
            };
            if let Some(day) = said.strip_prefix("today ") {
                today = Some(script::day(day));
                continue;
            }
            match act(state.as_ref(), said) {
                Ok(events) => {
                    assert_eq!(None, outcome, "{}: {said}", lines[0]);
                    today = events.last().map(Event::effective_date);
                    state = events.iter().fold(state, evolve);
                }
                Err(found) => assert_eq!(Some(found), outcome, "{}: {said}", lines[0]),
            }
        }
        let expected: Vec<_> = expected.iter().map(|line| line[2..].to_owned()).collect();
        let found = state.map(|state| found(&state, today.unwrap())).unwrap_or_default();
        assert_eq!(found, expected, "{}", lines[0]);
        cases += 1;
    }
    assert!(cases > 20, "{cases}");
}
