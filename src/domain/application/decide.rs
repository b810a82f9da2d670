//! Which events an act upon an application gives rise to.

use super::{
    command::{Command, CorrectEntry, Decide, Receive, Withdraw},
    event::{Decided, EntryCorrected, Event, Received, Withdrawn},
    rejection::Rejection,
    state::Application,
};

/// Decides on a command.
///
/// A command that says again what is recorded gives rise to no events.
///
/// # Errors
///
/// When the command contradicts what is recorded.
pub fn decide(state: Option<&Application>, command: Command) -> Result<Vec<Event>, Rejection> {
    match (state, command) {
        (None, Command::Receive(receive)) => Ok(vec![received(receive)]),
        (Some(application), Command::Receive(receive)) => receive_again(application, &receive),
        (None, Command::Decide(_) | Command::Withdraw(_) | Command::CorrectEntry(_)) => {
            Err(Rejection::NotReceived)
        }
        (Some(application), Command::Decide(decision)) => conclude(application, decision),
        (Some(application), Command::Withdraw(withdrawal)) => withdraw(application, &withdrawal),
        (Some(application), Command::CorrectEntry(correction)) => correct(application, correction),
    }
}

fn received(receive: Receive) -> Event {
    let Receive { applicant_kind, receipt_date, channel, applicant_ref } = receive;
    Event::Received(Received { applicant_kind, receipt_date, channel, applicant_ref })
}

/// What the command leaves unsaid (channel, reference) does not contradict the record.
fn receive_again(application: &Application, receive: &Receive) -> Result<Vec<Event>, Rejection> {
    let other_channel = receive.channel.is_some() && receive.channel != application.channel;
    let other_ref =
        !receive.applicant_ref.is_empty() && receive.applicant_ref != application.applicant_ref;
    if receive.applicant_kind == application.applicant_kind
        && receive.receipt_date == application.receipt_date
        && !other_channel
        && !other_ref
    {
        return Ok(Vec::new());
    }
    let by = |channel: Option<crate::domain::Channel>| match channel {
        Some(channel) if other_channel => format!(" by {channel}"),
        None if other_channel => " by an unstated channel".to_owned(),
        Some(_) | None if other_ref => " under another applicant reference".to_owned(),
        Some(_) | None => String::new(),
    };
    Err(Rejection::AlreadyReceived {
        recorded_date: application.receipt_date,
        recorded_kind: application.applicant_kind,
        recorded_channel: by(application.channel),
        stated_date: receive.receipt_date,
        stated_kind: receive.applicant_kind,
        stated_channel: by(receive.channel),
    })
}

fn conclude(application: &Application, decision: Decide) -> Result<Vec<Event>, Rejection> {
    let Decide { disposition, decision_date, document_no } = decision;
    if let Some(conclusion) = &application.conclusion {
        let other_document = !document_no.is_empty() && document_no != conclusion.document_no;
        if conclusion.disposition == disposition
            && conclusion.date == decision_date
            && !other_document
        {
            return Ok(Vec::new());
        }
        let under = |number: &crate::domain::ShortText| match number.as_str() {
            _ if !other_document => String::new(),
            "" => " without a document number".to_owned(),
            number => format!(" under {number}"),
        };
        return Err(Rejection::AlreadyConcluded {
            recorded_date: conclusion.date,
            recorded: conclusion.disposition,
            recorded_document: under(&conclusion.document_no),
            stated_date: decision_date,
            stated: disposition,
            stated_document: under(&document_no),
        });
    }
    if decision_date < application.receipt_date {
        return Err(Rejection::DecisionBeforeReceipt {
            receipt_date: application.receipt_date,
            decision_date,
        });
    }
    Ok(vec![Event::Decided(Decided { disposition, decision_date, document_no })])
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
        None => Ok(vec![Event::Withdrawn(Withdrawn { withdrawal_date })]),
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
        return Err(Rejection::ExplanationMissing);
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
    match &corrected.conclusion {
        _ if corrected == *application => Ok(Vec::new()),
        Some(conclusion) if conclusion.date < corrected.receipt_date => {
            Err(Rejection::CorrectionContradicts {
                receipt_date: corrected.receipt_date,
                conclusion_date: conclusion.date,
            })
        }
        Some(_) | None => Ok(vec![Event::EntryCorrected(event)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ApplicantKind, Channel, Disposition, LegalDate, NotDisclosed, Other, Refusal, ShortText,
        application::{Conclusion, evolve},
    };

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn receive(on: &str) -> Command {
        Command::Receive(Receive {
            applicant_kind: ApplicantKind::NaturalPerson,
            receipt_date: day(on),
            channel: Some(Channel::Internet),
            applicant_ref: ShortText::default(),
        })
    }

    fn grant(on: &str) -> Command {
        Command::Decide(Decide {
            disposition: Disposition::Granted,
            decision_date: day(on),
            document_no: ShortText::parse("〔2020〕1号").unwrap(),
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
