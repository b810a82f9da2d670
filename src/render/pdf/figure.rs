//! Charts on paper: the shapes of a drawing at their places, its words set.

use crate::render::{
    chart::Chart,
    drawing::{Drawing, Shape, TEXT_SIZE, WIDTH, draw},
};

use super::{
    measures as measure,
    page::Ink,
    typeset::{Alignment, Faces, Typesetter},
};

/// How large a unit of a drawing is, in points; its words are of ten points and a half then.
const SCALE: f32 = 10.5 / 12.0;

/// A chart to be placed; lengths in points.
pub(super) struct Figure {
    pub(super) width: f32,
    pub(super) height: f32,
    /// What is on it, from its upper left corner; of words the baseline.
    pub(super) inks: Vec<(f32, f32, Ink)>,
    /// What it says in words, every value included.
    pub(super) says: String,
}

/// A chart no higher than a page.
pub(super) fn figure(chart: &Chart, typesetter: &mut Typesetter<'_>, room: f32) -> Figure {
    let Drawing { height, shapes } = draw(chart);
    let scale = SCALE.min(room / length(height));
    let at = |units: u32| length(units) * scale;
    let mut inks = Vec::with_capacity(shapes.len());
    let mut says = vec![chart.summary.clone()];
    for shape in shapes {
        match shape {
            Shape::Bar { x, y, width, height, fill, says: said } => {
                inks.push((at(x), at(y), Ink::Bar(at(width), at(height), fill)));
                says.push(said);
            }
            Shape::Line { from, to, dashed } => {
                let (x, y) = (at(from.0), at(from.1));
                inks.push((x, y, Ink::Stroke(at(to.0) - x, at(to.1) - y, dashed)));
            }
            Shape::Words { x, y, flush_right, strong, text } => {
                let faces = if strong { Faces::Headings } else { Faces::Body };
                let style = measure::cell(at(TEXT_SIZE), faces, Alignment::Left);
                let Some(line) = typesetter.set_line(&text, style) else { continue };
                let left = if flush_right { at(x) - line.width } else { at(x) };
                inks.push((left, at(y), Ink::Line(line)));
            }
        }
    }
    Figure { width: at(WIDTH), height: at(height), inks, says: says.join("\n") }
}

/// Units of a drawing as a length.
fn length(units: u32) -> f32 {
    f32::from(u16::try_from(units).unwrap_or(u16::MAX))
}
