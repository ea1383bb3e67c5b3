//! Only a cipher makes a sealed value; plain text cannot pass for one.

use eovr_core::seal::Sealed;

fn stored() -> Sealed {
    Sealed::from_stored(b"plain text".to_vec()).unwrap()
}

fn from_text() -> Sealed {
    "plain text".into()
}

fn main() {}
