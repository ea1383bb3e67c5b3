//! The calls of a receipt's holder, who needs no account.

use eovr_core::decide::Command;
use eovr_core::incident::{Action, ReceiptCode};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Call;
use crate::engine::Host;
use crate::failure::{Outcome, guarded};
use crate::inward::{self, Text};

/// The calls for holders of receipts.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Receipts(pub(crate) Host);

#[pymethods]
impl Receipts {
    fn view(&self, code: Text) -> Outcome<Call> {
        let (eovr, code) = (self.0.eovr()?, code.0.parse::<ReceiptCode>()?);
        Ok(Call::new(&self.0.runtime, "receipt", async move { Ok(eovr.by_receipt(&code).view().await?) }))
    }

    fn answer(&self, code: Text, answer: Text) -> Outcome<Call> {
        let (eovr, code) = (self.0.eovr()?, code.0.parse::<ReceiptCode>()?);
        Ok(Call::new(&self.0.runtime, "answer_with_receipt", async move {
            Ok(eovr.by_receipt(&code).answer(&answer.0).await?)
        }))
    }

    fn remark(&self, code: Text, remark: Text) -> Outcome<Call> {
        let (eovr, code) = (self.0.eovr()?, code.0.parse::<ReceiptCode>()?);
        Ok(Call::new(&self.0.runtime, "remark_with_receipt", async move {
            Ok(eovr.by_receipt(&code).remark(&remark.0).await?)
        }))
    }

    #[pyo3(signature = (code, set, write))]
    fn correct(
        &self,
        code: Text,
        set: Option<&Bound<'_, PyDict>>,
        write: Option<&Bound<'_, PyDict>>,
    ) -> Outcome<Call> {
        guarded(|| {
            let (eovr, code) = (self.0.eovr()?, code.0.parse::<ReceiptCode>()?);
            let action = Text(Action::Correct.to_string());
            let command: Command = inward::command(action, set, write, None, None)?;
            Ok(Call::new(&self.0.runtime, "correct_with_receipt", async move {
                Ok(eovr.by_receipt(&code).correct(command).await?)
            }))
        })
    }
}
