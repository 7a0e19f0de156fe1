//! What the scanner sees, and what staging and executor make of the same things: links, odd names and kinds, and trees that are very deep.

mod scanner {
    mod bench;
    mod deep;
    mod limits;
    mod links;
    mod listings;
    mod metadata;
    mod mounts;
    mod swapping;
}
