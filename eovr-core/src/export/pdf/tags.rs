//! The structure tree of a page for screen readers: headings, paragraphs, tables with headers, pictures with
//! alternative text.
//!
//! A text on a page belongs to a leaf of this tree, or is decoration (rules, repeated headers, feet), which a screen
//! reader skips. Each leaf holds its text in logical order, because the page shows Arabic in visual order.

use super::isolate::runs_right_to_left;

/// The role of a part, by its name in PDF 1.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Document,
    Title,
    Section,
    Heading,
    Paragraph,
    Table,
    Row,
    /// The header of a column.
    HeadCell,
    /// The header of a row.
    RowTitle,
    Cell,
    Figure,
}

/// A part of a document.
pub(super) struct Node {
    pub(super) role: Role,
    pub(super) parent: usize,
    /// The text of a leaf, or the alternative text of a picture.
    pub(super) says: String,
}

impl Node {
    pub(super) fn language(&self) -> &'static str {
        if runs_right_to_left(&self.says) { "ar" } else { "en" }
    }
}

/// The tree as a list in reading order. The first node is the document, and its own parent.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    open: Vec<usize>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let document = Node { role: Role::Document, parent: 0, says: String::new() };
        Self { nodes: vec![document], open: vec![0] }
    }

    /// Begins a child of the open part.
    pub(super) fn begin(&mut self, role: Role, says: impl Into<String>) -> usize {
        let parent = self.open.last().copied().unwrap_or(0);
        let node = self.nodes.len();
        self.nodes.push(Node { role, parent, says: says.into() });
        self.open.push(node);
        node
    }

    /// Ends the open part.
    pub(super) fn end(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// The open leaf. A text outside a leaf is decoration.
    pub(super) fn leaf(&self) -> Option<usize> {
        let open = self.open.last().copied().filter(|node| *node > 0)?;
        let role = self.nodes.get(open)?.role;
        (!matches!(role, Role::Document | Role::Table | Role::Row)).then_some(open)
    }
}
