"""Parameters of synthesizers: each fault with its place in the manifest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.synthesizers.registry import known_synthesizers

Check = Callable[..., list[str]]
CUSTOMERS = "tables:\n  customers:\n    primary_key: id\n    synthesizer: "


@pytest.mark.parametrize(
    "text",
    [
        "gaussian_copula",
        "{name: gaussian_copula, parameters: {default_distribution: norm, train_rows: 5000}}",
        "{name: ctgan, parameters: {epochs: 10, batch_size: 20, generator_dim: [16, 8], generator_lr: 0.001, log_frequency: false}}",
        "{name: tvae, parameters: {loss_factor: 1.5}}",
        "{name: tree, parameters: {leaf_rows: 10}}",
    ],
)
def test_good_parameters_have_no_fault(resolve: Callable[..., ResolvedTwin], text: str) -> None:
    said = yaml.safe_load(text)
    found = resolve(CUSTOMERS + text, synthesizers=known_synthesizers())["customers"]
    assert found.synthesizer == (said if isinstance(said, str) else said["name"])
    assert dict(found.parameters) == ({} if isinstance(said, str) else said["parameters"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{name: ctgan, parameters: {epoch: 3}}", "unknown parameter 'epoch'; known: batch_size, "),
        ("{name: ctgan, parameters: {epochs: 0}}", "got 0, wanted a whole number from 1 to 10,000 (of ctgan)"),
        ("{name: ctgan, parameters: {epochs: 2.5}}", "got 2.5, wanted a whole number from 1 to 10,000"),
        ("{name: ctgan, parameters: {epochs: true}}", "got true, wanted a whole number"),
        ("{name: ctgan, parameters: {log_frequency: 1}}", "got 1, wanted true or false"),
        ("{name: ctgan, parameters: {generator_dim: []}}", "got an empty list, wanted a list of whole numbers from 1 to 10,000"),
        ("{name: ctgan, parameters: {generator_dim: [8, x]}}", "got a list, wanted a list of whole numbers"),
        ("{name: ctgan, parameters: {generator_lr: 2}}", "got 2, wanted a number from 0 to 1"),
        ("{name: ctgan, parameters: {batch_size: 64}}", "batch_size 64 is not a multiple of pac 10; wanted one that is"),
        ("{name: ctgan, parameters: {pac: 3}}", "batch_size 500 is not a multiple of pac 3"),
        ("{name: copula_gan, parameters: {batch_size: 7, pac: 7}}", "batch_size 7 is not a multiple of 2"),
        ("{name: copula_gan, parameters: {default_distribution: bell}}", "got 'bell', wanted one of beta, gamma, "),
        ("{name: tree, parameters: {leaf_rows: 3}}", "got 3, wanted a whole number of at least 10 (of tree)"),
        ("{name: tree, parameters: {train_rows: many}}", "got 'many', wanted a whole number of at least 1"),
    ],
)
def test_a_bad_parameter_is_named_with_its_line(catalog_faults: Check, text: str, fault: str) -> None:
    (found,) = catalog_faults(CUSTOMERS + text, synthesizers=known_synthesizers())
    assert found.startswith("4:")
    assert "tables.customers.synthesizer.parameters." in found
    assert fault in found


ORDERS = """\
tables:
  customers: {primary_key: id}
  orders:
    foreign_keys: [{columns: customer, references: customers}]
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("    synthesizer: par\n", "5:18: tables.orders.synthesizer: par draws the rows of each parent as a sequence; wanted order_by"),
        ("    challengers: [par]\n", "5:19: tables.orders.challengers[0]: par draws sequences, which a challenger's rows are not"),
        ("    validity: {from: customer, to: payer}\n    synthesizer: par\n", "par draws events and no windows; wanted tree"),
    ],
)
def test_a_synthesizer_of_sequences_publishes_events_alone(catalog_faults: Check, text: str, fault: str) -> None:
    assert any(fault in found for found in catalog_faults(ORDERS + text, synthesizers=known_synthesizers()))


def test_a_synthesizer_of_sequences_may_publish_a_table_in_order(resolve: Callable[..., ResolvedTwin]) -> None:
    found = resolve(ORDERS + "    order_by: payer\n    synthesizer: par\n", synthesizers=known_synthesizers())["orders"]
    assert (found.synthesizer, found.order_by) == ("par", "payer")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("challengers: [day_z]", "4:19: tables.notes.challengers[0]: day_z reads no rows and has nothing to compare"),
        ("synthesizer: day_z\n    challengers: [tree]", "tables.notes.challengers[0]: no row of notes is read, as its synthesizer is"),
        ("synthesizer: {name: day_z, parameters: {nulls: 2}}", "got 2, wanted a number from 0 to 1 (of day_z)"),
    ],
)
def test_what_reads_no_rows_challenges_nobody(catalog_faults: Check, more: str, fault: str) -> None:
    text = f"tables:\n  orders: {{primary_key: id}}\n  notes:\n    {more}\n"
    assert any(fault in found for found in catalog_faults(text, synthesizers=known_synthesizers()))


@pytest.mark.parametrize("more", ["synthesizer: tvae", "challengers: [tvae]\n    choose: pareto"])
def test_shares_are_not_to_be_had_from_what_draws_whole_tables(catalog_faults: Check, more: str) -> None:
    text = f"tables:\n  notes:\n    rebalance: {{x: {{a: 0.5}}}}\n    {more}\n"
    found = catalog_faults(text, synthesizers=known_synthesizers())
    assert any("3:5: tables.notes.rebalance: tvae draws no rows given others' values; wanted tree" in fault for fault in found), found


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("choose: pareto", "there is nothing to choose from; wanted challengers beside it"),
        ("choose: best", "got 'best', wanted pareto"),
        ("challengers: [tree]\n    order_by: payer\n    choose: pareto", "a trial draws rows one by one and says nothing of sequences"),
        ("keep: real\n    choose: pareto", "there is nothing to choose from"),
    ],
)
def test_a_choice_needs_something_to_choose_from(faults_of_text: Callable[[str], tuple[object, ...]], more: str, fault: str) -> None:
    head = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\n"
    assert fault in "\n".join(map(str, faults_of_text(f"{head}tables:\n  orders:\n    {more}\n")))


def test_parameters_of_the_twins_default_and_of_challengers_are_checked(catalog_faults: Check) -> None:
    text = "synthesizer: {name: tree, parameters: {depth: 1}}\ntables:\n  customers:\n    primary_key: id\n"
    text += "    challengers:\n      - name: tvae\n        parameters:\n          epochs: -1\n"
    found = catalog_faults(text, synthesizers=known_synthesizers())
    assert [fault.split(": ")[:2] for fault in found] == [
        ["1:40", "synthesizer.parameters.depth"],
        ["8:19", "tables.customers.challengers[0].parameters.epochs"],
    ]
