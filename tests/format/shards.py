"""2.7 of FORMAT.md for the second reader: dictionaries of several shards."""

import bisect
import os

import normal
from fields import need, number
from reader import IMAGES, SHARDED, SHARDS, Dictionary, Frame


def read(path):
    """The dictionary in a file, whatever it consists of."""
    with open(path, "rb") as file:
        data = file.read()
    return Sharded(data, os.path.dirname(path)) if Frame(data).features & SHARDED else Dictionary(data)


class Sharded(Frame):
    """Looks like a Dictionary. `folder`: where relative paths start; None: the file must embed its shards."""

    def __init__(self, file, folder):
        super().__init__(file)
        self.shards = []
        embeds, data = IMAGES in self.sections, self.section(SHARDS)
        need(self.features & SHARDED and (embeds or folder is not None), "a manifest in a manifest, or no shards")
        images, ends = self.section(IMAGES), 0
        for entry, first, last, path in self.entries(data):
            offset, size, keys = (number(entry, at, 8) for at in (0, 8, 16))
            need(bool(path) != embeds and b"\0" not in path, "a path")
            need(offset == (ends if embeds else 0) and size % 64 == 0, "a place")
            ends += size if embeds else 0
            part = Dictionary(images[offset:offset + size]) if embeds else self.named(os.fsdecode(path), folder)
            need((len(part.file), part.count, part.file[88:104]) == (size, keys, entry[24:40]), "another file")
            need(part.value_type == self.value_type and part.form == self.form and keys > 0, "another kind of file")
            need(not (data[5] and (embeds or isinstance(part, Sharded))), "plain files that are not")
            if isinstance(part, Sharded):
                need((part.first, part.last) == (first, last), "other ends")
            self.shards.append((first, last, part))
        need(ends == len(images), "unused images")
        self.flatten()
        self.check(data[4])

    def entries(self, data):
        """Entry, first and last key, and path of each shard."""
        count, at = number(data, 0, 4), 8
        need(1 <= count <= 4096 and data[5] <= 1 and not any(data[6:8]), "the number of shards")
        strings = at + 56 * count
        for at in range(at, strings, 56):
            sizes = [number(data, at + 40 + 4 * i, 4) for i in range(3)]
            need(not any(data[at + 52:at + 56]) and strings + sum(sizes) <= len(data), "an entry")
            texts = []
            for size in sizes:
                texts.append(data[strings:strings + size])
                strings += size
            yield data[at:at + 56], *texts
        need(strings == len(data), "unused strings")

    def named(self, path, folder):
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        return Sharded(data, None) if Frame(data).features & SHARDED else Dictionary(data)

    def flatten(self):
        """Embeddings are replaced by their shards; what is added up is."""
        self.first, self.last = self.shards[0][0], self.shards[-1][1]
        flat = []
        for first, last, part in self.shards:
            flat += part.shards if isinstance(part, Sharded) else [(first, last, part)]
        self.shards, self.starts = flat, [0]
        for _, _, part in flat:
            self.starts.append(self.starts[-1] + part.count)
            self.seen |= part.seen
        has = [part for _, _, part in flat]
        self.values = Joined(self, [part.values for part in has]) if has[0].values else None
        self.weights = Joined(self, [part.weights for part in has]) if has[0].weights else None
        self.seen.add("embedding" if IMAGES in self.sections else "manifest")

    def check(self, weights):
        """What the header says of the whole, and the ends of each shard."""
        parts = [part for _, _, part in self.shards]
        need(self.count == self.starts[-1] and self.longest == max(part.longest for part in parts), "keys")
        for at in (56, 64, 72, 80):
            need(number(self.file, at, 8) == sum(number(part.file, at, 8) for part in parts), f"header at {at}")
        encodings = {part.file[49] for part in parts}
        need(self.file[49] == (encodings.pop() if len(encodings) == 1 else 0), "value encoding")
        need(weights <= 2 and len({part.weights is None for part in parts}) == 1, "weights")
        before = None
        for first, last, part in self.shards:
            keys = list(part.keys())
            need((keys[0], keys[-1]) == (first, last) and (before is None or before < first), "order of the shards")
            before = last

    def keys(self):
        for _, _, part in self.shards:
            yield from part.keys()

    def find(self, key, use_top=True):
        key = normal.normal(key, self.form) if self.form else key
        shard = max(bisect.bisect_right([first for first, _, _ in self.shards], key) - 1, 0)
        ordinal = self.shards[shard][2].find(key, use_top)
        return None if ordinal is None else self.starts[shard] + ordinal


class Joined:
    """Columns side by side."""

    def __init__(self, whole, columns):
        self.starts, self.columns = whole.starts, columns

    def __getitem__(self, ordinal):
        shard = bisect.bisect_right(self.starts, ordinal) - 1
        return self.columns[shard][ordinal - self.starts[shard]]
