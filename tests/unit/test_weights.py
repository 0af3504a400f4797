import msgspec
import pytest

from agents.inspect.contributions import contributions, recomputed, weights_of
from agents.settings import load
from agents.weights import BY_VERSION, VERSION, WEIGHTS, Weights, changed, version
from agents.wiring import stages
from schemas.recommendations import Candidate, Decision
from tests.doubles import MODELS
from tests.shoppers import START


def decision(**more: object) -> Decision:
    given = {"models": {"score": VERSION}, "candidates": ()} | more
    return Decision(
        recommendation_id="r", shopper="ann", placement="home", epoch=0, revision=1, at=START, view=0, **given  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_text_changes_some_weights_and_leaves_the_order() -> None:
    weights = Weights(" search = 2, category=1.2,")

    assert list(weights) == list(WEIGHTS)
    assert changed(weights) == {"search": 2.0, "category": 1.2}
    assert repr(weights) == "search=2,category=1.2"  # in the declared order
    assert Weights() == WEIGHTS


def test_the_setting_reaches_the_policy() -> None:
    settings = load({"VITRINE_WEIGHTS": "category=1.2"})

    shoppers = next(stage for stage in stages(settings, MODELS) if stage.name == "shoppers")

    assert shoppers.options.weights == WEIGHTS | {"category": 1.2}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("serch=2", "unknown feature 'serch'; there are: interest, next, recent"),
        ("search", "the weight of search is '': expected a number from -100 to 100"),
        ("search=many", "the weight of search is 'many'"),
        ("search=nan", "the weight of search is 'nan'"),
        ("search=inf", "the weight of search is 'inf'"),
        ("search=101", "the weight of search is '101'"),
        ("search=1,search=2", "the weight of search is given twice"),
        ("=2", "unknown feature ''"),
    ],
)
def test_a_wrong_weight_is_a_settings_error_with_its_cure(text: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="VITRINE_WEIGHTS: ") as refusal:
        load({"VITRINE_WEIGHTS": text})

    assert message in str(refusal.value)


def test_other_weights_have_another_version() -> None:
    versions = {
        version(Weights(text)) for text in ("", "search=1.2", "search=1.3", "search=1.2,brand=0.6", "brand=0.6")
    }

    assert version(WEIGHTS) == version(Weights("search=1.2")) == VERSION
    assert len(versions) == 3
    assert all(text.startswith(f"{VERSION}+") for text in versions - {VERSION})
    assert version(Weights("search=2")) == version(Weights("search=2.0"))


def test_contributions_are_the_parts_of_a_score_largest_first() -> None:
    parts = contributions({"interest": 0.5, "category": 0.1, "touched": 3, "gone": 1.0}, WEIGHTS)

    assert [(part.feature, part.points) for part in parts] == [
        ("interest", 0.7), ("touched", -0.3), ("category", 0.24), ("gone", 0.0)
    ]  # fmt: skip


def test_a_score_is_recomputed_from_what_was_recorded() -> None:
    one = Candidate(item="a", source="new", score=0.7, features={"interest": 0.5})

    assert recomputed(one, WEIGHTS) == 0.7
    assert recomputed(one, {"search": 1.0}) is None


def test_a_decision_says_its_weights_or_was_made_with_the_default_ones() -> None:
    assert weights_of(decision(weights={"interest": 2.0})) == {"interest": 2.0}
    assert weights_of(decision()) is WEIGHTS
    assert weights_of(decision(models={"score": "weights@1"})) == BY_VERSION["weights@1"]
    assert weights_of(decision(models={"score": f"{VERSION}+abcdef"})) is None
