"""A worker process of a compile: reads parts, packs their pairs and sends them to the building process."""
from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections import abc
from multiprocessing import connection, parent_process
from typing import Any, Callable, Iterable, Iterator, Optional

from . import _choose, _codecs, _keys, _wire
from ._inputs import source_of
from ._pack import Packer, Source
from ._shapes import is_columns, is_strange


class ReaderFailed(Exception):
    """The reader raised what this has as its argument."""


def _guarded(pairs: Iterable[Any]) -> Iterator[Any]:
    try:
        yield from pairs
    except GeneratorExit:   # it is no longer needed
        raise
    except BaseException as problem:
        raise ReaderFailed(problem) from problem


def read(reader: Callable[[Any], Any], part: Any, wanted: _choose.Wish, weighted: bool, name: str) -> Source:
    """What the reader returns; its errors, then and later, become ReaderFailed."""
    try:
        pairs = reader(part)
        is_mapping = isinstance(pairs, abc.Mapping)
        if not isinstance(pairs, (dict, list, tuple, type({}.items()))) and not is_columns(pairs) \
                and not is_strange(pairs):
            if is_mapping:
                pairs = pairs.items()
            pairs = _guarded(iter(pairs)) if isinstance(pairs, abc.Iterable) else pairs
    except BaseException as problem:   # SystemExit too
        raise ReaderFailed(problem) from problem
    return source_of(pairs, wanted.columns, weighted, f"part {name}", wanted.lists, is_mapping)


def _end_with_parent() -> None:
    # The building process may be killed while this one is deep in a reader.
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _portable(problem: BaseException) -> Optional[BaseException]:
    """The exception if it survives pickling."""
    try:
        if type(pickle.loads(pickle.dumps(problem))) is type(problem):
            return problem
    except Exception:   # an exception's own __reduce__ or __init__ may do anything
        pass
    return None


class _Worker:
    def __init__(self, tasks: Any, results: Any, reader: Any, wanted: _choose.Wish,
                 weighted: bool) -> None:
        self.tasks = tasks
        self.pipe = results
        self.reader = reader
        self.wanted = wanted
        self.weighted = weighted
        self.packer: Optional[Packer] = None
        if wanted.settled:
            self._settle(wanted.keys, wanted.codec)

    def _settle(self, keys: str, codec: Any) -> None:
        self.packer = Packer(_keys.kind(keys), _codecs.codec(codec, True), _choose.guess(self.wanted))

    def refuse(self, problem: Exception) -> None:
        """Fails at the first task."""
        self.tasks.recv_bytes()
        self._report(ReaderFailed(problem))

    def run(self) -> None:
        """Does what the building process asks for, until it says that all is done."""
        while True:
            data = self.tasks.recv_bytes()
            try:
                task = pickle.loads(data)
            except Exception as problem:   # a part's __setstate__ may raise anything
                self._report(ReaderFailed(problem))
                continue
            del data
            if task is None:
                return
            if task[0] == "settled":
                self._settle(*task[1])
                continue
            _, name, part = task
            del task
            try:
                count = self._part(part, name)
            except OSError as problem:   # of the pipe: the reader's are wrapped
                raise SystemExit(1) from problem
            except Exception as problem:
                self._report(problem)
            else:
                _wire.send(self.pipe, b"D", count)
            del part

    def _part(self, part: Any, name: str) -> int:
        source = read(self.reader, part, self.wanted, self.weighted, name)
        del part   # or two parts are in memory while the next is read
        if self.packer is None:
            self._choose(source)
        if self.packer is None:
            return 0
        count = 0
        for batch in self.packer.batches(source):
            _wire.send_batch(self.pipe, batch)
            count += batch.pairs
        return count

    def _choose(self, source: Source) -> None:
        """Tells what this part's first pairs suggest, and waits for what is decided for all."""
        if not source.look(1000)[0]:
            return
        kind, codec = _choose.choose(self.wanted, source, alone=False)
        body = pickle.dumps((kind.name, codec.name))
        _wire.send(self.pipe, b"C", len(body), body)
        task = self.tasks.recv()
        if task is None:
            raise SystemExit(1)
        self._settle(*task[1])

    def _report(self, problem: BaseException) -> None:
        own = not isinstance(problem, ReaderFailed)
        if isinstance(problem, ReaderFailed):
            problem = problem.args[0]
        text = "".join(traceback.format_exception(type(problem), problem, problem.__traceback__))
        body = pickle.dumps((own, f"{type(problem).__name__}: {problem}", _portable(problem), text))
        _wire.send(self.pipe, b"E", len(body), body)


def work(tasks: Any, results: Any, reader: Any, wanted: Any, weighted: bool) -> None:
    """The worker process. `reader` and `wanted` are pickled if they are bytes."""
    # Ctrl-C reaches all processes of a terminal; the building one ends the others, with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _wire.enlarge(results.fileno())
    try:
        if isinstance(reader, bytes):
            reader = pickle.loads(reader)
        worker = _Worker(tasks, results, reader, pickle.loads(wanted), weighted)
    except Exception as problem:   # what is imported may raise anything
        _Worker(tasks, results, None, _choose.Wish("auto", "auto"), weighted).refuse(problem)
        return
    try:
        worker.run()
    except EOFError:
        pass
