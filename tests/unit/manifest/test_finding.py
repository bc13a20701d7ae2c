from __future__ import annotations

from pathlib import Path

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.loading import find_manifest, list_manifests


def test_manifests_are_found_by_name(tmp_path: Path) -> None:
    for name in ("shop.yml", "flights.yaml", ".hidden.yml", "manifest.schema.json"):
        (tmp_path / name).touch()
    (tmp_path / "folder.yml").mkdir()
    assert [path.name for path in list_manifests(tmp_path)] == ["flights.yaml", "shop.yml"]
    assert find_manifest("flights", tmp_path) == tmp_path / "flights.yaml"
    with pytest.raises(ConfigurationError, match=r"unknown twin 'flight'; known: flights, shop; did you mean flights\?"):
        find_manifest("flight", tmp_path)
    with pytest.raises(ConfigurationError, match="unknown twin"):
        find_manifest("../shop", tmp_path)


def test_two_files_of_one_twin_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").touch()
    (tmp_path / "shop.yaml").touch()
    with pytest.raises(ConfigurationError, match=r"two manifests, shop\.yaml and shop\.yml; remove one"):
        find_manifest("shop", tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        list_manifests(tmp_path / "twins")
