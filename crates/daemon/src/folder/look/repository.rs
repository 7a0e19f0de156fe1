//! A look at a git repository, so that what is said of it is never torn.
//!
//! Git writes an object before anything points to it. So what points is read first, and the objects after it: then every object that it needs
//! has been seen. What was seen is reported the other way round, so that nobody hears of a reference before its objects; and what is not there
//! any more comes last, so that nobody hears that an object is gone before hearing that nothing needs it.

use homesync_disk::{LocalFs, Scanner};
use homesync_engine::{Event, Listing, Seen, git};
use homesync_paths::RelativePath;
use homesync_protocol::Content;

/// So often it is looked again at what points, if it changes all the time. What is seen then is still not torn: only parts of it may belong
/// to different moments, and another look comes soon.
const MOST_LOOKS: usize = 4;

/// Looks at the repository of which this is the `.git` directory.
pub(super) fn look(
    scanner: &Scanner<'_, LocalFs>,
    repository: &RelativePath,
    as_of: u64,
    report: &mut dyn FnMut(Event),
) {
    let itself = scanner.look(repository);
    let is_there = is_directory(&itself);
    report(Event::Looked { as_of, seen: vec![(repository.clone(), itself)] });
    if !is_there {
        return;
    }
    let mut pointing = listings(scanner, repository, &|path| !is_object(path, repository));
    let mut objects = Vec::new();
    for _ in 0..MOST_LOOKS {
        if is_busy(&pointing) {
            // Nothing of it counts until git is done, and then everything is looked at.
            break;
        }
        objects = object_listings(scanner, repository, &pointing);
        let again = listings(scanner, repository, &|path| !is_object(path, repository));
        if is_same(&pointing, &again) {
            break;
        }
        pointing = again;
        objects.clear();
    }
    if objects.is_empty() && !is_busy(&pointing) {
        objects = object_listings(scanner, repository, &pointing);
    }
    // A directory has to be known before what is in it.
    let mut present = |listings: &[Listing], is_chosen: &dyn Fn(&Seen) -> bool| {
        for seen in listings.iter().map(|listing| present_in(listing, is_chosen)) {
            report(Event::Looked { as_of, seen });
        }
    };
    if !is_busy(&pointing) && !is_busy(&objects) {
        present(&pointing, &is_directory);
        present(&objects, &|_| true);
        // In one piece, so that the engine puts it into the order in which others may hear of it.
        let seen = pointing.iter().flat_map(|listing| present_in(listing, &|_| true)).collect();
        report(Event::Looked { as_of, seen });
    }
    let mut listings: Vec<Listing> = pointing.into_iter().chain(objects).collect();
    // That git is at work is said before anything else of the same look counts.
    listings.sort_by_key(|listing| !is_busy(std::slice::from_ref(listing)));
    listings.into_iter().for_each(|listing| report(Event::Listed(listing)));
}

/// The listings of a directory and of those below it that are chosen.
fn listings(
    scanner: &Scanner<'_, LocalFs>,
    directory: &RelativePath,
    is_chosen: &dyn Fn(&RelativePath) -> bool,
) -> Vec<Listing> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.clone()];
    while let Some(directory) = waiting.pop() {
        let listing = scanner.list(Some(&directory));
        if listing.seen.is_err() && !is_directory(&scanner.look(&directory)) {
            // Gone since the directory above it was listed: the next look misses it there.
            continue;
        }
        let below = listing.seen.iter().flatten().rev();
        waiting.extend(
            below.filter(|(path, seen)| is_directory(seen) && is_chosen(path)).map(|(path, _)| path.clone()),
        );
        found.push(listing);
    }
    found
}

/// Loose objects before packs: git puts them into a pack before it takes them away.
fn object_listings(
    scanner: &Scanner<'_, LocalFs>,
    repository: &RelativePath,
    pointing: &[Listing],
) -> Vec<Listing> {
    let seen = pointing.iter().flat_map(|listing| listing.seen.iter().flatten());
    let places = seen.filter(|(path, seen)| is_directory(seen) && is_object(path, repository));
    let mut found: Vec<Listing> =
        places.flat_map(|(place, _)| listings(scanner, place, &|path| path.name() != "pack")).collect();
    let is_pack = |(path, seen): &(&RelativePath, &Seen)| is_directory(seen) && path.name() == "pack";
    let packs: Vec<RelativePath> = found
        .iter()
        .flat_map(|listing| listing.seen.iter().flatten().filter(is_pack).map(|(path, _)| path.clone()))
        .collect();
    found.extend(packs.iter().flat_map(|pack| stable(scanner, pack)));
    found
}

/// The listings of a directory of packs, from a moment at which git put nothing there and took nothing away: of two packs, one in place of the
/// other, a listing in the middle might have neither.
fn stable(scanner: &Scanner<'_, LocalFs>, packs: &RelativePath) -> Vec<Listing> {
    let mut before = listings(scanner, packs, &|_| true);
    for _ in 0..MOST_LOOKS {
        let after = listings(scanner, packs, &|_| true);
        if is_same(&before, &after) {
            return after;
        }
        before = after;
    }
    before
}

/// What is there of a listing, without a word about what is missing in it.
fn present_in(listing: &Listing, is_chosen: &dyn Fn(&Seen) -> bool) -> Vec<(RelativePath, Seen)> {
    let is_there = |(_, seen): &(&RelativePath, &Seen)| matches!(seen, Seen::Present { .. });
    let seen = listing.seen.iter().flatten().filter(is_there).filter(|(_, seen)| is_chosen(seen));
    seen.map(|(path, seen)| (path.clone(), seen.clone())).collect()
}

fn is_busy(listings: &[Listing]) -> bool {
    let mut paths = listings.iter().flat_map(|listing| listing.seen.iter().flatten().map(|(path, _)| path));
    paths.any(|path| git::busy_unit(path).is_some())
}

fn is_same(before: &[Listing], after: &[Listing]) -> bool {
    let is_same = |(before, after): (&Listing, &Listing)| {
        before.directory == after.directory && before.seen == after.seen
    };
    before.len() == after.len() && before.iter().zip(after).all(is_same)
}

fn is_object(path: &RelativePath, repository: &RelativePath) -> bool {
    git::is_object(path, repository)
}

fn is_directory(seen: &Seen) -> bool {
    matches!(seen, Seen::Present { content: Content::Directory, .. })
}
