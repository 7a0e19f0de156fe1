//! Rules about how sources and texts are written.

pub mod files;
pub mod markers;
pub mod platforms;
pub mod shape;
pub mod test_habits;
pub mod words;
