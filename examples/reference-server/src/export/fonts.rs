//! The fonts of a PDF.

use std::path::{Path, PathBuf};

use eovr_core::export::pdf::Fonts;

use crate::output::{Failure, Out};

/// The embedded fonts, and before them the hospital's own. One that cannot be used is said so, and does not
/// keep a report from being printed.
pub(super) fn load(own: Option<&Path>, out: &mut Out) -> Result<Fonts, Failure> {
    let embedded = Fonts::embedded()?;
    let Some(path) = own else { return Ok(embedded) };
    let regular = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            out.line(format_args!("the font `{}` cannot be read ({error}): Amiri is used", path.display()));
            return Ok(embedded);
        }
    };
    let bold = bold_beside(path).and_then(|path| std::fs::read(path).ok());
    match embedded.with_own(regular, bold) {
        Ok(fonts) => Ok(fonts),
        Err(error) => {
            let help = error.help().unwrap_or_default();
            out.line(format_args!("{}: {} ({help}): Amiri is used", path.display(), error.message()));
            Ok(Fonts::embedded()?)
        }
    }
}

/// `Name-Regular.ttf` has its bold in `Name-Bold.ttf`.
fn bold_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    name.contains("Regular").then(|| path.with_file_name(name.replace("Regular", "Bold")))
}
