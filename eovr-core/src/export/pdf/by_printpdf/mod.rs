//! PDF by printpdf, which writes pages that are laid out, shaped and subset here: without a standard.

mod structure;

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Dictionary, Object, StringFormat};
use printpdf::{
    Codepoint, Color, DictItem, FontId, FontMetrics, Mm, Op, PaintMode, ParsedFont, PdfDocument, PdfFont,
    PdfFontHandle, PdfPage, PdfSaveOptions, Pt, Rect, Rgb, TextItem, TextMatrix,
};
use sha2::{Digest as _, Sha256};
use subsetter::GlyphRemapper;

use super::draw::{Document, Draw, HEIGHT};
use super::fonts::Fonts;
use super::lines::Placed;
use crate::error::{Error, Result};
use crate::export::titles::Lang;
use crate::export::write::unwritten;
use crate::time::Timestamp;

/// Writes the document.
pub(super) fn write(document: &Document<'_>, to: &mut dyn Write) -> Result<()> {
    let used = Used::of(document);
    let mut pdf = PdfDocument::new(&document.title);
    for (face, glyphs) in &used.faces {
        // Made by hand: `add_font` would give it a random name.
        let font = PdfFont::new(subset(document.fonts, *face, glyphs)?);
        pdf.resources.fonts.map.insert(font_id(*face), font);
    }
    let mut marked = Vec::new();
    for page in &document.pages {
        let mut ops = Vec::new();
        let mut marks = Vec::new();
        for part in page.chunk_by(|a, b| a.leaf() == b.leaf()) {
            let leaf = part.first().and_then(Draw::leaf);
            ops.push(mark(document, leaf, marks.len()));
            marks.extend(leaf);
            part.iter().for_each(|draw| used.ops(draw, &mut ops));
            ops.push(Op::EndMarkedContent);
        }
        marked.push(marks);
        pdf.pages.push(PdfPage::new(Mm(210.0), Mm(297.0), ops));
    }
    let options =
        PdfSaveOptions { optimize: false, subset_fonts: false, secure: true, image_optimization: None };
    let mut warnings = Vec::new();
    let mut file = pdf.to_lopdf_document(&options, &mut warnings);
    structure::add(&mut file, document, &marked)?;
    finish(&mut file, document)?;
    file.save_to(&mut Dyn(to)).map_err(unwritten)
}

/// Begins the content of a leaf, or decoration.
fn mark(document: &Document<'_>, leaf: Option<usize>, number: usize) -> Op {
    match leaf.and_then(|leaf| document.tree.nodes.get(leaf)) {
        Some(node) => {
            let number = DictItem::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let properties = DictItem::Dict { map: BTreeMap::from([("MCID".to_owned(), number)]) };
            Op::BeginMarkedContentWithProperties { tag: structure::name(node.role).to_owned(), properties }
        }
        None => Op::BeginMarkedContent { tag: "Artifact".to_owned() },
    }
}

/// A sized writer, which lopdf requires.
struct Dyn<'a>(&'a mut dyn Write);

impl Write for Dyn<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The glyphs of each font that the document uses.
struct Used {
    faces: BTreeMap<usize, Glyphs>,
}

#[derive(Default)]
struct Glyphs {
    remapper: GlyphRemapper,
    /// The text of each glyph. A glyph with different texts in different places (a mark above two letters) can have
    /// only one text in the file: the most frequent. The others are written by [`spoken`].
    says: BTreeMap<u16, String>,
    /// The width of each glyph in the file, in thousandths of the size.
    widths: BTreeMap<u16, f32>,
}

impl Used {
    fn of(document: &Document<'_>) -> Self {
        let mut votes: BTreeMap<(usize, u16), BTreeMap<&str, usize>> = BTreeMap::new();
        for draw in document.pages.iter().flatten() {
            let Draw::Text { glyphs, .. } = draw else { continue };
            for glyph in glyphs {
                let votes = votes.entry((glyph.face, glyph.id)).or_default();
                if !glyph.text.is_empty() {
                    *votes.entry(glyph.text.as_str()).or_default() += 1;
                }
            }
        }
        let mut faces: BTreeMap<usize, Glyphs> = BTreeMap::new();
        for ((face, id), votes) in votes {
            let glyphs = faces.entry(face).or_default();
            glyphs.remapper.remap(id);
            if let Some(face) = document.fonts.face(face) {
                let units = f32::from(face.units_per_em);
                glyphs.widths.insert(id, (f32::from(face.width(id)) * 1000.0 / units).trunc());
            }
            if let Some((said, _)) = votes.into_iter().max_by_key(|(_, count)| *count) {
                glyphs.says.insert(id, said.to_owned());
            }
        }
        Self { faces }
    }

    /// Whether copy and search give the right text with the file's text of each glyph.
    fn reads(&self, glyph: &Placed) -> bool {
        let says = || self.faces.get(&glyph.face).and_then(|face| face.says.get(&glyph.id));
        glyph.whole.is_none() && (glyph.text.is_empty() || says().is_some_and(|says| *says == glyph.text))
    }

    /// Writes glyphs of one font on one base line; the line begins at `x` and `y`.
    fn run(
        &self,
        run: &[Placed],
        font: &mut Option<usize>,
        (x, y, size): (f32, f32, f32),
        ops: &mut Vec<Op>,
    ) {
        let Some((first, used)) = run.first().and_then(|first| Some((first, self.faces.get(&first.face)?)))
        else {
            return;
        };
        if *font != Some(first.face) {
            ops.push(Op::SetFont { font: PdfFontHandle::External(font_id(first.face)), size: Pt(size) });
            *font = Some(first.face);
        }
        let at = TextMatrix::Raw([1.0, 0.0, 0.0, 1.0, x + first.x, HEIGHT - y + first.dy]);
        ops.push(Op::SetTextMatrix { matrix: at });
        ops.push(Op::ShowText { items: used.items(run, first.x, size) });
    }

    fn ops(&self, draw: &Draw, ops: &mut Vec<Op>) {
        match draw {
            Draw::Ground { x, y, wide, high, colour } => {
                ops.push(Op::SetFillColor { col: colour_of(*colour) });
                ops.push(Op::DrawRectangle { rectangle: rectangle(*x, *y, *wide, *high, PaintMode::Fill) });
            }
            Draw::Frame { x, y, wide, high, colour, thick } => {
                ops.push(Op::SetOutlineColor { col: colour_of(*colour) });
                ops.push(Op::SetOutlineThickness { pt: Pt(*thick) });
                ops.push(Op::DrawRectangle { rectangle: rectangle(*x, *y, *wide, *high, PaintMode::Stroke) });
            }
            Draw::Text { x, y, size, colour, glyphs, .. } => {
                ops.push(Op::StartTextSection);
                ops.push(Op::SetFillColor { col: colour_of(*colour) });
                let mut font = None;
                for part in glyphs.chunk_by(|a, b| self.reads(a) && self.reads(b) || a.is_part()) {
                    match part.last().filter(|last| !self.reads(last)) {
                        None => part
                            .chunk_by(|a, b| a.face == b.face && a.dy == b.dy)
                            .for_each(|run| self.run(run, &mut font, (*x, *y, *size), ops)),
                        Some(last) => {
                            ops.push(spoken(last));
                            part.chunks(1).for_each(|glyph| self.run(glyph, &mut font, (*x, *y, *size), ops));
                            ops.push(Op::EndMarkedContent);
                        }
                    }
                }
                ops.push(Op::EndTextSection);
            }
        }
    }
}

/// Begins a glyph with a replacement text. A letter's text includes its marks, because the marks stand above or below
/// the letter, and a reader's geometry would put them before or after it.
///
/// Poppler (Evince, Okular, `pdftotext`) reverses everything in a right-to-left line, including this text, so the marks
/// come first for it. Chrome does not reverse it, so Chrome copies a mark before its letter. Screen readers use the
/// structure tree, which has the logical order.
fn spoken(glyph: &Placed) -> Op {
    let text = glyph.whole.as_ref().unwrap_or(&glyph.text);
    let text = DictItem::String { data: utf16_bytes(text), literal: false };
    let properties = DictItem::Dict { map: BTreeMap::from([("ActualText".to_owned(), text)]) };
    Op::BeginMarkedContentWithProperties { tag: "Span".to_owned(), properties }
}

impl Glyphs {
    /// Glyphs of one base line, with explicit distances where these differ from the font's widths.
    fn items(&self, run: &[Placed], from: f32, size: f32) -> Vec<TextItem> {
        /// In thousandths of the size: smaller distances are invisible.
        const LEAST: f32 = 0.6;
        let mut items = Vec::new();
        let mut codes = Vec::new();
        let mut pen = 0.0;
        for glyph in run {
            let wanted = (glyph.x - from) * 1000.0 / size;
            if (wanted - pen).abs() > LEAST {
                if !codes.is_empty() {
                    items.push(TextItem::GlyphIds(std::mem::take(&mut codes)));
                }
                items.push(TextItem::Offset(pen - wanted));
                pen = wanted;
            }
            let gid = self.remapper.get(glyph.id).unwrap_or(0);
            codes.push(Codepoint { gid, offset: 0.0, cid: self.says.get(&glyph.id).cloned() });
            // A viewer advances by the width in the file, which is a whole number.
            pen += self.widths.get(&glyph.id).copied().unwrap_or(0.0);
        }
        items.push(TextItem::GlyphIds(codes));
        items
    }
}

fn font_id(face: usize) -> FontId {
    FontId(format!("F{face}"))
}

fn rectangle(x: f32, y: f32, wide: f32, high: f32, mode: PaintMode) -> Rect {
    Rect {
        x: Pt(x),
        y: Pt(HEIGHT - y - high),
        width: Pt(wide),
        height: Pt(high),
        mode: Some(mode),
        winding_order: None,
    }
}

fn colour_of(rgb: u32) -> Color {
    let part = |shift: u32| (rgb >> shift & 0xff) as f32 / 255.0;
    Color::Rgb(Rgb { r: part(16), g: part(8), b: part(0), icc_profile: None })
}

/// The font reduced to these glyphs, with new glyph numbers.
fn subset(fonts: &Fonts, face: usize, glyphs: &Glyphs) -> Result<ParsedFont> {
    let face = fonts.face(face).ok_or_else(|| Error::bug("a glyph's font is one of the document's"))?;
    let bytes = subsetter::subset(&face.bytes, 0, &glyphs.remapper)
        .map_err(|error| Error::bug("a font that was read can be subset").because(error.to_string()))?;
    let widths = glyphs.remapper.remapped_gids().zip(0..).map(|(old, new)| (new, face.width(old))).collect();
    let (ascent, descent) = face.rise_and_fall().unwrap_or_default();
    let name = format!("{}+{}", tag(&bytes), face.name);
    let mut font = ParsedFont::with_glyph_data(
        bytes,
        0,
        Some(name),
        BTreeMap::new(),
        widths,
        face.units_per_em,
        FontMetrics { ascent, descent },
    );
    font.pdf_font_metrics.y_min = descent;
    font.pdf_font_metrics.y_max = ascent;
    font.pdf_font_metrics.x_max = i16::try_from(face.units_per_em).unwrap_or(i16::MAX);
    Ok(font)
}

/// The six-letter tag of a font subset.
fn tag(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
}

/// Sets what printpdf leaves open or fills with random values: version, dates, producer, language, file id.
fn finish(file: &mut lopdf::Document, document: &Document<'_>) -> Result<()> {
    "1.7".clone_into(&mut file.version);
    let date = text_object(&pdf_date(document.made_at));
    let mut info = Dictionary::new();
    info.set("Title", utf16(&document.title));
    info.set("Producer", text_object("eovr"));
    info.set("CreationDate", date.clone());
    info.set("ModDate", date);
    let info = file.add_object(info);
    file.trailer.set("Info", Object::Reference(info));
    let root = file.trailer.get(b"Root").and_then(Object::as_reference);
    let catalog = root.and_then(|root| file.get_dictionary_mut(root));
    let catalog = catalog.map_err(|error| Error::bug("a PDF has a catalog").because(error))?;
    let rtl = document.lang == Lang::Ar;
    catalog.set("Lang", text_object(if rtl { "ar" } else { "en" }));
    let mut preferences = Dictionary::new();
    preferences.set("DisplayDocTitle", true);
    preferences.set("Direction", Object::Name(if rtl { b"R2L".to_vec() } else { b"L2R".to_vec() }));
    catalog.set("ViewerPreferences", preferences);
    // The file id is a hash of the content, so the same content has the same id.
    let mut hash = Sha256::new();
    for object in file.objects.values() {
        if let Object::Stream(stream) = object {
            hash.update(&stream.content);
        }
    }
    hash.update(document.made_at.to_string());
    hash.update(&document.title);
    let id: Vec<u8> = hash.finalize().iter().take(16).copied().collect();
    let id = Object::String(id, StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![id.clone(), id]);
    pack(file).map_err(unwritten)
}

/// Compresses every stream. lopdf's own method takes a third longer and saves only 0.3 % more.
fn pack(file: &mut lopdf::Document) -> std::io::Result<()> {
    for object in file.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        if stream.dict.has(b"Filter") {
            continue;
        }
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(3));
        packer.write_all(&stream.content)?;
        stream.set_content(packer.finish()?);
        stream.dict.set("Filter", Object::Name(b"FlateDecode".to_vec()));
    }
    Ok(())
}

pub(super) fn text_object(text: &str) -> Object {
    Object::String(text.as_bytes().to_vec(), StringFormat::Literal)
}

pub(super) fn utf16(text: &str) -> Object {
    Object::String(utf16_bytes(text), StringFormat::Hexadecimal)
}

/// UTF-16 with a byte order mark, as PDF requires.
fn utf16_bytes(text: &str) -> Vec<u8> {
    [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
}

fn pdf_date(at: Timestamp) -> String {
    let at = at.on(&jiff::tz::TimeZone::UTC);
    format!(
        "D:{:04}{:02}{:02}{:02}{:02}{:02}Z",
        at.year().clamp(0, 9999),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
