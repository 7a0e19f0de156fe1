//! Whole machines that talk to each other, for the failures that only show between them.

mod machines {
    mod busy_files;
    mod deep_trees;
    mod flapping;
    mod group;
    mod hard_links;
    mod links;
    mod moved_directories;
    mod odd_names;
    mod renamed_directory;
    mod ring;
    mod special;
    mod unfinished;
}
