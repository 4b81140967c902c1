"""Blocks of broken lines for a process of their own to read: a reader that crashes takes its process with it."""

import json
import random
import sys
from typing import Any

from include.ml.capture.envelope import Block, read
from tests.shared.captured import line

GOOD = line().rstrip()
KEYS = ("captureData", "endpointInput", "data", "encoding", "eventMetadata", "eventId", "inferenceTime", "other", "")
VALUES = (
    *("null", "nullx", "nul", "true", "tru", "0", "-", "1e400", "NaN", "18446744073709551616"),
    *('""', '"x"', '"', '"\\ud800"', '"\\u0000"', "\\", "[]", "{}", "[null]", '{"a":null}', '{"a":1,"a":2}', "\0"),
)
SPACES = ("", "", "", " ", "\t", "\r", "\n", "\x0b", "\ufeff", ",", ":")


def block(seed: int) -> bytes:
    """A few lines: good ones, bare values, objects with anything in them, and good ones that something happened to."""
    draw = random.Random(seed)  # noqa: S311 no secret
    return b"\n".join(_line(draw) for _ in range(draw.randint(1, 5))) + draw.choice((b"", b"\n"))


def _line(draw: random.Random) -> bytes:
    bare = draw.choice((_value(draw, 0), draw.choice(VALUES)))
    padded = (draw.choice(SPACES) + bare + draw.choice(SPACES)).encode()
    at = draw.randrange(len(GOOD))
    cut = GOOD[:at] + draw.choice(VALUES).encode() + GOOD[at + draw.randint(0, 6) :]
    hit = GOOD[:at] + bytes([draw.randrange(256)]) + GOOD[at + 1 :]
    return draw.choice((GOOD, padded, padded, GOOD + padded, cut, hit))


def _value(draw: random.Random, depth: int) -> str:
    if depth > 4 or draw.random() < 0.3:
        return draw.choice(VALUES)
    inner = [_value(draw, depth + 1) for _ in range(draw.randint(0, 3))]
    if draw.random() < 0.2:
        return f"[{','.join(inner)}]"
    return "{" + ",".join(f'"{draw.choice(KEYS)}":{value}' for value in inner) + "}"


def told(content: bytes) -> dict[str, Any]:
    """Which lines of `content` are requests, and which are faults."""
    found = read(Block(first_line=1, content=content))
    return {"good": found.table["line"].to_pylist(), "bad": {fault.line: fault.reason for fault in found.faults}}


if __name__ == "__main__":
    if sys.argv[1:]:
        for number in range(int(sys.argv[1])):
            print(number, flush=True)
            read(Block(first_line=1, content=block(number)))
    else:
        print(json.dumps([told(content.encode()) for content in json.load(sys.stdin)]))
