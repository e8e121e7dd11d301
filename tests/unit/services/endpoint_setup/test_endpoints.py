"""Endpoints through the service: secrets go to the password store, sessions are closed, errors name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_sync.core.configuration import Endpoint, SecretReference
from desktop_sync.core.errors import AuthenticationError, ConfigurationError, MissingError, SecretUnavailableError
from desktop_sync.core.ports import SecretState
from desktop_sync.core.provider_port import Capabilities
from desktop_sync.core.structure import Field, Structure
from tests.support.shop_and_crm import CUSTOMER, Scene

ENDPOINT = Endpoint("Depot", "memory", {"folder": "/data"})


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).furnish()


def test_a_typed_secret_goes_to_the_password_store_and_the_endpoint_keeps_its_name(scene: Scene) -> None:
    kept = scene.endpoints.save(ENDPOINT, {"password": "s3"})
    assert kept.settings["password"] == SecretReference("Depot Password")
    assert scene.secrets.values == {"Depot Password": "s3"}
    assert scene.endpoints.get("Depot") == kept
    scene.endpoints.open("Depot").close()
    assert scene.provider.contexts[-1].settings["password"] == "s3"


def test_nothing_is_kept_when_the_password_store_refuses(scene: Scene) -> None:
    scene.secrets.state = SecretState.LOCKED
    with pytest.raises(SecretUnavailableError) as caught:
        scene.endpoints.save(ENDPOINT, {"password": "s3"})
    assert caught.value.state == "LOCKED"
    with pytest.raises(ConfigurationError):
        scene.endpoints.get("Depot")


def test_saving_again_without_typing_keeps_the_stored_secret(scene: Scene) -> None:
    kept = scene.endpoints.save(ENDPOINT, {"password": "s3"})
    assert scene.endpoints.save(kept) == kept
    assert scene.secrets.values == {"Depot Password": "s3"}


def test_a_secret_that_another_endpoint_shares_is_not_overwritten(scene: Scene) -> None:
    shared = SecretReference("Both")
    scene.secrets.values["Both"] = "old"
    for name in ("One", "Two"):
        scene.store.save_endpoint(Endpoint(name, "memory", {"folder": "/x", "password": shared}))
    scene.endpoints.save(scene.endpoints.get("One"), {"password": "new"})
    assert scene.secrets.values == {"Both": "old", "One Password": "new"}


def test_a_secret_goes_with_its_endpoint_unless_another_uses_it(scene: Scene) -> None:
    kept = scene.endpoints.save(ENDPOINT, {"password": "s3"})
    scene.store.save_endpoint(Endpoint("Other", "memory", kept.settings))
    scene.endpoints.delete("Depot")
    assert scene.secrets.values == {"Depot Password": "s3"}
    scene.endpoints.delete("Other")
    assert scene.secrets.values == {}


def test_a_test_uses_the_typed_secret_and_stores_nothing(scene: Scene) -> None:
    scene.provider.password = "right"
    with pytest.raises(AuthenticationError):
        scene.endpoints.test(ENDPOINT, {"password": "wrong"})
    assert scene.endpoints.test(ENDPOINT, {"password": "right"}).is_reachable
    assert scene.secrets.values == {}
    assert all(session.is_closed for session in scene.provider.sessions)


@pytest.mark.parametrize("state", [SecretState.LOCKED, SecretState.DENIED, SecretState.NO_BACK_END, SecretState.ERROR])
def test_a_secret_that_cannot_be_had_is_said_with_its_state(scene: Scene, state: SecretState) -> None:
    scene.endpoints.save(ENDPOINT, {"password": "s3"})
    scene.secrets.state = state
    with pytest.raises(SecretUnavailableError) as caught:
        scene.endpoints.open("Depot")
    assert (caught.value.name, caught.value.state) == ("Depot Password", state.name)


def test_declared_defaults_reach_the_provider(scene: Scene) -> None:
    scene.endpoints.open("CRM").close()
    assert scene.provider.contexts[-1].settings["port"] == 5432


def test_relative_paths_start_at_the_folder_of_the_imported_file(scene: Scene) -> None:
    scene.store.save_endpoint(ENDPOINT, "/imported")
    scene.endpoints.save(ENDPOINT)
    scene.endpoints.open("Depot").close()
    assert scene.provider.contexts[-1].base_folder == "/imported"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, "settings.folder"),
        ({"folder": "/x", "colour": "red"}, "settings.colour"),
        ({"folder": "/x", "port": "many"}, "settings.port"),
        ({"folder": "/x", "port": True}, "settings.port"),
        ({"folder": "/x", "encoding": "morse"}, "settings.encoding"),
        ({"folder": "/x", "read_only": "perhaps"}, "settings.read_only"),
        ({"folder": "/x", "password": "in the clear"}, "settings.password"),
        ({"folder": SecretReference("x")}, "settings.folder"),
    ],
)
def test_an_unusable_setting_is_refused_by_its_path(scene: Scene, settings: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        scene.endpoints.save(Endpoint("X", "memory", settings))  # type: ignore[arg-type]
    assert caught.value.path == path
    assert "in the clear" not in str(caught.value)


def test_a_sample_is_text_in_the_order_of_the_fields(scene: Scene) -> None:
    table = scene.endpoints.sample("CRM", "Customer", 2)
    assert table.fields == CUSTOMER.field_names
    assert len(table.rows) == 2
    assert table.rows[0] == ("1", "Ada", "Ada@example.org", "+43 1 001", "1010", "1.5", "2026-02-01 08:01:07")


def test_a_structure_is_made_and_then_found(scene: Scene) -> None:
    made = Structure("orders", (Field("id"),))
    scene.endpoints.create_structure("Shop", made)
    assert scene.endpoints.describe("Shop", "orders") == made
    assert scene.endpoints.has_structure("Shop", "orders")
    with pytest.raises(ConfigurationError):
        scene.endpoints.create_structure("Shop", made)
    scene.provider.capabilities = Capabilities(can_create_structures=False)
    with pytest.raises(ConfigurationError, match="cannot create structures"):
        scene.endpoints.create_structure("Shop", Structure("more", ()))


def test_a_missing_structure_is_missing_and_the_session_is_closed(scene: Scene) -> None:
    with pytest.raises(MissingError):
        scene.endpoints.describe("Shop", "nowhere")
    assert not scene.endpoints.has_structure("Shop", "nowhere")
    assert all(session.is_closed for session in scene.provider.sessions)


def test_what_a_provider_lacks_is_said_in_words(scene: Scene) -> None:
    (info,) = scene.endpoints.providers()
    assert "This system does not report deletions; they are found by comparing a complete read." in info.limits
    scene.provider.capabilities = Capabilities(can_create=False, can_update=False, can_delete=False)
    assert scene.endpoints.provider("memory").limits[0].startswith("This system can only be read")
