//! Applications: received, concluded, put right, listed.

use super::{Fields, entry, proceeding, receipt, write};
use crate::{
    domain::{
        AgencyId, ApplicationId, LegalDate, State,
        application::{
            Application, ArrivalDates, Command, CorrectEntry, Counted, Decide, Delivery, Receive,
            Stage, Withdraw,
        },
    },
    ledger::{Act, Entry, Recorded},
    projection::{ApplicationEntry, ApplicationFilter, ApplicationState},
    server::refused::Refused,
    wire::{
        Coded, civil_date,
        pb::{event::v1 as events, v1 as pb},
    },
};

pub(crate) fn receive(request: pb::ReceiveApplicationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let applicant_kind = fields.value("applicant_kind", request.applicant_kind);
        let receipt_date = match &request.arrival {
            None => fields.date("receipt_date", request.receipt_date),
            Some(_) => fields.optional_date("receipt_date", request.receipt_date),
        };
        let channel = match &request.arrival {
            None => fields.optional_value("channel", request.channel),
            Some(_) => fields.value("channel", request.channel),
        };
        let arrival = request.arrival.map(|arrival| arrival_dates(fields, arrival));
        let applicant_ref = fields.short("applicant_ref", &request.applicant_ref);
        let receive = Receive {
            applicant_kind: applicant_kind?,
            receipt_date,
            channel,
            applicant_ref: applicant_ref?,
            arrival,
            still_open: request.still_open,
        };
        Some(Act::Application(id?, Command::Receive(receive)))
    })
}

fn arrival_dates(fields: &mut Fields, arrival: events::Arrival) -> ArrivalDates {
    let mut date = |field, date| fields.optional_date(field, date);
    ArrivalDates {
        is_misaddressed: arrival.is_misaddressed,
        submission_date: date("arrival.submission_date", arrival.submission_date),
        arrival_date: date("arrival.arrival_date", arrival.arrival_date),
        confirmation_date: date("arrival.confirmation_date", arrival.confirmation_date),
    }
}

pub(crate) fn decide(request: pb::DecideApplicationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let disposition = fields.value("disposition", request.disposition);
        let decision_date = fields.date("decision_date", request.decision_date);
        let document_no = fields.short("document_no", &request.document_no);
        let delivery = request.delivery.unwrap_or_default();
        let delivery = Delivery {
            method: fields.optional_value("delivery.method", delivery.method),
            date: fields.optional_date("delivery.delivery_date", delivery.delivery_date),
        };
        let decide = Decide {
            disposition: disposition?,
            decision_date: decision_date?,
            document_no: document_no?,
            delivery,
        };
        Some(Act::Application(id?, Command::Decide(decide)))
    })
}

pub(crate) fn withdraw(request: pb::WithdrawApplicationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let withdrawal_date = fields.date("withdrawal_date", request.withdrawal_date);
        let withdraw = Withdraw { withdrawal_date: withdrawal_date? };
        Some(Act::Application(id?, Command::Withdraw(withdraw)))
    })
}

/// `today` is the day of the correction unless the request states another.
pub(crate) fn correct(
    request: pb::CorrectApplicationEntryRequest,
    today: jiff::civil::Date,
) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let Some(correction) = &request.correction else {
            fields.fault("correction", "is required");
            return None;
        };
        let correction = correct_entry(fields, correction, today);
        Some(Act::Application(id?, Command::CorrectEntry(correction?)))
    })
}

fn correct_entry(
    fields: &mut Fields,
    correction: &pb::ApplicationCorrection,
    today: jiff::civil::Date,
) -> Option<CorrectEntry> {
    let correction_date =
        date_or(fields, "correction.correction_date", correction.correction_date, today);
    let kind = fields.optional_value("correction.applicant_kind", correction.applicant_kind);
    let receipt = fields.optional_date("correction.receipt_date", correction.receipt_date);
    let channel = fields.optional_value("correction.channel", correction.channel);
    let conclusion = fields.optional_date("correction.conclusion_date", correction.conclusion_date);
    let disposition = fields.optional_value("correction.disposition", correction.disposition);
    let document_no = correction.document_no.as_deref();
    let document_no = document_no.and_then(|no| fields.short("correction.document_no", no));
    let explanation = fields.short("correction.explanation", &correction.explanation);
    Some(CorrectEntry {
        correction_date: correction_date?,
        applicant_kind: kind,
        receipt_date: receipt,
        channel,
        conclusion_date: conclusion,
        disposition,
        document_no,
        explanation: explanation?,
    })
}

/// A date that is today's unless it is stated.
pub(super) fn date_or(
    fields: &mut Fields,
    field: &str,
    date: Option<events::CivilDate>,
    today: jiff::civil::Date,
) -> Option<LegalDate> {
    match date {
        None => fields.take(field, LegalDate::new(today)),
        date => fields.date(field, date),
    }
}

pub(crate) fn application_id(fields: &mut Fields, text: &str) -> Option<ApplicationId> {
    fields.id("application_id", text, ApplicationId::parse)
}

/// Which applications to list. What cannot be read is noted as a fault.
pub(crate) fn filter(fields: &mut Fields, filter: &pb::ApplicationFilter) -> ApplicationFilter {
    let state = match pb::ApplicationState::try_from(filter.state) {
        Ok(pb::ApplicationState::Unspecified) => None,
        Ok(pb::ApplicationState::Open) => Some(ApplicationState::Open),
        Ok(pb::ApplicationState::Concluded) => Some(ApplicationState::Concluded),
        Ok(pb::ApplicationState::Voided) => Some(ApplicationState::Voided),
        Err(unknown) => fields.take("filter.state", Err(unknown)),
    };
    let mut year = |field: &str, year: i32| match year {
        0 => None,
        year => super::agency::calendar_year(fields, field, year),
    };
    let receipt_year = year("filter.receipt_year", filter.receipt_year);
    let conclusion_year = year("filter.conclusion_year", filter.conclusion_year);
    ApplicationFilter {
        state,
        applicant_kind: fields.optional_value("filter.applicant_kind", filter.applicant_kind),
        disposition: fields.optional_value("filter.disposition", filter.disposition),
        receipt_year,
        conclusion_year,
    }
}

/// An application with all that is recorded of it.
pub(crate) fn message(
    agency_id: &str,
    id: &ApplicationId,
    application: &Application,
    version: String,
) -> pb::Application {
    let date = |date: LegalDate| civil_date(date.date());
    let conclusion = application.conclusion.as_ref();
    pb::Application {
        agency_id: agency_id.to_owned(),
        application_id: id.to_string(),
        state: state(ApplicationEntry::from(Counted::from(application)).state()),
        applicant_kind: application.applicant_kind.code(),
        receipt_date: Some(date(application.receipt_date)),
        channel: Coded::code_of(application.channel),
        applicant_ref: application.applicant_ref.as_str().to_owned(),
        disposition: Coded::code_of(conclusion.map(|conclusion| conclusion.disposition)),
        conclusion_date: conclusion.map(|conclusion| date(conclusion.date)),
        document_no: conclusion
            .map(|conclusion| conclusion.document_no.as_str().to_owned())
            .unwrap_or_default(),
        withdrawal_date: application.withdrawal_date.map(date),
        version,
        stage: stage(application.stage()),
        proceedings: proceeding::message(application),
        decision_date: conclusion.and_then(|conclusion| conclusion.decision_date).map(date),
        delivery_method: Coded::code_of(
            conclusion.and_then(|conclusion| conclusion.delivery.method),
        ),
        void_date: application.voided.as_ref().map(|voided| date(voided.void_date)),
    }
}

/// An application as a list shows it.
pub(crate) fn summary(
    agency_id: &AgencyId,
    id: &ApplicationId,
    entry: &ApplicationEntry,
) -> pb::Application {
    let date = |date: LegalDate| civil_date(date.date());
    let conclusion = entry.fact.conclusion;
    pb::Application {
        agency_id: agency_id.to_string(),
        application_id: id.to_string(),
        state: state(entry.state()),
        applicant_kind: entry.fact.kind.code(),
        receipt_date: Some(date(entry.fact.receipt_date)),
        channel: Coded::code_of(entry.channel),
        disposition: Coded::code_of(conclusion.map(|(_, disposition)| disposition)),
        conclusion_date: conclusion.map(|(concluded, _)| date(concluded)),
        ..pb::Application::default()
    }
}

fn state(state: ApplicationState) -> i32 {
    let state = match state {
        ApplicationState::Open => pb::ApplicationState::Open,
        ApplicationState::Concluded => pb::ApplicationState::Concluded,
        ApplicationState::Voided => pb::ApplicationState::Voided,
    };
    state.into()
}

fn stage(stage: Stage) -> i32 {
    let stage = match stage {
        Stage::Running => pb::ApplicationStage::Running,
        Stage::AwaitingCorrection => pb::ApplicationStage::AwaitingCorrection,
        Stage::AwaitingPayment => pb::ApplicationStage::AwaitingPayment,
        Stage::AwaitingOpinion => pb::ApplicationStage::AwaitingOpinion,
        Stage::AwaitingReasons => pb::ApplicationStage::AwaitingReasons,
        Stage::Concluded => pb::ApplicationStage::Concluded,
        Stage::Voided => pb::ApplicationStage::Voided,
    };
    stage.into()
}

/// The application as an act left it, and what was recorded.
pub(crate) fn answer(
    entry: &Entry,
    recorded: &Recorded,
) -> (Option<pb::Application>, Option<pb::WriteReceipt>) {
    let application = match (&entry.act, &*recorded.state) {
        (Act::Application(id, _), State::Application(Some(application))) => {
            let version = write::version(recorded);
            Some(message(entry.agency_id(), id, application, version))
        }
        _ => None,
    };
    (application, Some(receipt(recorded)))
}
