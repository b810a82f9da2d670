//! Numbers typed into a written section, against the cells that they seem to speak of.
//!
//! A number is compared where the words before it, back to the last comma or number, say what it
//! counts; `phrases.txt` has them, with every reading that is admissible. Only when none of the
//! readings gives the number is there a finding. What is not understood is passed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{
    FINDING_LIMIT,
    numeral::{Typed, is_number, typed_number},
    reference::{Expression, expression},
};
use crate::{
    domain::{
        LongText, ReportYear,
        narrative::{Section, Sections},
    },
    statistics::{
        CellRef, Finding, TableId, Tables,
        catalogue::{
            CheckId, ColumnSource, Form, RemedySource, RowSource, Severity, section_title,
        },
    },
};

const PHRASES: &str = include_str!("phrases.txt");

/// The phrases, read once.
static KNOWN: LazyLock<Phrases> = LazyLock::new(|| Phrases::read(PHRASES));

/// Compares the numbers typed into sections, as they are printed, with tables; what speaks of an
/// `absent` table is passed over.
#[must_use]
pub fn check_typed(
    sections: &Sections,
    tables: &Tables,
    year: ReportYear,
    absent: &BTreeSet<TableId>,
) -> Vec<Finding> {
    let found = |(&section, text): (&Section, &LongText)| {
        check_section(section, text.as_str(), tables, year, absent)
    };
    sections.iter().flat_map(found).collect()
}

fn check_section(
    section: Section,
    text: &str,
    tables: &Tables,
    year: ReportYear,
    absent: &BTreeSet<TableId>,
) -> Vec<Finding> {
    if !text.contains(UNITS) {
        return Vec::new();
    }
    let mut reader = Reader {
        phrases: &KNOWN,
        section,
        tables,
        year: year.get().into(),
        absent,
        findings: Vec::new(),
    };
    let mut heading = Topic::default();
    for block in blocks(text) {
        let mut topic = heading;
        // What a paragraph is about does not outlast it.
        if block.is_heading || counts(&block.text) {
            reader.read(&block.text, &mut topic);
        }
        if block.is_heading {
            heading = topic;
        }
    }
    reader.findings
}

/// A paragraph, item, cell or heading without its marks and without blanks.
struct Block {
    text: String,
    is_heading: bool,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Blocks::default();
    let mut in_code = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            // Code is quoted, not said.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(part) | Event::Html(part) | Event::InlineHtml(part) if !in_code => {
                blocks.push(&part);
            }
            Event::End(TagEnd::Heading(_)) => blocks.end(true),
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link)
            | Event::SoftBreak
            | Event::Code(_)
            | Event::Text(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
            Event::Start(_) | Event::End(_) | Event::HardBreak | Event::Rule => blocks.end(false),
        }
    }
    blocks.end(false);
    blocks.done
}

#[derive(Default)]
struct Blocks {
    done: Vec<Block>,
    text: String,
}

impl Blocks {
    fn push(&mut self, part: &str) {
        for (place, line) in part.split('\n').enumerate() {
            // Of an indented paragraph every line is one.
            if place > 0 {
                self.end(false);
            }
            self.text.extend(line.chars().filter(|c| !c.is_whitespace()).map(half_width));
        }
    }

    fn end(&mut self, is_heading: bool) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.done.push(Block { text, is_heading });
        }
    }
}

/// Digits as they are typed on a keyboard set to full width, made plain.
fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(u32::from(c).wrapping_sub(0xFEE0)).unwrap_or(c),
        '．' => '.',
        other => other,
    }
}

/// The units of applications and cases.
const UNITS: [char; 4] = ['件', '宗', '起', '份'];

/// Whether a number of anything stands in a text.
fn counts(text: &str) -> bool {
    let mut before = ' ';
    text.chars().any(|c| {
        let is_count = UNITS.contains(&c) && is_number(before);
        before = c;
        is_count
    })
}

/// What `phrases.txt` says.
#[derive(Default)]
struct Phrases {
    exclusive: Vec<Phrase>,
    groups: Vec<Phrase>,
    leaves: Vec<Phrase>,
    verbs: Vec<Phrase>,
    nouns: Vec<Phrase>,
    results: Vec<(Vec<String>, Keys)>,
    blocks: Vec<Keys>,
    not_compared: Vec<String>,
    /// The words that say what is spoken of, by their first character, longest first.
    words: BTreeMap<char, Vec<(String, Sense)>>,
}

/// Words that say what a number counts, and what it may be.
struct Phrase {
    /// Of each group one has to stand there.
    words: Vec<Vec<String>>,
    readings: Vec<(String, Expression)>,
}

/// Blocks, or columns of a block, of table four, with their name.
struct Keys {
    name: String,
    keys: Vec<String>,
}

/// What a word says of what is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Applications,
    Disclosure,
    Alien,
    /// A block of table four, by its place.
    Block(usize),
    AllUpheld,
}

impl Phrases {
    fn read(text: &str) -> Self {
        let mut phrases = Self::default();
        let mut part = "";
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                Some(name) => part = name,
                None => phrases.take(part, line),
            }
        }
        for words in phrases.words.values_mut() {
            words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        }
        phrases
    }

    fn take(&mut self, part: &str, line: &str) {
        let (words, readings) = line.split_once('|').unwrap_or((line, ""));
        let alternatives = |words: &str| words.trim().split('/').map(str::to_owned).collect();
        let keys = || {
            let (name, keys) = readings.split_once('=').unwrap_or_default();
            let keys = keys.split('+').map(|key| key.trim().to_owned()).collect();
            Keys { name: name.trim().to_owned(), keys }
        };
        match part {
            "applications" => self.learn(words, Sense::Applications),
            "disclosure" => self.learn(words, Sense::Disclosure),
            "alien" => self.learn(words, Sense::Alien),
            "all_upheld" => self.learn(words, Sense::AllUpheld),
            "not_compared" => self.not_compared = alternatives(words),
            "block" => {
                self.learn(words, Sense::Block(self.blocks.len()));
                self.blocks.push(keys());
            }
            "result" => self.results.push((alternatives(words), keys())),
            _ => {
                let phrase = Phrase {
                    words: words.split_whitespace().map(alternatives).collect(),
                    readings: readings.split(';').filter_map(reading).collect(),
                };
                match part {
                    "exclusive" => self.exclusive.push(phrase),
                    "group" => self.groups.push(phrase),
                    "leaf" => self.leaves.push(phrase),
                    "verb" => self.verbs.push(phrase),
                    _ => self.nouns.push(phrase),
                }
            }
        }
    }

    fn learn(&mut self, words: &str, sense: Sense) {
        for word in words.trim().split('/') {
            if let Some(first) = word.chars().next() {
                self.words.entry(first).or_default().push((word.to_owned(), sense));
            }
        }
    }

    /// The longest word that a text begins with.
    fn begins(&self, text: &str) -> Option<(usize, Sense)> {
        let words = self.words.get(&text.chars().next()?)?;
        let (word, sense) = words.iter().find(|(word, _)| text.starts_with(word.as_str()))?;
        Some((word.len(), *sense))
    }
}

fn reading(text: &str) -> Option<(String, Expression)> {
    let (name, cells) = text.split_once('=')?;
    Some((name.trim().to_owned(), expression(cells).ok()?))
}

impl Phrase {
    fn stands_in(&self, context: &str, year: i32) -> bool {
        let stands = |word: &String| match word.as_str() {
            "NEXT" => context.contains(&format!("{}年", year.saturating_add(1))),
            "LAST" => context.contains(&format!("{}年", year.saturating_sub(1))),
            word => context.contains(word),
        };
        self.words.iter().all(|alternatives| alternatives.iter().any(stands))
    }
}

/// What is spoken of at a place of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Topic {
    subject: Option<Sense>,
    /// Whether the disclosure of information is the matter.
    disclosure: bool,
}

impl Topic {
    fn hear(&mut self, sense: Sense) {
        match sense {
            Sense::Applications | Sense::Alien => {
                self.subject = Some(sense);
                self.disclosure = sense == Sense::Applications;
            }
            Sense::Disclosure => self.disclosure = true,
            Sense::Block(_) => self.subject = Some(sense),
            Sense::AllUpheld => {}
        }
    }
}

/// What a sentence has said so far.
#[derive(Default)]
struct Sentence {
    /// Whether it speaks of another year.
    other_year: bool,
    /// Whether it names several things before their numbers (分别).
    separately: bool,
    /// The cases that it counted, with no word of their result.
    cases: Vec<Cases>,
}

struct Cases {
    blocks: Vec<usize>,
    number: Typed,
    quote: String,
}

/// A number as it may be meant, and what the tables say.
struct Reading {
    name: String,
    value: i64,
    cells: Vec<String>,
}

struct Reader<'a> {
    phrases: &'a Phrases,
    section: Section,
    tables: &'a Tables,
    year: i32,
    absent: &'a BTreeSet<TableId>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn read(&mut self, text: &str, topic: &mut Topic) {
        let mut sentence = Sentence::default();
        let (mut at, mut from) = (0, 0);
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = text.get(at..).unwrap_or_default();
            let after = at.saturating_add(c.len_utf8());
            if let Some(number) = typed_number(rest) {
                let end = at.saturating_add(number.length);
                let following = text.get(end..).unwrap_or_default();
                if let Some(unit) = unit(following) {
                    let end = end.saturating_add(unit.len_utf8());
                    let place = Place { text, from, at, end };
                    self.compare(&place, number, topic, &mut sentence);
                    (from, at) = (end, end);
                    continue;
                }
                let before = text.get(..at).unwrap_or_default();
                if is_year(rest, number) && following.starts_with('年') && !compares(before) {
                    sentence.other_year = number.value != Some(self.year.into());
                }
                at = end;
            } else if let Some((length, sense)) = self.phrases.begins(rest) {
                topic.hear(sense);
                if sense == Sense::AllUpheld {
                    self.all_upheld(&mut sentence);
                }
                at = at.saturating_add(length);
            } else {
                match c {
                    '。' | '！' | '？' | '!' | '?' => {
                        sentence = Sentence::default();
                        from = after;
                    }
                    '，' | '；' | '：' | ',' | ';' | ':' | '（' | '）' | '(' | ')' => {
                        from = after;
                    }
                    _ if rest.starts_with("分别") => sentence.separately = true,
                    _ if is_last_year(rest) && !compares(text.get(..at).unwrap_or_default()) => {
                        sentence.other_year = true;
                    }
                    _ if rest.starts_with("今年") || rest.starts_with("本年") => {
                        sentence.other_year = false;
                    }
                    _ => {}
                }
                at = after;
            }
        }
    }

    /// Compares a number with what it seems to count.
    fn compare(
        &mut self,
        place: &Place<'_>,
        number: Typed,
        topic: &mut Topic,
        sentence: &mut Sentence,
    ) {
        let context = place.context();
        if let Some(sense) = self.named_after(place) {
            topic.hear(sense);
        }
        let not_compared = self.phrases.not_compared.iter().any(|word| context.contains(word));
        if not_compared || sentence.separately || is_vague(context) {
            return;
        }
        let readings = match topic.subject {
            Some(Sense::Applications) if !self.absent.contains(&TableId::Applications) => {
                self.applications(context, sentence.other_year)
            }
            Some(Sense::Block(last)) if topic.disclosure && !sentence.other_year => {
                self.cases(place, number, last, sentence)
            }
            _ => return,
        };
        let check = match topic.subject {
            Some(Sense::Block(_)) => CheckId::TEXT_T4,
            _ => CheckId::TEXT_T3,
        };
        self.judge(check, &place.quote(), number, &readings);
    }

    /// What is named right after a number, as in 收到5件政府信息公开申请.
    fn named_after(&self, place: &Place<'_>) -> Option<Sense> {
        const NEAR: usize = 12;
        let after = place.text.get(place.end..).unwrap_or_default();
        let near = after.char_indices().nth(NEAR).map_or(after.len(), |(at, _)| at);
        let after = after.get(..near).unwrap_or_default();
        let ends = |c: char| "，。；：、！？（）,;:!?()".contains(c) || c.is_ascii_digit();
        let clause = after.split(ends).next().unwrap_or_default();
        let starts = clause.char_indices().map(|(at, _)| at);
        let named = starts.filter_map(|at| self.phrases.begins(clause.get(at..)?));
        named.map(|(_, sense)| sense).find(|sense| *sense != Sense::AllUpheld)
    }

    /// What a clause about applications may mean by its number.
    fn applications(&self, context: &str, other_year: bool) -> Vec<Reading> {
        let Phrases { exclusive, groups, leaves, verbs, nouns, .. } = self.phrases;
        let stands = |phrase: &&Phrase| phrase.stands_in(context, self.year);
        if let Some(phrase) = exclusive.iter().find(stands) {
            return self.readings(phrase);
        }
        if other_year {
            return Vec::new();
        }
        let mut readings = self.added_up(leaves.iter().filter(stands));
        readings.extend(self.added_up(groups.iter().filter(stands)));
        for more in [verbs, nouns] {
            if readings.is_empty() {
                let stand = more.iter().filter(stands);
                readings.extend(stand.flat_map(|phrase| self.readings(phrase)));
            }
        }
        readings
    }

    /// The readings of one phrase; of several, their sum.
    fn added_up<'p>(&self, phrases: impl Iterator<Item = &'p Phrase>) -> Vec<Reading> {
        let mut each: Vec<Vec<Reading>> = phrases.map(|phrase| self.readings(phrase)).collect();
        if each.len() <= 1 {
            return each.pop().unwrap_or_default();
        }
        let firsts = each.into_iter().filter_map(|readings| readings.into_iter().next());
        let sum = firsts.reduce(|sum, next| Reading {
            name: format!("{}加{}", sum.name, next.name),
            value: sum.value.saturating_add(next.value),
            cells: [sum.cells, next.cells].concat(),
        });
        sum.into_iter().collect()
    }

    /// The readings of a phrase on the form at hand.
    fn readings(&self, phrase: &Phrase) -> Vec<Reading> {
        let read = |(name, expression): &(String, Expression)| {
            let mut value = 0_i64;
            for term in &expression.terms {
                let cell = printed_or_summed(self.tables, term.on(self.tables.form())?)?;
                let added =
                    if term.negative { value.checked_sub(cell) } else { value.checked_add(cell) };
                value = added?;
            }
            let cells = expression.terms.iter().map(|term| term.name.clone()).collect();
            Some(Reading { name: name.clone(), value, cells })
        };
        phrase.readings.iter().filter_map(read).collect()
    }

    /// What a clause about remedies may mean by its number.
    fn cases(
        &self,
        place: &Place<'_>,
        number: Typed,
        last: usize,
        sentence: &mut Sentence,
    ) -> Vec<Reading> {
        if self.absent.contains(&TableId::Remedies) {
            return Vec::new();
        }
        let context = place.context();
        let blocks = self.blocks_in(context, last);
        let results = self.phrases.results.iter();
        let said = results.filter(|(words, _)| words.iter().any(|word| context.contains(word)));
        let said: Vec<&Keys> = said.map(|(_, keys)| keys).collect();
        if let [result, ..] = said[..] {
            return vec![self.case_reading(&blocks, &result.name, &result.keys)];
        }
        sentence.cases.push(Cases { blocks: blocks.clone(), number, quote: place.quote() });
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        vec![
            self.case_reading(&blocks, "总计", &keys(&["total"])),
            self.case_reading(&blocks, "已审结", &keys(&["upheld", "corrected", "other"])),
        ]
    }

    /// The blocks that a clause names, or else the one named last before it.
    fn blocks_in(&self, context: &str, last: usize) -> Vec<usize> {
        let mut named = Vec::new();
        let mut at = 0;
        while let Some(rest) = context.get(at..).filter(|rest| !rest.is_empty()) {
            let word = self.phrases.begins(rest);
            if let Some((_, Sense::Block(block))) = word
                && !named.contains(&block)
            {
                named.push(block);
            }
            let step = rest.chars().next().map_or(1, char::len_utf8);
            at = at.saturating_add(word.map_or(step, |(length, _)| length));
        }
        // Litigation in general, beside litigation of one kind, is that kind.
        let keys = |block: &usize| self.phrases.blocks.get(*block).map_or(&[][..], |b| &b.keys);
        let is_part = |part: &usize, whole: &usize| {
            part != whole && keys(part).iter().all(|key| keys(whole).contains(key))
        };
        let all = named.clone();
        named.retain(|whole| !all.iter().any(|part| is_part(part, whole)));
        if named.is_empty() { vec![last] } else { named }
    }

    fn case_reading(&self, blocks: &[usize], result: &str, columns: &[String]) -> Reading {
        let blocks: Vec<&Keys> =
            blocks.iter().filter_map(|block| self.phrases.blocks.get(*block)).collect();
        let names: Vec<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
        let name = format!("{}{result}", names.join("加"));
        let mut reading = Reading { name, value: 0, cells: Vec::new() };
        for block in blocks.iter().flat_map(|block| &block.keys) {
            for column in columns {
                let key = format!("{block}.{column}");
                let cell = self.tables.form().find_remedy(&key);
                let value = cell.and_then(|cell| printed_or_summed(self.tables, cell));
                reading.value = reading.value.saturating_add(value.unwrap_or(0));
                reading.cells.push(format!("remedies.{key}"));
            }
        }
        reading
    }

    /// Compares the cases named so far with those in which the agency was upheld.
    fn all_upheld(&mut self, sentence: &mut Sentence) {
        let upheld = |(_, keys): &&(Vec<String>, Keys)| keys.keys == ["upheld"];
        let Some((_, upheld)) = self.phrases.results.iter().find(upheld) else { return };
        for Cases { blocks, number, quote } in std::mem::take(&mut sentence.cases) {
            let upheld = self.case_reading(&blocks, &upheld.name, &upheld.keys);
            self.judge(CheckId::TEXT_T4, &format!("{quote}……均获维持"), number, &[upheld]);
        }
    }

    /// Notes a finding, unless one of the readings gives the number.
    fn judge(&mut self, check: CheckId, quote: &str, number: Typed, readings: &[Reading]) {
        let (Some(found), [first, ..]) = (number.value, readings) else { return };
        let agrees = |reading: &Reading| reading.value.abs_diff(found) < number.slack;
        if readings.iter().any(agrees) || self.findings.len() >= FINDING_LIMIT {
            return;
        }
        let values: Vec<_> = readings
            .iter()
            .map(|reading| format!("{}为 {}", reading.name, reading.value))
            .collect();
        let message = format!(
            "“{}”中写“{quote}”，与表中数字不符：{}，请核对",
            section_title(self.section),
            values.join("；")
        );
        let mut cells: Vec<String> = Vec::new();
        for cell in readings.iter().flat_map(|reading| &reading.cells) {
            if !cells.contains(cell) {
                cells.push(cell.clone());
            }
        }
        let place = self.section.key();
        self.findings.push(Finding {
            cells,
            left: Some(found.to_string()),
            right: Some(first.value.to_string()),
            difference: Some(found.saturating_sub(first.value).to_string()),
            ..Finding::at(check, Severity::Warning, place, message)
        });
    }
}

/// A number in a text.
struct Place<'a> {
    text: &'a str,
    /// Where its clause begins, or what follows the number before.
    from: usize,
    /// Where it begins.
    at: usize,
    /// Where its unit ends.
    end: usize,
}

impl Place<'_> {
    fn context(&self) -> &str {
        self.text.get(self.from..self.at).unwrap_or_default()
    }

    /// The clause up to the unit, its end if it is long.
    fn quote(&self) -> String {
        const LONGEST: usize = 40;
        let clause = self.text.get(self.from..self.end).unwrap_or_default();
        let clause = clause.trim_start_matches(['、', '及', '和']);
        let dropped = clause.chars().count().saturating_sub(LONGEST);
        let kept: String = clause.chars().skip(dropped).collect();
        if dropped > 0 { format!("……{kept}") } else { kept }
    }
}

/// The unit that follows a number of applications or cases.
fn unit(following: &str) -> Option<char> {
    let unit = following.chars().next().filter(|unit| UNITS.contains(unit))?;
    let after = following.strip_prefix(unit)?;
    (!after.starts_with('次')).then_some(unit)
}

/// Whether a number is given only roughly, or is an ordinal.
fn is_vague(context: &str) -> bool {
    const BEFORE: [&str; 8] = ["第", "近", "约", "超", "超过", "逾", "不足", "至少"];
    BEFORE.iter().any(|word| context.ends_with(word))
}

fn is_year(rest: &str, number: Typed) -> bool {
    number.length == 4 && rest.starts_with("20")
}

/// Whether what comes is only compared with.
fn compares(before: &str) -> bool {
    before.ends_with(['较', '比', '同', '与'])
}

/// Whether the year before is named, and not what was carried in from it.
fn is_last_year(rest: &str) -> bool {
    let year = ["去年", "上一年", "上年"].into_iter().find_map(|word| rest.strip_prefix(word));
    year.is_some_and(|after| {
        let after = after.strip_prefix('度').unwrap_or(after);
        !after.starts_with(['结', '转', '遗'])
    })
}

/// The value of a cell. A blank total is summed up here, and a blank figure is 0, as it is for every
/// check of tables three and four.
fn printed_or_summed(tables: &Tables, cell: CellRef) -> Option<i64> {
    if let Some(value) = tables.get(cell) {
        return Some(value);
    }
    let form = tables.form();
    let parts: Vec<CellRef> = match cell {
        CellRef::Proactive(_) => return None,
        CellRef::Applications { row, column } => parts_of_application(form, row, column),
        CellRef::Remedies(place) => parts_of_remedy(form, place),
    };
    parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(printed_or_summed(tables, part)?))
}

/// The cells of which one of table three is the sum: of its row, or else of its column.
fn parts_of_application(form: &Form, row: usize, column: usize) -> Vec<CellRef> {
    let Form { applications, .. } = form;
    let is = |column: usize, source: ColumnSource| {
        applications.columns.get(column).is_some_and(|found| found.source == source)
    };
    if is(column, ColumnSource::Total) {
        let others = (0..applications.columns.len()).filter(|other| *other != column);
        return others.map(|column| CellRef::Applications { row, column }).collect();
    }
    let total = applications.rows.get(row).is_some_and(|r| r.source == RowSource::ResultTotal);
    let results = (0..).zip(applications.rows);
    let results = results.filter(|(_, row)| total && matches!(row.source, RowSource::Result(_)));
    results.map(|(row, _)| CellRef::Applications { row, column }).collect()
}

/// The cells of which one of table four is the sum.
fn parts_of_remedy(form: &Form, place: usize) -> Vec<CellRef> {
    let columns = form.remedies.columns;
    let Some(total) = columns.get(place).filter(|found| found.source == RemedySource::Total) else {
        return Vec::new();
    };
    let parts = (0..).zip(columns);
    let parts = parts.filter(|(at, part)| *at != place && part.kind == total.kind);
    parts.map(|(at, _)| CellRef::Remedies(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    fn messages(text: &str, tables: &Tables, year: i32) -> Vec<String> {
        let year = ReportYear::new(year).unwrap();
        check_section(Section::Overview, text, tables, year, &BTreeSet::new())
            .into_iter()
            .map(|finding| format!("{} {}", finding.id.0, finding.message))
            .collect()
    }

    /// The cases of `typed.txt`: a text of Shanghai's year 2019, and what is said of it.
    #[test]
    fn what_is_said_of_typed_numbers() {
        let mut cases = 0;
        for case in include_str!("typed.txt").split("\n\n") {
            let mut lines = case.lines().filter(|line| !line.starts_with('#'));
            let Some(text) = lines.next() else { continue };
            let text = text.replace("\\n", "\n");
            let expected: Vec<&str> = lines.collect();
            assert_eq!(messages(&text, &golden::shanghai_2019(), 2019), expected, "{text}");
            cases += 1;
        }
        assert!(cases > 40, "{cases}");
    }

    #[test]
    fn the_luoyang_report_raises_no_alarm() {
        for text in [
            include_str!("../../../examples/luoyang-2020/s1_overview.md"),
            include_str!("../../../examples/luoyang-2020/s5_problems.md"),
            "（三）依申请公开办理情况\n按照《信息公开工作条例》新要求进一步规范政府信息依申请答复工作。\
             避免了行政复议和诉讼被纠错的问题。2020年，共收到政府信息公开申请1件，已答复并公开1件。",
        ] {
            assert_eq!(messages(text, &golden::luoyang_2020(), 2020), Vec::<String>::new());
        }
        let text = include_str!("../../../examples/luoyang-2020/s1_overview.md");
        let wrong = text.replace("收到政府信息公开申请1件", "收到政府信息公开申请2件");
        assert_eq!(messages(&wrong, &golden::luoyang_2020(), 2020).len(), 1);
    }

    #[test]
    fn every_line_of_the_phrases_is_read() {
        let phrases = Phrases::read(PHRASES);
        let Phrases { exclusive, groups, leaves, verbs, nouns, .. } = &phrases;
        let of_form_three = [exclusive, groups, leaves, verbs, nouns];
        assert!(of_form_three.iter().all(|part| !part.is_empty()));
        let readings: usize =
            of_form_three.into_iter().flatten().map(|phrase| phrase.readings.len()).sum();
        let written: usize = PHRASES
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains("applications."))
            .map(|line| line.matches('=').count())
            .sum();
        assert_eq!(readings, written);
        for block in &phrases.blocks {
            for key in &block.keys {
                for (_, result) in &phrases.results {
                    for column in &result.keys {
                        let name = format!("{key}.{column}");
                        assert!(
                            golden::luoyang_2020().form().find_remedy(&name).is_some(),
                            "{name}"
                        );
                    }
                }
            }
        }
        assert_eq!((phrases.blocks.len(), phrases.results.len()), (4, 5));
    }

    #[test]
    fn a_table_that_is_not_there_is_not_compared_with() {
        let text = "收到政府信息公开申请1件，行政复议1件。";
        let year = ReportYear::new(2019).unwrap();
        let found = |absent: &[TableId]| {
            let absent = absent.iter().copied().collect();
            check_section(Section::Other, text, &golden::shanghai_2019(), year, &absent).len()
        };
        assert_eq!(found(&[]), 2);
        assert_eq!(found(&[TableId::Applications]), 1);
        assert_eq!(found(&[TableId::Applications, TableId::Remedies]), 0);
    }

    #[test]
    fn there_are_no_more_findings_than_a_person_reads() {
        let text = "收到政府信息公开申请1件，".repeat(200);
        assert_eq!(messages(&text, &golden::shanghai_2019(), 2019).len(), FINDING_LIMIT);
    }

    #[test]
    fn blank_totals_are_summed_up() {
        let mut tables = golden::shanghai_2019();
        let form = tables.form();
        for row in ["granted", "partial", "result_total"] {
            tables.set(form.find_application(row, "total").unwrap(), None);
        }
        tables.set(form.find_remedy("review.total").unwrap(), None);
        let text = "政府信息公开申请予以公开272件，部分公开3件，办结805件，行政复议7件。";
        assert_eq!(messages(text, &tables, 2019), Vec::<String>::new());
    }

    #[test]
    fn every_text_is_taken_without_harm() {
        for text in [
            "",
            "件",
            "1",
            "1,",
            "1,2",
            "１，２３４件",
            "万件",
            "一一件",
            "零件",
            "0.件",
            "1.5亿件",
            "99999999999999999999件",
            "九亿亿亿亿亿亿亿亿件",
            "政府信息公开申请1.件",
            "（（（",
            "|1件|\n|-|",
        ] {
            let _ = messages(text, &golden::shanghai_2019(), 2019);
        }
    }
}
