"""What a dict of str can be kept in: each is built from pairs and opened as a function from key to value.

Every value is returned as a str, as a dict would, and None for an absent key."""
import os
import pickle
import sqlite3


class Dict:
    """A dict that every process loads for itself."""

    def build(self, path, pairs):
        with open(path, "wb") as file:
            pickle.dump(dict(pairs), file, 4)

    def open(self, path):
        with open(path, "rb") as file:
            self.content = pickle.load(file)
        return self.content.get


class Keyfold:
    def build(self, path, pairs):
        import keyfold
        keyfold.compile(path, pairs)

    def open(self, path):
        import keyfold
        self.table = keyfold.open(path)
        return self.table.get


class Marisa:
    def build(self, path, pairs):
        import marisa_trie
        marisa_trie.BytesTrie((key, value.encode()) for key, value in pairs).save(path)

    def open(self, path):
        import marisa_trie
        self.trie = trie = marisa_trie.BytesTrie()
        trie.mmap(path)
        find = trie.get

        def get(key):
            found = find(key)
            return found[0].decode() if found else None
        return get


class Keyvi:
    def build(self, path, pairs):
        import keyvi.compiler
        compiler = keyvi.compiler.StringDictionaryCompiler({"memory_limit_mb": "1024"})
        for pair in pairs:
            compiler.add(*pair)
        compiler.compile()
        compiler.write_to_file(path)

    def open(self, path):
        import keyvi.dictionary
        self.dictionary = keyvi.dictionary.Dictionary(path)
        find = self.dictionary.get

        def get(key):
            found = find(key)
            return None if found is None else found.value
        return get


class Lmdb:
    def build(self, path, pairs):
        import lmdb
        environment = lmdb.open(path, map_size=1 << 36, subdir=False, lock=False, sync=False)
        with environment.begin(write=True) as transaction:
            for key, value in pairs:
                transaction.put(key.encode(), value.encode())
        environment.close()

    def open(self, path):
        import lmdb
        self.environment = lmdb.open(path, readonly=True, subdir=False, lock=False)
        self.transaction = self.environment.begin(buffers=False)
        find = self.transaction.get

        def get(key):
            found = find(key.encode())
            return None if found is None else found.decode()
        return get


class Sqlite:
    def build(self, path, pairs):
        with sqlite3.connect(path) as connection:
            connection.execute("create table pairs (key text primary key, value text) without rowid")
            connection.executemany("insert into pairs values (?, ?)", pairs)

    def open(self, path):
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        execute = self.connection.execute

        def get(key):
            found = execute("select value from pairs where key = ?", (key,)).fetchone()
            return None if found is None else found[0]
        return get


class Dbm:
    def build(self, path, pairs):
        import dbm
        with dbm.open(path, "n") as table:
            for key, value in pairs:
                table[key] = value

    def open(self, path):
        import dbm
        self.table = dbm.open(path, "r")
        find = self.table.get

        def get(key):
            found = find(key)
            return None if found is None else found.decode()
        return get


class Shelve:
    def build(self, path, pairs):
        import shelve
        with shelve.open(path, "n") as table:
            for key, value in pairs:
                table[key] = value

    def open(self, path):
        import shelve
        self.table = shelve.open(path, "r")
        return self.table.get


PEERS = {"dict": Dict, "keyfold": Keyfold, "marisa-trie BytesTrie": Marisa, "keyvi": Keyvi, "lmdb": Lmdb,
         "sqlite3": Sqlite, "dbm": Dbm, "shelve": Shelve}


def size(path):
    """Bytes on disk; dbm and shelve choose their files' names."""
    folder, name = os.path.split(path)
    return sum(os.path.getsize(os.path.join(folder, each)) for each in os.listdir(folder or ".")
               if each == name or each.startswith(name + "."))
