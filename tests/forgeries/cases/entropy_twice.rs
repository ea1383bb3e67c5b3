//! One seed, one attempt: the stream that nonces come from cannot be copied.

use eovr_core::seal::{Entropy, MasterKey};

fn twice(entropy: &Entropy) -> Entropy {
    entropy.clone()
}

fn printed(master: &MasterKey) -> String {
    master.to_string()
}

fn main() {}
