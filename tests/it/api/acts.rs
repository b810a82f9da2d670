//! The acts between receipt and conclusion, and after: taken, shown, refused.
#![cfg(test)]
#![expect(clippy::needless_update, reason = "some requests are stated in full, others not")]

use disclosure_ledger::wire::pb::{
    event::v1::{
        AgencyOpinion, AmendmentBasis, Arrival, Channel, DeliveryMethod, Disposition, FeeBasis,
        ThirdPartyOpinion,
    },
    v1::{
        self as pb, ApplicationStage as Stage, ApplicationState, LapseCause,
        record_rows_request::Command,
    },
};

use super::refusals::check;
use crate::support::{
    AGENCY, TestServer, contradicts, date, decide, fresh, invalid, missing, receive, withdraw,
};

/// A command upon an application of [`AGENCY`]; what is not said is left out.
macro_rules! act {
    ($id:expr, $command:ident($request:ident { $($field:ident $(: $value:expr)?),* $(,)? })) => {
        Command::$command(pb::$request {
            write: fresh(),
            agency_id: AGENCY.to_owned(),
            application_id: $id.to_owned(),
            $($field $(: $value)?,)*
            ..Default::default()
        })
    };
}

fn ask_correction(id: &str, on: &str) -> Command {
    act!(id, RequestCorrection(RequestCorrectionRequest { notice_date: date(on) }))
}

fn corrected(id: &str, on: &str) -> Command {
    act!(id, AcceptCorrection(AcceptCorrectionRequest { corrected_date: date(on) }))
}

fn consult(id: &str, consultation: i32, on: &str) -> Command {
    act!(id, ConsultThirdParty(ConsultThirdPartyRequest { consultation, sent_date: date(on) }))
}

fn opinion(id: &str, consultation: i32, opinion: ThirdPartyOpinion, on: &str) -> Command {
    let (opinion, answer_date) = (opinion.into(), date(on));
    act!(
        id,
        RegisterThirdPartyOpinion(RegisterThirdPartyOpinionRequest {
            consultation,
            opinion,
            answer_date
        })
    )
}

fn consult_agency(id: &str, consultation: i32, on: &str) -> Command {
    let sent_date = date(on);
    act!(id, ConsultAgency(ConsultAgencyRequest { consultation, sent_date, made_jointly: true }))
}

fn agency_opinion(id: &str, consultation: i32, opinion: AgencyOpinion, on: &str) -> Command {
    let (opinion, answer_date) = (opinion.into(), date(on));
    act!(
        id,
        RegisterAgencyOpinion(RegisterAgencyOpinionRequest { consultation, opinion, answer_date })
    )
}

fn extend(id: &str, working_days: i32, on: &str) -> Command {
    act!(id, ExtendDeadline(ExtendDeadlineRequest { notice_date: date(on), working_days }))
}

fn ask_reasons(id: &str, on: &str) -> Command {
    act!(id, RequestReasons(RequestReasonsRequest { notice_date: date(on) }))
}

fn reasons(id: &str, on: &str) -> Command {
    act!(id, AcceptReasons(AcceptReasonsRequest { answer_date: date(on) }))
}

fn postpone(id: &str, on: &str, until: &str) -> Command {
    let (notice_date, due_date) = (date(on), date(until));
    act!(id, PostponeReply(PostponeReplyRequest { notice_date, due_date }))
}

fn fee(id: &str, amount_fen: i64, on: &str) -> Command {
    act!(id, NotifyFee(NotifyFeeRequest { notice_date: date(on), amount_fen }))
}

fn paid(id: &str, on: &str) -> Command {
    act!(id, RegisterFeePayment(RegisterFeePaymentRequest { payment_date: date(on) }))
}

fn lapse(id: &str, cause: LapseCause, on: &str) -> Command {
    let cause = cause.into();
    act!(id, LapseApplication(LapseApplicationRequest { cause, lapse_date: date(on) }))
}

fn amend(id: &str, basis: AmendmentBasis, case_id: &str, on: &str) -> Command {
    let (amendment_date, basis, case_id) = (date(on), basis.into(), case_id.to_owned());
    act!(id, AmendDecision(AmendDecisionRequest { amendment_date, basis, case_id }))
}

fn reopen(id: &str, explanation: &str, on: &str) -> Command {
    let (reopening_date, explanation) = (date(on), explanation.to_owned());
    act!(id, ReopenApplication(ReopenApplicationRequest { reopening_date, explanation }))
}

fn void(id: &str, explanation: &str) -> Command {
    let explanation = explanation.to_owned();
    act!(id, VoidApplicationEntry(VoidApplicationEntryRequest { explanation }))
}

async fn get(server: &TestServer, id: &str) -> pb::Application {
    let request =
        pb::GetApplicationRequest { agency_id: AGENCY.to_owned(), application_id: id.to_owned() };
    let answer = server.applications().get_application(request).await.unwrap().into_inner();
    answer.application.unwrap()
}

/// Takes acts one by one; what the application waits for after each.
async fn stages(server: &TestServer, id: &str, acts: Vec<(Command, Stage)>) {
    for (command, stage) in acts {
        let said = format!("{command:?}");
        let receipt = server.given(vec![command]).await;
        assert!(!receipt.unchanged, "{said}");
        let found = get(server, id).await;
        assert_eq!(found.stage(), stage, "{said}");
        assert_eq!(found.version, receipt.version, "{said}");
    }
}

async fn tables(server: &TestServer, year: i32) -> std::collections::BTreeMap<String, Option<i64>> {
    let selector = pb::ReportSelector { agency_id: AGENCY.to_owned(), year, ..Default::default() };
    let mut cells = server.tables(selector).await;
    cells.retain(|cell, value| {
        cell.starts_with("applications.") && cell.ends_with(".natural_person") && *value != Some(0)
    });
    cells
}

#[track_caller]
fn assert_rows(tables: std::collections::BTreeMap<String, Option<i64>>, rows: &[&str]) {
    let found: Vec<_> = tables
        .into_iter()
        .map(|(cell, value)| {
            format!("{} {}", cell.split('.').skip(1).collect::<Vec<_>>().join("."), value.unwrap())
        })
        .map(|cell| cell.replace(".natural_person", ""))
        .collect();
    assert_eq!(found, rows);
}

#[tokio::test]
async fn a_whole_course_is_taken_and_shown() {
    let server = TestServer::with_agency().await;
    let id = "1";
    let notice = act!(
        id,
        RequestCorrection(RequestCorrectionRequest {
            notice_date: date("2025-09-05"),
            due_date: date("2025-09-19"),
            explanation: "内容不明确".to_owned(),
        })
    );
    let fee_notice = act!(
        id,
        NotifyFee(NotifyFeeRequest {
            notice_date: date("2025-10-20"),
            delivery_date: date("2025-10-21"),
            amount_fen: 14_000,
            basis: FeeBasis::Pages.into(),
        })
    );
    let decision = pb::DecideApplicationRequest {
        delivery: Some(pb::Delivery {
            method: DeliveryMethod::Postal.into(),
            delivery_date: date("2026-01-05"),
        }),
        ..decide(id, Disposition::Partial, "2025-12-31")
    };
    stages(
        &server,
        id,
        vec![
            (Command::ReceiveApplication(receive(id, "2025-09-01")), Stage::Running),
            (notice, Stage::AwaitingCorrection),
            (corrected(id, "2025-09-12"), Stage::Running),
            (consult(id, 1, "2025-09-15"), Stage::AwaitingOpinion),
            (consult_agency(id, 2, "2025-09-16"), Stage::AwaitingOpinion),
            (
                opinion(id, 1, ThirdPartyOpinion::RefusesWithReason, "2025-09-25"),
                Stage::AwaitingOpinion,
            ),
            (agency_opinion(id, 2, AgencyOpinion::Consents, "2025-09-26"), Stage::Running),
            (extend(id, 20, "2025-10-15"), Stage::Running),
            (fee_notice, Stage::AwaitingPayment),
            (paid(id, "2025-11-03"), Stage::Running),
            (ask_reasons(id, "2025-11-03"), Stage::AwaitingReasons),
            (reasons(id, "2025-11-04"), Stage::Running),
            (postpone(id, "2025-11-05", "2026-01-30"), Stage::Running),
            (Command::DecideApplication(decision), Stage::Concluded),
            (amend(id, AmendmentBasis::Reconsideration, "复议1", "2026-04-01"), Stage::Concluded),
        ],
    )
    .await;

    let found = get(&server, id).await;
    assert_eq!(found.conclusion_date, date("2026-01-05"));
    assert_eq!(found.decision_date, date("2025-12-31"));
    assert_eq!(found.delivery_method(), DeliveryMethod::Postal);
    let expected = pb::Proceedings {
        arrival: None,
        corrections: vec![pb::Correction {
            notice_date: date("2025-09-05"),
            due_date: date("2025-09-19"),
            explanation: "内容不明确".to_owned(),
            corrected_date: date("2025-09-12"),
        }],
        consultations: vec![
            pb::Consultation {
                consultation: 1,
                of_third_party: true,
                sent_date: date("2025-09-15"),
                answer_date: date("2025-09-25"),
                third_party_opinion: ThirdPartyOpinion::RefusesWithReason.into(),
                ..Default::default()
            },
            pb::Consultation {
                consultation: 2,
                made_jointly: true,
                sent_date: date("2025-09-16"),
                answer_date: date("2025-09-26"),
                agency_opinion: AgencyOpinion::Consents.into(),
                ..Default::default()
            },
        ],
        extensions: vec![pb::Extension {
            notice_date: date("2025-10-15"),
            working_days: 20,
            explanation: String::new(),
        }],
        reasons_notices: vec![pb::ReasonsNotice {
            notice_date: date("2025-11-03"),
            explanation: String::new(),
            answer_date: date("2025-11-04"),
        }],
        postponements: vec![pb::Postponement {
            notice_date: date("2025-11-05"),
            due_date: date("2026-01-30"),
            explanation: String::new(),
        }],
        fees: vec![pb::Fee {
            notice_date: date("2025-10-20"),
            delivery_date: date("2025-10-21"),
            amount_fen: 14_000,
            basis: FeeBasis::Pages.into(),
            payment_date: date("2025-11-03"),
        }],
        amendments: vec![pb::Amendment {
            amendment_date: date("2026-04-01"),
            basis: AmendmentBasis::Reconsideration.into(),
            case_id: "复议1".to_owned(),
            ..Default::default()
        }],
        reopenings: Vec::new(),
    };
    assert_eq!(found.proceedings, Some(expected));
    // The result counts in the year of the posting, and the first one only.
    assert_rows(tables(&server, 2025).await, &["carried_out 1", "new_received 1"]);
    assert_rows(tables(&server, 2026).await, &["carried_in 1", "partial 1", "result_total 1"]);
}

#[tokio::test]
async fn a_lapse_is_a_result_and_taking_up_again_takes_it_back() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2023-11-01")),
            ask_correction("1", "2023-11-03"),
            lapse("1", LapseCause::CorrectionOverdue, "2023-12-01"),
            Command::ReceiveApplication(receive("2", "2023-11-01")),
            fee("2", 10_000, "2023-11-03"),
            lapse("2", LapseCause::FeeOverdue, "2023-12-04"),
        ])
        .await;
    let lapsed =
        ["new_received 2", "other.correction_overdue 1", "other.fee_overdue 1", "result_total 2"];
    assert_rows(tables(&server, 2023).await, &lapsed);
    assert_eq!(get(&server, "2").await.disposition(), Disposition::OtherFeeOverdue);

    server.given(vec![reopen("1", "逾期有正当理由", "2024-01-02")]).await;
    let found = get(&server, "1").await;
    assert_eq!((found.state(), found.conclusion_date), (ApplicationState::Open, None));
    assert_eq!(found.proceedings.unwrap().reopenings.len(), 1);
    let open = ["carried_out 1", "new_received 2", "other.fee_overdue 1", "result_total 1"];
    assert_rows(tables(&server, 2023).await, &open);
    assert_rows(tables(&server, 2024).await, &["carried_in 1", "carried_out 1"]);

    let granted = Command::DecideApplication(decide("1", Disposition::Granted, "2024-01-15"));
    server.given(vec![corrected("1", "2024-01-02"), granted]).await;
    let ended = ["carried_in 1", "granted 1", "result_total 1"];
    assert_rows(tables(&server, 2024).await, &ended);
}

#[tokio::test]
async fn what_is_void_counts_nowhere_and_is_listed_as_such() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2022-12-01")),
            Command::DecideApplication(decide("1", Disposition::Granted, "2023-01-10")),
            Command::ReceiveApplication(receive("2", "2022-12-01")),
        ])
        .await;
    assert_rows(tables(&server, 2022).await, &["carried_out 2", "new_received 2"]);
    let before = server.head();
    server.given(vec![void("1", "重复登记")]).await;
    assert_rows(tables(&server, 2022).await, &["carried_out 1", "new_received 1"]);
    assert_rows(tables(&server, 2023).await, &["carried_in 1", "carried_out 1"]);
    // As of then it was one of two.
    let selector = pb::ReportSelector {
        agency_id: AGENCY.to_owned(),
        year: 2022,
        as_of: Some(pb::report_selector::AsOf::AsOfPosition(before)),
        ..Default::default()
    };
    let then = server.tables(selector).await;
    assert_eq!(then["applications.new_received.natural_person"], Some(2));

    let found = get(&server, "1").await;
    // The day on which it is declared void is today unless stated: the clock stands in 2024.
    assert_eq!((found.state(), found.void_date), (ApplicationState::Voided, date("2024-01-02")));
    for (state, expected) in [
        (ApplicationState::Voided, vec!["1"]),
        (ApplicationState::Open, vec!["2"]),
        (ApplicationState::Concluded, vec![]),
        (ApplicationState::Unspecified, vec!["1", "2"]),
    ] {
        let filter = pb::ApplicationFilter { state: state.into(), ..Default::default() };
        let request = pb::ListApplicationsRequest {
            agency_id: AGENCY.to_owned(),
            filter: Some(filter),
            ..Default::default()
        };
        let page = server.applications().list_applications(request).await.unwrap().into_inner();
        let ids: Vec<_> = page.applications.iter().map(|found| &found.application_id).collect();
        assert_eq!(ids, expected, "{state:?}");
    }
    assert!(server.given(vec![void("1", "重复登记")]).await.unchanged);
}

/// An application that arrived by a letter.
fn by_letter(id: &str, arrival: Arrival) -> pb::ReceiveApplicationRequest {
    pb::ReceiveApplicationRequest {
        channel: Channel::OrdinaryMail.into(),
        receipt_date: None,
        arrival: Some(arrival),
        ..receive(id, "2020-03-02")
    }
}

#[tokio::test]
async fn the_receipt_date_follows_from_how_an_application_arrived() {
    let server = TestServer::with_agency().await;
    let arrival = Arrival {
        is_misaddressed: true,
        submission_date: date("2025-02-26"),
        arrival_date: date("2025-03-03"),
        confirmation_date: date("2025-03-05"),
    };
    server.given(vec![Command::ReceiveApplication(by_letter("1", arrival))]).await;
    let found = get(&server, "1").await;
    assert_eq!(found.receipt_date, date("2025-03-05"));
    assert_eq!(found.proceedings.unwrap().arrival, Some(arrival));

    let unconfirmed = Arrival { confirmation_date: None, ..arrival };
    let stated = pb::ReceiveApplicationRequest {
        receipt_date: date("2025-03-04"),
        ..by_letter("2", arrival)
    };
    let without_channel = pb::ReceiveApplicationRequest { channel: 0, ..by_letter("2", arrival) };
    let impossible = Arrival { arrival_date: date("2025-02-30"), ..arrival };
    for (request, expected) in [
        (
            by_letter("2", unconfirmed),
            contradicts("RECEIPT_DATE_UNKNOWN", &["arrival.confirmation_date"]),
        ),
        (stated, contradicts("RECEIPT_DATE_CONTRADICTS", &["receipt_date"])),
        (
            by_letter("2", Arrival { submission_date: date("2025-03-04"), ..arrival }),
            contradicts("DATES_REVERSED", &["arrival.arrival_date"]),
        ),
        (
            by_letter("1", unconfirmed),
            contradicts("RECEIPT_DATE_UNKNOWN", &["arrival.confirmation_date"]),
        ),
        (without_channel, invalid(&["channel"])),
        (by_letter("2", impossible), invalid(&["arrival.arrival_date"])),
    ] {
        check(&server, Command::ReceiveApplication(request), expected).await;
    }
}

#[tokio::test]
async fn contradictions_are_refused_by_every_door() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("open", "2025-03-03")),
            consult("open", 1, "2025-03-10"),
            extend("open", 5, "2025-03-20"),
            Command::ReceiveApplication(receive("done", "2025-03-03")),
            Command::DecideApplication(decide("done", Disposition::Granted, "2025-03-20")),
            Command::ReceiveApplication(receive("answered", "2025-03-03")),
            ask_correction("answered", "2025-03-05"),
            corrected("answered", "2025-03-07"),
            fee("answered", 100, "2025-03-10"),
            paid("answered", "2025-03-11"),
            ask_reasons("answered", "2025-03-12"),
            reasons("answered", "2025-03-13"),
            Command::ReceiveApplication(receive("void", "2025-03-03")),
            void("void", "误"),
        ])
        .await;
    let consents = ThirdPartyOpinion::Consents;
    let (own, judgment) = (AmendmentBasis::OwnInitiative, AmendmentBasis::Judgment);
    let correction = LapseCause::CorrectionOverdue;
    let delivered = |on| pb::DecideApplicationRequest {
        delivery: Some(pb::Delivery { delivery_date: date(on), ..Default::default() }),
        ..decide("open", Disposition::Granted, "2025-03-20")
    };
    let early = |field| contradicts("ACT_BEFORE_RECEIPT", field);
    let late = contradicts("ACT_AFTER_CONCLUSION", &["notice_date"]);
    let otherwise = |field| contradicts("ACT_RECORDED_OTHERWISE", field);
    for (command, expected) in [
        (
            ask_correction("none", "2025-03-05"),
            missing("APPLICATION_NOT_FOUND", &["application_id"]),
        ),
        (
            lapse("none", correction, "2025-03-05"),
            missing("APPLICATION_NOT_FOUND", &["application_id"]),
        ),
        (ask_correction("open", "2025-03-02"), early(&["notice_date"])),
        (consult("open", 2, "2025-03-02"), early(&["sent_date"])),
        (postpone("open", "2025-03-02", "2025-06-30"), early(&["notice_date"])),
        (ask_correction("done", "2025-03-21"), late),
        (extend("done", 5, "2025-03-21"), late),
        (ask_reasons("done", "2025-03-21"), late),
        (postpone("done", "2025-03-21", "2025-06-30"), late),
        (fee("done", 100, "2025-03-21"), late),
        (extend("open", 6, "2025-03-20"), otherwise(&["notice_date"])),
        (consult("open", 1, "2025-03-11"), otherwise(&["consultation"])),
        (consult_agency("open", 1, "2025-03-10"), otherwise(&["consultation"])),
        (
            opinion("open", 2, consents, "2025-03-12"),
            contradicts("CONSULTATION_NOT_FOUND", &["consultation"]),
        ),
        (
            agency_opinion("open", 1, AgencyOpinion::Consents, "2025-03-12"),
            contradicts("CONSULTATION_OF_OTHER", &["consultation"]),
        ),
        (
            opinion("open", 1, consents, "2025-03-09"),
            contradicts("DATES_REVERSED", &["answer_date"]),
        ),
        (
            postpone("open", "2025-03-20", "2025-03-19"),
            contradicts("DATES_REVERSED", &["due_date"]),
        ),
        (
            Command::DecideApplication(delivered("2025-03-19")),
            contradicts("DATES_REVERSED", &["delivery.delivery_date"]),
        ),
        (
            corrected("open", "2025-03-20"),
            contradicts("CORRECTION_NOT_REQUESTED", &["corrected_date"]),
        ),
        (
            corrected("answered", "2025-03-20"),
            contradicts("CORRECTION_ALREADY_RECEIVED", &["corrected_date"]),
        ),
        (reasons("open", "2025-03-20"), contradicts("REASONS_NOT_REQUESTED", &["answer_date"])),
        (
            reasons("answered", "2025-03-20"),
            contradicts("REASONS_ALREADY_RECEIVED", &["answer_date"]),
        ),
        (paid("open", "2025-03-20"), contradicts("FEE_NOT_NOTIFIED", &["payment_date"])),
        (paid("answered", "2025-03-20"), contradicts("FEE_ALREADY_PAID", &["payment_date"])),
        (
            lapse("open", correction, "2025-03-20"),
            contradicts("CORRECTION_NOT_REQUESTED", &["cause"]),
        ),
        (
            lapse("open", LapseCause::FeeOverdue, "2025-03-20"),
            contradicts("FEE_NOT_NOTIFIED", &["cause"]),
        ),
        (
            lapse("answered", correction, "2025-03-20"),
            contradicts("CORRECTION_ALREADY_RECEIVED", &["cause"]),
        ),
        (
            lapse("answered", LapseCause::FeeOverdue, "2025-03-20"),
            contradicts("FEE_ALREADY_PAID", &["cause"]),
        ),
        (
            lapse("done", correction, "2025-03-20"),
            contradicts("APPLICATION_ALREADY_CONCLUDED", &["cause"]),
        ),
        (
            Command::DecideApplication(decide("open", Disposition::Granted, "2025-03-19")),
            contradicts("CONCLUSION_BEFORE_ACT", &["decision_date"]),
        ),
        (
            Command::WithdrawApplication(withdraw("open", "2025-03-19")),
            contradicts("CONCLUSION_BEFORE_ACT", &["withdrawal_date"]),
        ),
        (
            amend("open", own, "", "2025-03-20"),
            contradicts("APPLICATION_NOT_CONCLUDED", &["application_id"]),
        ),
        (
            amend("done", own, "", "2025-03-19"),
            contradicts("ACT_BEFORE_CONCLUSION", &["amendment_date"]),
        ),
        (amend("done", judgment, "", "2025-06-20"), contradicts("CASE_MISSING", &["case_id"])),
        (
            reopen("open", "误", "2025-03-20"),
            contradicts("APPLICATION_NOT_CONCLUDED", &["application_id"]),
        ),
        (
            reopen("done", "误", "2025-03-19"),
            contradicts("ACT_BEFORE_CONCLUSION", &["reopening_date"]),
        ),
        (reopen("done", "", "2025-03-20"), contradicts("EXPLANATION_MISSING", &["explanation"])),
        (void("done", ""), contradicts("EXPLANATION_MISSING", &["explanation"])),
        (extend("void", 5, "2025-03-20"), contradicts("ENTRY_VOIDED", &["application_id"])),
        (
            Command::ReceiveApplication(receive("void", "2025-03-03")),
            contradicts("ENTRY_VOIDED", &["application_id"]),
        ),
    ] {
        check(&server, command, expected).await;
    }
}

#[tokio::test]
async fn fields_of_acts_that_cannot_be() {
    let server = TestServer::with_agency().await;
    server.given(vec![Command::ReceiveApplication(receive("1", "2025-03-03"))]).await;
    let consents = ThirdPartyOpinion::Consents;
    let long = "n".repeat(257);
    let method = pb::DecideApplicationRequest {
        delivery: Some(pb::Delivery { method: 99, delivery_date: date("2025-03-32") }),
        ..decide("1", Disposition::Granted, "2025-03-20")
    };
    let basis = act!(
        "1",
        NotifyFee(NotifyFeeRequest { notice_date: date("2025-03-20"), amount_fen: 1, basis: 9 })
    );
    let amended = act!(
        "1",
        AmendDecision(AmendDecisionRequest {
            amendment_date: date("2025-03-20"),
            basis: 1,
            case_id: " ".to_owned(),
            disposition: 30,
        })
    );
    for (command, expected) in [
        (ask_correction("1", "2025-02-29"), invalid(&["notice_date"])),
        (act!("1", RequestCorrection(RequestCorrectionRequest {})), invalid(&["notice_date"])),
        (act!("1", AcceptCorrection(AcceptCorrectionRequest {})), invalid(&["corrected_date"])),
        (corrected("", "2025-03-05"), invalid(&["application_id"])),
        (consult("1", 0, "2025-03-05"), invalid(&["consultation"])),
        (consult("1", -1, "2025-03-05"), invalid(&["consultation"])),
        (consult("1", 10_000, "2025-03-05"), invalid(&["consultation"])),
        (
            act!("1", ConsultAgency(ConsultAgencyRequest {})),
            invalid(&["consultation", "sent_date"]),
        ),
        (opinion("1", 1, ThirdPartyOpinion::Unspecified, "2025-03-05"), invalid(&["opinion"])),
        (agency_opinion("1", 1, AgencyOpinion::Unspecified, "2025-03-05"), invalid(&["opinion"])),
        (opinion("1", 70_000, consents, "2025-03-05"), invalid(&["consultation"])),
        (extend("1", 0, "2025-03-05"), invalid(&["working_days"])),
        (extend("1", 1000, "2025-03-05"), invalid(&["working_days"])),
        (act!("1", PostponeReply(PostponeReplyRequest {})), invalid(&["notice_date", "due_date"])),
        (act!("1", RequestReasons(RequestReasonsRequest {})), invalid(&["notice_date"])),
        (act!("1", AcceptReasons(AcceptReasonsRequest {})), invalid(&["answer_date"])),
        (fee("1", 0, "2025-03-05"), invalid(&["amount_fen"])),
        (fee("1", -5, "2025-03-05"), invalid(&["amount_fen"])),
        (basis, invalid(&["basis"])),
        (act!("1", RegisterFeePayment(RegisterFeePaymentRequest {})), invalid(&["payment_date"])),
        (lapse("1", LapseCause::Unspecified, "2025-03-05"), invalid(&["cause"])),
        (
            act!("1", LapseApplication(LapseApplicationRequest { cause: 9 })),
            invalid(&["cause", "lapse_date"]),
        ),
        (amended, invalid(&["case_id", "disposition"])),
        (act!("1", AmendDecision(AmendDecisionRequest {})), invalid(&["amendment_date", "basis"])),
        (act!("1", ReopenApplication(ReopenApplicationRequest {})), invalid(&["reopening_date"])),
        (reopen("1", &long, "2025-03-05"), invalid(&["explanation"])),
        (void("1", &long), invalid(&["explanation"])),
        (
            Command::DecideApplication(method),
            invalid(&["delivery.method", "delivery.delivery_date"]),
        ),
    ] {
        check(&server, command, expected).await;
    }
}

#[tokio::test]
async fn what_is_irregular_is_recorded() {
    let server = TestServer::with_agency().await;
    server
        .given(vec![
            Command::ReceiveApplication(receive("1", "2025-03-03")),
            ask_correction("1", "2025-03-20"),
            ask_correction("1", "2025-03-24"),
            corrected("1", "2025-03-26"),
            extend("1", 40, "2025-04-23"),
            extend("1", 20, "2025-04-24"),
            consult("1", 7, "2025-04-25"),
            opinion("1", 7, ThirdPartyOpinion::NoReply, "2025-05-20"),
            opinion("1", 7, ThirdPartyOpinion::Consents, "2025-05-28"),
            Command::DecideApplication(decide("1", Disposition::Granted, "2025-12-01")),
            consult_agency("1", 8, "2025-12-02"),
            agency_opinion("1", 8, AgencyOpinion::Refuses, "2025-12-05"),
        ])
        .await;
    let found = get(&server, "1").await.proceedings.unwrap();
    assert_eq!((found.corrections.len(), found.extensions.len()), (2, 2));
    assert_eq!(found.consultations[0].third_party_opinion(), ThirdPartyOpinion::Consents);
    assert_eq!(found.consultations[1].answer_date, date("2025-12-05"));
}
