//! The measures of official documents (GB/T 9704-2012), in points.

use super::typeset::{Alignment, Faces, Style};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;

/// A4.
pub(super) const PAPER: (f32, f32) = (210.0 * MM, 297.0 * MM);
/// The text area (版心).
pub(super) const TEXT: (f32, f32) = (156.0 * MM, 225.0 * MM);
/// What is left free above it (天头) and at its left (订口).
pub(super) const TOP: f32 = 37.0 * MM;
pub(super) const LEFT: f32 = 28.0 * MM;
/// How far below the text area the page number stands.
const BELOW: f32 = 7.0 * MM;

/// Twenty-two lines on a page.
pub(super) const LEADING: f32 = TEXT.1 / 22.0;
/// Size three (三号), the size of the text.
pub(super) const BODY_SIZE: f32 = 16.0;
/// Twenty-eight characters to a line: what size three is too wide by is taken from between them.
const BODY_TRACKING: f32 = TEXT.0 / 28.0 - BODY_SIZE;
/// Two characters.
pub(super) const INDENT: f32 = TEXT.0 / 28.0 * 2.0;

/// Size two (二号), of the title.
const TITLE_SIZE: f32 = 22.0;
pub(super) const TITLE_LEADING: f32 = 36.0;
/// Small size four (小四), of remarks and of text set as it was typed.
const SMALL_SIZE: f32 = 12.0;
pub(super) const SMALL_LEADING: f32 = 18.0;
/// Size four (四号), of the page number.
const PAGE_NUMBER_SIZE: f32 = 14.0;

/// The sizes that a table is tried in: 五号, 小五, and the smallest that is still readable.
pub(super) const TABLE_SIZES: [f32; 4] = [10.5, 9.0, 8.0, 7.5];
/// The height of a line of a table, in ems.
pub(super) const TABLE_LEADING: f32 = 1.35;
/// What is left free in a cell above and below, and at either side, in ems.
pub(super) const TABLE_PADDING: (f32, f32) = (0.2, 0.3);
/// How thick the lines of a table are.
pub(super) const GRID_LINE: f32 = 0.5;

/// How far the baseline stands below the top of a line's place, so that the line is in its middle:
/// ideographs reach 0.88 of an em above it and 0.12 below.
pub(super) fn baseline(leading: f32, size: f32) -> f32 {
    (leading - size) / 2.0 + 0.88 * size
}

pub(super) const fn title() -> Style {
    Style {
        faces: Faces::Body,
        size: TITLE_SIZE,
        tracking: 0.0,
        indent: 0.0,
        alignment: Alignment::Centred,
    }
}

pub(super) const fn body() -> Style {
    Style {
        faces: Faces::Body,
        size: BODY_SIZE,
        tracking: BODY_TRACKING,
        indent: INDENT,
        alignment: Alignment::Justified,
    }
}

/// A heading, two characters in as a paragraph is; the title is level one.
pub(super) const fn heading(level: u8) -> Style {
    let faces = if level <= 3 { Faces::Headings } else { Faces::Body };
    let size = if level == 2 { BODY_SIZE } else { 15.0 };
    let tracking = if level == 2 { BODY_TRACKING } else { 0.0 };
    Style { faces, size, tracking, indent: INDENT, alignment: Alignment::Left }
}

pub(super) const fn small() -> Style {
    Style {
        faces: Faces::Body,
        size: SMALL_SIZE,
        tracking: 0.0,
        indent: 2.0 * SMALL_SIZE,
        alignment: Alignment::Justified,
    }
}

/// Text whose line breaks and spaces stay as they are.
pub(super) const fn as_typed() -> Style {
    Style { indent: 0.0, alignment: Alignment::Left, ..small() }
}

pub(super) const fn cell(size: f32, faces: Faces, alignment: Alignment) -> Style {
    Style { faces, size, tracking: 0.0, indent: 0.0, alignment }
}

pub(super) const fn page_number() -> Style {
    Style {
        faces: Faces::Body,
        size: PAGE_NUMBER_SIZE,
        tracking: 0.0,
        indent: 0.0,
        alignment: Alignment::Left,
    }
}

/// Where the page number's baseline stands: its dashes are so far below the text area.
pub(super) const fn page_number_baseline(text_bottom: f32) -> f32 {
    text_bottom + BELOW + 0.35 * PAGE_NUMBER_SIZE
}
