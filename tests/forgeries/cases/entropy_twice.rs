//! A seed serves one attempt, because a copied nonce stream would repeat nonces.

use eovr_core::seal::{Entropy, MasterKey};

fn twice(entropy: &Entropy) -> Entropy {
    entropy.clone()
}

fn printed(master: &MasterKey) -> String {
    master.to_string()
}

fn main() {}
