//! The report poured into pages: blocks one below the other, headings with what they head, tables
//! on one page where they fit on one.

use unicode_width::UnicodeWidthStr;

use crate::render::{
    chart::{CHARTS_TITLE, Chart},
    document::{self, Block, Cell, Document, Inline, Run, Scope, Table, Title},
};

use super::{
    figure::{Figure, figure},
    measures as measure,
    page::{Bookmark, Ink, Laid, Of, Page, Piece, Role},
    table::{Fragment, Grid, GridCell, Row, column_widths},
    typeset::{Alignment, Faces, Line, Style, Typesetter},
};

/// Lengths below this are rounding.
const HAIR: f32 = 0.01;
/// Between what widths, in half-width characters, columns of the narrative's tables are shared out.
const NARROWEST: usize = 6;
const WIDEST: usize = 40;
/// What the margins of a cell take of such a width.
const MARGINS: usize = 3;
/// How many lines of a paragraph may not stand alone at the foot or the head of a page.
const FEWEST: usize = 2;

/// Lays out a report.
pub(super) fn flow(document: &Document, typesetter: &mut Typesetter<'_>) -> Laid {
    let mut flow = Flow { typesetter, laid: Laid::default(), items: Vec::new(), y: 0.0 };
    flow.typesetter.enter(&document.title.to_string());
    flow.title(&document.title);
    let edges = Edges { x: 0.0, width: measure::TEXT.0 };
    flow.blocks(&document.blocks, edges, None);
    flow.charts(&document.charts, edges);
    // The text begins a line below the title.
    flow.items.iter_mut().skip(1).take(1).for_each(|item| item.before += measure::LEADING);
    flow.pour();
    flow.page_numbers();
    flow.laid
}

/// Between which edges blocks stand, from the left edge of the text area.
#[derive(Clone, Copy)]
struct Edges {
    x: f32,
    width: f32,
}

impl Edges {
    fn within(self, left: f32, right: f32) -> Self {
        Self { x: self.x + left, width: (self.width - left - right).max(measure::INDENT) }
    }
}

/// Something to be poured.
struct Item {
    content: Content,
    x: f32,
    /// What is left free above it, but not at the head of a page.
    before: f32,
    keeps_with_next: bool,
    /// The entry of the outline that leads here.
    bookmark: Option<String>,
    /// Whether a rule at its left says that it is a quotation.
    ruled: Option<f32>,
}

enum Content {
    Lines(Passage),
    Table { table: Table, width: f32, node: usize },
    Figure { figure: Figure, node: usize },
}

/// Lines of one size, one below the other.
struct Passage {
    lines: Vec<Line>,
    leading: f32,
    size: f32,
    node: usize,
    /// The number or dot before the first of them.
    label: Option<(Line, f32, usize)>,
    /// How wide a grey ground they stand on.
    shade: Option<f32>,
}

impl Passage {
    fn height(&self, lines: usize) -> f32 {
        f32::from(u16::try_from(lines).unwrap_or(u16::MAX)) * self.leading
    }
}

/// A table in the size that was found for it.
struct Fitted {
    grid: Grid,
    lines: Vec<Vec<Line>>,
    size: f32,
    is_landscape: bool,
}

struct Flow<'t, 'f> {
    typesetter: &'t mut Typesetter<'f>,
    laid: Laid,
    items: Vec<Item>,
    /// How far the page is filled, from the top of the text area.
    y: f32,
}

impl Flow<'_, '_> {
    fn title(&mut self, title: &Title) {
        let node = self.laid.tree.add(Role::Heading(1, title.to_string()), None);
        let style = measure::title();
        let width = measure::TEXT.0;
        let whole = [Inline::Run(Run::plain(title.to_string()))];
        let mut lines = self.typesetter.set(&whole, style, width);
        if lines.len() > 1 {
            let parts = [&title.agency, &title.report];
            let part = |text: &String| [Inline::Run(Run::plain(text.clone()))];
            lines = parts.map(|text| self.typesetter.set(&part(text), style, width)).concat();
        }
        let lines = Passage {
            lines,
            leading: measure::TITLE_LEADING,
            size: style.size,
            node,
            label: None,
            shade: None,
        };
        self.push(Content::Lines(lines), 0.0, 0.0, true);
    }

    fn push(&mut self, content: Content, x: f32, before: f32, keeps_with_next: bool) {
        let item = Item { content, x, before, keeps_with_next, bookmark: None, ruled: None };
        self.items.push(item);
    }

    fn blocks(&mut self, blocks: &[Block], edges: Edges, within: Option<usize>) {
        for block in blocks {
            self.block(block, edges, within);
        }
    }

    fn block(&mut self, block: &Block, edges: Edges, within: Option<usize>) {
        match block {
            Block::Heading { level, text } => self.heading(*level, text, edges, within),
            Block::Paragraph(inlines) => {
                let node = self.laid.tree.add(Role::Paragraph, within);
                // In a list or a quotation the edge sets a paragraph off already.
                let indent = if within.is_some() { 0.0 } else { measure::INDENT };
                let style = Style { indent, ..measure::body() };
                self.paragraph(inlines, style, measure::LEADING, edges, node);
            }
            Block::Note(text) => {
                let node = self.laid.tree.add(Role::Paragraph, within);
                let inlines = [Inline::Run(Run::plain(text.clone()))];
                let leading = measure::SMALL_LEADING;
                self.paragraph(&inlines, measure::small(), leading, edges, node);
                self.items.last_mut().into_iter().for_each(|item| item.before = leading / 3.0);
            }
            Block::Preformatted(text) => self.preformatted(text, edges, within),
            Block::Quote(blocks) => {
                let node = self.laid.tree.add(Role::Quote, within);
                let first = self.items.len();
                let inner = edges.within(measure::INDENT, measure::INDENT / 2.0);
                self.blocks(blocks, inner, Some(node));
                for item in self.items.iter_mut().skip(first) {
                    let rule = edges.x + measure::INDENT / 2.0;
                    item.ruled = Some(item.ruled.unwrap_or(rule).min(rule));
                }
            }
            Block::List { first, items } => self.list(*first, items, edges, within),
            Block::Table(table) => {
                let about = table.caption.clone();
                let node = self.laid.tree.add(Role::Table(about), within);
                let gap = measure::LEADING / 4.0;
                let content = Content::Table { table: table.clone(), width: edges.width, node };
                self.push(content, edges.x, gap, false);
            }
        }
    }

    fn heading(&mut self, level: u8, text: &str, edges: Edges, within: Option<usize>) {
        if level == 2 {
            self.typesetter.enter(text);
        }
        let node = self.laid.tree.add(Role::Heading(level.into(), text.to_owned()), within);
        let style = measure::heading(level);
        let inlines = [Inline::Run(Run::plain(text.to_owned()))];
        self.paragraph(&inlines, style, measure::LEADING, edges, node);
        if let Some(item) = self.items.last_mut() {
            item.keeps_with_next = true;
            item.bookmark = (level == 2).then(|| text.to_owned());
        }
    }

    fn paragraph(
        &mut self,
        inlines: &[Inline],
        style: Style,
        leading: f32,
        edges: Edges,
        node: usize,
    ) {
        let lines = self.typesetter.set(inlines, style, edges.width);
        let lines = Passage { lines, leading, size: style.size, node, label: None, shade: None };
        self.push(Content::Lines(lines), edges.x, 0.0, false);
    }

    fn preformatted(&mut self, text: &str, edges: Edges, within: Option<usize>) {
        let node = self.laid.tree.add(Role::Paragraph, within);
        let style = measure::as_typed();
        let inner = edges.within(style.size, style.size);
        // A tab stands at every fourth place, as far as that can be told without columns.
        let text = text.replace('\t', "    ");
        let lines = self.typesetter.set(&[Inline::Run(Run::plain(text))], style, inner.width);
        let lines = Passage {
            lines,
            leading: measure::SMALL_LEADING,
            size: style.size,
            node,
            label: None,
            shade: Some(edges.width),
        };
        self.push(Content::Lines(lines), inner.x, measure::SMALL_LEADING / 3.0, false);
    }

    fn list(
        &mut self,
        first: Option<u64>,
        items: &[Vec<Block>],
        edges: Edges,
        within: Option<usize>,
    ) {
        let node = self.laid.tree.add(Role::List(first.is_some()), within);
        let start = if within.is_some() { 0.0 } else { measure::INDENT };
        let mut numbers = first.unwrap_or_default()..;
        let labels: Vec<Option<Line>> = (items.iter())
            .map(|_| {
                let number = numbers.next().unwrap_or(u64::MAX);
                let label = if first.is_some() { format!("{number}.") } else { "•".to_owned() };
                let style = Style { indent: 0.0, alignment: Alignment::Left, ..measure::body() };
                self.typesetter.set_line(&label, style)
            })
            .collect();
        let widest = labels.iter().flatten().map(|label| label.width).fold(0.0, f32::max);
        let inner = edges.within(start + widest + measure::BODY_SIZE / 2.0, 0.0);
        for (blocks, label) in items.iter().zip(labels) {
            let item = self.laid.tree.add(Role::Item, Some(node));
            let label_node = self.laid.tree.add(Role::Label, Some(item));
            let body = self.laid.tree.add(Role::ItemBody, Some(item));
            let place = self.items.len();
            self.blocks(blocks, inner, Some(body));
            let x = edges.x + start - inner.x;
            let label = label.map(|label| (label, x, label_node));
            match self.items.get_mut(place) {
                Some(Item { content: Content::Lines(lines), x: at, .. })
                    if lines.label.is_none() && (*at - inner.x).abs() < HAIR =>
                {
                    lines.label = label;
                }
                // What begins with a list, a table or nothing has its number on a line of its own.
                Some(_) | None => {
                    let lines = Passage {
                        lines: vec![Line::default()],
                        leading: measure::LEADING,
                        size: measure::BODY_SIZE,
                        node: body,
                        label,
                        shade: None,
                    };
                    let content = Content::Lines(lines);
                    let (x, ruled) = (inner.x, None);
                    let keeps_with_next = self.items.len() > place;
                    let item =
                        Item { content, x, before: 0.0, keeps_with_next, bookmark: None, ruled };
                    self.items.insert(place, item);
                }
            }
        }
    }

    /// The annex of charts, each with its title above and its sentence below.
    fn charts(&mut self, charts: &[Chart], edges: Edges) {
        if charts.is_empty() {
            return;
        }
        self.heading(2, CHARTS_TITLE, edges, None);
        for chart in charts {
            self.heading(3, &chart.title, edges, None);
            // A heading, a figure and its sentence go on one page.
            let room = measure::TEXT.1 - 4.0 * measure::LEADING;
            let figure = figure(chart, self.typesetter, room);
            let node = self.laid.tree.add(Role::Figure(figure.says.clone()), None);
            let x = edges.x + (edges.width - figure.width) / 2.0;
            self.push(Content::Figure { figure, node }, x, 0.0, true);
            self.block(&Block::Note(chart.summary.clone()), edges, None);
        }
    }

    /// Pours the items into pages.
    fn pour(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.turn(false);
        let mut chain: Vec<Item> = Vec::new();
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            if item.keeps_with_next && items.peek().is_some() {
                chain.push(item);
            } else {
                let heads = std::mem::take(&mut chain);
                self.pour_together(heads, item);
            }
        }
    }

    /// Pours headings and what they head, which begins on the same page.
    fn pour_together(&mut self, heads: Vec<Item>, item: Item) {
        let above: f32 = heads.iter().map(Item::height).sum::<f32>() + item.before;
        match &item.content {
            Content::Lines(lines) => {
                let count = lines.lines.len();
                let first = if count <= FEWEST.saturating_add(1) { count } else { FEWEST };
                self.make_room(above + lines.height(first), false);
                self.put_all(heads);
                self.put(item);
            }
            Content::Table { table, width, node } => {
                let fitted = self.fit(table, *width, above);
                let height = fitted.grid.height();
                let room = room(fitted.is_landscape);
                let least =
                    if above + height <= room + HAIR { height } else { fitted.grid.least_height() };
                self.make_room(above + least, fitted.is_landscape);
                self.put_all(heads);
                self.y += item.before;
                self.put_table(table, fitted, item.x, *node, item.ruled);
            }
            Content::Figure { figure, .. } => {
                self.make_room(above + figure.height, false);
                self.put_all(heads);
                self.put(item);
            }
        }
    }

    /// Turns the page unless there is so much room on it and it lies as it should.
    fn make_room(&mut self, height: f32, is_landscape: bool) {
        let lies = self.laid.pages.last().is_some_and(|page| page.is_landscape == is_landscape);
        let is_full = self.y > HAIR && self.y + height > room(is_landscape) + HAIR;
        if !lies || is_full {
            self.turn(is_landscape);
        }
    }

    fn turn(&mut self, is_landscape: bool) {
        // A page that nothing stands on yet is turned round rather than left empty.
        let empty = self.laid.pages.last().is_some_and(|page| page.pieces.is_empty());
        if empty {
            self.laid.pages.pop();
        }
        self.laid.pages.push(Page { is_landscape, pieces: Vec::new() });
        self.y = 0.0;
    }

    fn is_landscape(&self) -> bool {
        self.laid.pages.last().is_some_and(|page| page.is_landscape)
    }

    fn draw(&mut self, of: Of, x: f32, y: f32, ink: Ink) {
        let (left, top) = corner(self.is_landscape());
        if let Some(page) = self.laid.pages.last_mut() {
            page.pieces.push(Piece { of, x: left + x, y: top + y, ink });
        }
    }

    fn put_all(&mut self, items: Vec<Item>) {
        for item in items {
            self.put(item);
        }
    }

    fn put(&mut self, item: Item) {
        let mut lines = match item.content {
            Content::Lines(lines) => lines,
            Content::Figure { figure, node } => return self.put_figure(figure, item.x, node),
            Content::Table { .. } => return,
        };
        if self.y > HAIR {
            self.y += item.before;
        }
        if let Some(text) = item.bookmark {
            let page = self.laid.pages.len().saturating_sub(1);
            let y = corner(self.is_landscape()).1 + self.y;
            self.laid.bookmarks.push(Bookmark { text, page, y });
        }
        let mut rest = std::mem::take(&mut lines.lines);
        while !rest.is_empty() {
            let room = room(self.is_landscape()) - self.y;
            let mut count = 0_usize;
            while count < rest.len() && lines.height(count.saturating_add(1)) <= room + HAIR {
                count = count.saturating_add(1);
            }
            let left = rest.len().saturating_sub(count);
            if left > 0 {
                // No line alone at the foot of a page, nor at the head of the next.
                if left < FEWEST && count > FEWEST {
                    count = count.saturating_sub(FEWEST.saturating_sub(left));
                } else if count < FEWEST && self.y > HAIR {
                    count = 0;
                }
                if count == 0 && self.y <= HAIR {
                    count = 1;
                }
            }
            let next = rest.split_off(count);
            self.put_lines(&mut lines, rest, item.x, item.ruled);
            rest = next;
            if !rest.is_empty() {
                self.turn(self.is_landscape());
            }
        }
    }

    fn put_figure(&mut self, figure: Figure, x: f32, node: usize) {
        for (left, top, ink) in figure.inks {
            self.draw(Of::Text(node), x + left, self.y + top, ink);
        }
        self.y += figure.height;
    }

    fn put_lines(&mut self, lines: &mut Passage, put: Vec<Line>, x: f32, ruled: Option<f32>) {
        let height = lines.height(put.len());
        if put.is_empty() {
            return;
        }
        if let Some(width) = lines.shade {
            let edge = lines.size;
            self.draw(Of::Ornament, x - edge, self.y, Ink::Shade(width, height));
        }
        if let Some(rule) = ruled {
            self.draw(Of::Ornament, rule, self.y, Ink::Rule(height));
        }
        let baseline = measure::baseline(lines.leading, lines.size);
        if let Some((label, at, node)) = lines.label.take() {
            self.draw(Of::Text(node), x + at, self.y + baseline, Ink::Line(label));
        }
        for line in put {
            self.draw(Of::Text(lines.node), x, self.y + baseline, Ink::Line(line));
            self.y += lines.leading;
        }
    }

    /// A table in the largest size in which it stands on one page; if there is none, in the
    /// largest in which its columns hold what they must; on its side before words are broken.
    fn fit(&mut self, table: &Table, width: f32, above: f32) -> Fitted {
        let mut broken: Option<Fitted> = None;
        for is_landscape in [false, true] {
            let width = if is_landscape { measure::TEXT.1 } else { width };
            for size in measure::TABLE_SIZES {
                let Some(fitted) = self.set_table(table, size, width, is_landscape, true) else {
                    continue;
                };
                if above + fitted.grid.height() <= room(is_landscape) + HAIR {
                    return fitted;
                }
                broken = broken.or(Some(fitted));
            }
            if let Some(fitted) = broken.take() {
                return fitted;
            }
        }
        let [.., smallest] = measure::TABLE_SIZES;
        let anyhow = self.set_table(table, smallest, measure::TEXT.1, true, false);
        anyhow.unwrap_or_else(|| Fitted {
            grid: Grid::default(),
            lines: Vec::new(),
            size: smallest,
            is_landscape: true,
        })
    }

    fn set_table(
        &mut self,
        table: &Table,
        size: f32,
        width: f32,
        is_landscape: bool,
        keeps_words: bool,
    ) -> Option<Fitted> {
        let (above, beside) = measure::TABLE_PADDING;
        let (padding, margin) = (above * size, beside * size);
        let placed = table.placed();
        let mut needed = vec![0.0_f32; table.widths.len()];
        if keeps_words {
            for place in placed.iter().filter(|place| place.cell.columns == 1) {
                let longest = self.longest_word(place.cell, size) + 2.0 * margin;
                needed.iter_mut().skip(place.column).take(1).for_each(|n| *n = n.max(longest));
            }
        }
        let widths = column_widths(&shares(table), &needed, width)?;
        let mut edges = vec![0.0];
        let mut edge = 0.0;
        for width in widths {
            edge += width;
            edges.push(edge);
        }
        let at = |edge: usize| edges.get(edge).copied().unwrap_or(width);
        let mut lines = Vec::with_capacity(placed.len());
        let mut cells = Vec::with_capacity(placed.len());
        let rows = table.header.len().saturating_add(table.body.len());
        for place in &placed {
            let end_column = place.end_column().min(table.widths.len());
            let inner = at(end_column) - at(place.column) - 2.0 * margin;
            let style = cell_style(table, place.cell, size);
            let inlines = [Inline::Run(Run::plain(place.cell.text.clone()))];
            let set = self.typesetter.set(&inlines, style, inner.max(size));
            cells.push(GridCell {
                row: place.row,
                end_row: place.end_row().min(rows),
                column: place.column,
                end_column,
                lines: set.len(),
            });
            lines.push(set);
        }
        let mut grid = Grid {
            edges,
            header: table.header.len(),
            rows: (table.header.iter().chain(&table.body))
                .map(|cells| Row { height: 0.0, keeps_with_next: is_label_row(cells) })
                .collect(),
            cells,
            leading: size * measure::TABLE_LEADING,
            padding,
        };
        grid.rows.iter_mut().take(table.header.len()).for_each(|row| row.keeps_with_next = false);
        grid.fit_rows();
        Some(Fitted { grid, lines, size, is_landscape })
    }

    /// The width of the longest word or number of a cell; Chinese may be broken anywhere.
    fn longest_word(&mut self, cell: &Cell, size: f32) -> f32 {
        let words = cell.text.split(|c: char| c.is_whitespace() || !c.is_ascii());
        let longest = words.max_by_key(|word| word.len()).unwrap_or_default();
        let style = measure::cell(size, Faces::Body, Alignment::Left);
        let width = self.typesetter.set_line(longest, style).map_or(0.0, |line| line.width);
        // One character at least; and what is longer than a number may be broken all the same.
        width.min(12.0 * size).max(size)
    }

    fn put_table(
        &mut self,
        table: &Table,
        fitted: Fitted,
        x: f32,
        node: usize,
        ruled: Option<f32>,
    ) {
        let Fitted { grid, lines, size, is_landscape } = fitted;
        let nodes = self.table_nodes(table, node);
        let (edges, cells) = (grid.edges.clone(), grid.cells.clone());
        let leading = grid.leading;
        let first = room(is_landscape) - self.y;
        let fragments = grid.paginate(first, room(is_landscape));
        let context = TableContext { edges, cells, lines, nodes, leading, size };
        for (index, fragment) in fragments.iter().enumerate() {
            if index > 0 {
                self.turn(is_landscape);
            }
            if let Some(rule) = ruled {
                self.draw(Of::Ornament, rule, self.y, Ink::Rule(fragment.height));
            }
            self.put_fragment(&context, fragment, x);
            self.y += fragment.height;
        }
        self.y += measure::LEADING / 4.0;
    }

    fn put_fragment(&mut self, context: &TableContext, fragment: &Fragment, x: f32) {
        let side = measure::TABLE_PADDING.1 * context.size;
        let edge = |column: usize| context.edges.get(column).copied().unwrap_or_default();
        let mut boxes = Vec::with_capacity(fragment.parts.len());
        let mut texts = Vec::new();
        for part in &fragment.parts {
            let Some(cell) = context.cells.get(part.cell) else { continue };
            let left = edge(cell.column);
            boxes.push([left, part.top, edge(cell.end_column) - left, part.height]);
            let node = context.nodes.get(part.cell).copied().unwrap_or_default();
            let of = if part.is_repeated { Of::Repetition } else { Of::Text(node) };
            let lines = context.lines.get(part.cell).map(Vec::as_slice).unwrap_or_default();
            let lines = lines.get(part.lines.clone()).unwrap_or_default();
            let count = f32::from(u16::try_from(lines.len()).unwrap_or(u16::MAX));
            let mut top = part.top + (part.height - count * context.leading) / 2.0;
            if lines.is_empty() && !part.is_repeated {
                texts.push((of, left + side, top, Ink::Blank));
            }
            for line in lines {
                let y = top + measure::baseline(context.leading, context.size);
                texts.push((of, left + side, y, Ink::Line(line.clone())));
                top += context.leading;
            }
        }
        let top = self.y;
        self.draw(Of::Ornament, x, top, Ink::Grid(boxes));
        for (of, left, y, ink) in texts {
            self.draw(of, x + left, top + y, ink);
        }
    }

    /// The parts of the tree that a table's cells are, in the order of the cells.
    fn table_nodes(&mut self, table: &Table, node: usize) -> Vec<usize> {
        let mut nodes = Vec::new();
        for (role, rows) in [(Role::TableHead, &table.header), (Role::TableBody, &table.body)] {
            let part = (!rows.is_empty()).then(|| self.laid.tree.add(role, Some(node)));
            for row in rows {
                let row_node = self.laid.tree.add(Role::TableRow, part);
                for cell in row {
                    let role = match cell.role {
                        document::Role::Header(scope) => {
                            Role::HeaderCell(scope, cell.columns, cell.rows)
                        }
                        // It heads the rows below it, over all columns.
                        document::Role::Caption => {
                            Role::HeaderCell(Scope::Column, cell.columns, cell.rows)
                        }
                        document::Role::Label | document::Role::Number(_) => {
                            Role::Cell(cell.columns, cell.rows)
                        }
                    };
                    nodes.push(self.laid.tree.add(role, Some(row_node)));
                }
            }
        }
        nodes
    }

    /// Writes its number at the outer side of every page.
    fn page_numbers(&mut self) {
        let style = measure::page_number();
        for index in 0..self.laid.pages.len() {
            let number = index.saturating_add(1);
            let Some(line) = self.typesetter.set_line(&format!("— {number} —"), style) else {
                continue;
            };
            let Some(page) = self.laid.pages.get_mut(index) else { continue };
            let (left, top) = corner(page.is_landscape);
            let (width, height) = area(page.is_landscape);
            // Odd pages have it at the right, even ones at the left, one character in.
            let x = if number % 2 == 1 {
                left + width - style.size - line.width
            } else {
                left + style.size
            };
            let y = measure::page_number_baseline(top + height);
            page.pieces.push(Piece { of: Of::PageNumber, x, y, ink: Ink::Line(line) });
        }
    }
}

struct TableContext {
    edges: Vec<f32>,
    cells: Vec<GridCell>,
    lines: Vec<Vec<Line>>,
    nodes: Vec<usize>,
    leading: f32,
    size: f32,
}

impl Item {
    fn height(&self) -> f32 {
        match &self.content {
            Content::Lines(lines) => self.before + lines.height(lines.lines.len()),
            Content::Table { .. } => self.before,
            Content::Figure { figure, .. } => self.before + figure.height,
        }
    }
}

/// The width and height of the text area.
const fn area(is_landscape: bool) -> (f32, f32) {
    let (width, height) = measure::TEXT;
    if is_landscape { (height, width) } else { (width, height) }
}

fn room(is_landscape: bool) -> f32 {
    area(is_landscape).1
}

/// Where the text area begins. Paper on its side is bound at its top.
const fn corner(is_landscape: bool) -> (f32, f32) {
    if is_landscape {
        (measure::PAPER.1 - measure::TOP - measure::TEXT.1, measure::LEFT)
    } else {
        (measure::LEFT, measure::TOP)
    }
}

/// The relative widths of a table's columns; those of the narrative go by what they hold.
fn shares(table: &Table) -> Vec<usize> {
    if !table.key.is_empty() {
        return table.widths.clone();
    }
    let mut shares = vec![NARROWEST; table.widths.len()];
    for place in table.placed() {
        let width = place.cell.text.width().min(WIDEST).saturating_add(MARGINS);
        shares.iter_mut().skip(place.column).take(1).for_each(|share| *share = width.max(*share));
    }
    shares
}

/// Figures and what labels them stand in the middle; a table of the narrative holds words.
fn cell_style(table: &Table, cell: &Cell, size: f32) -> Style {
    let is_words = table.key.is_empty() && cell.role == document::Role::Label;
    let alignment = if is_words { Alignment::Left } else { Alignment::Centred };
    let is_head = table.key.is_empty() && matches!(cell.role, document::Role::Header(_));
    let faces =
        if is_head || cell.role == document::Role::Caption { Faces::Headings } else { Faces::Body };
    measure::cell(size, faces, alignment)
}

/// Whether a row of the body only labels those below it.
fn is_label_row(cells: &[Cell]) -> bool {
    let labels = |cell: &Cell| {
        matches!(cell.role, document::Role::Caption | document::Role::Header(Scope::Column))
    };
    !cells.is_empty() && cells.iter().all(labels)
}
