//! From a prepared line of text to glyphs.

use std::ops::Range;

use harfrust::{
    Buffer, BufferFlags, ClusterLevel, Direction, Language, Script, ShapeOptions, ShaperFont, shape,
};
use smol_str::SmolStr;
use unicode_bidi::Level;

use super::fonts::{Fonts, Weight};
use super::isolate::{directs, is_arabic};

/// A glyph, where it stands in its paragraph's text, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) face: usize,
    /// The first byte of the characters that it shows.
    pub(super) cluster: usize,
    /// In thousandths of the size.
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
    pub(super) text: SmolStr,
    /// For a letter with marks on it, what it says with them, in visual order; for the marks nothing.
    pub(super) whole: Option<SmolStr>,
}

/// One run of the same level, font and script, in visual order.
pub(super) struct Item {
    pub(super) range: Range<usize>,
    pub(super) level: Level,
    pub(super) glyphs: Vec<Glyph>,
}

impl Item {
    /// The glyphs of a part. Glyphs stand in visual order, so clusters rise or fall along the item.
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

/// A prepared line in pieces of one level, font and script, each shaped as a whole.
pub(super) fn itemised(fonts: &Fonts, text: &str, levels: &[Level], weight: Weight) -> Vec<Item> {
    let mut items: Vec<(Range<usize>, Level, usize, bool)> = Vec::new();
    for (at, c) in text.char_indices() {
        if directs(c) {
            continue;
        }
        let level = levels.get(at).copied().unwrap_or(Level::ltr());
        let last = items.last_mut().filter(|(range, last, ..)| range.end == at && *last == level);
        // A space or a mark goes with what it stands behind, so that words are shaped in one piece.
        let follows =
            |face: usize| fonts.face(face).is_some_and(|face| face.font.charmap().map_unicode(c).is_some());
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
    let mut buffer = Some(Buffer::new());
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
    kept: &mut Option<Buffer>,
) -> Vec<Glyph> {
    let (Some(face), Some(piece)) = (fonts.face(face_at), text.get(range.clone())) else { return Vec::new() };
    let mut buffer = kept.take().unwrap_or_default();
    buffer.reset();
    let (direction, script) = (
        if level.is_rtl() { Direction::RightToLeft } else { Direction::LeftToRight },
        if arabic || level.is_rtl() { Script::ARABIC } else { Script::LATIN },
    );
    buffer.set_direction(direction);
    buffer.set_script(Some(script));
    buffer.set_language(Language::new("ar"));
    buffer.set_flags(BufferFlags::REMOVE_DEFAULT_IGNORABLES);
    buffer.set_cluster_level(ClusterLevel::MonotoneGraphemes);
    for (at, c) in piece.char_indices() {
        buffer.push(u32::from(c), u32::try_from(range.start + at).unwrap_or(u32::MAX));
    }
    let plan = match (level.is_rtl(), script == Script::ARABIC) {
        (true, true) => Some(&face.arabic),
        (false, false) => Some(&face.latin),
        _ => None,
    };
    let font = ShaperFont::new(&face.font);
    let done = shape(&font, &mut buffer, ShapeOptions::new().plan(plan));
    let scale = 1000.0 / f32::from(face.units_per_em);
    // A text without end is one piece, and a vector that grows holds it three times over.
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(buffer.glyph_infos().len());
    if done.is_ok() {
        for (info, position) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
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
    }
    *kept = Some(buffer);
    say(&mut glyphs, text, range.end, level.is_rtl());
    glyphs
}

/// Tells each glyph what it says: where a cluster has as many glyphs as characters one each, else its first
/// glyph says all.
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
            // In an Arabic cluster the base stands last, and the text belongs to it.
            let base = if rtl { cluster.last_mut() } else { cluster.first_mut() };
            if let Some(base) = base {
                base.text = said.collect();
            }
        }
    }
}
