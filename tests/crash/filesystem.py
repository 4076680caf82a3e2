"""What a crash may leave of a folder, by what a program was seen to do to its files.

The model is weaker than any file system in use (Pillai et al., All file systems are not created equal, OSDI 2014): what
was written to a file is safe once the file was synced, and names once their folder was. Of all else any part may have
reached the disk, in any order: a write that came later without one that came before, half of a write, a file's size
without its bytes, a name without its content. A rename is atomic."""
import copy
import dataclasses
import os
import re

AT_FDCWD = -100
O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE = 0o100, 0o1000, 0o2000, 0o20200000
F_DUPFD, F_DUPFD_CLOEXEC = 0, 1030
AT_REMOVEDIR = 0x200
PUNCH_HOLE = 2
BLOCK = 4096
RECORD = re.compile(rb"([a-z]+[a-z0-9_]*) (-?\d+)((?: -?\d+){6}) (\d+) (\d+)\n")
UNKNOWN = {"writev", "pwritev", "sendfile", "splice", "copy_file_range", "symlink", "symlinkat", "truncate", "creat"}


class Node:
    """A file or folder; what it is like is only in the operations on it."""

    def __init__(self, is_folder=False):
        self.is_folder = is_folder


@dataclasses.dataclass
class Operation:
    """`nodes`: what has to be synced for it to be safe. `write`: offset and bytes. `size`: of a truncated file.
    `punch`: offset and size. `names`: (folder, name, node or None) for each name that it sets."""
    kind: str
    nodes: tuple
    write: tuple = None
    size: int = None
    punch: tuple = None
    names: tuple = ()


def records(data):
    """The calls that tracer.c recorded: name, result, arguments, two strings."""
    at = 0
    while not data.startswith(b"calls ", at):
        found = RECORD.match(data, at)
        if not found:
            raise ValueError(f"no record at {at}: {data[at:at + 80]}")
        name, result, args, size, more = found.groups()
        at = found.end() + int(size) + int(more)
        text = data[found.end():at]
        yield name.decode(), int(result), [int(arg) for arg in args.split()], text[:int(size)], text[int(size):]


class Recording:
    """The operations on files in `folder`, in order; `root` is its node. What was there is safe from the start."""

    def __init__(self, data, folder, contents):
        self.folder, self.root = os.fsencode(os.path.realpath(folder)), Node(True)
        self.tree, self.before, self.operations, self.open = {}, [], [], {}
        for name, content in contents.items():
            *folders, name = os.fsencode(name).split(b"/")
            place = self.root
            for folder in folders:
                place = self.tree.get((place, folder)) or self.there(place, folder, Node(True))
            self.before.append(Operation("write", (self.there(place, name, Node()),), write=(0, content)))
        for name, result, args, first, second in records(data):
            self.call(name, result, [arg - 2 ** 32 if arg >= 2 ** 31 and arg < 2 ** 32 else arg for arg in args],
                      first, second)

    def there(self, folder, name, node):
        """Something that was there before; returns it."""
        self.tree[folder, name] = node
        self.before.append(Operation("name", (), names=((folder, name, node),)))
        return node

    def place(self, at, path):
        """The folder's node and the name that a path ends with; None outside of the folder."""
        if not path.startswith(b"/"):
            handle = self.open.get(at)
            if handle is None:
                return None
            folder = handle["node"]
        else:
            path = os.path.normpath(path)
            if path == self.folder:
                return self.root, b"."
            if not path.startswith(self.folder + b"/"):
                return None
            folder, path = self.root, path[len(self.folder) + 1:]
        *parts, name = path.split(b"/")
        for part in parts:
            folder = self.tree.get((folder, part))
        return (folder, name) if folder is not None and folder.is_folder else None

    def node_at(self, at, path):
        link = re.fullmatch(rb"/proc/self/fd/(\d+)", path)
        if link:
            handle = self.open.get(int(link[1]))
            return handle and handle["node"]
        place = self.place(at, path)
        return place and (place[0] if place[1] == b"." else self.tree.get(place))

    def add(self, *args, **more):
        self.operations.append(Operation(*args, **more))

    def set_names(self, kind, *names):
        for folder, name, node in names:
            self.tree[folder, name] = node
        # A rename is safe where its new name is: both are one change.
        self.add(kind, (names[0][0],), names=names)

    def call(self, name, result, args, first, second):
        handle = self.open.get(args[0])
        if name in ("open", "openat"):
            at, flags = (AT_FDCWD, args[1]) if name == "open" else (args[0], args[2])
            self.opened(result, at, first, flags)
        elif name in ("write", "pwrite64") and handle:
            offset = args[3] if name == "pwrite64" else handle["at"]
            handle["at"] += result if name == "write" else 0
            self.add("write", (handle["node"],), write=(offset, first))
        elif name == "lseek" and handle:
            handle["at"] = result
        elif name == "ftruncate" and handle:
            self.add("size", (handle["node"],), size=args[1])
        elif name == "fallocate" and handle and args[1] & PUNCH_HOLE:
            self.add("punch", (handle["node"],), punch=(args[2], args[3]))
        elif name in ("fsync", "fdatasync") and handle:
            self.add("sync", (handle["node"],))
        elif name == "sync":
            raise ValueError("sync is not known here")
        elif name == "close":
            self.open.pop(args[0], None)
        elif name in ("dup", "dup2", "dup3") or (name == "fcntl" and args[1] in (F_DUPFD, F_DUPFD_CLOEXEC)):
            if handle:
                self.open[result] = handle
        elif name in UNKNOWN and (handle or self.open.get(args[1])):
            raise ValueError(f"{name} is not known here")
        else:
            self.named(name, args, first, second)

    def opened(self, fd, at, path, flags):
        place = self.place(at, path)
        if place is None:
            return
        if flags & O_TMPFILE == O_TMPFILE:
            self.open[fd] = {"node": Node(), "at": 0}
            return
        node = self.node_at(at, path)
        if node is None:
            if not flags & O_CREAT:
                return
            node = Node()
            self.set_names("name", (*place, node))
        elif flags & O_TRUNC:
            self.add("size", (node,), size=0)
        if flags & O_APPEND:
            raise ValueError("O_APPEND is not known here")
        self.open[fd] = {"node": node, "at": 0}

    def named(self, name, args, first, second):
        if name in ("rename", "renameat", "renameat2", "link", "linkat"):
            at, to = (AT_FDCWD, AT_FDCWD) if name in ("rename", "link") else (args[0], args[2])
            node, target = self.node_at(at, first), self.place(to, second)
            if node and target and name.startswith("link"):
                self.set_names("name", (*target, node))
            elif node and target:
                self.set_names("rename", (*target, node), (*self.place(at, first), None))
        elif name in ("unlink", "unlinkat", "rmdir"):
            place = self.place(AT_FDCWD if name != "unlinkat" else args[0], first)
            if place:
                self.set_names("name", (*place, None))
        elif name in ("mkdir", "mkdirat"):
            place = self.place(AT_FDCWD if name == "mkdir" else args[0], first)
            if place:
                self.set_names("name", (*place, Node(True)))


def without_syncs(recording, of_folders):
    """The same of a program that syncs no files, or no folders."""
    other = copy.copy(recording)
    other.operations = [operation for operation in recording.operations
                        if operation.kind != "sync" or operation.nodes[0].is_folder != of_folders]
    return other


def safe(operations):
    """For each operation whether a crash after the last leaves it."""
    last = {}
    for number, operation in enumerate(operations):
        if operation.kind == "sync":
            last[operation.nodes[0]] = number
    return [operation.kind == "sync" or all(last.get(node, -1) > number for node in operation.nodes)
            for number, operation in enumerate(operations)]


def names_after(operations):
    """What is in each folder."""
    names = {}
    for operation in operations:
        for folder, name, node in operation.names:
            names.setdefault(folder, {})[name] = node
    return names


def content_after(operations, node):
    """The bytes of a file."""
    content = bytearray()
    for operation in operations:
        if node not in operation.nodes:
            continue
        if operation.write:
            offset, data = operation.write
            content.extend(bytes(max(0, offset - len(content))))
            content[offset:offset + len(data)] = data
        elif operation.size is not None:
            del content[operation.size:]
            content.extend(bytes(operation.size - len(content)))
        elif operation.punch:
            offset, size = operation.punch
            size = min(size, len(content) - offset)
            content[offset:offset + max(0, size)] = bytes(max(0, size))
    return bytes(content)


def torn(operation, draw):
    """A part of a write: its first blocks, or only the size of all."""
    offset, data = operation.write
    if draw.random() < 0.5:
        return dataclasses.replace(operation, write=(offset, bytes(len(data))))
    return dataclasses.replace(operation, write=(offset, data[:draw.randrange(len(data) // BLOCK + 1) * BLOCK]))


def crashes(recording, number, draw, some):
    """What may be left by a crash after `number` operations: lists of operations."""
    done = recording.operations[:number]
    kept = safe(done)
    pending = [n for n, is_safe in enumerate(kept) if not is_safe]
    choices = [set(), set(pending)]
    choices += [set(pending[:n]) for n in range(1, len(pending))][-8:]
    choices += [set(pending) - {n} for n in pending][-8:] + [{n} for n in pending][-8:]
    choices += [{n for n in pending if draw.random() < 0.5} for _ in range(some if pending else 0)]
    for choice in choices:
        for tear in (False, True):
            if tear and not any(done[n].write for n in choice):
                continue
            yield recording.before + [torn(operation, draw) if tear and n in choice and operation.write else operation
                                      for n, operation in enumerate(done) if kept[n] or n in choice]
