//! The faces that paper is printed with: two that come with the program, and any that an operator
//! names.

use std::{fmt, sync::Arc};

use parley::{
    FontContext,
    fontique::{
        Blob, CharmapIndex, Collection, CollectionOptions, FontInfoOverride, SourceCache,
        SourceCacheOptions,
    },
};

/// Noto Serif CJK SC Regular, reduced; `assets/fonts/README.md` says to what.
const SERIF: &[u8] = include_bytes!("../../assets/fonts/NotoSerifCJKsc-Regular-tgh.otf");
/// Noto Sans CJK SC Bold, reduced likewise.
const SANS_BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSansCJKsc-Bold-tgh.otf");

/// Font files that an operator names, each as its bytes: one face or a collection of faces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorFonts {
    /// For the text, tried before the serif face that comes with the program.
    pub body: Vec<Vec<u8>>,
    /// For headings and what is strong, tried before the sans-serif face.
    pub headings: Vec<Vec<u8>>,
    /// For characters that none of the above has.
    pub fallback: Vec<Vec<u8>>,
}

/// A font file that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("holds no font that can be read")]
pub struct UnreadableFont {
    /// For what the file was named.
    pub purpose: FontPurpose,
    /// The place of the file among those named for the same purpose, from nought.
    pub index: usize,
}

/// What a font file was named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FontPurpose {
    /// The text.
    Body,
    /// Headings and what is strong.
    Headings,
    /// What the others lack.
    Fallback,
}

/// Faces, parsed once; for each character the first that has it is used.
#[derive(Clone)]
pub struct Fonts {
    context: FontContext,
    faces: Vec<Face>,
    body: Vec<String>,
    headings: Vec<String>,
}

#[derive(Clone)]
struct Face {
    data: Blob<u8>,
    characters: CharmapIndex,
}

impl Fonts {
    /// The two faces that come with the program.
    ///
    /// # Errors
    ///
    /// Never, unless the program was built from damaged files.
    pub fn vendored() -> Result<Self, UnreadableFont> {
        Self::with(OperatorFonts::default())
    }

    /// The faces that come with the program, and an operator's around them.
    ///
    /// # Errors
    ///
    /// When a file holds no font.
    pub fn with(files: OperatorFonts) -> Result<Self, UnreadableFont> {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut fonts = Self {
            context: FontContext {
                collection: Collection::new(options),
                source_cache: SourceCache::new(SourceCacheOptions { shared: false }),
            },
            faces: Vec::new(),
            body: Vec::new(),
            headings: Vec::new(),
        };
        let body = fonts.register_all(FontPurpose::Body, files.body)?;
        let headings = fonts.register_all(FontPurpose::Headings, files.headings)?;
        let fallback = fonts.register_all(FontPurpose::Fallback, files.fallback)?;
        let serif = fonts.register("serif", Arc::new(SERIF));
        let serif = serif.ok_or(UnreadableFont { purpose: FontPurpose::Body, index: 0 })?;
        let sans = fonts.register("sans", Arc::new(SANS_BOLD));
        let sans = sans.ok_or(UnreadableFont { purpose: FontPurpose::Headings, index: 0 })?;
        let (serif, sans) = ([serif], [sans]);
        fonts.body = [&body[..], &serif, &sans, &headings, &fallback].concat();
        fonts.headings = [&headings[..], &sans, &serif, &body, &fallback].concat();
        Ok(fonts)
    }

    /// The characters of a text that no face has, each once, in order of their code points.
    #[must_use]
    pub fn lacking(&self, text: &str) -> Vec<char> {
        let mut lacking: Vec<char> = text.chars().filter(|&c| !self.has(c)).collect();
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }

    /// The names under which parley finds the faces of the text, in the order of their trial.
    pub(super) fn body(&self) -> &[String] {
        &self.body
    }

    /// The same for headings and what is strong.
    pub(super) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// What parley finds them in; one for each who sets text.
    pub(super) fn context(&self) -> FontContext {
        self.context.clone()
    }

    fn has(&self, character: char) -> bool {
        self.faces.iter().any(|face| {
            let characters = face.characters.charmap(face.data.as_ref());
            characters.and_then(|map| map.map(character)).is_some_and(|glyph| glyph != 0)
        })
    }

    fn register_all(
        &mut self,
        purpose: FontPurpose,
        files: Vec<Vec<u8>>,
    ) -> Result<Vec<String>, UnreadableFont> {
        let files = files.into_iter().enumerate();
        files
            .map(|(index, bytes)| {
                let family = self.register(&format!("{purpose:?} {index}"), Arc::new(bytes));
                family.ok_or(UnreadableFont { purpose, index })
            })
            .collect()
    }

    /// Takes the faces of a file under a name of their own, whatever they call themselves.
    fn register(
        &mut self,
        name: &str,
        bytes: Arc<dyn AsRef<[u8]> + Send + Sync>,
    ) -> Option<String> {
        let data = Blob::new(bytes);
        let renamed = FontInfoOverride { family_name: Some(name), ..FontInfoOverride::default() };
        let families = self.context.collection.register_fonts(data.clone(), Some(renamed));
        let found: Vec<_> = families.iter().flat_map(|(_, faces)| faces).collect();
        for face in &found {
            self.faces.push(Face { data: data.clone(), characters: face.charmap_index() });
        }
        (!found.is_empty()).then(|| name.to_owned())
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts")
            .field("body", &self.body)
            .field("headings", &self.headings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{compose, samples, text};

    #[test]
    fn the_faces_that_come_with_the_program_have_what_reports_are_written_with() {
        let fonts = Fonts::vendored().unwrap();
        // What stands for a character that could not be read is the one thing that is not there.
        let expected: [&[char]; 3] = [&[], &[], &['\u{FFFD}']];
        for (report, expected) in samples::all().iter().zip(expected) {
            let page = text(&compose(report), 100).replace('\n', "");
            let drawn = |c: &char| ('\u{2500}'..='\u{257F}').contains(c);
            let lacking: Vec<_> = fonts.lacking(&page).into_iter().filter(|c| !drawn(c)).collect();
            assert_eq!(lacking, expected, "{}", report.agency_id);
        }
    }

    #[test]
    fn what_no_face_has_is_told_once_and_in_order() {
        let fonts = Fonts::vendored().unwrap();
        assert_eq!(fonts.lacking("甲𠮷乙𠀀丙𠮷"), ['𠀀', '𠮷']);
    }

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let files = OperatorFonts {
            fallback: vec![SERIF.to_vec(), b"no font".to_vec()],
            ..OperatorFonts::default()
        };
        let error = Fonts::with(files).unwrap_err();
        assert_eq!(error, UnreadableFont { purpose: FontPurpose::Fallback, index: 1 });
    }
}
