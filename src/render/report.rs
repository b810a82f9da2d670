//! The report as data: who reports, for which year, what was counted and what was written.

use crate::{
    domain::{ReportYear, application::CountingPolicy, narrative::Sections},
    statistics::{Background, Finding, Tables, catalogue},
};

/// One agency's annual report (政府信息公开工作年度报告) for one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The agency's id.
    pub agency_id: String,
    /// The agency's official name (机关名称).
    pub agency_name: String,
    /// How the public reaches it; may be empty.
    pub contact: String,
    /// The report year.
    pub year: ReportYear,
    /// The three tables, on their form.
    pub tables: Tables,
    /// The written sections.
    pub sections: Sections,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// The position in the log up to which events were counted.
    pub as_of_position: u64,
    /// What the charts show beside the tables; empty for a format that draws none.
    pub background: Background,
    /// How the applications were counted.
    pub policy: CountingPolicy,
}

impl Report {
    /// The title: agency, year, and the report's own name.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}{}", self.agency_name, self.title_without_agency())
    }

    /// The part of the title that follows the agency's name.
    #[must_use]
    pub fn title_without_agency(&self) -> String {
        format!("{}年{}", self.year, catalogue::REPORT_TITLE)
    }

    /// The sentence that says which days the figures cover (统计期限).
    #[must_use]
    pub fn period(&self) -> String {
        let year = self.year;
        format!("{PERIOD} {year} 年 1 月 1 日至 {year} 年 12 月 31 日。")
    }

    /// How the public reaches the agency, as a line; `None` if that is not recorded.
    #[must_use]
    pub fn contact_line(&self) -> Option<String> {
        let contact = self.contact.trim();
        (!contact.is_empty()).then(|| format!("联系方式：{contact}"))
    }

    /// Whether the tables are on the form that was issued for the year.
    #[must_use]
    pub fn is_on_own_form(&self) -> bool {
        self.tables.form().is_for(self.year)
    }
}

/// How the sentence about the period begins, in every published report.
pub(super) const PERIOD: &str = "本年报所列数据的统计期限为";
