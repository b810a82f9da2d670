//! The crate's own source, read for the tests that hold it to its rules: code and text literals
//! apart, without comments and without what is compiled for tests only.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what is wanted"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A source file, or a text that is read as one.
pub(crate) struct Source {
    /// Its path from the top of the crate, with `/`.
    pub(crate) path: String,
    /// Its code, character by character; comments, literals and tests are blanks.
    code: Vec<char>,
    /// Its text literals, each with its line.
    pub(crate) literals: Vec<(usize, String)>,
}

/// Every file under `src/` that is compiled for more than tests, in the order of their paths.
pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    let mut tests_only = BTreeSet::new();
    let mut sources = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let from_root = path.strip_prefix(root).unwrap().to_str().unwrap();
        let (source, test_modules) = Source::read(from_root, &text);
        let folder = module_folder(&path);
        tests_only.extend(test_modules.into_iter().map(|module| folder.join(module)));
        sources.push((path, source));
    }
    let is_test = |path: &Path| {
        let path = path.with_extension("");
        let path = if path.ends_with("mod") { path.parent().unwrap().to_owned() } else { path };
        path.ancestors().any(|ancestor| tests_only.contains(ancestor))
    };
    sources.into_iter().filter(|(path, _)| !is_test(path)).map(|(_, source)| source).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Where the modules stand that a file declares.
fn module_folder(path: &Path) -> PathBuf {
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    }
}

impl Source {
    /// Reads a text as the file at `path`.
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self::read(path, text).0
    }

    /// Reads a file; also tells the modules that it declares for tests only.
    fn read(path: &str, text: &str) -> (Self, Vec<String>) {
        let (mut code, literals) = split(text);
        let mut test_modules = Vec::new();
        let mut tests = Vec::new();
        while let Some((start, end)) = next_test_item(&code) {
            let item: String = code[start..end].iter().collect();
            if let Some(name) = item.strip_suffix(';').and_then(|item| item.rsplit("mod ").next()) {
                test_modules.push(name.trim().to_owned());
            }
            tests.push(line_at(&code, start)..=line_at(&code, end));
            blank(&mut code[start..end]);
        }
        let literals =
            literals.into_iter().filter(|(line, _)| !tests.iter().any(|t| t.contains(line)));
        (Self { path: path.to_owned(), literals: literals.collect(), code }, test_modules)
    }

    /// The top-level module that the file belongs to; `lib` and `bin` for the roots.
    pub(crate) fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// How many modules deep the file stands: 1 for a top-level module.
    fn depth(&self) -> usize {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let parts = inside.split('/').count();
        if inside.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    /// The words of the code, each with its line and what stands right before and after it.
    pub(crate) fn words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        let (mut at, mut line) = (0, 1);
        while at < self.code.len() {
            let start = at;
            while self.code.get(at).is_some_and(|&c| is_word(c)) {
                at += 1;
            }
            if at > start {
                let text: String = self.code[start..at].iter().collect();
                words.push(Word { text, line, start, end: at });
            } else {
                line += usize::from(self.code[at] == '\n');
                at += 1;
            }
        }
        words
    }

    /// The names used right under `root::`, also in braces, each with its line: `a` and `b` of
    /// `root::{a::X, b}`.
    pub(crate) fn used_under(&self, root: &str) -> Vec<(usize, String)> {
        let mut used = Vec::new();
        for word in self.words().iter().filter(|word| word.text == root) {
            let (mut at, mut line) = (word.end, word.line);
            if self.skip(&mut at, &mut line, "::").is_none() {
                continue;
            }
            if self.skip(&mut at, &mut line, "{").is_none() {
                used.push((line, self.name(at)));
                continue;
            }
            let (mut depth, mut expects_name) = (1, true);
            while depth > 0 && at < self.code.len() {
                match self.code[at] {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    '\n' => line += 1,
                    ',' if depth == 1 => expects_name = true,
                    c if expects_name && !c.is_whitespace() => {
                        used.push((line, self.name(at)));
                        expects_name = false;
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        used
    }

    /// Lines on which `super::` leads out of the file's top-level module.
    pub(crate) fn escapes(&self) -> Vec<usize> {
        let words = self.words();
        let mut lines = Vec::new();
        let mut steps = 0;
        for (index, word) in words.iter().enumerate() {
            let follows = index > 0
                && self.code[words[index - 1].end..word.start].iter().collect::<String>() == "::";
            steps = match (word.text.as_str(), follows) {
                ("super", true) => steps + 1,
                ("super", false) => 1,
                _ => 0,
            };
            if steps >= self.depth() && steps > 0 {
                lines.push(word.line);
            }
        }
        lines
    }

    /// Moves past blanks and then `expected`, if that is what stands there.
    fn skip(&self, at: &mut usize, line: &mut usize, expected: &str) -> Option<()> {
        let (mut to, mut lines) = (*at, 0);
        while self.code.get(to).is_some_and(|c| c.is_whitespace()) {
            lines += usize::from(self.code[to] == '\n');
            to += 1;
        }
        for c in expected.chars() {
            if self.code.get(to) != Some(&c) {
                return None;
            }
            to += 1;
        }
        while self.code.get(to).is_some_and(|c| c.is_whitespace()) {
            lines += usize::from(self.code[to] == '\n');
            to += 1;
        }
        *at = to;
        *line += lines;
        Some(())
    }

    /// The word at a place, or the one character if it is none.
    fn name(&self, at: usize) -> String {
        let name: String = self.code[at..].iter().take_while(|&&c| is_word(c)).collect();
        if name.is_empty() { self.code[at..].iter().take(1).collect() } else { name }
    }
}

/// A word of code.
pub(crate) struct Word {
    /// The word.
    pub(crate) text: String,
    /// Its line.
    pub(crate) line: usize,
    start: usize,
    end: usize,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_at(code: &[char], at: usize) -> usize {
    1 + code[..at].iter().filter(|&&c| c == '\n').count()
}

fn blank(part: &mut [char]) {
    for c in part {
        if *c != '\n' {
            *c = ' ';
        }
    }
}

/// The first item marked `#[cfg(test)]`, from the mark to the item's end; for a file that is so
/// marked as a whole, all of it.
fn next_test_item(code: &[char]) -> Option<(usize, usize)> {
    let find = |mark: &str| {
        let mark: Vec<char> = mark.chars().collect();
        code.windows(mark.len()).position(|window| window == mark)
    };
    if find("#![cfg(test)]").is_some() {
        return Some((0, code.len()));
    }
    let start = find("#[cfg(test)]")?;
    let (mut depth, mut brackets) = (0, 0);
    for (at, c) in code.iter().enumerate().skip(start) {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if brackets == 0 && depth == 0 && matches!(c, '}' | ';') {
            return Some((start, at + 1));
        }
    }
    Some((start, code.len()))
}

/// A text as code, its comments and literals blanked, and its text literals.
fn split(text: &str) -> (Vec<char>, Vec<(usize, String)>) {
    let mut code: Vec<char> = text.chars().collect();
    let mut literals = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let after_word = at > 0 && is_word(code[at - 1]);
        if rest.starts_with(&['/', '/']) {
            let length = rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
            blank(&mut code[at..at + length]);
            at += length;
        } else if rest.starts_with(&['/', '*']) {
            let length = block_comment(rest);
            blank(&mut code[at..at + length]);
            at += length;
        } else if let Some((open, length, close)) = literal(rest, after_word) {
            let content: String = code[at + open..at + length - close].iter().collect();
            literals.push((line_at(&code, at), content));
            blank(&mut code[at..at + length]);
            at += length;
        } else {
            at += character(rest).inspect(|&length| blank(&mut code[at..at + length])).unwrap_or(1);
        }
    }
    (code, literals)
}

fn block_comment(text: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// A text literal that begins here: the length of its opening, of the whole, and of its close.
fn literal(text: &[char], after_word: bool) -> Option<(usize, usize, usize)> {
    let prefix = match (text.first()?, after_word) {
        ('b' | 'c', false) => 1,
        _ => 0,
    };
    let raw = text.get(prefix) == Some(&'r') && !after_word;
    let hashes = text[prefix..].iter().skip(1).take_while(|&&c| c == '#').count();
    if raw && text.get(prefix + 1 + hashes) == Some(&'"') {
        let open = prefix + hashes + 2;
        let close: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
        let length = text[open..].windows(close.len()).position(|window| window == close)?;
        return Some((open, open + length + close.len(), close.len()));
    }
    if text.get(prefix) != Some(&'"') {
        return None;
    }
    let mut at = prefix + 1;
    while text.get(at)? != &'"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    Some((prefix + 1, at + 1, 1))
}

/// The length of a character literal that begins here; lifetimes are none.
fn character(text: &[char]) -> Option<usize> {
    match text {
        ['\'', '\\', _, rest @ ..] => Some(4 + rest.iter().position(|&c| c == '\'')?),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

#[test]
fn comments_literals_and_tests_are_told_from_code() {
    let text = r##"
use a::b; // "no literal" crate::x
/* crate::y /* nested */ crate::z */
fn f<'a>(c: char) -> &'a str { if c == '"' || c == '\'' { "one \" \\" } else { r#"two "2" 3"# } }
#[cfg(test)]
mod tests { fn g() { "three"; crate::w } }
#[cfg(test)]
mod far;
fn h() { b"four" }
"##;
    let (source, test_modules) = Source::read("src/m/n.rs", text);
    let words: Vec<_> = source.words().into_iter().map(|word| word.text).collect();
    let expected = "use a b fn f a c char a str if c c else fn h";
    assert_eq!(words.join(" "), expected);
    let literals: Vec<_> = source.literals.iter().map(|(l, s)| (*l, s.as_str())).collect();
    assert_eq!(literals, [(4, r#"one \" \\"#), (4, r#"two "2" 3"#), (9, "four")]);
    assert_eq!(test_modules, ["far"]);
}

#[test]
fn paths_are_found_through_braces_and_lines() {
    let text =
        "use crate::{\n    a::{b, c},\n    d,\n};\nfn f() { crate::e::g(); super::super::h() }";
    let source = Source::of("src/m/n.rs", text);
    let used = source.used_under("crate");
    let used: Vec<_> = used.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(used, [(2, "a"), (3, "d"), (5, "e")]);
    assert_eq!(source.escapes(), [5]);
    assert_eq!(source.module(), "m");
}

#[test]
fn files_for_tests_only_are_left_out() {
    let paths: Vec<_> = sources().into_iter().map(|source| source.path).collect();
    assert!(paths.iter().any(|path| path == "src/render/html.rs"));
    assert!(!paths.iter().any(|path| path == "src/render/goldens.rs"));
    assert!(!paths.iter().any(|path| path == "src/statistics/golden.rs"));
}
