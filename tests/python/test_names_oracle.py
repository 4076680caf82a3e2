"""Searches for names against the packages in whose terms the scores are defined, over every name."""
import json
import os
import random
import re

import pytest

rapidfuzz = pytest.importorskip("rapidfuzz", reason="rapidfuzz is not installed")
Levenshtein = pytest.importorskip("Levenshtein", reason="Levenshtein is not installed")

ROUNDS = {"quick": 1, "long": 8}.get(os.environ.get("KEYFOLD_TESTS", "run"), 2)
CLOSE = 1e-12            # the peers' sums depend on the order of adding
LETTERS = ["a", "b", "c", "\u00e9", "e\u0301", "\U0001f600", "\u4e2d", "A", "-", "'", "\u0301"]


def setratio(needle, names):
    tokens = needle.split(" ")
    return [Levenshtein.setratio(tokens, name.split(" ")) for name in names]


SCORERS = {"setratio": setratio}


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


class Index:
    """What the command says of names."""

    def __init__(self, tool, path, names):
        self.tool, self.path, self.names = tool, str(path), names
        rows = "".join(f"{position}\t{name}\n" for position, name in enumerate(names))
        done = tool("names", "build", "-q", "-r", "-f", "tsv", "-o", self.path, "-", input=rows.encode())
        assert done.returncode == 0, done

    def search(self, needles, *options):
        """The hits of each needle, as pairs of position and score."""
        needles = list(dict.fromkeys(needles))
        done = self.tool("names", "match", "-r", "-j", "--missing", *options, "-i", "-", self.path,
                         input="".join(f"{needle}\n" for needle in needles).encode())
        assert done.returncode in (0, 1) and not done.stderr, done
        found = {needle: [] for needle in needles}
        for line in done.stdout.splitlines():
            hit = json.loads(line)
            if "id" in hit:
                assert hit["name"] == self.names[hit["position"]] and hit["id"] == str(hit["position"])
                found[hit["needle"]].append((hit["position"], hit["score"]))
        return found

    def check(self, needles, scorer="setratio", limit=1, cutoff=0.0):
        """Every score, and that no other name belongs among the hits or before one of them."""
        options = ["-n", str(limit), "-C", repr(cutoff), *([] if scorer == "setratio" else ["--scorer", scorer])]
        for needle, hits in self.search(needles, *options).items():
            scores = SCORERS[scorer](needle, self.names)
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
def test_random_names(tool, tmp_path, shape, scorer):
    kinds, tokens, letters, count, needles = shape
    for seed in range(ROUNDS):
        rng = random.Random(f"{shape} {seed}")
        names = [random_name(rng, kinds, tokens, letters) for _ in range(count)]
        index = Index(tool, tmp_path / "names.kf", names)
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
def test_real_names(tool, tmp_path, scorer):
    rng = random.Random(5)
    names = real_names(1500 * ROUNDS)
    index = Index(tool, tmp_path / "names.kf", names)
    needles = [damaged(rng, name) for name in rng.sample(names, 100 * ROUNDS)] + \
              ["CO., LTD.", "Co Ltd", "Technologies", "Shenzhen", "a b c d", "Nokia Shanghai Bell Co., Ltd. Nokia"]
    index.check(needles, scorer)
    index.check(needles[::3], scorer, limit=10)
    index.check(needles[::2], scorer, limit=100, cutoff=0.7)


def test_scores_of_pairs(tool):
    rng = random.Random(6)
    for _ in range(30 * ROUNDS):
        shape = (rng.randint(1, 11), *rng.choice([(1, 130), (4, 6), (12, 4), (70, 3), (3, 70)]))
        pair = random_name(rng, *shape), random_name(rng, *shape)
        for scorer, function in SCORERS.items():
            options = [] if scorer == "setratio" else ["--scorer", scorer]
            both = [float(tool("names", "score", *options, "--", *names).stdout) for names in (pair, pair[::-1])]
            assert abs(both[0] - function(pair[0], [pair[1]])[0]) < CLOSE and both[0] == both[1], (scorer, pair)
