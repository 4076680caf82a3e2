"""The pairs: accessions of sequence databases and their taxa, from bench/generators/accessions.c, as str."""
import os
import pickle
import random
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATOR = os.path.join(HERE, "..", "generators", "accessions.c")


def generator(folder):
    program = os.path.join(folder, "gen_accessions")
    subprocess.run(["gcc", "-O2", "-o", program, GENERATOR, "-lm"], check=True)
    return program


def generate(program, count):
    """Pairs in the order of the keys."""
    with subprocess.Popen([program, str(count), "7"], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            key, _, value = line.decode().rstrip("\n").partition("\t")
            yield key, value
    if process.returncode != 0:
        raise OSError("the generator failed")


def shuffled(program, count):
    pairs = list(generate(program, count))
    random.Random(3).shuffle(pairs)
    return pairs


def write_parts(program, count, parts, folder):
    """Pickled dicts in files, a key in any of them, each in no order."""
    os.makedirs(folder, exist_ok=True)
    dicts = [{} for _ in range(parts)]
    for key, value in generate(program, count):
        dicts[zlib.crc32(key.encode()) % parts][key] = value
    paths = []
    for number, part in enumerate(dicts):
        pairs = list(part.items())
        random.Random(number).shuffle(pairs)
        paths.append(os.path.join(folder, f"{number:03}.pickle"))
        with open(paths[-1], "wb") as file:
            pickle.dump(dict(pairs), file, 4)
    return paths
