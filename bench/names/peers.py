"""What one of today's tools takes for the same needles: peers.py PEER ROWS NEEDLES

A row is "ID TAB NAME"; a needle a line. Prints, as JSON: CPU seconds to prepare, CPU milliseconds a needle (all of the
process' threads; one is asked for), the process' peak, the score that the peer gives each needle's best name, and that
name's setratio, by which run says how often it is the best one. A peer is a process of its own: for its memory."""
import json
import resource
import sys
import time

CHUNK = 8      # needles of a cdist: its matrix has a row of all names for each


def cpu(function, *arguments):
    begun = time.process_time()
    result = function(*arguments)
    return time.process_time() - begun, result


def levenshtein(names):
    import Levenshtein
    lists = [name.split(" ") for name in names]

    def best(needle):
        tokens = needle.split(" ")
        scores = [Levenshtein.setratio(tokens, other) for other in lists]
        score = max(scores)
        return score, names[scores.index(score)]
    return one_by_one(best)


def rapidfuzz(scorer):
    def prepare(names):
        from rapidfuzz import fuzz, process
        function = getattr(fuzz, scorer)

        def best(needle):
            name, score, _ = process.extractOne(needle, names, scorer=function)
            return score / 100, name
        return one_by_one(best)
    return prepare


def cdist(names):
    import numpy
    from rapidfuzz import fuzz, process

    def find(needles):
        found = []
        for at in range(0, len(needles), CHUNK):
            scores = process.cdist(needles[at:at + CHUNK], names, scorer=fuzz.ratio, dtype=numpy.float32, workers=1)
            found += [(float(row.max()) / 100, names[int(row.argmax())]) for row in scores]
        return found
    return find


def tfidf(names):
    """The recipe of the articles on it: trigrams, cosine, the best one of each row."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sparse_dot_topn import sp_matmul_topn
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(3, 3), lowercase=False)
    matrix = vectorizer.fit_transform(names).T.tocsr()

    def find(needles):
        product = sp_matmul_topn(vectorizer.transform(needles), matrix, top_n=1, n_threads=1).tocsr()
        found = []
        for i in range(len(needles)):
            row = product[i]
            found.append((float(row.data[0]), names[row.indices[0]]) if row.nnz else (0.0, None))
        return found
    return find


def simstring(names):
    from simstring_rust.database import HashDb
    from simstring_rust.extractors import CharacterNgrams
    from simstring_rust.measures import Cosine
    from simstring_rust.searcher import Searcher
    database = HashDb(CharacterNgrams(3, "$"))
    for name in names:
        database.insert(name)
    searcher = Searcher(database, Cosine())

    def best(needle):
        found = searcher.ranked_search(needle, 0.6)
        return (float(found[0][1]), found[0][0]) if found else (0.0, None)
    return one_by_one(best)


def one_by_one(best):
    return lambda needles: [best(needle) for needle in needles]


PEERS = {"setratio loop": levenshtein, "ratio": rapidfuzz("ratio"),
         "token_sort_ratio": rapidfuzz("token_sort_ratio"), "token_set_ratio": rapidfuzz("token_set_ratio"),
         "WRatio": rapidfuzz("WRatio"), "cdist": cdist, "tfidf": tfidf, "simstring": simstring}


def grouper(names):
    """Pairs of rows that string_grouper finds alike at its default of 0.8, and what that takes."""
    import pandas
    from string_grouper import match_strings
    seconds, found = cpu(match_strings, pandas.Series(names))
    pairs = [(int(a), int(b)) for a, b in zip(found["left_index"], found["right_index"]) if a < b]
    return {"cpu_s": seconds, "pairs": pairs}


def main():
    import Levenshtein
    peer, rows = sys.argv[1:3]
    with open(rows, encoding="utf-8") as file:
        names = [line.rstrip("\n").split("\t", 1)[1] for line in file]
    if peer == "string_grouper":
        result = grouper(names)
    else:
        with open(sys.argv[3], encoding="utf-8") as file:
            needles = [line.rstrip("\n") for line in file]
        prepared, find = cpu(PEERS[peer], names)
        seconds, found = cpu(find, needles)
        result = {"prepare_s": prepared, "ms": 1000 * seconds / len(needles), "score": [score for score, _ in found],
                  "setratio": [Levenshtein.setratio(needle.split(" "), name.split(" ")) if name is not None else 0
                               for needle, (_, name) in zip(needles, found)]}
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
