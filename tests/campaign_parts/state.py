"""What a campaign has done so far: a JSON file that is replaced after each turn, so that another sitting goes on."""
import json
import os
import secrets

NOTHING = {"runs": 0, "seconds": 0.0, "failures": 0, "counts": {}, "done": False}


class State:
    """`work`: by commit and proof, what NOTHING has. `next`: by proof, the next seed and the scale that suits it.
    A first seed begins them anew. `failures`: what failed, in order: commit, proof, seed, why, folder."""

    def __init__(self, path, commit, first_seed=None):
        self.path, self.commit = path, commit
        self.work, self.next, self.failures = {}, {}, []
        try:
            with open(path, encoding="utf-8") as file:
                known = json.load(file)
            self.work, self.next, self.failures = known["work"], known["next"], known["failures"]
        except FileNotFoundError:
            pass
        if first_seed is not None:
            self.next = {}
        self.first_seed = secrets.randbelow(1 << 31) if first_seed is None else first_seed

    def of(self, proof, commit=None):
        """What a proof has done at a commit, to be changed."""
        proofs = self.work.setdefault(commit or self.commit, {})
        return proofs.setdefault(proof, {**NOTHING, "counts": {}})

    def plan(self, proof):
        """The next seed and scale of a proof."""
        return self.next.setdefault(proof, {"seed": self.first_seed, "scale": 1})

    def add(self, proof, seconds, counts):
        work = self.of(proof)
        work["runs"] += 1
        work["seconds"] += seconds
        for name, number in counts.items():
            work["counts"][name] = work["counts"].get(name, 0) + number

    def fail(self, proof, seed, why, folder):
        self.of(proof)["failures"] += 1
        self.failures.append({"commit": self.commit, "proof": proof, "seed": seed, "why": why, "folder": folder})

    def total(self, proofs, count):
        """A count of several proofs, at all commits."""
        return sum(work[proof]["counts"].get(count, 0) for work in self.work.values() for proof in proofs
                   if proof in work)

    def hours(self, commit=None):
        return sum(proof["seconds"] for name, work in self.work.items() if commit in (None, name)
                   for proof in work.values()) / 3600

    def save(self):
        new = self.path + ".new"
        with open(new, "w", encoding="utf-8") as file:
            json.dump({"work": self.work, "next": self.next, "failures": self.failures}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path)
