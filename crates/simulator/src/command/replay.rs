//! One run from a file, told as it happens.

use homesync_simulator::scenario;

/// Plays it; `true` when nothing is violated.
pub fn play(file: &str) -> bool {
    let read = std::fs::read_to_string(file)
        .map_err(|error| error.to_string())
        .and_then(|text| scenario::read(&text));
    let scenario = match read {
        Ok(scenario) => scenario,
        Err(mistake) => {
            eprintln!("{file}: {mistake}");
            return false;
        }
    };
    let report = scenario.play(true);
    report.log.iter().for_each(|line| println!("{line}"));
    match &report.failure {
        None => println!("nothing was violated"),
        Some(failure) => println!("{failure}"),
    }
    report.failure.is_none()
}
