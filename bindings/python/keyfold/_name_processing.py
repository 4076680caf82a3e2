"""How an index processes names and needles before it compares them."""
from __future__ import annotations

from collections import abc
from typing import Any, Iterable, List, Mapping, Optional, Union

from . import _errors
from ._native import ffi, lib
from ._query import chosen

FLAGS = {"case": lib.KF_NAMES_FOLD_CASE, "nfc": lib.KF_NAMES_NFC, "nfkc": lib.KF_NAMES_NFKC,
         "accents": lib.KF_NAMES_NO_ACCENTS, "punctuation": lib.KF_NAMES_NO_PUNCTUATION,
         "spaces": lib.KF_NAMES_SQUEEZE}
LEGAL_FORMS = {"keep": lib.KF_LEGAL_KEEP, "canonical": lib.KF_LEGAL_CANONICAL, "ignore": lib.KF_LEGAL_IGNORE}


class Processing:
    """What a build is asked to do to names: see compile_names."""

    def __init__(self, normalise: Union[str, Iterable[str], None], separators: Optional[str], legal_forms: str,
                 legal_table: Union[str, Mapping[str, Iterable[str]], None]) -> None:
        self.flags = 0
        if normalise is not None:
            names = [name.strip() for name in normalise.split(",")] if isinstance(normalise, str) else list(normalise)
            if not names or any(name not in FLAGS for name in names):
                raise _errors.ArgumentError(f"normalise={normalise!r}: names with commas between are needed, of "
                                            f"{', '.join(FLAGS)}")
            for name in names:
                self.flags |= FLAGS[name]
        self.legal_forms = chosen(LEGAL_FORMS, "legal_forms", legal_forms)
        if separators is not None and not isinstance(separators, str):
            raise TypeError(f"separators must be a str of characters, not {type(separators).__name__}")
        self.separators = separators or None
        self.legal_table = None if legal_table is None else _table(legal_table)
        if self.legal_table is not None and legal_forms == "keep":
            raise _errors.ArgumentError('legal_table= needs legal_forms="canonical" or "ignore"')

    def fill(self, options: Any) -> List[Any]:
        """Fills a kf_names_build_options; returns what must live as long."""
        options.processing, options.legal_forms = self.flags, self.legal_forms
        kept = []
        for name, text in (("separators", self.separators), ("legal_table", self.legal_table)):
            if text is not None:
                if "\0" in text:
                    raise _errors.ArgumentError(f"{name}: a NUL can't be part of it")
                kept.append(ffi.new("char[]", text.encode()))
                setattr(options, name, kept[-1])
        return kept


def _table(table: Union[str, Mapping[str, Iterable[str]]]) -> str:
    """Lines of legal forms."""
    if isinstance(table, str):
        return table
    if not isinstance(table, abc.Mapping):
        raise TypeError("legal_table must be a dict of forms and lists of other ways to write them, or text, not "
                        f"{type(table).__name__}")
    lines = []
    for form, others in table.items():
        row = [form, *([others] if isinstance(others, str) else others)]
        for each in row:
            if not isinstance(each, str) or not each or any(sign in each for sign in "\t\n\r") or each[0] == "#":
                raise _errors.ArgumentError(f"legal_table: {each!r:.100} is no legal form")
        lines.append("\t".join(row))
    return "\n".join(lines) + "\n"


def shown(raw: Any) -> str:
    """What a kf_names_stat says of processing."""
    return ",".join(name for name, flag in FLAGS.items() if raw.processing & flag) or "none"
