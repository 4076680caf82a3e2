"""Searches for names against the packages in whose terms the scores are defined, over every name."""
import os
import random
import re

import pytest
from conftest import LEVEL

import keyfold

numpy = pytest.importorskip("numpy", reason="numpy is not installed")
fuzz = pytest.importorskip("rapidfuzz.fuzz", reason="rapidfuzz is not installed")
cdist = pytest.importorskip("rapidfuzz.process").cdist
JaroWinkler = pytest.importorskip("rapidfuzz.distance").JaroWinkler
Levenshtein = pytest.importorskip("Levenshtein", reason="Levenshtein is not installed")

ROUNDS = 8 if LEVEL == "long" else 1
CLOSE = 1e-12            # the peers' sums depend on the order of adding
LETTERS = ["a", "b", "c", "\u00e9", "e\u0301", "\U0001f600", "\u4e2d", "A", "-", "'", "\u0301"]


def setratio(needle, names):
    tokens = needle.split(" ")
    return [Levenshtein.setratio(tokens, name.split(" ")) for name in names]


def percent(function):
    """RapidFuzz's scorers, which part names at all white space: these names have only spaces."""
    return lambda needle, names: cdist([needle], names, scorer=function, dtype=numpy.float64)[0] / 100


# What is searched for; what only two names are compared by, or the best ones ranked again.
SCORERS = {"setratio": setratio, "ratio": percent(fuzz.ratio), "token_sort_ratio": percent(fuzz.token_sort_ratio),
           "token_set_ratio": percent(fuzz.token_set_ratio)}
PAIR_SCORERS = {**SCORERS, "wratio": percent(fuzz.WRatio), "partial_ratio": percent(fuzz.partial_ratio),
                "jaro_winkler": lambda needle, names: [JaroWinkler.similarity(needle, name) for name in names]}


def random_name(rng, kinds, most_tokens, most_letters):
    return " ".join("".join(rng.choices(LETTERS[:kinds], k=rng.randint(0, most_letters)))
                    for _ in range(rng.randint(1, most_tokens)))


def damaged(rng, name):
    """With letters dropped, doubled or swapped, tokens moved or dropped."""
    letters = list(name)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(letters) + 1)
        letters[at:at + 2] = rng.choice([[], letters[at:at + 1] * 2, letters[at:at + 2][::-1]])
    tokens = "".join(letters).split(" ")
    if rng.random() < 0.3:
        rng.shuffle(tokens)
    return " ".join(tokens[rng.random() < 0.3:] or tokens)


class Names:
    """Names in an index, and what must be true of searches for them."""

    def __init__(self, path, names):
        self.names = names
        self.index = keyfold.compile_names(path, enumerate(names))
        self.scores = {}

    def check(self, needles, scorer="setratio", limit=1, cutoff=0.0):
        """Every score, and that no other name belongs among the hits or before one of them."""
        found = self.index.matches_many(needles, limit, scorer=scorer, cutoff=cutoff)
        for needle, matches in zip(needles, found):
            assert [(match.id, match.name) for match in matches] == \
                [(match.position, self.names[match.position]) for match in matches]
            hits = [(match.position, match.score) for match in matches]
            if (scorer, needle) not in self.scores:
                self.scores[scorer, needle] = list(SCORERS[scorer](needle, self.names))
            scores = self.scores[scorer, needle]
            what = f"{scorer} of {needle!r}, limit {limit}, cutoff {cutoff}: "
            for position, score in hits:
                assert abs(score - scores[position]) < CLOSE and score >= cutoff, \
                    f"{what}{score} of {self.names[position]!r} and not {scores[position]}"
            assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0])), what + "order"
            assert len(hits) == len(dict(hits)) <= limit, what + "hits"
            last, worst = hits[-1] if len(hits) == limit else (-1, cutoff)
            listed = dict(hits)
            for position, score in enumerate(scores):
                if score > worst - CLOSE and position not in listed:
                    assert score < worst + CLOSE and (position > last if last >= 0 else score < cutoff), \
                        f"{what}{self.names[position]!r} ({position}, {score}) before ({last}, {worst})"


# Kinds of letters, most tokens of a name and letters of a token; names and needles. Few letters: much is equal.
SHAPES = [(1, 3, 2, 60, 20), (2, 4, 3, 300, 60), (3, 3, 3, 500, 100), (5, 5, 5, 400, 80), (11, 4, 12, 400, 60),
          (11, 9, 4, 300, 50), (4, 12, 2, 200, 40), (6, 2, 130, 80, 30), (3, 1, 130, 80, 30), (9, 70, 3, 60, 16),
          (2, 40, 6, 60, 16)]


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape[:3])))
def test_random_names(tmp_path, shape, scorer):
    kinds, tokens, letters, count, needles = shape
    for seed in range(ROUNDS):
        rng = random.Random(f"{shape} {seed}")
        names = [random_name(rng, kinds, tokens, letters) for _ in range(count)]
        index = Names(tmp_path / "names.kf", names)
        asked = ["", " ", *(random_name(rng, kinds, min(tokens + 1, 70), letters) for _ in range(needles // 2)),
                 *(damaged(rng, rng.choice(names)) for _ in range(needles // 2))]
        index.check(asked, scorer)
        index.check(asked, scorer, limit=7, cutoff=rng.choice([0.3, 0.5, 2 / 3, 0.75, 0.8, 0.9, 1.0]))
        index.check(asked[::3], scorer, limit=count)


def real_names(count):
    """Vendors of network cards, as the package netaddr lists them; or none."""
    netaddr = pytest.importorskip("netaddr", reason="netaddr is not installed")
    with open(os.path.join(os.path.dirname(netaddr.__file__), "eui", "oui.txt"), encoding="utf-8") as file:
        names = re.findall(r"\(hex\)\s*(.+)", file.read())
    assert len(names) > 10000
    return random.Random(4).sample(names, count)


@pytest.mark.parametrize("scorer", SCORERS)
def test_real_names(tmp_path, scorer):
    rng = random.Random(5)
    names = real_names(1500 * ROUNDS)
    index = Names(tmp_path / "names.kf", names)
    needles = [damaged(rng, name) for name in rng.sample(names, 100 * ROUNDS)] + \
              ["CO., LTD.", "Co Ltd", "Technologies", "Shenzhen", "a b c d", "Nokia Shanghai Bell Co., Ltd. Nokia"]
    index.check(needles, scorer)
    index.check(needles[::3], scorer, limit=10)
    index.check(needles[::2], scorer, limit=100, cutoff=0.7)


@pytest.mark.parametrize("scorer", PAIR_SCORERS)
def test_scores_of_pairs(scorer):
    rng = random.Random(6)
    for _ in range(800 * ROUNDS):
        shape = (rng.randint(1, 11), *rng.choice([(1, 130), (4, 6), (6, 20), (12, 4), (70, 3), (3, 70)]))
        a, b = random_name(rng, *shape), random_name(rng, *shape)
        if rng.random() < 0.3:
            b = damaged(rng, a)
        score = keyfold.names_score(a, b, scorer=scorer)
        assert abs(score - PAIR_SCORERS[scorer](a, [b])[0]) < CLOSE, (scorer, a, b)
        assert score == keyfold.names_score(b, a, scorer=scorer), (scorer, a, b)


@pytest.mark.parametrize("scorer", PAIR_SCORERS)
def test_ranked_again(tmp_path, scorer):
    """The best ones by setratio, in the order of another score."""
    rng = random.Random(7)
    names = [random_name(rng, 6, 4, 4) for _ in range(400)]
    index = Names(tmp_path / "names.kf", names).index
    for needle in [damaged(rng, rng.choice(names)) for _ in range(40 * ROUNDS)]:
        candidates = [match.position for match in index.matches(needle, 30)]
        scores = PAIR_SCORERS[scorer](needle, [names[position] for position in candidates])
        best = index.matches(needle, 5, rerank=scorer, candidates=30)
        assert len(best) == 5 and {match.position for match in best} <= set(candidates)
        by_position = dict(zip(candidates, scores))
        assert all(abs(match.score - by_position[match.position]) < CLOSE for match in best)
        others = [score for position, score in by_position.items()
                  if position not in {match.position for match in best}]
        assert max(others, default=0) < best[-1].score + CLOSE
