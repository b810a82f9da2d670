//! Which events an act upon an application gives rise to.
//!
//! What cannot have been is refused: an act before the receipt, an answer to nothing, a notice after
//! the end that can only come before it. What is against the rules and yet happens is recorded, and
//! named by [`crate::domain::deadline::findings`]: late replies and answers, a second notice to
//! correct, an extension by more than the law allows, letters after the reply.

use super::{
    command::{Command, CorrectEntry, Decide, Lapse, LapseCause, Receive, Withdraw},
    event::{
        ArrivalDates, Decided, Delivery, EntryCorrected, EntryVoided, Event, Received, Reopened,
        Withdrawn,
    },
    proceeding::{Proceeding, in_order},
    rejection::Rejection,
    state::{Application, Conclusion},
};
use crate::domain::{
    Channel, LegalDate, ShortText,
    deadline::{ReceiptRule, ReceiptUnknown},
};

/// Decides on a command.
///
/// A command that says again what is recorded gives rise to no events.
///
/// # Errors
///
/// When the command contradicts what is recorded.
pub fn decide(state: Option<&Application>, command: Command) -> Result<Vec<Event>, Rejection> {
    let Some(application) = state else {
        return match command {
            Command::Receive(receive) => received(receive),
            Command::Decide(_)
            | Command::Withdraw(_)
            | Command::CorrectEntry(_)
            | Command::Proceed(_)
            | Command::Lapse(_)
            | Command::Reopen(_)
            | Command::VoidEntry(_) => Err(Rejection::NotReceived),
        };
    };
    if let (Some(voided), false) = (&application.voided, matches!(command, Command::VoidEntry(_))) {
        return Err(Rejection::EntryVoided { void_date: voided.void_date });
    }
    match command {
        Command::Receive(receive) => receive_again(application, &receive),
        Command::Decide(decision) => conclude(application, decision),
        Command::Withdraw(withdrawal) => withdraw(application, &withdrawal),
        Command::CorrectEntry(correction) => correct(application, correction),
        Command::Proceed(step) => proceed(application, step),
        Command::Lapse(lapse) => self::lapse(application, lapse),
        Command::Reopen(reopening) => reopen(application, reopening),
        Command::VoidEntry(voiding) => void(application, voiding),
    }
}

fn received(receive: Receive) -> Result<Vec<Event>, Rejection> {
    let Receive { applicant_kind, receipt_date, channel, applicant_ref, arrival, .. } = receive;
    let receipt_date = receipt(receipt_date, channel, arrival)?;
    let received = Received { applicant_kind, receipt_date, channel, applicant_ref, arrival };
    Ok(vec![Event::Received(received)])
}

/// The receipt date: as it is stated, as it follows from how the application arrived, or both.
fn receipt(
    stated: Option<LegalDate>,
    channel: Option<Channel>,
    arrival: Option<ArrivalDates>,
) -> Result<LegalDate, Rejection> {
    let Some((channel, arrival)) = channel.zip(arrival) else {
        return stated.ok_or(Rejection::ReceiptDateMissing);
    };
    match (arrival.receipt(channel), stated) {
        (Ok(derived), Some(stated_date)) if derived.date != stated_date => {
            let (derived_date, rule) = (derived.date, derived.rule);
            Err(Rejection::ReceiptDateContradicts { stated_date, derived_date, rule })
        }
        (Ok(derived), _) => Ok(derived.date),
        (Err(ReceiptUnknown::Missing { .. }), Some(stated_date)) => Ok(stated_date),
        (Err(ReceiptUnknown::Missing { .. }), None) => {
            let field = match arrival.by(channel).rule() {
                ReceiptRule::Submission => "arrival.submission_date",
                ReceiptRule::Signature => "arrival.arrival_date",
                ReceiptRule::Confirmation | ReceiptRule::Stated => "arrival.confirmation_date",
            };
            Err(Rejection::ReceiptDateUnknown { field })
        }
        (Err(ReceiptUnknown::Contradictory { earlier, earlier_date, later, later_date }), _) => {
            let field = match later {
                "arrival_date" => "arrival.arrival_date",
                _ => "arrival.confirmation_date",
            };
            in_order((earlier, earlier_date), (later, later_date), field)?;
            Ok(later_date)
        }
    }
}

/// What the command leaves unsaid (channel, reference, arrival) does not contradict the record.
fn receive_again(application: &Application, receive: &Receive) -> Result<Vec<Event>, Rejection> {
    let channel = receive.channel.or(application.channel);
    let stated_date = match (receive.receipt_date, receive.arrival) {
        (None, None) => application.receipt_date,
        (stated, arrival) => receipt(stated, channel, arrival)?,
    };
    let other_channel = receive.channel.is_some() && receive.channel != application.channel;
    let other_ref =
        !receive.applicant_ref.is_empty() && receive.applicant_ref != application.applicant_ref;
    let other_arrival = receive.arrival.is_some() && receive.arrival != application.arrival();
    if receive.applicant_kind == application.applicant_kind
        && stated_date == application.receipt_date
        && !other_channel
        && !other_ref
        && !other_arrival
    {
        return match application.conclusion.as_ref().filter(|_| receive.still_open) {
            None => Ok(Vec::new()),
            Some(conclusion) => Err(Rejection::NotStillOpen {
                recorded_date: conclusion.date,
                recorded: conclusion.disposition,
            }),
        };
    }
    let by = |channel: Option<Channel>| match channel {
        Some(channel) if other_channel => format!(" by {channel}"),
        None if other_channel => " by an unstated channel".to_owned(),
        Some(_) | None if other_ref => " under another applicant reference".to_owned(),
        Some(_) | None if other_arrival => " with another course of arrival".to_owned(),
        Some(_) | None => String::new(),
    };
    Err(Rejection::AlreadyReceived {
        recorded_date: application.receipt_date,
        recorded_kind: application.applicant_kind,
        recorded_channel: by(application.channel),
        stated_date,
        stated_kind: receive.applicant_kind,
        stated_channel: by(receive.channel),
    })
}

fn conclude(application: &Application, decision: Decide) -> Result<Vec<Event>, Rejection> {
    let Decide { disposition, decision_date, document_no, delivery } = decision;
    let decided = Decided { disposition, decision_date, document_no, delivery };
    if let Some(date) = delivery.date {
        let field = "delivery.delivery_date";
        in_order(("decision", decision_date), ("delivery", date), field)?;
    }
    conclude_by(application, decided, "disposition", "decision_date")
}

/// A lapse is a decision of its own kind, and needs that the applicant was asked for what it lacks.
fn lapse(application: &Application, lapse: Lapse) -> Result<Vec<Event>, Rejection> {
    let Lapse { cause, lapse_date, document_no } = lapse;
    let disposition = cause.disposition();
    let delivery = Delivery::default();
    let decided = Decided { disposition, decision_date: lapse_date, document_no, delivery };
    if application.conclusion.is_none() {
        is_wanting(application, cause)?;
    }
    conclude_by(application, decided, "cause", "lapse_date")
}

/// That the applicant was asked, and has not done, what the application would lapse for.
fn is_wanting(application: &Application, cause: LapseCause) -> Result<(), Rejection> {
    let (proceedings, field) = (application.proceedings(), "cause");
    match cause {
        LapseCause::CorrectionOverdue if proceedings.awaits_correction() => Ok(()),
        LapseCause::FeeOverdue if proceedings.awaits_payment() => Ok(()),
        LapseCause::CorrectionOverdue => {
            let corrected = proceedings.corrections.iter().filter_map(|found| found.corrected_date);
            Err(match corrected.max() {
                Some(recorded_date) => {
                    Rejection::CorrectionAlreadyReceived { recorded_date, field }
                }
                None => Rejection::CorrectionNotRequested { by: None, field },
            })
        }
        LapseCause::FeeOverdue => {
            let paid = proceedings.fees.iter().filter_map(|found| found.payment_date);
            Err(match paid.max() {
                Some(recorded_date) => Rejection::FeeAlreadyPaid { recorded_date, field },
                None => Rejection::FeeNotNotified { by: None, field },
            })
        }
    }
}

/// Concludes an open application; the fields are those that state the result and the date.
fn conclude_by(
    application: &Application,
    decided: Decided,
    field: &'static str,
    date_field: &'static str,
) -> Result<Vec<Event>, Rejection> {
    if let Some(conclusion) = &application.conclusion {
        return conclude_again(conclusion, &decided, field);
    }
    if decided.decision_date < application.receipt_date {
        return Err(Rejection::DecisionBeforeReceipt {
            receipt_date: application.receipt_date,
            decision_date: decided.decision_date,
            field: date_field,
        });
    }
    follows_acts(application, decided.effective_date(), date_field)?;
    Ok(vec![Event::Decided(decided)])
}

/// What the command leaves unsaid (document, delivery) does not contradict the record.
fn conclude_again(
    conclusion: &Conclusion,
    decided: &Decided,
    field: &'static str,
) -> Result<Vec<Event>, Rejection> {
    let Decided { disposition, document_no, delivery, .. } = decided;
    let stated_date = decided.effective_date();
    let other_document = !document_no.is_empty() && *document_no != conclusion.document_no;
    let other_method = delivery.method.is_some() && delivery.method != conclusion.delivery.method;
    let other_decision =
        delivery.date.is_some() && conclusion.decision_date != Some(decided.decision_date);
    if conclusion.disposition == *disposition
        && conclusion.date == stated_date
        && !other_document
        && !other_method
        && !other_decision
    {
        return Ok(Vec::new());
    }
    let under = |number: &ShortText| match number.as_str() {
        _ if !other_document => String::new(),
        "" => " without a document number".to_owned(),
        number => format!(" under {number}"),
    };
    let delivered = |method: Option<_>, decided: Option<LegalDate>| {
        let by = method.map(|method| format!(" by {method} delivery"));
        let on = decided.map(|date| format!(" decided on {date}"));
        let by = by.filter(|_| other_method).unwrap_or_default();
        by + &on.filter(|_| other_decision).unwrap_or_default()
    };
    Err(Rejection::AlreadyConcluded {
        recorded_date: conclusion.date,
        recorded: conclusion.disposition,
        recorded_document: under(&conclusion.document_no)
            + &delivered(conclusion.delivery.method, conclusion.decision_date),
        stated_date,
        stated: *disposition,
        stated_document: under(document_no)
            + &delivered(delivery.method, Some(decided.decision_date)),
        field,
    })
}

/// That a conclusion comes after every act that can only come before one.
fn follows_acts(
    application: &Application,
    conclusion_date: LegalDate,
    field: &'static str,
) -> Result<(), Rejection> {
    match after(application, conclusion_date) {
        None => Ok(()),
        Some((act, date)) => {
            Err(Rejection::ConclusionBeforeAct { act, date, conclusion_date, field })
        }
    }
}

/// The last act, if any, that is dated after a day and can only come before a conclusion.
fn after(application: &Application, day: LegalDate) -> Option<(&'static str, LegalDate)> {
    let reopenings =
        application.reopenings().iter().map(|found| ("reopening", found.reopening_date));
    let acts = application.proceedings().before_conclusion().chain(reopenings);
    acts.filter(|(_, date)| *date > day).max_by_key(|(_, date)| *date)
}

fn proceed(application: &Application, step: Proceeding) -> Result<Vec<Event>, Rejection> {
    if !application.proceedings().admits(&step)? {
        return Ok(Vec::new());
    }
    let (act, date, field) = (step.name(), step.date(), step.date_field());
    let receipt_date = application.receipt_date;
    if date < receipt_date {
        return Err(Rejection::ActBeforeReceipt { act, date, receipt_date, field });
    }
    let concluded = application.conclusion.as_ref().map(|conclusion| conclusion.date);
    match (concluded, &step) {
        (None, Proceeding::DecisionAmended(_)) => return Err(Rejection::StillOpen { act }),
        (Some(conclusion_date), Proceeding::DecisionAmended(_)) if date < conclusion_date => {
            return Err(Rejection::ActBeforeConclusion { act, date, conclusion_date, field });
        }
        (Some(conclusion_date), step) if step.precedes_conclusion() && date > conclusion_date => {
            return Err(Rejection::ActAfterConclusion { act, date, conclusion_date, field });
        }
        _ => {}
    }
    Ok(vec![Event::Proceeding(step)])
}

/// Taking up again what is open says nothing new if that is how it came to be open.
fn reopen(application: &Application, reopening: Reopened) -> Result<Vec<Event>, Rejection> {
    const ACT: &str = "reopening";
    const FIELD: &str = "reopening_date";
    let date = reopening.reopening_date;
    let Some(conclusion) = &application.conclusion else {
        let last = application.reopenings().last();
        return match last.filter(|found| found.reopening_date == date) {
            Some(_) => Ok(Vec::new()),
            None => Err(Rejection::StillOpen { act: ACT }),
        };
    };
    if reopening.explanation.is_empty() {
        return Err(Rejection::ExplanationMissing { act: ACT, field: "explanation" });
    }
    if date < conclusion.date {
        let conclusion_date = conclusion.date;
        return Err(Rejection::ActBeforeConclusion {
            act: ACT,
            date,
            conclusion_date,
            field: FIELD,
        });
    }
    Ok(vec![Event::Reopened(reopening)])
}

/// What is void stays void, whichever day and reason are stated then.
fn void(application: &Application, voiding: EntryVoided) -> Result<Vec<Event>, Rejection> {
    if application.voided.is_some() {
        return Ok(Vec::new());
    }
    if voiding.explanation.is_empty() {
        let (act, field) = ("declaration that an entry is void", "explanation");
        return Err(Rejection::ExplanationMissing { act, field });
    }
    Ok(vec![Event::EntryVoided(voiding)])
}

/// A withdrawal after the decision is recorded and changes no result.
fn withdraw(application: &Application, withdrawal: &Withdraw) -> Result<Vec<Event>, Rejection> {
    let withdrawal_date = withdrawal.withdrawal_date;
    match application.withdrawal_date {
        Some(recorded_date) if recorded_date == withdrawal_date => Ok(Vec::new()),
        Some(recorded_date) => {
            Err(Rejection::AlreadyWithdrawn { recorded_date, stated_date: withdrawal_date })
        }
        None if withdrawal_date < application.receipt_date => {
            Err(Rejection::WithdrawalBeforeReceipt {
                receipt_date: application.receipt_date,
                withdrawal_date,
            })
        }
        None => {
            if application.conclusion.is_none() {
                follows_acts(application, withdrawal_date, "withdrawal_date")?;
            }
            Ok(vec![Event::Withdrawn(Withdrawn { withdrawal_date })])
        }
    }
}

fn correct(application: &Application, correction: CorrectEntry) -> Result<Vec<Event>, Rejection> {
    let CorrectEntry {
        correction_date,
        applicant_kind,
        receipt_date,
        channel,
        conclusion_date,
        disposition,
        document_no,
        explanation,
    } = correction;
    let of_conclusion = conclusion_date.is_some() || disposition.is_some() || document_no.is_some();
    let of_receipt = applicant_kind.is_some() || receipt_date.is_some() || channel.is_some();
    if !of_conclusion && !of_receipt {
        return Err(Rejection::NothingToCorrect);
    }
    if of_conclusion && application.conclusion.is_none() {
        return Err(Rejection::NotConcluded);
    }
    if explanation.is_empty() {
        let (act, field) = ("correction", "correction.explanation");
        return Err(Rejection::ExplanationMissing { act, field });
    }
    let event = EntryCorrected {
        correction_date,
        applicant_kind,
        receipt_date,
        channel,
        conclusion_date,
        disposition,
        document_no,
        explanation,
    };
    let corrected = application.clone().corrected(&event);
    if corrected == *application {
        return Ok(Vec::new());
    }
    check_corrected(&corrected)?;
    Ok(vec![Event::EntryCorrected(event)])
}

/// That receipt, acts and conclusion are in an order that can be.
fn check_corrected(corrected: &Application) -> Result<(), Rejection> {
    let receipt_date = corrected.receipt_date;
    let early = corrected.proceedings().after_receipt().find(|(_, date)| *date < receipt_date);
    if let Some((second, second_date)) = early {
        return Err(Rejection::CorrectionContradictsAct {
            first: "receipt",
            first_date: receipt_date,
            second,
            second_date,
            field: "correction.receipt_date",
        });
    }
    let Some(conclusion) = &corrected.conclusion else { return Ok(()) };
    let conclusion_date = conclusion.date;
    if conclusion_date < receipt_date {
        return Err(Rejection::CorrectionContradicts { receipt_date, conclusion_date });
    }
    match after(corrected, conclusion_date) {
        None => Ok(()),
        Some((first, first_date)) => Err(Rejection::CorrectionContradictsAct {
            first,
            first_date,
            second: "conclusion",
            second_date: conclusion_date,
            field: "correction.conclusion_date",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ApplicantKind, Disposition, NotDisclosed, Other, Refusal, application::evolve,
    };

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn receive(on: &str) -> Command {
        Command::Receive(Receive {
            applicant_kind: ApplicantKind::NaturalPerson,
            receipt_date: Some(day(on)),
            channel: Some(Channel::Internet),
            applicant_ref: ShortText::default(),
            arrival: None,
            still_open: false,
        })
    }

    fn grant(on: &str) -> Command {
        Command::Decide(Decide {
            disposition: Disposition::Granted,
            decision_date: day(on),
            document_no: ShortText::parse("〔2020〕1号").unwrap(),
            delivery: Delivery::default(),
        })
    }

    fn withdraw(on: &str) -> Command {
        Command::Withdraw(Withdraw { withdrawal_date: day(on) })
    }

    fn nothing_corrected() -> CorrectEntry {
        CorrectEntry {
            correction_date: day("2020-12-01"),
            applicant_kind: None,
            receipt_date: None,
            channel: None,
            conclusion_date: None,
            disposition: None,
            document_no: None,
            explanation: ShortText::parse("录入错误").unwrap(),
        }
    }

    /// Given a history of commands that are taken, what becomes of one more.
    #[track_caller]
    fn after(given: Vec<Command>, when: Command) -> Result<(Application, usize), &'static str> {
        let mut state = None;
        for command in given {
            for event in decide(state.as_ref(), command).expect("the given history is valid") {
                state = evolve(state, &event);
            }
        }
        let events = decide(state.as_ref(), when).map_err(|rejection| rejection.reason())?;
        let state = events.iter().fold(state, evolve).expect("received");
        Ok((state, events.len()))
    }

    #[test]
    fn a_received_application_is_open_until_decided() {
        let (state, events) = after(vec![], receive("2020-03-02")).unwrap();
        assert_eq!((events, state.conclusion), (1, None));
        let (state, events) = after(vec![receive("2020-03-02")], grant("2020-03-20")).unwrap();
        assert_eq!(events, 1);
        assert_eq!(
            state.conclusion,
            Some(Conclusion {
                disposition: Disposition::Granted,
                date: day("2020-03-20"),
                document_no: ShortText::parse("〔2020〕1号").unwrap(),
                decision_date: None,
                delivery: Delivery::default(),
                is_withdrawal: false,
                amendments: Vec::new(),
            })
        );
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let history = || vec![receive("2020-03-02"), grant("2020-03-20")];
        let cases = [
            (vec![], grant("2020-03-20"), "APPLICATION_NOT_FOUND"),
            (vec![receive("2020-03-02")], grant("2020-03-01"), "DECISION_BEFORE_RECEIPT"),
            (history(), grant("2020-03-21"), "APPLICATION_ALREADY_CONCLUDED"),
            (history(), receive("2020-03-03"), "APPLICATION_ALREADY_RECEIVED"),
            (vec![receive("2020-03-02")], withdraw("2020-03-01"), "WITHDRAWAL_BEFORE_RECEIPT"),
            (
                vec![receive("2020-03-02"), withdraw("2020-03-05")],
                withdraw("2020-03-06"),
                "APPLICATION_ALREADY_WITHDRAWN",
            ),
            (history(), Command::CorrectEntry(nothing_corrected()), "NOTHING_TO_CORRECT"),
            (
                vec![receive("2020-03-02")],
                Command::CorrectEntry(CorrectEntry {
                    disposition: Some(Disposition::Partial),
                    ..nothing_corrected()
                }),
                "APPLICATION_NOT_CONCLUDED",
            ),
            (
                history(),
                Command::CorrectEntry(CorrectEntry {
                    receipt_date: Some(day("2020-03-21")),
                    ..nothing_corrected()
                }),
                "CORRECTION_CONTRADICTS",
            ),
            (
                history(),
                Command::CorrectEntry(CorrectEntry {
                    channel: Some(Channel::Fax),
                    explanation: ShortText::default(),
                    ..nothing_corrected()
                }),
                "EXPLANATION_MISSING",
            ),
        ];
        for (given, when, reason) in cases {
            assert_eq!(after(given, when.clone()), Err(reason), "{when:?}");
        }
    }

    #[test]
    fn saying_again_what_is_recorded_adds_nothing() {
        let history = || vec![receive("2020-03-02"), grant("2020-03-20")];
        assert_eq!(after(history(), receive("2020-03-02")).unwrap().1, 0);
        assert_eq!(after(history(), grant("2020-03-20")).unwrap().1, 0);
    }

    #[test]
    fn a_withdrawal_concludes_an_open_application_only() {
        let (state, _) = after(vec![receive("2020-03-02")], withdraw("2020-03-05")).unwrap();
        let conclusion = state.conclusion.unwrap();
        assert_eq!(conclusion.disposition, Disposition::Other(Other::Misc));
        assert_eq!(conclusion.date, day("2020-03-05"));

        let decided = vec![receive("2020-03-02"), grant("2020-03-20")];
        let (state, events) = after(decided, withdraw("2020-03-25")).unwrap();
        assert_eq!(events, 1);
        assert_eq!(state.conclusion.unwrap().disposition, Disposition::Granted);
    }

    #[test]
    fn a_correction_changes_only_what_it_names() {
        let correction = CorrectEntry {
            applicant_kind: Some(ApplicantKind::CommercialEnterprise),
            disposition: Some(Disposition::NotDisclosed(NotDisclosed::StateSecret)),
            ..nothing_corrected()
        };
        let (state, events) = after(
            vec![receive("2020-03-02"), grant("2020-03-20")],
            Command::CorrectEntry(correction.clone()),
        )
        .unwrap();
        assert_eq!(events, 1);
        assert_eq!(state.applicant_kind, ApplicantKind::CommercialEnterprise);
        assert_eq!(state.receipt_date, day("2020-03-02"));
        let conclusion = state.conclusion.unwrap();
        assert_eq!(conclusion.disposition, Disposition::NotDisclosed(NotDisclosed::StateSecret));
        assert_eq!(conclusion.date, day("2020-03-20"));

        let again = vec![
            receive("2020-03-02"),
            grant("2020-03-20"),
            Command::CorrectEntry(correction.clone()),
        ];
        assert_eq!(after(again, Command::CorrectEntry(correction)).unwrap().1, 0);
    }
}
