"""Made-up data passes the contract it is made from, and holds what real data holds."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.data import contract
from include.ml.data.landing import LandingFile
from include.ml.data.synthetic import draw, log_odds, synthesise
from include.specs import catalog
from include.specs.dataset import Synthetic
from include.specs.model import ModelSpec

UNTIL = dt.date(2026, 3, 1)


@pytest.mark.parametrize("name", sorted(catalog.load()))
def test_every_model_of_the_catalog_can_be_made_up(name: str) -> None:
    """Every row passes the contract."""
    dataset = catalog.model(name).dataset
    rows = synthesise(dataset, rows=2000, seed=1, until=UNTIL)
    checked = contract.check([LandingFile(name="made up", rows=rows)], dataset)
    assert checked.quarantined == {}
    assert checked.rows.num_rows == 2000


def test_the_same_seed_makes_the_same_rows(toy: ModelSpec) -> None:
    """Another seed makes others, ids included."""
    one, two, other = (synthesise(toy.dataset, rows=50, seed=seed, until=UNTIL) for seed in (1, 1, 2))
    assert one.equals(two)
    assert not set(one["key"].to_pylist()) & set(other["key"].to_pylist())


@pytest.mark.parametrize("base_rate", [0.05, 0.5])
def test_the_base_rate_is_the_recipes(toy: ModelSpec, base_rate: float) -> None:
    """Whatever the effects are."""
    recipe = replace(toy.dataset.synthetic, base_rate=base_rate)
    rows = synthesise(replace(toy.dataset, synthetic=recipe), rows=20_000, seed=1, until=UNTIL)
    assert pc.mean(pc.equal(rows["left"], "yes")).as_py() == pytest.approx(base_rate, abs=0.01)


def test_effects_have_their_sign(toy: ModelSpec) -> None:
    """A large size and the colour red make the positive class more frequent."""
    rows = synthesise(toy.dataset, rows=20_000, seed=1, until=UNTIL)
    positive = pc.equal(rows["left"], "yes")
    large = pc.mean(positive.filter(pc.greater(rows["size"], 50))).as_py()
    small = pc.mean(positive.filter(pc.less(rows["size"], 50))).as_py()
    red, blue = (pc.mean(positive.filter(pc.equal(rows["colour"], colour))).as_py() for colour in ("red", "blue"))
    assert large > 3 * small
    assert red > blue + 0.05


def test_without_effects_nothing_can_be_learnt(toy: ModelSpec) -> None:
    """The label is chance alone."""
    dataset = replace(toy.dataset, synthetic=Synthetic(rows=1, base_rate=0.3))
    rows = synthesise(dataset, rows=20_000, seed=1, until=UNTIL)
    positive = pc.equal(rows["left"], "yes")
    large = pc.mean(positive.filter(pc.greater(rows["size"], 50))).as_py()
    assert large == pytest.approx(0.3, abs=0.02)


def test_recent_events_have_no_label_yet(events: ModelSpec) -> None:
    """Label and label time are blank together, for events near the end only."""
    rows = synthesise(events.dataset, rows=5000, seed=1, until=UNTIL)
    unknown = pc.is_null(rows["left"])
    assert unknown.equals(pc.is_null(rows["known_at"]))
    assert 0.03 < pc.mean(unknown).as_py() < 0.2
    assert pc.min(rows["at"].filter(unknown)).as_py() >= "2026-02-14"
    assert pc.max(rows["at"]).as_py() < "2026-03-01"


def test_blanks_occur_where_they_are_allowed_only(toy: ModelSpec) -> None:
    """At about the recipe's rate."""
    rows = synthesise(toy.dataset, rows=20_000, seed=1, until=UNTIL)
    assert rows["weight"].null_count == pytest.approx(200, abs=60)
    assert rows["size"].null_count == 0


def test_open_sets_have_many_levels_and_entities_return() -> None:
    """As merchants and customers do."""
    rows = synthesise(catalog.model("fraud").dataset, rows=5000, seed=1, until=UNTIL)
    assert len(pc.unique(rows["merchant"])) > 100
    assert len(pc.unique(rows["ENTITY_ID"])) < 1000


def test_rows_can_be_drawn_for_one_day(events: ModelSpec) -> None:
    """All events happen within it, UTC."""
    drawn = draw(events.dataset, rows=2000, seed=1, until=UNTIL, days=1)
    assert {moment[:10] for moment in drawn.values["at"].to_pylist()} == {"2026-02-28"}
    assert len(np.unique(drawn.happened_s // 3600)) == 24


def test_effects_are_read_off_the_values(toy: ModelSpec) -> None:
    """Whatever made them: a level without effect adds nothing, and a number adds after its place in the range."""
    colours = ["red", "blue", "unheard of", None]
    values = {"size": pa.array([0.0, 50.0, 100.0, 50.0]), "colour": pa.array(colours)}
    assert log_odds(values, toy.dataset).tolist() == [-2.0, 0.0, 3.0, 0.0]
