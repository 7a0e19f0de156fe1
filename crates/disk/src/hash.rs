//! The hash of a block, by the processor's own instructions wherever it has them.
//!
//! `BlockHash::of` is the same in a crate that may have no C code: as fast where that library knows the instructions (x86), and several times
//! slower elsewhere (ARM, and with it every new Mac). Files are read here by the terabyte.

use aws_lc_rs::digest::{SHA256, digest};
use homesync_protocol::BlockHash;

/// The hash of these bytes.
pub(crate) fn hash_of(bytes: &[u8]) -> BlockHash {
    let digest = digest(&SHA256, bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    BlockHash(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_protocols_hash() {
        let bytes: Vec<u8> = (0..200_000_u64).map(|number| (number * number / 7) as u8).collect();
        for size in [0, 1, 55, 56, 63, 64, 65, 4_096, 131_072, 200_000] {
            assert_eq!(hash_of(&bytes[..size]), BlockHash::of(&bytes[..size]));
        }
    }
}
