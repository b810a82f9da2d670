//! Breaking text into lines of a display width, Chinese and Latin.
//!
//! A line may end after any Chinese character, but does not begin with a closing mark nor end with
//! an opening one (避头尾), and a Latin word or a number is broken only if it is longer than a line.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const CLOSING: &str = "。，、；：？！）》〉〕】」』”’…—%％.,;:?!)]}";
const OPENING: &str = "（《〈〔【「『“‘([{";

/// The lines of a text, none of them wider than `width` columns, and at least one.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    text.split('\n').flat_map(|line| wrap_line(line, width)).collect()
}

/// The same in lines as even as can be without one more of them.
pub(super) fn balanced(text: &str, width: usize) -> Vec<String> {
    let lines = wrap(text, width);
    let evener = (1..width).map(|width| wrap(text, width)).find(|even| even.len() <= lines.len());
    evener.filter(|_| lines.len() > 1).unwrap_or(lines)
}

/// The display width of a text.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The width of the widest piece of a text that a line break would spoil.
pub(super) fn widest_piece(text: &str) -> usize {
    pieces(text).iter().map(|piece| piece.text.width()).max().unwrap_or(0)
}

/// A piece that is not broken, and whether a space stood before it.
struct Piece {
    text: String,
    after_space: bool,
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut current = String::new();
    for piece in pieces(line).into_iter().flat_map(|piece| broken(piece, width)) {
        let joint = if piece.after_space && !current.is_empty() { " " } else { "" };
        let needed = [current.as_str(), joint, &piece.text].iter().map(|part| part.width()).sum();
        if width < needed && !current.is_empty() {
            lines.push(std::mem::take(&mut current));
            current.push_str(&piece.text);
        } else {
            current.extend([joint, &piece.text]);
        }
    }
    lines.push(current);
    lines
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut after_space = false;
    for c in text.chars() {
        if matches!(c, ' ' | '\t') {
            after_space = true;
            continue;
        }
        match pieces.last_mut() {
            Some(piece) if !after_space && holds_together(&piece.text, c) => piece.text.push(c),
            Some(_) | None => pieces.push(Piece { text: c.into(), after_space }),
        }
        after_space = false;
    }
    pieces
}

fn holds_together(before: &str, c: char) -> bool {
    let is_narrow = |c: char| c.width() == Some(1);
    let Some(last) = before.chars().next_back() else { return true };
    CLOSING.contains(c)
        || OPENING.contains(last)
        || c.width().unwrap_or(0) == 0
        || (is_narrow(last) && is_narrow(c) && !OPENING.contains(c))
}

/// A piece as it is, or cut into several if it is wider than a line.
fn broken(piece: Piece, width: usize) -> Vec<Piece> {
    if piece.text.width() <= width {
        return vec![piece];
    }
    let mut parts: Vec<Piece> = Vec::new();
    for c in piece.text.chars() {
        let fits = |part: &Piece| part.text.width().saturating_add(c.width().unwrap_or(0)) <= width;
        match parts.last_mut() {
            Some(part) if fits(part) => part.text.push(c),
            Some(_) => parts.push(Piece { text: c.into(), after_space: false }),
            None => parts.push(Piece { text: c.into(), after_space: piece.after_space }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_does_not_begin_with_a_closing_mark() {
        assert_eq!(wrap("一二三四。五", 8), ["一二三", "四。五"]);
        assert_eq!(wrap("一二（三）四", 6), ["一二", "（三）", "四"]);
    }

    #[test]
    fn words_and_numbers_stay_whole() {
        assert_eq!(wrap("共1992条 open data", 8), ["共1992条", "open", "data"]);
        assert_eq!(wrap("1234567890", 4), ["1234", "5678", "90"]);
    }

    #[test]
    fn balanced_lines_are_even() {
        assert_eq!(wrap("商业企业", 7), ["商业企", "业"]);
        assert_eq!(balanced("商业企业", 7), ["商业", "企业"]);
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let text = "危及“三安全一稳定”（）。。。。。。。。(((((((((a b　c";
        for width in 2..20 {
            assert!(wrap(text, width).iter().all(|line| line.width() <= width));
        }
    }
}
