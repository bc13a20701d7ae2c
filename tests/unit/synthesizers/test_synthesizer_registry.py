"""The registry: built-ins by name, a real plug-in by entry point, and what is refused."""

import sys
import textwrap

import pytest

from warehouse_twin.errors import ConfigurationError, IntegrityError
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.registry import BUILT_IN, find_synthesizer, known_synthesizers, load_model, model_digest
from warehouse_twin.workspace import write_json

PLUGIN = '''
"""A tiny synthesizer of a third party: every row the same."""
import pyarrow as pa

class Model:
    def __init__(self, schema):
        self.schema = schema
    def sample(self, rows, *, seed, counters=None, context=None, columns=None):
        return pa.table([pa.nulls(rows, field.type) for field in self.schema], schema=self.schema)
    def save(self, folder):
        (folder / "nothing.txt").write_text("nothing")

class Synthesizer:
    name = "nothing"
    conditional = False
    def fit(self, training, profile, *, given, parameters, seed, leading=()):
        return Model(training.schema)
    def load(self, folder):
        return Model(pa.schema([]))

NOTHING = Synthesizer()
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a plug-in on the path with the metadata that pip would write."""

    def put(name: str) -> None:
        (tmp_path / "wt_nothing.py").write_text(textwrap.dedent(PLUGIN))
        info = tmp_path / "wt_nothing-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wt-nothing\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[warehouse_twin.synthesizers]\n{name} = wt_nothing:NOTHING\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    yield put
    sys.modules.pop("wt_nothing", None)


def test_every_built_in_is_there() -> None:
    for name in BUILT_IN:
        assert find_synthesizer(name).name == name


def test_an_unknown_name_is_answered_with_the_known_and_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no synthesizer 'treee'; wanted one of .*tree.*did you mean 'tree'"):
        find_synthesizer("treee")


def test_a_plug_in_is_found_by_its_entry_point(install) -> None:
    import pyarrow as pa

    install("nothing")
    assert "nothing" in known_synthesizers()
    table = pa.table({"x": [1, 2]})
    model = find_synthesizer("nothing").fit(table, TableProfile("t", 10, 2, 0, 2, 0, ()), given=(), parameters={}, seed=1)
    assert model.sample(3, seed=1).column("x").to_pylist() == [None, None, None]


def test_a_plug_in_may_not_shadow_a_built_in(install) -> None:
    install("tree")
    with pytest.raises(ConfigurationError, match="'tree', which is built in"):
        known_synthesizers()


@pytest.mark.parametrize(
    "name", ["../../../evil", "/tmp/evil", "Tree", "nothing x", "trée", "a.b", "a/b", "..", "%s", "x" * 41, "{{ evil }}", "evil'--", "-x"]
)
def test_a_plug_in_is_called_by_a_plain_word(name: str, install) -> None:
    """It becomes the name of a folder in the secure zone, and of metrics."""
    install(name)
    with pytest.raises(ConfigurationError, match=r"the plug-in 'wt_nothing:NOTHING' calls its synthesizer .*, which is no word"):
        known_synthesizers()


def test_two_plug_ins_of_one_name_are_refused(install, tmp_path) -> None:
    install("nothing")
    other = tmp_path / "wt_other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: wt-other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[warehouse_twin.synthesizers]\nnothing = wt_other:NOTHING\n")
    with pytest.raises(ConfigurationError, match=r"'wt_other:NOTHING' calls .* 'nothing', as the plug-in 'wt_nothing:NOTHING'"):
        find_synthesizer("nothing")


def test_a_model_whose_files_changed_is_not_loaded(tmp_path) -> None:
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"no card\.json"):
        load_model("tree", tmp_path)
    write_json(tmp_path / "card.json", {"digest": model_digest(tmp_path)})
    (tmp_path / "model.json").write_text('{"x": 1}')
    with pytest.raises(IntegrityError, match="was altered"):
        load_model("tree", tmp_path)
