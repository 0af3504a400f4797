from agents.replay.ablation import VARIETY, ablations
from agents.settings import load
from agents.sources import SOURCES
from agents.weights import WEIGHTS


def test_each_goes_alone() -> None:
    given = load({})

    found = dict(ablations(given))

    assert found.keys() == {*SOURCES, *WEIGHTS, VARIETY} - {"pin", "request"}
    assert found["new"].sources == given.sources - {"new"}
    assert found["new"].weights == given.weights
    assert found["brand"].sources == given.sources
    assert found["brand"].weights == WEIGHTS | {"brand": 0.0}
    assert found["recent"].sources == given.sources - {"recent"}
    assert found["recent"].weights == WEIGHTS | {"recent": 0.0}
    assert (found[VARIETY].crowding, found[VARIETY].weights) == (0.0, given.weights)


def test_what_is_not_used_cannot_go() -> None:
    given = load({"VITRINE_SOURCES": "-new", "VITRINE_WEIGHTS": "brand=0,search=1.123456789", "VITRINE_CROWDING": "0"})

    found = dict(ablations(given))

    assert found.keys().isdisjoint({"new", "brand", VARIETY})
    assert found["interest"].weights == given.weights | {"interest": 0.0}
    assert found["interest"].sources == given.sources - {"interest"}
