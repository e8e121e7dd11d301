"""The key of a webhook goes to the password store and nowhere else; nothing changes where it cannot."""

from __future__ import annotations

import pytest

from desktop_sync.core.configuration import Endpoint, SecretReference
from desktop_sync.core.errors import ConfigurationError, SecretUnavailableError
from desktop_sync.core.ports import SecretState
from desktop_sync.core.webhook import keys_of
from desktop_sync.secrets.session_secrets import SessionSecrets
from desktop_sync.services.endpoint_setup.webhooks import WebhookService
from tests.support.definition_store_fake import MemoryDefinitionStore


class RefusingSecrets(SessionSecrets):
    def write(self, name: str, value: str) -> SecretState:
        return SecretState.LOCKED


@pytest.fixture
def store() -> MemoryDefinitionStore:
    made = MemoryDefinitionStore()
    made.save_endpoint(Endpoint("Shop", "csv", {"folder": "shop"}))
    return made


def test_a_key_is_stored_and_only_referred_to(store: MemoryDefinitionStore) -> None:
    secrets = SessionSecrets()
    service = WebhookService(store, secrets)
    key = service.new_key()
    assert len(keys_of(key)[0]) == 32
    webhook = service.save("Shop", " type ", "data.id", key).webhook
    assert webhook is not None
    assert (webhook.key, webhook.structure) == (SecretReference("Shop webhook"), "type")
    assert secrets.read("Shop webhook").value == key
    service.save("Shop", "", "", "")
    assert secrets.read("Shop webhook").value == key
    assert service.remove("Shop").webhook is None
    assert secrets.read("Shop webhook").value is None
    assert service.remove("Shop").webhook is None


@pytest.mark.parametrize("key", ["", "whsec_c2hvcnQ=", "not base64!"])
def test_without_a_good_key_nothing_is_changed(store: MemoryDefinitionStore, key: str) -> None:
    with pytest.raises(ConfigurationError, match="key"):
        WebhookService(store, SessionSecrets()).save("Shop", "", "", key)
    assert store.endpoints()[0].webhook is None


def test_a_store_that_refuses_the_key_changes_nothing(store: MemoryDefinitionStore) -> None:
    service = WebhookService(store, RefusingSecrets())
    with pytest.raises(SecretUnavailableError):
        service.save("Shop", "", "", service.new_key())
    assert store.endpoints()[0].webhook is None
