//! The kinds of applicant that the form counts apart.

use super::vocabulary::vocabulary;

vocabulary! {
    /// The kind of an applicant (申请人情况): the six data columns of table three.
    pub enum ApplicantKind {
        /// A natural person (自然人).
        NaturalPerson = "natural_person",
        /// A commercial enterprise (商业企业).
        CommercialEnterprise = "commercial_enterprise",
        /// A research institution (科研机构).
        ResearchInstitution = "research_institution",
        /// A public-welfare organization (社会公益组织).
        PublicWelfareOrg = "public_welfare_org",
        /// A legal-service organization (法律服务机构).
        LegalServiceOrg = "legal_service_org",
        /// Any other legal person or organization (其他).
        OtherOrg = "other_org",
    }
}
