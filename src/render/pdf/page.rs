//! What stands where: pages of placed lines, boxes and rules, and the tree of what they are part of.
//!
//! Everything is laid out before anything is drawn, so that a character that cannot be drawn is
//! told before there is half a document, and so that a test can read pages as text.

use crate::render::{document::Scope, drawing::Fill};

use super::typeset::Line;

/// A report laid out.
#[derive(Debug, Clone, Default)]
pub(super) struct Laid {
    pub(super) pages: Vec<Page>,
    pub(super) tree: Tree,
    pub(super) bookmarks: Vec<Bookmark>,
}

/// A page; lengths in points from its top left corner.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// Whether the paper lies on its long side.
    pub(super) is_landscape: bool,
    pub(super) pieces: Vec<Piece>,
}

/// Something that is drawn.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// What it is part of.
    pub(super) of: Of,
    pub(super) x: f32,
    /// The top; of a line its baseline.
    pub(super) y: f32,
    pub(super) ink: Ink,
}

/// What a piece is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The part of the text at this place in the tree.
    Text(usize),
    /// Nothing that is read: rules and shades.
    Ornament,
    /// What stands on an earlier page already.
    Repetition,
    /// The page number.
    PageNumber,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) enum Ink {
    /// A line of text.
    Line(Line),
    /// The place of text that is empty.
    Blank,
    /// Rectangles, drawn as rules: left, top, width and height from the piece's place.
    Grid(Vec<[f32; 4]>),
    /// A grey ground of this width and height.
    Shade(f32, f32),
    /// A vertical rule of this height.
    Rule(f32),
    /// A bar of a chart: its width, its height, and how it is filled.
    Bar(f32, f32, Fill),
    /// A line of a chart to a place so far to the right and below, perhaps dashed.
    Stroke(f32, f32, bool),
}

/// An entry of the outline.
#[derive(Debug, Clone)]
pub(super) struct Bookmark {
    pub(super) text: String,
    /// The page, from nought.
    pub(super) page: usize,
    pub(super) y: f32,
}

/// The structure of the text, which a reader that does not see follows.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Those that are in no other.
    pub(super) roots: Vec<usize>,
}

/// A part of the text.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) role: Role,
    pub(super) children: Vec<usize>,
}

/// What a part of the text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading of this level.
    Heading(u16, String),
    Paragraph,
    Quote,
    /// A list, numbered or not.
    List(bool),
    Item,
    /// The number or the dot of an item.
    Label,
    ItemBody,
    /// A table, and what it is about.
    Table(String),
    TableHead,
    TableBody,
    TableRow,
    /// A cell that labels others, over so many columns and rows.
    HeaderCell(Scope, usize, usize),
    Cell(usize, usize),
    /// A picture, and what it says in words.
    Figure(String),
}

impl Tree {
    /// Adds a part, within another or by itself.
    pub(super) fn add(&mut self, role: Role, within: Option<usize>) -> usize {
        let place = self.nodes.len();
        self.nodes.push(Node { role, children: Vec::new() });
        match within.and_then(|within| self.nodes.get_mut(within)) {
            Some(parent) => parent.children.push(place),
            None => self.roots.push(place),
        }
        place
    }
}
