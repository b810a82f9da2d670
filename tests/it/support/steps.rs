//! Steps of an application's procedure as requests.
#![cfg(test)]

use disclosure_ledger::{
    domain::{
        LegalDate, ShortText,
        application::{Opinion, Proceeding},
        deadline::Consulted,
    },
    wire::{
        Coded, civil_date,
        pb::{
            event::v1::CivilDate,
            v1::{self as pb, record_rows_request::Command},
        },
    },
};

#[expect(clippy::unnecessary_wraps, reason = "as the fields of requests have it")]
fn civil(date: LegalDate) -> Option<CivilDate> {
    Some(civil_date(date.date()))
}

fn text(text: &ShortText) -> String {
    text.as_str().to_owned()
}

/// A step upon an application as a request.
pub(crate) fn request(
    step: &Proceeding,
    write: Option<pb::WriteOptions>,
    agency_id: String,
    application_id: String,
) -> Command {
    macro_rules! command {
        ($command:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
            Command::$command(pb::$request { write, agency_id, application_id, $($field: $value),* })
        };
    }
    match step {
        Proceeding::CorrectionRequested(step) => command!(
            RequestCorrection,
            RequestCorrectionRequest {
                notice_date: civil(step.notice_date),
                due_date: step.due_date.and_then(civil),
                explanation: text(&step.explanation),
            }
        ),
        Proceeding::CorrectionReceived(step) => command!(
            AcceptCorrection,
            AcceptCorrectionRequest { corrected_date: civil(step.corrected_date) }
        ),
        Proceeding::OpinionRequested(step) if step.consulted == Consulted::ThirdParty => {
            command!(
                ConsultThirdParty,
                ConsultThirdPartyRequest {
                    consultation: step.number.into(),
                    sent_date: civil(step.sent_date),
                    delivery_date: step.delivery_date.and_then(civil),
                }
            )
        }
        Proceeding::OpinionRequested(step) => command!(
            ConsultAgency,
            ConsultAgencyRequest {
                consultation: step.number.into(),
                sent_date: civil(step.sent_date),
                delivery_date: step.delivery_date.and_then(civil),
                made_jointly: step.consulted == Consulted::CoAgency,
            }
        ),
        Proceeding::OpinionReceived(step) => match step.opinion {
            Opinion::ThirdParty(opinion) => {
                command!(
                    RegisterThirdPartyOpinion,
                    RegisterThirdPartyOpinionRequest {
                        consultation: step.number.into(),
                        opinion: opinion.code(),
                        answer_date: civil(step.answer_date),
                    }
                )
            }
            Opinion::Agency(opinion) => {
                command!(
                    RegisterAgencyOpinion,
                    RegisterAgencyOpinionRequest {
                        consultation: step.number.into(),
                        opinion: opinion.code(),
                        answer_date: civil(step.answer_date),
                    }
                )
            }
        },
        Proceeding::DeadlineExtended(step) => command!(
            ExtendDeadline,
            ExtendDeadlineRequest {
                notice_date: civil(step.notice_date),
                working_days: step.working_days.into(),
                explanation: text(&step.explanation),
            }
        ),
        Proceeding::ReasonsRequested(step) => command!(
            RequestReasons,
            RequestReasonsRequest {
                notice_date: civil(step.notice_date),
                explanation: text(&step.explanation),
            }
        ),
        Proceeding::ReasonsReceived(step) => {
            command!(AcceptReasons, AcceptReasonsRequest { answer_date: civil(step.answer_date) })
        }
        Proceeding::ReplyPostponed(step) => command!(
            PostponeReply,
            PostponeReplyRequest {
                notice_date: civil(step.notice_date),
                due_date: civil(step.due_date),
                explanation: text(&step.explanation),
            }
        ),
        Proceeding::FeeNotified(step) => command!(
            NotifyFee,
            NotifyFeeRequest {
                notice_date: civil(step.notice_date),
                delivery_date: step.delivery_date.and_then(civil),
                amount_fen: step.amount_fen,
                basis: Coded::code_of(step.basis),
            }
        ),
        Proceeding::FeePaid(step) => command!(
            RegisterFeePayment,
            RegisterFeePaymentRequest { payment_date: civil(step.payment_date) }
        ),
        Proceeding::DecisionAmended(step) => command!(
            AmendDecision,
            AmendDecisionRequest {
                amendment_date: civil(step.amendment_date),
                basis: step.basis.code(),
                case_id: step.case_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                disposition: Coded::code_of(step.disposition),
                document_no: text(&step.document_no),
                explanation: text(&step.explanation),
            }
        ),
    }
}
