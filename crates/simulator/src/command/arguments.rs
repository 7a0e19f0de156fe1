//! What the command was asked for.

use homesync_simulator::tester::Tester;

/// How it is called.
pub const USAGE: &str = "usage: cargo xtask simulate [--runs N] [--seed S] [--only TESTER] [--scenario FILE]
       cargo xtask simulate --canaries [--seed S]

  --runs N          how many worlds (2000); for each, 10 runs of the executor and 100 cases of the planner
  --seed S          the first seed of each tester (0)
  --only TESTER     `planner`, `executor` or `worlds` alone
  --scenario FILE   plays one run from a file, and tells it
  --canaries        plants one bug after the other and lets the testers find it";

/// The arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// How many worlds.
    pub runs: u64,
    /// The first seed.
    pub seed: u64,
    /// The only tester that runs.
    pub only: Option<Tester>,
    /// A run to be played from a file.
    pub scenario: Option<String>,
    /// Bugs are planted.
    pub canaries: bool,
}

impl Arguments {
    /// Reads them, or says what is wrong.
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { runs: 2_000, seed: 0, only: None, scenario: None, canaries: false };
        while let Some(name) = given.next() {
            if name == "--canaries" {
                arguments.canaries = true;
                continue;
            }
            let value = given.next().ok_or_else(|| format!("`{name}` needs a value"));
            let number =
                |value: String| value.parse().map_err(|_| format!("`{name}` takes a number, not `{value}`"));
            match name.as_str() {
                "--runs" => arguments.runs = number(value?)?,
                "--seed" => arguments.seed = number(value?)?,
                "--only" => arguments.only = Some(tester(&value?)?),
                "--scenario" => arguments.scenario = Some(value?),
                other => return Err(format!("there is no `{other}`")),
            }
        }
        if arguments.scenario.is_some() && arguments.only.is_some() {
            return Err("a scenario names its tester itself: `--only` has no meaning beside it".to_string());
        }
        arguments.check_range()?;
        Ok(arguments)
    }

    /// The testers that run, with how many runs each.
    pub fn testers(&self) -> impl Iterator<Item = (Tester, u64)> {
        let chosen = Tester::ALL.into_iter().filter(|tester| self.only.is_none_or(|only| only == *tester));
        chosen.map(|tester| (tester, self.runs * tester.runs_for_a_world()))
    }

    /// Every seed is a number that can be given back to `--seed`.
    fn check_range(&self) -> Result<(), String> {
        let most = Tester::ALL.map(Tester::runs_for_a_world).into_iter().max().unwrap_or(1);
        let last = self.runs.checked_mul(most).and_then(|runs| self.seed.checked_add(runs));
        last.map(drop).ok_or_else(|| "so many runs from this seed on have no numbers any more".to_string())
    }
}

fn tester(name: &str) -> Result<Tester, String> {
    Tester::named(name).ok_or_else(|| {
        let names = Tester::ALL.map(|tester| format!("`{}`", tester.name())).join(", ");
        format!("there is no tester `{name}`, but {names}")
    })
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
            parse(&["--runs", "5", "--seed", "9", "--only", "executor"]),
            Ok(Arguments { runs: 5, seed: 9, only: Some(Tester::Executor), scenario: None, canaries: false })
        );
        assert_eq!(
            parse(&["--canaries", "--seed", "3"]).map(|parsed| (parsed.canaries, parsed.seed)),
            Ok((true, 3))
        );
        for (given, named) in [
            (&["--runs"][..], "--runs"),
            (&["--runs", "many"], "many"),
            (&["--what", "1"], "--what"),
            (&["--only", "people"], "people"),
            (&["--only", "worlds", "--scenario", "file"], "--only"),
            (&["--seed", "18446744073709551615"], "seed"),
        ] {
            assert!(parse(given).is_err_and(|mistake| mistake.contains(named)), "{given:?}");
        }
    }

    #[test]
    fn without_arguments_all_testers_run_as_often_as_in_every_test_run() {
        let all: Vec<(Tester, u64)> = parse(&[]).unwrap().testers().collect();
        assert_eq!(all, [(Tester::Planner, 200_000), (Tester::Executor, 20_000), (Tester::Worlds, 2_000)]);
        let one: Vec<(Tester, u64)> = parse(&["--only", "worlds"]).unwrap().testers().collect();
        assert_eq!(one, [(Tester::Worlds, 2_000)]);
    }
}
