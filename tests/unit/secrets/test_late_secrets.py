"""Where secrets are kept is looked for once, and only when one is wanted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from desktop_sync.core.ports import Secrets, SecretState
from desktop_sync.secrets.late_secrets import LateSecrets
from desktop_sync.secrets.session_secrets import SessionSecrets


def test_nobody_looks_before_a_secret_is_wanted_and_then_once() -> None:
    looked: list[Secrets] = []

    def choose() -> Secrets:
        looked.append(SessionSecrets())
        return looked[-1]

    late = LateSecrets(choose)
    assert looked == []
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda number: late.write(f"name {number}", f"value {number}"), range(50)))
    assert set(states) == {SecretState.AVAILABLE}
    assert len(looked) == 1
    assert late.read("name 7").value == looked[0].read("name 7").value == "value 7"
    assert late.delete("name 7") is SecretState.ABSENT
    assert late.read("name 7").state is SecretState.ABSENT
    assert late.describe() == looked[0].describe()
    assert late.is_lasting is False
