//! The written sections of a year's report.

use std::collections::BTreeMap;

use super::{LongText, ReportYear, vocabulary::vocabulary};

vocabulary! {
    /// A section of the report that is written, not counted.
    pub enum Section {
        /// Overview (一、总体情况).
        Overview = "s1_overview",
        /// Problems and improvements (五、存在的主要问题及改进情况).
        Problems = "s5_problems",
        /// Other matters to report (六、其他需要报告的事项).
        Other = "s6_other",
    }
}

/// The sections written for one agency and year.
pub type Sections = BTreeMap<Section, LongText>;

/// A section was written or rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionSet {
    /// The report year.
    pub year: ReportYear,
    /// Which section.
    pub section: Section,
    /// Its text, in Markdown without HTML.
    pub text: LongText,
}

/// The events that setting a section gives rise to: none if it already reads so.
#[must_use]
pub fn set(recorded: &Sections, set: SectionSet) -> Vec<SectionSet> {
    if recorded.get(&set.section) == Some(&set.text) { Vec::new() } else { vec![set] }
}

/// The sections after one more was set.
#[must_use]
pub fn evolve(mut sections: Sections, event: &SectionSet) -> Sections {
    sections.insert(event.section, event.text.clone());
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_rewritten_only_when_it_reads_otherwise() {
        let text = |text| SectionSet {
            year: ReportYear::new(2021).unwrap(),
            section: Section::Other,
            text: LongText::parse(text).unwrap(),
        };
        let sections = evolve(Sections::new(), &text("无"));
        assert!(set(&sections, text("无")).is_empty());
        assert_eq!(set(&sections, text("有")).len(), 1);
    }
}
