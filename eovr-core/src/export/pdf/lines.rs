//! Breaks a text into lines and puts their letters into visual order.

use std::ops::Range;

use smol_str::SmolStr;
use unicode_bidi::{Level, ParagraphBidiInfo};
use unicode_linebreak::linebreaks;

use super::fonts::{Fonts, Weight};
use super::isolate::{prepared, runs_right_to_left};
use super::shape::{Item, itemised};

/// The look of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) colour: u32,
}

/// A glyph on a line; offsets are in points from the line's left end, and up is positive.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) id: u16,
    pub(super) face: usize,
    pub(super) x: f32,
    pub(super) dy: f32,
    /// The text of the glyph for copy and search; empty where another glyph holds it.
    pub(super) text: SmolStr,
    /// For a letter with marks, the last glyph holds the text of all of them; `None` for the others.
    pub(super) whole: Option<SmolStr>,
}

impl Placed {
    /// Whether the glyph is a part of a letter whose text a later glyph holds.
    pub(super) fn is_part(&self) -> bool {
        self.whole.as_ref().is_some_and(SmolStr::is_empty)
    }
}

/// A line, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) glyphs: Vec<Placed>,
    pub(super) width: f32,
    pub(super) rtl: bool,
}

/// The lines of a text in a column of this width. Line ends in the text end lines.
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
    /// The width of the cluster that begins at each byte; 0 inside a character.
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
        // The last possible line end, and the line's width there without trailing spaces.
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
                // A word wider than the column is cut where the column is full.
                from = self.cut(at.max(from)..end, wide, lines);
                width = self.width(from..end);
            } else {
                width += whole;
            }
            (fits, at) = (end, end);
        }
        lines.push(self.line(from..self.text.len()));
    }

    /// The possible line ends: those of Unicode, except within a short piece that must keep its order.
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

    /// Cuts a word into lines and returns where the last line begins.
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

    /// The glyphs of a part of the text, in visual order.
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
                        whole: glyph.whole.clone(),
                    });
                    line.width += glyph.advance * scale;
                }
            }
        }
        line.glyphs.shrink_to_fit();
        line
    }

    /// Rule L2 of the bidirectional algorithm: from the highest level down, runs are reversed.
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

#[cfg(test)]
mod tests {
    use super::super::isolate::PIECES;
    use super::*;

    const STYLE: Style = Style { size: 10.0, weight: Weight::Regular, colour: 0 };

    /// The visible text from left to right. Marks stay with their letters.
    fn seen(line: &Line) -> String {
        line.glyphs.iter().map(|glyph| glyph.text.as_str()).collect()
    }

    #[test]
    fn a_piece_keeps_its_order_and_sign_in_any_context() {
        let fonts = Fonts::embedded().unwrap();
        for piece in PIECES.lines() {
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
        assert!(PIECES.lines().count() >= 60);
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
