"""What an operator is told of a setting that can't be used."""

import msgspec
import pytest

from agents.settings import load


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "VITRINE_ENVIRONMENT",
            "prod",
            "VITRINE_ENVIRONMENT: Invalid enum value 'prod'; it may be development, production",
        ),
        ("VITRINE_PARTITIONS", "0", "VITRINE_PARTITIONS: Expected `int` >= 1"),
        ("VITRINE_COMMIT_INTERVAL", "soon", "VITRINE_COMMIT_INTERVAL: Invalid ISO8601 duration"),
        ("VITRINE_WEIGHTS", "serch=2", "VITRINE_WEIGHTS: unknown feature 'serch'; there are: interest, "),
        ("VITRINE_BROKR", "a:1", "VITRINE_BROKR is no setting; do you mean VITRINE_BROKER?"),
        ("VITRINE_INSTANCE_ID", "pod 1", "VITRINE_INSTANCE_ID: Expected `str` matching regex"),
        ("VITRINE_XYZZY", "1", "VITRINE_XYZZY is no setting"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_with_what_it_may_be(name: str, value: str, told: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        load({name: value, "PATH": "/bin"})

    assert str(error.value).startswith(told)
