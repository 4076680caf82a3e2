"""Reading parts in worker processes: hands them out one at a time and adds what comes back."""
from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import signal
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from . import _choose, _codecs, _errors, _keys, _wire, _worker
from ._builder import Builder
from ._codecs import Codec

_PATIENCE = 1.0     # seconds between two looks whether a silent worker still lives
_GRACE = 5.0        # seconds that a worker has to end in

_GARBAGE = "its worker sent garbage: does the reader write to file descriptors that are not its own?"

MakeBuilder = Callable[[_keys.KeyKind, Codec], Builder]


class _RemoteTraceback(Exception):
    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


class _Member:
    """A worker process and the part that it has."""

    def __init__(self, context: Any, reader: Any, wanted: bytes, weighted: bool) -> None:
        task_end, self.tasks = context.Pipe(duplex=False)
        self.results, result_end = context.Pipe(duplex=False)
        self.process = context.Process(target=_worker.work, name="keyfold-compile", daemon=True,
                                       args=(task_end, result_end, reader, wanted, weighted))
        self.number = -1
        self.name = ""
        self.count = 0
        self.busy = False
        # Until a worker ignores Ctrl-C. A thread has no such mask on Windows.
        masks = hasattr(signal, "pthread_sigmask")
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
        try:
            self.process.start()
        except BaseException as problem:
            self.tasks.close()
            self.results.close()
            if isinstance(problem, AssertionError):
                raise _errors.Error(f"no worker process can be started ({problem}); workers=0 reads in this "
                                    "process") from problem
            raise
        finally:
            # Only the worker may hold these, or its end would not show.
            task_end.close()
            result_end.close()
            if masks:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def give(self, number: int, name: str, part: Any) -> None:
        self.number, self.name, self.count, self.busy = number, name, 0, True
        try:
            data = ForkingPickler.dumps(("part", name, part))
        except Exception as problem:   # a part's __reduce__ may raise anything
            raise _failure(name, f"it can't be pickled: {problem}") from problem
        self.tell_bytes(data)

    def tell(self, task: Any) -> None:
        self.tell_bytes(pickle.dumps(task))

    def tell_bytes(self, data: Any) -> None:
        try:
            self.tasks.send_bytes(data)
        except OSError:
            raise self.dead() from None

    def fill(self, view: memoryview) -> None:
        """Reads exactly so many bytes of a message."""
        while len(view):
            while not connection.wait([self.results], _PATIENCE):
                if not self.process.is_alive() and not self.results.poll():
                    raise self.dead()
            size = _wire.read_into(self.results, view)
            if size == 0:
                raise self.dead()
            view = view[size:]

    def dead(self) -> _errors.Error:
        """The error of a worker that ended too early."""
        self.process.join(_GRACE)
        code = self.process.exitcode
        what = f"exited with status {code}"
        if code is None:
            what = "closed its pipe"
        elif code < 0:
            try:
                what = f"was killed by {signal.Signals(-code).name}"
            except ValueError:
                what = f"was killed by signal {-code}"
            if -code == getattr(signal, "SIGKILL", None):
                what += " (which the kernel does when memory is short: use fewer workers or smaller parts)"
        return _failure(self.name, f"its worker {what}")

    def end(self, kill: bool) -> None:
        """Ends the process and waits for its end."""
        self.tasks.close()
        self.results.close()
        if kill:
            self.process.terminate()
        self.process.join(_GRACE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.process.close()


def _failure(name: str, text: str) -> _errors.ReaderError:
    error = _errors.ReaderError(f"part {name}: {text}" if name else text)
    error.part = name
    return error


def _named(parts: Iterable[Any]) -> Iterator[Tuple[int, str, Any]]:
    for number, part in enumerate(parts):
        if isinstance(part, (str, bytes, os.PathLike)):
            name = repr(os.fsdecode(part))
            yield number, name if len(name) <= 300 else f"{name[:300]}...", part
        else:
            shown = f"{number} ({part!r:.60})" if isinstance(part, (int, float, tuple)) else str(number)
            yield number, shown, part


class _Crew:
    """The workers of one compile."""

    def __init__(self, reader: Any, wanted: _choose.Wish, weighted: bool,
                 make: MakeBuilder, ordered: bool) -> None:
        self.context = multiprocessing.get_context()
        self.reader = reader
        if self.context.get_start_method() != "fork":
            try:
                self.reader = pickle.dumps(reader)
            except Exception as problem:   # a __reduce__ may raise anything
                raise _errors.ArgumentError(
                    f"reader={reader!r:.100} can't be sent to worker processes, as it must be a function of "
                    f"a module or another picklable callable ({problem}); workers=0 reads in this process") \
                    from problem
        self.wanted = wanted
        self.raw_wish = pickle.dumps(wanted)
        self.weighted = weighted
        self.make = make
        self.ordered = ordered
        self.members: List[_Member] = []
        self.builder: Optional[Builder] = None
        self.choices: Dict[int, Optional[Tuple[str, str]]] = {}   # by part; None: it has no pairs
        self.undecided = 0                                        # the first part that is in question
        self.room = bytearray(1 << 20)
        if wanted.settled:
            self._settle(wanted.keys, _codecs.codec(wanted.codec, True).name)

    def _settle(self, keys: str, codec: str) -> None:
        self.builder = self.make(_keys.kind(keys), _codecs.codec(codec, True))
        for member in self.members:
            member.tell(("settled", (keys, codec)))

    def _propose(self, part: int, choice: Optional[Tuple[str, str]]) -> None:
        """The first part with a pair decides, whichever is read first."""
        if self.builder is not None:
            return
        self.choices[part] = choice
        while self.undecided in self.choices:
            first = self.choices[self.undecided]
            if first is not None:
                self._settle(*first)
                return
            self.undecided += 1

    def run(self, parts: Iterator[Tuple[int, str, Any]], workers: int) -> None:
        """Reads all parts."""
        for number, name, part in itertools.islice(parts, workers):
            member = _Member(self.context, self.reader, self.raw_wish, self.weighted)
            self.members.append(member)
            member.name = name
            if self.builder is not None and not self.wanted.settled:
                member.tell(("settled", (self.builder.keys.name, self.builder.codec.name)))
            member.give(number, name, part)
            del part
        while True:
            busy = [member for member in self.members if member.busy]
            if not busy:
                return
            if self.ordered:
                busy = [min(busy, key=lambda member: member.number)]
            ready = connection.wait([member.results for member in busy], _PATIENCE)
            for member in busy:
                if member.results in ready:
                    if self._message(member):
                        task = next(parts, None)
                        if task is not None:
                            member.give(*task)
            self._look_for_dead()

    def _look_for_dead(self) -> None:
        # A pipe shows the end of its worker at once, unless a process forked meanwhile holds the other end.
        for member in self.members:
            if member.busy and not member.process.is_alive() and not member.results.poll():
                raise member.dead()

    def _message(self, member: _Member) -> bool:
        """Takes a message; tells whether the worker is free again."""
        raw = bytearray(_wire.HEAD.size)
        member.fill(memoryview(raw))
        head = _wire.head(raw)
        if head is None:
            raise _failure(member.name, _GARBAGE)
        size = head.body_size()
        if size > len(self.room):
            self.room = bytearray(size + size // 4)
        body = memoryview(self.room)[:size]
        member.fill(body)
        if head.kind == b"B":
            if self.builder is None or not self.builder.add_batch(_wire.batch(head, body)):
                raise _failure(member.name, _GARBAGE)
            member.count += head.number
        elif head.kind == b"C":
            self._propose(member.number, pickle.loads(body))
        elif head.kind == b"E":
            _raise(member, *pickle.loads(body))
        else:
            member.busy = False
            if head.number != member.count:
                raise _failure(member.name, "pairs were lost on the way from its worker")
            if head.number == 0:
                self._propose(member.number, None)
            return True
        return False

    def end(self, kill: bool) -> None:
        """Ends all workers."""
        # First all, then each: a forked worker holds the pipes of those before it.
        for member in self.members:
            if kill:
                member.process.terminate()
            else:
                member.tell(None)
        for member in self.members:
            member.end(kill)


def _raise(member: _Member, own: bool, text: str, problem: Optional[BaseException], trace: str) -> None:
    if own and problem is not None:
        raise problem from _RemoteTraceback(trace)
    if problem is None:
        problem = _RemoteTraceback(trace)
    else:
        problem.__cause__ = _RemoteTraceback(trace)
    raise _failure(member.name, f"the reader raised {text}") from problem


def read_parts(parts: Iterable[Any], reader: Callable[[Any], Any], workers: int, wanted: _choose.Wish,
               weights: Optional[str], make: MakeBuilder, ordered: bool) -> Optional[Builder]:
    """Reads parts in worker processes into the builder that `make` makes once keys and codec are known, and
    returns it; None if there was no pair to choose them by. `ordered`: pairs are added in the order of the
    parts.
    """
    crew = _Crew(reader, wanted, weights == "given", make, ordered)
    done = False
    try:
        crew.run(_named(parts), workers)
        done = True
    finally:
        crew.end(not done)
    return crew.builder


def read_here(parts: Iterable[Any], reader: Callable[[Any], Any], wanted: _choose.Wish,
              weights: Optional[str], make: MakeBuilder) -> Optional[Builder]:
    """The same in this process, one part after the other."""
    builder: Optional[Builder] = None
    hints = _choose.guess(wanted)
    for _, name, part in _named(parts):
        try:
            source = _worker.read(reader, part, wanted, weights == "given", name)
            if builder is None:
                if not wanted.settled and not source.look(1000)[0]:
                    continue
                builder = make(*_choose.choose(wanted, source, alone=False))
            builder.add(source, hints)
        except _worker.ReaderFailed as failed:
            problem = failed.args[0]
            if not isinstance(problem, Exception):
                raise problem from None
            raise _failure(name, f"the reader raised {type(problem).__name__}: {problem}") from problem
    return builder
