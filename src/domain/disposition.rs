//! The twenty-one results that an application can have (本年度办理结果).

use super::vocabulary::vocabulary;

vocabulary! {
    /// Why nothing was disclosed (（三）不予公开).
    pub enum NotDisclosed {
        /// A state secret (属于国家秘密); Art. 14.
        StateSecret = "not_disclosed.state_secret",
        /// Disclosure prohibited by another law or administrative regulation
        /// (其他法律行政法规禁止公开); Art. 14.
        ProhibitedByLaw = "not_disclosed.prohibited_by_law",
        /// Endangers national, public or economic security or social stability
        /// (危及“三安全一稳定”); Art. 14.
        SecurityStability = "not_disclosed.security_stability",
        /// Protects the rights of a third party (保护第三方合法权益); Art. 15.
        ThirdPartyRights = "not_disclosed.third_party_rights",
        /// One of the three kinds of internal affairs (属于三类内部事务信息); Art. 16(1).
        InternalAffairs = "not_disclosed.internal_affairs",
        /// One of the four kinds of process information (属于四类过程性信息); Art. 16(2).
        ProcessInformation = "not_disclosed.process_information",
        /// An enforcement case file (属于行政执法案卷); Art. 16(2).
        EnforcementFile = "not_disclosed.enforcement_file",
        /// A matter of administrative inquiry (属于行政查询事项); Art. 36(7).
        AdministrativeInquiry = "not_disclosed.administrative_inquiry",
    }
}

vocabulary! {
    /// Why nothing could be provided (（四）无法提供).
    pub enum Unable {
        /// This agency does not hold the information (本机关不掌握相关政府信息); Art. 36(4), (5).
        NotHeld = "unable.not_held",
        /// It would have to be made (没有现成信息需要另行制作); Art. 38.
        RequiresCreation = "unable.requires_creation",
        /// Still unclear after correction (补正后申请内容仍不明确); Art. 30.
        UnclearAfterCorrection = "unable.unclear_after_correction",
    }
}

vocabulary! {
    /// Why the application was not processed (（五）不予处理).
    pub enum NotProcessed {
        /// A petition, report or complaint (信访举报投诉类申请); Art. 39(1).
        PetitionComplaint = "not_processed.petition_complaint",
        /// A repeated application (重复申请); Art. 36(6).
        Duplicate = "not_processed.duplicate",
        /// A request for a publication (要求提供公开出版物); Art. 39(2).
        Publication = "not_processed.publication",
        /// Excessive in number without good reason (无正当理由大量反复申请); Art. 35.
        Excessive = "not_processed.excessive",
        /// Confirmation or re-issue of information already obtained
        /// (要求行政机关确认或重新出具已获取信息).
        ConfirmOrReissue = "not_processed.confirm_or_reissue",
    }
}

vocabulary! {
    /// Otherwise closed (（六）其他处理).
    pub enum Other {
        /// Correction overdue without good reason (申请人无正当理由逾期不补正); Art. 30.
        CorrectionOverdue = "other.correction_overdue",
        /// Fee not paid in time (申请人逾期未按收费通知要求缴纳费用); Art. 42.
        FeeOverdue = "other.fee_overdue",
        /// Anything else, withdrawal by the applicant among it (其他).
        Misc = "other.misc",
    }
}

/// The result of an application (办理结果); exactly one per application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Disclosed (（一）予以公开); Art. 36(1), (2).
    Granted,
    /// Disclosed in part (（二）部分公开); Art. 37. Mixed results count here and nowhere else.
    Partial,
    /// Not disclosed (（三）不予公开).
    NotDisclosed(NotDisclosed),
    /// Could not be provided (（四）无法提供).
    Unable(Unable),
    /// Not processed (（五）不予处理).
    NotProcessed(NotProcessed),
    /// Otherwise closed (（六）其他处理).
    Other(Other),
}

impl Disposition {
    /// How many dispositions there are.
    pub const COUNT: usize = 21;

    /// Every disposition, in the order of the form.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Granted, Self::Partial]
            .into_iter()
            .chain(NotDisclosed::ALL.iter().copied().map(Self::NotDisclosed))
            .chain(Unable::ALL.iter().copied().map(Self::Unable))
            .chain(NotProcessed::ALL.iter().copied().map(Self::NotProcessed))
            .chain(Other::ALL.iter().copied().map(Self::Other))
    }

    /// The permanent key by which the world outside names this disposition.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Partial => "partial",
            Self::NotDisclosed(ground) => ground.key(),
            Self::Unable(ground) => ground.key(),
            Self::NotProcessed(ground) => ground.key(),
            Self::Other(ground) => ground.key(),
        }
    }

    /// The disposition with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::all().find(|disposition| disposition.key() == key)
    }

    /// The place of this disposition in [`Disposition::all`], below [`Disposition::COUNT`].
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "constants and enum indices: at most 20")]
    pub const fn index(self) -> usize {
        match self {
            Self::Granted => 0,
            Self::Partial => 1,
            Self::NotDisclosed(ground) => 2 + ground.index(),
            Self::Unable(ground) => 10 + ground.index(),
            Self::NotProcessed(ground) => 13 + ground.index(),
            Self::Other(ground) => 18 + ground.index(),
        }
    }

    /// Whether this is a refusal under Articles 14, 15 or 16, which since 2024-01-01 must go to
    /// reconsideration before it can be sued over.
    #[must_use]
    pub const fn requires_review_first(self) -> bool {
        match self {
            Self::NotDisclosed(ground) => match ground {
                NotDisclosed::StateSecret
                | NotDisclosed::ProhibitedByLaw
                | NotDisclosed::SecurityStability
                | NotDisclosed::ThirdPartyRights
                | NotDisclosed::InternalAffairs
                | NotDisclosed::ProcessInformation
                | NotDisclosed::EnforcementFile => true,
                NotDisclosed::AdministrativeInquiry => false,
            },
            Self::Granted
            | Self::Partial
            | Self::Unable(_)
            | Self::NotProcessed(_)
            | Self::Other(_) => false,
        }
    }
}

impl std::fmt::Display for Disposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_place_on_the_form() {
        let all: Vec<_> = Disposition::all().collect();
        assert_eq!(all.len(), Disposition::COUNT);
        for (place, disposition) in all.into_iter().enumerate() {
            assert_eq!(disposition.index(), place, "{disposition}");
            assert_eq!(Disposition::from_key(disposition.key()), Some(disposition));
        }
    }
}
