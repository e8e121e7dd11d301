"""Whether a service may tell of changes in an endpoint, and with which key (SPEC §8; `core.webhook`)."""

from __future__ import annotations

import secrets as randomness
from dataclasses import replace

from desktop_sync.core.configuration import Endpoint, SecretReference, Webhook
from desktop_sync.core.errors import ConfigurationError, Place, SecretUnavailableError
from desktop_sync.core.ledger_port import DefinitionStore
from desktop_sync.core.ports import Secrets, SecretState
from desktop_sync.core.webhook import key_text, keys_of

KEY_BYTES = 32


class WebhookService:
    """Any thread; the password store may take long."""

    def __init__(self, store: DefinitionStore, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets

    def where_keys_are(self) -> str:
        """A sentence for people: where keys are kept, and whether they outlast the program. May take seconds."""
        return self._secrets.describe()

    def new_key(self) -> str:
        """A key that nobody can guess; stored nowhere yet."""
        return key_text(randomness.token_bytes(KEY_BYTES))

    def save(self, endpoint: str, structure: str, record: str, key: str = "") -> Endpoint:
        """Signed messages are taken for the endpoint; a key that is given goes to the password store first, without one
        that which was stored stays.

        Raises ConfigurationError where there is no key yet or it is none, and SecretUnavailableError where the password
        store does not take it; then nothing is changed.
        """
        known = self._get(endpoint)
        place = Place(endpoint=endpoint)
        if known.webhook is None and not key:
            raise ConfigurationError("the webhook needs a key that its messages are signed with", place, path="key")
        reference = known.webhook.key if known.webhook is not None else self._free_reference(endpoint)
        if key:
            try:
                keys_of(key)
            except ValueError as error:
                raise ConfigurationError(str(error), place, path="key") from error
            state = self._secrets.write(reference.name, key)
            if state is not SecretState.AVAILABLE:
                raise SecretUnavailableError(reference.name, state.name)
        return self._keep(replace(known, webhook=Webhook(reference, structure.strip(), record.strip())))

    def remove(self, endpoint: str) -> Endpoint:
        """No message is taken for the endpoint any more; a key that nothing else uses is gone. May be repeated."""
        known = self._get(endpoint)
        if known.webhook is None:
            return known
        kept = self._keep(replace(known, webhook=None))
        if not any(known.webhook.key.name in other.secret_names for other in self._store.endpoints()):
            self._secrets.delete(known.webhook.key.name)
        return kept

    def _get(self, name: str) -> Endpoint:
        for endpoint in self._store.endpoints():
            if endpoint.name == name:
                return endpoint
        raise ConfigurationError("there is no endpoint of this name", Place(endpoint=name), path="endpoint")

    def _keep(self, endpoint: Endpoint) -> Endpoint:
        self._store.save_endpoint(endpoint, self._store.base_folder(endpoint.name))
        return endpoint

    def _free_reference(self, endpoint: str) -> SecretReference:
        """A name of its own: the secret of another endpoint is not overwritten."""
        taken = {name for other in self._store.endpoints() for name in other.secret_names}
        name, number = f"{endpoint} webhook", 2
        while name in taken:
            name, number = f"{endpoint} webhook {number}", number + 1
        return SecretReference(name)
