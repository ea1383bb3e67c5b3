//! From a prepared line of text to glyphs, and from glyphs to lines.

use std::ops::Range;

use harfrust::{
    Buffer, BufferFlags, ClusterLevel, Direction, Language, Script, ShapeOptions, ShaperFont, shape,
};
use unicode_bidi::{Level, ParagraphBidiInfo};
use unicode_linebreak::linebreaks;

use super::fonts::{Fonts, Weight};
use super::isolate::{directs, is_arabic, prepared, runs_right_to_left};

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) colour: u32,
}

/// A glyph, where it stands in its paragraph's text, and what it says.
#[derive(Clone, Debug)]
struct Glyph {
    id: u16,
    face: usize,
    /// The first byte of the characters that it shows.
    cluster: usize,
    /// In thousandths of the size.
    advance: f32,
    dx: f32,
    dy: f32,
    text: String,
}

/// A glyph on a line: from the line's left end, in points; up is positive.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) id: u16,
    pub(super) face: usize,
    pub(super) x: f32,
    pub(super) dy: f32,
    /// What it says, for whoever copies or searches; empty where another glyph says it.
    pub(super) text: String,
}

/// A line, ready to be put somewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) glyphs: Vec<Placed>,
    pub(super) width: f32,
    pub(super) rtl: bool,
}

/// One run of the same level, font and script, in visual order.
struct Item {
    range: Range<usize>,
    level: Level,
    glyphs: Vec<Glyph>,
}

/// The lines of a text in a column so wide. Line ends in the text end lines.
pub(super) fn lines(fonts: &Fonts, text: &str, style: Style, wide: f32) -> Vec<Line> {
    let mut all = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        Paragraph::new(fonts, line, style).break_into(wide, &mut all);
    }
    all
}

struct Paragraph {
    text: String,
    levels: Vec<Level>,
    items: Vec<Item>,
    /// How wide what begins at each byte is; 0 inside of a character.
    widths: Vec<f32>,
    rtl: bool,
    style: Style,
}

impl Paragraph {
    fn new(fonts: &Fonts, line: &str, style: Style) -> Self {
        let rtl = runs_right_to_left(line);
        let text = prepared(line, fonts, style.weight);
        let base = if rtl { Level::rtl() } else { Level::ltr() };
        let levels = ParagraphBidiInfo::new(&text, Some(base)).levels;
        let items = itemised(fonts, &text, &levels, style.weight);
        let mut widths = vec![0.0; text.len()];
        for glyph in items.iter().flat_map(|item| &item.glyphs) {
            if let Some(width) = widths.get_mut(glyph.cluster) {
                *width += glyph.advance * style.size / 1000.0;
            }
        }
        Self { text, levels, items, widths, rtl, style }
    }

    fn break_into(&self, wide: f32, lines: &mut Vec<Line>) {
        let mut from = 0;
        // Where the line could end, and how wide it would be there without the spaces at its end.
        let mut fits = 0;
        let mut at = 0;
        let mut width = 0.0;
        for end in self.ends() {
            let piece = self.text.get(at..end).unwrap_or_default();
            let spaces = self.width(at + piece.trim_end().len()..end);
            let whole = self.width(at..end);
            if width + whole - spaces > wide && fits > from {
                lines.push(self.line(from..fits));
                (from, width) = (fits, 0.0);
            }
            if whole - spaces > wide {
                // A word wider than the column: cut where it is full.
                from = self.cut(at.max(from)..end, wide, lines);
                width = self.width(from..end);
            } else {
                width += whole;
            }
            (fits, at) = (end, end);
        }
        lines.push(self.line(from..self.text.len()));
    }

    /// Where lines may end: as Unicode says, and never within a short piece that must stay in order.
    fn ends(&self) -> Vec<usize> {
        const SHORT: usize = 40;
        let mut pieces = Vec::new();
        let mut begun = None;
        for (at, c) in self.text.char_indices() {
            match c {
                '\u{2066}' => begun = Some(at),
                '\u{2069}' => pieces.extend(begun.take().map(|from| from + 3..at)),
                _ => {}
            }
        }
        let mut pieces = pieces.into_iter().filter(|piece: &Range<usize>| piece.len() <= SHORT).peekable();
        let ends = linebreaks(&self.text).map(|(end, _)| end);
        ends.filter(|end| {
            while pieces.next_if(|piece| piece.end < *end).is_some() {}
            !pieces.peek().is_some_and(|piece| piece.contains(end))
        })
        .collect()
    }

    fn width(&self, of: Range<usize>) -> f32 {
        self.widths.get(of).map_or(0.0, |widths| widths.iter().sum())
    }

    /// Ends lines within a word, and says where the last one begins.
    fn cut(&self, word: Range<usize>, wide: f32, lines: &mut Vec<Line>) -> usize {
        let (mut from, mut width) = (word.start, 0.0);
        for at in word {
            let next = self.widths.get(at).copied().unwrap_or(0.0);
            if width + next > wide && at > from {
                lines.push(self.line(from..at));
                (from, width) = (at, 0.0);
            }
            width += next;
        }
        from
    }

    /// The glyphs of a part of the text, in the order in which they are seen.
    fn line(&self, range: Range<usize>) -> Line {
        let kept = self.text.get(range.clone()).unwrap_or_default().trim_end_matches(' ').len();
        let range = range.start..range.start + kept;
        let mut line = Line { rtl: self.rtl, ..Line::default() };
        for (run, level) in self.in_visual_order(range) {
            let first = self.items.partition_point(|item| item.range.end <= run.start);
            let from = self.items.get(first..).unwrap_or_default();
            let mut items: Vec<&Item> = from.iter().take_while(|item| item.range.start < run.end).collect();
            if level.is_rtl() {
                items.reverse();
            }
            for item in items {
                for glyph in item.within(&run) {
                    let scale = self.style.size / 1000.0;
                    line.glyphs.push(Placed {
                        id: glyph.id,
                        face: glyph.face,
                        x: line.width + glyph.dx * scale,
                        dy: glyph.dy * scale,
                        text: glyph.text.clone(),
                    });
                    line.width += glyph.advance * scale;
                }
            }
        }
        line
    }

    /// Rule L2 of the bidirectional algorithm: from the highest level down, runs are turned about.
    fn in_visual_order(&self, range: Range<usize>) -> Vec<(Range<usize>, Level)> {
        let mut runs: Vec<(Range<usize>, Level)> = Vec::new();
        for at in range {
            let Some(level) = self.levels.get(at).copied() else { break };
            match runs.last_mut() {
                Some((run, last)) if *last == level => run.end = at + 1,
                _ => runs.push((at..at + 1, level)),
            }
        }
        let highest = runs.iter().map(|(_, level)| level.number()).max().unwrap_or(0);
        let lowest = runs.iter().map(|(_, level)| level.number() | 1).min().unwrap_or(1);
        for turned in (lowest..=highest).rev() {
            for part in runs.chunk_by_mut(|(_, a), (_, b)| (a.number() >= turned) == (b.number() >= turned)) {
                if part.first().is_some_and(|(_, level)| level.number() >= turned) {
                    part.reverse();
                }
            }
        }
        runs
    }
}

impl Item {
    /// The glyphs of a part. Glyphs stand in visual order, so clusters rise or fall along the item.
    fn within(&self, run: &Range<usize>) -> &[Glyph] {
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

fn itemised(fonts: &Fonts, text: &str, levels: &[Level], weight: Weight) -> Vec<Item> {
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
    buffer.set_cluster_level(ClusterLevel::MonotoneCharacters);
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
    let mut glyphs: Vec<Glyph> = Vec::new();
    if done.is_ok() {
        for (info, position) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
            #[expect(clippy::cast_precision_loss, reason = "font units are small")]
            let scaled = |units: i32| units as f32 * scale;
            glyphs.push(Glyph {
                id: u16::try_from(info.glyph_id).unwrap_or(0),
                face: face_at,
                cluster: usize::try_from(info.cluster).unwrap_or(usize::MAX),
                advance: scaled(position.x_advance),
                dx: scaled(position.x_offset),
                dy: scaled(position.y_offset),
                text: String::new(),
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
        let said = text.get(start..next).unwrap_or_default();
        let said: String = said.chars().filter(|c| !directs(*c)).collect();
        let count = said.chars().count();
        if cluster.len() == count {
            let mut chars: Vec<char> = said.chars().collect();
            if rtl {
                chars.reverse();
            }
            for (glyph, c) in cluster.iter_mut().zip(chars) {
                glyph.text = c.to_string();
            }
        } else {
            // In an Arabic cluster the base stands last, and the text belongs to it.
            let base = if rtl { cluster.last_mut() } else { cluster.first_mut() };
            if let Some(base) = base {
                base.text = said;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::isolate::PIECES;
    use super::*;

    const STYLE: Style = Style { size: 10.0, weight: Weight::Regular, colour: 0 };

    /// What a reader sees, from left to right. Marks go with their letters.
    fn seen(line: &Line) -> String {
        line.glyphs.iter().map(|glyph| glyph.text.as_str()).collect()
    }

    #[test]
    fn a_piece_keeps_its_order_and_sign_wherever_it_stands() {
        let fonts = Fonts::embedded().unwrap();
        for piece in PIECES {
            for text in [
                format!("أُعطي المريض {piece} بعد ذلك"),
                format!("{piece} أُعطي المريض بعد ذلك"),
                format!("أُعطي المريض بعد ذلك {piece}"),
                format!("(القيمة: {piece})، ثم"),
                format!("من {piece}"),
            ] {
                let lines = lines(&fonts, &text, STYLE, 10_000.0);
                let seen = seen(&lines[0]);
                assert!(lines.len() == 1 && lines[0].rtl && seen.contains(piece), "{piece} in {seen}");
            }
        }
        assert!(PIECES.len() >= 60);
    }

    #[test]
    fn arabic_runs_from_right_to_left_and_brackets_close() {
        let fonts = Fonts::embedded().unwrap();
        let seen = |text: &str| seen(&lines(&fonts, text, STYLE, 10_000.0)[0]);
        assert_eq!(seen("ضبط"), "طبض");
        assert_eq!(seen("(نعم)"), ")معن(");
        assert_eq!(seen("قسم ICU (2)"), "(2) ICU مسق".replace("(2)", ")2("));
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let fonts = Fonts::embedded().unwrap();
        let arabic =
            "سقط المريض بجوار السرير في 2026-03-14 وكان الضغط 120/80 ولم يكن أحد موجودًا. ".repeat(20);
        let english = "The patient fell beside the bed at 08:45 and nobody was there. ".repeat(20);
        let word = "x".repeat(500);
        for text in [arabic.as_str(), english.as_str(), word.as_str()] {
            for wide in [40.0, 100.0, 333.0] {
                let lines = lines(&fonts, text, STYLE, wide);
                assert!(lines.iter().all(|line| line.width <= wide + 0.01), "{wide}");
                let mut all: Vec<char> =
                    lines.iter().flat_map(|line| &line.glyphs).flat_map(|glyph| glyph.text.chars()).collect();
                let mut wanted: Vec<char> = text.chars().collect();
                all.retain(|c| *c != ' ');
                wanted.retain(|c| *c != ' ');
                all.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(all, wanted);
            }
        }
    }
}
