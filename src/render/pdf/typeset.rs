//! Paragraphs set in lines.
//!
//! The library shapes the text, chooses a face for each character and breaks the lines, by the
//! Unicode rules and those of Chinese punctuation. It widens spaces only, and Chinese has none:
//! what is left of a line is spread between its characters here. Glyphs keep the text they stand
//! for, so that the text can be taken from the page again.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use krilla::text::{Font, Tag};
use parley::{
    FontContext, FontFamily, FontFamilyName, FontWeight, IndentOptions, Layout, LayoutContext,
    OverflowWrap, StyleProperty, layout::BreakReason,
};
use unicode_width::UnicodeWidthChar;

use crate::render::{
    document::{Inline, Run},
    error::{MissingGlyph, RenderError},
    fonts::Fonts,
};

/// The weight of text and of headings, for faces that come in several.
const REGULAR: FontWeight = FontWeight::new(400.0);
const BOLD: FontWeight = FontWeight::new(700.0);
/// By how much of an em a gap may be widened; a line that needs more is left short.
const WIDEST_GAP: f32 = 0.5;

/// Which faces come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Faces {
    /// Those of the text.
    Body,
    /// Those of headings.
    Headings,
}

/// Where the lines of a paragraph stand between its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alignment {
    /// From edge to edge, but for the last.
    Justified,
    /// At the left edge.
    Left,
    /// In the middle.
    Centred,
}

/// How a paragraph is set; lengths in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) faces: Faces,
    pub(super) size: f32,
    /// What is added to the width of each character.
    pub(super) tracking: f32,
    /// By how much the first line begins further right.
    pub(super) indent: f32,
    pub(super) alignment: Alignment,
}

/// What is special about a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    strong: bool,
    emphasis: bool,
    code: bool,
}

/// A line as it is drawn; lengths in points, from the left edge of its paragraph.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// What it says.
    pub(super) text: String,
    /// Where its first character begins.
    pub(super) start: f32,
    /// How far it reaches from there, spaces at its end not counted.
    pub(super) width: f32,
    /// Its glyphs, in pieces of one face and size.
    pub(super) runs: Vec<GlyphRun>,
    /// Where the dots of emphasis (着重号) stand below it: the middle of each character.
    pub(super) dots: Vec<f32>,
    /// Where code stands: start and end of each piece.
    pub(super) code: Vec<(f32, f32)>,
}

/// Glyphs of one face and size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GlyphRun {
    /// The place of the face among [`Typesetter::faces`].
    pub(super) face: usize,
    pub(super) size: f32,
    /// Where it begins, from the left edge of the paragraph.
    pub(super) x: f32,
    pub(super) glyphs: Vec<Glyph>,
}

/// A glyph in its place; lengths in points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) id: u32,
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
    /// The text of the line that it stands for.
    pub(super) text: Range<usize>,
}

/// What is kept apart when a line is widened.
struct Cluster {
    text: Range<usize>,
    advance: f32,
    face: usize,
    size: f32,
    mark: Mark,
    glyphs: Vec<Glyph>,
}

/// Sets paragraphs, and keeps note of the characters that no face has.
pub(super) struct Typesetter<'a> {
    fonts: &'a Fonts,
    context: FontContext,
    layouts: LayoutContext<Mark>,
    keys: Vec<FaceKey>,
    faces: Vec<Font>,
    place: String,
    missing: BTreeSet<MissingGlyph>,
    unusable: bool,
}

/// A face of a file at a place of its design space.
#[derive(PartialEq)]
struct FaceKey {
    data: u64,
    index: u32,
    variations: Vec<([u8; 4], u32)>,
}

impl<'a> Typesetter<'a> {
    pub(super) fn new(fonts: &'a Fonts) -> Self {
        Self {
            fonts,
            context: fonts.context(),
            layouts: LayoutContext::new(),
            keys: Vec::new(),
            faces: Vec::new(),
            place: String::new(),
            missing: BTreeSet::new(),
            unusable: false,
        }
    }

    /// Says which part of the report the next paragraphs belong to.
    pub(super) fn enter(&mut self, place: &str) {
        place.clone_into(&mut self.place);
    }

    /// The faces that are used, which glyphs refer to by their place.
    ///
    /// # Errors
    ///
    /// When a character was met that no face has, or a face cannot be embedded.
    pub(super) fn faces(&self) -> Result<&[Font], RenderError> {
        if !self.missing.is_empty() {
            return Err(RenderError::GlyphMissing(self.missing.iter().cloned().collect()));
        }
        if self.unusable {
            let why = "a font that the settings name cannot be embedded";
            return Err(RenderError::NotWritable(why.to_owned()));
        }
        Ok(&self.faces)
    }

    /// Sets one line of text that is not to be broken.
    pub(super) fn set_line(&mut self, text: &str, style: Style) -> Option<Line> {
        self.set(&[Inline::Run(Run::plain(text))], style, f32::MAX).into_iter().next()
    }

    /// Sets a paragraph in lines of this width.
    pub(super) fn set(&mut self, inlines: &[Inline], style: Style, width: f32) -> Vec<Line> {
        let (text, marks) = prepared(inlines);
        if text.is_empty() {
            return Vec::new();
        }
        let mut layout = self.shaped(&text, &marks, style);
        layout.set_text_indent(style.indent, IndentOptions::default());
        layout.break_all_lines(Some(width));
        let mut lines = Vec::with_capacity(layout.len());
        for line in layout.lines() {
            let range = line.text_range();
            let indent = line.metrics().indent;
            let clusters = self.clusters(&text, &line, range.start);
            let is_last = matches!(line.break_reason(), BreakReason::None | BreakReason::Explicit);
            let said = text.get(range).unwrap_or_default().trim_end_matches('\n');
            lines.push(laid(said, clusters, style, width, indent, is_last));
        }
        lines
    }

    fn shaped(&mut self, text: &str, marks: &[(Range<usize>, Mark)], style: Style) -> Layout<Mark> {
        let (body, headings) = (family(self.fonts.body()), family(self.fonts.headings()));
        let (first, weight) = match style.faces {
            Faces::Body => (&body, REGULAR),
            Faces::Headings => (&headings, BOLD),
        };
        let mut builder = self.layouts.ranged_builder(&mut self.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(first.clone()));
        builder.push_default(StyleProperty::FontWeight(weight));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(StyleProperty::LetterSpacing(style.tracking));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        for (range, mark) in marks {
            builder.push(StyleProperty::Brush(*mark), range.clone());
            if mark.strong {
                builder.push(StyleProperty::FontFamily(headings.clone()), range.clone());
                builder.push(StyleProperty::FontWeight(BOLD), range.clone());
            }
        }
        builder.build(text)
    }

    fn clusters(
        &mut self,
        text: &str,
        line: &parley::layout::Line<'_, Mark>,
        start: usize,
    ) -> Vec<Cluster> {
        let mut clusters: Vec<Cluster> = Vec::new();
        for run in line.runs() {
            let face = self.face(&run);
            for cluster in run.visual_clusters() {
                if cluster.is_hard_line_break() {
                    continue;
                }
                let range = cluster.text_range();
                let within = range.start.saturating_sub(start)..range.end.saturating_sub(start);
                if cluster.is_ligature_continuation()
                    && let Some(before) = clusters.last_mut()
                {
                    before.text.end = before.text.end.max(within.end);
                    before.advance += cluster.advance();
                    continue;
                }
                let glyphs: Vec<Glyph> = cluster
                    .glyphs()
                    .map(|glyph| Glyph {
                        id: glyph.id,
                        advance: glyph.advance,
                        dx: glyph.x,
                        dy: glyph.y,
                        text: within.clone(),
                    })
                    .collect();
                if glyphs.iter().any(|glyph| glyph.id == 0) {
                    self.note_missing(text.get(range).unwrap_or_default());
                }
                clusters.push(Cluster {
                    text: within,
                    advance: cluster.advance(),
                    face,
                    size: run.font_size(),
                    mark: cluster.style().brush,
                    glyphs,
                });
            }
        }
        clusters
    }

    /// Notes the characters of a cluster that could not be drawn.
    fn note_missing(&mut self, cluster: &str) {
        let lacking = self.fonts.lacking(cluster);
        // Each may be had, and yet not all from one face.
        let lacking = if lacking.is_empty() { cluster.chars().collect() } else { lacking };
        let place = &self.place;
        let noted =
            lacking.into_iter().map(|character| MissingGlyph { character, place: place.clone() });
        self.missing.extend(noted);
    }

    fn face(&mut self, run: &parley::layout::Run<'_, Mark>) -> usize {
        let font = run.font();
        let synthesis = run.synthesis();
        let variations = synthesis.variation_settings().iter();
        let key = FaceKey {
            data: font.data.id(),
            index: font.index,
            variations: variations
                .map(|(tag, value)| (tag.into_bytes(), value.to_bits()))
                .collect(),
        };
        if let Some(known) = self.keys.iter().position(|known| *known == key) {
            return known;
        }
        let (data, _) = font.data.clone().into_raw_parts();
        let variations: Vec<_> = (key.variations.iter())
            .map(|(tag, value)| (Tag::new(tag), f32::from_bits(*value)))
            .collect();
        let Some(face) = Font::new_variable(data.into(), font.index, &variations) else {
            self.unusable = true;
            return usize::MAX;
        };
        self.keys.push(key);
        self.faces.push(face);
        self.faces.len().saturating_sub(1)
    }
}

fn family(names: &[String]) -> FontFamily<'static> {
    let names: Vec<_> =
        names.iter().map(|name| FontFamilyName::Named(Cow::Owned(name.clone()))).collect();
    FontFamily::List(Cow::Owned(names))
}

/// The text of a paragraph, without what has no shape, and where it is marked.
fn prepared(inlines: &[Inline]) -> (String, Vec<(Range<usize>, Mark)>) {
    let mut text = String::new();
    let mut marks = Vec::new();
    for inline in inlines {
        let start = text.len();
        match inline {
            Inline::Break => text.push('\n'),
            Inline::Run(run) => {
                text.extend(run.text.chars().filter(|&c| !is_shapeless(c)).map(spaced));
                let mark = Mark { strong: run.strong, emphasis: run.emphasis, code: run.code };
                if mark != Mark::default() {
                    marks.push((start..text.len(), mark));
                }
            }
        }
    }
    (text, marks)
}

/// Whether a character only tells how others are written, and is nothing to be seen itself.
fn is_shapeless(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Spaces of unusual width, which few faces have, as the usual one.
fn spaced(c: char) -> char {
    match c {
        '\n' | '\u{3000}' | '\u{00A0}' => c,
        space if space.is_whitespace() => ' ',
        other => other,
    }
}

/// Puts the clusters of a line in their places.
fn laid(
    said: &str,
    mut clusters: Vec<Cluster>,
    style: Style,
    width: f32,
    indent: f32,
    is_last: bool,
) -> Line {
    let first = |cluster: &Cluster| {
        said.get(cluster.text.clone()).and_then(|text| text.chars().next()).unwrap_or(' ')
    };
    let seen = clusters.iter().rposition(|cluster| !first(cluster).is_whitespace());
    let seen = seen.map_or(0, |last| last.saturating_add(1));
    let natural: f32 = clusters.iter().take(seen).map(|cluster| cluster.advance).sum();
    // The last character's own tracking does not count.
    let natural = natural - style.tracking;
    let slack = width - indent - natural;
    let mut used = natural;
    let mut start = indent;
    match style.alignment {
        Alignment::Left => {}
        Alignment::Centred => start += (slack / 2.0).max(0.0),
        Alignment::Justified if is_last => {}
        Alignment::Justified => {
            let firsts: Vec<char> = clusters.iter().take(seen).map(first).collect();
            let gaps: Vec<bool> =
                firsts.windows(2).map(|pair| matches!(pair, [a, b] if stretches(*a, *b))).collect();
            let count = gaps.iter().filter(|&&gap| gap).count();
            let each = slack / f32::from(u16::try_from(count).unwrap_or(u16::MAX));
            if count > 0 && slack > 0.0 && each <= WIDEST_GAP * style.size {
                let widened = clusters.iter_mut().zip(gaps).filter(|(_, gap)| *gap);
                for (cluster, _) in widened {
                    cluster.advance += each;
                }
                used += slack;
            }
        }
    }
    let mut line = Line {
        text: said.to_owned(),
        start,
        width: used,
        runs: Vec::new(),
        dots: Vec::new(),
        code: Vec::new(),
    };
    let mut x = start;
    for cluster in clusters {
        put(&mut line, cluster, x, &mut x);
    }
    line
}

/// Whether the gap between two characters may be widened: at a space, and beside Chinese.
fn stretches(left: char, right: char) -> bool {
    let is_wide = |c: char| c.width() == Some(2) || matches!(c, '“' | '”' | '‘' | '’' | '·');
    // A dash and an ellipsis are two characters and one sign.
    let is_one_sign = left == right && matches!(left, '—' | '…');
    !is_one_sign && (left.is_whitespace() || is_wide(left) || is_wide(right))
}

fn put(line: &mut Line, mut cluster: Cluster, at: f32, x: &mut f32) {
    let shaped: f32 = cluster.glyphs.iter().map(|glyph| glyph.advance).sum();
    if let Some(last) = cluster.glyphs.last_mut() {
        last.advance += cluster.advance - shaped;
    }
    *x = at + cluster.advance;
    let is_blank = line.text.get(cluster.text.clone()).is_none_or(|text| text.trim().is_empty());
    if cluster.mark.emphasis && !is_blank {
        line.dots.push(at + cluster.advance / 2.0);
    }
    if cluster.mark.code {
        match line.code.last_mut() {
            Some((_, end)) if (*end - at).abs() < 0.01 => *end = *x,
            Some(_) | None => line.code.push((at, *x)),
        }
    }
    match line.runs.last_mut() {
        Some(run) if run.face == cluster.face && run.size.to_bits() == cluster.size.to_bits() => {
            run.glyphs.append(&mut cluster.glyphs);
        }
        Some(_) | None => line.runs.push(GlyphRun {
            face: cluster.face,
            size: cluster.size,
            x: at,
            glyphs: cluster.glyphs,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: f32 = 16.0;

    fn style(alignment: Alignment) -> Style {
        Style { faces: Faces::Body, size: SIZE, tracking: 0.0, indent: 0.0, alignment }
    }

    fn lines(text: &str, width: f32, alignment: Alignment) -> Vec<Line> {
        let fonts = Fonts::vendored().unwrap();
        let mut typesetter = Typesetter::new(&fonts);
        let lines = typesetter.set(&[Inline::Run(Run::plain(text))], style(alignment), width);
        typesetter.faces().unwrap();
        lines
    }

    #[test]
    fn no_line_begins_with_a_mark_that_closes_or_ends_with_one_that_opens() {
        let text = "根据《中华人民共和国政府信息公开条例》（国令第711号）的规定，“谁公开、谁负责”；\
                    全年收到申请１２件，均已答复。（其中《目录》所列３件！）是否完整？完整：是。";
        // Narrower than this, a word and its marks do not go on a line.
        for width in 6..30_u16 {
            let lines = lines(text, f32::from(width) * SIZE, Alignment::Justified);
            assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<String>(), text);
            for line in &lines {
                let (first, last) = (line.text.chars().next(), line.text.chars().last());
                assert!(!first.is_some_and(|c| "，。、；：？！）》”".contains(c)), "{}", line.text);
                assert!(!last.is_some_and(|c| "（《“".contains(c)), "{}", line.text);
            }
        }
    }

    #[test]
    fn every_line_but_the_last_reaches_from_edge_to_edge() {
        let text =
            "全年共主动公开信息 1992 条，其中通过政府网站公开 1503 条，通过微信公众号公开 489 条。";
        let width = 17.3 * SIZE;
        let lines = lines(text, width, Alignment::Justified);
        let (last, others) = lines.split_last().unwrap();
        assert!(others.len() > 1);
        for line in others {
            assert!((line.width - width).abs() < 0.01, "{} {}", line.text, line.width);
        }
        assert!(last.width < width - SIZE);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        let address =
            "https://www.example.gov.cn/zwgk/zfxxgk/fdzdgknr/2025/index-of-everything.html";
        let lines = lines(address, 6.0 * SIZE, Alignment::Left);
        assert!(lines.iter().all(|line| line.width <= 6.0 * SIZE + 0.01));
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<String>(), address);
    }

    #[test]
    fn each_character_comes_from_the_first_face_that_has_it() {
        let fonts = Fonts::vendored().unwrap();
        let mut typesetter = Typesetter::new(&fonts);
        let strong = Run { strong: true, ..Run::plain("强") };
        let inlines = [Inline::Run(Run::plain("弱")), Inline::Run(strong)];
        let lines = typesetter.set(&inlines, style(Alignment::Left), 100.0);
        let faces: Vec<_> = lines[0].runs.iter().map(|run| run.face).collect();
        assert_eq!(faces, [0, 1]);
    }

    #[test]
    fn a_character_that_no_face_has_is_named_with_its_place() {
        let fonts = Fonts::vendored().unwrap();
        let mut typesetter = Typesetter::new(&fonts);
        for (place, text) in [("题", "甲𠮷"), ("二、", "乙𠀀𠮷")] {
            typesetter.enter(place);
            typesetter.set(&[Inline::Run(Run::plain(text))], style(Alignment::Left), 100.0);
        }
        let RenderError::GlyphMissing(missing) = typesetter.faces().unwrap_err() else { panic!() };
        let named: Vec<_> = missing.iter().map(|one| (one.character, one.place.as_str())).collect();
        assert_eq!(named, [('𠀀', "二、"), ('𠮷', "二、"), ('𠮷', "题")]);
    }

    #[test]
    fn what_has_no_shape_is_left_out_and_a_rare_space_is_a_space() {
        let lines = lines("甲\u{200B}乙\u{FEFF}\u{2003}丙\u{FE0F}\t丁", 200.0, Alignment::Left);
        assert_eq!(lines[0].text, "甲乙 丙 丁");
    }

    #[test]
    fn emphasis_is_dotted_character_by_character() {
        let fonts = Fonts::vendored().unwrap();
        let mut typesetter = Typesetter::new(&fonts);
        let stressed = Run { emphasis: true, ..Run::plain("着 重") };
        let line = typesetter.set(&[Inline::Run(stressed)], style(Alignment::Left), 200.0);
        assert_eq!(line[0].dots.len(), 2);
        assert!((line[0].dots[0] - SIZE / 2.0).abs() < 0.01);
    }
}
