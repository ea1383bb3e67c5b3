use std::fmt::Write as _;

use crate::workflow::{Machine, Need};

impl Machine {
    /// The table as a Mermaid state diagram, for documents that cannot go out of date.
    ///
    /// Actions that do not change the state are listed in a note beside the diagram, because loops would hide the main
    /// path.
    ///
    /// ```
    /// use eovr_core::incident::IncidentWorkflow;
    /// use eovr_core::workflow::{Machine, Table};
    ///
    /// let diagram = Machine::new(Table::of::<IncidentWorkflow>()?)?.diagram();
    /// assert!(diagram.starts_with("stateDiagram-v2"));
    /// assert!(diagram.contains("created --> in_progress: start (human)"));
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    pub fn diagram(&self) -> String {
        let table = self.table();
        let mut text = format!("stateDiagram-v2\n    [*] --> {}: {}\n", table.start, table.create);
        // Writing to a String cannot fail.
        for rule in &table.rules {
            let Some(to) = &rule.to else { continue };
            for from in &rule.from {
                let _ = write!(text, "    {from} --> {to}: {}", rule.action);
                let needs: Vec<_> = rule.needs.iter().map(Need::label).collect();
                if !needs.is_empty() {
                    let _ = write!(text, " ({})", needs.join(", "));
                }
                text.push('\n');
            }
        }
        for state in table.states.iter().filter(|state| state.end) {
            let _ = writeln!(text, "    {} --> [*]", state.name);
        }
        text
    }
}
