"""The content of exceptions, and the content that they must not have."""

from __future__ import annotations

import pickle
import threading
from datetime import datetime

import eovr
import pytest
from eovr import Eovr, errors

from conftest import DOSE, KEY, MARKER, ORG, a_report, nurse, quality


def test_there_is_a_class_for_every_kind() -> None:
    assert set(errors.BY_KIND) == {kind.value for kind in eovr.ErrorKind}
    for name, of in errors.BY_KIND.items():
        assert of.kind == name and issubclass(of, eovr.EovrError)
        assert getattr(eovr, of.__name__) is of


def test_an_error_tells_kind_operation_help_and_facts(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report())
    with pytest.raises(eovr.RefusedError) as caught:
        quality(engine).incidents.act(told.id, "complete")
    error = caught.value
    assert (error.kind, error.operation, error.retryable) == ("refused", "act", False)
    assert error.context["record"] == str(told.id)
    assert error.help is not None and error.help in str(error)
    assert error.refusal is not None and error.refusal.state == "created"
    with pytest.raises(eovr.ConflictError) as conflict:
        quality(engine).act("incident", told.id, "start", expecting=7)
    assert conflict.value.retryable


def test_an_error_can_be_pickled_completely(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report())
    with pytest.raises(eovr.RefusedError) as caught:
        quality(engine).incidents.act(told.id, "complete")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is eovr.RefusedError and again.legal == caught.value.legal
    assert again.context == caught.value.context and str(again) == str(caught.value)


def test_the_underlying_error_is_the_cause(tmp_path: object) -> None:
    with pytest.raises(eovr.UnavailableError) as caught:
        Eovr.open("postgresql://unknown@127.0.0.1:1/nothing", org=ORG, keys=KEY)
    assert isinstance(caught.value.__cause__, eovr.Cause) and str(caught.value.__cause__)


def test_a_panic_of_ours_is_an_exception() -> None:
    from eovr import _native

    with pytest.raises(eovr.BugError, match="please report it"):
        _native._panics()


@pytest.mark.parametrize("field", ["description", "notes", "involved_person", "medical_file_number"])
def test_words_of_a_report_are_in_no_message(engine: Eovr, field: str) -> None:
    broken = a_report(**{field: MARKER * 5000})
    with pytest.raises(eovr.InvalidInputError) as caught:
        nurse(engine).incidents.report("NIL", broken)
    assert MARKER not in repr(caught.value) + str(caught.value) + repr(broken)
    for code in ("category", "subtype", "location"):
        with pytest.raises(eovr.InvalidInputError) as caught:
            nurse(engine).incidents.report("NIL", a_report(**{code: MARKER * 20}))
        assert MARKER not in str(caught.value)


def test_the_repr_of_a_record_shows_no_words(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report())
    record = quality(engine).incidents.load(told.id)
    trail = quality(engine).incidents.trail(told.id)
    assert MARKER not in repr(record) + repr(trail)
    assert DOSE not in repr(eovr.triage.explain(DOSE))


def test_a_wrong_key_is_reported_and_never_shown(url: str) -> None:
    Eovr.open(url, org=ORG, keys=KEY).close()
    other = eovr.new_key()
    with pytest.raises(eovr.KeyUnavailableError) as caught:
        Eovr.open(url, org=ORG, keys=other)
    assert other not in str(caught.value)
    with pytest.raises(eovr.KeyUnavailableError):
        Eovr.open(url, org=ORG, keys="not base64 at all")


def test_keys_are_wrapped_anew(url: str) -> None:
    with Eovr.open(url, org=ORG, keys=KEY) as engine:
        told = nurse(engine).incidents.report("NIL", a_report())
    new = eovr.new_key()
    with Eovr.open(url, org=ORG, keys=new, previous_keys=KEY) as engine:
        assert quality(engine).open(quality(engine).incidents.load(told.id), "description") == DOSE


def test_threads_share_an_engine(engine: Eovr) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                nurse(engine).incidents.report("NIL", a_report())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    numbers = {record.number for record in quality(engine).records("incident")}
    assert numbers == {f"OVR-{datetime.now():%Y}-{count:06}" for count in range(1, 81)}
