"""The contract as files: `asyncapi.json`, the schema of each topic's value, and those of headers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

import schemas
from agents.contract.asyncapi import Place, asyncapi
from agents.contract.promises import Action, Promise, file_of, present

RELEASED = Path(schemas.__file__).parent / "released"
"""A folder for each version that was released."""

_DOCUMENT = "asyncapi.json"


class ContractError(Exception):
    """A folder that holds no contract.  *Operator action:* name one that `vitrine schema export` wrote."""


def export(folder: Path, place: Place) -> list[str]:
    """Write the present contract to *folder*; return the names of its files."""
    documents: dict[str, Mapping[str, Any]] = {_DOCUMENT: asyncapi(place)}
    for name, promise in present().items():
        if promise.schema is not None:
            documents[file_of(name)] = promise.schema
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    except OSError as error:
        message = f"{folder}: {error.strerror or error}"
        raise ContractError(message) from error
    return sorted(documents)


def versions(folder: Path) -> list[Path]:
    """Return the contracts in *folder*, which is one or holds a folder for each."""
    if (folder / _DOCUMENT).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{_DOCUMENT}"))
    if not found:
        message = f"{folder}: no contract is here; `vitrine schema export {folder}` writes one"
        raise ContractError(message)
    return found


def load(folder: Path) -> dict[str, Promise]:
    """Return what the contract in *folder* promises."""
    document = _read(folder / _DOCUMENT)
    try:
        return dict(_promises(folder, document))
    except (KeyError, TypeError, AttributeError) as error:
        message = f"{folder / _DOCUMENT}: not as `vitrine schema export` writes it: {error!r}"
        raise ContractError(message) from error


def _promises(folder: Path, document: Any) -> Iterator[tuple[str, Promise]]:
    actions: dict[str, list[Action]] = {}
    for operation in document["operations"].values():
        actions.setdefault(operation["channel"]["$ref"].removeprefix("#/channels/"), []).append(operation["action"])
    for name, channel in document["channels"].items():
        schema = _read(folder / channel["x-schema"]) if "x-schema" in channel else None
        yield name, Promise(tuple(actions[name]), schema, channel["x-key"], channel["x-compacted"])
    for name, header in document["x-headers"].items():
        yield f"headers/{name}", Promise(tuple(header["actions"]), _read(folder / header["schema"]))


def _read(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        message = f"{path}: {error.strerror or error}; every file that was exported must be there"
        raise ContractError(message) from error
    except ValueError as error:
        message = f"{path}: {error}"
        raise ContractError(message) from error
