"""What a person types is refused before anything starts where it cannot be meant."""

from pathlib import Path

import pytest

from laptop.errors import LaptopError
from laptop.request import run_request


def test_nothing_but_a_model_is_needed() -> None:
    """Without DATA and PARAMS the data is made up and the spec decides."""
    request = run_request(model="churn", data="", params="")
    assert (request.spec.name, request.data, request.params) == ("churn", None, {})


def test_all_three_are_taken(tmp_path: Path) -> None:
    """MODEL, DATA and PARAMS are what was typed."""
    file = tmp_path / "orders of May.CSV"
    file.write_text("a\n")
    request = run_request(model="fraud", data=str(file), params='{"thresholds": {"roc_auc": 0.9}}')
    assert (request.spec.name, request.data, request.params) == ("fraud", file, {"thresholds": {"roc_auc": 0.9}})


def test_an_unknown_model_is_told_the_known_ones() -> None:
    """The message lists the catalog."""
    with pytest.raises(LaptopError, match=r"MODEL=chrun: .*churn.*fraud"):
        run_request(model="chrun", data="", params="")


@pytest.mark.parametrize("params", ["{", "[1]", "3", '"text"', "roc_auc=0.99"])
def test_params_must_be_a_json_object(params: str) -> None:
    """The message repeats what came and shows what is expected."""
    with pytest.raises(LaptopError, match="expected a JSON object, for example PARAMS="):
        run_request(model="churn", data="", params=params)


def test_data_must_be_a_file(tmp_path: Path) -> None:
    """A path to nothing, or to a folder, is refused by name."""
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(LaptopError, match="there is no such file"):
            run_request(model="churn", data=str(path), params="")


def test_data_must_be_of_a_kind_that_ingestion_reads(tmp_path: Path) -> None:
    """A spreadsheet is refused before a system is started for it."""
    file = tmp_path / "data.xlsx"
    file.write_bytes(b"PK")
    with pytest.raises(LaptopError, match=r"ends in \.csv or \.parquet, got '\.xlsx'"):
        run_request(model="churn", data=str(file), params="")


@pytest.mark.parametrize(
    ("flow", "scenario", "expected"),
    [
        ("", "", None),
        ("training", "", None),
        ("drift", "", "sudden"),
        ("drift", "gradual", "gradual"),
        ("performance", "", "concept"),
        ("performance", "prior", "prior"),
    ],
)
def test_a_week_of_traffic_is_for_who_asks(flow: str, scenario: str, expected: str | None) -> None:
    """By default nothing is watched; what drifts does so suddenly, and what loses its quality by another meaning."""
    asked = run_request(model="churn", data="", params="", flow=flow, scenario=scenario)
    assert (asked.flow, asked.scenario) == (flow or "training", expected)


@pytest.mark.parametrize(
    ("flow", "scenario", "message"),
    [
        ("drfit", "", "FLOW=drfit: expected one of training, drift, performance"),
        ("", "gradual", "SCENARIO=gradual: it is for FLOW=drift or performance"),
    ],
)
def test_flow_and_scenario_must_be_meant(flow: str, scenario: str, message: str) -> None:
    """A misspelt flow is no training, and a scenario without traffic is a mistake."""
    with pytest.raises(LaptopError, match=message):
        run_request(model="churn", data="", params="", flow=flow, scenario=scenario)
