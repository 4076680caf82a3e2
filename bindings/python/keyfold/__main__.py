"""python -m keyfold: the keyfold command, which the package brings along."""
import os
import sys


def main() -> None:
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keyfold-tool")
    try:
        os.execv(tool, ["keyfold", *sys.argv[1:]])
    except OSError as problem:
        sys.exit(f"keyfold: {tool}: {problem.strerror}")


if __name__ == "__main__":
    main()
