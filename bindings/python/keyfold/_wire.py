"""What worker processes and the building process say to each other.

A worker writes into a pipe of its own; each message is a head of four numbers and a body:

    kind  'B'   packed pairs    numbers: pairs, bytes of keys, bytes of values (all ones: weights follow too)
          'C'   a choice        number: bytes; body: pickled (kind of keys, codec)
          'D'   part done       number: pairs
          'E'   an error        number: bytes; body: pickled

The body of packed pairs is the sizes of the keys, the sizes of the values (or the values, if they are
integers), the weights, if there are any, each 8 bytes a pair; then the keys, then the values. What a full
pipe does not take waits in the worker, so the building process never holds more than one batch.
"""
from __future__ import annotations

import os
import struct
import sys
from typing import Any, List, NamedTuple, Optional

from ._pack import Batch

HEAD = struct.Struct("<8sQQQQ")
_MAGIC = b"keyfold"
_PIPE_SIZE = 1 << 20
_F_SETPIPE_SZ = 1031    # fcntl.F_SETPIPE_SZ of Python 3.10
_LARGEST = 1 << 48


class Head(NamedTuple):
    """What precedes a message."""

    kind: bytes
    number: int
    key_size: int
    value_size: int
    weighted: int

    def body_size(self) -> int:
        """How many bytes follow."""
        if self.kind != b"B":
            return self.number if self.kind in (b"C", b"E") else 0
        return self.number * (24 if self.weighted else 16) + self.key_size + self.value_size


def enlarge(descriptor: int) -> None:
    """Makes a pipe hold a whole batch, if the system lets us."""
    if sys.platform == "win32":
        return
    import fcntl
    try:
        fcntl.fcntl(descriptor, _F_SETPIPE_SZ, _PIPE_SIZE)
    except OSError:
        pass


def read_into(pipe: Any, view: memoryview) -> int:
    """Reads some bytes; 0 at the end."""
    if sys.platform == "win32":     # where a pipe has no descriptor, and keeps what was written apart
        from multiprocessing import BufferTooShort
        try:
            size: int = pipe.recv_bytes_into(view)
            return size
        except (EOFError, OSError, BufferTooShort):
            return 0
    return os.readv(pipe.fileno(), [view])


def _write(pipe: Any, buffers: List[Any]) -> None:
    if sys.platform == "win32":
        for each in buffers:
            if len(each):
                pipe.send_bytes(memoryview(each).cast("B"))
        return
    descriptor = pipe.fileno()
    views = [memoryview(each).cast("B") for each in buffers if len(each)]
    while views:
        written = os.writev(descriptor, views)
        while views and written >= len(views[0]):
            written -= len(views.pop(0))
        if written:
            views[0] = views[0][written:]


def send(pipe: Any, kind: bytes, count: int, body: bytes = b"") -> None:
    """Sends a message that is not a batch."""
    _write(pipe, [HEAD.pack(_MAGIC + kind, count, 0, 0, 0), body])


def send_batch(pipe: Any, batch: Batch) -> None:
    """Sends packed pairs."""
    weights = batch.weights
    head = HEAD.pack(_MAGIC + b"B", batch.pairs, len(batch.key_data),
                     len(batch.value_data), weights is not None)
    _write(pipe, [head, batch.key_sizes, batch.value_sizes, () if weights is None else weights,
                        batch.key_data, batch.value_data])


def head(data: Any) -> Optional[Head]:
    """A message's head; None for what is none."""
    magic, count, key_size, value_size, weighted = HEAD.unpack(data)
    kind = magic[len(_MAGIC):]
    if magic[:len(_MAGIC)] != _MAGIC or kind not in (b"B", b"C", b"D", b"E") or \
            max(count, key_size, value_size) >= _LARGEST or weighted > 1:
        return None
    return Head(kind, count, key_size, value_size, weighted)


def batch(what: Head, body: memoryview) -> Batch:
    """Packed pairs out of a message's body."""
    column = 8 * what.number
    sizes = body[:column], body[column:2 * column]
    at = 2 * column
    weights = None
    if what.weighted:
        weights = body[at:at + column]
        at += column
    return Batch(what.number, sizes[0], body[at:at + what.key_size],
                 sizes[1], body[at + what.key_size:], weights)
