//! How much of a written section stood in the year before's.
//!
//! Only letters are compared: digits, punctuation, blanks and references may change from year to
//! year without the text being another. The time grows with the length of the texts, whatever they
//! say.

use std::iter;

use super::{TextPolicy, reference::find};
use crate::{
    domain::narrative::{Section, Sections},
    statistics::{
        Finding,
        catalogue::{CheckId, Severity, section_title},
    },
};

/// How many letters make one shingle.
const SHINGLE: usize = 5;

/// Finds the sections that are copied from the year before, both as they were written.
#[must_use]
pub fn check_similarity(
    sections: &Sections,
    previous: &Sections,
    policy: &TextPolicy,
) -> Vec<Finding> {
    let found = |(&section, text): (&Section, &crate::domain::LongText)| {
        let before = previous.get(&section)?;
        let percent = repeated_percent(text.as_str(), before.as_str(), policy.shortest_compared)?;
        (percent >= policy.similarity_percent).then(|| finding(section, percent, policy))
    };
    sections.iter().filter_map(found).collect()
}

fn finding(section: Section, percent: u64, policy: &TextPolicy) -> Finding {
    let limit = policy.similarity_percent;
    let message = format!(
        "“{}”有 {percent}% 的文字与上年度报告相同（达到 {limit}% 即提示），\
         请核对是否照搬上年内容",
        section_title(section)
    );
    Finding {
        cells: Vec::new(),
        left: Some(percent.to_string()),
        right: Some(limit.to_string()),
        ..Finding::at(CheckId::TEXT_SIMILARITY, Severity::Warning, section.key(), message)
    }
}

/// How many in a hundred shingles of a text stand in another; nothing if either is too short.
fn repeated_percent(text: &str, before: &str, shortest: usize) -> Option<u64> {
    let [text, before] = [text, before].map(letters);
    if text.len().min(before.len()) < shortest.max(SHINGLE) {
        return None;
    }
    let known = Shingles::of(&before);
    let shingles = text.windows(SHINGLE).map(digest);
    let (mut all, mut repeated) = (0_u64, 0_u64);
    for shingle in shingles {
        all = all.saturating_add(1);
        repeated = repeated.saturating_add(u64::from(known.has(shingle)));
    }
    repeated.saturating_mul(100).checked_div(all)
}

/// Letters mixed into 64 bits, never 0: two runs in a report of a hundred thousand letters come out
/// alike once in a billion reports.
fn digest(letters: &[char]) -> u64 {
    let mixed = letters.iter().fold(0xCBF2_9CE4_8422_2325, |mixed: u64, &letter| {
        let mixed = (mixed ^ u64::from(u32::from(letter))).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    });
    mixed.max(1)
}

/// The shingles of a text, each in the first free slot from its own on; at most half of the slots
/// are taken. The order of nothing depends on them.
struct Shingles {
    slots: Vec<u64>,
}

impl Shingles {
    /// How far from its own slot a shingle may stand. One in an ordinary text stands within a few; in
    /// a text made so that all fall together, those beyond are not known, and no time is lost.
    const FARTHEST: usize = 256;

    fn of(letters: &[char]) -> Self {
        let slots = letters.len().saturating_mul(2).next_power_of_two();
        let mut shingles = Self { slots: vec![0; slots] };
        for shingle in letters.windows(SHINGLE).map(digest) {
            let free = shingles.places(shingle).find(|place| {
                shingles.slots.get(*place).is_some_and(|&slot| slot == 0 || slot == shingle)
            });
            if let Some(slot) = free.and_then(|place| shingles.slots.get_mut(place)) {
                *slot = shingle;
            }
        }
        shingles
    }

    fn has(&self, shingle: u64) -> bool {
        self.places(shingle)
            .map_while(|place| self.slots.get(place).copied().filter(|&slot| slot != 0))
            .any(|slot| slot == shingle)
    }

    /// The slots at which a shingle may stand.
    fn places(&self, shingle: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().wrapping_sub(1);
        // Only the low bits are looked at, whatever the width.
        let own = usize::try_from(shingle & 0xFFFF_FFFF).unwrap_or(0);
        (0..Self::FARTHEST).map(move |step| own.wrapping_add(step) & mask)
    }
}

/// The letters of a text, without its references.
fn letters(text: &str) -> Vec<char> {
    let mut from = 0;
    let references = find(text).into_iter().map(|found| found.range);
    let end = text.len();
    let kept = references.chain(iter::once(end..end)).map(|range| {
        let kept = text.get(from..range.start).unwrap_or_default();
        from = range.end;
        kept
    });
    kept.flat_map(str::chars).filter(|c| is_letter(*c)).collect()
}

/// Whether a character is a letter (字); those of ordinary Chinese are seen at once.
fn is_letter(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}') || c.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LongText;

    const OVERVIEW: &str = include_str!("../../../examples/luoyang-2020/s1_overview.md");
    const PROBLEMS: &str = include_str!("../../../examples/luoyang-2020/s5_problems.md");

    fn percent(text: &str, before: &str) -> Option<u64> {
        repeated_percent(text, before, TextPolicy::default().shortest_compared)
    }

    #[test]
    fn numbers_and_punctuation_do_not_make_a_text_another() {
        let changed = OVERVIEW.replace("2020", "2021").replace('，', ", ").replace("1件", "3 件");
        assert_eq!(percent(&changed, OVERVIEW), Some(100));
        let with_reference = OVERVIEW
            .replace("申请1件", "申请{{applications.new_received.total|件}}")
            .replace("件，已在", "，已在");
        assert!(percent(&with_reference, OVERVIEW) >= Some(99));
    }

    #[test]
    fn the_share_is_that_of_what_was_there_before() {
        assert_eq!(percent(OVERVIEW, OVERVIEW), Some(100));
        assert!(percent(OVERVIEW, PROBLEMS) < Some(10));
        let half = format!("{OVERVIEW}\n\n{PROBLEMS}");
        let percent = percent(&half, OVERVIEW).unwrap();
        assert!((70..90).contains(&percent), "{percent}");
        // What was taken out counts for nothing.
        assert_eq!(super::repeated_percent(OVERVIEW, &half, 100), Some(100));
    }

    #[test]
    fn every_shingle_is_known_and_no_other() {
        let letters = letters(&OVERVIEW.repeat(3));
        let known = Shingles::of(&letters);
        assert!(letters.windows(SHINGLE).all(|shingle| known.has(digest(shingle))));
        let others: Vec<char> = (0x4E00..0x9000).filter_map(char::from_u32).collect();
        let found = others.windows(SHINGLE).filter(|shingle| known.has(digest(shingle))).count();
        assert_eq!(found, 0);
        // All in one place.
        let crowd = Shingles { slots: vec![7; 1024] };
        assert!(crowd.has(7) && !crowd.has(8));
    }

    #[test]
    fn a_short_section_is_not_compared() {
        assert_eq!(percent("无", "无"), None);
        let hundred: String = OVERVIEW.chars().filter(|c| c.is_alphabetic()).take(100).collect();
        assert_eq!(percent(&hundred, &hundred), Some(100));
        let shorter: String = hundred.chars().skip(1).collect();
        assert_eq!(percent(&shorter, &shorter), None);
        assert_eq!(percent(&hundred, &shorter), None);
        assert_eq!(super::repeated_percent("", "", 0), None);
    }

    #[test]
    fn a_copied_section_is_found_by_its_key() {
        let sections = |overview: &str, problems: &str| {
            let text = |text| LongText::parse(text).unwrap();
            Sections::from([
                (Section::Overview, text(overview)),
                (Section::Problems, text(problems)),
                (Section::Other, text("无")),
            ])
        };
        let policy = TextPolicy::default();
        let before = sections(OVERVIEW, PROBLEMS);
        let now = sections(OVERVIEW, OVERVIEW);
        let found = check_similarity(&now, &before, &policy);
        let [finding] = &found[..] else { panic!("{found:?}") };
        assert_eq!((finding.id, finding.place.as_str()), (CheckId::TEXT_SIMILARITY, "s1_overview"));
        assert_eq!(
            finding.message,
            "“一、总体情况”有 100% 的文字与上年度报告相同（达到 90% 即提示），请核对是否照搬上年内容"
        );
        let strict = TextPolicy { similarity_percent: 101, ..policy };
        assert_eq!(check_similarity(&now, &before, &strict), []);
        assert_eq!(check_similarity(&now, &Sections::new(), &policy), []);
    }
}
