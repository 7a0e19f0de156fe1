//! What the command was asked for.

/// How it is called.
pub const USAGE: &str = "usage: cargo xtask simulate [--runs N] [--seed S] [--scenario FILE]

  --runs N          how many worlds (2000)
  --seed S          the first seed (0)
  --scenario FILE   plays one run from a file, and tells it";

/// The arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// How many worlds.
    pub runs: u64,
    /// The first seed.
    pub seed: u64,
    /// A run to be played from a file.
    pub scenario: Option<String>,
}

impl Arguments {
    /// Reads them, or says what is wrong.
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { runs: 2_000, seed: 0, scenario: None };
        while let Some(name) = given.next() {
            let value = given.next().ok_or_else(|| format!("`{name}` needs a value"));
            let number =
                |value: String| value.parse().map_err(|_| format!("`{name}` takes a number, not `{value}`"));
            match name.as_str() {
                "--runs" => arguments.runs = number(value?)?,
                "--seed" => arguments.seed = number(value?)?,
                "--scenario" => arguments.scenario = Some(value?),
                other => return Err(format!("there is no `{other}`")),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(given.iter().map(ToString::to_string))
    }

    #[test]
    fn arguments_are_read_or_refused_by_name() {
        assert_eq!(
            parse(&["--runs", "5", "--seed", "9"]),
            Ok(Arguments { runs: 5, seed: 9, scenario: None })
        );
        assert!(parse(&["--runs"]).is_err_and(|mistake| mistake.contains("--runs")));
        assert!(parse(&["--runs", "many"]).is_err_and(|mistake| mistake.contains("many")));
        assert!(parse(&["--what", "1"]).is_err_and(|mistake| mistake.contains("--what")));
    }
}
