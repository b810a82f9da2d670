//! Pages drawn as an archive-quality PDF: PDF/A-2a, tagged, every face embedded.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::{
    SerializeSettings,
    color::luma,
    configure::{Archival, ConfigurationBuilder},
    destination::XyzDestination,
    error::KrillaError,
    geom::{Path, PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill as Paint, FillRule, Stroke},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope,
        Tag, TagGroup, TagKind, TagTree,
    },
    text::{Font, GlyphId, KrillaGlyph},
};

use crate::render::{
    document::{Document, Scope},
    drawing::Fill,
    error::RenderError,
};

use super::{
    measures as measure,
    page::{Ink, Laid, Of, Page, Role, Tree},
    typeset::{GlyphRun, Line},
};

/// The language of the text.
const LANGUAGE: &str = "zh-CN";
/// The grey of grounds, light enough for print.
const SHADE: u8 = 238;
/// The grey of dark bars.
const DARK: u8 = 64;
/// How far the lines and dots of a filled bar stand apart, and how long a dash is.
const HATCH: f32 = 4.0;
const DASH: f32 = 3.0;
/// How far a circle's handles stand from its corners.
const CIRCLE: f32 = 0.552_284_8;

/// Draws laid-out pages.
///
/// # Errors
///
/// When the rules of PDF/A stand against it.
pub(super) fn draw(
    laid: &Laid,
    faces: &[Font],
    document: &Document,
) -> Result<Vec<u8>, RenderError> {
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_A);
    let configuration = configuration.finish();
    let configuration =
        configuration.map_err(|error| RenderError::NotWritable(format!("{error:?}")))?;
    let settings =
        SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut pdf = krilla::Document::new_with(settings);
    let mut leaves: Vec<Vec<Identifier>> = laid.tree.nodes.iter().map(|_| Vec::new()).collect();
    for page in &laid.pages {
        let (width, height) = measure::PAPER;
        let (width, height) = if page.is_landscape { (height, width) } else { (width, height) };
        let Some(settings) = PageSettings::from_wh(width, height) else { continue };
        let mut paper = pdf.start_page_with(settings);
        let mut surface = paper.surface();
        draw_page(page, faces, &mut surface, &mut leaves);
        surface.finish();
        paper.finish();
    }
    pdf.set_tag_tree(tag_tree(&laid.tree, leaves));
    pdf.set_outline(outline(laid));
    pdf.set_metadata(metadata(document));
    pdf.finish().map_err(|error| RenderError::NotWritable(told(&error)))
}

/// What stands against it, each fault once.
fn told(error: &KrillaError) -> String {
    let KrillaError::Validation(faults) = error else { return error.to_string() };
    let mut told: Vec<String> = faults.iter().map(|(fault, _)| format!("{fault:?}")).collect();
    told.sort_unstable();
    told.dedup();
    told.join("; ")
}

fn metadata(document: &Document) -> Metadata {
    let origin = &document.origin;
    let (id, year, form) = (&origin.agency_id, origin.year, origin.form);
    let position = origin.as_of_position;
    // The last day that the figures cover; when it was printed says nothing about the report.
    let day = DateTime::new(u16::try_from(year.get()).unwrap_or_default()).month(12).day(31);
    Metadata::new()
        .title(document.title.to_string())
        .description(format!("{id}, {year}, form {form}, as of position {position}"))
        .authors(vec![document.title.agency.clone()])
        .creator(env!("CARGO_PKG_NAME").to_owned())
        .language(LANGUAGE.to_owned())
        .creation_date(day.hour(0).minute(0).second(0).utc_offset_hour(8).utc_offset_minute(0))
        .document_id(format!("{id}/{year}/{form}/{position}"))
}

fn outline(laid: &Laid) -> Outline {
    let mut outline = Outline::new();
    for mark in &laid.bookmarks {
        let place = XyzDestination::new(mark.page, Point::from_xy(0.0, mark.y));
        outline.push_child(OutlineNode::new(mark.text.clone(), place));
    }
    outline
}

fn draw_page(
    page: &Page,
    faces: &[Font],
    surface: &mut Surface<'_>,
    leaves: &mut [Vec<Identifier>],
) {
    for pieces in page.pieces.chunk_by(|a, b| a.of == b.of) {
        let Some(first) = pieces.first() else { continue };
        let artifact = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
        let tag = match first.of {
            Of::Text(_) => ContentTag::Span(SpanTag::empty()),
            Of::Ornament => artifact(ArtifactType::Layout),
            Of::Repetition => artifact(ArtifactType::PaginationOther),
            Of::PageNumber => artifact(ArtifactType::PageNumber),
        };
        let identifier = surface.start_tagged(tag);
        for piece in pieces {
            draw_ink(&piece.ink, piece.x, piece.y, faces, surface);
        }
        surface.end_tagged();
        if let Of::Text(node) = first.of {
            leaves.get_mut(node).into_iter().for_each(|leaves| leaves.push(identifier));
        }
    }
}

fn draw_ink(ink: &Ink, x: f32, y: f32, faces: &[Font], surface: &mut Surface<'_>) {
    match ink {
        Ink::Blank => {}
        Ink::Line(line) => draw_line(line, x, y, faces, surface),
        Ink::Grid(boxes) => {
            let mut path = PathBuilder::new();
            for &[left, top, width, height] in boxes {
                if let Some(rect) = Rect::from_xywh(x + left, y + top, width, height) {
                    path.push_rect(rect);
                }
            }
            stroke(path.finish().as_ref(), surface);
        }
        Ink::Rule(height) => {
            let mut path = PathBuilder::new();
            path.move_to(x, y);
            path.line_to(x, y + height);
            stroke(path.finish().as_ref(), surface);
        }
        Ink::Shade(width, height) => shade(x, y, *width, *height, surface),
        Ink::Bar(width, height, fill) => draw_bar(x, y, *width, *height, *fill, surface),
        Ink::Stroke(right, down, dashed) => {
            let mut path = PathBuilder::new();
            // A dashed line is dashed stroke by stroke, which every reader draws alike.
            let length = right.hypot(*down);
            let dash = if *dashed { DASH } else { length };
            let mut at = 0.0;
            while at < length {
                let (start, end) = (at / length, (at + dash).min(length) / length);
                path.move_to(x + right * start, y + down * start);
                path.line_to(x + right * end, y + down * end);
                at += dash + DASH;
            }
            stroke(path.finish().as_ref(), surface);
        }
    }
}

/// A bar of a chart, told from the others in grey, too.
fn draw_bar(x: f32, y: f32, width: f32, height: f32, fill: Fill, surface: &mut Surface<'_>) {
    let mut outline = PathBuilder::new();
    if let Some(bar) = Rect::from_xywh(x, y, width, height) {
        outline.push_rect(bar);
    }
    let outline = outline.finish();
    match fill {
        Fill::Dark => self::fill(outline.as_ref(), DARK, surface),
        Fill::Light => self::fill(outline.as_ref(), SHADE, surface),
        Fill::Hatched => {
            let mut lines = PathBuilder::new();
            // Each line is where x and y add up to the same, as far as it lies within the bar.
            let mut sum = HATCH;
            while sum < width + height {
                let (left, right) = ((sum - height).max(0.0), sum.min(width));
                lines.move_to(x + left, y + sum - left);
                lines.line_to(x + right, y + sum - right);
                sum += HATCH;
            }
            stroke(lines.finish().as_ref(), surface);
        }
        Fill::Dotted => {
            let mut left = HATCH / 2.0;
            while left < width {
                let mut top = HATCH / 2.0;
                while top < height {
                    let dot = circle(x + left, y + top, HATCH / 6.0);
                    self::fill(dot.as_ref(), DARK, surface);
                    top += HATCH;
                }
                left += HATCH;
            }
        }
    }
    stroke(outline.as_ref(), surface);
}

fn stroke(path: Option<&Path>, surface: &mut Surface<'_>) {
    let Some(path) = path else { return };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: luma::Color::black().into(),
        width: measure::GRID_LINE,
        ..Stroke::default()
    }));
    surface.draw_path(path);
    surface.set_stroke(None);
}

fn fill(path: Option<&Path>, luma: u8, surface: &mut Surface<'_>) {
    let Some(path) = path else { return };
    surface.set_fill(Some(filled(luma)));
    surface.draw_path(path);
}

fn filled(luma: u8) -> Paint {
    Paint {
        paint: luma::Color::new(luma).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }
}

fn shade(x: f32, y: f32, width: f32, height: f32, surface: &mut Surface<'_>) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
    fill(path.finish().as_ref(), SHADE, surface);
}

fn draw_line(line: &Line, x: f32, y: f32, faces: &[Font], surface: &mut Surface<'_>) {
    let size = line.runs.first().map_or(0.0, |run| run.size);
    for &(start, end) in &line.code {
        shade(x + start, y - 0.95 * size, end - start, 1.15 * size, surface);
    }
    surface.set_fill(Some(filled(0)));
    for run in &line.runs {
        draw_run(run, &line.text, x, y, faces, surface);
    }
    for &middle in &line.dots {
        let dot = circle(x + middle, y + 0.24 * size, 0.055 * size);
        fill(dot.as_ref(), 0, surface);
    }
}

fn draw_run(run: &GlyphRun, text: &str, x: f32, y: f32, faces: &[Font], surface: &mut Surface<'_>) {
    let Some(face) = faces.get(run.face) else { return };
    let glyphs: Vec<_> = (run.glyphs.iter())
        .map(|glyph| {
            KrillaGlyph::new(
                GlyphId::new(glyph.id),
                glyph.advance / run.size,
                glyph.dx / run.size,
                glyph.dy / run.size,
                0.0,
                glyph.text.clone(),
                None,
            )
        })
        .collect();
    surface.draw_glyphs(Point::from_xy(x + run.x, y), &glyphs, face.clone(), text, run.size, false);
}

fn circle(x: f32, y: f32, radius: f32) -> Option<Path> {
    let (handle, mut path) = (radius * CIRCLE, PathBuilder::new());
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + handle, x + handle, y + radius, x, y + radius);
    path.cubic_to(x - handle, y + radius, x - radius, y + handle, x - radius, y);
    path.cubic_to(x - radius, y - handle, x - handle, y - radius, x, y - radius);
    path.cubic_to(x + handle, y - radius, x + radius, y - handle, x + radius, y);
    path.close();
    path.finish()
}

fn tag_tree(tree: &Tree, mut leaves: Vec<Vec<Identifier>>) -> TagTree {
    let mut tags = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
    for &root in &tree.roots {
        tags.children.extend(group(tree, root, &mut leaves).map(Into::into));
    }
    tags
}

fn group(tree: &Tree, place: usize, leaves: &mut [Vec<Identifier>]) -> Option<TagGroup> {
    let node = tree.nodes.get(place)?;
    let mut group = TagGroup::new(tag(&node.role));
    for leaf in leaves.get_mut(place).map(std::mem::take).unwrap_or_default() {
        group.push(leaf);
    }
    for &child in &node.children {
        group.children.extend(self::group(tree, child, leaves).map(Into::into));
    }
    Some(group)
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text.clone())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::Quote => Tag::BlockQuote.into(),
        Role::List(true) => Tag::L(ListNumbering::Decimal).into(),
        Role::List(false) => Tag::L(ListNumbering::Disc).into(),
        Role::Item => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::ItemBody => Tag::LBody.into(),
        Role::Table(about) => {
            Tag::Table.with_summary((!about.is_empty()).then(|| about.clone())).into()
        }
        Role::TableHead => Tag::THead.into(),
        Role::TableBody => Tag::TBody.into(),
        Role::TableRow => Tag::TR.into(),
        Role::HeaderCell(scope, columns, rows) => {
            let scope = match scope {
                Scope::Column => TableHeaderScope::Column,
                Scope::Row => TableHeaderScope::Row,
            };
            Tag::TH(scope).with_col_span(span(*columns)).with_row_span(span(*rows)).into()
        }
        Role::Cell(columns, rows) => {
            Tag::TD.with_col_span(span(*columns)).with_row_span(span(*rows)).into()
        }
        Role::Figure(says) => Tag::Figure(Some(says.clone())).into(),
    }
}

/// A span, unless it is of one.
fn span(cells: usize) -> Option<NonZeroU32> {
    u32::try_from(cells).ok().filter(|&cells| cells > 1).and_then(NonZeroU32::new)
}
