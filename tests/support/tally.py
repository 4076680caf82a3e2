"""What a test has done, for a campaign: tally.h says it."""
import os


def tally(name, number):
    path = os.environ.get("KEYFOLD_TEST_COUNTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name}\t{number}\n")
