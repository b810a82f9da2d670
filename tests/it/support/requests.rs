//! Requests that are well formed, each with an id of its own, about the agency [`AGENCY`].
#![cfg(test)]

use std::sync::atomic::{AtomicU64, Ordering};

use disclosure_ledger::wire::pb::{
    event::v1::{ApplicantKind, Channel, CivilDate, Disposition, Figure, RemedyResult, Section},
    v1::{self as pb, LitigationRoute, record_rows_request::Command},
};

/// The agency that requests are about unless they say otherwise.
pub(crate) const AGENCY: &str = "a";

/// How to write, under an id that no other request has.
pub(crate) fn fresh() -> Option<pb::WriteOptions> {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    named(&format!("test-{}", REQUESTS.fetch_add(1, Ordering::Relaxed)))
}

/// How to write, under an id.
pub(crate) fn named(request_id: &str) -> Option<pb::WriteOptions> {
    Some(pb::WriteOptions { request_id: request_id.to_owned(), ..Default::default() })
}

/// A date as the wire carries it, real or not.
pub(crate) fn date(text: &str) -> Option<CivilDate> {
    let numbers: Vec<i32> = text.split('-').map(|part| part.parse().unwrap()).collect();
    let [year, month, day] = numbers[..] else { panic!("{text} is not a date") };
    Some(CivilDate { year, month, day })
}

pub(crate) fn register(agency_id: &str) -> pb::RegisterAgencyRequest {
    register_under(agency_id, "")
}

pub(crate) fn register_under(agency_id: &str, parent_id: &str) -> pb::RegisterAgencyRequest {
    pb::RegisterAgencyRequest {
        write: fresh(),
        agency_id: agency_id.to_owned(),
        name: format!("{agency_id} 局"),
        parent_id: parent_id.to_owned(),
        ..Default::default()
    }
}

pub(crate) fn receive(id: &str, on: &str) -> pb::ReceiveApplicationRequest {
    pb::ReceiveApplicationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        applicant_kind: ApplicantKind::NaturalPerson.into(),
        receipt_date: date(on),
        channel: Channel::Internet.into(),
        applicant_ref: format!("ref-{id}"),
        arrival: None,
        still_open: false,
    }
}

pub(crate) fn decide(id: &str, disposition: Disposition, on: &str) -> pb::DecideApplicationRequest {
    pb::DecideApplicationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        disposition: disposition.into(),
        decision_date: date(on),
        document_no: format!("〔2020〕{id}号"),
        delivery: None,
    }
}

pub(crate) fn withdraw(id: &str, on: &str) -> pb::WithdrawApplicationRequest {
    pb::WithdrawApplicationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        withdrawal_date: date(on),
    }
}

pub(crate) fn correct(
    id: &str,
    correction: pb::ApplicationCorrection,
) -> pb::CorrectApplicationEntryRequest {
    pb::CorrectApplicationEntryRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        correction: Some(correction),
    }
}

pub(crate) fn file_review(id: &str, on: &str) -> pb::FileReconsiderationRequest {
    pb::FileReconsiderationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        case_id: id.to_owned(),
        filing_date: date(on),
        ..Default::default()
    }
}

pub(crate) fn conclude_review(
    id: &str,
    result: RemedyResult,
    on: &str,
) -> pb::ConcludeReconsiderationRequest {
    pb::ConcludeReconsiderationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        case_id: id.to_owned(),
        result: result.into(),
        conclusion_date: date(on),
        document_no: format!("复决〔2020〕{id}号"),
    }
}

pub(crate) fn file_suit(id: &str, route: LitigationRoute, on: &str) -> pb::FileLitigationRequest {
    pb::FileLitigationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        case_id: id.to_owned(),
        route: route.into(),
        filing_date: date(on),
        ..Default::default()
    }
}

pub(crate) fn conclude_suit(
    id: &str,
    result: RemedyResult,
    on: &str,
) -> pb::ConcludeLitigationRequest {
    pb::ConcludeLitigationRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        case_id: id.to_owned(),
        result: result.into(),
        conclusion_date: date(on),
        document_no: String::new(),
    }
}

pub(crate) fn figures(year: i32, figures: &[(&str, i64)]) -> pb::DeclareFiguresRequest {
    let figure = |&(cell, value): &(&str, i64)| Figure { cell: cell.to_owned(), value };
    pb::DeclareFiguresRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        year,
        figures: figures.iter().map(figure).collect(),
    }
}

pub(crate) fn section(year: i32, section: Section, text: &str) -> pb::SetSectionRequest {
    pb::SetSectionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        year,
        section: section.into(),
        text: text.to_owned(),
    }
}

/// Gives a row's request another way to write.
pub(crate) fn set_write(command: &mut Command, write: Option<pb::WriteOptions>) {
    match command {
        Command::ReceiveApplication(request) => request.write = write,
        Command::DecideApplication(request) => request.write = write,
        Command::WithdrawApplication(request) => request.write = write,
        Command::CorrectApplicationEntry(request) => request.write = write,
        Command::FileReconsideration(request) => request.write = write,
        Command::ConcludeReconsideration(request) => request.write = write,
        Command::FileLitigation(request) => request.write = write,
        Command::ConcludeLitigation(request) => request.write = write,
        Command::DeclareFigures(request) => request.write = write,
        Command::RequestCorrection(request) => request.write = write,
        Command::AcceptCorrection(request) => request.write = write,
        Command::ConsultThirdParty(request) => request.write = write,
        Command::RegisterThirdPartyOpinion(request) => request.write = write,
        Command::ConsultAgency(request) => request.write = write,
        Command::RegisterAgencyOpinion(request) => request.write = write,
        Command::ExtendDeadline(request) => request.write = write,
        Command::RequestReasons(request) => request.write = write,
        Command::AcceptReasons(request) => request.write = write,
        Command::PostponeReply(request) => request.write = write,
        Command::NotifyFee(request) => request.write = write,
        Command::RegisterFeePayment(request) => request.write = write,
        Command::LapseApplication(request) => request.write = write,
        Command::AmendDecision(request) => request.write = write,
        Command::ReopenApplication(request) => request.write = write,
        Command::VoidApplicationEntry(request) => request.write = write,
    }
}
