//! A task of several steps: all run, each is timed, and the end tells which failed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Runs steps one after the other and remembers how they went.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    /// Runs one step. A failure is shown at once and does not keep later steps from running:
    /// one run tells everything there is to mend.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        println!("\n==> {name}");
        let start = Instant::now();
        let failure = work().err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            println!("==> {name} failed: {failure}");
        }
        self.done.push(Step {
            name: name.to_owned(),
            took: start.elapsed(),
            failure,
        });
    }

    /// Prints the times; fails, naming them, when steps failed.
    pub(crate) fn finish(self, task: &str) -> Result<()> {
        println!("\n{task}");
        for step in &self.done {
            println!("{step}");
        }
        let failed: Vec<&str> = self
            .done
            .iter()
            .filter(|step| step.failure.is_some())
            .map(|step| step.name.as_str())
            .collect();
        if !failed.is_empty() {
            bail!("{task}: {} failed", failed.join(", "));
        }
        Ok(())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs();
        let outcome = if self.failure.is_some() {
            "FAILED"
        } else {
            "ok"
        };
        let (name, minutes, seconds) = (&self.name, seconds / 60, seconds % 60);
        write!(
            formatter,
            "  {name:<24} {minutes:>3} min {seconds:>2} s  {outcome}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_failed_step_lets_the_next_run_and_fails_the_task() {
        let mut ran = false;
        let mut steps = Steps::default();
        steps.step("first", || Err(anyhow!("no")));
        steps.step("second", || {
            ran = true;
            Ok(())
        });

        let error = steps.finish("task").unwrap_err();

        assert!(ran);
        assert_eq!(error.to_string(), "task: first failed");
    }

    #[test]
    fn a_task_whose_steps_went_well_went_well() {
        let mut steps = Steps::default();
        steps.step("only", || Ok(()));
        assert!(steps.finish("task").is_ok());
    }
}
