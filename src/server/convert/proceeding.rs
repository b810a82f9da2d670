//! The steps of an application's procedure, and how they show in the application.

use super::{
    Fields,
    application::{application_id, date_or},
    entry,
};
use crate::{
    domain::{
        CaseId, LegalDate, ShortText,
        application::{
            Application, Command, Consultation, CorrectionReceived, CorrectionRequested,
            DeadlineExtended, DecisionAmended, EntryVoided, FeeNotified, FeePaid, Lapse,
            LapseCause, Opinion, OpinionReceived, OpinionRequested, Proceeding, ReasonsReceived,
            ReasonsRequested, Reopened, ReplyPostponed,
        },
        deadline::Consulted,
    },
    ledger::{Act, Entry},
    server::refused::Refused,
    wire::{
        Coded, arrival, civil_date, consulted_agency,
        pb::{event::v1::CivilDate, v1 as pb},
    },
};

/// The most that a consultation's number, or an extension in working days, can be.
const MAX_CONSULTATION: u16 = 9999;
const MAX_WORKING_DAYS: u16 = 999;

/// A conversion from a request to a step of the procedure.
macro_rules! step {
    ($name:ident, $request:ident, |$body:ident, $fields:ident| $step:expr) => {
        pub(crate) fn $name(request: pb::$request) -> Result<Entry, Refused> {
            entry(request, |$body, $fields| {
                let id = application_id($fields, &$body.application_id);
                let step: Option<Proceeding> = $step;
                Some(Act::Application(id?, Command::Proceed(step?)))
            })
        }
    };
}

step!(request_correction, RequestCorrectionRequest, |request, fields| {
    let notice_date = fields.date("notice_date", request.notice_date);
    let due_date = fields.optional_date("due_date", request.due_date);
    let explanation = fields.short("explanation", &request.explanation);
    notice_date.zip(explanation).map(|(notice_date, explanation)| {
        CorrectionRequested { notice_date, due_date, explanation }.into()
    })
});

step!(accept_correction, AcceptCorrectionRequest, |request, fields| {
    let corrected_date = fields.date("corrected_date", request.corrected_date);
    corrected_date.map(|corrected_date| CorrectionReceived { corrected_date }.into())
});

step!(consult_third_party, ConsultThirdPartyRequest, |request, fields| {
    let dates = (request.sent_date, request.delivery_date);
    opinion_requested(fields, request.consultation, Consulted::ThirdParty, dates)
});

step!(consult_agency, ConsultAgencyRequest, |request, fields| {
    let dates = (request.sent_date, request.delivery_date);
    opinion_requested(fields, request.consultation, consulted_agency(request.made_jointly), dates)
});

fn opinion_requested(
    fields: &mut Fields,
    number: i32,
    consulted: Consulted,
    (sent, delivered): (Option<CivilDate>, Option<CivilDate>),
) -> Option<Proceeding> {
    let number = consultation(fields, number);
    let sent_date = fields.date("sent_date", sent);
    let delivery_date = fields.optional_date("delivery_date", delivered);
    let (number, sent_date) = (number?, sent_date?);
    Some(OpinionRequested { number, consulted, sent_date, delivery_date }.into())
}

step!(register_third_party_opinion, RegisterThirdPartyOpinionRequest, |request, fields| {
    let number = consultation(fields, request.consultation);
    let opinion = fields.value("opinion", request.opinion).map(Opinion::ThirdParty);
    opinion_received(fields, number, opinion, request.answer_date)
});

step!(register_agency_opinion, RegisterAgencyOpinionRequest, |request, fields| {
    let number = consultation(fields, request.consultation);
    let opinion = fields.value("opinion", request.opinion).map(Opinion::Agency);
    opinion_received(fields, number, opinion, request.answer_date)
});

fn opinion_received(
    fields: &mut Fields,
    number: Option<u16>,
    opinion: Option<Opinion>,
    date: Option<CivilDate>,
) -> Option<Proceeding> {
    let answer_date = fields.date("answer_date", date);
    let (number, opinion, answer_date) = (number?, opinion?, answer_date?);
    Some(OpinionReceived { number, opinion, answer_date }.into())
}

step!(extend_deadline, ExtendDeadlineRequest, |request, fields| {
    let notice_date = fields.date("notice_date", request.notice_date);
    let working_days = counted(fields, "working_days", request.working_days, MAX_WORKING_DAYS);
    let explanation = fields.short("explanation", &request.explanation);
    notice_date.zip(working_days).zip(explanation).map(
        |((notice_date, working_days), explanation)| {
            DeadlineExtended { notice_date, working_days, explanation }.into()
        },
    )
});

step!(request_reasons, RequestReasonsRequest, |request, fields| {
    let notice_date = fields.date("notice_date", request.notice_date);
    let explanation = fields.short("explanation", &request.explanation);
    notice_date
        .zip(explanation)
        .map(|(notice_date, explanation)| ReasonsRequested { notice_date, explanation }.into())
});

step!(accept_reasons, AcceptReasonsRequest, |request, fields| {
    let answer_date = fields.date("answer_date", request.answer_date);
    answer_date.map(|answer_date| ReasonsReceived { answer_date }.into())
});

step!(postpone_reply, PostponeReplyRequest, |request, fields| {
    let notice_date = fields.date("notice_date", request.notice_date);
    let due_date = fields.date("due_date", request.due_date);
    let explanation = fields.short("explanation", &request.explanation);
    notice_date.zip(due_date).zip(explanation).map(|((notice_date, due_date), explanation)| {
        ReplyPostponed { notice_date, due_date, explanation }.into()
    })
});

step!(notify_fee, NotifyFeeRequest, |request, fields| {
    let notice_date = fields.date("notice_date", request.notice_date);
    let delivery_date = fields.optional_date("delivery_date", request.delivery_date);
    let amount_fen = request.amount_fen;
    if amount_fen <= 0 {
        fields.fault("amount_fen", format!("{amount_fen} is not more than 0"));
    }
    let basis = fields.optional_value("basis", request.basis);
    notice_date
        .map(|notice_date| FeeNotified { notice_date, delivery_date, amount_fen, basis }.into())
});

step!(register_fee_payment, RegisterFeePaymentRequest, |request, fields| {
    let payment_date = fields.date("payment_date", request.payment_date);
    payment_date.map(|payment_date| FeePaid { payment_date }.into())
});

step!(amend_decision, AmendDecisionRequest, |request, fields| amended(request, fields));

fn amended(request: &pb::AmendDecisionRequest, fields: &mut Fields) -> Option<Proceeding> {
    let amendment_date = fields.date("amendment_date", request.amendment_date);
    let basis = fields.value("basis", request.basis);
    let case_id = fields.optional_id("case_id", &request.case_id, CaseId::parse);
    let disposition = fields.optional_value("disposition", request.disposition);
    let document_no = fields.short("document_no", &request.document_no);
    let explanation = fields.short("explanation", &request.explanation);
    let amended = DecisionAmended {
        amendment_date: amendment_date?,
        basis: basis?,
        case_id,
        disposition,
        document_no: document_no?,
        explanation: explanation?,
    };
    Some(amended.into())
}

pub(crate) fn lapse(request: pb::LapseApplicationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let cause = match pb::LapseCause::try_from(request.cause) {
            Ok(pb::LapseCause::CorrectionOverdue) => Some(LapseCause::CorrectionOverdue),
            Ok(pb::LapseCause::FeeOverdue) => Some(LapseCause::FeeOverdue),
            Ok(pb::LapseCause::Unspecified) => {
                fields.fault("cause", "is required, and is unspecified");
                None
            }
            Err(unknown) => fields.take("cause", Err(unknown)),
        };
        let lapse_date = fields.date("lapse_date", request.lapse_date);
        let document_no = fields.short("document_no", &request.document_no);
        let lapse = Lapse { cause: cause?, lapse_date: lapse_date?, document_no: document_no? };
        Some(Act::Application(id?, Command::Lapse(lapse)))
    })
}

pub(crate) fn reopen(request: pb::ReopenApplicationRequest) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let reopening_date = fields.date("reopening_date", request.reopening_date);
        let explanation = fields.short("explanation", &request.explanation);
        let reopened = Reopened { reopening_date: reopening_date?, explanation: explanation? };
        Some(Act::Application(id?, Command::Reopen(reopened)))
    })
}

/// `today` is the day on which the entry is declared void unless the request states another.
pub(crate) fn void(
    request: pb::VoidApplicationEntryRequest,
    today: jiff::civil::Date,
) -> Result<Entry, Refused> {
    entry(request, |request, fields| {
        let id = application_id(fields, &request.application_id);
        let void_date = date_or(fields, "void_date", request.void_date, today);
        let explanation = fields.short("explanation", &request.explanation);
        let voided = EntryVoided { void_date: void_date?, explanation: explanation? };
        Some(Act::Application(id?, Command::VoidEntry(voided)))
    })
}

fn consultation(fields: &mut Fields, number: i32) -> Option<u16> {
    counted(fields, "consultation", number, MAX_CONSULTATION)
}

/// A number from 1.
fn counted(fields: &mut Fields, field: &str, number: i32, most: u16) -> Option<u16> {
    let counted = u16::try_from(number).ok().filter(|number| (1..=most).contains(number));
    if counted.is_none() {
        fields.fault(field, format!("{number} is not from 1 to {most}"));
    }
    counted
}

/// The steps of an application's procedure; `None` if there are none.
pub(super) fn message(application: &Application) -> Option<pb::Proceedings> {
    let found = application.proceedings();
    let message = pb::Proceedings {
        arrival: application.arrival().map(arrival),
        corrections: found
            .corrections
            .iter()
            .map(|found| pb::Correction {
                notice_date: date(found.request.notice_date),
                due_date: found.request.due_date.and_then(date),
                explanation: text(&found.request.explanation),
                corrected_date: found.corrected_date.and_then(date),
            })
            .collect(),
        consultations: found.consultations.iter().map(consulted).collect(),
        extensions: found
            .extensions
            .iter()
            .map(|found| pb::Extension {
                notice_date: date(found.notice_date),
                working_days: found.working_days.into(),
                explanation: text(&found.explanation),
            })
            .collect(),
        reasons_notices: found
            .reasons
            .iter()
            .map(|found| pb::ReasonsNotice {
                notice_date: date(found.request.notice_date),
                explanation: text(&found.request.explanation),
                answer_date: found.answer_date.and_then(date),
            })
            .collect(),
        postponements: found
            .postponements
            .iter()
            .map(|found| pb::Postponement {
                notice_date: date(found.notice_date),
                due_date: date(found.due_date),
                explanation: text(&found.explanation),
            })
            .collect(),
        fees: found
            .fees
            .iter()
            .map(|found| pb::Fee {
                notice_date: date(found.notice.notice_date),
                delivery_date: found.notice.delivery_date.and_then(date),
                amount_fen: found.notice.amount_fen,
                basis: Coded::code_of(found.notice.basis),
                payment_date: found.payment_date.and_then(date),
            })
            .collect(),
        amendments: found.amendments.iter().map(amendment).collect(),
        reopenings: application
            .reopenings()
            .iter()
            .map(|found| pb::Reopening {
                reopening_date: date(found.reopening_date),
                explanation: text(&found.explanation),
            })
            .collect(),
    };
    (message != pb::Proceedings::default()).then_some(message)
}

fn consulted(found: &Consultation) -> pb::Consultation {
    let (request, answer) = (found.request, found.answer);
    let (third_party_opinion, agency_opinion) = match answer.map(|answer| answer.opinion) {
        None => (0, 0),
        Some(Opinion::ThirdParty(opinion)) => (opinion.code(), 0),
        Some(Opinion::Agency(opinion)) => (0, opinion.code()),
    };
    pb::Consultation {
        consultation: request.number.into(),
        of_third_party: request.consulted == Consulted::ThirdParty,
        made_jointly: request.consulted == Consulted::CoAgency,
        sent_date: date(request.sent_date),
        delivery_date: request.delivery_date.and_then(date),
        answer_date: answer.and_then(|answer| date(answer.answer_date)),
        third_party_opinion,
        agency_opinion,
    }
}

fn amendment(found: &DecisionAmended) -> pb::Amendment {
    pb::Amendment {
        amendment_date: date(found.amendment_date),
        basis: found.basis.code(),
        case_id: found.case_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        disposition: Coded::code_of(found.disposition),
        document_no: text(&found.document_no),
        explanation: text(&found.explanation),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the fields of messages have it")]
fn date(date: LegalDate) -> Option<CivilDate> {
    Some(civil_date(date.date()))
}

fn text(text: &ShortText) -> String {
    text.as_str().to_owned()
}
