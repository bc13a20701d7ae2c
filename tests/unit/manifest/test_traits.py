"""Parameters of synthesizers: each fault with its place in the manifest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
def test_good_parameters_have_no_fault(resolve: Callable[..., object], text: str) -> None:
    resolve(CUSTOMERS + text, synthesizers=known_synthesizers())


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


def test_parameters_of_the_twins_default_and_of_challengers_are_checked(catalog_faults: Check) -> None:
    text = "synthesizer: {name: tree, parameters: {depth: 1}}\ntables:\n  customers:\n    primary_key: id\n"
    text += "    challengers:\n      - name: tvae\n        parameters:\n          epochs: -1\n"
    found = catalog_faults(text, synthesizers=known_synthesizers())
    assert [fault.split(": ")[:2] for fault in found] == [
        ["1:40", "synthesizer.parameters.depth"],
        ["8:19", "tables.customers.challengers[0].parameters.epochs"],
    ]
