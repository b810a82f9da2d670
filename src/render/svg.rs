//! A chart as SVG: the shapes of its drawing, with its title and sentence for those who do not see.
//!
//! No script, nothing fetched, whole numbers only.

use super::{
    chart::Chart,
    drawing::{Drawing, Fill, Shape, TEXT_SIZE, WIDTH, draw},
    html::{attribute, escaped},
};

const FONTS: &str =
    "SimHei, 'Heiti SC', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', sans-serif";

const INK: &str = "#1f3a5f";

/// The chart in SVG. Ids begin with the chart's key, so that several can stand in one page.
#[must_use]
pub fn svg(chart: &Chart) -> String {
    let Drawing { height, shapes } = draw(chart);
    let key = chart.key;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"{key}-title {key}-desc\" font-size=\"{TEXT_SIZE}\"{}>\n\
         <title id=\"{key}-title\">{}</title>\n<desc id=\"{key}-desc\">{}</desc>\n",
        attribute("font-family", FONTS),
        escaped(&chart.title),
        escaped(&chart.summary),
    );
    push_patterns(&mut out, key, &shapes);
    for shape in &shapes {
        out.push_str(&shape_svg(shape, key));
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

/// The patterns that bars are filled with, if any are.
fn push_patterns(out: &mut String, key: &str, shapes: &[Shape]) {
    let is_used = |wanted: Fill| {
        shapes.iter().any(|shape| matches!(shape, Shape::Bar { fill, .. } if *fill == wanted))
    };
    let patterns: Vec<String> = Fill::ALL
        .into_iter()
        .filter(|&fill| is_used(fill))
        .filter_map(|fill| {
            let (name, inside) = pattern(fill)?;
            Some(format!(
                "<pattern id=\"{key}-{name}\" width=\"6\" height=\"6\" \
                 patternUnits=\"userSpaceOnUse\">{inside}</pattern>"
            ))
        })
        .collect();
    if !patterns.is_empty() {
        out.extend(["<defs>", &patterns.concat(), "</defs>\n"]);
    }
}

/// The name and the content of a pattern of six units a side; none where a bar has one tone.
fn pattern(fill: Fill) -> Option<(&'static str, String)> {
    match fill {
        Fill::Dark | Fill::Light => None,
        Fill::Hatched => Some((
            "hatched",
            format!("<path d=\"M-1 1L1 -1M0 6L6 0M5 7L7 5\" stroke=\"{INK}\" stroke-width=\"2\"/>"),
        )),
        Fill::Dotted => Some((
            "dotted",
            format!(
                "<circle cx=\"2\" cy=\"2\" r=\"1\" fill=\"{INK}\"/><circle cx=\"5\" cy=\"5\" r=\"1\" fill=\"{INK}\"/>"
            ),
        )),
    }
}

fn shape_svg(shape: &Shape, key: &str) -> String {
    match shape {
        Shape::Bar { x, y, width, height, fill, says } => format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\" \
             stroke=\"{INK}\"><title>{}</title></rect>",
            paint(*fill, key),
            escaped(says)
        ),
        Shape::Line { from: (x1, y1), to: (x2, y2), dashed } => format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"#000\"{}/>",
            if *dashed { " stroke-dasharray=\"4 3\"" } else { "" }
        ),
        Shape::Words { x, y, flush_right, strong, text } => format!(
            "<text x=\"{x}\" y=\"{y}\"{}{}>{}</text>",
            if *flush_right { " text-anchor=\"end\"" } else { "" },
            if *strong { " font-weight=\"bold\"" } else { "" },
            escaped(text)
        ),
    }
}

fn paint(fill: Fill, key: &str) -> String {
    match (fill, pattern(fill)) {
        (Fill::Light, _) => "#dbe5f1".to_owned(),
        (_, Some((name, _))) => format!("url(#{key}-{name})"),
        (Fill::Dark | Fill::Hatched | Fill::Dotted, None) => INK.to_owned(),
    }
}
