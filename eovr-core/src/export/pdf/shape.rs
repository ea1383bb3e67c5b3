//! Shapes a prepared line of text into glyphs.

use std::ops::Range;

use harfrust::{BufferClusterLevel, BufferFlags, Direction, Language, ShapeOptions, UnicodeBuffer, script};
use smol_str::SmolStr;
use unicode_bidi::Level;

use super::fonts::{Face, Fonts, Weight};
use super::isolate::directs;
use crate::export::direction::is_arabic;

/// A glyph, its position in the paragraph's text, and its own text.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) face: usize,
    /// The first byte of its cluster.
    pub(super) cluster: usize,
    /// In thousandths of the size.
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
    pub(super) text: SmolStr,
    /// For a letter with marks, the last glyph holds the text of all of them, in visual order; `None` for the others.
    pub(super) whole: Option<SmolStr>,
}

/// One run of the same level, font and script, in visual order.
pub(super) struct Item {
    pub(super) range: Range<usize>,
    pub(super) level: Level,
    pub(super) glyphs: Vec<Glyph>,
}

impl Item {
    /// The glyphs of a part. Glyphs are in visual order, so clusters rise or fall along the item.
    pub(super) fn within(&self, run: &Range<usize>) -> &[Glyph] {
        let (first, last) = if self.level.is_rtl() {
            let first = self.glyphs.partition_point(|glyph| glyph.cluster >= run.end);
            (first, self.glyphs.partition_point(|glyph| glyph.cluster >= run.start))
        } else {
            let first = self.glyphs.partition_point(|glyph| glyph.cluster < run.start);
            (first, self.glyphs.partition_point(|glyph| glyph.cluster < run.end))
        };
        self.glyphs.get(first..last).unwrap_or_default()
    }
}

/// Splits a prepared line into runs of one level, font and script, and shapes each run.
pub(super) fn itemised(fonts: &Fonts, text: &str, levels: &[Level], weight: Weight) -> Vec<Item> {
    let mut items: Vec<(Range<usize>, Level, usize, bool)> = Vec::new();
    for (at, c) in text.char_indices() {
        if directs(c) {
            continue;
        }
        let level = levels.get(at).copied().unwrap_or(Level::ltr());
        let last = items.last_mut().filter(|(range, last, ..)| range.end == at && *last == level);
        // A space or a mark belongs to the preceding run, so that a word is shaped in one run.
        let follows = |face: usize| fonts.face(face).is_some_and(|face| face.has(c));
        let neutral = !c.is_alphanumeric();
        match last {
            Some((range, _, face, arabic))
                if (neutral || is_arabic(c) == *arabic)
                    && (fonts.with(c, weight) == Some(*face) || (neutral && follows(*face))) =>
            {
                range.end = at + c.len_utf8();
            }
            _ => {
                let face = fonts.with(c, weight).unwrap_or(0);
                items.push((at..at + c.len_utf8(), level, face, is_arabic(c)));
            }
        }
    }
    let mut buffer = Some(UnicodeBuffer::new());
    let shaped = items.into_iter().map(|(range, level, face, arabic)| Item {
        glyphs: shaped(fonts, text, range.clone(), level, face, arabic, &mut buffer),
        range,
        level,
    });
    shaped.collect()
}

fn shaped(
    fonts: &Fonts,
    text: &str,
    range: Range<usize>,
    level: Level,
    face_at: usize,
    arabic: bool,
    kept: &mut Option<UnicodeBuffer>,
) -> Vec<Glyph> {
    let (Some(face), Some(piece)) = (fonts.face(face_at), text.get(range.clone())) else { return Vec::new() };
    let Some(shaper) = face.shaper() else { return Vec::new() };
    let mut buffer = kept.take().unwrap_or_default();
    let (direction, letters) = (
        if level.is_rtl() { Direction::RightToLeft } else { Direction::LeftToRight },
        if arabic || level.is_rtl() { script::ARABIC } else { script::LATIN },
    );
    buffer.set_direction(direction);
    buffer.set_script(letters);
    if let Ok(language) = "ar".parse::<Language>() {
        buffer.set_language(language);
    }
    buffer.set_flags(BufferFlags::REMOVE_DEFAULT_IGNORABLES);
    buffer.set_cluster_level(BufferClusterLevel::MonotoneGraphemes);
    for (at, c) in piece.char_indices() {
        buffer.add(c, u32::try_from(range.start + at).unwrap_or(u32::MAX));
    }
    let plan = match (level.is_rtl(), letters == script::ARABIC) {
        (true, true) => Some(&face.arabic),
        (false, false) => Some(&face.latin),
        _ => None,
    };
    let shaped = shaper.shape(buffer, ShapeOptions::new().plan(plan));
    let scale = 1000.0 / f32::from(face.units_per_em);
    // Reserve the capacity, because a very long run in a growing vector would take up three times the memory.
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(shaped.len());
    for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
        let scaled = |units: i32| units as f32 * scale;
        glyphs.push(Glyph {
            id: u16::try_from(info.glyph_id).unwrap_or(0),
            face: face_at,
            cluster: usize::try_from(info.cluster).unwrap_or(usize::MAX),
            advance: scaled(position.x_advance),
            dx: scaled(position.x_offset),
            dy: scaled(position.y_offset),
            text: SmolStr::default(),
            whole: None,
        });
    }
    *kept = Some(shaped.clear());
    say(&mut glyphs, text, range.end, level.is_rtl());
    close_up(&mut glyphs, face);
    match glyphs.iter().any(|glyph| glyph.whole.is_some()) {
        true => measured(&glyphs, face),
        false => glyphs,
    }
}

/// Orders the parts of each letter as PDF readers measure it.
///
/// A reader assumes that a letter with the text of its marks extends from the start of its first glyph to the end of
/// its last glyph. A gap between two letters ends a word. So the part with a width comes first, then the marks, and
/// last a glyph that ends where the letter ends: its other part, or a blank without width.
fn measured(glyphs: &[Glyph], face: &Face) -> Vec<Glyph> {
    let mut all = Vec::with_capacity(glyphs.len() * 5 / 4);
    for letter in glyphs.chunk_by(|a, b| a.cluster == b.cluster) {
        let Some(whole) =
            letter.iter().filter_map(|glyph| glyph.whole.as_ref()).find(|whole| !whole.is_empty())
        else {
            all.extend_from_slice(letter);
            continue;
        };
        let (mut pen, mut wide) = (0.0, 0);
        let mut parts: Vec<(u8, f32, Glyph)> = Vec::with_capacity(letter.len() + 1);
        for glyph in letter {
            wide += usize::from(glyph.advance != 0.0);
            let rank = match glyph.advance != 0.0 {
                true if wide == 1 => 0,
                true => 2,
                false => 1,
            };
            parts.push((rank, pen + glyph.dx, glyph.clone()));
            pen += glyph.advance;
        }
        if let (true, Some(id), Some(any)) = (wide == 1, face.blank, letter.first()) {
            let blank = Glyph { id, advance: 0.0, dx: 0.0, dy: 0.0, text: SmolStr::default(), ..any.clone() };
            parts.push((3, pen, blank));
        }
        parts.sort_by_key(|(rank, ..)| *rank);
        let last = parts.len().saturating_sub(1);
        pen = 0.0;
        for ((_, x, mut glyph), at) in parts.into_iter().zip(0..) {
            glyph.dx = x - pen;
            pen += glyph.advance;
            glyph.whole = Some(if at == last { whole.clone() } else { SmolStr::default() });
            all.push(glyph);
        }
    }
    all
}

/// Moves letters of a word together where kerning separates them so far that readers see two words: Amiri puts ر before
/// ي 0.12 of the size away, and a search for المريض fails.
///
/// Poppler (Evince, Okular, `pdftotext`) treats a gap of a tenth of the size as the end of a word. It also takes a letter
/// that begins within a tenth behind the last one for a copy of it, ends the word there and behind the next letter, and
/// joins the parts where they touch: so behind a narrow letter, such as ح in ريحة, the gap has to be smaller. The letters
/// move by less than a tenth of the size.
fn close_up(glyphs: &mut [Glyph], face: &Face) {
    /// In thousandths of the size; below Poppler's limit, because the file rounds widths.
    const MOST: f32 = 90.0;
    const MOST_BEHIND_NARROW: f32 = 20.0;
    const NARROW: f32 = 100.0;
    let scale = 1000.0 / f32::from(face.units_per_em);
    let mut pen = 0.0;
    let mut last: Option<(&mut Glyph, f32)> = None;
    // Where the last two letters begin.
    let mut begins = [f32::MIN; 2];
    // Marks have no width and move with the preceding glyph.
    for glyph in glyphs.iter_mut().filter(|glyph| glyph.advance != 0.0) {
        let end = pen + glyph.dx + f32::from(face.width(glyph.id)) * scale;
        let mut moved = 0.0;
        if let Some((before, its_end)) = last.filter(|(before, _)| before.text != " " && glyph.text != " ") {
            let [first, second] = begins;
            let narrow = second - first < NARROW || pen + glyph.dx - second < NARROW;
            let most = if narrow { MOST_BEHIND_NARROW } else { MOST };
            moved = (pen + glyph.dx - its_end - most).max(0.0);
            before.advance -= moved;
        }
        begins = [begins[1], pen + glyph.dx - moved];
        pen += glyph.advance - moved;
        last = Some((glyph, end - moved));
    }
}

/// Assigns each glyph its text. In a cluster with as many glyphs as characters each glyph gets one character; otherwise
/// the first glyph gets the whole text.
fn say(glyphs: &mut [Glyph], text: &str, end: usize, rtl: bool) {
    let mut starts: Vec<usize> = glyphs.iter().map(|glyph| glyph.cluster).collect();
    starts.sort_unstable();
    starts.dedup();
    for cluster in glyphs.chunk_by_mut(|a, b| a.cluster == b.cluster) {
        let Some(start) = cluster.first().map(|glyph| glyph.cluster) else { continue };
        let next = starts.partition_point(|other| *other <= start);
        let next = starts.get(next).copied().unwrap_or(end);
        let said = text.get(start..next).unwrap_or_default().chars().filter(|c| !directs(*c));
        if let (true, [marks @ .., letter]) = (rtl, &mut *cluster)
            && !marks.is_empty()
        {
            marks.iter_mut().for_each(|mark| mark.whole = Some(SmolStr::default()));
            letter.whole = Some(said.clone().rev().collect());
        }
        if cluster.len() == said.clone().count() {
            let give = |(glyph, c): (&mut Glyph, char)| glyph.text = SmolStr::from_iter([c]);
            match rtl {
                true => cluster.iter_mut().rev().zip(said).for_each(give),
                false => cluster.iter_mut().zip(said).for_each(give),
            }
        } else {
            // In an Arabic cluster the base glyph is last, and the text belongs to it.
            let base = if rtl { cluster.last_mut() } else { cluster.first_mut() };
            if let Some(base) = base {
                base.text = said.collect();
            }
        }
    }
}
