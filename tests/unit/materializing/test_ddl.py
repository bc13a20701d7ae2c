"""Which keys the database enforces: not where a circle was cut, nor those of a table to itself."""

from tiny_twins import link, resolved, twin_of
from warehouse_twin.materializing.ddl import enforced, rebuilt_catalog

CUSTOMERS = resolved("customers", "id BIGINT", "favourite BIGINT", key=("id",), foreign=(link("favourite", "shops"),))
OWNED = (link("owner", "customers"), link("chain", "shops"))
SHOPS = resolved("shops", "id BIGINT", "owner BIGINT", "chain BIGINT", key=("id",), foreign=OWNED)
TWIN = twin_of(CUSTOMERS, SHOPS)


def test_a_key_to_a_table_that_comes_later_is_not_declared() -> None:
    assert [enforced(TWIN, item.table) for item in TWIN.tables] == [(), (OWNED[0],)]


def test_the_statements_of_a_circle_can_be_run() -> None:
    catalog = rebuilt_catalog(TWIN, release=1)
    assert sorted(catalog) == ["customers", "shops"]
    assert [fact[2] for fact in catalog["shops"] if fact[0] == "FOREIGN KEY"] == ["customers"]
