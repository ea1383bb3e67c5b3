//! PDF by krilla, which validates the file: PDF/UA-1 (ISO 14289-1) for screen readers, PDF/A-2a (ISO 19005-2) for
//! long-term archives.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroU16;
use std::ops::Range;

use krilla::configure::{Accessibility, Archival, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{SerializeSettings, color::rgb};

use super::draw::{Document, Draw, HEIGHT, WIDTH};
use super::lines::Placed;
use super::tags::{Node, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::export::titles::Lang;
use crate::export::write::unwritten;
use crate::time::Timestamp;

/// Writes the document as PDF/UA-1 and PDF/A-2a; where the validators refuse that, as a PDF without a standard.
pub(super) fn write(document: &Document<'_>, to: &mut dyn Write) -> Result<()> {
    let bytes = match serialize(document, standards()?) {
        Err(error) if error.kind() == ErrorKind::Config => serialize(document, Configuration::default())?,
        made => made?,
    };
    to.write_all(&bytes).map_err(unwritten)
}

/// Writes the document as PDF/UA-1 and PDF/A-2a, or not at all.
pub(super) fn write_archival(document: &Document<'_>, to: &mut dyn Write) -> Result<()> {
    to.write_all(&serialize(document, standards()?)?).map_err(unwritten)
}

fn serialize(document: &Document<'_>, configuration: Configuration) -> Result<Vec<u8>> {
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut file = krilla::Document::new_with(settings);
    let mut fonts = BTreeMap::new();
    let mut seen = Seen::default();
    for (page, number) in document.pages.iter().zip(0..) {
        let size = PageSettings::from_wh(WIDTH, HEIGHT);
        let mut sheet = file.start_page_with(size.ok_or_else(|| Error::bug("A4 is a size"))?);
        let mut surface = sheet.surface();
        for part in page.chunk_by(|a, b| a.leaf() == b.leaf()) {
            let leaf = part.first().and_then(Draw::leaf);
            let mark = surface.start_tagged(match leaf {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::default()),
            });
            for draw in part {
                put(draw, document, &mut fonts, &mut surface)?;
            }
            surface.end_tagged();
            if let (Some(leaf), Some(first)) = (leaf, part.first()) {
                seen.note(leaf, mark, number, first.top());
            }
        }
        surface.finish();
        sheet.finish();
    }
    file.set_outline(seen.outline(document));
    file.set_tag_tree(seen.tree(document));
    file.set_metadata(metadata(document));
    file.finish().map_err(refused)
}

fn standards() -> Result<Configuration> {
    ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .with_archival_validator(Archival::A2_A)
        .finish()
        .map_err(|_| Error::bug("PDF/UA-1 and PDF/A-2a are both PDF 1.7"))
}

fn metadata(document: &Document<'_>) -> Metadata {
    let rtl = document.lang == Lang::Ar;
    Metadata::new()
        .title(document.title.clone())
        .language(language(document.lang).to_owned())
        .text_direction(if rtl { TextDirection::RightToLeft } else { TextDirection::LeftToRight })
        .producer("eovr".to_owned())
        .creation_date(date(document.made_at))
}

fn date(at: Timestamp) -> DateTime {
    let at = at.on(&jiff::tz::TimeZone::UTC);
    let small = |part: i8| part.unsigned_abs();
    DateTime::new(at.year().clamp(0, 9999).unsigned_abs())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// The positions of each leaf of the tree.
#[derive(Default)]
struct Seen {
    marks: BTreeMap<usize, Vec<Identifier>>,
    /// The page on which a leaf begins, and the vertical position.
    begins: BTreeMap<usize, (usize, f32)>,
}

impl Seen {
    fn note(&mut self, leaf: usize, mark: Identifier, page: usize, top: f32) {
        self.marks.entry(leaf).or_default().push(mark);
        self.begins.entry(leaf).or_insert((page, top));
    }

    /// Builds the structure tree from the last part to the first, because every part comes after its parent.
    fn tree(&mut self, document: &Document<'_>) -> TagTree {
        let mut kids: BTreeMap<usize, Vec<TagGroup>> = BTreeMap::new();
        for (at, node) in document.tree.nodes.iter().enumerate().skip(1).rev() {
            let mut group = TagGroup::new(kind(node));
            self.marks.remove(&at).unwrap_or_default().into_iter().for_each(|mark| group.push(mark));
            kids.remove(&at).unwrap_or_default().into_iter().rev().for_each(|kid| group.push(kid));
            kids.entry(node.parent).or_default().push(group);
        }
        let mut tree = TagTree::new().with_lang(Some(language(document.lang).to_owned()));
        kids.remove(&0).unwrap_or_default().into_iter().rev().for_each(|kid| tree.push(kid));
        tree
    }

    /// The bookmarks: the sections below the title.
    fn outline(&self, document: &Document<'_>) -> Outline {
        let entry = |at: usize, node: &Node| {
            let (page, top) = self.begins.get(&at).copied().unwrap_or_default();
            OutlineNode::new(node.says.clone(), XyzDestination::new(page, Point::from_xy(0.0, top)))
        };
        let nodes = || document.tree.nodes.iter().zip(0_usize..);
        let of = |role: Role| nodes().filter(move |(node, _)| node.role == role);
        let mut outline = Outline::new();
        for (node, at) in of(Role::Title) {
            let mut title = entry(at, node).with_open(true);
            of(Role::Section).for_each(|(node, at)| title.push_child(entry(at, node)));
            outline.push_child(title);
        }
        outline
    }
}

fn language(lang: Lang) -> &'static str {
    if lang == Lang::Ar { "ar" } else { "en" }
}

/// The tag of a part, with its text and language.
fn kind(node: &Node) -> TagKind {
    let heading = |level: u16| {
        Tag::Hn(NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN), Some(node.says.clone())).into()
    };
    let mut kind: TagKind = match node.role {
        Role::Title => heading(1),
        Role::Section => heading(2),
        Role::Heading => heading(3),
        Role::Table => Tag::Table.into(),
        Role::Row => Tag::TR.into(),
        Role::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowTitle => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure => Tag::Figure(Some(node.says.clone())).into(),
        Role::Document | Role::Paragraph => Tag::P.into(),
    };
    if !node.says.is_empty() {
        kind.set_lang(Some(node.language().to_owned()));
        if node.role != Role::Figure {
            kind.set_actual_text(Some(node.says.clone()));
        }
    }
    kind
}

fn put(
    draw: &Draw,
    document: &Document<'_>,
    fonts: &mut BTreeMap<usize, Font>,
    surface: &mut Surface<'_>,
) -> Result<()> {
    match draw {
        Draw::Ground { x, y, wide, high, colour } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            rectangle((*x, *y, *wide, *high), surface);
        }
        Draw::Frame { x, y, wide, high, colour, thick } => {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: rgb_of(*colour).into(),
                width: *thick,
                ..Stroke::default()
            }));
            rectangle((*x, *y, *wide, *high), surface);
        }
        Draw::Text { x, y, size, colour, glyphs, .. } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            for run in glyphs.chunk_by(|a, b| a.face == b.face) {
                let Some(first) = run.first() else { continue };
                let run = Run::of(run, *size);
                let start = Point::from_xy(x + run.from, *y);
                let font = font(document, first.face, fonts)?;
                surface.draw_glyphs(start, &run.glyphs, font, &run.text, *size, false);
            }
        }
    }
    Ok(())
}

/// Glyphs of one font in a line, and their text, in visual order.
struct Run {
    from: f32,
    text: String,
    glyphs: Vec<KrillaGlyph>,
}

impl Run {
    fn of(placed: &[Placed], size: f32) -> Self {
        let mut text = String::new();
        let mut ordered: Vec<(&Placed, Range<usize>)> = Vec::new();
        for part in placed.chunk_by(|a, _| a.is_part()) {
            // A letter and its marks share one text, which the last glyph holds.
            let Some(last) = part.last() else { continue };
            let says = last.whole.as_ref().unwrap_or(&last.text);
            let range = match ordered.last() {
                // A part of the previous glyph, which already holds the text.
                Some((_, before)) if says.is_empty() => before.clone(),
                _ => text.len()..text.len() + says.len(),
            };
            text.push_str(says);
            ordered.extend(part.iter().map(|glyph| (glyph, range.clone())));
        }
        let from = ordered.first().map_or(0.0, |(glyph, _)| glyph.x);
        let ends = ordered.iter().skip(1).map(|(glyph, _)| Some(glyph.x)).chain([None]);
        let glyphs = ordered.iter().zip(ends).map(|((glyph, range), next)| {
            let advance = next.map_or(0.0, |next| (next - glyph.x) / size);
            let id = GlyphId::new(u32::from(glyph.id));
            KrillaGlyph::new(id, advance, 0.0, glyph.dy / size, 0.0, range.clone(), None)
        });
        Self { from, glyphs: glyphs.collect(), text }
    }
}

fn font(document: &Document<'_>, at: usize, fonts: &mut BTreeMap<usize, Font>) -> Result<Font> {
    if let Some(font) = fonts.get(&at) {
        return Ok(font.clone());
    }
    let face =
        document.fonts.face(at).ok_or_else(|| Error::bug("a glyph's font is one of the document's"))?;
    let bytes = match &face.bytes {
        Cow::Borrowed(bytes) => (*bytes).into(),
        Cow::Owned(bytes) => bytes.clone().into(),
    };
    let font = Font::new(bytes, 0).ok_or_else(|| Error::bug("a font that was read can be read again"))?;
    fonts.insert(at, font.clone());
    Ok(font)
}

fn rectangle((x, y, wide, high): (f32, f32, f32, f32), surface: &mut Surface<'_>) {
    let mut path = PathBuilder::new();
    if let Some(rectangle) = Rect::from_xywh(x, y, wide, high) {
        path.push_rect(rectangle);
    }
    // A path without extent is not drawn.
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn rgb_of(colour: u32) -> rgb::Color {
    let [_, red, green, blue] = colour.to_be_bytes();
    rgb::Color::new(red, green, blue)
}

fn fill(colour: u32) -> Fill {
    Fill { paint: rgb_of(colour).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

/// The error for a refused file. It contains only the name of the rule, because a validator's message can quote a
/// report.
fn refused(error: KrillaError) -> Error {
    let found = match error {
        KrillaError::Validation(found) => found,
        _ => return Error::bug("a report is within what a PDF can hold"),
    };
    let names: std::collections::BTreeSet<String> = found.iter().map(|(error, _)| name(error)).collect();
    let names: Vec<String> = names.into_iter().collect();
    Error::new(ErrorKind::Config, format!("the file would not be PDF/UA and PDF/A: {}", names.join(", ")))
        .with_help("give a font that may be embedded and says what its glyphs mean, or write a plain PDF")
}

fn name(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::flow::{BODY, Cell, Flow, HEAD, NAVY};
    use super::super::fonts::Fonts;
    use super::*;
    use crate::export::titles::words;

    fn document<'a>(fonts: &'a Fonts, text: &str, title: &str) -> Document<'a> {
        let mut flow = Flow::new(fonts, Lang::Both);
        flow.tree.begin(Role::Title, "Report");
        flow.label("Report", BODY, super::super::flow::Side::Start, (0.0, 400.0), 50.0);
        flow.tree.end();
        flow.section(words("What happened", "وصف الحدث"), 60.0);
        flow.words(text);
        let cell = |text: &str| Cell::new(text, BODY);
        let head = [Cell::new("A", HEAD).on(NAVY), Cell::new("B", HEAD).on(NAVY)];
        flow.table(&[1.0, 1.0], Some(&head), &[vec![cell(text), cell("")]]);
        let made_at = "2026-11-21T10:00:00Z".parse().unwrap();
        Document { pages: flow.pages, tree: flow.tree, fonts, title: title.into(), lang: Lang::Both, made_at }
    }

    fn written(document: &Document<'_>) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write_archival(document, &mut bytes).map(|()| bytes)
    }

    /// Arbitrary text; the scripts and signs of reports are more frequent.
    fn text() -> impl Strategy<Value = String> {
        let c = prop_oneof![
            any::<char>(),
            prop::char::range('\u{600}', '\u{6ff}'),
            prop::char::range('\u{fb50}', '\u{fdff}'),
            prop::char::range('\u{e000}', '\u{e0ff}'),
            prop::char::range('\u{0}', '\u{17f}'),
            prop::char::range('\u{300}', '\u{36f}'),
            prop::char::range('\u{2000}', '\u{206f}'),
        ];
        prop::collection::vec(c, 0..40).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn every_text_passes_the_validators(text in text()) {
            let fonts = Fonts::embedded().unwrap();
            let file = written(&document(&fonts, &text, "Report"));
            prop_assert!(file.is_ok(), "{:?}", file.err());
        }
    }

    #[test]
    fn a_validator_error_does_not_quote_the_text() {
        let fonts = Fonts::embedded().unwrap();
        let error = written(&document(&fonts, "Secret", "")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.message(), "the file would not be PDF/UA and PDF/A: NoDocumentTitle");
    }

    #[test]
    fn a_reader_gets_a_page_where_the_validators_refuse_it() {
        let fonts = Fonts::embedded().unwrap();
        let untitled = document(&fonts, "The patient fell.", "");
        let mut plain = Vec::new();
        write(&untitled, &mut plain).unwrap();
        assert!(plain.starts_with(b"%PDF-"));
        let claims = |file: &[u8]| file.windows(10).any(|part| part == b"pdfuaid:pa");
        assert!(!claims(&plain), "no claim of a standard");
        let mut titled = Vec::new();
        write(&document(&fonts, "The patient fell.", "Report"), &mut titled).unwrap();
        assert!(claims(&titled));
    }
}
