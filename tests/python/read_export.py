"""Reads an export as docs/reference/export-format.md describes it, with the standard library alone,
checks it and prints the number of events and the Merkle root.

usage: read_export.py FILE
"""

import base64
import hashlib
import json
import struct
import sys
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def leaf(event):
    stream = event["stream"].encode()
    event_type = event["event_type"].encode()
    time = (datetime.fromisoformat(event["record_time"]) - EPOCH) // timedelta(microseconds=1)
    request = event["request"]
    data = struct.pack("<BQqIQHHI", 0, event["position"], time, event["version"],
                       event["previous"], len(stream), len(event_type), request is not None)
    data += stream + event_type
    if request is not None:
        data += bytes.fromhex(request["key"]) + bytes.fromhex(request["fingerprint"])
    return hashlib.sha256(data + base64.b64decode(event["payload"], validate=True)).digest()


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    # Rows of the tree from the leaves up; a node without a neighbour is taken along as it is.
    row = leaves
    while len(row) > 1:
        pairs = [row[n:n + 2] for n in range(0, len(row), 2)]
        row = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0]
               for pair in pairs]
    return row[0]


def read(path):
    leaves, streams, frame, time = [], {}, None, ""
    with open(path, encoding="utf-8") as lines:
        header = json.loads(next(lines))
        assert header["format"] == "disclosure-ledger export" and header["version"] == 1, header
        for line in lines:
            event = json.loads(line)
            if event.get("end"):
                assert next(lines, None) is None, "something after the end"
                assert event["events"] == len(leaves), "the end counts other events"
                assert event["root"] == root(leaves).hex(), "the end has another root"
                return len(leaves), event["root"]
            at = event["position"]
            assert at == len(leaves) + 1, f"position {at} does not follow"
            assert event["frame"] in (frame, at), f"position {at}: frame"
            assert event["record_time"] >= time, f"position {at}: record time"
            version, previous = streams.get(event["stream"], (0, 0))
            assert (event["version"], event["previous"]) == (version + 1, previous), f"position {at}"
            assert leaf(event).hex() == event["leaf"], f"position {at}: leaf"
            streams[event["stream"]] = (event["version"], at)
            frame, time = event["frame"], event["record_time"]
            leaves.append(bytes.fromhex(event["leaf"]))
    raise AssertionError("the end line is missing")


if __name__ == "__main__":
    print(*read(sys.argv[1]))
