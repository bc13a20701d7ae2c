"""The registered model: it draws what the saved model draws, and nothing at all once a file was touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.errors import IntegrityError

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, when its code is called directly
URI = "models:/hangar.planes/1"


@pytest.fixture
def trained(hangar: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the model of `planes`, registered."""
    import mlflow

    monkeypatch.setenv("TWIN_WORKSPACE", str(hangar.workspace.root))
    hangar.record(hangar.resolve(), 1)
    receipt = hangar.train("planes")
    hangar.record(receipt, 1, table="planes")
    mlflow.set_tracking_uri(hangar.settings.mlflow_uri)
    folder: Path = hangar.workspace.root / receipt.output / "independent"
    return folder


def test_it_draws_as_many_rows_as_asked_and_the_same_for_the_same_seed(trained: Path) -> None:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(URI)
    drawn = model.predict(None, params={"rows": 40, "seed": 5})
    assert len(drawn) == 40
    assert set(drawn["seats"]) <= {*range(50, 60), *range(100, 110)}
    assert drawn.equals(model.predict(None, params={"rows": 40, "seed": 5}))
    assert not drawn.equals(model.predict(None, params={"rows": 40, "seed": 6}))


def test_another_place_of_the_workspace_can_be_given(trained: Path, hangar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.pyfunc

    monkeypatch.delenv("TWIN_WORKSPACE")
    model = mlflow.pyfunc.load_model(URI, model_config={"workspace": str(hangar.workspace.root)})
    assert len(model.predict(None, params={"rows": 3, "seed": 1})) == 3


@pytest.mark.parametrize("damage", ["flip", "remove", "add", "forge"])
def test_an_altered_model_is_refused(trained: Path, damage: str) -> None:
    import mlflow.pyfunc

    file = trained / "model.json"
    if damage == "flip":
        content = bytearray(file.read_bytes())
        content[10] ^= 1
        file.write_bytes(content)
    elif damage == "remove":
        file.unlink()
    elif damage == "add":
        (trained / "more.json").write_text("{}")
    else:  # files and card agree with each other, but are not what was registered
        from warehouse_twin.synthesizers.registry import model_digest
        from warehouse_twin.workspace import read_json, write_json

        file.write_text(file.read_text() + " ")
        write_json(trained / "card.json", read_json(trained / "card.json") | {"digest": model_digest(trained)})
    with pytest.raises(IntegrityError, match="model of planes"):
        mlflow.pyfunc.load_model(URI)


def test_a_version_holds_no_pickle_no_example_and_what_was_given_as_requirements(trained: Path, hangar: Any) -> None:
    (folder,) = (hangar.workspace.mlflow / "artifacts" / "hangar" / "models").glob("*/artifacts")
    names = {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "served_model.py"}
    assert {path.name for path in folder.iterdir()} == names
    lines = (folder / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == ["mlflow", "warehouse-twin"]
