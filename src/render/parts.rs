//! For the tests: the parts of an Office document, read strictly.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use zip::ZipArchive;

/// The parts of a container, by name, in the order in which they stand in it.
pub(super) fn unzip(container: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(container)).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).unwrap();
            let name = file.name().unwrap().into_owned();
            assert_eq!(file.last_modified(), Some(zip::DateTime::DEFAULT), "{name}");
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (name, text)
        })
        .collect()
}

/// One part, which has to be well-formed.
pub(super) fn part(container: &[u8], name: &str) -> Node {
    let (_, text) = unzip(container).into_iter().find(|(part, _)| part == name).unwrap();
    Node::parse(&text)
}

/// Every part is well-formed; panics otherwise.
pub(super) fn assert_well_formed(container: &[u8]) {
    for (_, text) in unzip(container) {
        Node::parse(&text);
    }
}

/// An element.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) tag: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) children: Vec<Node>,
    /// The text directly in it.
    pub(super) text: String,
}

impl Node {
    /// Reads a part; panics at whatever XML does not allow.
    pub(super) fn parse(xml: &str) -> Self {
        assert!(xml.chars().all(is_allowed), "a character that XML cannot hold");
        let (declaration, rest) = xml.split_once("?>").unwrap();
        assert!(declaration.starts_with("<?xml "));
        let mut open = vec![Self::default()];
        for piece in rest.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            if let Some(name) = tag.strip_prefix('/') {
                let closed = open.pop().unwrap();
                assert_eq!(closed.tag, name);
                open.last_mut().unwrap().children.push(closed);
            } else {
                let node = Self::opened(tag.trim_end_matches('/'));
                open.push(node);
                if tag.ends_with('/') {
                    let closed = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(closed);
                }
            }
            open.last_mut().unwrap().text.push_str(&unescaped(text));
        }
        let [root] = open.try_into().unwrap_or_else(|open| panic!("not closed: {open:?}"));
        let [root] = root.children.try_into().unwrap_or_else(|all| panic!("roots: {all:?}"));
        root
    }

    fn opened(tag: &str) -> Self {
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut node = Self { tag: name.to_owned(), ..Self::default() };
        while let Some((name, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            let before = node.attributes.insert(name.trim().to_owned(), unescaped(value));
            assert!(before.is_none(), "{name} twice in {tag}");
            rest = after;
        }
        assert_eq!(rest.trim(), "", "in {tag}");
        node
    }

    /// The children with a tag.
    pub(super) fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.tag == tag)
    }

    /// The element at the end of a path of tags, the first at each step.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, tag| node.children.iter().find(|c| c.tag == *tag))
    }

    /// The elements with a tag at any depth, in order.
    pub(super) fn descendants<'a>(&'a self, tag: &str) -> Vec<&'a Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.tag == tag {
                found.push(child);
            }
            found.extend(child.descendants(tag));
        }
        found
    }
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut pieces = text.split('&');
    out.push_str(pieces.next().unwrap());
    for piece in pieces {
        let (entity, rest) = piece.split_once(';').unwrap();
        let known = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("#39", "'")];
        out.push_str(known.iter().find(|(name, _)| *name == entity).unwrap().1);
        out.push_str(rest);
    }
    out
}
