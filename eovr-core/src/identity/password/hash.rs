use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, Version};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Password;
use crate::error::{Error, ErrorKind, Result};
use crate::seal::Entropy;

const SALT: usize = 16;
const OUTPUT: usize = 32;
/// 1 GiB: more than an administrator would set, and small enough that a changed row cannot exhaust the machine's
/// memory.
const MEMORY_MOST: u32 = 1024 * 1024;
const PASSES_MOST: u32 = 64;
const LANES_MOST: u32 = 64;

/// The cost of checking one password: Argon2id (RFC 9106).
///
/// The default is the minimum that OWASP recommends: 19 MiB, two passes, one lane, about 20 ms. Run the check on a
/// thread for blocking work, with at most as many at once as there are processors, because an attacker can trigger
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
        }
    }
}

impl PasswordCost {
    /// Other costs than the default. Lower costs are for tests.
    ///
    /// # Errors
    /// `Config` where memory is not 8 KiB for each lane to 1 GiB, or there are not 1 to 64 passes and lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        let cost = Self { memory_kib, passes, lanes };
        let within = memory_kib <= MEMORY_MOST && passes <= PASSES_MOST && lanes <= LANES_MOST;
        if within && cost.params(OUTPUT).is_some() {
            return Ok(cost);
        }
        Err(Error::new(ErrorKind::Config, "the cost of a password is out of range")
            .with_help(format!(
                "memory is 8 KiB for each lane to {MEMORY_MOST} KiB, passes are 1 to {PASSES_MOST}, lanes 1 \
                 to {LANES_MOST}"
            ))
            .with("memory_kib", memory_kib)
            .with("passes", passes)
            .with("lanes", lanes))
    }

    /// The hash to store. The salt comes from `entropy`, which must be fresh.
    ///
    /// # Errors
    /// `Unavailable` where there is not enough memory.
    pub fn hash(self, password: &Password, entropy: &mut Entropy) -> Result<PasswordHash> {
        let mut salt = [0; SALT];
        entropy.fill(&mut salt);
        let made = self.argon2(OUTPUT)?.hash_password_with_salt(password.as_str().as_bytes(), &salt);
        PasswordHash::read(made.map_err(|_| no_memory(self))?)
            .ok_or_else(|| Error::bug("a hash is read as it was made"))
    }

    /// A hash that no password matches, for an address without an account. Verifying against it costs the same, so
    /// the response time does not reveal whether an account exists.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn nobodys(self) -> Result<PasswordHash> {
        // No password with this output is known or can be found.
        let Self { memory_kib, passes, lanes } = self;
        let (salt, output) = ("A".repeat(22), "A".repeat(43));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}").parse()
    }

    fn is_below(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes
    }

    fn params(self, output: usize) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(output)).ok()
    }

    fn argon2(self, output: usize) -> Result<Argon2<'static>> {
        let params = self.params(output).ok_or_else(|| Error::bug("a cost was checked when it was made"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A stored password hash, `$argon2id$v=19$…` (the PHC format, which other languages also read).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    cost: PasswordCost,
    phc: phc::PasswordHash,
}

impl PasswordHash {
    /// Whether this is the password, and whether it should be hashed again because today's cost is higher. The
    /// comparison takes constant time.
    ///
    /// # Errors
    /// `Unavailable` where there is not enough memory.
    pub fn verify(&self, password: &Password, today: PasswordCost) -> Result<Verdict> {
        let (Some(salt), Some(kept)) = (&self.phc.salt, &self.phc.hash) else {
            return Err(Error::bug("a hash without an output was read"));
        };
        let mut output = Zeroizing::new(vec![0; kept.len()]);
        self.cost
            .argon2(kept.len())?
            .hash_password_into(password.as_str().as_bytes(), salt, &mut output)
            .map_err(|_| no_memory(self.cost))?;
        let short = salt.len() < SALT || kept.len() < OUTPUT;
        Ok(Verdict {
            matches: output.ct_eq(kept.as_bytes()).into(),
            outdated: short || self.cost.is_below(today),
        })
    }

    fn read(phc: phc::PasswordHash) -> Option<Self> {
        let given = |name| phc.params.get_decimal(name);
        let cost = PasswordCost::new(given("m")?, given("t")?, given("p")?).ok()?;
        let whole = phc.salt.is_some() && phc.hash.is_some() && phc.params.iter().count() == 3;
        let argon2id = phc.algorithm == ARGON2ID_IDENT && phc.version == Some(Version::V0x13.into());
        (whole && argon2id).then_some(Self { cost, phc })
    }
}

/// Reads a hash of this or another program.
impl FromStr for PasswordHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        phc::PasswordHash::new(text).ok().and_then(Self::read).ok_or_else(|| {
            Error::invalid("not a password hash").with_help(
                "a hash is Argon2id in the PHC format, `$argon2id$v=19$m=…,t=…,p=…$salt$output`, of at most \
                 1 GiB, 64 passes and 64 lanes",
            )
        })
    }
}

/// Writes the form to store.
impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.phc.fmt(f)
    }
}

/// Prints the cost, and not the hash.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({:?})", self.cost)
    }
}

/// The result of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is right.
    pub matches: bool,
    /// The hash was made at a lower cost than today's. If `matches`, hash the password again and store the new hash.
    pub outdated: bool,
}

fn no_memory(cost: PasswordCost) -> Error {
    Error::new(ErrorKind::Unavailable, "no memory to hash a password")
        .with_help("run fewer password checks at once")
        .with("memory_kib", cost.memory_kib)
}
