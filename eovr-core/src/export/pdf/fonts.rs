use std::borrow::Cow;
use std::fmt;

use harfrust::{Direction, FontRef, GlyphId, Language, ShapePlan, Shaper, ShaperData, script};
use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};
use subsetter::GlyphRemapper;

use crate::error::{Error, ErrorKind, Result};

static AMIRI: &[u8] = include_bytes!("fonts/Amiri-Regular.ttf");
static AMIRI_BOLD: &[u8] = include_bytes!("fonts/Amiri-Bold.ttf");
static DEJAVU: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");

/// The fonts of a document, loaded once and shared.
///
/// For each character the first font that contains it is used: the host's own font, then Amiri, then DejaVu Sans for
/// signs. A character without a glyph is shown as its code.
pub struct Fonts {
    faces: Vec<Face>,
    regular: Vec<usize>,
    bold: Vec<usize>,
}

/// One font file.
pub(super) struct Face {
    pub(super) name: String,
    pub(super) bytes: Cow<'static, [u8]>,
    shaping: ShaperData,
    pub(super) units_per_em: u16,
    /// A glyph without width and without ink, if the font has one.
    pub(super) blank: Option<u16>,
    pub(super) arabic: ShapePlan,
    pub(super) latin: ShapePlan,
}

/// The weight of a font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Fonts {
    /// The fonts that the library embeds.
    ///
    /// # Errors
    /// `Bug` where the embedded bytes are not fonts.
    pub fn embedded() -> Result<Self> {
        let read = |name: &str, bytes: &'static [u8]| {
            Face::read(name, bytes.into()).ok_or_else(|| Error::bug("the embedded fonts are fonts"))
        };
        let faces = vec![read("Amiri", AMIRI)?, read("Amiri-Bold", AMIRI_BOLD)?, read("DejaVuSans", DEJAVU)?];
        Ok(Self { faces, regular: vec![0, 2], bold: vec![1, 2] })
    }

    /// Puts a hospital's own font before the embedded ones: the bytes of a TrueType or OpenType file, and of its bold
    /// version if there is one.
    ///
    /// # Errors
    /// `Config` where the bytes are not a font, the licence bits forbid embedding, the font lacks Arabic letters, vowel
    /// marks, digits or basic Latin, or one of its glyphs cannot be embedded.
    pub fn with_own(self, regular: Vec<u8>, bold: Option<Vec<u8>>) -> Result<Self> {
        let mut fonts = self;
        let at = fonts.faces.len();
        fonts.faces.push(Face::own("OwnFont", regular)?);
        fonts.regular.insert(0, at);
        if let Some(bold) = bold {
            fonts.faces.push(Face::own("OwnFont-Bold", bold)?);
            fonts.bold.insert(0, at + 1);
        } else {
            fonts.bold.insert(0, at);
        }
        Ok(fonts)
    }

    pub(super) fn face(&self, index: usize) -> Option<&Face> {
        self.faces.get(index)
    }

    /// The first font of this weight that contains the character.
    pub(super) fn with(&self, c: char, weight: Weight) -> Option<usize> {
        let chain = match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        chain.iter().copied().find(|index| self.face(*index).is_some_and(|face| face.has(c)))
    }
}

/// Prints the names of the fonts.
impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.faces.iter().map(|face| &face.name)).finish()
    }
}

impl Face {
    fn read(name: &str, bytes: Cow<'static, [u8]>) -> Option<Self> {
        let font = FontRef::new(&bytes).ok()?;
        let shaping = ShaperData::new(&font);
        let shaper = shaping.shaper(&font).build();
        let language = "ar".parse::<Language>().ok();
        let plan =
            |direction, script| ShapePlan::new(&shaper, direction, Some(script), language.as_ref(), &[]);
        let (arabic, latin) =
            (plan(Direction::RightToLeft, script::ARABIC), plan(Direction::LeftToRight, script::LATIN));
        let units_per_em = u16_of(&bytes, *b"head", 18).filter(|units| *units > 0)?;
        let face = Self { name: name.to_owned(), units_per_em, blank: None, arabic, latin, shaping, bytes };
        let blank =
            (1..glyph_count(&face.bytes)).find(|id| face.width(*id) == 0 && is_blank(&face.bytes, *id));
        Some(Self { blank, ..face })
    }

    fn own(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let refused = |message: &str, help: &str| Err(Error::new(ErrorKind::Config, message).with_help(help));
        let forbids = embedding_is_forbidden(&bytes);
        let Some(face) = Self::read(name, bytes.into()) else {
            return refused("the font cannot be read", "give a TrueType or OpenType file, not a collection");
        };
        if forbids {
            return refused("the font may not be embedded", "its licence forbids it; choose another font");
        }
        let needed = (' '..='~').chain('\u{621}'..='\u{63a}').chain('\u{641}'..='\u{652}');
        let missing = needed.filter(|c| !face.has(*c)).count();
        if missing > 0 {
            return refused(
                &format!("the font lacks {missing} of the characters that every report needs"),
                "it needs basic Latin, the Arabic letters and their vowel marks",
            );
        }
        // Check every glyph, not only those of the first report, because a truncated download still contains some of
        // them.
        let glyphs: Vec<u16> = (0..glyph_count(&face.bytes)).collect();
        if subsetter::subset(&face.bytes, 0, &GlyphRemapper::new_from_glyphs_sorted(&glyphs)).is_err() {
            return refused(
                "the font cannot be embedded",
                "its file is cut off, or has pictures in place of outlines: give another TrueType or OpenType file",
            );
        }
        Ok(face)
    }

    /// The width of a glyph, in font units.
    pub(super) fn width(&self, glyph: u16) -> u16 {
        let width = self.font().and_then(|font| {
            font.glyph_metrics(Size::unscaled(), LocationRef::default()).advance_width(GlyphId::from(glyph))
        });
        width.unwrap_or_default().max(0.0) as u16
    }

    /// Whether the font has a glyph for the character.
    pub(super) fn has(&self, c: char) -> bool {
        let glyph = self.font().and_then(|font| font.charmap().map(c));
        glyph.is_some_and(|glyph| glyph.to_u32() != 0)
    }

    /// Shapes with this font. `None` does not occur: the bytes were read before.
    pub(super) fn shaper(&self) -> Option<Shaper<'_>> {
        Some(self.shaping.shaper(&self.font()?).build())
    }

    /// How far the font rises above the line and falls below it, in font units.
    #[cfg(feature = "printpdf")]
    pub(super) fn rise_and_fall(&self) -> Option<(i16, i16)> {
        let signed = |at| u16_of(&self.bytes, *b"hhea", at).map(u16::cast_signed);
        Some((signed(4)?, signed(6)?))
    }

    fn font(&self) -> Option<FontRef<'_>> {
        FontRef::new(&self.bytes).ok()
    }
}

/// Whether the font's table `OS/2` forbids embedding: only bit 1 of `fsType`.
fn embedding_is_forbidden(bytes: &[u8]) -> bool {
    u16_of(bytes, *b"OS/2", 8).is_some_and(|bits| bits & 0xf == 2)
}

/// The number of glyphs in the font's table `maxp`.
fn glyph_count(bytes: &[u8]) -> u16 {
    u16_of(bytes, *b"maxp", 4).unwrap_or(0)
}

/// Whether a glyph has no outline: its entry in the table `glyf` is empty. False where the font has no such table.
fn is_blank(bytes: &[u8], glyph: u16) -> bool {
    let long = u16_of(bytes, *b"head", 50) == Some(1);
    let place = |glyph: usize| match long {
        true => Some([u16_of(bytes, *b"loca", glyph * 4)?, u16_of(bytes, *b"loca", glyph * 4 + 2)?]),
        false => Some([0, u16_of(bytes, *b"loca", glyph * 2)?]),
    };
    let glyph = usize::from(glyph);
    place(glyph).is_some_and(|from| place(glyph + 1) == Some(from))
}

/// A number in a font's table, at this byte offset.
fn u16_of(bytes: &[u8], table: [u8; 4], at: usize) -> Option<u16> {
    let u16_at = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let u32_at = |at: usize| Some(usize::from(u16_at(at)?) << 16 | usize::from(u16_at(at + 2)?));
    let tables = usize::from(u16_at(4)?);
    let record = (0..tables).map(|i| 12 + i * 16).find(|at| bytes.get(*at..at + 4) == Some(&table))?;
    u16_at(u32_at(record + 8)?.checked_add(at)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_font_must_be_able_to_write_a_report() {
        let own = |bytes: &[u8]| Fonts::embedded().unwrap().with_own(bytes.to_vec(), None);
        assert!(own(AMIRI).is_ok());
        let message = |bytes: &[u8]| own(bytes).err().map(|error| error.message().to_owned());
        assert_eq!(message(b"%PDF-1.7").as_deref(), Some("the font cannot be read"));
        // A file truncated within its outlines, which are the last table.
        let mut cut = AMIRI.to_vec();
        let at = cut.windows(4).position(|tag| tag == b"glyf").unwrap();
        let almost_at_the_end = u32::try_from(cut.len() - 100).unwrap();
        cut[at + 8..at + 12].copy_from_slice(&almost_at_the_end.to_be_bytes());
        assert_eq!(message(&cut).as_deref(), Some("the font cannot be embedded"));
        // The DejaVu subset has neither Arabic nor plain letters.
        assert!(message(DEJAVU).is_some_and(|message| message.starts_with("the font lacks ")));
        let mut restricted = AMIRI.to_vec();
        let at = restricted.windows(4).position(|tag| tag == b"OS/2").unwrap();
        let table = u32::from_be_bytes(restricted[at + 8..at + 12].try_into().unwrap()) as usize;
        restricted[table + 9] = 2;
        assert_eq!(message(&restricted).as_deref(), Some("the font may not be embedded"));
    }

    #[test]
    fn a_font_has_a_blank_of_no_width() {
        let fonts = Fonts::embedded().unwrap();
        for face in fonts.faces.iter().take(2) {
            assert!(face.blank.is_some_and(|blank| face.width(blank) == 0), "{}", face.name);
        }
    }

    #[test]
    fn every_character_of_a_report_is_in_a_font() {
        let fonts = Fonts::embedded().unwrap();
        for c in "سَقَطَ المريض ٠١٢٣٤٥٦٧٨٩ ،؛؟ Aa09 ≥ ≤ → ✓ ■ ● ± µ ° × – — « » ٪ α β".chars()
        {
            for weight in [Weight::Regular, Weight::Bold] {
                assert!(fonts.with(c, weight).is_some(), "U+{:04X}", u32::from(c));
            }
        }
        assert_eq!(fonts.with('北', Weight::Regular), None);
    }
}
