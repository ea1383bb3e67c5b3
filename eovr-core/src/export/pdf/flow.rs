//! Lays out blocks on pages: text, tables and boxes one below the other, mirrored where the page is Arabic.

use super::draw::{Draw, HEIGHT, WIDTH};
use super::fonts::{Fonts, Weight};
use super::lines::{Line, Style, lines};
use super::tags::{Role, Tree};
use crate::export::columns::Column;
use crate::export::titles::{Lang, Words};

const MARGIN: f32 = 46.0;
const TOP: f32 = 44.0;
const BOTTOM: f32 = HEIGHT - 56.0;
/// The width of the content.
pub(super) const INNER: f32 = WIDTH - 2.0 * MARGIN;

pub(super) const NAVY: u32 = 0x001F_4E78;
pub(super) const INK: u32 = 0x001A_1D21;
pub(super) const MUTED: u32 = 0x0055_606B;
pub(super) const RULE: u32 = 0x00CF_D6DD;
pub(super) const SHADE: u32 = 0x00F1_F4F7;
pub(super) const WHITE: u32 = 0x00FF_FFFF;

pub(super) const BODY: Style = Style { size: 10.5, weight: Weight::Regular, colour: INK };
pub(super) const SMALL: Style = Style { size: 9.0, weight: Weight::Regular, colour: INK };
pub(super) const LABEL: Style = Style { size: 9.0, weight: Weight::Bold, colour: MUTED };
pub(super) const HEAD: Style = Style { size: 9.0, weight: Weight::Bold, colour: WHITE };
const SECTION: Style = Style { size: 13.0, weight: Weight::Bold, colour: NAVY };

/// The alignment of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    /// The side on which the page's lines begin.
    Start,
    Centre,
    End,
    /// The side on which the text's own lines begin.
    Own,
}

/// A text in a table.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) side: Side,
    pub(super) ground: Option<u32>,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, side: Side::Start, ground: None }
    }

    pub(super) fn at(self, side: Side) -> Self {
        Self { side, ..self }
    }

    pub(super) fn on(self, ground: u32) -> Self {
        Self { ground: Some(ground), ..self }
    }
}

/// The pages so far, and the vertical position on the last one.
pub(super) struct Flow<'a> {
    pub(super) fonts: &'a Fonts,
    pub(super) lang: Lang,
    pub(super) pages: Vec<Vec<Draw>>,
    pub(super) tree: Tree,
    pub(super) y: f32,
}

/// The distance between two base lines.
pub(super) fn leading(style: Style) -> f32 {
    style.size * 1.42
}

impl<'a> Flow<'a> {
    pub(super) fn new(fonts: &'a Fonts, lang: Lang) -> Self {
        Self { fonts, lang, pages: vec![Vec::new()], tree: Tree::new(), y: TOP }
    }

    pub(super) fn draw(&mut self, draw: Draw) {
        if let Some(page) = self.pages.last_mut() {
            page.push(draw);
        }
    }

    pub(super) fn gap(&mut self, high: f32) {
        self.y += high;
    }

    /// Begins a new page unless this one has enough room.
    pub(super) fn need(&mut self, high: f32) {
        if self.y + high > BOTTOM && self.y > TOP {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    /// The left edge of an object, from its distance to the page's start and its width.
    pub(super) fn x(&self, from: f32, wide: f32) -> f32 {
        if self.lang.rtl() { WIDTH - MARGIN - from - wide } else { MARGIN + from }
    }

    pub(super) fn ground(&mut self, from: f32, wide: f32, high: f32, colour: u32) {
        let (x, y) = (self.x(from, wide), self.y);
        self.draw(Draw::Ground { x, y, wide, high, colour });
    }

    pub(super) fn frame(&mut self, from: f32, wide: f32, high: f32, colour: u32, thick: f32) {
        let (x, y) = (self.x(from, wide), self.y);
        self.draw(Draw::Frame { x, y, wide, high, colour, thick });
    }

    pub(super) fn broken(&self, text: &str, style: Style, wide: f32) -> Vec<Line> {
        lines(self.fonts, text, style, wide)
    }

    /// Draws lines into a column at this height without moving on. They belong to the open leaf.
    pub(super) fn put(&mut self, lines: &[Line], style: Style, side: Side, column: (f32, f32), y: f32) {
        self.put_as(self.tree.leaf(), lines, style, side, column, y);
    }

    fn put_as(
        &mut self,
        leaf: Option<usize>,
        lines: &[Line],
        style: Style,
        side: Side,
        (from, wide): (f32, f32),
        y: f32,
    ) {
        for (line, row) in lines.iter().zip(0_u16..) {
            self.put_line(leaf, line.clone(), style, side, (from, wide), y + f32::from(row) * leading(style));
        }
    }

    fn put_line(
        &mut self,
        leaf: Option<usize>,
        line: Line,
        style: Style,
        side: Side,
        (from, wide): (f32, f32),
        y: f32,
    ) {
        let page_rtl = self.lang.rtl();
        let to_the_right = match side {
            Side::Start => page_rtl,
            Side::End => !page_rtl,
            Side::Own => line.rtl,
            Side::Centre => false,
        };
        let free = wide - line.width;
        let shift = if side == Side::Centre { free / 2.0 } else { free * f32::from(u8::from(to_the_right)) };
        self.draw(Draw::Text {
            x: self.x(from, wide) + shift,
            y: y + style.size * 1.04,
            size: style.size,
            colour: style.colour,
            glyphs: line.glyphs,
            leaf,
        });
    }

    /// Draws one line of text into a column at this height.
    pub(super) fn label(&mut self, text: &str, style: Style, side: Side, column: (f32, f32), y: f32) {
        let lines = self.broken(text, style, column.1);
        self.put(&lines, style, side, column, y);
    }

    /// Draws a heading with a rule below. `follows` is the room that the next block needs on the same page.
    pub(super) fn section(&mut self, title: Words, follows: f32) {
        self.gap(12.0);
        self.need(leading(SECTION) + 8.0 + follows);
        let y = self.y;
        self.tree.begin(Role::Section, title.of(self.lang));
        match self.lang {
            Lang::En => self.label(title.en, SECTION, Side::Start, (0.0, INNER), y),
            Lang::Ar => self.label(title.ar, SECTION, Side::Start, (0.0, INNER), y),
            Lang::Both => {
                self.label(title.en, SECTION, Side::Start, (0.0, INNER), y);
                self.label(title.ar, SECTION, Side::End, (0.0, INNER), y);
            }
        }
        self.tree.end();
        self.y += leading(SECTION) + 2.0;
        self.ground(0.0, INNER, 0.8, NAVY);
        self.y += 5.0;
    }

    /// Draws a column's title as a heading within a section.
    pub(super) fn heading(&mut self, of: &Column) {
        self.need(40.0);
        let y = self.y;
        self.tree.begin(Role::Heading, of.title(self.lang));
        if self.lang == Lang::Both {
            self.label(&of.title(Lang::En), LABEL, Side::Start, (0.0, INNER), y);
            self.label(&of.title(Lang::Ar), LABEL, Side::End, (0.0, INNER), y);
        } else {
            self.label(&of.title(self.lang), LABEL, Side::Start, (0.0, INNER), y);
        }
        self.tree.end();
        self.y += leading(LABEL) + 1.0;
    }

    /// Draws a person's text. Each paragraph has its own direction.
    pub(super) fn words(&mut self, text: &str) {
        let lines = self.broken(text, BODY, INNER);
        self.tree.begin(Role::Paragraph, text);
        // This is the longest text, so its lines are moved and not copied.
        for line in lines {
            self.need(leading(BODY));
            self.put_line(self.tree.leaf(), line, BODY, Side::Own, (0.0, INNER), self.y);
            self.y += leading(BODY);
        }
        self.tree.end();
        self.gap(6.0);
    }

    /// Draws a table: shares of the width, the header (repeated on every page), the rows.
    pub(super) fn table(&mut self, shares: &[f32], head: Option<&[Cell]>, rows: &[Vec<Cell>]) {
        self.tree.begin(Role::Table, "");
        if let Some(head) = head {
            // Do not leave a header alone at the end of a page.
            self.need(60.0);
            let leaves = self.leaves(head, |_| Role::HeadCell);
            self.row(shares, head, None, &leaves);
        }
        for row in rows {
            // Without a header, a cell with a background is the title of the cell beside it.
            let titled = |cell: &Cell| head.is_none() && cell.ground.is_some();
            let leaves = self.leaves(row, |cell| if titled(cell) { Role::RowTitle } else { Role::Cell });
            self.row(shares, row, head, &leaves);
        }
        self.tree.end();
    }

    /// The leaves of a row's cells.
    fn leaves(&mut self, cells: &[Cell], role: impl Fn(&Cell) -> Role) -> Vec<usize> {
        self.tree.begin(Role::Row, "");
        let mut leaves = Vec::new();
        for cell in cells {
            leaves.push(self.tree.begin(role(cell), cell.text.as_str()));
            self.tree.end();
        }
        self.tree.end();
        leaves
    }

    /// Draws one row on as many pages as it needs. A row without leaves is decoration: a repeated header.
    fn row(&mut self, shares: &[f32], cells: &[Cell], head: Option<&[Cell]>, leaves: &[usize]) {
        const PAD: f32 = 4.0;
        let columns = columns(shares);
        let laid: Vec<Vec<Line>> = cells
            .iter()
            .zip(&columns)
            .map(|(cell, (_, wide))| self.broken(&cell.text, cell.style, wide - 2.0 * PAD))
            .collect();
        let high = |lines: usize, style: Style| {
            let lines = lines as f32;
            lines * leading(style) + 1.5 * PAD
        };
        let whole =
            laid.iter().zip(cells).map(|(lines, cell)| high(lines.len(), cell.style)).fold(0.0, f32::max);
        // A row that fits on one page is not split.
        if whole < (BOTTOM - TOP) / 2.0 && self.y + whole > BOTTOM {
            self.turn(shares, head);
        }
        let mut done = vec![0; laid.len()];
        loop {
            let room = BOTTOM - self.y;
            let mut taken = 0.0_f32;
            let mut parts = Vec::new();
            for ((lines, cell), done) in laid.iter().zip(cells).zip(&mut done) {
                let left = lines.get(*done..).unwrap_or_default();
                let mut count = left.len();
                while count > 0 && high(count, cell.style) > room {
                    count -= 1;
                }
                parts.push(left.get(..count).unwrap_or_default());
                *done += count;
                taken = taken.max(high(count, cell.style));
            }
            for (((cell, part), (from, wide)), at) in cells.iter().zip(parts).zip(&columns).zip(0..) {
                if let Some(ground) = cell.ground {
                    self.ground(*from, *wide, taken, ground);
                }
                let leaf = leaves.get::<usize>(at).copied();
                self.put_as(
                    leaf,
                    part,
                    cell.style,
                    cell.side,
                    (from + PAD, wide - 2.0 * PAD),
                    self.y + PAD * 0.5,
                );
            }
            self.y += taken;
            self.ground(0.0, INNER, 0.4, RULE);
            let ended = done.iter().zip(&laid).all(|(done, lines)| *done >= lines.len());
            // A page without room for a single line would cause an endless loop.
            if ended || taken <= 1.5 * PAD && self.y <= TOP + 1.0 {
                return;
            }
            self.turn(shares, head);
        }
    }

    fn turn(&mut self, shares: &[f32], head: Option<&[Cell]>) {
        self.pages.push(Vec::new());
        self.y = TOP;
        if let Some(head) = head {
            self.row(shares, head, None, &[]);
        }
    }

    /// Draws a box with a text over the full width.
    pub(super) fn notice(&mut self, text: &str, style: Style, ground: u32) {
        let lines = self.broken(text, style, INNER - 20.0);
        let high = lines.len() as f32 * leading(style) + 9.0;
        self.need(high);
        self.ground(0.0, INNER, high, ground);
        self.tree.begin(Role::Paragraph, text);
        self.put(&lines, style, Side::Own, (10.0, INNER - 20.0), self.y + 4.0);
        self.tree.end();
        self.y += high;
    }

    /// Draws the foot of every page, after the number of pages is known.
    pub(super) fn feet(&mut self, foot: &str, page: impl Fn(usize, usize) -> String) {
        let style = Style { size: 8.0, weight: Weight::Regular, colour: MUTED };
        let all = self.pages.len();
        let mut pages = std::mem::take(&mut self.pages);
        for (draws, number) in pages.iter_mut().zip(1..) {
            self.pages.push(std::mem::take(draws));
            self.y = BOTTOM + 14.0;
            self.ground(0.0, INNER, 0.4, RULE);
            let y = self.y + 3.0;
            self.label(foot, style, Side::Start, (0.0, INNER * 0.75), y);
            self.label(&page(number, all), style, Side::End, (INNER * 0.7, INNER * 0.3), y);
        }
    }
}

/// The start and the width of each column.
fn columns(shares: &[f32]) -> Vec<(f32, f32)> {
    let all: f32 = shares.iter().sum();
    let mut from = 0.0;
    let mut columns = Vec::new();
    for share in shares {
        let wide = INNER * share / all;
        columns.push((from, wide));
        from += wide;
    }
    columns
}
