//! Names and values under each other, in two columns.

use super::FAINT;
use std::fmt;

/// Lines of a name and a value. Shown with the names in one column.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds a line.
    pub fn add(&mut self, name: impl Into<String>, value: impl fmt::Display) -> &mut Self {
        self.0.push((name.into(), value.to_string()));
        self
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (index, (name, value)) in self.0.iter().enumerate() {
            let end = if index + 1 < self.0.len() { "\n" } else { "" };
            write!(formatter, "  {FAINT}{name:width$}{FAINT:#}  {value}{end}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn names_stand_in_one_column() {
        let mut fields = Fields::default();
        fields.add("a", 1).add("long", "two");
        let plain = anstream::adapter::strip_str(&fields.to_string()).to_string();
        assert_eq!(plain, "  a     1\n  long  two");
        assert_eq!(Fields::default().to_string(), "");
    }
}
