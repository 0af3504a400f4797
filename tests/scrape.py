"""What a worker tells at `/metrics`, and how much memory it has."""

import os
import re
import time
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

Series = dict[str, float]
"""`vitrine_shed_total{agent="shoppers"}`, its labels in alphabetical order, to value."""

_PORT = re.compile(r"\bport\D{1,20}(\d{2,5})\b")


def port_of(log: Path, seconds: float = 60) -> int:
    """Return the port that the worker that writes *log* listens at; the last one that it told."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lines = [line for line in log.read_text(errors="replace").splitlines() if "listening" in line]
        if lines and (found := _PORT.search(lines[-1])):
            return int(found.group(1))
        time.sleep(0.1)
    message = f"no port told: {log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)


def scrape(port: int) -> Series:
    """Return all that the worker at *port* tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def total(series: Series, name: str, *parts: str) -> float:
    """Return the sum of all series of a metric whose labels have *parts* (`agent="items"`)."""
    return sum(
        value for key, value in series.items() if key.partition("{")[0] == name and all(part in key for part in parts)
    )


def resident(process: int) -> int:
    """Return the bytes of memory that *process* has."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
