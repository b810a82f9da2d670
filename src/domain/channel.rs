//! The ways by which an application reaches an agency.

use super::vocabulary::vocabulary;

vocabulary! {
    /// How an application arrived (申请渠道); Article 31 fixes the receipt date by it.
    pub enum Channel {
        /// Handed in at the counter (当面).
        InPerson = "in_person",
        /// By mail that is signed for (邮寄（签收）).
        RegisteredMail = "registered_mail",
        /// By ordinary letter, not signed for (平常信函).
        OrdinaryMail = "ordinary_mail",
        /// Through an internet channel (网络).
        Internet = "internet",
        /// By e-mail (电子邮件).
        Email = "email",
        /// By fax (传真).
        Fax = "fax",
        /// Spoken, and written down by the office (口头代填).
        Oral = "oral",
        /// By another published way (其他).
        Other = "other",
    }
}
