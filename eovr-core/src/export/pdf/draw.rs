//! What stands on pages, before any format: what layout hands to the module that writes the file.

use super::fonts::Fonts;
use super::lines::Placed;
use super::tags::Tree;
use crate::export::titles::Lang;
use crate::time::Timestamp;

/// A4, in points.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;

/// One object on a page. Coordinates are in points from the upper left corner.
pub(super) enum Draw {
    /// A filled rectangle.
    Ground { x: f32, y: f32, wide: f32, high: f32, colour: u32 },
    /// A rectangle's outline.
    Frame { x: f32, y: f32, wide: f32, high: f32, colour: u32, thick: f32 },
    /// A line of text; `y` is the base line. It belongs to a leaf of the document's tree, or is decoration.
    Text { x: f32, y: f32, size: f32, colour: u32, glyphs: Vec<Placed>, leaf: Option<usize> },
}

impl Draw {
    /// The leaf of the tree that the object belongs to.
    pub(super) fn leaf(&self) -> Option<usize> {
        if let Self::Text { leaf, .. } = self { *leaf } else { None }
    }

    /// Its upper edge, about.
    pub(super) fn top(&self) -> f32 {
        match self {
            Self::Ground { y, .. } | Self::Frame { y, .. } => *y,
            Self::Text { y, size, .. } => y - size,
        }
    }
}

/// A whole document.
pub(super) struct Document<'a> {
    pub(super) pages: Vec<Vec<Draw>>,
    pub(super) tree: Tree,
    pub(super) fonts: &'a Fonts,
    pub(super) title: String,
    pub(super) lang: Lang,
    /// The creation time. The same document with the same time gives the same file.
    pub(super) made_at: Timestamp,
}
