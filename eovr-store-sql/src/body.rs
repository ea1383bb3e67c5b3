//! The sealed fields of a record in one column of bytes.
//!
//! For each field: the length of its name (one byte), the name, the length of its value (four bytes, big-endian), the
//! value. The fields are in the order of their names.

use std::collections::BTreeMap;

use eovr_core::Name;
use eovr_core::Result;
use eovr_core::seal::Sealed;

use crate::error::damaged;

pub(crate) fn pack<'a>(fields: impl Iterator<Item = (&'a Name, &'a Sealed)>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (name, sealed) in fields {
        let (name, value) = (name.as_str().as_bytes(), sealed.as_bytes());
        bytes.push(u8::try_from(name.len()).map_err(|_| damaged())?);
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&u32::try_from(value.len()).map_err(|_| damaged())?.to_be_bytes());
        bytes.extend_from_slice(value);
    }
    Ok(bytes)
}

/// Reads the fields. Their names are usually the known ones in order, which need no check.
pub(crate) fn unpack(bytes: &[u8], known: &[Name]) -> Result<BTreeMap<Name, Vec<u8>>> {
    let mut fields = Vec::with_capacity(known.len());
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(usize::from(*length)).ok_or_else(damaged)?;
        let (length, after) = after.split_first_chunk().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let (value, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        let name = match known.binary_search_by(|known| known.as_str().as_bytes().cmp(name)) {
            Ok(at) => known.get(at).cloned(),
            Err(_) => std::str::from_utf8(name).ok().and_then(|name| Name::new(name).ok()),
        };
        fields.push((name.ok_or_else(damaged)?, value.to_vec()));
        rest = after;
    }
    Ok(BTreeMap::from_iter(fields))
}
