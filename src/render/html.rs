//! The page in one self-contained HTML file, for the agency's website and for printing on A4.
//!
//! No script, nothing fetched. The look follows GB/T 9704 and the published reports; commercial
//! fonts are named with open ones after them. Every figure carries the name of its cell.

use super::{
    chart::{CHARTS_TITLE, Chart},
    document::{Block, Cell, Document, Inline, Placed, Role, Run, Scope, Table},
    svg::svg,
};

const STYLE: &str = include_str!("html.css");

/// The page in HTML.
#[must_use]
pub fn html(document: &Document) -> String {
    let title = &document.title;
    let heading =
        [&title.agency, &title.report].map(|part| format!("<span>{}</span>", escaped(part)));
    let mut out = String::new();
    out.extend([
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"generator\" content=\"disclosure-ledger\">\n",
        "<title>",
        &escaped(&title.to_string()),
        "</title>\n<style>\n",
        STYLE,
        "</style>\n</head>\n<body>\n",
        &main(document),
        "\n<h1>",
        &heading.concat(),
        "</h1>\n",
    ]);
    push_blocks(&mut out, &document.blocks);
    push_charts(&mut out, &document.charts);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The annex: each chart with its sentence, and its values as a table to unfold.
fn push_charts(out: &mut String, charts: &[Chart]) {
    if charts.is_empty() {
        return;
    }
    out.push_str("<section id=\"charts\">\n");
    push_element(out, "h2", "", CHARTS_TITLE);
    out.push_str("<div class=\"charts\">\n");
    for chart in charts {
        out.push_str("<figure>\n");
        push_element(out, "figcaption", "", &escaped(&chart.title));
        out.push_str(&svg(chart));
        push_element(out, "p", " class=\"note\"", &escaped(&chart.summary));
        out.push_str("<details>\n<summary>数据表</summary>\n");
        push_table(out, &chart.table());
        out.push_str("</details>\n</figure>\n");
    }
    out.push_str("</div>\n</section>\n");
}

/// The opening tag of the page's content, with what the page was made from.
fn main(document: &Document) -> String {
    let origin = &document.origin;
    let attributes = [
        attribute("data-agency", &origin.agency_id),
        attribute("data-year", &origin.year.to_string()),
        attribute("data-form", origin.form),
        attribute("data-as-of-position", &origin.as_of_position.to_string()),
    ];
    format!("<main{}>", attributes.concat())
}

fn push_blocks(out: &mut String, blocks: &[Block]) {
    for block in blocks {
        push_block(out, block);
    }
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading { level, text } => {
            let tag = format!("h{level}");
            push_element(out, &tag, "", &escaped(text));
        }
        Block::Paragraph(inlines) => push_element(out, "p", "", &inlines_html(inlines)),
        Block::Note(text) => push_element(out, "p", " class=\"note\"", &escaped(text)),
        Block::Preformatted(text) => push_element(out, "pre", "", &escaped(text)),
        Block::List { first, items } => push_list(out, *first, items),
        Block::Quote(inner) => {
            out.push_str("<blockquote>\n");
            push_blocks(out, inner);
            out.push_str("</blockquote>\n");
        }
        Block::Table(table) => push_table(out, table),
    }
}

/// An element on a line of its own; the content is HTML.
fn push_element(out: &mut String, tag: &str, attributes: &str, content: &str) {
    out.extend(["<", tag, attributes, ">", content, "</", tag, ">\n"]);
}

fn push_list(out: &mut String, first: Option<u64>, items: &[Vec<Block>]) {
    let (tag, start) = match first {
        Some(first) => ("ol", attribute("start", &first.to_string())),
        None => ("ul", String::new()),
    };
    out.extend(["<", tag, &start, ">\n"]);
    for item in items {
        out.push_str("<li>");
        push_blocks(out, item);
        out.push_str("</li>\n");
    }
    out.extend(["</", tag, ">\n"]);
}

fn inlines_html(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Run(run) => run_html(run),
            Inline::Break => "<br>".to_owned(),
        })
        .collect()
}

fn run_html(run: &Run) -> String {
    let styles = [(run.strong, "strong"), (run.emphasis, "em"), (run.code, "code")];
    let tags: Vec<&str> = styles.iter().filter(|(on, _)| *on).map(|(_, tag)| *tag).collect();
    let opening: String = tags.iter().flat_map(|tag| ["<", tag, ">"]).collect();
    let closing: String = tags.iter().rev().flat_map(|tag| ["</", tag, ">"]).collect();
    format!("{opening}{}{closing}", escaped(&run.text))
}

// Tables.

fn push_table(out: &mut String, table: &Table) {
    let placed = table.placed();
    let groups = column_groups(table, &placed);
    let label = attribute("aria-label", &table.caption);
    let named =
        if table.caption.is_empty() { String::new() } else { format!(" role=\"region\"{label}") };
    let id = if table.key.is_empty() { String::new() } else { attribute("id", table.key) };
    out.extend(["<div class=\"scroll\" tabindex=\"0\"", &named, ">\n<table", &id, ">\n"]);
    if !table.caption.is_empty() {
        push_element(out, "caption", "", &escaped(&table.caption));
    }
    push_columns(out, table, &groups);
    push_rows(out, table, &placed, &groups);
    out.push_str("</table>\n</div>\n");
}

/// The header cells over several columns that have no such cell below them: first and end column.
fn column_groups(table: &Table, placed: &[Placed<'_>]) -> Vec<(usize, usize)> {
    let wide = |place: &&Placed<'_>| {
        place.row < table.header.len()
            && place.cell.columns > 1
            && place.cell.role == Role::Header(Scope::Column)
    };
    let holds_another = |outer: &Placed<'_>| {
        placed.iter().filter(wide).any(|inner| {
            inner.row > outer.row && (outer.column..outer.end_column()).contains(&inner.column)
        })
    };
    let innermost = placed.iter().filter(wide).filter(|place| !holds_another(place));
    innermost.map(|place| (place.column, place.end_column())).collect()
}

fn push_columns(out: &mut String, table: &Table, groups: &[(usize, usize)]) {
    let begins_group =
        |column| column == 0 || groups.iter().any(|&(first, end)| column == first || column == end);
    for (column, width) in table.widths.iter().enumerate() {
        if begins_group(column) {
            out.push_str(if column == 0 { "<colgroup>" } else { "</colgroup>\n<colgroup>" });
        }
        out.extend(["<col style=\"width:", &width.to_string(), "%\">"]);
    }
    out.push_str("</colgroup>\n");
}

fn push_rows(out: &mut String, table: &Table, placed: &[Placed<'_>], groups: &[(usize, usize)]) {
    let header_rows = table.header.len();
    if header_rows > 0 {
        out.push_str("<thead>\n");
    }
    for row in placed.chunk_by(|one, other| one.row == other.row) {
        let Some(first) = row.first() else { continue };
        let opens_block = first.cell.role == Role::Caption || first.row == header_rows;
        if first.row >= header_rows && opens_block {
            out.push_str(match (first.row, header_rows) {
                (0, _) => "<tbody>\n",
                (row, header_rows) if row == header_rows => "</thead>\n<tbody>\n",
                _ => "</tbody>\n<tbody>\n",
            });
        }
        push_row(out, row, groups);
    }
    out.push_str("</tbody>\n");
}

fn push_row(out: &mut String, row: &[Placed<'_>], groups: &[(usize, usize)]) {
    out.push_str("<tr>");
    for place in row {
        push_cell(out, place, groups);
    }
    out.push_str("</tr>\n");
}

fn push_cell(out: &mut String, place: &Placed<'_>, groups: &[(usize, usize)]) {
    let cell = place.cell;
    let is_group = groups.contains(&(place.column, place.end_column()));
    let (tag, own) = match &cell.role {
        Role::Header(Scope::Row) => ("th", attribute("scope", "row")),
        Role::Header(Scope::Column) if is_group => ("th", attribute("scope", "colgroup")),
        Role::Header(Scope::Column) => ("th", attribute("scope", "col")),
        Role::Caption => ("th", attribute("scope", "rowgroup")),
        Role::Label => ("td", String::new()),
        Role::Number(name) => ("td", attribute("data-cell", name)),
    };
    out.extend(["<", tag, &own, &spans(cell), ">", &escaped(&cell.text), "</", tag, ">"]);
}

fn spans(cell: &Cell) -> String {
    let span = |name, extent: usize| match extent {
        1 => String::new(),
        extent => attribute(name, &extent.to_string()),
    };
    [span("colspan", cell.columns), span("rowspan", cell.rows)].concat()
}

pub(super) fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", escaped(value))
}

/// Text in which nothing is markup, within an element or a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{cells, compose, samples};

    #[test]
    fn every_figure_stands_under_the_name_of_its_cell() {
        for report in samples::all() {
            let page = html(&compose(&report));
            for (cell, _) in report.tables.cells() {
                let name = report.tables.form().cell_name(cell);
                let (_, after) = page.split_once(&format!("data-cell=\"{name}\"")).unwrap();
                let text = after.split(['>', '<']).nth(1).unwrap();
                assert_eq!(text, cells::printed(&report.tables, cell).unwrap_or_default());
            }
        }
    }

    #[test]
    fn every_element_opened_is_closed() {
        for report in samples::all() {
            let page = html(&compose(&report));
            for tag in
                ["table", "thead", "tbody", "tr", "th", "td", "colgroup", "p", "ul", "li", "h3"]
            {
                let opened = page.matches(&format!("<{tag}>")).count()
                    + page.matches(&format!("<{tag} ")).count();
                assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
            }
        }
    }

    #[test]
    fn hostile_text_is_literal() {
        let page = html(&compose(&samples::hostile()));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("[U+202E]"));
        assert!(!page.contains('\u{202E}'));
        let (_, body) = page.split_once("<body>").unwrap();
        let known = "main h1 h2 p div table caption colgroup col thead tbody tr th td ul li blockquote pre code strong em h3 ol span";
        for tag in body.split('<').skip(1) {
            let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
            let closes = ["body", "html"].contains(&name) && tag.starts_with('/');
            assert!(closes || known.split(' ').any(|known| known == name), "<{tag}");
        }
    }

    #[test]
    fn a_group_of_columns_is_marked_as_one() {
        let page = html(&compose(&samples::small()));
        assert!(page.contains("<th scope=\"col\" colspan=\"10\">行政诉讼"));
        assert!(page.contains("<th scope=\"colgroup\" colspan=\"5\">法人或其他组织"));
        assert!(page.contains("<th scope=\"row\" rowspan=\"22\">三、本年度办理结果"));
        assert!(page.contains("<th scope=\"rowgroup\" colspan=\"4\">第二十条第（一）项"));
    }
}
