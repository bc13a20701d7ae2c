"""Which keys are new, taken from a parent, or drawn and matched: on schemas one can plan by hand."""

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.relations.key_plans import KeyPlan, key_plans

COUNTRIES = resolved("countries", "code VARCHAR", "name VARCHAR", key=("code",), keep_real=True)
CUSTOMERS = resolved("customers", "id BIGINT", "age INTEGER", key=("id",))
SHOPS = resolved("shops", "id BIGINT", "size INTEGER", key=("id",))
WEATHER = resolved("weather", "place VARCHAR", "hour TIMESTAMP", "wind DOUBLE", key=("place", "hour"))


def plan(*tables: ResolvedTable, entity: str | None = None) -> KeyPlan:
    """The plan of the last table."""
    return key_plans(twin_of(*tables, entity=entity))[tables[-1].name]


def test_a_root_table_has_a_new_key_and_draws_the_rest() -> None:
    found = plan(CUSTOMERS)
    assert found == KeyPlan(None, (), (), (), new_key="id", leading=(), modelled=("age",))


def test_reference_tables_have_no_plan() -> None:
    assert key_plans(twin_of(COUNTRIES)) == {}


def test_a_key_to_a_protected_table_is_a_link_and_drives() -> None:
    to_customer = link("customer", "customers")
    found = plan(CUSTOMERS, resolved("orders", "id BIGINT", "customer BIGINT", "total DOUBLE", key=("id",), foreign=(to_customer,)))
    assert (found.drive, found.links, found.new_key, found.modelled) == (to_customer, (to_customer,), "id", ("total",))


def test_the_link_on_the_entitys_path_drives_wherever_it_stands() -> None:
    keys = (link("shop", "shops"), link("customer", "customers"))
    orders = resolved("orders", "shop BIGINT", "customer BIGINT", foreign=keys)
    assert plan(SHOPS, CUSTOMERS, orders, entity="customers").links == (keys[1], keys[0])
    assert plan(SHOPS, CUSTOMERS, orders, entity="shops").links == keys
    assert plan(SHOPS, CUSTOMERS, orders).drive == keys[0]


def test_the_entitys_path_may_be_long() -> None:
    orders = resolved("orders", "id BIGINT", "customer BIGINT", key=("id",), foreign=(link("customer", "customers"),))
    keys = (link("shop", "shops"), link("of", "orders"))
    items = resolved("items", "shop BIGINT", "of BIGINT", foreign=keys)
    assert plan(SHOPS, CUSTOMERS, orders, items, entity="customers").drive == keys[1]


def test_a_key_to_a_reference_table_is_drawn_like_any_category() -> None:
    found = plan(COUNTRIES, resolved("sales", "country VARCHAR", "price DOUBLE", foreign=(link("country", "countries", "code"),)))
    assert (found.links, found.matched, found.modelled) == ((), (), ("country", "price"))


def test_a_primary_key_that_leads_to_a_reference_table_is_drawn_with_all_rows_at_hand() -> None:
    found = plan(
        COUNTRIES, resolved("facts", "country VARCHAR", "people INTEGER", key=("country",), foreign=(link("country", "countries", "code"),))
    )
    assert (found.new_key, found.leading, found.modelled) == (None, ("country",), ("country", "people"))


def test_a_key_of_several_columns_to_a_reference_table_is_drawn_and_matched() -> None:
    cities = resolved("cities", "country VARCHAR", "city VARCHAR", key=("country", "city"), keep_real=True)
    key = link("country city", "cities", "country city")
    found = plan(cities, resolved("sales", "price DOUBLE", "country VARCHAR", "city VARCHAR", foreign=(key,)))
    assert (found.matched, found.leading, found.modelled) == ((key,), ("country", "city"), ("country", "city", "price"))


def test_a_key_with_an_hour_in_it_is_drawn_and_matched() -> None:
    key = link("place hour", "weather", "place hour")
    found = plan(WEATHER, resolved("flights", "delay DOUBLE", "place VARCHAR", "hour TIMESTAMP", foreign=(key,)))
    assert (found.drive, found.matched, found.leading) == (None, (key,), ("place", "hour"))
    assert found.modelled == ("place", "hour", "delay")


def test_the_parts_of_a_key_of_several_columns_lead() -> None:
    assert plan(WEATHER) == KeyPlan(None, (), (), (), None, ("place", "hour"), ("place", "hour", "wind"))


def test_a_key_to_the_table_itself_is_neither_drawn_nor_taken_from_a_parent() -> None:
    boss = link("boss", "staff")
    found = plan(resolved("staff", "id BIGINT", "boss BIGINT", "pay DOUBLE", key=("id",), foreign=(boss,)))
    assert (found.itself, found.new_key, found.links, found.modelled) == ((boss,), "id", (), ("pay",))


def test_a_key_to_itself_leaves_the_part_it_shares_with_the_primary_key_alone() -> None:
    boss = link("firm boss", "staff", "firm id")
    found = plan(resolved("staff", "firm VARCHAR", "id BIGINT", "boss BIGINT", key=("firm", "id"), foreign=(boss,)))
    assert found.modelled == ("firm", "id")


def test_one_to_one_the_parents_key_is_taken_and_drives() -> None:
    keys = (link("shop", "shops"), link("id", "customers"))
    found = plan(SHOPS, CUSTOMERS, resolved("cards", "id BIGINT", "shop BIGINT", key=("id",), foreign=keys), entity="shops")
    assert (found.drive, found.new_key) == (keys[1], None)


def test_one_to_one_with_a_key_that_means_something_is_no_different() -> None:
    key = link("place hour", "weather", "place hour")
    found = plan(WEATHER, resolved("alarms", "place VARCHAR", "hour TIMESTAMP", key=("place", "hour"), foreign=(key,)))
    assert (found.drive, found.matched, found.modelled) == (key, (), ())


def bridged() -> tuple[ResolvedTable, ResolvedTable, ResolvedTable]:
    keys = (link("customer", "customers"), link("shop", "shops"))
    return CUSTOMERS, SHOPS, resolved("visits", "customer BIGINT", "shop BIGINT", key=("customer", "shop"), foreign=keys)


def test_a_bridge_takes_both_keys_and_draws_none() -> None:
    found = plan(*bridged())
    assert [key.references for key in found.links] == ["customers", "shops"]
    assert (found.new_key, found.leading, found.modelled) == (None, (), ())


def test_a_key_inside_a_wider_one_follows_it() -> None:
    """A note on a visit names its customer twice over: once the visit is taken, the customer is settled."""
    keys = (link("customer", "customers"), link("customer shop", "visits", "customer shop"))
    found = plan(*bridged(), resolved("notes", "customer BIGINT", "shop BIGINT", "stars INTEGER", foreign=keys), entity="customers")
    assert (found.links, found.matched, found.modelled) == ((keys[1],), (keys[0],), ("stars",))


def test_a_wider_key_is_taken_whole_even_where_it_means_something() -> None:
    """A flight of an airport and its weather: were the airport taken first, it might have no weather to match."""
    airports = resolved("airports", "place VARCHAR", key=("place",))
    weather = resolved("weather", "place VARCHAR", "hour TIMESTAMP", key=("place", "hour"), foreign=(link("place", "airports", "place"),))
    keys = (link("place", "airports", "place"), link("place hour", "weather", "place hour"))
    found = plan(airports, weather, resolved("flights", "place VARCHAR", "hour TIMESTAMP", "delay DOUBLE", foreign=keys))
    assert (found.links, found.matched, found.modelled) == ((keys[1],), (keys[0],), ("delay",))


def test_links_never_share_a_column() -> None:
    firms = resolved("firms", "id BIGINT", key=("id",))
    sides = [
        resolved(name, "firm BIGINT", "twin BIGINT", key=("firm", "twin"), foreign=(link("firm", "firms"), link("twin", "firms")))
        for name in ("left", "right")
    ]
    keys = (link("firm a", "left", "firm twin"), link("firm b", "right", "firm twin"))
    found = plan(firms, *sides, resolved("both", "firm BIGINT", "a BIGINT", "b BIGINT", foreign=keys))
    assert (found.links, found.matched, found.leading, found.modelled) == ((keys[0],), (keys[1],), ("b",), ("b",))


def test_plans_follow_the_twins_tables() -> None:
    twin: ResolvedTwin = twin_of(COUNTRIES, *bridged())
    assert list(key_plans(twin)) == ["customers", "shops", "visits"]
