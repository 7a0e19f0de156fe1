//! Every package of the product and of its tests has a licence that we accept.

use homesync_tests::findings::expect_none;
use homesync_tests::licences::{EXCEPTIONS, refused};
use homesync_tests::metadata::Packages;

#[test]
fn all_licences_are_accepted() {
    expect_none(&refused(&Packages::of_repository(), EXCEPTIONS));
}
