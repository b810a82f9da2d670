//! The closed lists of the law, as numbers on the wire.

use super::pb::{event::v1 as pb, v1 as spoken};
use crate::domain::{
    ApplicantKind, Channel, Disposition, NotDisclosed, NotProcessed, Other, Unable,
    application::{
        AgencyOpinion, AmendmentBasis, ConclusionBasis, DeliveryMethod, ReworkPolicy,
        ThirdPartyOpinion,
    },
    deadline::{DeadlineState, ReceiptRule, StartBasis},
    fee::FeeBasis,
    narrative::Section,
    publication,
    remedy::{RemedyKind, RemedyResult},
};

/// A number on the wire that no value of the list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a value of the list")]
pub struct UnknownValue(pub i32);

/// A value of a closed list that has a number on the wire.
pub trait Coded: Copy + Sized {
    /// The number.
    fn code(self) -> i32;

    /// The value with this number; `None` for 0, which means that none was stated.
    ///
    /// # Errors
    ///
    /// When the list has no such number.
    fn from_code(code: i32) -> Result<Option<Self>, UnknownValue>;

    /// The number of an optional value; 0 for none.
    fn code_of(value: Option<Self>) -> i32 {
        value.map_or(0, Self::code)
    }
}

macro_rules! coded {
    ($domain:ty, $wire:ty, $all:expr, { $($value:pat => $variant:ident,)+ }) => {
        impl Coded for $domain {
            fn code(self) -> i32 {
                let code = match self {
                    $($value => <$wire>::$variant,)+
                };
                code as i32
            }

            fn from_code(code: i32) -> Result<Option<Self>, UnknownValue> {
                if code == 0 {
                    return Ok(None);
                }
                $all.find(|value| value.code() == code).map(Some).ok_or(UnknownValue(code))
            }
        }
    };
}

coded!(ApplicantKind, pb::ApplicantKind, ApplicantKind::ALL.iter().copied(), {
    ApplicantKind::NaturalPerson => NaturalPerson,
    ApplicantKind::CommercialEnterprise => CommercialEnterprise,
    ApplicantKind::ResearchInstitution => ResearchInstitution,
    ApplicantKind::PublicWelfareOrg => PublicWelfareOrg,
    ApplicantKind::LegalServiceOrg => LegalServiceOrg,
    ApplicantKind::OtherOrg => OtherOrg,
});

coded!(Channel, pb::Channel, Channel::ALL.iter().copied(), {
    Channel::InPerson => InPerson,
    Channel::RegisteredMail => RegisteredMail,
    Channel::OrdinaryMail => OrdinaryMail,
    Channel::Internet => Internet,
    Channel::Email => Email,
    Channel::Fax => Fax,
    Channel::Oral => Oral,
    Channel::Other => Other,
});

coded!(Disposition, pb::Disposition, Disposition::all(), {
    Disposition::Granted => Granted,
    Disposition::Partial => Partial,
    Disposition::NotDisclosed(NotDisclosed::StateSecret) => NotDisclosedStateSecret,
    Disposition::NotDisclosed(NotDisclosed::ProhibitedByLaw) => NotDisclosedProhibitedByLaw,
    Disposition::NotDisclosed(NotDisclosed::SecurityStability) => NotDisclosedSecurityStability,
    Disposition::NotDisclosed(NotDisclosed::ThirdPartyRights) => NotDisclosedThirdPartyRights,
    Disposition::NotDisclosed(NotDisclosed::InternalAffairs) => NotDisclosedInternalAffairs,
    Disposition::NotDisclosed(NotDisclosed::ProcessInformation) => NotDisclosedProcessInformation,
    Disposition::NotDisclosed(NotDisclosed::EnforcementFile) => NotDisclosedEnforcementFile,
    Disposition::NotDisclosed(NotDisclosed::AdministrativeInquiry) => NotDisclosedAdministrativeInquiry,
    Disposition::Unable(Unable::NotHeld) => UnableNotHeld,
    Disposition::Unable(Unable::RequiresCreation) => UnableRequiresCreation,
    Disposition::Unable(Unable::UnclearAfterCorrection) => UnableUnclearAfterCorrection,
    Disposition::NotProcessed(NotProcessed::PetitionComplaint) => NotProcessedPetitionComplaint,
    Disposition::NotProcessed(NotProcessed::Duplicate) => NotProcessedDuplicate,
    Disposition::NotProcessed(NotProcessed::Publication) => NotProcessedPublication,
    Disposition::NotProcessed(NotProcessed::Excessive) => NotProcessedExcessive,
    Disposition::NotProcessed(NotProcessed::ConfirmOrReissue) => NotProcessedConfirmOrReissue,
    Disposition::Other(Other::CorrectionOverdue) => OtherCorrectionOverdue,
    Disposition::Other(Other::FeeOverdue) => OtherFeeOverdue,
    Disposition::Other(Other::Misc) => OtherMisc,
});

coded!(ReworkPolicy, pb::ReworkPolicy, ReworkPolicy::ALL.iter().copied(), {
    ReworkPolicy::KeepFirst => KeepFirst,
    ReworkPolicy::ReplaceIfSameYear => ReplaceIfSameYear,
});

coded!(ConclusionBasis, pb::ConclusionBasis, ConclusionBasis::ALL.iter().copied(), {
    ConclusionBasis::Service => Service,
    ConclusionBasis::Decision => Decision,
});

coded!(RemedyKind, pb::RemedyKind, RemedyKind::ALL.iter().copied(), {
    RemedyKind::Review => Review,
    RemedyKind::SuitDirect => SuitDirect,
    RemedyKind::SuitAfterReview => SuitAfterReview,
});

coded!(RemedyResult, pb::RemedyResult, RemedyResult::ALL.iter().copied(), {
    RemedyResult::Upheld => Upheld,
    RemedyResult::Corrected => Corrected,
    RemedyResult::Other => Other,
});

coded!(publication::Scope, pb::ReportScope, publication::Scope::ALL.iter().copied(), {
    publication::Scope::Own => Own,
    publication::Scope::Subtree => Subtree,
});

coded!(publication::CauseKind, pb::CauseKind, publication::CauseKind::ALL.iter().copied(), {
    publication::CauseKind::Application => Application,
    publication::CauseKind::Case => Case,
    publication::CauseKind::Figure => Figure,
    publication::CauseKind::Section => Section,
    publication::CauseKind::Membership => Membership,
    publication::CauseKind::Policy => Policy,
    publication::CauseKind::Given => Given,
});

coded!(DeliveryMethod, pb::DeliveryMethod, DeliveryMethod::ALL.iter().copied(), {
    DeliveryMethod::Direct => Direct,
    DeliveryMethod::Entrusted => Entrusted,
    DeliveryMethod::Postal => Postal,
    DeliveryMethod::Other => Other,
});

coded!(ThirdPartyOpinion, pb::ThirdPartyOpinion, ThirdPartyOpinion::ALL.iter().copied(), {
    ThirdPartyOpinion::Consents => Consents,
    ThirdPartyOpinion::RefusesWithReason => RefusesWithReason,
    ThirdPartyOpinion::RefusesWithoutReason => RefusesWithoutReason,
    ThirdPartyOpinion::NoReply => NoReply,
});

coded!(AgencyOpinion, pb::AgencyOpinion, AgencyOpinion::ALL.iter().copied(), {
    AgencyOpinion::Consents => Consents,
    AgencyOpinion::Refuses => Refuses,
    AgencyOpinion::NoReply => NoReply,
});

coded!(FeeBasis, pb::FeeBasis, FeeBasis::ALL.iter().copied(), {
    FeeBasis::Count => Count,
    FeeBasis::Pages => Pages,
});

coded!(AmendmentBasis, pb::AmendmentBasis, AmendmentBasis::ALL.iter().copied(), {
    AmendmentBasis::OwnInitiative => OwnInitiative,
    AmendmentBasis::Supplement => Supplement,
    AmendmentBasis::Reconsideration => Reconsideration,
    AmendmentBasis::Judgment => Judgment,
});

coded!(Section, pb::Section, Section::ALL.iter().copied(), {
    Section::Overview => Overview,
    Section::Problems => Problems,
    Section::Other => Other,
});

coded!(DeadlineState, spoken::DeadlineState, DeadlineState::ALL.iter().copied(), {
    DeadlineState::Running => Running,
    DeadlineState::Overdue => Overdue,
    DeadlineState::AwaitingOpinion => AwaitingOpinion,
    DeadlineState::AwaitingCorrection => AwaitingCorrection,
    DeadlineState::AwaitingPayment => AwaitingPayment,
    DeadlineState::InTime => InTime,
    DeadlineState::Extended => Extended,
    DeadlineState::Late => Late,
    DeadlineState::Lapsed => Lapsed,
    DeadlineState::Withdrawn => Withdrawn,
});

coded!(ReceiptRule, spoken::DeadlineReceiptRule, ReceiptRule::ALL.iter().copied(), {
    ReceiptRule::Submission => Submission,
    ReceiptRule::Signature => Signature,
    ReceiptRule::Confirmation => Confirmation,
    ReceiptRule::Stated => Stated,
});

coded!(StartBasis, spoken::DeadlineStart, StartBasis::ALL.iter().copied(), {
    StartBasis::Receipt => Receipt,
    StartBasis::Correction => Correction,
    StartBasis::Payment => Payment,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: Coded + PartialEq + std::fmt::Debug>(all: impl Iterator<Item = T>) {
        for value in all {
            assert_eq!(T::from_code(value.code()), Ok(Some(value)));
        }
        assert_eq!(T::from_code(0), Ok(None));
        assert_eq!(T::from_code(-1), Err(UnknownValue(-1)));
        assert_eq!(T::from_code(99), Err(UnknownValue(99)));
    }

    #[test]
    fn every_value_has_a_number_of_its_own() {
        check(ApplicantKind::ALL.iter().copied());
        check(Channel::ALL.iter().copied());
        check(Disposition::all());
        check(RemedyKind::ALL.iter().copied());
        check(RemedyResult::ALL.iter().copied());
        check(Section::ALL.iter().copied());
        check(DeliveryMethod::ALL.iter().copied());
        check(ThirdPartyOpinion::ALL.iter().copied());
        check(AgencyOpinion::ALL.iter().copied());
        check(FeeBasis::ALL.iter().copied());
        check(AmendmentBasis::ALL.iter().copied());
        check(ReworkPolicy::ALL.iter().copied());
        check(ConclusionBasis::ALL.iter().copied());
    }
}
