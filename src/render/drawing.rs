//! How a chart looks: bars, lines and words at whole units of a page that grows downwards.
//!
//! Every chart is rows of horizontal bars that begin at zero. A name stands before its bar and the
//! value behind it, each in room of its own, so that nothing collides, however large the figures,
//! and nothing depends on colour. Formats that draw only carry these shapes over.

use unicode_width::UnicodeWidthStr;

use super::chart::{Chart, Mark, Series};

/// The width of every drawing, in units; the words have 12 of them, so that it can be read on a
/// telephone and twice on a sheet of A4.
pub const WIDTH: u32 = 360;

/// The size of words.
pub const TEXT_SIZE: u32 = 12;

const ROW: u32 = 20;
const BAR: u32 = 12;
const GAP: u32 = 8;
/// From the top of a row to the line on which its words stand.
const BASELINE: u32 = 14;

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Its height in units; its width is [`WIDTH`].
    pub height: u32,
    /// What is on it; nothing covers anything else.
    pub shapes: Vec<Shape>,
}

/// A piece of a drawing, at units from its left and upper edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A bar.
    Bar {
        /// Its left edge.
        x: u32,
        /// Its upper edge.
        y: u32,
        /// Its width, at least one.
        width: u32,
        /// Its height.
        height: u32,
        /// How it is filled.
        fill: Fill,
        /// What it stands for, in words.
        says: String,
    },
    /// A straight line, upright or level.
    Line {
        /// Where it begins.
        from: (u32, u32),
        /// Where it ends.
        to: (u32, u32),
        /// Whether it is dashed.
        dashed: bool,
    },
    /// Words in one line, of the size [`TEXT_SIZE`].
    Words {
        /// Where they begin; where they end if they are flush right.
        x: u32,
        /// The line on which they stand.
        y: u32,
        /// Whether they end at `x`.
        flush_right: bool,
        /// Whether they head what is below them.
        strong: bool,
        /// The words.
        text: String,
    },
}

/// How a bar is filled: told apart in grey, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// Dark all over.
    Dark,
    /// Light all over, with an edge.
    Light,
    /// Slanting lines.
    Hatched,
    /// Dots.
    Dotted,
}

impl Fill {
    /// Every one, in the order in which series take them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Hatched, Self::Dotted];
}

/// A chart drawn.
#[must_use]
pub fn draw(chart: &Chart) -> Drawing {
    let printed = chart.printed();
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| width(text)).max();
    let before = widest(&mut chart.categories.iter().chain([&chart.category_axis])).unwrap_or(0);
    let behind = widest(&mut printed.iter().flatten()).unwrap_or(0);
    let left = before.saturating_add(GAP);
    let values = chart.series.iter().flat_map(|series| &series.values);
    let mut pen = Pen {
        left,
        room: WIDTH.saturating_sub(left).saturating_sub(behind).saturating_sub(GAP),
        largest: values.copied().max().unwrap_or(0),
        y: 0,
        shapes: Vec::new(),
    };
    pen.axes(chart);
    let is_grouped = chart.series.len() > 1;
    for ((series, printed), fill) in
        chart.series.iter().zip(&printed).zip(Fill::ALL.into_iter().cycle())
    {
        if is_grouped {
            pen.heading(&series.name);
        }
        pen.bars(chart, series, printed, fill);
    }
    Drawing { height: pen.y.saturating_add(GAP / 2), shapes: pen.shapes }
}

/// What is being drawn, from above downwards.
struct Pen {
    /// Where bars begin.
    left: u32,
    /// How long the longest bar may be.
    room: u32,
    largest: i64,
    y: u32,
    shapes: Vec<Shape>,
}

impl Pen {
    fn axes(&mut self, chart: &Chart) {
        self.words(0, false, true, &chart.category_axis);
        self.words(self.left, false, true, &chart.value_axis);
        self.y = self.y.saturating_add(ROW);
    }

    fn heading(&mut self, name: &str) {
        self.y = self.y.saturating_add(GAP / 2);
        self.words(0, false, true, name);
        self.y = self.y.saturating_add(ROW);
    }

    fn bars(&mut self, chart: &Chart, series: &Series, printed: &[String], fill: Fill) {
        let mut top = self.y;
        let rows = chart.categories.iter().zip(&series.values).zip(printed);
        for (place, ((category, &value), printed)) in rows.enumerate() {
            if let Some(mark) = chart.marks.iter().find(|mark| mark.after == place) {
                self.base(top);
                self.mark(mark);
                top = self.y;
            }
            self.bar(category, value, printed, fill, &series.name);
        }
        self.base(top);
    }

    fn bar(&mut self, category: &str, value: i64, printed: &str, fill: Fill, series: &str) {
        self.words(0, false, false, category);
        let width = length(value, self.largest, self.room);
        if width > 0 {
            self.shapes.push(Shape::Bar {
                x: self.left,
                y: self.y.saturating_add((ROW - BAR) / 2),
                width,
                height: BAR,
                fill,
                says: format!("{category} {series} {printed}"),
            });
        }
        let end = self.left.saturating_add(width).saturating_add(GAP / 2);
        self.words(end, false, false, printed);
        self.y = self.y.saturating_add(ROW);
    }

    /// The line of the zeros, from here down to where the pen is.
    fn base(&mut self, top: u32) {
        if top < self.y {
            let x = self.left.saturating_sub(1);
            self.shapes.push(Shape::Line { from: (x, top), to: (x, self.y), dashed: false });
        }
    }

    /// A dashed line with its meaning at its right end, in a row of its own.
    fn mark(&mut self, mark: &Mark) {
        let middle = self.y.saturating_add(ROW / 2);
        let end = WIDTH.saturating_sub(width(&mark.label)).saturating_sub(GAP);
        self.shapes.push(Shape::Line { from: (0, middle), to: (end, middle), dashed: true });
        self.words(WIDTH, true, false, &mark.label);
        self.y = self.y.saturating_add(ROW);
    }

    fn words(&mut self, x: u32, flush_right: bool, strong: bool, text: &str) {
        let y = self.y.saturating_add(BASELINE);
        self.shapes.push(Shape::Words { x, y, flush_right, strong, text: text.to_owned() });
    }
}

/// How long a bar is: in proportion to its value, none for none and at least one for any.
fn length(value: i64, largest: i64, room: u32) -> u32 {
    let product = i128::from(value.max(0)).saturating_mul(i128::from(room));
    let length = product.checked_div(i128::from(largest)).unwrap_or(0);
    u32::try_from(length).unwrap_or(room).max(u32::from(value > 0))
}

/// About how wide words are: Chinese ones are square, others three fifths of that.
fn width(text: &str) -> u32 {
    let columns = |c: char| match c.to_string().width() {
        2 => TEXT_SIZE.saturating_mul(5),
        1 => TEXT_SIZE.saturating_mul(3),
        _ => 0,
    };
    text.chars().map(columns).fold(0, u32::saturating_add).div_ceil(5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::{ChartKind, compose, samples};

    /// Left, upper, right and lower edge.
    fn bounds(shape: &Shape) -> [u32; 4] {
        match *shape {
            Shape::Bar { x, y, width, height, .. } => [x, y, x + width, y + height],
            Shape::Line { from, to, .. } => [from.0, from.1, to.0, to.1],
            Shape::Words { x, y, flush_right, ref text, .. } => {
                let wide = width(text);
                let left = if flush_right { x - wide } else { x };
                [left, y - TEXT_SIZE, left + wide, y + 3]
            }
        }
    }

    /// That nothing covers anything and nothing leaves the page.
    #[track_caller]
    fn assert_clear(drawing: &Drawing) {
        let bounds: Vec<_> = drawing.shapes.iter().map(bounds).collect();
        for (place, one) in bounds.iter().enumerate() {
            assert!(one[2] <= WIDTH && one[3] <= drawing.height, "{:?}", drawing.shapes[place]);
            for (other, two) in bounds.iter().enumerate().skip(place + 1) {
                let apart =
                    one[2] <= two[0] || two[2] <= one[0] || one[3] <= two[1] || two[3] <= one[1];
                let shapes = (&drawing.shapes[place], &drawing.shapes[other]);
                assert!(apart, "{shapes:?}");
            }
        }
    }

    fn chart(kind: ChartKind, values: Vec<i64>) -> Chart {
        Chart {
            key: "k",
            kind,
            title: "题".to_owned(),
            category_axis: "年份".to_owned(),
            value_axis: "数量（件）".to_owned(),
            categories: values.iter().map(|_| "法律服务机构".to_owned()).collect(),
            marks: vec![Mark { after: 1, label: "20个工作日：答复期限".to_owned() }],
            series: vec![
                Series { name: "新收".to_owned(), values: values.clone() },
                Series { name: "办结".to_owned(), values },
            ],
            summary: String::new(),
        }
    }

    fn bars(drawing: &Drawing) -> Vec<(u32, u32)> {
        let bar = |shape: &Shape| match *shape {
            Shape::Bar { x, width, .. } => Some((x, width)),
            Shape::Line { .. } | Shape::Words { .. } => None,
        };
        drawing.shapes.iter().filter_map(bar).collect()
    }

    #[test]
    fn the_samples_are_drawn_clearly() {
        for report in samples::all() {
            compose(&report).charts.iter().for_each(|chart| assert_clear(&draw(chart)));
        }
    }

    #[test]
    fn bars_begin_at_zero_and_none_stands_for_none() {
        let drawing = draw(&chart(ChartKind::Amounts, vec![0, 1, 50, 100]));
        let bars = bars(&drawing);
        let [(x, one), (_, half), (_, whole)] = bars[..3] else { panic!("{bars:?}") };
        assert!(bars.iter().all(|&(left, _)| left == x));
        assert_eq!((bars.len(), one, half), (6, whole / 100, whole / 2));
    }

    #[test]
    fn the_least_value_is_seen_beside_the_largest() {
        let drawing = draw(&chart(ChartKind::Amounts, vec![1, 11_400_000]));
        assert_eq!(bars(&drawing).iter().map(|&(_, width)| width).min(), Some(1));
    }

    proptest! {
        #[test]
        fn nothing_collides_whatever_the_figures(
            values in proptest::collection::vec(prop_oneof![0..10_i64, 0..=i64::MAX], 1..12),
        ) {
            for kind in [ChartKind::Amounts, ChartKind::Shares] {
                let drawing = draw(&chart(kind, values.clone()));
                assert_clear(&drawing);
                let named = drawing.shapes.iter().filter(|shape| matches!(shape, Shape::Words { .. }));
                prop_assert!(named.count() >= values.len() * 4);
            }
        }
    }
}
