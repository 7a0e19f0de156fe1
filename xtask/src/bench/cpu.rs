//! Which processor a measurement ran on: without that line a number says little.

/// The model and those of its instruction sets that decide our speed.
pub(super) fn line() -> String {
    match std::fs::read_to_string("/proc/cpuinfo") {
        Ok(text) => describe(&text),
        Err(_) => "CPU: unknown (no /proc/cpuinfo)".to_owned(),
    }
}

fn describe(cpuinfo: &str) -> String {
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim())
    };
    let flags: Vec<&str> = field("flags").split_whitespace().collect();
    let has = |flag: &str| if flags.contains(&flag) { "yes" } else { "no" };
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let features = ["sha_ni", "avx2", "avx512f"].map(|flag| format!("{flag}: {}", has(flag))).join(" · ");
    format!("CPU: {} · {cores} cores · {features}", field("model name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_the_processor_has_and_lacks() {
        let text = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 sha_ni\n\nprocessor\t: 1\nflags\t: fpu\n";
        assert_eq!(describe(text), "CPU: Some CPU · 2 cores · sha_ni: yes · avx2: yes · avx512f: no");
    }
}
